// Package output writes a run to its outputs: it knows which formats there are, opens
// the files they go to, and puts them in place when the run has ended.
package output

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crosscheck/report"
	"crosscheck/report/asff"
	"crosscheck/report/atomicfile"
	"crosscheck/report/compare"
	"crosscheck/report/csv"
	"crosscheck/report/html"
	"crosscheck/report/internal/records"
	"crosscheck/report/json"
	"crosscheck/report/junit"
	"crosscheck/report/markdown"
	"crosscheck/report/ocsf"
	"crosscheck/report/prometheus"
	"crosscheck/report/sarif"
	"crosscheck/report/table"
	"crosscheck/rules/finding"
	"crosscheck/rules/spelling"
)

// Options is what the formats need to know beside the messages.
type Options struct {
	Width   int                      // columns of the table on standard output, 0 = 120; files always have 120
	Color   bool                     // colors in the table on standard output; files never have them
	Rows    int                      // rows of one table before it is cut, 0 = 100
	History []compare.TrendPoint     // earlier runs, for formats that show a trend; they find this run among them. nil = no trend
	Rules   map[string]finding.About // by rule id, for formats that explain rules; a missing one is explained by its findings
	Codes   map[string]string        // what decides each of S3's failure codes, for formats that explain them
}

// format is one of the formats: a report of the whole run, or a stream.
type format struct {
	stream func(io.Writer) report.Writer
	render func(io.Writer, *records.Run, Options) error
	keep   records.Keep // what render needs
}

// formats are all formats by name.
var formats = map[string]format{
	"asff": {keep: records.Keep{Passes: true}, render: func(w io.Writer, r *records.Run, o Options) error {
		return asff.Render(w, r, o.Rules)
	}},
	"csv": {keep: records.Keep{Passes: true}, render: func(w io.Writer, r *records.Run, _ Options) error {
		return csv.Render(w, r)
	}},
	"html": {keep: records.Keep{Checks: true}, render: func(w io.Writer, r *records.Run, o Options) error {
		return html.Render(w, r, html.Options{History: o.History, Rules: o.Rules, Codes: o.Codes})
	}},
	"json": {keep: records.Keep{Passes: true, Checks: true}, render: func(w io.Writer, r *records.Run, _ Options) error {
		return json.Render(w, r)
	}},
	"jsonl": {stream: report.NewRunFile},
	"junit": {keep: records.Keep{Passes: true}, render: func(w io.Writer, r *records.Run, _ Options) error {
		return junit.Render(w, r)
	}},
	"markdown": {render: func(w io.Writer, r *records.Run, _ Options) error {
		return markdown.Render(w, r)
	}},
	"ocsf": {keep: records.Keep{Passes: true}, render: func(w io.Writer, r *records.Run, o Options) error {
		return ocsf.Render(w, r, o.Rules)
	}},
	"prometheus": {keep: records.Keep{Passes: true}, render: func(w io.Writer, r *records.Run, _ Options) error {
		return prometheus.Render(w, r)
	}},
	"sarif": {render: func(w io.Writer, r *records.Run, o Options) error {
		return sarif.Render(w, r, o.Rules)
	}},
	"table": {render: func(w io.Writer, r *records.Run, o Options) error {
		return table.Render(w, r, table.Options{Width: o.Width, Color: o.Color, Rows: o.Rows})
	}},
}

// Formats lists the names that -o takes, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// Output is one -o option.
type Output struct {
	Format string
	Path   string // "" = standard output
}

// extensions are those of files, where they are not the name of their format.
var extensions = map[string]string{".md": "markdown", ".xml": "junit", ".prom": "prometheus", ".txt": "table", ".htm": "html"}

// unknown is the error of a format that there is not, with what was probably meant.
func unknown(format string) error {
	ext := filepath.Ext(format)
	of := cmp.Or(extensions[ext], strings.TrimPrefix(ext, "."))
	switch near := spelling.Nearest(format, Formats()); {
	case ext != "" && slices.Contains(Formats(), of):
		return fmt.Errorf("unknown output format %q: write %s=%[1]s", format, of)
	case near != "":
		return fmt.Errorf("unknown output format %q: did you mean %s? There are %s", format, near, strings.Join(Formats(), ", "))
	}
	return fmt.Errorf("unknown output format %q: use one of %s", format, strings.Join(Formats(), ", "))
}

// ParseOutput reads FORMAT or FORMAT=PATH; the path - is standard output.
func ParseOutput(s string) (Output, error) {
	format, path, given := strings.Cut(s, "=")
	if _, ok := formats[format]; !ok {
		return Output{}, unknown(format)
	}
	if given && path == "" {
		return Output{}, fmt.Errorf("output %q names no file: write %s=PATH, or %s alone for standard output", s, format, format)
	}
	if path == "-" {
		path = ""
	}
	return Output{Format: format, Path: path}, nil
}

