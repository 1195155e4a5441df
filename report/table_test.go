package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

func TestTableFitsItsWidth(t *testing.T) {
	for width := minWidth; width <= 220; width++ {
		got := string(render(t, "table", Options{Width: width}, sample(t)))
		for i, l := range strings.Split(got, "\n") {
			if n := twwidth.Width(l); n > width {
				t.Fatalf("width %d: line %d has %d columns: %s", width, i+1, n, l)
			}
			if strings.TrimRight(l, " ") != l {
				t.Fatalf("width %d: line %d ends in blanks: %q", width, i+1, l)
			}
		}
	}
}

func TestTableColors(t *testing.T) {
	esc := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	plain := string(render(t, "table", Options{}, sample(t)))
	colored := string(render(t, "table", Options{Color: true}, sample(t)))
	if !esc.MatchString(colored) {
		t.Error("no colors where they are wanted")
	}
	if strings.Contains(plain, "\x1b") {
		t.Error("colors where they are not wanted")
	}
	if esc.ReplaceAllString(colored, "") != plain {
		t.Error("colors change the layout")
	}
}

// The library measures text as the environment suggests; the same run must give
// the same table everywhere.
func TestTableIgnoresTheLocale(t *testing.T) {
	want := string(render(t, "table", Options{}, sample(t)))
	twwidth.SetEastAsian(true)
	if got := string(render(t, "table", Options{}, sample(t))); got != want {
		t.Errorf("the table depends on the locale:\n%s", got)
	}
}

func TestTableIsCutWithACount(t *testing.T) {
	var ms []Message
	ms = append(ms, sample(t)[0])
	for i := range 130 {
		l := link(fmt.Sprintf("bucket-%03d", i), prod, "r", "dst", finding.Broken, "no")
		ms = append(ms, Message{Link: l},
			Message{Finding: &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.Medium, Link: l.ID, Message: "m"}},
			Message{Gap: &fact.Gap{AccountID: fmt.Sprint(i), API: "s3:X", Code: "AccessDenied"}})
	}
	got := string(render(t, "table", Options{}, summarized(t, Gate{}, ms)))
	for _, want := range []string{"… and 30 more (use -o json)", "… and 110 more (use -o json)", "Not read: 130 facts"} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q", want)
		}
	}
	if n := strings.Count(got, "… and 30 more"); n != 2 {
		t.Errorf("links and findings are cut %d times", n)
	}
}

func TestTableOfNothing(t *testing.T) {
	ms := summarized(t, Gate{}, []Message{sample(t)[0], {Coverage: &fact.Coverage{Accounts: fact.AccountCoverage{Listed: 1, Scanned: 1}}}})
	want := `Links: none found

Findings: 0 failed, 0 unknown, 0 waived, 0 passed

Coverage: 1 of 1 account and 0 of 0 buckets read, 0 links
Summary: links 0 broken, 0 unknown, 0 working; findings 0 failed, 0 unknown, 0 waived, 0 passed; exit status 0 (clean)
`
	if got := string(render(t, "table", Options{}, ms)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"app-logs":                  "app-logs",
		"a b":                       "a b",
		"  a \t\r\n b  ":            "a b",
		"a\u00a0\u3000b":            "a b",
		"a\u2028b":                  "a b",
		"\x1b[31mred\x1b[0m":        `\u001b[31mred\u001b[0m`,
		"\u009b31m":                 `\u009b31m`,
		"\x7f\x00":                  `\u007f\u0000`,
		"abc\u202etxt.exe":          `abc\u202etxt.exe`,
		"\u2066x\u2069":             `\u2066x\u2069`,
		"zero\u200bwidth\ufeff":     `zero\u200bwidth\ufeff`,
		"hangul\u3164filler":        `hangul\u3164filler`,
		"variation\ufe0f":           `variation\ufe0f`,
		"tag\U000e0041":             `tag\U000e0041`,
		"bad\xff\xfeutf8":           `bad\xff\xfeutf8`,
		"replacement \ufffd":        "replacement \ufffd",
		"größe 名前 → e\u0301":        "größe 名前 → e\u0301",
		"private\ue000":             `private\ue000`,
		"a  b":                      "a b",
		"https://x.example/?a=b&c#": "https://x.example/?a=b&c#",
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"", 5, ""},
		{"one two three", 7, "one two|three"},
		{"111/a → 222/b", 40, "111/a → 222/b"},
		{"111/a → 222/b", 10, "111/a|→ 222/b"},
		{"s3-replication-role", 15, "s3-replication-|role"},
		{"abcdefghij", 4, "abcd|efgh|ij"},
		{"a/bcdefghij", 8, "a/bcdefg|hij"}, // a separator near the start is no reason to break
		{"名前名前", 4, "名前|名前"},
		{"名", 1, "名"}, // nothing fits: one character a line, never an endless loop
	} {
		if got := strings.Join(wrap(c.in, c.width), "|"); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}
