package compare

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/grid"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/wire"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Recording is a run that is kept to be compared with another.
type Recording struct {
	report.Discard
	run          *report.Run
	links        []*finding.Link // without their matrix
	findings     []*finding.Finding
	measurements []*measure.Measurement
	gaps         []*fact.Gap
	coverage     *fact.Coverage
}

// Run keeps the run.
func (r *Recording) Run(v *report.Run) error {
	r.run = v
	return nil
}

// Link keeps the link.
func (r *Recording) Link(v *finding.Link) error {
	l := *v
	l.Checks = nil
	r.links = append(r.links, &l)
	return nil
}

// Finding keeps the finding.
func (r *Recording) Finding(v *finding.Finding) error {
	r.findings = append(r.findings, v)
	return nil
}

// Measurement keeps the measurement.
func (r *Recording) Measurement(v *measure.Measurement) error {
	r.measurements = append(r.measurements, v)
	return nil
}

// Gap keeps the gap.
func (r *Recording) Gap(v *fact.Gap) error {
	r.gaps = append(r.gaps, v)
	return nil
}

// Coverage keeps the coverage.
func (r *Recording) Coverage(v *fact.Coverage) error {
	r.coverage = v
	return nil
}

// observed is what the recorded run looked at, of what one with the scope before did.
func (r *Recording) observed(before *fact.Scope) *Observed {
	o := Observe(before)
	_ = o.Run(r.run)
	for _, l := range r.links {
		_ = o.Link(l)
	}
	for _, f := range r.findings {
		_ = o.Finding(f)
	}
	for _, m := range r.measurements {
		_ = o.Measurement(m)
	}
	for _, g := range r.gaps {
		_ = o.Gap(g)
	}
	if r.coverage != nil {
		_ = o.Coverage(r.coverage)
	}
	return o
}

// FindingChange is a finding whose standing changed: as it is now, or as it was
// where it no longer exists.
type FindingChange struct {
	Change  string           `json:"change"`
	Finding *finding.Finding `json:"finding"`
}

// LinkChange is a link whose verdict changed, or that got worse under the same one; "" means
// that there is no such link.
type LinkChange struct {
	ID     string          `json:"id"`
	Before finding.Verdict `json:"before"`
	After  finding.Verdict `json:"after"`
	Worse  bool            `json:"worse"` // a worse verdict than before, of the link or a class, or another failure code; new and failing; or gone while it worked
	why    string
	now    *finding.Link
}

// Diff is what changed between two runs.
type Diff struct {
	SchemaVersion string          `json:"schema_version"`
	Before        report.RunJSON  `json:"before"`
	After         report.RunJSON  `json:"after"`
	Links         []LinkChange    `json:"links"`    // the worse first, then by id
	Findings      []FindingChange `json:"findings"` // by change, then by severity
	ExitStatus    int             `json:"exit_status"`
}

// Compare finds what changed from before to after, both whole runs.
//
// A finding that is not in the later run is fixed only if that run judged its
// subject, or read its account and bucket without a gap and in the same scope; otherwise it
// is unknown. The exit status is 1 if something got worse: a failing finding at or
// above failOn appeared, a link or a class of its objects got a worse verdict or another
// failure code, or a new link fails.
// Otherwise it is 3 if something became unknown.
func Compare(before, after *Recording, failOn finding.Severity) *Diff {
	d := &Diff{
		SchemaVersion: report.SchemaVersion, Before: before.run.JSON(), After: after.run.JSON(),
		Links: []LinkChange{}, Findings: []FindingChange{},
	}
	now := after.observed(&before.run.Scope)
	d.links(before, after, now)
	d.findings(before, after, now)
	gotWorse, unknown := false, false
	for _, l := range d.Links {
		gotWorse = gotWorse || l.Worse
		unknown = unknown || l.After == finding.UnknownVerdict
	}
	for _, c := range d.Findings {
		gotWorse = gotWorse || c.Change == report.Appeared && c.Finding.Severity.Rank() <= cmp.Or(failOn, finding.Low).Rank()
		unknown = unknown || c.Change == report.Lost
	}
	switch {
	case gotWorse:
		d.ExitStatus = report.ExitFaults
	case unknown:
		d.ExitStatus = report.ExitIncomplete
	}
	return d
}

func (d *Diff) links(before, after *Recording, now *Observed) {
	was, is := map[string]*finding.Link{}, map[string]*finding.Link{}
	for _, l := range before.links {
		was[l.ID] = l
	}
	for _, l := range after.links {
		is[l.ID] = l
		c := LinkChange{ID: l.ID, After: l.Verdict, Worse: l.Verdict.Fails(), now: l}
		if old := was[l.ID]; old != nil {
			c.Before, c.Worse = old.Verdict, worse(old, l)
		}
		if c.Before != c.After || c.Worse {
			d.Links = append(d.Links, c)
		}
	}
	for _, l := range before.links {
		if is[l.ID] != nil {
			continue
		}
		c := LinkChange{ID: l.ID, Before: l.Verdict, Worse: l.Verdict == finding.Works, why: "its replication rule no longer exists"}
		gone := Subject{Rule: finding.LinkWorks, AccountID: l.Source.AccountID, Resource: records.BucketARN(l.Source), Link: l.ID}
		if !now.Decided(gone) {
			c.After, c.why = finding.UnknownVerdict, "the later run did not see it"
		}
		if c.Before != c.After {
			d.Links = append(d.Links, c)
		}
	}
	slices.SortFunc(d.Links, func(a, b LinkChange) int {
		if a.Worse != b.Worse {
			return map[bool]int{true: -1, false: 1}[a.Worse]
		}
		return cmp.Compare(a.ID, b.ID)
	})
	reasons := records.NewReasons(after.gaps)
	for i := range d.Links[:min(len(d.Links), maxRows)] {
		if c := &d.Links[i]; c.now != nil {
			c.why = reasons.Of(c.now)
		}
	}
}

