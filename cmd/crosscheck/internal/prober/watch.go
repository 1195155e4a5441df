package prober

import (
	"context"
	"fmt"
	"net"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/watch"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/rules"
	"crosscheck/scanner/client"
)

// Schedule says how often links are probed, and where the metrics are served.
type Schedule struct {
	Every      time.Duration // between the starts of two rounds
	Rediscover time.Duration // how often to look for new links, 0 = never
	Rounds     int           // 0 = until ctx is done
	Listen     string        // address of /metrics; port 0 is a free one
}

// Watch finds the links, probes them on a schedule and serves the measurements as
// metrics of Prometheus. It returns how many probes could not be removed.
func Watch(ctx context.Context, s *terminal.Streams, engine *rules.Engine, o *Options, schedule *Schedule) (left int, err error) {
	find := func() (*prober, []canary.Plan, error) {
		p := newProber(s, o, report.Discard{})
		if err := p.discover(ctx, engine); err != nil {
			return nil, nil, err
		}
		plans, err := p.plans()
		return p, plans, err
	}
	p, plans, err := find()
	if err != nil {
		return 0, err
	}
	if o.DryRun {
		p.printPlans(s.Out, plans)
		return 0, nil
	}
	if err := p.confirm(ctx, plans); err != nil {
		return 0, err
	}

	metrics := watch.NewMetrics(o.Version)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", schedule.Listen)
	if err != nil {
		return 0, usererr.Hint(fmt.Errorf("the metrics cannot be served at %s: %w", schedule.Listen, client.Innermost(err)), "give another address with --listen")
	}
	defer watch.Serve(listener, metrics)()
	fmt.Fprintf(s.Out, "metrics at http://%s/metrics\n", listener.Addr())

	watched := watch.Watch{
		Every: schedule.Every, Rediscover: schedule.Rediscover, Rounds: schedule.Rounds, Parallel: o.Parallel, Metrics: metrics,
		Discover: func(context.Context) ([]canary.Plan, error) {
			_, plans, err := find()
			return plans, err
		},
		Begin: func() (canary.Options, func(), error) {
			p.run = newRunID()
			j, err := p.openJournal()
			counted, _ := p.watched(o.canary(p.run, j), 0)
			return counted, func() { p.closeJournal(j) }, err
		},
		Log: func(message string) { p.progress("%s", text.Visible(message)) },
	}
	return watched.Run(ctx, plans)
}
