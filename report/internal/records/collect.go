// Package records is a whole run as reports show it: in order, counted, and with the
// sentences that all formats share.
package records

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/spool"
	"crosscheck/report/internal/wire"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Run is a whole run in the order in which reports show it. Of what a run has
// many, links and findings, only a part is in memory: they are walked.
type Run struct {
	*report.Run
	Links        spool.Spool[finding.Link]
	Findings     spool.Spool[finding.Finding]
	Past         spool.Spool[report.Past]
	Repairs      spool.Spool[finding.Repairs]
	Measurements []*measure.Measurement
	Gaps         []*fact.Gap
	Coverage     fact.Coverage
	Summary      *report.Summary

	ByRule     map[string]*ruleCounts // all findings, also those that are not kept
	Objectives map[string]objective   // by link id
}

// close gives back the disk that the records take.
func (r *Run) close() {
	r.Links.Close()
	r.Findings.Close()
	r.Past.Close()
	r.Repairs.Close()
}

// Keep is what formats need of a run beyond what is at fault.
type Keep struct {
	Passes bool // findings that passed or do not apply: most do
	Checks bool // the permission matrix of links
}

// Builder makes records of the messages of a run.
type Builder struct {
	report.Discard
	Keep    Keep
	records Run
}

// ruleCounts counts the findings of a rule.
type ruleCounts struct {
	Title                                      string
	Fail, Unknown, Waived, Pass, NotApplicable int
}

func (r *Run) count(f *finding.Finding) {
	if o, ok := objectiveOf(f); ok {
		r.Objectives[f.Link] = o
	}
	c := r.ByRule[f.RuleID]
	if c == nil {
		c = &ruleCounts{Title: f.Title}
		r.ByRule[f.RuleID] = c
	}
	switch {
	case f.Status == finding.Pass:
		c.Pass++
	case f.Status == finding.NotApplicable:
		c.NotApplicable++
	case f.Status != finding.Fail:
		c.Unknown++
	case f.Waiver != nil:
		c.Waived++
	default:
		c.Fail++
	}
}

// NewBuilder makes a builder without any message.
func NewBuilder() *Builder {
	return &Builder{records: Run{
		ByRule:     map[string]*ruleCounts{},
		Objectives: map[string]objective{},
		Links: spool.Spool[finding.Link]{
			Key: func(l *finding.Link) []string { return []string{l.ID} },
			Encode: func(b *bytes.Buffer, l *finding.Link) error {
				var why bytes.Buffer
				if err := cmp.Or(wire.Encode(&why, l.Why), wire.Encode(b, wire.Link(l))); err != nil {
					return err
				}
				b.WriteByte('\n')
				b.Write(why.Bytes())
				return nil
			},
			Decode: func(d *json.Decoder) (*finding.Link, error) {
				l := &finding.Link{}
				return l, cmp.Or(d.Decode(l), d.Decode(&l.Why))
			},
		},
		Findings: spool.Spool[finding.Finding]{
			Key:    findingKey,
			Encode: func(b *bytes.Buffer, f *finding.Finding) error { return wire.Encode(b, wire.Finding(f)) },
			Decode: func(d *json.Decoder) (*finding.Finding, error) {
				f := &finding.Finding{}
				return f, d.Decode(f)
			},
		},
		Past: spool.Spool[report.Past]{
			Key:    PastKey,
			Encode: func(b *bytes.Buffer, p *report.Past) error { return wire.Encode(b, p) },
			Decode: func(d *json.Decoder) (*report.Past, error) {
				p := &report.Past{}
				return p, d.Decode(p)
			},
		},
		Repairs: spool.Spool[finding.Repairs]{
			Key:    repairsKey,
			Encode: func(b *bytes.Buffer, r *finding.Repairs) error { return wire.Encode(b, wire.Repairs(r)) },
			Decode: func(d *json.Decoder) (*finding.Repairs, error) {
				r := &finding.Repairs{}
				return r, d.Decode(r)
			},
		},
	}}
}

func findingKey(f *finding.Finding) []string {
	return []string{f.AccountID, f.Region, f.Resource, f.Link, f.RuleID, f.Fingerprint, string(f.Status), f.Message}
}

// Memory bounds what is kept in memory of the findings, and of the links, to so many
// bytes as encoded. Without it that is 4 MiB each.
func (b *Builder) Memory(bytes int) { b.records.Findings.Limit, b.records.Links.Limit = bytes, bytes }

// Run keeps the run.
func (b *Builder) Run(r *report.Run) error {
	b.records.Run = r
	return nil
}

