package audit

import (
	"time"

	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/rules/finding"
	"crosscheck/rules/waiver"
	"crosscheck/scanner/fact"
)

// withWaivers puts the waivers of a file before w; without a file it is w itself.
func withWaivers(path string, w report.Writer) (report.Writer, error) {
	if path == "" {
		return w, nil
	}
	const hint = "docs/waivers.md describes the file"
	data, err := usererr.ReadFile(path)
	if err != nil {
		return nil, usererr.Hint(err, hint)
	}
	waivers, err := waiver.Parse(path, data, time.Now())
	if err != nil {
		return nil, usererr.Hint(err, hint)
	}
	return &waiving{Writer: w, waivers: waivers}, nil
}

// waiving gives failing findings their waivers on the way to the next writer, and
// adds the findings about the waivers themselves before the coverage, which is
// what ends a run. Waivers that a recorded run has are dropped, and the findings
// about them.
type waiving struct {
	report.Writer
	waivers  *waiver.Set
	run      waiver.Run
	measured bool
	linked   bool
}

func (w *waiving) Run(r *report.Run) error {
	w.run.Scope = r.Scope
	return w.Writer.Run(r)
}

func (w *waiving) Gap(g *fact.Gap) error {
	w.run.Incomplete = true
	return w.Writer.Gap(g)
}

func (w *waiving) Measurement(m *measure.Measurement) error {
	w.measured = true
	return w.Writer.Measurement(m)
}

func (w *waiving) Link(l *finding.Link) error {
	w.linked = true
	return w.Writer.Link(l)
}

func (w *waiving) Finding(f *finding.Finding) error {
	if f.RuleID == finding.WaiverExpired || f.RuleID == finding.WaiverUnused {
		return nil
	}
	if waiver := w.waivers.Apply(f); waiver != nil || f.Waiver != nil {
		own := *f
		own.Waiver = waiver
		f = &own
	}
	return w.Writer.Finding(f)
}

func (w *waiving) Coverage(c *fact.Coverage) error {
	w.run.Incomplete = w.run.Incomplete || !report.Complete(*c)
	w.run.Unjudged = c.Links > 0 && !w.linked
	if !w.measured {
		w.run.NotJudged = []string{finding.Disagreement, finding.Proof, finding.Objective, finding.LeftBehind}
	}
	for _, f := range w.waivers.Findings(w.run) {
		if err := w.Writer.Finding(&f); err != nil {
			return err
		}
	}
	return w.Writer.Coverage(c)
}
