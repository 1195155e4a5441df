package compare

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/grid"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/wire"
	"crosscheck/report/text"
	"crosscheck/scanner/fact"
)

// History is the runs whose run files are in a directory, by start, each compared
// with the one before it.
type History struct {
	SchemaVersion string       `json:"schema_version"`
	Runs          []HistoryRun `json:"runs"`
	Skipped       []Skipped    `json:"skipped"` // files that are not complete runs, by name
}

// HistoryRun is what a history shows of one run, as it was recorded.
type HistoryRun struct {
	File       string               `json:"file"`
	ID         string               `json:"id"`
	StartedAt  string               `json:"started_at"` // RFC 3339, UTC
	Links      report.LinkCounts    `json:"links"`
	Findings   report.FindingCounts `json:"findings"`
	Gaps       int                  `json:"gaps"`
	ExitStatus int                  `json:"exit_status"`
	Arrived    int                  `json:"arrived"` // probes
	Missed     int                  `json:"missed"`  // probes that failed or did not arrive in time
	P50MS      *int64               `json:"p50_ms"`  // of those that arrived; nil where they are not enough to tell
	P99MS      *int64               `json:"p99_ms"`
	New        *int                 `json:"new"`   // failing findings that the run before did not have; nil for the first
	Fixed      *int                 `json:"fixed"` // failing findings of the run before that are none now
}

// Skipped is a file of a history that is left out.
type Skipped struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// recordedFile is a run file of a folder, by what its first line says.
type recordedFile struct {
	name    string
	run     *report.Run
	written time.Time
}

// runFiles lists the run files of a folder by start. Whatever else is in it, but
// for hidden files (one that is being written is), is skipped.
func runFiles(ctx context.Context, dir string) (files []recordedFile, skipped []Skipped, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, bare(err))
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		run, err := firstLine(ctx, filepath.Join(dir, e.Name()))
		if err != nil {
			skipped = append(skipped, Skipped{e.Name(), err.Error()})
			continue
		}
		f := recordedFile{name: e.Name(), run: run}
		if info, err := e.Info(); err == nil {
			f.written = info.ModTime()
		}
		files = append(files, f)
	}
	slices.SortStableFunc(files, func(a, b recordedFile) int { // those that began in one second by when they were written
		x, _ := time.Parse(time.RFC3339, a.run.StartedAt) // as firstLine did
		y, _ := time.Parse(time.RFC3339, b.run.StartedAt)
		return cmp.Or(x.Compare(y), a.written.Compare(b.written), cmp.Compare(a.run.ID, b.run.ID))
	})
	return files, skipped, nil
}

