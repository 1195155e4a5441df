package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"crosscheck/canary/measure"
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

// renderMarkdown writes a summary that fits a comment on a pull request: what
// is broken, failed or unknown, cut with a count; what works is only counted.
func renderMarkdown(w io.Writer, r *records, _ Options) error {
	m := &markdown{w: w}
	l, f := r.summary.Links, r.summary.Findings
	m.print("## crosscheck: %s\n\n", map[int]string{ExitClean: "clean", ExitFaults: "faults found", ExitIncomplete: "incomplete"}[r.summary.ExitStatus])
	m.print("- **Links:** %d broken, %d unknown, %d working\n", l.Broken, l.Unknown, l.Works)
	m.print("- **Findings:** %d failed, %d unknown, %d waived, %d passed\n", f.Fail, f.Unknown, f.Waived, f.Pass)
	if b := r.summary.Baseline; b != nil {
		m.print("- **Baseline:** %s\n", baselineText(b))
	}
	m.print("- **Coverage:** %s\n", coverageText(r))

	links := top[*finding.Link]{n: markdownRows}
	if err := r.links.each(func(l *finding.Link) error {
		if l.Verdict != finding.Works {
			links.add(linkRank(l), l)
		}
		return nil
	}); err != nil {
		return err
	}
	urgent, all, err := r.urgent(markdownRows)
	if err != nil {
		return err
	}
	section(m, "Links that do not work", []string{"Verdict", "Source → destination", "Rule", "Why"}, markdownLinks, links.list(), links.all, func(l *finding.Link) []string {
		return []string{marked(string(l.Verdict), l.Baseline), ends(l), l.RuleID, why(l)}
	})
	section(m, "Findings", []string{"Severity", "Status", "Rule", "Account", "Where", "Finding", "Fix"}, markdownFindings, urgent, all, func(f *finding.Finding) []string {
		fix := f.Remediation
		if f.Waiver != nil && f.Status == finding.Fail {
			fix = "waived: " + waiverText(f.Waiver)
		}
		return []string{string(f.Severity), markedStatus(f), f.RuleID, f.AccountID, cmp.Or(f.Link, bucketOf(f.Resource)), cmp.Or(f.Message, f.Title), fix}
	})
	past := top[*Past]{n: markdownRows}
	if err := r.past.each(func(p *Past) error {
		past.add(pastRank(p), p)
		return nil
	}); err != nil {
		return err
	}
	section(m, "Fixed since the baseline, or not known now", []string{"Change", "Severity", "Rule", "Account", "Where", "Finding"}, markdownPast, past.list(), past.all, func(p *Past) []string {
		return []string{p.Change, string(p.Severity), p.RuleID, p.AccountID, cmp.Or(p.Link, bucketOf(p.Resource)), p.Title}
	})
	probes := slices.Clone(r.measurements)
	slices.SortStableFunc(probes, func(a, b *measure.Measurement) int { return cmp.Compare(measured(a), measured(b)) })
	section(m, "Canary", []string{"Outcome", "Predicted", "Link", "Probe", "Latency", "Source status", "Message"}, markdownProbes, probes, len(probes), func(p *measure.Measurement) []string {
		return []string{marked(string(p.Outcome), p.Baseline), p.Predicted, p.Link, p.Variant, latency(p), p.SourceStatus, p.Message}
	})
	groups := groupGaps(r.gaps)
	section(m, "Not read", []string{"Account", "Call", "Error", "Resource", "Message"}, markdownGaps, groups, len(groups), func(g gapGroup) []string {
		return []string{g.AccountID, g.API, g.Code, g.resources(), g.Message}
	})
	m.print("\n<sub>%s, %s %s, run %s, %s</sub>\n", exitText(r.summary.ExitStatus), escapeMarkdown(cut(r.run.Tool.Name, 100)), escapeMarkdown(cut(r.run.Tool.Version, 100)), escapeMarkdown(cut(r.run.ID, 100)), escapeMarkdown(cut(r.run.StartedAt, 100)))
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

// section writes a table of as many items as fit into room bytes of rows, and how
// many of all it leaves out.
func section[T any](m *markdown, title string, header []string, room int, items []T, all int, cells func(T) []string) {
	if len(items) == 0 {
		return
	}
	m.print("\n### %s\n\n| %s |\n|%s\n", title, strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	for i, item := range items {
		row := cells(item)
		for j, c := range row {
			row[j] = escapeMarkdown(cut(c, markdownCell))
		}
		line := "| " + strings.Join(row, " | ") + " |\n"
		if room -= len(line); room < 0 {
			m.print("\n… and %d more (use -o json)\n", all-i)
			return
		}
		m.print("%s", line)
	}
	if all > len(items) {
		m.print("\n… and %d more (use -o json)\n", all-len(items))
	}
}