// Set is what comes out of a run: its outputs, and what decides its exit status.
//
// A file appears under its name only when the run has ended and all outputs are
// whole; until then it is a temporary file beside it. Formats that need the whole
// run before their first line share one record of it, which is rendered at the end;
// the others are written as the messages come.
type Set struct {
	Outputs  []Output
	Stdout   io.Writer
	Options  Options
	Gate     report.Gate
	Baseline *compare.Baseline // nil, or the run that this one is compared with
	History  string            // directory that keeps the run file, "" = none

	out   outputs
	files []*target
}

// HistoryError says that the directory of Set.History cannot keep a run.
type HistoryError struct{ Err error }

func (e *HistoryError) Error() string { return e.Err.Error() }
func (e *HistoryError) Unwrap() error { return e.Err }

// Run makes the outputs, calls write with a writer that feeds them all, and puts
// them under their names when write has returned without an error. It refuses first
// what cannot be written: a path that is a directory, two outputs to one place.
//
// If write or an output fails, no file is left behind but those that Keep keeps;
// what already went to standard output stays. A Set runs once.
func (s *Set) Run(write func(w report.Writer) error) (report.Summary, error) {
	defer s.abort()
	s.out.attach()
	if err := s.open(); err != nil {
		return report.Summary{}, err
	}
	sum := report.Summarize(&s.out, s.Gate)
	var w report.Writer = sum
	if s.Baseline != nil {
		w = compare.Mark(sum, s.Baseline)
	}
	err := write(w)
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = s.publish()
	}
	return sum.Result(), err
}

// open makes all outputs ready, so that whatever keeps one from being written
// is known before the run starts.
func (s *Set) open() error {
	free := true // standard output
	for _, out := range s.Outputs {
		if _, ok := formats[out.Format]; !ok {
			return unknown(out.Format)
		}
		if out.Path == "" {
			if !free {
				return fmt.Errorf("two outputs go to standard output: give one of them a file, as in -o %s=PATH", out.Format)
			}
			free = false
			s.out.add(out.Format, s.Stdout, s.Options)
			continue
		}
		t, err := create(out, s.Stdout)
		if err != nil {
			return err
		}
		s.files = append(s.files, t)
		if slices.ContainsFunc(s.files[:len(s.files)-1], func(other *target) bool { return other.Path == t.Path }) {
			return fmt.Errorf("two outputs go to %s: give each its own file", out.Path)
		}
		o := s.Options
		o.Width, o.Color = 0, false
		s.out.add(out.Format, t, o)
	}
	if s.History != "" {
		if err := s.record(s.History); err != nil {
			return &HistoryError{err}
		}
	}
	return nil
}

// publish puts the files under their names.
func (s *Set) publish() error {
	var err error
	for _, t := range s.files {
		switch ferr := t.Finish(); {
		case ferr != nil:
			err = errors.Join(err, fmt.Errorf("output %s: %w", t.Path, ferr))
		case t.Path == "":
			err = errors.Join(err, errors.New("the run has no beginning: it was cut, and nothing is kept of it"))
		}
	}
	if err != nil {
		return err
	}
	for _, t := range s.files {
		if cerr := t.Commit(); cerr != nil {
			err = errors.Join(err, fmt.Errorf("output %s: %w", t.Path, cerr))
		}
	}
	return err
}

// Paths are the files of the outputs.
func (s *Set) Paths() []string {
	var paths []string
	for _, out := range s.Outputs {
		if out.Path != "" {
			paths = append(paths, out.Path)
		}
	}
	return paths
}

// abort drops what was not published.
func (s *Set) abort() {
	s.out.abort(slices.ContainsFunc(s.files, func(t *target) bool { return t.Kept() != "" }))
	for _, t := range s.files {
		t.Abort()
	}
}

// outputs writes the formats.
type outputs struct {
	report.Writer                  // to all of writers
	writers       []report.Writer  // those that are written as the messages come, and records
	records       *records.Builder // nil where no format needs it
	documents     []document
	closed        bool
}

// document is a report of the whole run.
type document struct {
	w      io.Writer
	o      Options
	render func(io.Writer, *records.Run, Options) error
}

func (d document) write(r *records.Run) error {
	w := bufio.NewWriterSize(d.w, 1<<16)
	return cmp.Or(d.render(w, r, d.o), w.Flush())
}

func (s *outputs) attach(ws ...report.Writer) {
	s.writers = append(s.writers, ws...)
	s.Writer = report.Tee(s.writers...)
}

