package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

func TestCSVRoundTrip(t *testing.T) {
	rows := checkCSV(t, render(t, "csv", Options{}, sample(t)))
	if len(rows) != 18 {
		t.Fatalf("%d rows", len(rows))
	}
	if got := strings.Join(rows[0], ","); got != strings.Join(csvHeader, ",") {
		t.Errorf("header %s", got)
	}
}

// checkCSV reads a CSV file as RFC 4180 has it and looks for formulas.
func checkCSV(t *testing.T, out []byte) [][]string {
	t.Helper()
	if n := bytes.Count(out, []byte("\n")); n != bytes.Count(out, []byte("\r\n")) {
		t.Error("a line does not end in CR LF")
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if len(row) != len(csvHeader) {
			t.Fatalf("row of %d cells: %q", len(row), row)
		}
		for _, cell := range row {
			if utf8.RuneCountInString(cell) > 32_767 {
				t.Errorf("a cell of %d characters, more than a spreadsheet keeps", utf8.RuneCountInString(cell))
			}
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("a cell that a spreadsheet computes: %.80q", cell)
			}
		}
	}
	return rows
}

func TestInert(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a=b": "a=b", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "'=1": "'=1",
	} {
		if got := inert(in); got != want {
			t.Errorf("inert(%q) = %q, want %q", in, got, want)
		}
	}
}

// A comment on a pull request holds 65,536 characters, whatever the run found.
func TestMarkdownFitsAComment(t *testing.T) {
	bad := strings.Repeat("@#&|", 3000)
	for name, text := range map[string]string{"plain": "the policy does not let the role write", "hostile": bad} {
		ms := []Message{{Run: &Run{ID: text, Tool: Tool{Name: text, Version: text}}}}
		for i := range 2000 {
			ms = append(ms,
				Message{Link: &finding.Link{ID: fmt.Sprint(i), Source: finding.End{AccountID: text, Bucket: text}, RuleID: text, Verdict: finding.Broken, Why: text}},
				Message{Finding: &finding.Finding{RuleID: fmt.Sprint(text, i), Status: finding.Fail, Severity: finding.High, Message: text, Remediation: text, Resource: text}},
				Message{Measurement: &measure.Measurement{Link: text, Variant: text, Outcome: measure.Failed, Message: text}},
				Message{Gap: &fact.Gap{AccountID: fmt.Sprint(i), API: text, Code: text, Resource: text, Message: text}})
		}
		out := string(render(t, "markdown", Options{}, summarized(t, Gate{}, ms)))
		if n := utf8.RuneCountInString(out); n > 65_536 {
			t.Errorf("%s: %d characters", name, n)
		}
		counts := regexp.MustCompile(`… and (\d+) more \(use -o json\)`).FindAllString(out, -1)
		if len(counts) != 4 {
			t.Errorf("%s: cut with the counts %q", name, counts)
		}
		checkMarkdown(t, []byte(out))
	}
}

// checkMarkdown looks for text that would be more than text: rows of a table
// keep their number of cells, and there is no HTML, link, mention or reference.
func checkMarkdown(t *testing.T, out []byte) {
	t.Helper()
	columns := 0
	for l := range strings.Lines(string(out)) {
		l = strings.TrimSuffix(l, "\n")
		// Take away what the format itself writes and what is escaped.
		bare := regexp.MustCompile(`\\[\\`+"`"+`*_\[\]|~]|&(lt|gt|amp|#8203);|</?sub>`).ReplaceAllString(l, "")
		if strings.ContainsAny(bare, "<>`*_[]~&") && !strings.HasPrefix(l, "- **") {
			t.Errorf("markup in a line: %.200q", l)
		}
		live := strings.NewReplacer("@&#8203;", "", "#&#8203;", "", "&#8203;", "").Replace(l)
		if regexp.MustCompile(`@|#[0-9]`).MatchString(live) {
			t.Errorf("a mention or reference: %.200q", l)
		}
		switch {
		case !strings.HasPrefix(l, "|"):
			columns = 0
		case columns == 0:
			columns = strings.Count(bare, "|")
		case strings.Count(bare, "|") != columns:
			t.Errorf("a row with %d borders in a table with %d: %.200q", strings.Count(bare, "|"), columns, l)
		}
	}
}

func TestEscapeMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"app-logs/r→b":            "app-logs/r→b",
		"a|b":                     `a\|b`,
		"a\\|b":                   `a\\\|b`,
		"<script>":                "&lt;script&gt;",
		"&lt;":                    "&amp;lt;",
		"[x](https://e.example)":  `\[x\](https://e.example)`,
		"![x](y)":                 `!\[x\](y)`,
		"**b** _i_ ~~s~~ `c`":     `\*\*b\*\* \_i\_ \~\~s\~\~ ` + "\\`c\\`",
		"@team fixed #12":         "@&#8203;team fixed #&#8203;12",
		"line\nbreak | \x1b[31m!": `line break \| \\u001b\[31m!`,
	} {
		if got := escapeMarkdown(in); got != want {
			t.Errorf("escapeMarkdown(%q) = %q, want %q", in, got, want)
		}
	}
}

// checkJUnit reads a JUnit file back and counts again.
func checkJUnit(t *testing.T, out []byte) junitSuites {
	t.Helper()
	var all junitSuites
	d := xml.NewDecoder(bytes.NewReader(out))
	d.Strict = true
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	sum := junitSuites{Tests: all.Tests, Failures: all.Failures, Errors: all.Errors}

	for _, s := range all.Suites {
		again := &junitSuite{}
		for _, c := range s.Cases {
			n := 0
			for _, d := range []*junitDetail{c.Failure, c.Error, c.Skipped} {
				if d != nil {
					n++
				}
			}
			if n > 1 {
				t.Errorf("a case with %d outcomes: %+v", n, c)
			}
			again.add(c)
		}
		if again.Tests != s.Tests || again.Failures != s.Failures || again.Errors != s.Errors || again.Skipped != s.Skipped {
			t.Errorf("suite %s miscounts", s.Name)
		}
		sum.Tests -= s.Tests
		sum.Failures -= s.Failures
		sum.Errors -= s.Errors
	}
	if sum.Tests != 0 || sum.Failures != 0 || sum.Errors != 0 {
		t.Error("the suites do not add up")
	}
	return all
}

