package report_test

import (
	"errors"
	"testing"

	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/scanner/fact"
)

type broken struct {
	report.Discard
	err error
}

func (b broken) Gap(*fact.Gap) error { return b.err }

func (b broken) Close() error { return b.err }

func TestTee(t *testing.T) {
	t.Parallel()
	bad := errors.New("no space left")
	last := reporttest.NewRecorder()
	w := report.Tee(reporttest.NewRecorder(), broken{err: bad}, last)
	if err := w.Gap(&fact.Gap{}); !errors.Is(err, bad) {
		t.Errorf("Write: %v", err)
	}
	if err := w.Close(); !errors.Is(err, bad) {
		t.Errorf("Close: %v", err)
	}
	if len(last.Messages) != 1 || !last.Closed {
		t.Error("a writer behind the one that failed got nothing")
	}
	s := report.Summarize(broken{err: bad}, report.Gate{})
	if err := s.Close(); !errors.Is(err, bad) {
		t.Errorf("Close of the summarizer: %v", err)
	}
}
