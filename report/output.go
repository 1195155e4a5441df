package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options is what the formats need to know beside the messages.
type Options struct {
	Width   int                 // columns of the table on standard output, 0 = 120; files always have 120
	Color   bool                // colors in the table on standard output; files never have them
	Rows    int                 // rows of one table before it is cut, 0 = 100
	History []TrendPoint        // earlier runs, for formats that show a trend; they find this run among them. nil = no trend
	Rules   map[string]RuleHelp // by rule id, for formats that explain rules; a missing one is explained by its findings
	Codes   map[string]string   // what decides each of S3's failure codes, for formats that explain them
}

// RuleHelp explains a rule, independent of what it found.
type RuleHelp struct {
	Title    string
	Markdown string // what it checks, why, and the fix
	URI      string // absolute address of a page to read
}

// format is one of the formats: a report of the whole run, or a stream.
type format struct {
	render func(io.Writer, *records, Options) error
	stream func(io.Writer, Options) Writer

	passes bool // it shows findings that passed
	checks bool // it shows the permission matrix of links
}

// formats are all formats by name.
var formats = map[string]format{
	"asff":       {render: renderASFF, passes: true},
	"csv":        {render: renderCSV, passes: true},
	"html":       {render: renderHTML, checks: true},
	"json":       {render: renderJSON, passes: true, checks: true},
	"jsonl":      {stream: newRunFile},
	"junit":      {render: renderJUnit, passes: true},
	"markdown":   {render: renderMarkdown},
	"ocsf":       {render: renderOCSF, passes: true},
	"prometheus": {render: renderPrometheus, passes: true},
	"sarif":      {render: renderSARIF},
	"table":      {render: renderTable},
}

// Formats lists the names that -o takes, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// Output is one -o option.
type Output struct {
	Format string
	Path   string // "" = standard output
}

// ParseOutput reads FORMAT or FORMAT=PATH; the path - is standard output.
func ParseOutput(s string) (Output, error) {
	format, path, given := strings.Cut(s, "=")
	if _, ok := formats[format]; !ok {
		return Output{}, fmt.Errorf("unknown output format %q: use one of %s", format, strings.Join(Formats(), ", "))
	}
	if given && path == "" {
		return Output{}, fmt.Errorf("output %q names no file: write %s=PATH, or %s alone for standard output", s, format, format)
	}
	if path == "-" {
		path = ""
	}
	return Output{Format: format, Path: path}, nil
}

// Set is the open outputs of a run. A file appears under its name only when
// Close succeeds for all of them; until then it is a temporary file beside it.
//
// Formats that need the whole run before their first line share one record of it,
// which is rendered at Close; the others are written as the messages come.
type Set struct {
	records   *records // nil where no format needs it
	documents []document
	streams   tee
	files     []*target
	ended     bool // closed or aborted
}

// add puts an output of the format into the set.
func (s *Set) add(name string, w io.Writer, o Options) {
	f := formats[name]
	if f.stream != nil {
		s.streams = append(s.streams, f.stream(w, o))
		return
	}
	if s.records == nil {
		s.records = newRecords()
	}
	s.records.passes = s.records.passes || f.passes
	s.records.checks = s.records.checks || f.checks
	s.documents = append(s.documents, document{w, o, f.render})
}

// Open makes all outputs ready, so that whatever keeps one from being written
// is known before the run starts: a path that cannot be written or is a
// directory, two outputs to one place.
func Open(outputs []Output, stdout io.Writer, o Options) (*Set, error) {
	s := &Set{}
	free := true // standard output
	for _, out := range outputs {
		if _, ok := formats[out.Format]; !ok {
			s.Abort()
			return nil, fmt.Errorf("unknown output format %q: use one of %s", out.Format, strings.Join(Formats(), ", "))
		}
		if out.Path == "" {
			if !free {
				s.Abort()
				return nil, fmt.Errorf("two outputs go to standard output: give one of them a file, as in -o %s=PATH", out.Format)
			}
			free = false
			s.add(out.Format, stdout, o)
			continue
		}
		t, err := create(out, stdout)
		if err != nil {
			s.Abort()
			return nil, err
		}
		if slices.ContainsFunc(s.files, func(other *target) bool { return other.path == t.path }) {
			t.abort()
			s.Abort()
			return nil, fmt.Errorf("two outputs go to %s: give each its own file", out.Path)
		}
		s.files = append(s.files, t)
		fileOptions := o
		fileOptions.Width, fileOptions.Color = 0, false
		s.add(out.Format, t.file, fileOptions)
	}
	return s, nil
}

// Write sends the message to every output.
func (s *Set) Write(m Message) error {
	err := s.streams.Write(m)
	if s.records != nil {
		err = errors.Join(err, s.records.add(m))
	}
	return err
}

