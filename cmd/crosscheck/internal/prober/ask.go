package prober

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"crosscheck/canary"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/text"
)

// plans chooses the variants of every target.
func (p *prober) plans() ([]canary.Plan, error) {
	given, err := canary.ParseVariants(p.o.Variants)
	if err != nil {
		return nil, err
	}
	plans := make([]canary.Plan, len(p.targets))
	for i, t := range p.targets {
		plans[i] = canary.Plan{Target: t, Variants: given}
		if given == nil {
			plans[i].Variants = canary.Auto(t)
		}
	}
	return plans, nil
}

// printPlans says what will be put where.
func (p *prober) printPlans(w io.Writer, plans []canary.Plan) {
	probes := 0
	buckets := map[string]bool{}
	for _, plan := range plans {
		if _, err := plan.Key(p.o.Folder, p.run); err != nil {
			continue
		}
		probes += len(plan.Variants) * p.o.Count
		buckets[plan.Target.Source.Name] = true
	}
	fmt.Fprintf(w, "The canary puts %d probe objects into %d source buckets and removes every version again, on both sides:\n", probes, len(buckets))
	const most = 50
	for i, plan := range plans {
		if i == most {
			fmt.Fprintf(w, "  … and %d more links\n", len(plans)-most)
			break
		}
		t := plan.Target
		where, err := plan.Key(p.o.Folder, p.run)
		if err != nil {
			fmt.Fprintf(w, "  %s: nothing: %s\n", text.Visible(t.Link), text.Visible(err.Error()))
			continue
		}
		fmt.Fprintf(w, "  %s: s3://%s/%s… (%s)\n", text.Visible(t.Link), text.Visible(t.Source.Name), text.Visible(strings.TrimSuffix(where, "1")), canary.JoinVariants(plan.Variants))
	}
}

// errDeclined is the answer no.
var errDeclined = usererr.Hint(errors.New("nothing was put"), "--dry-run shows what would be put, --yes confirms it")

// confirm asks whether the probes may be put.
func (p *prober) confirm(ctx context.Context, plans []canary.Plan) error {
	if p.o.Yes {
		if !p.o.Quiet {
			p.printPlans(p.s.Err, plans)
		}
		return nil
	}
	p.printPlans(p.s.Err, plans)
	if !p.s.InTTY {
		return usererr.Hint(errors.New("refusing to write to production buckets without confirmation (no terminal)"), "use --yes, or --dry-run to see what would be put")
	}
	fmt.Fprint(p.s.Err, "Go on? [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.s.In).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
		return errDeclined
	}
}
