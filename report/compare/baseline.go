// Package compare compares a run with earlier ones: with a baseline while it is
// written ([Mark]), with another recorded run ([Compare]), and over a directory of run
// files ([ReadHistory]). What a run did not look at again is unknown, never fixed.
package compare

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Baseline is what is kept of a recorded run to compare later runs with it: what
// failed, by fingerprint, and what a list of it shows. It is filled by [Replay].
type Baseline struct {
	report.Discard
	run      *report.Run
	failing  map[string]int32 // index in failures, by identity
	failures []failure
	links    map[string]finding.Link // by id; without what is not compared
	probes   map[probe]bool          // that failed
	texts    map[string]string       // one copy of texts that many findings share
}

// NewBaseline is an empty one.
func NewBaseline() *Baseline {
	return &Baseline{
		failing: map[string]int32{}, links: map[string]finding.Link{}, probes: map[probe]bool{}, texts: map[string]string{},
	}
}

// failure is a failing finding of a baseline.
type failure struct {
	report.Past
	standing standing // fails or waived
}

// probe is a way in which the probes of a link fail: their keys are of one run.
type probe struct {
	link, variant string
	left          bool // something was left behind
}

// identity identifies a finding across runs. A finding that lacks its fingerprint
// is known by what it says.
func identity(f *finding.Finding) string {
	return cmp.Or(f.Fingerprint, strings.Join([]string{f.RuleID, f.AccountID, f.Resource, f.Link, f.Message}, "\x00"))
}

// Run keeps the run.
func (b *Baseline) Run(r *report.Run) error {
	b.run = r
	return nil
}

// Link keeps the verdict of a link and whose it is, and the failure codes of one that is
// broken or partial.
func (b *Baseline) Link(l *finding.Link) error {
	kept := finding.Link{ID: l.ID, Verdict: finding.Verdict(b.text(string(l.Verdict))),
		Source: finding.End{AccountID: b.text(l.Source.AccountID), Region: b.text(l.Source.Region), Bucket: l.Source.Bucket}}
	if l.Verdict.Fails() {
		kept.FailureCodes, kept.Classes = l.FailureCodes, l.Classes
	}
	b.links[l.ID] = kept
	return nil
}

// Finding keeps a failing finding.
func (b *Baseline) Finding(f *finding.Finding) error {
	if f.Status == finding.Fail {
		b.fail(f)
	}
	return nil
}

// Measurement keeps a probe that failed.
func (b *Baseline) Measurement(m *measure.Measurement) error {
	for _, p := range faults(m) {
		b.probes[p] = true
	}
	return nil
}

func (b *Baseline) fail(f *finding.Finding) {
	id := identity(f)
	i, known := b.failing[id]
	switch {
	case !known:
		i = int32(len(b.failures))
		b.failing[id] = i
		b.failures = append(b.failures, failure{})
	case standingOf(f) <= b.failures[i].standing:
		return
	}
	b.failures[i] = failure{report.Past{
		RuleID: b.text(f.RuleID), Title: b.text(f.Title), Severity: finding.Severity(b.text(string(f.Severity))),
		AccountID: b.text(f.AccountID), Region: b.text(f.Region), Resource: b.text(f.Resource), Link: b.text(f.Link),
		Fingerprint: f.Fingerprint,
	}, standingOf(f)}
}

// Close lets go of what only reading needed.
func (b *Baseline) Close() error {
	b.texts = nil
	return nil
}

func (b *Baseline) text(s string) string {
	if t, ok := b.texts[s]; ok {
		return t
	}
	b.texts[s] = s
	return s
}

// faults are the ways in which a probe failed.
func faults(m *measure.Measurement) []probe {
	var ps []probe
	if m.Proves() == "broken" {
		ps = append(ps, probe{m.Link, m.Variant, false})
	}
	if len(m.Leftovers) > 0 {
		ps = append(ps, probe{m.Link, m.Variant, true})
	}
	return ps
}

// Mark marks what fails as new or existing on its way to next, and when it is closed
// sends what failed in the baseline and does not now. Marks of an earlier comparison
// are replaced.
func Mark(next report.Writer, b *Baseline) report.Writer {
	m := &marker{
		Writer: next, Baseline: b, observed: Observe(&b.run.Scope), now: make([]standing, len(b.failures)),
		links: newLinks(), targets: map[string]string{},
	}
	m.observed.chosen = true
	for i := range b.failures {
		m.observed.subjects[subjectOfPast(&b.failures[i].Past)] = seen{}
	}
	return m
}

// marker compares one run with a baseline, message by message.
type marker struct {
	report.Writer
	*Baseline
	observed *Observed
	now      []standing        // of each of the failures
	links    links             // that this run has
	targets  map[string]string // where each rule replicates to in this run, by source bucket and rule id
}