// Close finishes every output and puts the files under their names. If one
// output fails, no file is put there.
func (s *Set) Close() error {
	err := errors.Join(s.streams.Close(), s.render())
	for _, t := range s.files {
		err = errors.Join(err, t.finish())
	}
	if err != nil {
		s.Abort()
		return err
	}
	s.ended = true
	for _, t := range s.files {
		err = errors.Join(err, t.publish())
	}
	return err
}

func (s *Set) render() error {
	if s.records == nil {
		return nil
	}
	defer s.records.close()
	if err := s.records.finish(); err != nil {
		return err
	}
	var errs []error
	for _, d := range s.documents {
		if d.o.History != nil {
			d.o.History = s.records.trend(d.o.History)
		}
		errs = append(errs, d.write(s.records))
	}
	return errors.Join(errs...)
}

// Keep makes Abort keep the run files, as PATH.partial, from now on: what is in
// them can be continued with [Resume]. They have that name at once, for a process
// that is killed.
func (s *Set) Keep() error {
	if s.ended {
		return nil
	}
	for _, t := range s.files {
		if !t.stream || t.temp == "" {
			continue
		}
		if err := os.Rename(t.temp, t.path+partial); err != nil {
			return fmt.Errorf("output %s: %w", t.path, err)
		}
		t.temp, t.kept = t.path+partial, true
	}
	return nil
}

// partial ends the name of the run file of a run that goes on or did not end.
const partial = ".partial"

// Partial are the run files that Abort kept.
func (s *Set) Partial() []string {
	var paths []string
	for _, t := range s.files {
		if t.kept {
			paths = append(paths, t.temp)
		}
	}
	return paths
}

// Abort drops the outputs of a run that did not end; no file is left behind but
// what Keep keeps. What already went to standard output stays. After Close it
// does nothing.
func (s *Set) Abort() {
	if s.ended {
		return
	}
	s.ended = true
	if s.records != nil {
		s.records.close()
	}
	if slices.ContainsFunc(s.files, func(t *target) bool { return t.kept }) {
		_ = s.streams.Close() // as much as can be had; the run has failed already
	}
	for _, t := range s.files {
		t.abort()
	}
}

// target is a file on its way to a path.
type target struct {
	file *os.File
	path string // absolute, links resolved; that in a history is known when the run begins
	temp string // "" when path is no regular file (a pipe, a device) and is written directly

	stream bool // a run file
	kept   bool // stays if the run does not end
}

func create(out Output, stdout io.Writer) (*target, error) {
	path, err := filepath.Abs(out.Path)
	if err != nil {
		return nil, fmt.Errorf("output %s: %w", out.Path, err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	mode := fs.FileMode(0o666) // less the umask
	if out.Format == "jsonl" {
		mode = 0o600 // a run file holds all that was found, for the next run rather than for readers
	}
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("output %s is a directory: name a file in it, as in -o %s=%s", out.Path, out.Format, filepath.Join(out.Path, "crosscheck."+out.Format))
	case err == nil && isFile(stdout, info):
		return nil, fmt.Errorf("output %s is also standard output: give it another file", out.Path)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("output cannot be written: %w", err)
		}
		return &target{file: f, path: path}, nil
	case err == nil && info.Mode().Perm()&0o200 == 0:
		return nil, fmt.Errorf("output %s is read-only: choose another path or make it writable", out.Path)
	case err == nil:
		mode = info.Mode().Perm()
	}
	for i := range 1000 {
		temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d-%d", filepath.Base(path), os.Getpid(), i))
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			return &target{file: f, path: path, temp: temp, stream: formats[out.Format].stream != nil}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			var at *fs.PathError
			if errors.As(err, &at) {
				err = at.Err
			}
			return nil, fmt.Errorf("output %s cannot be written: %w: check that its folder exists and is writable", out.Path, err)
		}
	}
	return nil, fmt.Errorf("output %s cannot be written: too many temporary files beside it", out.Path)
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

func (t *target) finish() error {
	if err := t.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return fmt.Errorf("output %s: %w", t.path, err)
	}
	if t.path == "" {
		return errors.New("the run has no beginning: it was cut, and nothing is kept of it")
	}
	return nil
}

func (t *target) publish() error {
	if t.temp == "" {
		return nil
	}
	if err := os.Rename(t.temp, t.path); err != nil {
		_ = os.Remove(t.temp) // the error worth telling is the rename's
		return fmt.Errorf("output %s: %w", t.path, err)
	}
	return nil
}

func (t *target) abort() {
	// Both may have happened already; there is nothing to do about either.
	_ = t.file.Close()
	if t.temp != "" && !t.kept {
		_ = os.Remove(t.temp)
	}
}
