// Package watch probes links again and again on a schedule, and keeps what the
// probes show as metrics for Prometheus.
package watch

import (
	"context"
	"fmt"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/measure"
)

// Watch is a schedule of rounds, each of which probes every link once.
type Watch struct {
	Every      time.Duration // between the starts of two rounds
	Rediscover time.Duration // between two searches for links; 0 = the first stays the only one
	Rounds     int           // rounds to make; 0 = until the context ends
	Parallel   int           // probes in flight at a time

	// Discover finds the links and what to put there. When it fails, the links that
	// are known are probed further.
	Discover func(context.Context) ([]canary.Plan, error)
	// Begin gives the options of a round, with a run id and a journal of its own, and
	// a function that ends the round.
	Begin func() (o canary.Options, end func(), err error)

	Metrics *Metrics             // what the probes show
	Log     func(message string) // progress, for people; text from AWS is not escaped
}

// Run makes rounds over the plans of a first search until ctx ends or there were
// enough. It returns how many versions were left behind. The end of ctx is no error;
// the first round that cannot begin or be made is.
func (w *Watch) Run(ctx context.Context, plans []canary.Plan) (left int, err error) {
	discovered := time.Now()
	for round := 1; ; round++ {
		began := time.Now()
		if w.Rediscover > 0 && began.Sub(discovered) >= w.Rediscover {
			found, err := w.Discover(ctx)
			switch {
			case ctx.Err() != nil:
				return left, nil //nolint:nilerr // ended by the caller, which is no error
			case err != nil:
				w.Log("the links could not be looked for again, the known ones are watched: " + err.Error())
			default:
				plans = found
			}
			discovered = began // a search that failed is not repeated at once either
		}
		n, err := w.round(ctx, plans)
		left += n
		switch {
		case ctx.Err() != nil:
			return left, nil //nolint:nilerr // ended by the caller, which is no error
		case err != nil:
			return left, err
		case round == w.Rounds:
			return left, nil
		}
		select {
		case <-ctx.Done():
			return left, nil
		case <-time.After(w.Every - time.Since(began)):
		}
	}
}

// round probes every link once, and returns how much was left behind.
func (w *Watch) round(ctx context.Context, plans []canary.Plan) (left int, err error) {
	o, end, err := w.Begin()
	if err != nil {
		return 0, err
	}
	defer end()
	targets := map[string]*canary.Target{}
	for _, p := range plans {
		targets[p.Target.Link] = p.Target
		w.Metrics.Expect(p.Target)
	}
	proven := map[string]int{}
	err = canary.Run(ctx, w.Parallel, canary.Jobs(plans, 1), o, func(m measure.Measurement) error {
		if ctx.Err() != nil && m.Outcome == measure.Inconclusive {
			return nil // interrupted by the end of the watch: that says nothing about the link
		}
		w.Metrics.Observe(targets[m.Link], &m)
		left += len(m.Leftovers)
		proven[m.Proves()]++
		if m.Proves() != "works" {
			w.Log(fmt.Sprintf("%s %s: %s", m.Link, m.Outcome, m.Message))
		}
		return nil
	})
	if err != nil {
		return left, err
	}
	w.Metrics.EndRound()
	w.Log(fmt.Sprintf("round of %d probes: %d prove their link, %d prove it broken, %d undecided",
		canary.CountJobs(plans), proven["works"], proven["broken"], proven["unknown"]))
	return left, nil
}