func mark(existing bool) string {
	if existing {
		return report.MarkExisting
	}
	return report.MarkNew
}

func (m *marker) Run(r *report.Run) error {
	own := *r
	own.Baseline = &report.BaselineRun{ID: m.Baseline.run.ID, StartedAt: m.Baseline.run.StartedAt}
	return errors.Join(m.observed.Run(r), m.Writer.Run(&own))
}

func (m *marker) Link(l *finding.Link) error {
	m.links.add(l)
	m.targets[l.Source.Bucket+"/"+l.RuleID] = l.Destination.Bucket
	is := ""
	if l.Verdict.Fails() {
		old, was := m.Baseline.links[l.ID]
		is = mark(was && old.Verdict.Fails() && !worse(&old, l))
	}
	if is != l.Baseline {
		own := *l
		own.Baseline = is
		l = &own
	}
	return errors.Join(m.observed.Link(l), m.Writer.Link(l))
}

func (m *marker) Finding(f *finding.Finding) error {
	is, now, old := "", standingOf(f), absent
	if i, known := m.failing[identity(f)]; known {
		m.now[i], old = max(m.now[i], now), m.failures[i].standing
	}
	if f.Status == finding.Fail {
		is = mark(!appeared(old, now))
	}
	if is != f.Baseline {
		own := *f
		own.Baseline = is
		f = &own
	}
	return errors.Join(m.observed.Finding(f), m.Writer.Finding(f))
}

func (m *marker) Measurement(v *measure.Measurement) error {
	is, ps := "", faults(v)
	if len(ps) > 0 {
		is = mark(!slices.ContainsFunc(ps, func(p probe) bool { return !m.probes[p] }))
	}
	if is != v.Baseline {
		own := *v
		own.Baseline = is
		v = &own
	}
	return errors.Join(m.observed.Measurement(v), m.Writer.Measurement(v))
}

func (m *marker) Gap(g *fact.Gap) error { return errors.Join(m.observed.Gap(g), m.Writer.Gap(g)) }

func (m *marker) Facts(d *fact.Document) error { return m.Writer.Facts(d) }

func (m *marker) Judged(j *report.Judged) error { return m.Writer.Judged(j) }

func (m *marker) Repairs(r *finding.Repairs) error { return m.Writer.Repairs(r) }

func (m *marker) Coverage(c *fact.Coverage) error {
	return errors.Join(m.observed.Coverage(c), m.Writer.Coverage(c))
}

// Past drops what an earlier comparison found.
func (m *marker) Past(*report.Past) error { return nil }

func (m *marker) Summary(s *report.Summary) error { return m.Writer.Summary(s) }

func (m *marker) Close() error {
	var err error
	for _, p := range m.past() {
		err = errors.Join(err, m.Writer.Past(p))
	}
	return errors.Join(err, m.Writer.Close())
}

// past is what failed in the baseline and does not now, and links that worked there and are
// gone, once the run has ended.
func (m *marker) past() []*report.Past {
	list := m.gone()
	was := newLinks()
	for _, l := range m.Baseline.links {
		was.add(&l)
	}
	for i := range m.failures {
		p := m.failures[i].Past
		p.Change = m.observed.change(subjectOfPast(&p), m.now[i])
		if p.Change == report.Fixed && m.now[i] == absent && vanished(p.Link, report.BucketOf(p.Resource), &was, &m.links) {
			p.Change = report.Gone
		}
		if p.Change != "" {
			list = append(list, &p)
		}
	}
	slices.SortFunc(list, func(a, b *report.Past) int {
		return records.OrByContent(slices.Compare(records.PastKey(a), records.PastKey(b)), a, b)
	})
	return list
}

// gone are the links of the baseline that worked and that this run, which read their
// buckets, does not have.
func (m *marker) gone() []*report.Past {
	var list []*report.Past
	about, _ := finding.AboutOf(finding.LinkWorks)
	for id, l := range m.Baseline.links {
		if l.Verdict != finding.Works || m.links.ids[id] || !m.observed.read(l.Source.AccountID, l.Source.Bucket) {
			continue
		}
		title := "it worked, and is gone"
		rule, _, _ := strings.Cut(id, "→")
		if to := m.targets[rule]; to != "" {
			title = "it worked; its rule replicates to " + to + " now"
		}
		list = append(list, &report.Past{
			Change: report.Gone, RuleID: about.ID, Title: title, Severity: about.Severity, AccountID: l.Source.AccountID, Region: l.Source.Region,
			Resource: records.BucketARN(l.Source), Link: id, Fingerprint: finding.Fingerprint(report.Gone, id),
		})
	}
	return list
}
