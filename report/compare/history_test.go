package compare_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/reporttest"
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
	h, err := compare.ReadHistory(dir, 0)
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
