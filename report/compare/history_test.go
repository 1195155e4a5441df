package compare_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Runs that began in one second are in the order in which they were written.
func TestRunsOfOneSecond(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, id := range []string{"b", "c", "a"} {
		path := filepath.Join(dir, id+".jsonl")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := report.NewRunFile(f)
		err = reporttest.Send(w,
			report.Message{Run: &report.Run{ID: id, StartedAt: "2026-11-24T06:00:00Z"}}, report.Message{Summary: &report.Summary{}})
		written := time.Date(2026, 11, 24, 6, 0, i, 0, time.UTC)
		if err := errors.Join(err, w.Close(), f.Close(), os.Chtimes(path, written, written)); err != nil {
			t.Fatal(err)
		}
	}
	h, err := compare.ReadHistory(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range h.Runs {
		got += r.ID
	}
	if got != "bca" {
		t.Errorf("runs in the order %q, want bca", got)
	}
}

// A trend has the run itself once, in order, also where it is among the earlier ones.
func TestTrendHoldsTheRunItself(t *testing.T) {
	t.Parallel()
	run := func(id, at string) []report.Message {
		ms := []report.Message{{Run: &report.Run{ID: id, StartedAt: at}}, {Measurement: &measure.Measurement{Link: "a", Outcome: measure.Arrived, LatencyMS: 70}},
			{Measurement: &measure.Measurement{Link: "b", Outcome: measure.Arrived, LatencyMS: 50}}, {Measurement: &measure.Measurement{Link: "c", Outcome: measure.Timeout}}}
		return reporttest.Summarized(t, report.Gate{}, ms)
	}
	earlier := []compare.TrendPoint{{ID: "r", StartedAt: "2026-01-02T00:00:00Z", Links: report.LinkCounts{Broken: 7}}, {ID: "q", StartedAt: "2026-01-01T00:00:00Z"}, {ID: "s", StartedAt: "2026-01-03T00:00:00Z"}}
	b := records.NewBuilder()
	for _, m := range run("r", "2026-01-02T00:00:00Z") {
		if err := m.Send(b); err != nil {
			t.Fatal(err)
		}
	}
	r, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	got := compare.Trend(earlier, r)
	want := []compare.TrendPoint{{ID: "q", StartedAt: "2026-01-01T00:00:00Z"},
		{ID: "r", StartedAt: "2026-01-02T00:00:00Z", P50MS: 50, HasP50: true, Missed: 1}, {ID: "s", StartedAt: "2026-01-03T00:00:00Z"}}
	if d := diff.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// writeRun puts a run file into a directory.
func writeRun(t rapid.TB, dir, name string, ms []report.Message) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), reporttest.RunFile(t, ms), 0o600); err != nil {
		t.Fatal(err)
	}
}

func begun(id, at string, ms ...report.Message) []report.Message {
	ms = reporttest.WholeRun(ms...)
	ms[0] = report.Message{Run: &report.Run{ID: id, StartedAt: at, Scope: fact.Scope{Mode: "organization"}}}
	return ms
}

func TestReadHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fail, pass := reporttest.FindingOf("XC012", "p", finding.Fail, finding.High), reporttest.FindingOf("XC012", "p", finding.Pass, finding.High)
	other := reporttest.FindingOf("XC013", "q", finding.Fail, finding.High)
	probe := func(o measure.Outcome, ms int64) report.Message {
		return report.Message{Measurement: &measure.Measurement{Link: "a/r→b", Outcome: o, LatencyMS: ms}}
	}
	var many []report.Message
	for i := range 100 {
		many = append(many, probe(measure.Arrived, int64(i+1)))
	}
	put := func(name string, ms []report.Message) {
		writeRun(t, dir, name, reporttest.Summarized(t, report.Gate{}, ms))
	}
	// Names say nothing: what counts is when a run began, whatever its time zone.
	put("z.jsonl", begun("one", "2026-01-01T00:00:00Z", fail, reporttest.LinkOf("a/r→b", finding.Broken)))
	put("b.jsonl", begun("two", "2026-01-02T02:00:00+09:00", fail, other, reporttest.GapOf("9", "9"), probe(measure.Arrived, 70), probe(measure.Arrived, 90), probe(measure.Timeout, 0)))
	put("a.jsonl", begun("three", "2026-01-02T00:00:00Z", append(many, pass, reporttest.WaivedOf(reporttest.FindingOf("XC013", "q", finding.Fail, finding.High)))...))
	for name, text := range map[string]string{
		"notes.txt":     "buy milk\n",
		"empty":         "",
		"facts.jsonl":   `{"run":{"schema_version":"2","id":"r"}}` + "\n",
		"old.jsonl":     `{"schema_version":"0","run":{"id":"r"}}` + "\n",
		"cut.jsonl":     `{"schema_version":"2","tool":{"name":"x","version":"1"},"run":{"id":"r","started_at":"2026-01-01T12:00:00Z","finished_at":"","scope":{"mode":"","accounts":[],"exclude_accounts":[],"buckets":""}}}` + "\n",
		"dateless":      `{"schema_version":"2","tool":{"name":"x","version":"1"},"run":{"id":"r","started_at":"yesterday","finished_at":"","scope":{"mode":"","accounts":[],"exclude_accounts":[],"buckets":""}}}` + "\n",
		".hidden.jsonl": "under way",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	h, err := compare.ReadHistory(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	num := func(n int) *int { return &n }
	ms := func(n int64) *int64 { return &n }
	want := []compare.HistoryRun{
		{File: "z.jsonl", ID: "one", StartedAt: "2026-01-01T00:00:00Z", Links: report.LinkCounts{Broken: 1}, Findings: report.FindingCounts{Fail: 1}, ExitStatus: 1},
		{File: "b.jsonl", ID: "two", StartedAt: "2026-01-02T02:00:00+09:00", Findings: report.FindingCounts{Fail: 2}, Gaps: 1, ExitStatus: 1, Arrived: 2, Missed: 1, P50MS: ms(70), New: num(1), Fixed: num(0)},
		{File: "a.jsonl", ID: "three", StartedAt: "2026-01-02T00:00:00Z", Findings: report.FindingCounts{Pass: 1, Waived: 1}, Arrived: 100, P50MS: ms(50), P99MS: ms(99), New: num(0), Fixed: num(1)},
	}
	if d := diff.Diff(want, h.Runs); d != "" {
		t.Error(d)
	}
	var skipped []string
	for _, s := range h.Skipped {
		skipped = append(skipped, s.File)
	}
	if d := diff.Diff([]string{"cut.jsonl", "dateless", "directory", "empty", "facts.jsonl", "notes.txt", "old.jsonl"}, skipped); d != "" {
		t.Error(d)
	}
	// The last run is compared with the one before it, which is not shown.
	if h, err = compare.ReadHistory(t.Context(), dir, 1); err != nil {
		t.Fatal(err)
	}
	if d := diff.Diff(want[2:], h.Runs); d != "" {
		t.Error(d)
	}
	var doc bytes.Buffer
	if err := h.WriteJSON(&doc); err != nil {
		t.Fatal(err)
	}
	reporttest.Conforms(t, reporttest.Schema(t, "history.schema.json"), doc.Bytes())
	if _, err := compare.ReadHistory(t.Context(), filepath.Join(dir, "none"), 0); err == nil {
		t.Error("a directory that does not exist was read")
	}

	points, left, err := compare.ReadTrend(t.Context(), dir, 2)
	if d := diff.Diff([]compare.TrendPoint{{ID: "two", StartedAt: want[1].StartedAt, P50MS: 70, HasP50: true, Missed: 1},
		{ID: "three", StartedAt: want[2].StartedAt, P50MS: 50, HasP50: true, P99MS: 99, HasP99: true}}, points); d != "" || err != nil {
		t.Error(d, err)
	}
	if len(left) != 6 { // the one that was cut is not among the last two
		t.Errorf("%v", left)
	}
	if points, _, err = compare.ReadTrend(t.Context(), filepath.Join(dir, "none"), 2); points == nil || len(points) > 0 || err != nil {
		t.Errorf("%v, %v", points, err)
	}
}

// What is new and fixed since the run before is what a baseline says, and a trend is
// the history in short.
func TestHistoryAgreesWithBaselines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "history")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		var runs [][]report.Message
		for i := range rapid.IntRange(0, 4).Draw(t, "runs") {
			ms := reporttest.Summarized(t, report.Gate{}, begun(fmt.Sprint("r", i), fmt.Sprintf("2026-01-0%dT00:00:00Z", i+1), drawn(t, "run")...))
			runs = append(runs, ms)
			writeRun(t, dir, fmt.Sprintf("%d.jsonl", 9-i), ms)
		}
		h, err := compare.ReadHistory(t.Context(), dir, 0)
		if err != nil || len(h.Skipped) > 0 || len(h.Runs) != len(runs) {
			t.Fatal(err, h)
		}
		points, _, err := compare.ReadTrend(t.Context(), dir, 10)
		if err != nil || len(points) != len(runs) {
			t.Fatal(err, points)
		}
		for i, r := range h.Runs {
			if p := points[i]; p.ID != r.ID || p.Links != r.Links || p.Missed != r.Missed || p.HasP50 != (r.P50MS != nil) {
				t.Fatalf("%+v, and in the trend %+v", r, p)
			}
			if i == 0 {
				if r.New != nil || r.Fixed != nil {
					t.Fatal("the first run is compared with another")
				}
				continue
			}
			again := reporttest.Summarized(t, report.Gate{}, runs[i], reporttest.BaselineOf(t, runs[i-1]))
			if c := again[len(again)-1].Summary.Baseline; c.New != *r.New || c.Fixed != *r.Fixed {
				t.Fatalf("%d new, %d fixed, want %+v", *r.New, *r.Fixed, c)
			}
		}
	})
}

