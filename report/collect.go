package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"crosscheck/canary"
	"crosscheck/rules"
	"crosscheck/scanner/fact"
)

// records is a whole run in memory, in the order in which reports show it.
type records struct {
	run          *Run
	links        []*rules.Link
	findings     []*rules.Finding
	measurements []*canary.Measurement
	gaps         []*fact.Gap
	coverage     fact.Coverage
	summary      *Summary
}

// document is the writer of every format that needs the whole run before its
// first line: it keeps the messages and renders them at Close.
type document struct {
	records
	w      io.Writer
	o      Options
	render func(io.Writer, *records, Options) error

	faultsOnly bool // the format shows no passes, so they need not be kept: most findings are passes
}

func (d *document) Write(m Message) error {
	switch {
	case m.Run != nil:
		d.run = m.Run
	case m.Link != nil:
		l := m.Link
		if d.faultsOnly {
			own := *l
			own.Checks = nil
			l = &own
		}
		d.links = append(d.links, l)
	case m.Finding != nil:
		f := m.Finding
		if d.faultsOnly {
			if f.Status == rules.Pass || f.Status == rules.NotApplicable {
				break
			}
			own := *f // f stands among the passes of its document, which it would keep
			f = &own
		}
		d.findings = append(d.findings, f)
	case m.Measurement != nil:
		d.measurements = append(d.measurements, m.Measurement)
	case m.Gap != nil:
		d.gaps = append(d.gaps, m.Gap)
	case m.Coverage != nil:
		d.coverage = *m.Coverage
	case m.Summary != nil:
		d.summary = m.Summary
	}
	return nil
}

func (d *document) Close() error {
	if d.run == nil || d.summary == nil {
		return errors.New("the run has no beginning or no summary: it was cut, and no report is made of it")
	}
	d.sort()
	w := bufio.NewWriterSize(d.w, 1<<16)
	return cmp.Or(d.render(w, &d.records, d.o), w.Flush())
}

// sort brings the messages, which arrive as accounts answer, into one order.
func (r *records) sort() {
	slices.SortFunc(r.links, func(a, b *rules.Link) int {
		return orJSON(cmp.Compare(a.ID, b.ID), a, b)
	})
	slices.SortFunc(r.findings, compareFindings)
	slices.SortFunc(r.measurements, func(a, b *canary.Measurement) int {
		return orJSON(cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.Variant, b.Variant), cmp.Compare(a.Key, b.Key)), a, b)
	})
	slices.SortFunc(r.gaps, func(a, b *fact.Gap) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Fact, b.Fact),
			cmp.Compare(a.API, b.API), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
}

func compareFindings(a, b *rules.Finding) int {
	return orJSON(cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Resource, b.Resource),
		cmp.Compare(a.Link, b.Link), cmp.Compare(a.RuleID, b.RuleID), cmp.Compare(a.Fingerprint, b.Fingerprint),
		cmp.Compare(a.Status, b.Status), cmp.Compare(a.Message, b.Message)), a, b)
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

// byUrgency picks the findings that did not pass and orders them for a reader
// who may see only the first: failing ones by severity, then what is unknown,
// then what is waived; the order of records within each.
func (r *records) byUrgency() []*rules.Finding {
	var fs []*rules.Finding
	for _, f := range r.findings {
		if f.Status != rules.Pass && f.Status != rules.NotApplicable {
			fs = append(fs, f)
		}
	}
	slices.SortStableFunc(fs, func(a, b *rules.Finding) int {
		return cmp.Or(cmp.Compare(class(a), class(b)), cmp.Compare(rank(a.Severity), rank(b.Severity)))
	})
	return fs
}

func class(f *rules.Finding) int {
	switch {
	case f.Status == rules.Fail && f.Waiver == nil:
		return 0
	case f.Status == rules.Fail:
		return 2
	}
	return 1
}
