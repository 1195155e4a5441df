package canary

import (
	"context"
	"iter"
	"time"

	"crosscheck/canary/measure"
)

// Plan is what a run puts into one link.
type Plan struct {
	Target   *Target
	Variants []measure.Variant
}

// Key is the key of the first probe of a plan, or why nothing is put there.
func (p Plan) Key(folder, run string) (string, error) {
	t := p.Target
	switch {
	case t.Source.Err != nil:
		return "", t.Source.Err
	case t.Destination.Err != nil:
		return "", t.Destination.Err
	case len(p.Variants) == 1 && p.Variants[0] == measure.NegativeControl:
		key, _, err := t.outsideRules(folder, run, 1)
		return key, err
	}
	key, _, err := t.underRule(folder, run, 1)
	return key, err
}

// Jobs are one probe of each variant of each plan, numbered from first.
func Jobs(plans []Plan, first int) iter.Seq[Job] {
	return func(yield func(Job) bool) {
		number := first
		for _, p := range plans {
			for _, v := range p.Variants {
				if !yield(Job{Target: p.Target, Variant: v, Number: number}) {
					return
				}
				number++
			}
		}
	}
}

// CountJobs is the number of [Jobs] of some plans.
func CountJobs(plans []Plan) int {
	n := 0
	for _, p := range plans {
		n += len(p.Variants)
	}
	return n
}

// RunSeries makes all probes of some plans count times, with an interval between the
// starts of two rounds, as [Run] does.
func RunSeries(
	ctx context.Context, parallel int, plans []Plan, count int, interval time.Duration,
	o Options, emit func(measure.Measurement) error,
) error {
	jobs := CountJobs(plans)
	for round := range count {
		began := time.Now()
		if err := Run(ctx, parallel, Jobs(plans, 1+round*jobs), o, emit); err != nil {
			return err
		}
		if round+1 < count && !sleep(ctx.Done(), interval-time.Since(began)) {
			return ctx.Err()
		}
	}
	return nil
}
