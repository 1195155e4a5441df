package output

import (
	"bytes"
	"crosscheck/report"
	"crosscheck/report/reporttest"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseOutput(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Output{
		"table":          {Format: "table"},
		"json=-":         {Format: "json"},
		"json=out.json":  {"json", "out.json"},
		"sarif=a=b.json": {"sarif", "a=b.json"},
	} {
		if got, err := ParseOutput(in); err != nil || got != want {
			t.Errorf("ParseOutput(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"":           `unknown output format ""`,
		"yaml":       `unknown output format "yaml": use one of `,
		"JSON":       `unknown output format "JSON"`,
		"=x":         `unknown output format ""`,
		"json=":      "names no file",
		"table =x":   "unknown output format",
		"\x1b[31m=x": `unknown output format "\x1b[31m"`,
	} {
		if _, err := ParseOutput(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseOutput(%q): %v, want %q", in, err, want)
		}
	}
}

// names lists the files of a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range es {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func send(t *testing.T, w report.Writer, ms []report.Message) {
	t.Helper()
	for _, m := range ms {
		if err := m.Send(w); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenWritesEveryFormatInOneRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	outputs := []Output{{Format: "table"}}
	want := map[string][]byte{}
	for _, f := range Formats() {
		outputs = append(outputs, Output{f, filepath.Join(dir, "report."+f)})
		want["report."+f] = render(t, f, Options{}, reporttest.Sample(t))
	}
	var stdout bytes.Buffer
	s := &Set{Outputs: outputs, Stdout: &stdout, Options: Options{Width: 80, Color: true}}
	if _, err := s.Run(func(w report.Writer) error {
		send(t, w, reporttest.Sample(t))
		for name := range want {
			if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is there before the run ended", name)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		if read(t, filepath.Join(dir, name)) != string(w) {
			t.Errorf("%s differs (colors or the terminal's width in a file?)", name)
		}
	}
	if !bytes.Equal(stdout.Bytes(), render(t, "table", Options{Width: 80, Color: true}, reporttest.Sample(t))) {
		t.Error("the table on standard output differs")
	}
	if n := len(strings.Fields(names(t, dir))); n != len(want) {
		t.Errorf("left over: %s", names(t, dir))
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(sub, link); err != nil {
		t.Fatal(err)
	}
	readonly := filepath.Join(dir, "readonly.json")
	write(t, readonly, "old")
	if err := os.Chmod(readonly, 0o444); err != nil {
		t.Fatal(err)
	}
	stdout, err := os.Create(filepath.Join(sub, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	before := names(t, dir) + names(t, sub)

	file := filepath.Join(dir, "out")
	for _, c := range []struct {
		name    string
		outputs []Output
		want    string
	}{
		{"directory", []Output{{"json", sub}}, "is a directory"},
		{"directory through a link", []Output{{"json", link}}, "is a directory"},
		{"no such folder", []Output{{"json", filepath.Join(dir, "none", "x.json")}}, "check that its folder exists"},
		{"a file for a folder", []Output{{"json", filepath.Join(readonly, "x.json")}}, "cannot be written"},
		{"read-only", []Output{{"json", readonly}}, "read-only"},
		{"standard output twice", []Output{{Format: "json"}, {Format: "table"}}, "two outputs go to standard output"},
		{"one file twice", []Output{{"json", file}, {"sarif", file}}, "two outputs go to"},
		{"one file twice, spelt otherwise", []Output{{"json", file}, {"sarif", filepath.Join(dir, "sub", "..", "out")}}, "two outputs go to"},
		{"one file twice, through a link", []Output{{"json", filepath.Join(sub, "x")}, {"sarif", filepath.Join(link, "x")}}, "two outputs go to"},
		{"where standard output already goes", []Output{{"json", filepath.Join(sub, "stdout")}}, "is also standard output"},
		{"unknown format", []Output{{"json", file}, {Format: "yaml"}}, "unknown output format"},
		{"the last of many", []Output{{"json", file}, {Format: "table"}, {"sarif", sub}}, "is a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Set{Outputs: c.outputs, Stdout: stdout}
			if _, err := s.Run(func(report.Writer) error {
				t.Error("it ran")
				return nil
			}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if after := names(t, dir) + names(t, sub); after != before {
				t.Errorf("left behind: %s", after)
			}
		})
	}
	if read(t, readonly) != "old" {
		t.Error("the read-only file was written")
	}
}

func TestAFailedRunLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out.json")
	write(t, path, "old")
	stopped := errors.New("stopped")
	s := &Set{Outputs: []Output{{"json", path}, {"sarif", filepath.Join(dir, "out.sarif")}}, Stdout: io.Discard}
	if _, err := s.Run(func(w report.Writer) error {
		send(t, w, reporttest.Sample(t))
		return stopped
	}); !errors.Is(err, stopped) {
		t.Error(err)
	}
	if got := names(t, dir); got != "out.json" || read(t, path) != "old" {
		t.Errorf("files %s, old file %q", got, read(t, path))
	}
}

// One output that fails takes the others with it: a folder never holds reports
// of which some are of this run and some of the last.
func TestCloseIsAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out.json")
	write(t, path, "old")
	s := &Set{Outputs: []Output{{Format: "table"}, {"json", path}}, Stdout: failing{}}
	if _, err := s.Run(func(w report.Writer) error {
		send(t, w, reporttest.Sample(t))
		return nil
	}); err == nil || !strings.Contains(err.Error(), "broken pipe") {
		t.Errorf("Run: %v", err)
	}
	if got := names(t, dir); got != "out.json" || read(t, path) != "old" {
		t.Errorf("files %s, old file %q", got, read(t, path))
	}
	// A run without its beginning gives no report either.
	s = &Set{Outputs: []Output{{"json", path}}, Stdout: io.Discard}
	if _, err := s.Run(func(w report.Writer) error {
		send(t, w, reporttest.Sample(t)[1:3])
		return nil
	}); err == nil {
		t.Error("a cut run was closed as if it were whole")
	}
	if got := names(t, dir); got != "out.json" || read(t, path) != "old" {
		t.Errorf("files %s, old file %q", got, read(t, path))
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// Every format passes on that its output cannot be written.
func TestWriteErrorsAreReported(t *testing.T) {
	t.Parallel()
	for format := range formats {
		for _, limit := range []int{0, 1, 500} {
			w := writer(format, &short{n: limit}, Options{})
			var err error
			for _, m := range reporttest.Sample(t) {
				err = errors.Join(err, m.Send(w))
			}
			if err = errors.Join(err, w.Close()); err == nil {
				t.Errorf("%s: no error after %d bytes", format, limit)
			}
		}
	}
}

// short takes n bytes and then fails.
type short struct{ n int }

func (s *short) Write(p []byte) (int, error) {
	if len(p) > s.n {
		n := s.n
		s.n = 0
		return n, errors.New("no space left on device")
	}
	s.n -= len(p)
	return len(p), nil
}

func TestFileModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept := filepath.Join(dir, "kept.json")
	write(t, kept, "old")
	if err := os.Chmod(kept, 0o640); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "target.json")
	write(t, target, "old")
	link := filepath.Join(dir, "link.json")
	if err := os.Symlink("target.json", link); err != nil {
		t.Fatal(err)
	}
	s := &Set{Outputs: []Output{{"jsonl", filepath.Join(dir, "run.jsonl")}, {"json", kept}, {"json", link}, {"json", os.DevNull}}, Stdout: io.Discard}
	if _, err := s.Run(func(w report.Writer) error {
		send(t, w, reporttest.Sample(t))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"run.jsonl": 0o600, "kept.json": 0o640} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	if read(t, target) == "old" {
		t.Error("the file behind the link was not written")
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatalf("%s is no longer a device: %v", os.DevNull, err)
	}
}

func ExampleFormats() {
	fmt.Println(Formats())
	// Output: [asff csv html json jsonl junit markdown ocsf prometheus sarif table]
}
