package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// records is a whole run in the order in which reports show it. Of what a run has
// many, links and findings, only a part is in memory: they are walked.
type records struct {
	Discard
	run          *Run
	links        spool[finding.Link]
	findings     spool[finding.Finding]
	past         spool[Past]
	measurements []*measure.Measurement
	gaps         []*fact.Gap
	coverage     fact.Coverage
	summary      *Summary

	byRule     map[string]*ruleCounts // all findings, also those that are not kept
	objectives map[string]objective   // by link id

	passes bool // keep findings that passed or do not apply: most do
	checks bool // keep the permission matrix of links
}

// ruleCounts counts the findings of a rule.
type ruleCounts struct {
	title                                      string
	fail, unknown, waived, pass, notApplicable int
}

func (r *records) count(f *finding.Finding) {
	if o, ok := objectiveOf(f); ok {
		r.objectives[f.Link] = o
	}
	c := r.byRule[f.RuleID]
	if c == nil {
		c = &ruleCounts{title: f.Title}
		r.byRule[f.RuleID] = c
	}
	switch {
	case f.Status == finding.Pass:
		c.pass++
	case f.Status == finding.NotApplicable:
		c.notApplicable++
	case f.Status != finding.Fail:
		c.unknown++
	case f.Waiver != nil:
		c.waived++
	default:
		c.fail++
	}
}

func newRecords() *records {
	return &records{
		byRule:     map[string]*ruleCounts{},
		objectives: map[string]objective{},
		links: spool[finding.Link]{
			key: func(l *finding.Link) []string { return []string{l.ID} },
			encode: func(b *bytes.Buffer, l *finding.Link) error {
				var why bytes.Buffer
				if err := cmp.Or(encode(&why, l.Why), encode(b, wireLink(l))); err != nil {
					return err
				}
				b.WriteByte('\n')
				b.Write(why.Bytes())
				return nil
			},
			decode: func(d *json.Decoder) (*finding.Link, error) {
				l := &finding.Link{}
				return l, cmp.Or(d.Decode(l), d.Decode(&l.Why))
			},
		},
		findings: spool[finding.Finding]{
			key:    findingKey,
			encode: func(b *bytes.Buffer, f *finding.Finding) error { return encode(b, wireFinding(f)) },
			decode: func(d *json.Decoder) (*finding.Finding, error) {
				f := &finding.Finding{}
				return f, d.Decode(f)
			},
		},
		past: spool[Past]{
			key:    pastKey,
			encode: func(b *bytes.Buffer, p *Past) error { return encode(b, p) },
			decode: func(d *json.Decoder) (*Past, error) {
				p := &Past{}
				return p, d.Decode(p)
			},
		},
	}
}

func findingKey(f *finding.Finding) []string {
	return []string{f.AccountID, f.Region, f.Resource, f.Link, f.RuleID, f.Fingerprint, string(f.Status), f.Message}
}

func (r *records) Run(v *Run) error {
	r.run = v
	return nil
}

func (r *records) Link(l *finding.Link) error {
	if !r.checks && len(l.Checks) > 0 {
		own := *l
		own.Checks = nil
		l = &own
	}
	return r.links.add(l)
}

func (r *records) Finding(f *finding.Finding) error {
	r.count(f)
	if !r.passes && !faulty(f) {
		return nil
	}
	return r.findings.add(f)
}

func (r *records) Past(p *Past) error { return r.past.add(p) }

func (r *records) Measurement(m *measure.Measurement) error {
	r.measurements = append(r.measurements, m)
	return nil
}

func (r *records) Gap(g *fact.Gap) error {
	r.gaps = append(r.gaps, g)
	return nil
}

func (r *records) Coverage(c *fact.Coverage) error {
	r.coverage = *c
	return nil
}

func (r *records) Summary(s *Summary) error {
	r.summary = s
	return nil
}

// finish brings what is in memory into order, before anything is rendered.
func (r *records) finish() error {
	if r.run == nil || r.summary == nil {
		return errors.New("the run has no beginning or no summary: it was cut, and no report is made of it")
	}
	sortMeasurements(r.measurements)
	sortGaps(r.gaps)
	return nil
}

func (r *records) close() {
	r.links.close()
	r.findings.close()
	r.past.close()
}

func sortMeasurements(ms []*measure.Measurement) {
	slices.SortFunc(ms, func(a, b *measure.Measurement) int {
		return orJSON(cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.Variant, b.Variant), cmp.Compare(a.Key, b.Key)), a, b)
	})
}

func sortGaps(gaps []*fact.Gap) {
	slices.SortFunc(gaps, func(a, b *fact.Gap) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Fact, b.Fact),
			cmp.Compare(a.API, b.API), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
}

func compareFindings(a, b *finding.Finding) int {
	return orJSON(slices.Compare(findingKey(a), findingKey(b)), a, b)
}

// orJSON settles by content what the keys leave open, so that the order of
// arrival never shows. What cannot be encoded is refused later, by the encoder.
func orJSON(order int, a, b any) int {
	if order != 0 {
		return order
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Compare(x, y)
}

// urgent picks the first n of the findings that did not pass, for a reader who
// may see no more: failing ones by severity, then what is unknown, then what is
// waived; the order of records within each. all is how many there are.
func (r *records) urgent(n int) (first []*finding.Finding, all int, err error) {
	t := top[*finding.Finding]{n: n}
	err = r.findings.each(func(f *finding.Finding) error {
		if faulty(f) {
			t.add(urgency(f), f)
		}
		return nil
	})
	return t.list(), t.all, err
}

// faulty reports whether a finding is more than a pass.
func faulty(f *finding.Finding) bool {
	return f.Status != finding.Pass && f.Status != finding.NotApplicable
}

// urgency ranks findings that did not pass, the most urgent lowest: of those that
// fail, what the baseline had comes after what is new.
func urgency(f *finding.Finding) int {
	c := 2 * class(f)
	if c == 0 && f.Baseline == MarkExisting {
		c = 1
	}
	return c*len(severities) + rank(f.Severity)
}

func class(f *finding.Finding) int {
	switch {
	case f.Status == finding.Fail && f.Waiver == nil:
		return 0
	case f.Status == finding.Fail:
		return 2
	}
	return 1
}

// document is a report of the whole run.
type document struct {
	w      io.Writer
	o      Options
	render func(io.Writer, *records, Options) error
}

func (d document) write(r *records) error {
	w := bufio.NewWriterSize(d.w, 1<<16)
	return cmp.Or(d.render(w, r, d.o), w.Flush())
}
