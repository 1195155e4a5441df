package report

import (
	"bufio"
	"bytes"
	"cmp"
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

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// History is the runs whose run files stand in a folder, by start, each held
// against the one before it.
type History struct {
	SchemaVersion string       `json:"schema_version"`
	Runs          []HistoryRun `json:"runs"`
	Skipped       []Skipped    `json:"skipped"` // files that are no whole runs, by name
}

// HistoryRun is what a history shows of one run, as it was recorded.
type HistoryRun struct {
	File       string        `json:"file"`
	ID         string        `json:"id"`
	StartedAt  string        `json:"started_at"` // RFC 3339, UTC
	Links      LinkCounts    `json:"links"`
	Findings   FindingCounts `json:"findings"`
	Gaps       int           `json:"gaps"`
	ExitStatus int           `json:"exit_status"`
	Arrived    int           `json:"arrived"` // probes
	Missed     int           `json:"missed"`  // probes that failed or did not arrive in time
	P50MS      *int64        `json:"p50_ms"`  // of those that arrived; nil where they are not enough to tell
	P99MS      *int64        `json:"p99_ms"`
	New        *int          `json:"new"`   // failing findings that the run before did not have; nil for the first
	Fixed      *int          `json:"fixed"` // failing findings of the run before that are none now
}

// Skipped is a file of a history that is left out.
type Skipped struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// recordedFile is a run file of a folder, by what its first line says.
type recordedFile struct {
	name    string
	run     *Run
	written time.Time
}

// runFiles lists the run files of a folder by start. Whatever else is in it, but
// for hidden files (one that is being written is), is skipped.
func runFiles(dir string) (files []recordedFile, skipped []Skipped, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, bare(err))
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		run, err := firstLine(filepath.Join(dir, e.Name()))
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
func firstLine(path string) (*Run, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	var run *Run
	_, _, err = replay(f, bufio.ScanLines, func(m Message) error {
		run = m.Run
		return io.EOF // one is enough
	})
	switch {
	case !errors.Is(err, io.EOF):
		return nil, err
	case run == nil:
		return nil, errors.New("run file, line 1: it does not begin with the run")
	}
	if _, err := time.Parse(time.RFC3339, run.StartedAt); err != nil {
		return nil, errors.New("run file: it does not say when the run began")
	}
	return run, nil
}

func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	f, err := os.Open(path)
	return f, bare(err)
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
func ReadHistory(dir string, n int) (*History, error) {
	files, skipped, err := runFiles(dir)
	if err != nil {
		return nil, err
	}
	first := 0 // to be shown; the one before it is read to be compared with
	if n > 0 {
		first = max(0, len(files)-n)
	}
	h := &History{SchemaVersion: SchemaVersion, Runs: []HistoryRun{}, Skipped: skipped}
	var before *Baseline
	for i := max(0, first-1); i < len(files); i++ {
		run, b, err := readHistoryRun(dir, files[i].name, before)
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
	h.Skipped = list(h.Skipped)
	return h, nil
}

func readHistoryRun(dir, name string, before *Baseline) (HistoryRun, *Baseline, error) {
	h := HistoryRun{File: name}
	f, err := openRegular(filepath.Join(dir, name))
	if err != nil {
		return h, nil, err
	}
	defer func() { _ = f.Close() }() // read only
	b := NewBaseline()
	sum := Summarize(Discard{}, Gate{})
	shown := &recordedRun{HistoryRun: h}
	var marked Writer = sum
	if before != nil {
		marked = Mark(sum, before)
	}
	if err := cmp.Or(Replay(f, Tee(b, marked, shown)), marked.Close()); err != nil {
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
	Discard
	HistoryRun
	probes latencies
}

func (h *recordedRun) Run(r *Run) error {
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

func (h *recordedRun) Summary(s *Summary) error {
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
	if err := encode(&buf, h); err != nil {
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
	err := c.Write([]string{"started_at", "id", "works", "broken", "unknown", "fail", "new", "fixed", "findings_unknown", "waived", "pass", "gaps", "exit_status", "arrived", "missed", "p50_ms", "p99_ms", "file"})
	for _, r := range h.Runs {
		row := []string{r.StartedAt, r.ID}
		for _, n := range []*int{&r.Links.Works, &r.Links.Broken, &r.Links.Unknown, &r.Findings.Fail, r.New, r.Fixed, &r.Findings.Unknown, &r.Findings.Waived, &r.Findings.Pass, &r.Gaps, &r.ExitStatus, &r.Arrived, &r.Missed} {
			row = append(row, number(n))
		}
		row = append(row, number(r.P50MS), number(r.P99MS), r.File)
		for i, s := range row {
			row[i] = inert(cut(visible(s), maxCSVCell))
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
func (h *History) WriteTable(w io.Writer, o Options) error {
	twwidth.SetEastAsian(false) // as in renderTable
	t := &table{w: &trimmer{w: w}, width: max(cmp.Or(o.Width, defaultWidth), minWidth), color: o.Color}
	if len(h.Runs) == 0 {
		t.line("Runs: none")
		return t.err
	}
	t.line("Runs: %d. Links that work, are broken or unknown; findings that fail, of them new since the run before, fixed since then, unknown, waived; facts that were not read; latency of probes that arrived, and probes that did not", len(h.Runs))
	g := grid{header: []string{"STARTED", "WORKS", "BROKEN", "UNKNOWN", "FAIL", "NEW", "FIXED", "UNKNOWN", "WAIVED", "GAPS", "P50", "P99", "MISSED", "EXIT"}}
	for i := range g.header {
		g.keep = append(g.keep, i)
	}
	for _, r := range h.Runs {
		row := []cell{one(r.StartedAt)}
		for _, n := range []*int{&r.Links.Works, &r.Links.Broken, &r.Links.Unknown, &r.Findings.Fail, r.New, r.Fixed, &r.Findings.Unknown, &r.Findings.Waived, &r.Gaps} {
			row = append(row, one(number(n)))
		}
		g.add(append(row, one(took(r.P50MS)), one(took(r.P99MS)), one(number(&r.Missed)), one(strconv.Itoa(r.ExitStatus)))...)
	}
	t.grid(g, 0)
	return t.err
}

func took(ms *int64) string {
	if ms == nil {
		return ""
	}
	return millis(*ms)
}

// TrendPoint is what a chart over runs shows of one of them.
type TrendPoint struct {
	ID, StartedAt string // of the run; RFC 3339, UTC

	Works, Broken, Unknown int // links

	P50MS, P99MS   int64 // milliseconds from PUT to replica, over the probes of all links that arrived
	HasP50, HasP99 bool  // there are probes enough to tell
	Missed         int   // probes that failed or did not arrive in time
}

// ReadTrend reads the last n runs of a folder, without their findings. A folder
// that is not there has none.
func ReadTrend(dir string, n int) ([]TrendPoint, []Skipped, error) {
	files, skipped, err := runFiles(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return []TrendPoint{}, nil, nil
		}
		return nil, nil, err
	}
	points := []TrendPoint{}
	for _, f := range files[max(0, len(files)-n):] {
		p, err := readTrendPoint(filepath.Join(dir, f.name), f.run)
		if err != nil {
			skipped = append(skipped, Skipped{f.name, err.Error()})
			continue
		}
		points = append(points, p)
	}
	return points, skipped, nil
}

// readTrendPoint looks at those lines of a run file that it needs.
func readTrendPoint(path string, run *Run) (TrendPoint, error) {
	f, err := openRegular(path)
	if err != nil {
		return TrendPoint{}, err
	}
	defer func() { _ = f.Close() }() // read only
	var (
		sum    *Summary
		probes latencies
	)
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 0, 1<<16), maxLine)
	for n := 1; in.Scan(); n++ {
		if !bytes.HasPrefix(in.Bytes(), []byte(`{"measurement":`)) && !bytes.HasPrefix(in.Bytes(), []byte(`{"summary":`)) {
			continue
		}
		m, err := readLine(in.Bytes(), false)
		if err != nil {
			return TrendPoint{}, fmt.Errorf("run file, line %d: %w", n, err)
		}
		if m.Measurement != nil {
			probes.add(m.Measurement)
		}
		sum = m.Summary
	}
	switch {
	case in.Err() != nil:
		return TrendPoint{}, fmt.Errorf("run file: %w", in.Err())
	case sum == nil:
		return TrendPoint{}, errors.New("run file: it ends without a summary: the run was interrupted or the file was cut")
	}
	return trendPoint(run, sum, &probes), nil
}

func trendPoint(run *Run, sum *Summary, probes *latencies) TrendPoint {
	p := TrendPoint{ID: run.ID, StartedAt: run.StartedAt, Works: sum.Links.Works, Broken: sum.Links.Broken, Unknown: sum.Links.Unknown, Missed: probes.missed}
	if ms := probes.percentile(50); ms != nil {
		p.P50MS, p.HasP50 = *ms, true
	}
	if ms := probes.percentile(99); ms != nil {
		p.P99MS, p.HasP99 = *ms, true
	}
	return p
}

// trend is the earlier runs and this one. A run that stands among the earlier ones
// already, since a report is made of it again, is there once.
func (r *records) trend(earlier []TrendPoint) []TrendPoint {
	var probes latencies
	for _, m := range r.measurements {
		probes.add(m)
	}
	var all []TrendPoint
	for _, p := range earlier {
		if p.ID != r.run.ID {
			all = append(all, p)
		}
	}
	all = append(all, trendPoint(r.run, r.summary, &probes))
	slices.SortStableFunc(all, func(a, b TrendPoint) int { return cmp.Compare(a.StartedAt, b.StartedAt) })
	return all
}

// record keeps the run file of the run in a directory, which is made if it is missing,
// beside the outputs. It has the name of when the run began and of its id, and
// appears when all outputs do.
func (s *Set) record(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("history %s cannot be made: %w", dir, bare(err))
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("history %s is no folder", dir)
	}
	f, err := os.CreateTemp(dir, ".crosscheck-*") // 0600, hidden
	if err != nil {
		return fmt.Errorf("history %s cannot be written: %w", dir, bare(err))
	}
	t := &target{file: f, temp: f.Name()}
	s.files = append(s.files, t)
	s.out.tee = append(s.out.tee, &historyFile{dir: dir, to: t}, newRunFile(f, Options{}))
	return nil
}

// historyFile gives the run file in a history its name, which is that of the run.
type historyFile struct {
	Discard
	dir string
	to  *target
}

func (h *historyFile) Run(r *Run) error {
	h.to.path = filepath.Join(h.dir, fileName(r))
	return nil
}

// fileName is that of a run in a history.
func fileName(r *Run) string {
	id := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' {
			return c
		}
		return -1
	}, r.ID)
	if id != r.ID || len(id) > 100 { // none of ours, and another may come to the same
		id = id[:min(len(id), 60)] + "-" + digest(r.ID)
	}
	stamp := "unknown"
	if t, err := time.Parse(time.RFC3339, r.StartedAt); err == nil {
		stamp = t.UTC().Format("20060102T150405Z")
	}
	if strings.HasPrefix(id, stamp) {
		return id + ".jsonl"
	}
	return stamp + "-" + id + ".jsonl"
}
