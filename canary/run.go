package canary

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"time"

	"crosscheck/canary/measure"
	"crosscheck/scanner/flow"
)

// Job is one probe to make. Numbers must differ within a run.
type Job struct {
	Target  *Target
	Variant measure.Variant
	Number  int
}

// In its first second, a probe polls so often that a thousand of them at once would
// measure how fast this machine is. So only some are in that phase at a time; all
// others are in flight meanwhile. One costs some 5 ms of CPU in that second.
const (
	startPhase    = time.Second
	startsPerCore = 8
)

// startLimiter limits how many probes are in their first second; nil is no limit.
type startLimiter chan struct{}

// acquire waits for a slot, or for the end of ctx. release gives the slot back; it may
// be called more than once.
func (l startLimiter) acquire(ctx context.Context) (release func()) {
	if l == nil {
		return func() {}
	}
	select {
	case l <- struct{}{}:
	case <-ctx.Done():
		return func() {}
	}
	return sync.OnceFunc(func() { <-l })
}

// Run makes probes, at most parallel at a time, and gives each measurement to
// emit, one at a time. When ctx ends, no further probe begins, and those under
// way are cleaned up and emitted: nothing that was put goes unmentioned. An
// error of emit does the same and is returned.
func Run(ctx context.Context, parallel int, jobs iter.Seq[Job], o Options, emit func(measure.Measurement) error) error {
	probing, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	wanted := func(yield func(Job) bool) {
		for j := range jobs {
			if probing.Err() != nil || !yield(j) {
				return
			}
		}
	}
	o.starts = make(startLimiter, startsPerCore*runtime.GOMAXPROCS(0))
	err := flow.Map(context.WithoutCancel(ctx), parallel, wanted,
		func(_ context.Context, j Job) (measure.Measurement, error) {
			return Probe(probing, j.Target, j.Variant, j.Number, o), nil
		},
		func(m measure.Measurement) error {
			if err := emit(m); err != nil {
				stop(err)
			}
			return nil
		})
	if err != nil {
		return err
	}
	return context.Cause(probing)
}