// standing is what the findings with one fingerprint come to. The more urgent is the
// greater: of several findings the greatest counts.
type standing int

const (
	absent standing = iota // no such finding
	passes                 // or the rule is not about it
	waived                 // fails under a waiver
	undecided
	fails
)

func standingOf(f *finding.Finding) standing {
	switch {
	case f == nil:
		return absent
	case f.Status == finding.Fail && f.Waiver != nil:
		return waived
	case f.Status == finding.Fail:
		return fails
	case f.Status == finding.Pass || f.Status == finding.NotApplicable:
		return passes
	}
	return undecided
}

// appeared reports whether a finding fails that did not, from one standing to the
// next. Under a waiver it fails as well, and gates when the waiver has ended.
func appeared(old, now standing) bool {
	return now == fails && old != fails || now == waived && old != fails && old != waived
}

// byIdentity keeps of findings with one fingerprint the most urgent.
func byIdentity(fs []*finding.Finding) map[string]*finding.Finding {
	by := make(map[string]*finding.Finding, len(fs))
	for _, f := range fs {
		id := identity(f)
		if by[id] == nil || standingOf(f) > standingOf(by[id]) {
			by[id] = f
		}
	}
	return by
}

func (d *Diff) findings(before, after *Recording, now *Observed) {
	was, is := byIdentity(before.findings), byIdentity(after.findings)
	had, has := newLinks(), newLinks()
	for _, l := range before.links {
		had.add(l)
	}
	for _, l := range after.links {
		has.add(l)
	}
	add := func(change string, f *finding.Finding) {
		d.Findings = append(d.Findings, FindingChange{change, wire.Finding(f)})
	}
	for id, f := range is {
		old, new := standingOf(was[id]), standingOf(f)
		switch {
		case old == new:
		case new == fails:
			add(report.Appeared, f)
		case new == waived && old == fails:
			add(report.Waived, f)
		case new == undecided:
			add(report.Lost, f)
		}
	}
	for id, f := range was {
		if f.Status != finding.Fail {
			continue
		}
		switch change := now.change(subjectOf(f), standingOf(is[id])); {
		case change == report.Fixed && is[id] == nil && vanished(f.Link, report.BucketOf(f.Resource), &had, &has):
			add(report.Gone, f)
		case change == report.Fixed, change == report.Lost && is[id] == nil:
			add(change, f)
		}
	}
	changes := []string{report.Appeared, report.Lost, report.Waived, report.Gone, report.Fixed}
	slices.SortFunc(d.Findings, func(a, b FindingChange) int {
		return cmp.Or(
			cmp.Compare(slices.Index(changes, a.Change), slices.Index(changes, b.Change)),
			cmp.Compare(a.Finding.Severity.Rank(), b.Finding.Severity.Rank()),
			records.CompareFindings(a.Finding, b.Finding))
	})
}

// WriteJSON writes the difference as one JSON object.
func (d *Diff) WriteJSON(w io.Writer) error {
	var buf bytes.Buffer
	if err := wire.Encode(&buf, d); err != nil {
		return err
	}
	buf.WriteByte('\n')
	_, err := w.Write(buf.Bytes())
	return err
}

// maxRows is how many rows a table has before it is cut.
const maxRows = 100

// WriteTable writes the difference for a person at a terminal, by the same rules
// as the table of a run.
func (d *Diff) WriteTable(w io.Writer, width int, color bool) error {
	t := grid.New(w, width, color)
	gotWorse := 0
	links := grid.Grid{Header: []string{"LINK", "BEFORE", "NOW", "WHY"}, Keep: []int{1, 2}}
	for i, l := range d.Links {
		if l.Worse {
			gotWorse++
		}
		if i < maxRows {
			links.Add(grid.One(l.ID), grid.One(cmp.Or(string(l.Before), "none")), grid.One(cmp.Or(string(l.After), "none")), grid.One(l.why))
		}
	}
	t.Line("Links: %d changed, %d of them for the worse", len(d.Links), gotWorse)
	if len(d.Links) > 0 {
		t.Table(links, len(d.Links)-maxRows)
	} else {
		t.Print("\n")
	}
	counts := map[string]int{}
	findings := grid.Grid{Header: []string{"CHANGE", "SEVERITY", "RULE", "WHERE", "FINDING"}, Keep: []int{0, 1, 2}}
	for i, c := range d.Findings {
		counts[c.Change]++
		if f := c.Finding; i < maxRows {
			findings.Add(grid.One(c.Change), grid.One(string(f.Severity)), grid.One(f.RuleID),
				grid.One(cmp.Or(f.AccountID, "?")+" "+cmp.Or(f.Link, report.BucketOf(f.Resource))), grid.One(cmp.Or(f.Message, f.Title)))
		}
	}
	t.Line("Findings: %d appeared, %d became unknown, %d waived, %d fixed, %d gone", counts[report.Appeared], counts[report.Lost], counts[report.Waived], counts[report.Fixed], counts[report.Gone])
	if len(d.Findings) > 0 {
		t.Table(findings, len(d.Findings)-maxRows)
	} else {
		t.Print("\n")
	}
	says := map[int]string{report.ExitClean: "nothing got worse", report.ExitFaults: "something got worse", report.ExitIncomplete: "something is not known any more"}
	t.Line("Summary: %s → %s; exit status %d (%s)", runText(d.Before), runText(d.After), d.ExitStatus, says[d.ExitStatus])
	return t.Err
}

func runText(r report.RunJSON) string {
	return fmt.Sprintf("%s of %s", text.Visible(r.ID), text.Visible(r.StartedAt))
}
