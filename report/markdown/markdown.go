// Package markdown writes a summary of a run that fits a comment on a pull request.
package markdown

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/spool"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

const (
	// A comment on GitHub holds 65,536 characters; what stands outside the
	// tables is far below the rest.
	markdownLinks    = 16_000 // bytes of rows
	markdownFindings = 28_000
	markdownPast     = 4_000
	markdownProbes   = 6_000
	markdownGaps     = 6_000
	markdownCell     = 500   // characters
	markdownRows     = 2_000 // looked at for one table: more than the bytes hold
)

// Render writes a summary that fits a comment on a pull request: what
// is broken, partial, failed or unknown, cut with a count; what works is only counted.
func Render(w io.Writer, r *records.Run) error {
	m := &markdown{w: w}
	f := r.Summary.Findings
	m.print("## crosscheck: %s\n\n", map[int]string{report.ExitClean: "clean", report.ExitFaults: "faults found", report.ExitIncomplete: "incomplete"}[r.Summary.ExitStatus])
	if with := records.WithText(r, func(s string) string { return text.Markdown(text.Cell(s)) }); with != "" {
		m.print("- **What if:** %s\n", with)
	}
	m.print("- **Links:** %s\n", r.Summary.Links)
	m.print("- **Findings:** %d failed, %d unknown, %d waived, %d passed\n", f.Fail, f.Unknown, f.Waived, f.Pass)
	if b := r.Summary.Baseline; b != nil {
		m.print("- **Baseline:** %s\n", records.BaselineText(b))
	}
	m.print("- **Coverage:** %s\n", records.CoverageText(r))
	if a := records.AdditionsText(r, func(s string) string { return text.Markdown(text.Cell(s)) }); a != "" {
		m.print("- **New in AWS:** %s\n", a)
	}

	links := spool.Top[*finding.Link]{N: markdownRows}
	if err := r.Links.Each(func(l *finding.Link) error {
		if l.Verdict != finding.Works {
			links.Add(records.LinkRank(l), l)
		}
		return nil
	}); err != nil {
		return err
	}
	all := records.NewRows(markdownRows, r.Gaps)
	if err := r.Findings.Each(func(f *finding.Finding) error {
		all.Add(f)
		return nil
	}); err != nil {
		return err
	}
	rows, _ := all.List()
	mends, err := r.Mends(records.Shown(rows))
	if err != nil {
		return err
	}
	reasons := records.NewReasons(r.Gaps)
	section(m, "Links that do not work", []string{"Verdict", "Source → destination", "Rule", "Why"}, markdownLinks, links.List(), links.All, one, func(l *finding.Link) []string {
		return []string{records.VerdictText(l), records.Ends(l), l.RuleID, reasons.Of(l)}
	})
	section(m, "Findings", []string{"Severity", "Status", "Rule", "Account", "Where", "Finding", "Fix"}, markdownFindings, rows, all.Len(), func(r *records.Row) int { return r.N }, func(r *records.Row) []string {
		f := r.Shown
		label, fix := mends.Fix(f)
		if label != "fix" && label != "" {
			fix = label + ": " + fix
		}
		fix = cmp.Or(r.More(), fix)
		if f.Waiver != nil && f.Status == finding.Fail {
			fix = "waived: " + records.WaiverText(f.Waiver)
		}
		return []string{string(f.Severity), records.MarkedStatus(f), f.RuleID, f.AccountID, cmp.Or(f.Link, report.BucketOf(f.Resource)), r.Message(), fix}
	})
	past := spool.Top[*report.Past]{N: markdownRows}
	if err := r.Past.Each(func(p *report.Past) error {
		past.Add(records.PastRank(p), p)
		return nil
	}); err != nil {
		return err
	}
	section(m, "Since the baseline: gone, fixed, or not known now", []string{"Change", "Severity", "Rule", "Account", "Where", "Finding"}, markdownPast, past.List(), past.All, one, func(p *report.Past) []string {
		return []string{p.Change, string(p.Severity), p.RuleID, p.AccountID, cmp.Or(p.Link, report.BucketOf(p.Resource)), p.Title}
	})
	probes := slices.Clone(r.Measurements)
	slices.SortStableFunc(probes, func(a, b *measure.Measurement) int { return cmp.Compare(records.ProbeRank(a), records.ProbeRank(b)) })
	messages := records.ProbeMessages(probes)
	section(m, "Canary", []string{"Outcome", "Predicted", "Link", "Probe", "Latency", "Source status", "Message"}, markdownProbes, probes, len(probes), one, func(p *measure.Measurement) []string {
		message := messages[0]
		messages = messages[1:]
		return []string{records.Marked(string(p.Outcome), p.Baseline), p.Predicted, p.Link, p.Variant, records.Latency(p), p.SourceStatus, message}
	})
	groups := records.GroupGaps(r.Gaps)
	section(m, "Not read", []string{"Account", "Call", "Error", "Resource", "Message"}, markdownGaps, groups, len(groups), one, func(g records.GapGroup) []string {
		return []string{g.AccountID, g.API, g.Code, g.Resources(), g.Message}
	})
	m.print("\n<sub>%s, %s %s, run %s, %s</sub>\n", records.ExitText(r.Summary.ExitStatus), text.Markdown(text.Cut(r.Tool.Name, 100)), text.Markdown(text.Cut(r.Tool.Version, 100)), text.Markdown(text.Cut(r.ID, 100)), text.Markdown(text.Cut(r.StartedAt, 100)))
	return m.err
}

type markdown struct {
	w   io.Writer
	err error
}

func (m *markdown) print(format string, args ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.w, format, args...)
	}
}

// one says that a row is about one thing.
func one[T any](T) int { return 1 }

// section writes a table of as many items as fit into room bytes of rows, and how
// many of all it leaves out; a row is about n of them.
func section[T any](m *markdown, title string, header []string, room int, items []T, all int, n func(T) int, cells func(T) []string) {
	if len(items) == 0 {
		return
	}
	m.print("\n### %s\n\n| %s |\n|%s\n", title, strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	for _, item := range items {
		row := cells(item)
		for j, c := range row {
			row[j] = text.Markdown(text.Cut(c, markdownCell))
		}
		line := "| " + strings.Join(row, " | ") + " |\n"
		if room -= len(line); room < 0 {
			break
		}
		m.print("%s", line)
		all -= n(item)
	}
	if all > 0 {
		m.print("\n… and %d more (use -o json)\n", all)
	}
}
