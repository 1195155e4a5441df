package canary

import (
	"context"
	"iter"
	"runtime"
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

// A young probe, in its first second, polls so often that a thousand of them at
// once would measure how fast this machine is. So only some are young at a time;
// all others are in flight meanwhile. One costs some 5 ms of CPU in that second.
const (
	youth        = time.Second
	youngPerCore = 8
)

// nursery admits young probes; nil admits all.
type nursery chan struct{}

// enter waits for a place. leave gives it back; it may be called more than once.
func (n nursery) enter(ctx context.Context) (leave func()) {
	if n == nil {
		return func() {}
	}
	select {
	case n <- struct{}{}:
	case <-ctx.Done():
		return func() {}
	}
	left := false
	return func() {
		if !left {
			left = true
			<-n
		}
	}
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
	o.young = make(nursery, youngPerCore*runtime.GOMAXPROCS(0))
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