// firstLine is the run that a run file begins with.
func firstLine(ctx context.Context, path string) (*report.Run, error) {
	f, err := openRegular(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	run, err := report.ReadRun(f)
	if err != nil {
		return nil, err
	}
	if _, err := time.Parse(time.RFC3339, run.StartedAt); err != nil {
		return nil, errors.New("run file: it does not say when the run began")
	}
	return run, nil
}

// openRegular opens a file to be read until the context ends.
func openRegular(ctx context.Context, path string) (io.ReadCloser, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	return untilEnd{f, ctx}, nil
}

type untilEnd struct {
	io.ReadCloser
	ctx context.Context
}

func (f untilEnd) Read(p []byte) (int, error) {
	if err := context.Cause(f.ctx); err != nil {
		return 0, err
	}
	return f.ReadCloser.Read(p)
}

// bare is the error of a path without the path.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// ReadHistory reads the runs of a folder, the last n of them, or all with 0. No run
// is in memory as a whole. What is no whole run is skipped and named.
func ReadHistory(ctx context.Context, dir string, n int) (*History, error) {
	files, skipped, err := runFiles(ctx, dir)
	if err != nil {
		return nil, err
	}
	first := 0 // to be shown; the one before it is read to be compared with
	if n > 0 {
		first = max(0, len(files)-n)
	}
	h := &History{SchemaVersion: report.SchemaVersion, Runs: []HistoryRun{}, Skipped: skipped}
	var before *Baseline
	for i := max(0, first-1); i < len(files); i++ {
		run, b, err := readHistoryRun(ctx, dir, files[i].name, before)
		switch {
		case err != nil:
			h.Skipped = append(h.Skipped, Skipped{files[i].name, err.Error()})
			continue
		case i >= first:
			h.Runs = append(h.Runs, run)
		}
		before = b
	}
	slices.SortFunc(h.Skipped, func(a, b Skipped) int { return cmp.Compare(a.File, b.File) })
	h.Skipped = wire.List(h.Skipped)
	return h, nil
}

func readHistoryRun(ctx context.Context, dir, name string, before *Baseline) (HistoryRun, *Baseline, error) {
	h := HistoryRun{File: name}
	f, err := openRegular(ctx, filepath.Join(dir, name))
	if err != nil {
		return h, nil, err
	}
	defer func() { _ = f.Close() }() // read only
	b := NewBaseline()
	sum := report.Summarize(report.Discard{}, report.Gate{})
	shown := &recordedRun{HistoryRun: h}
	var marked report.Writer = sum
	if before != nil {
		marked = Mark(sum, before)
	}
	if err := cmp.Or(report.Replay(f, report.Tee(b, marked, shown)), marked.Close()); err != nil {
		return h, nil, err
	}
	h = shown.HistoryRun
	if c := sum.Result().Baseline; c != nil && before != nil {
		h.New, h.Fixed = &c.New, &c.Fixed
	}
	h.Arrived, h.Missed = len(shown.probes.arrived), shown.probes.missed
	h.P50MS, h.P99MS = shown.probes.percentile(50), shown.probes.percentile(99)
	return h, b, nil
}

// recordedRun takes what a history shows of a run from its run file.
type recordedRun struct {
	report.Discard
	HistoryRun
	probes latencies
}

func (h *recordedRun) Run(r *report.Run) error {
	h.ID, h.StartedAt = r.ID, r.StartedAt
	return nil
}

func (h *recordedRun) Gap(*fact.Gap) error {
	h.Gaps++
	return nil
}

func (h *recordedRun) Measurement(m *measure.Measurement) error {
	h.probes.add(m)
	return nil
}

func (h *recordedRun) Summary(s *report.Summary) error {
	h.Links, h.Findings, h.ExitStatus = s.Links, s.Findings, s.ExitStatus
	return nil
}

// latencies are those of all probes of a run, of whatever link. A link that is
// broken for long would hide how the others went, so what never arrived is only
// counted.
type latencies struct {
	arrived []measure.Measurement // of one link without a name
	missed  int
}

func (l *latencies) add(m *measure.Measurement) {
	switch m.Outcome {
	case measure.Arrived, measure.Differs:
		l.arrived = append(l.arrived, measure.Measurement{Outcome: m.Outcome, LatencyMS: m.LatencyMS})
	case measure.Failed, measure.Timeout:
		l.missed++
	}
}

// percentile is in milliseconds, nil where there are too few probes to carry it.
func (l *latencies) percentile(p float64) *int64 {
	for _, all := range measure.Group(l.arrived) {
		if d, ok := all.Percentile(p); ok {
			ms := d.Milliseconds()
			return &ms
		}
	}
	return nil
}

// WriteJSON writes the history as one JSON object.
func (h *History) WriteJSON(w io.Writer) error {
	var buf bytes.Buffer
	if err := wire.Encode(&buf, h); err != nil {
		return err
	}
	buf.WriteByte('\n')
	_, err := w.Write(buf.Bytes())
	return err
}

// WriteCSV writes one row for every run, by the same rules as the CSV of a run. A
// cell is empty where nothing is known.
func (h *History) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	err := c.Write([]string{"started_at", "id", "works", "partial", "broken", "unknown", "fail", "new", "fixed", "findings_unknown", "waived", "pass", "gaps", "exit_status", "arrived", "missed", "p50_ms", "p99_ms", "file"})
	for _, r := range h.Runs {
		row := []string{r.StartedAt, r.ID}
		for _, n := range []*int{&r.Links.Works, &r.Links.Partial, &r.Links.Broken, &r.Links.Unknown, &r.Findings.Fail, r.New, r.Fixed, &r.Findings.Unknown, &r.Findings.Waived, &r.Findings.Pass, &r.Gaps, &r.ExitStatus, &r.Arrived, &r.Missed} {
			row = append(row, number(n))
		}
		row = append(row, number(r.P50MS), number(r.P99MS), r.File)
		for i, s := range row {
			row[i] = text.Cell(s)
		}
		err = cmp.Or(err, c.Write(row))
	}
	c.Flush()
	return cmp.Or(err, c.Error())
}

func number[T int | int64](n *T) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(int64(*n), 10)
}

