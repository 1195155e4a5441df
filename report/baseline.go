package report

import (
	"cmp"
	"slices"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
)

// Marks of what fails in a run that is held against a baseline.
const (
	MarkNew      = "new"      // it did not fail in the baseline, or a waiver excused it there and does not now
	MarkExisting = "existing" // it failed in the baseline
)

// Baseline is what is kept of a recorded run to hold later runs against it: what
// failed, by fingerprint, and what a list of it shows. It is filled by [Replay].
type Baseline struct {
	run      *Run
	failing  map[string]int32 // place in failures, by identity
	failures []failure
	broken   map[string][]string // failure codes of broken links, by link id
	probes   map[probe]bool      // that failed
	texts    map[string]string   // one copy of texts that many findings share
}

// failure is a failing finding of a baseline.
type failure struct {
	Past
	standing string // fail, or waived
}

// probe is a way in which the probes of a link fail: their keys are of one run.
type probe struct {
	link, variant string
	left          bool // something was left behind
}

// BaselineRun names the run that another was held against.
type BaselineRun struct {
	ID        string `json:"id"`
	StartedAt string `json:"started_at"`
}

// Past is a failing finding of the baseline that is none any more.
type Past struct {
	Change      string           `json:"change"` // Fixed, or Lost: not known now
	RuleID      string           `json:"rule_id"`
	Title       string           `json:"title"`
	Severity    finding.Severity `json:"severity"`
	AccountID   string           `json:"account_id"`
	Region      string           `json:"region"`
	Resource    string           `json:"resource"`
	Link        string           `json:"link"`
	Fingerprint string           `json:"fingerprint"`
}

// BaselineCounts counts what fails by what the baseline says of it. Findings under
// a waiver are not counted.
type BaselineCounts struct {
	New       int `json:"new"`
	Existing  int `json:"existing"`
	Fixed     int `json:"fixed"`      // failed in the baseline
	Unknown   int `json:"unknown"`    // failed in the baseline, and are not known now
	NewLinks  int `json:"new_links"`  // broken, and were not, or for other reasons
	NewProbes int `json:"new_probes"` // failed, and did not
}

// identity tells findings of two runs apart. A finding that lacks its fingerprint
// is known by what it says.
func identity(f *finding.Finding) string {
	return cmp.Or(f.Fingerprint, strings.Join([]string{f.RuleID, f.AccountID, f.Resource, f.Link, f.Message}, "\x00"))
}

// Write keeps what failed.
func (b *Baseline) Write(m Message) error {
	if b.failing == nil {
		b.failing, b.broken, b.probes, b.texts = map[string]int32{}, map[string][]string{}, map[probe]bool{}, map[string]string{}
	}
	switch {
	case m.Run != nil:
		b.run = m.Run
	case m.Link != nil && m.Link.Verdict == finding.Broken:
		b.broken[m.Link.ID] = m.Link.FailureCodes
	case m.Finding != nil && m.Finding.Status == finding.Fail:
		b.fail(m.Finding)
	case m.Measurement != nil:
		for _, p := range faults(m.Measurement) {
			b.probes[p] = true
		}
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
	case worst(b.failures[i].standing, standing(f)) == b.failures[i].standing:
		return
	}
	b.failures[i] = failure{Past{
		RuleID: b.text(f.RuleID), Title: b.text(f.Title), Severity: finding.Severity(b.text(string(f.Severity))),
		AccountID: b.text(f.AccountID), Region: b.text(f.Region), Resource: b.text(f.Resource), Link: b.text(f.Link),
		Fingerprint: f.Fingerprint,
	}, standing(f)}
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

func (p *Past) subject() subject { return subject{p.RuleID, p.AccountID, p.Resource, p.Link} }

// comparison holds one run against a baseline, message by message.
type comparison struct {
	*Baseline
	sight *sight
	now   []string // standing of each of the failures
}

func compareWith(b *Baseline) *comparison {
	c := &comparison{Baseline: b, sight: newSight(b.run.Scope), now: make([]string, len(b.failures))}
	c.sight.chosen = true
	for i := range b.failures {
		c.sight.subjects[b.failures[i].subject()] = ""
	}
	return c
}

// mark gives the message with its mark; a mark of an earlier comparison is replaced.
func (c *comparison) mark(m Message) Message {
	c.sight.see(m)
	mark := func(existing bool) string {
		if existing {
			return MarkExisting
		}
		return MarkNew
	}
	switch {
	case m.Run != nil:
		r := *m.Run
		r.Baseline = &BaselineRun{c.run.ID, c.run.StartedAt}
		m.Run = &r
	case m.Link != nil:
		is := ""
		if m.Link.Verdict == finding.Broken {
			codes, was := c.broken[m.Link.ID]
			is = mark(was && subset(m.Link.FailureCodes, codes))
		}
		if is != m.Link.Baseline {
			l := *m.Link
			l.Baseline = is
			m.Link = &l
		}
	case m.Finding != nil:
		is, now, old := "", standing(m.Finding), ""
		if i, known := c.failing[identity(m.Finding)]; known {
			c.now[i], old = worst(c.now[i], now), c.failures[i].standing
		}
		if m.Finding.Status == finding.Fail {
			is = mark(!appeared(old, now))
		}
		if is != m.Finding.Baseline {
			f := *m.Finding
			f.Baseline = is
			m.Finding = &f
		}
	case m.Measurement != nil:
		is, ps := "", faults(m.Measurement)
		if len(ps) > 0 {
			is = mark(!slices.ContainsFunc(ps, func(p probe) bool { return !c.probes[p] }))
		}
		if is != m.Measurement.Baseline {
			p := *m.Measurement
			p.Baseline = is
			m.Measurement = &p
		}
	}
	return m
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// past is what failed in the baseline and does not now, once the run has ended.
func (c *comparison) past() []*Past {
	var list []*Past
	for i := range c.failures {
		p := c.failures[i].Past
		if p.Change = c.sight.became(p.subject(), c.now[i]); p.Change != "" {
			list = append(list, &p)
		}
	}
	slices.SortFunc(list, func(a, b *Past) int { return orJSON(slices.Compare(pastKey(a), pastKey(b)), a, b) })
	return list
}

func pastKey(p *Past) []string {
	return []string{p.Change, p.AccountID, p.Region, p.Resource, p.Link, p.RuleID, p.Fingerprint}
}
