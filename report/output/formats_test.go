package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// writer is one output.
func writer(format string, w io.Writer, o Options) report.Writer {
	out := &outputs{}
	out.add(format, w, o)
	return out
}

// render writes the messages in one format.
func render(t testing.TB, format string, o Options, ms []report.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	w := writer(format, &b, o)
	for _, m := range ms {
		if err := m.Send(w); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

// asLines puts every JSON value of compact documents on lines of its own, for
// reading.
func asLines(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for d := json.NewDecoder(bytes.NewReader(b)); d.More(); out.WriteByte('\n') {
		var doc json.RawMessage
		if err := d.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		if err := json.Indent(&out, doc, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// forPeople are the formats of which the goldens have the sentences. Those of the others
// have a name in place of each; what they mean is in TestMeaning.
var forPeople = []string{"html", "markdown", "table"}

func TestGolden(t *testing.T) {
	t.Parallel()
	about := map[string]finding.About{"XC002": {ID: "XC002", Title: "Destination keeps versions",
		Description: "S3 replicates only into buckets with versioning.", Remediation: "run `aws s3api put-bucket-versioning`.",
		Sources: []string{"https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html"}}}
	named := map[string]finding.About{"XC002": {ID: "XC002", Title: "(title XC002)", Description: "(description XC002)",
		Remediation: "(fix XC002)", Sources: []string{"https://docs.aws.amazon.com/XC002"}}}
	for _, c := range []struct {
		file, format string
		o            Options
	}{
		{"report-80.txt", "table", Options{Width: 80}},
		{"report-120.txt", "table", Options{}},
		{"report-200.txt", "table", Options{Width: 200}},
		{"report.json", "json", Options{}},
		{"report.jsonl", "jsonl", Options{}},
		{"report.csv", "csv", Options{}},
		{"report.md", "markdown", Options{}},
		{"report.html", "html", Options{Codes: map[string]string{"DstBucketUnversioned": "Versioning of the destination is not Enabled."},
			Rules: about}},
		{"report.xml", "junit", Options{}},
		{"report.prom", "prometheus", Options{}},
		{"report.ocsf.json", "ocsf", Options{}},
		{"report.asff.json", "asff", Options{}},
		{"report.sarif", "sarif", Options{Rules: named}},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			ms := reporttest.Sample(t)
			if !slices.Contains(forPeople, c.format) {
				ms = reporttest.Wordless(ms)
			}
			got := render(t, c.format, c.o, ms)
			if c.format == "sarif" || c.format == "ocsf" || c.format == "asff" {
				got = asLines(t, got)
			}
			if c.format == "html" { // less what is the same in every page
				got = regexp.MustCompile(`(?s)(<style>|<script>).*?(</style>|</script>)`).ReplaceAll(got, []byte("$1…$2"))
				got = regexp.MustCompile(`sha256-.*?=&#39;`).ReplaceAll(got, []byte("sha256-…"))
			}
			reporttest.Golden(t, c.file, got)
		})
	}
}

// The library measures text as the environment suggests; the same run must give the
// same table everywhere.
func TestTableIgnoresTheLocale(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestGolden$/txt", "-test.v")
	cmd.Env = append(os.Environ(), "UPDATE=", "LC_ALL=ja_JP.UTF-8", "RUNEWIDTH_EASTASIAN=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestGolden/report-120.txt")) {
		t.Errorf("the tables depend on the locale: %v\n%s", err, out)
	}
}

// The order in which accounts answer must not show in any format but the
// stream itself.
func TestOrderOfArrivalDoesNotShow(t *testing.T) {
	t.Parallel()
	ms := reporttest.Sample(t)
	for format := range formats {
		if format == "jsonl" {
			continue
		}
		want := render(t, format, Options{}, ms)
		for seed := range uint64(20) {
			mixed := append([]report.Message{}, ms...)
			middle := mixed[1 : len(mixed)-1]
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(middle), func(i, j int) { middle[i], middle[j] = middle[j], middle[i] })
			if got := render(t, format, Options{}, mixed); !bytes.Equal(got, want) {
				t.Errorf("%s depends on the order of messages (seed %d)", format, seed)
				break
			}
		}
	}
}

// A recorded run that is gated again, as crosscheck report does, gives the same bytes.
func TestReplay(t *testing.T) {
	t.Parallel()
	for name, ms := range map[string][]report.Message{"sample": reporttest.Sample(t), "sparse": reporttest.Sparse(t)} {
		run := render(t, "jsonl", Options{}, ms)
		for format := range formats {
			want := render(t, format, Options{}, ms)
			var got bytes.Buffer
			w := report.Summarize(writer(format, &got, Options{}), report.Gate{}) // that of the samples
			if err := report.Replay(bytes.NewReader(run), w); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s, %s: the replayed run differs from the run", name, format)
			}
		}
	}
}

