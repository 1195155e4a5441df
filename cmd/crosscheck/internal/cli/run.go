// Package cli is the commands of crosscheck: each binds its flags to options and
// calls one function of a package that does the work.
package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// Main runs the program on the arguments and streams of the process. It returns
// the exit status and never exits.
func Main() int { return run(os.Args[1:], newStreams()) }

// run is the whole program on given streams.
func run(args []string, s *streams) int {
	if s.getenv("GOGC") == "" {
		// Documents are short-lived and what stays is some tens of megabytes: fewer
		// collections judge about a fifth more buckets a second (docs/benchmarks.md).
		debug.SetGCPercent(400)
	}
	if s.getenv("GOMEMLIMIT") == "" {
		// From here on collections are as frequent as usual, or more.
		debug.SetMemoryLimit(160 << 20)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		// A second signal ends the process at once, also while a clean-up runs.
		<-ctx.Done()
		stop()
	}()

	root := newRootCommand(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	return conclude(s, err)
}