// skipped counts what the schema has no sum for.
func skipped(all junitSuites) (n int) {
	for _, s := range all.Suites {
		n += s.Skipped
	}
	return n
}

func TestJUnit(t *testing.T) {
	all := checkJUnit(t, render(t, "junit", Options{}, sample(t)))
	var got []string
	for _, s := range all.Suites {
		got = append(got, fmt.Sprintf("%s %d/%d/%d/%d", s.Name, s.Tests, s.Failures, s.Errors, s.Skipped))
	}
	if want := "111111111111 5/2/0/1 222222222222 6/2/4/0 444444444444 1/0/1/0"; strings.Join(got, " ") != want {
		t.Errorf("suites (tests/failures/errors/skipped) %v, want %s", got, want)
	}
}

// A link that does not work is red even if no finding says why (its rule may be
// switched off), and only once if one does.
func TestJUnitLinks(t *testing.T) {
	about := func(s finding.Status, waived bool) *finding.Finding {
		f := &finding.Finding{RuleID: "XC001", Status: s, Severity: finding.High, Link: "a/r→b", AccountID: prod}
		if waived {
			f.Waiver = &finding.Waiver{}
		}
		return f
	}
	for _, c := range []struct {
		verdict                   finding.Verdict
		finding                   *finding.Finding
		failures, errors, skipped int
	}{
		{finding.Works, nil, 0, 0, 0},
		{finding.Works, about(finding.Pass, false), 0, 0, 0},
		{finding.Broken, nil, 1, 0, 0},
		{finding.Broken, about(finding.Pass, false), 1, 0, 0},
		{finding.Broken, about(finding.Unknown, false), 1, 1, 0},
		{finding.Broken, about(finding.Fail, false), 1, 0, 0},
		{finding.Broken, about(finding.Fail, true), 0, 0, 1},
		{finding.UnknownVerdict, nil, 0, 1, 0},
		{finding.UnknownVerdict, about(finding.Unknown, false), 0, 1, 0},
		{"", nil, 0, 1, 0},
	} {
		ms := []Message{{Run: &Run{}}, {Link: &finding.Link{ID: "a/r→b", Source: finding.End{AccountID: prod, Bucket: "a"}, Verdict: c.verdict}}}
		if c.finding != nil {
			ms = append(ms, Message{Finding: c.finding})
		}
		all := checkJUnit(t, render(t, "junit", Options{}, summarized(t, Gate{}, ms)))
		if all.Failures != c.failures || all.Errors != c.errors || skipped(all) != c.skipped {
			t.Errorf("%s with %+v: %d failures, %d errors, %d skipped", c.verdict, c.finding, all.Failures, all.Errors, skipped(all))
		}
	}
}

var (
	promComment = regexp.MustCompile(`^# (HELP [a-z_]+ [^\\]+|TYPE [a-z_]+ gauge|\d+ failing findings .*)$`)
	promSample  = regexp.MustCompile(`^([a-z_]+)(\{[a-z_]+="(?:[^"\\]|\\\\|\\")*"(?:,[a-z_]+="(?:[^"\\]|\\\\|\\")*")*\})? -?[0-9.]+$`)
)

// checkPrometheus holds a file against the text format: every line well formed,
// every sample after the type of its metric, no series twice.
func checkPrometheus(t *testing.T, out []byte) {
	t.Helper()
	seen := map[string]bool{}
	current := ""
	for l := range strings.Lines(string(out)) {
		l = strings.TrimSuffix(l, "\n")
		if strings.HasPrefix(l, "#") {
			if !promComment.MatchString(l) {
				t.Errorf("comment %.200q", l)
			}
			if f := strings.Fields(l); f[1] == "TYPE" {
				if current = f[2]; seen[current] {
					t.Errorf("%s twice", current)
				}
				seen[current] = true
			}
			continue
		}
		m := promSample.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("sample %.200q", l)
		}
		if m[1] != current {
			t.Errorf("%s stands under %s", m[1], current)
		}
		if series := m[1] + m[2]; seen[series+"{}"] {
			t.Errorf("series twice: %.200s", series)
		} else {
			seen[series+"{}"] = true
		}
	}
}

func TestPrometheus(t *testing.T) {
	checkPrometheus(t, render(t, "prometheus", Options{}, sample(t)))
	// The same probe twice is one series.
	ms := []Message{{Run: &Run{FinishedAt: "not a time"}}}
	for i := range 3 {
		ms = append(ms, Message{Measurement: &measure.Measurement{Link: "a/r→b", Variant: "plain", Outcome: measure.Arrived, LatencyMS: int64(100 * (i + 1))}})
	}
	out := string(render(t, "prometheus", Options{}, summarized(t, Gate{}, ms)))
	checkPrometheus(t, []byte(out))
	for _, want := range []string{
		`crosscheck_canary_probes{link="a/r→b",variant="plain",outcome="arrived"} 3`,
		`crosscheck_canary_latency_seconds{link="a/r→b",variant="plain"} 0.3`,
		`crosscheck_exit_status 3`,
	} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("missing %s in\n%s", want, out)
		}
	}
	if strings.Contains(out, "timestamp") {
		t.Error("a time that is none")
	}
}
