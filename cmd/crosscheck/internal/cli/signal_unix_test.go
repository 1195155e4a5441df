//go:build unix

package cli

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crosscheck/report/reporttest"
)

// TestSignals ends a process that waits for facts, with a report begun: each signal gives
// the status of an interruption and leaves no file.
func TestSignals(t *testing.T) {
	t.Parallel()
	// A signal that is ignored here, as SIGHUP under nohup, would be ignored by the process too.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0], "scan", "--facts", "-", "-o", "jsonl="+filepath.Join(dir, "report.jsonl"))
			cmd.Env = append(os.Environ(), "XCTEST_MAIN=1", "XDG_STATE_HOME="+t.TempDir())
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = stdin.Close() }()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(10 * time.Millisecond) {
				if files, _ := os.ReadDir(dir); len(files) > 0 {
					break
				}
			}
			files, _ := os.ReadDir(dir)
			if len(files) == 0 {
				t.Error("no temporary file was there before the signal: this tests little")
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the exit status says it
			if got := cmd.ProcessState.ExitCode(); got != 130 {
				t.Errorf("%v: %v", sig, cmd.ProcessState)
			}
			if files, _ := os.ReadDir(dir); len(files) > 0 {
				t.Errorf("%v left %v", sig, files)
			}
		})
	}
}

// TestIdlePipes ends processes that wait for a facts file or a run file, from a named pipe
// that has no writer or one that writes nothing: the first signal is enough.
func TestIdlePipes(t *testing.T) {
	t.Parallel()
	run := filepath.Join(t.TempDir(), "run.jsonl")
	if err := os.WriteFile(run, reporttest.RunFile(t, reporttest.Sample(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"facts":            {"scan", "--facts", "PIPE", "-o", "json=OUT"},
		"report":           {"report", "--from", "PIPE", "-o", "json=OUT"},
		"standard input":   {"report", "--from", "-", "-o", "json=OUT"},
		"baseline":         {"report", "--from", run, "--baseline", "PIPE", "-o", "json=OUT"},
		"baseline of demo": {"demo", "--baseline", "PIPE", "-o", "json=OUT"},
		"diff, the first":  {"diff", "PIPE", run},
		"diff, the second": {"diff", run, "PIPE"},
		"waive":            {"waive", "aa", "--from", "PIPE", "--reason", "r", "--owner", "o", "--expires", "2999-12-31"},
	} {
		for _, writer := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				pipe := filepath.Join(t.TempDir(), "pipe")
				if err := syscall.Mkfifo(pipe, 0o600); err != nil {
					t.Skip("no named pipes here: ", err)
				}
				if writer { // for reading too, so that it need not wait for the process
					w, err := os.OpenFile(pipe, os.O_RDWR, 0)
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = w.Close() }()
					if _, err := w.WriteString("{"); err != nil {
						t.Fatal(err)
					}
				}
				line := strings.NewReplacer("PIPE", pipe, "OUT", filepath.Join(dir, "out.json")).Replace(strings.Join(args, "\x00"))
				cmd := exec.Command(os.Args[0], strings.Split(line, "\x00")...)
				cmd.Env = append(os.Environ(), "XCTEST_MAIN=1", "XDG_STATE_HOME="+t.TempDir())
				stdin, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = stdin.Close() }()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- cmd.Wait() }()
				select {
				case err := <-ended:
					t.Fatalf("it did not wait for its input: %v", err)
				case <-time.After(2 * time.Second):
				}
				if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				select {
				case <-ended:
				case <-time.After(20 * time.Second):
					_ = cmd.Process.Kill()
					t.Fatal("the first signal did not end it")
				}
				if got := cmd.ProcessState.ExitCode(); got != 130 {
					t.Errorf("%v", cmd.ProcessState)
				}
				if files, _ := os.ReadDir(dir); len(files) > 0 {
					t.Errorf("it left %v", files)
				}
			})
		}
	}
}