// TestHostileHistory: nothing in a name or an id acts on a terminal or a spreadsheet.
func TestHostileHistory(t *testing.T) {
	t.Parallel()
	for name, s := range reporttest.Hostile {
		zero := 0
		h := &compare.History{SchemaVersion: report.SchemaVersion, Runs: []compare.HistoryRun{{File: s, ID: s, StartedAt: s, New: &zero, Fixed: &zero}}, Skipped: []compare.Skipped{{File: s, Why: s}}}
		for format, write := range map[string]func(io.Writer) error{
			"table": func(w io.Writer) error { return h.WriteTable(w, 80, false) }, "json": h.WriteJSON, "csv": h.WriteCSV,
		} {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Fatal(err)
			}
			for _, r := range out.String() {
				if r != '\n' && (r != '\r' || format != "csv") && (!unicode.IsGraphic(r) || text.Ignorable(r)) {
					t.Errorf("%s, %s: %U is in the output", format, name, r)
					break
				}
			}
			if format == "csv" {
				rows, err := csv.NewReader(&out).ReadAll()
				if err != nil || len(rows) != 2 || slices.ContainsFunc(rows[1], func(c string) bool { return strings.ContainsAny(c[:min(1, len(c))], "=+-@") }) {
					t.Errorf("%s: %v, %v", name, err, rows)
				}
			}
		}
	}
}

// Probes that took longer make no row of the table wrap: a time in two lines is no time.
func TestHistoryFitsTheTable(t *testing.T) {
	t.Parallel()
	took := func(ms int64) *int64 { return &ms }
	n := func(n int) *int { return &n }
	for _, ms := range []int64{62, 101, 8_200, 13_100} {
		h := &compare.History{Runs: []compare.HistoryRun{{
			StartedAt: "2026-11-30T18:57:10+02:00", Links: report.LinkCounts{Works: 120, Broken: 5, Unknown: 1}, Findings: report.FindingCounts{Fail: 540, Unknown: 31},
			New: n(2), Fixed: n(31), Gaps: 12, P50MS: took(ms), Missed: 5, ExitStatus: 1,
		}}}
		var out strings.Builder
		if err := h.WriteTable(&out, 120, false); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "\n2026-11-30T16:57Z ") {
			t.Errorf("with %d ms:\n%s", ms, out.String())
		}
	}
}
