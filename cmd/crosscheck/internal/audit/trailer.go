package audit

import (
	"errors"
	"slices"
	"time"

	"crosscheck/report"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Trailer keeps back the end of a run, so that measurements can follow a scan.
type Trailer struct {
	report.Writer
	LinksOnly bool // of a scan, only what keeps links from being found is reported

	run      *report.Run
	coverage *fact.Coverage
	begun    bool
}

func (t *Trailer) Run(r *report.Run) error {
	run := *r
	t.run = &run
	if t.begun {
		return nil
	}
	t.begun = true
	return t.Writer.Run(r)
}

func (t *Trailer) Coverage(c *fact.Coverage) error {
	t.coverage = c
	return nil
}

func (t *Trailer) Link(l *finding.Link) error {
	if t.LinksOnly {
		return nil
	}
	return t.Writer.Link(l)
}

func (t *Trailer) Finding(f *finding.Finding) error {
	if t.LinksOnly {
		return nil
	}
	return t.Writer.Finding(f)
}

func (t *Trailer) Facts(d *fact.Document) error {
	if t.LinksOnly {
		return nil
	}
	return t.Writer.Facts(d)
}

func (t *Trailer) Gap(g *fact.Gap) error {
	if t.LinksOnly && !slices.Contains([]string{"account", "account.buckets", "bucket", "bucket.replication"}, g.Fact) {
		return nil
	}
	return t.Writer.Gap(g)
}

// End writes what was kept back.
func (t *Trailer) End() error {
	var errs []error
	if t.coverage != nil {
		errs = append(errs, t.Writer.Coverage(t.coverage))
	}
	if t.run != nil {
		t.run.FinishedAt = time.Now().UTC().Format(time.RFC3339)
		errs = append(errs, t.Writer.Run(t.run))
	}
	return errors.Join(errs...)
}
