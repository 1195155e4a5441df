// Package csv writes a run as rows for spreadsheets (RFC 4180).
package csv

import (
	"cmp"
	"encoding/csv"
	"io"
	"strings"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

var csvHeader = []string{"kind", "status", "severity", "rule_id", "title", "account_id", "region", "resource", "link", "message", "failure_codes", "remediation",
	"controls", "fingerprint", "waiver_reason", "waiver_owner", "waiver_ticket", "waiver_expires", "baseline"}

// Render writes one row for every finding, every one that is past since the
// baseline, every link, every class of its objects, probe and gap (RFC 4180); the status of a
// link or class is its verdict, that of a probe its outcome. A cell that a spreadsheet could
// take for a formula begins with an apostrophe.
func Render(w io.Writer, r *records.Run) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	row := func(cells ...string) error {
		for i, s := range cells {
			cells[i] = text.Cell(s)
		}
		return c.Write(cells)
	}
	if err := c.Write(csvHeader); err != nil {
		return err
	}
	err := r.Findings.Each(func(f *finding.Finding) error {
		var waiver finding.Waiver
		if f.Waiver != nil {
			waiver = *f.Waiver
		}
		return row("finding", records.StatusText(f), string(f.Severity), f.RuleID, f.Title, f.AccountID, f.Region, f.Resource, f.Link, f.Message,
			strings.Join(f.FailureCodes, " "), f.Remediation, strings.Join(f.Controls, " "), f.Fingerprint,
			waiver.Reason, waiver.Owner, waiver.Ticket, waiver.Expires, f.Baseline)
	})
	err = cmp.Or(err, r.Past.Each(func(p *report.Past) error {
		return row("past", p.Change, string(p.Severity), p.RuleID, p.Title, p.AccountID, p.Region, p.Resource, p.Link, "", "", "", "", p.Fingerprint, "", "", "", "", "")
	}))
	sources := r.ProbedSources()
	err = cmp.Or(err, r.Links.Each(func(l *finding.Link) error {
		if _, probed := sources[l.ID]; probed {
			sources[l.ID] = l.Source
		}
		about := func(kind string, v finding.Verdict, title, message string, codes []string, baseline string) error {
			return row(kind, string(cmp.Or(v, finding.UnknownVerdict)), "", "", title, l.Source.AccountID, l.Source.Region, records.BucketARN(l.Source), l.ID, message,
				strings.Join(codes, " "), "", "", "", "", "", "", "", baseline)
		}
		err := about("link", l.Verdict, "", records.Why(l), l.FailureCodes, l.Baseline)
		for i := range l.Classes {
			c := &l.Classes[i]
			err = cmp.Or(err, about("class", c.Verdict, string(c.Class), classText(c), c.FailureCodes, ""))
		}
		return err
	}))
	if err != nil {
		return err
	}
	for _, m := range r.Measurements {
		from := sources[m.Link]
		message := m.Message
		if took := records.Latency(m); took != "" {
			message = strings.TrimPrefix(message+"; arrived after "+took, "; ")
		}
		if err := row("probe", string(m.Outcome), "", "", m.Variant, from.AccountID, from.Region, records.BucketARN(from), m.Link, message,
			strings.Join(m.FailureCodes, " "), "", "", "", "", "", "", "", m.Baseline); err != nil {
			return err
		}
	}
	for _, g := range r.Gaps {
		if err := row("gap", "unknown", "", "", g.Fact+" was not read", g.AccountID, "", g.Resource, "", g.API+": "+g.Code+": "+g.Message,
			"", "", "", "", "", "", "", "", ""); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// classText says which objects of a class fail, where not all of them do, and whether the class
// counts for its link.
func classText(c *finding.ClassVerdict) string {
	var parts []string
	for _, k := range c.Fails {
		parts = append(parts, k.String())
	}
	if len(parts) > 0 {
		parts = []string{strings.Join(parts, " and ") + " fail"}
	}
	if !c.Counted {
		parts = append(parts, "does not count for the link")
	}
	return strings.Join(parts, "; ")
}
