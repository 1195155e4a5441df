package prober

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/experiment"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/rules"
	"crosscheck/scanner/fact"
)

// PrintExperiment says what an experiment asks, puts, observes and settles.
func PrintExperiment(s *terminal.Streams, x *experiment.Experiment) {
	fmt.Fprintf(s.Out, "%s\n  question  %s\n  prepare   %s\n  puts      %s\n  observes  %s\n  settles   %s\n", x.Name, x.Question, x.Prepare, x.Puts, x.Observes, x.Settles)
}

// Experiment runs an experiment on the links that are prepared for it, prints what it
// shows, and returns the exit status: faults if probes could not be removed, incomplete
// if the question is not answered.
func Experiment(ctx context.Context, s *terminal.Streams, engine *rules.Engine, o *Options, x *experiment.Experiment) (int, error) {
	p := newProber(s, o, report.Discard{})
	unfit := map[string]error{}
	p.each = func(doc *fact.Document, l *fact.Link) { unfit[l.ID] = x.Fits(doc, l) }
	if err := p.discover(ctx, engine); err != nil {
		return 0, err
	}
	prepared := slices.DeleteFunc(slices.Clone(p.targets), func(t *canary.Target) bool { return unfit[t.Link] != nil })
	if len(prepared) == 0 {
		why := "none of the links found is prepared"
		if len(p.targets) == 1 {
			why = unfit[p.targets[0].Link].Error()
		}
		return 0, usererr.Hint(fmt.Errorf("the experiment %s needs %s: %s", x.Name, x.Prepare, why), "prepare a link of your own for it, in test accounts")
	}
	p.targets = prepared
	plans := make([]canary.Plan, len(prepared))
	for i, t := range prepared {
		plans[i] = canary.Plan{Target: t, Variants: x.Variants()}
	}
	if o.DryRun {
		PrintExperiment(s, x)
		p.printPlans(s.Out, plans)
		return 0, nil
	}
	if err := p.confirm(ctx, plans); err != nil {
		return 0, err
	}
	return p.experiment(ctx, x)
}

func (p *prober) experiment(ctx context.Context, x *experiment.Experiment) (int, error) {
	j, err := p.openJournal()
	if err != nil {
		return 0, err
	}
	defer p.closeJournal(j)
	fmt.Fprintf(p.s.Out, "%s: %s\n", x.Name, x.Question)
	status, number := report.ExitClean, 0
	o, phases := p.watched(p.o.canary(p.run, j), len(p.targets)*len(x.Variants()))
	defer p.every(10*time.Second, phases.tell)()
	for _, t := range p.targets {
		r := x.Run(ctx, t, number+1, o)
		number += len(r.Measurements)
		fmt.Fprintf(p.s.Out, "\n%s\n", text.Visible(t.Link))
		for _, m := range r.Measurements {
			fmt.Fprintf(p.s.Out, "  %s: %s, source status %s%s\n", m.Variant, m.Outcome, cmp.Or(m.SourceStatus, "none"), text.Visible(colon(m.Message)))
			if len(m.Leftovers) > 0 {
				status = report.ExitFaults
			}
		}
		word := "answered"
		if !r.Answered {
			word = "not answered"
			if status == report.ExitClean {
				status = report.ExitIncomplete
			}
		}
		fmt.Fprintf(p.s.Out, "  %s: %s\n", word, text.Visible(r.Conclusion))
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	return status, nil
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + strings.TrimSpace(s)
}
