package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/scanner"
)

type watchFlags struct {
	every, rediscover time.Duration
	listen            string
	rounds            int
	quiet             bool
}

func newWatchCommand(s *streams) *cobra.Command {
	var (
		f canaryFlags
		w watchFlags
	)
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Probe links again and again, and serve metrics for Prometheus",
		Long: `watch probes every link on a schedule and serves what it measures at /metrics, on a
loopback address unless --listen says otherwise. It ends with Ctrl-C, after it has
removed what it put; its alert rules and its dashboard stand in docs/prometheus.

It puts plain probes unless --variant says otherwise.
` + exitStatusHelp,
		Example: `  crosscheck canary watch --every 5m --yes
  crosscheck canary watch --link 'orders/to-backup->backup-orders' --every 1m --listen 127.0.0.1:9400 --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("variant") {
				f.variants = []string{string(measure.Plain)}
			}
			f.count, f.sloPercentile = 1, 99
			c, err := f.configure(cmd)
			if err != nil {
				return err
			}
			switch {
			case w.every < time.Second:
				return usererr.Hint(fmt.Errorf("--every %s is too short", w.every), "give at least 1s; 5m costs little and finds a broken link soon")
			case w.rediscover < 0 || w.rounds < 0:
				return usererr.Hint(errors.New("--rediscover and --rounds are not negative"), "for example --rediscover 1h")
			}
			return runWatch(cmd.Context(), s, c, &f, &w, scanner.LoadConfig)
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

func runWatch(ctx context.Context, s *streams, c *config.Config, f *canaryFlags, w *watchFlags, load configLoader) error {
	engine, err := c.Engine()
	if err != nil {
		return err
	}
	find := func() (*prober, []canary.Plan, error) {
		p := &prober{s: s, f: f, quiet: w.quiet, run: newRunID(), reach: f.reacher(load), w: &tail{Writer: nowhere{}}}
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
		p.announce(s.out, plans)
		return nil
	}
	if err := p.agree(ctx, plans); err != nil {
		return err
	}

	metrics := canary.NewMetrics(version)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.listen)
	if err != nil {
		return usererr.Hint(fmt.Errorf("the metrics cannot be served at %s: %w", w.listen, innermost(err)), "give another address with --listen")
	}
	server := serveMetrics(listener, metrics)
	defer server.stop()
	fmt.Fprintf(s.out, "metrics at http://%s/metrics\n", listener.Addr())

	left, found := 0, time.Now()
	for round := 1; ; round++ {
		began := time.Now()
		if w.rediscover > 0 && began.Sub(found) >= w.rediscover {
			switch again, fresh, err := find(); {
			case err == nil:
				p, plans, found = again, fresh, began
			case ctx.Err() != nil:
				return watchEnd(left)
			default:
				p.progress("the links could not be looked for again, the known ones are watched: %s", usererr.OneLine(err.Error()))
				found = began // not at every round
			}
		}
		n, err := p.round(ctx, plans, metrics)
		left += n
		switch {
		case ctx.Err() != nil: // Ctrl-C is the good end of a watch
			return watchEnd(left)
		case err != nil:
			return err
		}
		if round == w.rounds || !wait(ctx, w.every-time.Since(began)) {
			return watchEnd(left)
		}
	}
}

func watchEnd(left int) error {
	if left > 0 {
		return exitError(exitFindings)
	}
	return nil
}

// round probes every link once, and returns how much was left behind.
func (p *prober) round(ctx context.Context, plans []canary.Plan, metrics *canary.Metrics) (left int, err error) {
	p.run = newRunID()
	j, err := p.openJournal()
	if err != nil {
		return 0, err
	}
	defer p.closeJournal(j)
	by := map[string]*canary.Target{}
	for _, plan := range plans {
		by[plan.Target.Link] = plan.Target
		metrics.Know(plan.Target)
	}
	outcomes := map[string]int{}
	number := 0
	err = canary.Run(ctx, p.f.parallel, jobs(plans, &number), p.f.options(p.run, j), func(m measure.Measurement) error {
		if ctx.Err() != nil && m.Outcome == measure.Inconclusive {
			return nil // ended by us, it says nothing about the link
		}
		metrics.Add(by[m.Link], &m)
		left += len(m.Leftovers)
		outcomes[m.Proves()]++
		if m.Proves() != "works" {
			p.progress("%s %s: %s", usererr.OneLine(m.Link), m.Outcome, usererr.OneLine(m.Message))
		}
		return nil
	})
	if err != nil {
		return left, err
	}
	metrics.Round()
	p.progress("round of %d probes: %d prove their link, %d prove it broken, %d undecided", number, outcomes["works"], outcomes["broken"], outcomes["unknown"])
	return left, nil
}

// metricsServer serves /metrics until it is stopped.
type metricsServer struct {
	http *http.Server
	done chan struct{}
}

func serveMetrics(l net.Listener, metrics *canary.Metrics) *metricsServer {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = metrics.WriteTo(w) // a scraper that went away
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "crosscheck canary watch: see /metrics")
	})
	m := &metricsServer{
		http: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute},
		done: make(chan struct{}),
	}
	go func() {
		defer close(m.done)
		_ = m.http.Serve(l) // always ErrServerClosed, or the listener is gone
	}()
	return m
}

// stop ends the server; scrapes under way get a moment.
func (m *metricsServer) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := m.http.Shutdown(ctx); err != nil {
		_ = m.http.Close()
	}
	<-m.done
}

// nowhere takes a report that nobody reads.
type nowhere struct{}

func (nowhere) Write(report.Message) error { return nil }
func (nowhere) Close() error               { return nil }

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
