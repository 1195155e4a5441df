package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/experiment"
	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/scanner/fact"
)

func newExperimentCommand(s *terminal.Streams) *cobra.Command {
	return newGroup("experiment", "Ask S3 what its documentation does not say: list | run NAME", newExperimentListCommand(s), newExperimentRunCommand(s))
}

func newExperimentListCommand(s *terminal.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the experiments: what each puts, observes and settles",
		Long: "list prints every experiment: its question, how to prepare a link for it, what it puts\nand observes, and what the answer settles.\n" +
			exits{clean: "the experiments were printed", usage: "usage error"}.help(),
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			for i, x := range experiment.All() {
				if i > 0 {
					fmt.Fprintln(s.Out)
				}
				printExperiment(s, x)
			}
			return nil
		},
	}
}

func printExperiment(s *terminal.Streams, x *experiment.Experiment) {
	fmt.Fprintf(s.Out, "%s\n  question  %s\n  prepare   %s\n  puts      %s\n  observes  %s\n  settles   %s\n", x.Name, x.Question, x.Prepare, x.Puts, x.Observes, x.Settles)
}

func newExperimentRunCommand(s *terminal.Streams) *cobra.Command {
	var f canaryFlags
	var quiet bool
	cmd := &cobra.Command{
		Use:   "run NAME",
		Short: "Run an experiment on a link that is prepared for it",
		Long: `run puts the probes of an experiment into a link that is prepared for it, and prints
the conclusion. Without --link it takes every prepared link that a scan finds. It
changes no configuration, and removes what it puts.
` + exits{
			clean:      "the question is answered",
			findings:   "probes could not be removed",
			usage:      "usage, configuration or credential error, or no link is prepared",
			incomplete: "the question is not answered",
		}.help(),
		Example: `  crosscheck canary experiment run multipart --link 'orders/to-backup->backup-orders' --yes`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usererr.Hint(errors.New("one experiment is run at a time"), "'crosscheck canary experiment list' shows their names")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			x, err := experiment.Find(args[0])
			if err != nil {
				return usererr.Hint(err, "'crosscheck canary experiment list' explains them")
			}
			f.count, f.sloPercentile = 1, 99
			c, err := f.configure(s, cmd)
			if err != nil {
				return err
			}
			return runExperiment(cmd.Context(), s, c, &f, quiet, x, s.AWS)
		},
	}
	f.add(cmd)
	f.addProbes(cmd)
	for _, name := range []string{"variant", "absence", "size", "parallel"} {
		_ = cmd.Flags().MarkHidden(name) // the experiment decides what it puts
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress on standard error")
	return cmd
}

func runExperiment(ctx context.Context, s *terminal.Streams, c *config.Config, f *canaryFlags, quiet bool, x *experiment.Experiment, load terminal.ConfigLoader) error {
	engine, err := c.Engine()
	if err != nil {
		return err
	}
	p := &prober{s: s, f: f, quiet: quiet, run: newRunID(), clients: f.clients(load), w: &audit.Trailer{Writer: report.Discard{}}}
	unfit := map[string]error{}
	p.each = func(doc *fact.Document, l *fact.Link) { unfit[l.ID] = x.Fits(doc, l) }
	if err := p.discover(ctx, engine, load, false); err != nil {
		return err
	}
	prepared := slices.DeleteFunc(slices.Clone(p.targets), func(t *canary.Target) bool { return unfit[t.Link] != nil })
	if len(prepared) == 0 {
		why := "none of the links found is prepared"
		if len(p.targets) == 1 {
			why = unfit[p.targets[0].Link].Error()
		}
		return usererr.Hint(fmt.Errorf("the experiment %s needs %s: %s", x.Name, x.Prepare, why), "prepare a link of your own for it, in test accounts")
	}
	p.targets = prepared
	plans := make([]canary.Plan, len(prepared))
	for i, t := range prepared {
		plans[i] = canary.Plan{Target: t, Variants: x.Variants()}
	}
	if f.dryRun {
		printExperiment(s, x)
		p.printPlans(s.Out, plans)
		return nil
	}
	if err := p.confirm(ctx, plans); err != nil {
		return err
	}
	return p.experiment(ctx, x)
}

func (p *prober) experiment(ctx context.Context, x *experiment.Experiment) error {
	j, err := p.openJournal()
	if err != nil {
		return err
	}
	defer p.closeJournal(j)
	fmt.Fprintf(p.s.Out, "%s: %s\n", x.Name, x.Question)
	status, number := exitClean, 0
	for _, t := range p.targets {
		o := p.f.options(p.run, j)
		r := x.Run(ctx, t, number+1, o)
		number += len(r.Measurements)
		fmt.Fprintf(p.s.Out, "\n%s\n", usererr.OneLine(t.Link))
		for _, m := range r.Measurements {
			fmt.Fprintf(p.s.Out, "  %s: %s, source status %s%s\n", m.Variant, m.Outcome, cmp.Or(m.SourceStatus, "none"), usererr.OneLine(colon(m.Message)))
			if len(m.Leftovers) > 0 {
				status = exitFindings
			}
		}
		word := "answered"
		if !r.Answered {
			word = "not answered"
			if status == exitClean {
				status = exitIncomplete
			}
		}
		fmt.Fprintf(p.s.Out, "  %s: %s\n", word, usererr.OneLine(r.Conclusion))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return exitWith(status)
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + strings.TrimSpace(s)
}