// add puts an output of the format into the set.
func (s *outputs) add(name string, w io.Writer, o Options) {
	f := formats[name]
	if f.stream != nil {
		s.attach(f.stream(w))
		return
	}
	if s.records == nil {
		s.records = records.NewBuilder()
		s.attach(s.records)
	}
	s.records.Keep.Passes = s.records.Keep.Passes || f.keep.Passes
	s.records.Keep.Checks = s.records.Keep.Checks || f.keep.Checks
	s.documents = append(s.documents, document{w, o, f.render})
}

// Close finishes every output.
func (s *outputs) Close() error {
	s.closed = true
	return errors.Join(s.render(), s.Writer.Close())
}

// abort drops the outputs of a run that did not end, but keeps what can be had of
// the streams if some are kept.
func (s *outputs) abort(kept bool) {
	if s.records != nil {
		_ = s.records.Close()
	}
	if kept && !s.closed {
		_ = s.Writer.Close() // the run has failed already
	}
}

func (s *outputs) render() error {
	if s.records == nil {
		return nil
	}
	r, err := s.records.Finish()
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range s.documents {
		errs = append(errs, d.write(r))
	}
	return errors.Join(errs...)
}

// Keep keeps the run files from now on, as PATH.partial, also if the run fails: what
// is in them can be continued with [Resume]. They have that name at once, for a
// process that is killed.
func (s *Set) Keep() error {
	for _, t := range s.files {
		if !t.stream {
			continue
		}
		if err := t.KeepAs(t.Path + partial); err != nil {
			return fmt.Errorf("output %s: %w", t.Path, err)
		}
	}
	return nil
}

// partial ends the name of the run file of a run that goes on or did not end.
const partial = ".partial"

// Partial are the run files that were kept of a run that failed.
func (s *Set) Partial() []string {
	var paths []string
	for _, t := range s.files {
		if path := t.Kept(); path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// target is a file that an output goes to.
type target struct {
	*atomicfile.File
	stream bool // a run file
}

func create(out Output, stdout io.Writer) (*target, error) {
	mode := fs.FileMode(0o666) // less the umask
	if out.Format == "jsonl" {
		mode = 0o600 // a run file holds all that was found, for the next run rather than for readers
	}
	if info, err := os.Stat(out.Path); err == nil && isFile(stdout, info) {
		return nil, fmt.Errorf("output %s is also standard output: give it another file", out.Path)
	}
	f, err := atomicfile.Create(out.Path, mode)
	switch {
	case errors.Is(err, atomicfile.ErrDirectory):
		return nil, fmt.Errorf("output %s is a directory: name a file in it, as in -o %s=%s",
			out.Path, out.Format, filepath.Join(out.Path, "crosscheck."+out.Format))
	case errors.Is(err, atomicfile.ErrReadOnly):
		return nil, fmt.Errorf("output %s is read-only: choose another path or make it writable", out.Path)
	case err != nil:
		return nil, fmt.Errorf("output %s cannot be written: %w: check that its folder exists and is writable", out.Path, err)
	}
	return &target{f, formats[out.Format].stream != nil}, nil
}

// isFile reports whether w writes to the file that info describes. Devices are
// left out: a terminal or /dev/null may well be named twice.
func isFile(w io.Writer, info fs.FileInfo) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	own, err := f.Stat()
	return err == nil && own.Mode().IsRegular() && os.SameFile(own, info)
}

// record keeps the run file of the run in a directory, which is made if it is missing,
// beside the outputs. It has the name of when the run began and of its id, and
// appears when all outputs do.
func (s *Set) record(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("history %s cannot be made: %w", dir, withoutPath(err))
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("history %s is no folder", dir)
	}
	f, err := atomicfile.CreateIn(dir, "crosscheck", 0o600)
	if err != nil {
		return fmt.Errorf("history %s cannot be written: %w", dir, err)
	}
	t := &target{File: f}
	s.files = append(s.files, t)
	s.out.attach(&historyFile{dir: dir, to: t}, report.NewRunFile(f))
	return nil
}

// historyFile gives the run file in a history its name, which is that of the run.
type historyFile struct {
	report.Discard
	dir string
	to  *target
}

func (h *historyFile) Run(r *report.Run) error {
	h.to.Path = filepath.Join(h.dir, fileName(r))
	return nil
}

// fileName is that of a run in a history.
func fileName(r *report.Run) string {
	id := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' {
			return c
		}
		return -1
	}, r.ID)
	if id != r.ID || len(id) > 100 { // none of ours, and another may come to the same
		id = id[:min(len(id), 60)] + "-" + finding.Fingerprint(r.ID)
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

// withoutPath is the error of a path without the path.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