func TestNoReportOfACutStream(t *testing.T) {
	t.Parallel()
	ms := reporttest.Sample(t)
	for format := range formats {
		if format == "jsonl" {
			continue // it is the stream; Replay refuses it
		}
		for _, part := range [][]report.Message{ms[1:], ms[:len(ms)-1]} {
			var b bytes.Buffer
			w := writer(format, &b, Options{})
			for _, m := range part {
				if err := m.Send(w); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err == nil || b.Len() > 0 {
				t.Errorf("%s made a report of a run that was cut", format)
			}
		}
	}
}

// Every format is the same bytes whether the run fits in memory or not, and no
// file is left behind.
func TestFormatsOnDisk(t *testing.T) {
	reporttest.Sequential(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ms := reporttest.Many(t, 2_000)
	verdicts := finding.Verdicts
	for i := range 300 {
		id := string(rune('a'+i*7%26)) + "-" + string(rune('a'+i*11%26))
		l := reporttest.Link(id, reporttest.Prod, "r", "backup", verdicts[i%3], "why")
		ms = slices.Insert(ms, 1, report.Message{Link: l})
	}
	for format := range formats {
		var b bytes.Buffer
		w := writer(format, &b, Options{}).(*outputs)
		if w.records == nil {
			continue
		}
		w.records.Memory(5_000)
		send(t, w, ms)
		if err := w.Close(); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if want := render(t, format, Options{}, ms); !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s: %d bytes from disk differ from %d bytes from memory", format, b.Len(), len(want))
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

var leftOut = regexp.MustCompile(`(\d+)\s+(?:more|failing findings are counted)`)

// Whatever a format makes of a run: a failing finding that is not waived is in
// it, or it says how many are not.
func TestNoFailingFindingIsLost(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(90, 250)).Draw(t, "findings")
				ms := []report.Message{{Run: &report.Run{}}}
				var want []string
				for i := range n {
					f := &finding.Finding{
						RuleID:      "XC" + strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "rule")),
						Status:      rapid.SampledFrom([]finding.Status{finding.Fail, finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable}).Draw(t, "status"),
						Severity:    rapid.SampledFrom(finding.Severities).Draw(t, "severity"),
						AccountID:   rapid.SampledFrom([]string{"", reporttest.Prod, reporttest.Data}).Draw(t, "account"),
						Resource:    rapid.SampledFrom([]string{"", reporttest.ARN("a"), reporttest.ARN("b")}).Draw(t, "resource"),
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
					ms = append(ms, report.Message{Finding: f})
				}
				ms = append(ms, report.Message{Summary: &report.Summary{}})
				o := Options{Width: rapid.IntRange(60, 200).Draw(t, "width"), Rows: rapid.IntRange(1, 150).Draw(t, "rows")}
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

func TestHostileText(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	for name, s := range reporttest.Hostile {
		ms := reporttest.HostileRun(t, s)
		for _, format := range Formats() {
			t.Run(format+"/"+name, func(t *testing.T) {
				t.Parallel()
				out := render(t, format, Options{Rules: map[string]finding.About{s: {ID: s, Title: s, Description: s, Remediation: s, Sources: []string{s}}}}, ms)
				if !utf8.Valid(out) {
					t.Error("not UTF-8")
				}
				for _, r := range string(out) {
					if r != '\n' && (r != '\r' || format != "csv") && (!unicode.IsGraphic(r) || text.Ignorable(r)) {
						t.Fatalf("%U is in the output", r)
					}
				}
				if format != "table" && format != "markdown" && format != "csv" {
					return // no log shows it line by line
				}
				for line := range strings.Lines(string(out)) {
					if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(strings.ToLower(line), "##vso[") {
						t.Fatalf("a CI system would take this for a command: %q", line)
					}
				}
			})
		}
	}
}

// TestAdditions: the formats for people say once what AWS answered that is not known, and
// the JSON report has it as it is.
func TestAdditions(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0: "",
		1: "AWS answered with 1 element which this version does not know (it decides nothing): kms:DescribeKey A0; see whether a newer version of crosscheck does",
		7: "AWS answered with 7 elements which this version does not know (they decide nothing): kms:DescribeKey A0, kms:DescribeKey A1, kms:DescribeKey A2, kms:DescribeKey A3, kms:DescribeKey A4 and 2 more; see whether a newer version of crosscheck does",
	} {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprint("kms:DescribeKey A", i))
		}
		ms := reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Coverage: &fact.Coverage{
			Accounts: fact.AccountCoverage{Listed: 1, Scanned: 1}, Additions: names}}})
		for _, format := range forPeople {
			out := strings.Join(strings.Fields(string(render(t, format, Options{}, ms))), " ")
			if got := strings.Contains(out, "AWS answered with"); got != (n > 0) || !strings.Contains(out, want) {
				t.Errorf("%s of %d: %s", format, n, out)
			}
		}
		var doc struct {
			Coverage struct{ Additions *[]string }
			Summary  struct {
				Exit int `json:"exit_status"`
			}
		}
		if err := json.Unmarshal(render(t, "json", Options{}, ms), &doc); err != nil {
			t.Fatal(err)
		}
		if a := doc.Coverage.Additions; (a != nil) != (n > 0) || a != nil && len(*a) != n || doc.Summary.Exit != 0 {
			t.Errorf("%d: %+v", n, doc)
		}
	}
}
