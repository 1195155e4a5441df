package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/canary/watch"
	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/scanner/client"
)

type watchFlags struct {
	every, rediscover time.Duration
	listen            string
	rounds            int
	quiet             bool
}

func newWatchCommand(s *terminal.Streams) *cobra.Command {
	var (
		f canaryFlags
		w watchFlags
	)
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Probe links again and again, and serve metrics for Prometheus",
		Long: `watch probes every link on a schedule and serves its measurements at /metrics, on a
loopback address unless --listen names another. Ctrl-C ends it, after it has removed
what it put. docs/prometheus has alert rules and a dashboard.

It puts plain probes unless --variant selects others.
` + exits{
			clean:    "ended with Ctrl-C or after --rounds; nothing is left",
			findings: "ended, and probes could not be removed",
			usage:    "usage, configuration, rule or credential error",
		}.help(),
		Example: `  crosscheck canary watch --every 5m --yes
  crosscheck canary watch --link 'orders/to-backup->backup-orders' --every 1m --listen 127.0.0.1:9400 --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("variant") {
				f.variants = []string{string(measure.Plain)}
			}
			f.count, f.sloPercentile = 1, 99
			c, err := f.configure(s, cmd)
			if err != nil {
				return err
			}
			switch {
			case w.every < time.Second:
				return usererr.Hint(fmt.Errorf("--every %s is too short", w.every), "give at least 1s; 5m costs little and finds a broken link soon")
			case w.rediscover < 0 || w.rounds < 0:
				return usererr.Hint(errors.New("--rediscover and --rounds are not negative"), "for example --rediscover 1h")
			}
			return runWatch(cmd.Context(), s, c, &f, &w, s.AWS)
		},
	}
	f.add(cmd)
	f.addDirect(cmd)
	f.addProbes(cmd)
	fs := cmd.Flags()
	fs.DurationVar(&w.every, "every", 5*time.Minute, "time between the starts of two rounds")
	fs.DurationVar(&w.rediscover, "rediscover", time.Hour, "look for new links this often (0 = never)")
	fs.StringVar(&w.listen, "listen", "127.0.0.1:9618", "`address` of /metrics; port 0 is a free one")
	fs.IntVar(&w.rounds, "rounds", 0, "end after so many `rounds` (0 = with Ctrl-C)")
	fs.BoolVarP(&w.quiet, "quiet", "q", false, "no progress on standard error")
	return cmd
}

func runWatch(ctx context.Context, s *terminal.Streams, c *config.Config, f *canaryFlags, w *watchFlags, load terminal.ConfigLoader) error {
	engine, err := c.Engine()
	if err != nil {
		return err
	}
	find := func() (*prober, []canary.Plan, error) {
		p := &prober{s: s, f: f, quiet: w.quiet, run: newRunID(), clients: f.clients(load), w: &audit.Trailer{Writer: report.Discard{}}}
		if err := p.discover(ctx, engine, load, false); err != nil {
			return nil, nil, err
		}
		plans, err := p.plans()
		return p, plans, err
	}
	p, plans, err := find()
	if err != nil {
		return err
	}
	if f.dryRun {
		p.printPlans(s.Out, plans)
		return nil
	}
	if err := p.confirm(ctx, plans); err != nil {
		return err
	}

	metrics := watch.NewMetrics(version)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.listen)
	if err != nil {
		return usererr.Hint(fmt.Errorf("the metrics cannot be served at %s: %w", w.listen, client.Innermost(err)), "give another address with --listen")
	}
	defer watch.Serve(listener, metrics)()
	fmt.Fprintf(s.Out, "metrics at http://%s/metrics\n", listener.Addr())

	watched := watch.Watch{
		Every: w.every, Rediscover: w.rediscover, Rounds: w.rounds, Parallel: f.parallel, Metrics: metrics,
		Discover: func(context.Context) ([]canary.Plan, error) {
			_, plans, err := find()
			return plans, err
		},
		Begin: func() (canary.Options, func(), error) {
			p.run = newRunID()
			j, err := p.openJournal()
			return f.options(p.run, j), func() { p.closeJournal(j) }, err
		},
		Log: func(message string) { p.progress("%s", usererr.OneLine(message)) },
	}
	left, err := watched.Run(ctx, plans)
	switch {
	case err != nil:
		return err
	case left > 0:
		return exitError(exitFindings)
	}
	return nil
}
