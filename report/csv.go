package report

import (
	"cmp"
	"encoding/csv"
	"io"
	"strings"

	"crosscheck/rules/finding"
)

var csvHeader = []string{"kind", "status", "severity", "rule_id", "title", "account_id", "region", "resource", "link", "message", "failure_codes", "remediation",
	"controls", "fingerprint", "waiver_reason", "waiver_owner", "waiver_ticket", "waiver_expires", "baseline"}

// maxCSVCell is how many characters spreadsheets keep of a cell, less some room.
const maxCSVCell = 32_000

// renderCSV writes one row for every finding, every one that is past since the
// baseline, every link, probe and gap (RFC 4180); the status of a link is its verdict,
// that of a probe its outcome. A cell that a spreadsheet could take for a formula
// begins with an apostrophe.
func renderCSV(w io.Writer, r *records, _ Options) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	row := func(cells ...string) error {
		for i, s := range cells {
			cells[i] = inert(cut(visible(s), maxCSVCell))
		}
		return c.Write(cells)
	}
	if err := c.Write(csvHeader); err != nil {
		return err
	}
	err := r.findings.each(func(f *finding.Finding) error {
		var waiver finding.Waiver
		if f.Waiver != nil {
			waiver = *f.Waiver
		}
		return row("finding", statusText(f), string(f.Severity), f.RuleID, f.Title, f.AccountID, f.Region, f.Resource, f.Link, f.Message,
			strings.Join(f.FailureCodes, " "), f.Remediation, strings.Join(f.Controls, " "), f.Fingerprint,
			waiver.Reason, waiver.Owner, waiver.Ticket, waiver.Expires, f.Baseline)
	})
	err = cmp.Or(err, r.past.each(func(p *Past) error {
		return row("past", p.Change, string(p.Severity), p.RuleID, p.Title, p.AccountID, p.Region, p.Resource, p.Link, "", "", "", "", p.Fingerprint, "", "", "", "", "")
	}))
	sources := r.probedSources()
	err = cmp.Or(err, r.links.each(func(l *finding.Link) error {
		if _, probed := sources[l.ID]; probed {
			sources[l.ID] = l.Source
		}
		return row("link", string(cmp.Or(l.Verdict, finding.UnknownVerdict)), "", "", "", l.Source.AccountID, l.Source.Region, bucketARN(l.Source), l.ID, why(l),
			strings.Join(l.FailureCodes, " "), "", "", "", "", "", "", "", l.Baseline)
	}))
	if err != nil {
		return err
	}
	for _, m := range r.measurements {
		from := sources[m.Link]
		message := m.Message
		if took := latency(m); took != "" {
			message = strings.TrimPrefix(message+"; arrived after "+took, "; ")
		}
		if err := row("probe", string(m.Outcome), "", "", m.Variant, from.AccountID, from.Region, bucketARN(from), m.Link, message,
			strings.Join(m.FailureCodes, " "), "", "", "", "", "", "", "", m.Baseline); err != nil {
			return err
		}
	}
	for _, g := range r.gaps {
		if err := row("gap", "unknown", "", "", g.Fact+" was not read", g.AccountID, "", g.Resource, "", g.API+": "+g.Code+": "+g.Message,
			"", "", "", "", "", "", "", "", ""); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// inert keeps a spreadsheet from computing a cell. The full-width forms count in
// some of them too.
func inert(s string) string {
	for _, p := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, p) {
			return "'" + s
		}
	}
	return s
}
