// Package cli is the commands of crosscheck: each binds its flags to options and
// calls one function of a package that does the work.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/scanner/client"
)

// Main runs the program on the arguments and streams of the process. It returns
// the exit status and never exits.
func Main() int {
	s := terminal.Standard()
	load := client.LoadConfig
	if s.InTTY {
		load = client.LoadWithMFA(func() (string, error) { return askCode(s) })
	}
	return run(os.Args[1:], s, load)
}

// askCode asks for the code of an MFA device.
func askCode(s *terminal.Streams) (string, error) {
	fmt.Fprint(s.Err, "crosscheck: code of the MFA device: ")
	line, err := bufio.NewReader(s.In).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.Join(errors.New("no MFA code was given"), err)
	}
	return line, nil
}

// run is the whole program on given streams and with a given way to AWS.
func run(args []string, s *terminal.Streams, load client.Loader) int {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	go func() {
		// A second signal ends the process at once, also while a clean-up runs.
		<-ctx.Done()
		stop()
	}()

	root := newRootCommand(s, load)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	return conclude(s, err)
}

// endings are the signals at which every command cleans up and ends. SIGHUP stays ignored
// where the parent ignores it, as nohup does.
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// collectSeldom allocates memory until the returned function is called, in commands that
// read many documents. It is never touched, so it takes none, but the garbage collector
// counts it as live data: the heap grows to some 160 MB before garbage is collected, since
// documents are short-lived (docs/decisions/062-garbage.md). To allocate it costs a
// collection, 5 ms. GOGC and GOMEMLIMIT leave it to the operator.
func collectSeldom(s *terminal.Streams) (done func()) {
	if s.Getenv("GOGC") != "" || s.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	ballast := make([]byte, 72<<20)
	return func() { runtime.KeepAlive(ballast) }
}