// WriteTable writes the history for a person at a terminal, the last run at the end.
func (h *History) WriteTable(w io.Writer, width int, color bool) error {
	t := grid.New(w, width, color)
	if len(h.Runs) == 0 {
		t.Line("Runs: none")
		return t.Err
	}
	t.Line("Runs: %d. Links that work, are partial, broken or unknown; findings that fail, of them new since the run before, fixed since then, unknown, waived; facts that were not read; latency of probes that arrived, and probes that did not", len(h.Runs))
	g := grid.Grid{Header: []string{"STARTED", "WORKS", "PARTIAL", "BROKEN", "UNKNOWN", "FAIL", "NEW", "FIXED", "UNKNOWN", "WAIVED", "GAPS", "P50", "P99", "MISSED", "EXIT"}}
	for i := range g.Header {
		g.Keep = append(g.Keep, i)
	}
	for _, r := range h.Runs {
		row := []grid.Cell{grid.One(minute(r.StartedAt))}
		for _, n := range []*int{&r.Links.Works, &r.Links.Partial, &r.Links.Broken, &r.Links.Unknown, &r.Findings.Fail, r.New, r.Fixed, &r.Findings.Unknown, &r.Findings.Waived, &r.Gaps} {
			row = append(row, grid.One(number(n)))
		}
		g.Add(append(row, grid.One(took(r.P50MS)), grid.One(took(r.P99MS)), grid.One(number(&r.Missed)), grid.One(strconv.Itoa(r.ExitStatus)))...)
	}
	t.Table(g, 0)
	return t.Err
}

// minute is a time as a table has room for it: without seconds, in UTC.
func minute(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	return t.UTC().Format("2006-01-02T15:04Z")
}

func took(ms *int64) string {
	if ms == nil {
		return ""
	}
	return text.Millis(*ms)
}

// TrendPoint is what a chart over runs shows of one of them.
type TrendPoint struct {
	ID, StartedAt string // of the run; RFC 3339, UTC

	Links report.LinkCounts

	P50MS, P99MS   int64 // milliseconds from PUT to replica, over the probes of all links that arrived
	HasP50, HasP99 bool  // there are probes enough to tell
	Missed         int   // probes that failed or did not arrive in time
}

// ReadTrend reads the last n runs of a folder, without their findings. A folder
// that is not there has none.
func ReadTrend(ctx context.Context, dir string, n int) ([]TrendPoint, []Skipped, error) {
	files, skipped, err := runFiles(ctx, dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return []TrendPoint{}, nil, nil
		}
		return nil, nil, err
	}
	points := []TrendPoint{}
	for _, f := range files[max(0, len(files)-n):] {
		p, err := readTrendPoint(ctx, filepath.Join(dir, f.name), f.run)
		if err != nil {
			skipped = append(skipped, Skipped{f.name, err.Error()})
			continue
		}
		points = append(points, p)
	}
	return points, skipped, nil
}

func readTrendPoint(ctx context.Context, path string, run *report.Run) (TrendPoint, error) {
	f, err := openRegular(ctx, path)
	if err != nil {
		return TrendPoint{}, err
	}
	defer func() { _ = f.Close() }() // read only
	h := &recordedRun{}
	if err := report.ReplayOnly(f, h, "measurement"); err != nil {
		return TrendPoint{}, err
	}
	return trendPoint(run, &h.Links, &h.probes), nil
}

func trendPoint(run *report.Run, links *report.LinkCounts, probes *latencies) TrendPoint {
	p := TrendPoint{ID: run.ID, StartedAt: run.StartedAt, Links: *links, Missed: probes.missed}
	if ms := probes.percentile(50); ms != nil {
		p.P50MS, p.HasP50 = *ms, true
	}
	if ms := probes.percentile(99); ms != nil {
		p.P99MS, p.HasP99 = *ms, true
	}
	return p
}

// Trend is the earlier runs and this one, nil if it was not asked for. A run that
// stands among the earlier ones already, since a report is made of it again, is there
// once.
func Trend(earlier []TrendPoint, r *records.Run) []TrendPoint {
	if earlier == nil {
		return nil
	}
	var probes latencies
	for _, m := range r.Measurements {
		probes.add(m)
	}
	var all []TrendPoint
	for _, p := range earlier {
		if p.ID != r.ID {
			all = append(all, p)
		}
	}
	all = append(all, trendPoint(r.Run, &r.Summary.Links, &probes))
	slices.SortStableFunc(all, func(a, b TrendPoint) int { return cmp.Compare(a.StartedAt, b.StartedAt) })
	return all
}
