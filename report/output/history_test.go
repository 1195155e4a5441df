package output

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"crosscheck/report"
	"crosscheck/report/reporttest"
)

func TestRecord(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "runs")
	errStopped := errors.New("stopped")
	record := func(ms []report.Message, end error) error {
		s := &Set{Outputs: []Output{{Format: "json"}}, Stdout: io.Discard, History: dir}
		_, err := s.Run(func(w report.Writer) error {
			send(t, w, ms)
			return end
		})
		return err
	}
	names := func() (all []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return all
	}
	if err := record(reporttest.Sample(t)[:5], errStopped); !errors.Is(err, errStopped) || len(names()) > 0 {
		t.Errorf("%v: a run that did not end left %v", err, names())
	}
	if err := record(nil, nil); err == nil || len(names()) > 0 {
		t.Errorf("%v: no run left %v", err, names())
	}
	if err := record(reporttest.Sample(t), nil); err != nil {
		t.Fatal(err)
	}
	if d := diff.Diff([]string{"20261124T060000Z-7f3a.jsonl"}, names()); d != "" {
		t.Error(d)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, filepath.Join(dir, names()[0]): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
	kept, err := os.ReadFile(filepath.Join(dir, names()[0]))
	if d := diff.Diff(string(render(t, "jsonl", Options{}, reporttest.Sample(t))), string(kept)); d != "" || err != nil {
		t.Error(d, err)
	}

	// Ids of run files from elsewhere: none leaves the directory, hides, or takes another's place.
	files := map[string]bool{}
	for _, id := range []string{"", "a/b", "ab", "a\\b", "../../etc/passwd", ".", "\x1b[2J", strings.Repeat("x", 300), strings.Repeat("x", 301), "20261124T060000Z-7f3a", "7f3a"} {
		name := fileName(&report.Run{ID: id, StartedAt: "2026-11-24T07:00:00+01:00"})
		if files[name] && id != "7f3a" || name != filepath.Base(name) || strings.HasPrefix(name, ".") || len(name) > 200 || !strings.HasPrefix(name, "20261124T060000Z") {
			t.Errorf("%q is kept as %q", id, name)
		}
		files[name] = true
	}
}
