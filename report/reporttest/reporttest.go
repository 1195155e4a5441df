// Package reporttest helps to test what makes or takes the messages of a run.
package reporttest

import (
	"testing"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Each is a writer that calls f for every message.
type Each func(report.Message) error

func (f Each) Run(v *report.Run) error                  { return f(report.Message{Run: v}) }
func (f Each) Link(v *finding.Link) error               { return f(report.Message{Link: v}) }
func (f Each) Finding(v *finding.Finding) error         { return f(report.Message{Finding: v}) }
func (f Each) Measurement(v *measure.Measurement) error { return f(report.Message{Measurement: v}) }
func (f Each) Gap(v *fact.Gap) error                    { return f(report.Message{Gap: v}) }
func (f Each) Facts(v *fact.Document) error             { return f(report.Message{Facts: v}) }
func (f Each) Judged(v *report.Judged) error            { return f(report.Message{Judged: v}) }
func (f Each) Repairs(v *finding.Repairs) error         { return f(report.Message{Repairs: v}) }
func (f Each) Coverage(v *fact.Coverage) error          { return f(report.Message{Coverage: v}) }
func (f Each) Past(v *report.Past) error                { return f(report.Message{Past: v}) }
func (f Each) Summary(v *report.Summary) error          { return f(report.Message{Summary: v}) }
func (f Each) Close() error                             { return nil }

// Send gives messages to a handler, until one is refused.
func Send(h report.Handler, messages ...report.Message) error {
	for _, m := range messages {
		if err := m.Send(h); err != nil {
			return err
		}
	}
	return nil
}

// Recorder keeps the messages that it gets.
type Recorder struct {
	Each
	Messages []report.Message
	Closed   bool
}

// NewRecorder is an empty one.
func NewRecorder() *Recorder {
	r := &Recorder{}
	r.Each = func(m report.Message) error {
		r.Messages = append(r.Messages, m)
		return nil
	}
	return r
}

// Close notes that it was closed.
func (r *Recorder) Close() error {
	r.Closed = true
	return nil
}

// Sequential leaves a test out with -short, as make race has it: what it checks is texts,
// files or refusals, and what of it runs concurrently, other tests run too.
func Sequential(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("make race: nothing of this runs concurrently that other tests do not run")
	}
}
