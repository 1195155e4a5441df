//go:build unix

package cli

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
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