// Link keeps the link.
func (b *Builder) Link(l *finding.Link) error {
	if !b.Keep.Checks && len(l.Checks) > 0 {
		own := *l
		own.Checks = nil
		l = &own
	}
	return b.records.Links.Add(l)
}

// Finding counts the finding and keeps it if a format shows it.
func (b *Builder) Finding(f *finding.Finding) error {
	b.records.count(f)
	if !b.Keep.Passes && !Faulty(f) {
		return nil
	}
	return b.records.Findings.Add(f)
}

// Past keeps what became of a finding of the baseline.
func (b *Builder) Past(p *report.Past) error { return b.records.Past.Add(p) }

// Repairs keeps the changes.
func (b *Builder) Repairs(r *finding.Repairs) error { return b.records.Repairs.Add(r) }

// Measurement keeps the measurement.
func (b *Builder) Measurement(m *measure.Measurement) error {
	b.records.Measurements = append(b.records.Measurements, m)
	return nil
}

// Gap keeps the gap.
func (b *Builder) Gap(g *fact.Gap) error {
	b.records.Gaps = append(b.records.Gaps, g)
	return nil
}

// Coverage keeps the coverage.
func (b *Builder) Coverage(c *fact.Coverage) error {
	b.records.Coverage = *c
	return nil
}

// Summary keeps the summary.
func (b *Builder) Summary(s *report.Summary) error {
	b.records.Summary = s
	return nil
}

// Finish is the run in order. It refuses one that was cut.
func (b *Builder) Finish() (*Run, error) {
	r := &b.records
	if r.Run == nil || r.Summary == nil {
		return nil, errors.New("the run has no beginning or no summary: it was cut, and no report is made of it")
	}
	sortMeasurements(r.Measurements)
	sortGaps(r.Gaps)
	return r, nil
}

// Close gives back the disk that the records take.
func (b *Builder) Close() error {
	b.records.close()
	return nil
}

func sortMeasurements(ms []*measure.Measurement) {
	slices.SortFunc(ms, func(a, b *measure.Measurement) int {
		return OrByContent(cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.Variant, b.Variant), cmp.Compare(a.Key, b.Key)), a, b)
	})
}

func sortGaps(gaps []*fact.Gap) {
	slices.SortFunc(gaps, func(a, b *fact.Gap) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Fact, b.Fact),
			cmp.Compare(a.API, b.API), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
}

// CompareFindings orders findings as reports do, those of one key by their content.
func CompareFindings(a, b *finding.Finding) int {
	return OrByContent(slices.Compare(findingKey(a), findingKey(b)), a, b)
}

// OrByContent settles by content what the keys leave open, so that the order of
// arrival never shows. What cannot be encoded is refused later, by the encoder.
func OrByContent(order int, a, b any) int {
	if order != 0 {
		return order
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Compare(x, y)
}

// Faulty reports whether a finding is more than a pass.
func Faulty(f *finding.Finding) bool {
	return f.Status != finding.Pass && f.Status != finding.NotApplicable
}

// Urgency ranks findings that did not pass, the most urgent lowest: of those that
// fail, what the baseline had comes after what is new.
func Urgency(f *finding.Finding) int {
	c := 2 * StatusRank(f)
	if c == 0 && f.Baseline == report.MarkExisting {
		c = 1
	}
	return c*len(finding.Severities) + f.Severity.Rank()
}

// StatusRank ranks findings that did not pass: 0 fails, 1 is unknown, 2 is waived.
func StatusRank(f *finding.Finding) int {
	switch {
	case f.Status == finding.Fail && f.Waiver == nil:
		return 0
	case f.Status == finding.Fail:
		return 2
	}
	return 1
}

// objective is what the latency of a link has to keep, in milliseconds.
type objective struct {
	MS         int64
	percentile float64
}

func objectiveOf(f *finding.Finding) (objective, bool) {
	number := func(key string) float64 {
		n, _ := strconv.ParseFloat(fmt.Sprint(f.Evidence[key]), 64) // a json.Number where the run was recorded
		return n
	}
	o := objective{int64(number("slo_ms")), number("slo_percentile")}
	return o, f.RuleID == finding.Objective && o.MS > 0
}

// Text is the objective on one line, "" for none.
func (o objective) Text() string {
	if o.MS == 0 {
		return ""
	}
	return fmt.Sprintf("p%v within %s", o.percentile, text.Millis(o.MS))
}

// PastKey is what reports sort findings of the baseline by.
func PastKey(p *report.Past) []string {
	return []string{p.Change, p.AccountID, p.Region, p.Resource, p.Link, p.RuleID, p.Fingerprint}
}
