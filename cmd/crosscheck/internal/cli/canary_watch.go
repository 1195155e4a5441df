package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/prober"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/client"
)

func newWatchCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	var (
		f     = canaryFlags{scope: scopeFlags{load: load}}
		w     prober.Schedule
		quiet bool
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
				f.Variants = []string{string(measure.Plain)}
			}
			f.Count, f.Percentile = 1, 99
			c, err := f.configure(s, cmd)
			if err != nil {
				return err
			}
			switch {
			case w.Every < time.Second:
				return usererr.Hint(fmt.Errorf("--every %s is too short", w.Every), "give at least 1s; 5m costs little and finds a broken link soon")
			case w.Rediscover < 0 || w.Rounds < 0:
				return usererr.Hint(errors.New("--rediscover and --rounds are not negative"), "for example --rediscover 1h")
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			left, err := prober.Watch(cmd.Context(), s, engine, f.options(s, quiet), &w)
			if err == nil && left > 0 {
				err = exitError(exitFindings)
			}
			return err
		},
	}
	f.add(cmd)
	f.addDirect(cmd)
	f.addProbes(cmd)
	fs := cmd.Flags()
	fs.DurationVar(&w.Every, "every", 5*time.Minute, "time between the starts of two rounds")
	fs.DurationVar(&w.Rediscover, "rediscover", time.Hour, "look for new links this often (0 = never)")
	fs.StringVar(&w.Listen, "listen", "127.0.0.1:9618", "`address` of /metrics; port 0 is a free one")
	fs.IntVar(&w.Rounds, "rounds", 0, "end after so many `rounds` (0 = with Ctrl-C)")
	fs.BoolVarP(&quiet, "quiet", "q", false, "no progress on standard error")
	return cmd
}
