package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/flow"
)

// factSource is where facts come from: AWS, a facts file, the sandbox. It calls
// emit from one goroutine: the run first, the coverage last.
type factSource func(ctx context.Context, emit func(fact.Message) error) error

// errStopped tells a source that nobody listens any more.
var errStopped = errors.New("stopped")

// judged is what one message of the facts became.
type judged struct {
	gap    *fact.Gap
	doc    *fact.Document
	result rules.Result
}

// judge evaluates the rules over everything the source tells and writes links,
// findings, gaps and coverage to w. Documents are judged in parallel and kept
// no longer than that. each, where not nil, is called with every document and its
// links, one at a time.
func judge(ctx context.Context, source factSource, engine *rules.Engine, w report.Writer, each func(*fact.Document, []rules.Link)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var (
		run       report.Run
		started   bool // the run stands in the report
		coverage  *fact.Coverage
		sourceErr error
	)
	messages := func(yield func(fact.Message) bool) {
		sourceErr = source(ctx, func(m fact.Message) error {
			switch {
			case m.Run != nil: // before any document, so the writer below sees it
				run = report.Run{
					ID: m.Run.ID, StartedAt: m.Run.StartedAt, Scope: m.Run.Scope,
					Tool: report.Tool{Name: "crosscheck", Version: version},
				}
				return nil
			case m.Coverage != nil:
				coverage = m.Coverage
				return nil
			}
			if !yield(m) {
				return errStopped
			}
			return nil
		})
	}
	evaluate := func(ctx context.Context, m fact.Message) (judged, error) {
		if m.Document == nil {
			engine.Gap(m.Gap)
			return judged{gap: m.Gap}, nil
		}
		result, err := engine.Eval(ctx, m.Document)
		if err != nil {
			cancel()
			return judged{}, err
		}
		return judged{doc: m.Document, result: result}, nil
	}
	begin := func() error {
		if started {
			return nil
		}
		started = true
		return w.Write(report.Message{Run: &run})
	}
	write := func(j judged) error {
		err := begin()
		if j.gap != nil {
			err = errors.Join(err, w.Write(report.Message{Gap: j.gap}))
		}
		if each != nil && j.doc != nil {
			each(j.doc, j.result.Links)
		}
		for i := range j.result.Links {
			err = errors.Join(err, w.Write(report.Message{Link: &j.result.Links[i]}))
		}
		for i := range j.result.Findings {
			err = errors.Join(err, w.Write(report.Message{Finding: &j.result.Findings[i]}))
		}
		if err != nil {
			cancel()
		}
		return err
	}
	mapErr := flow.Map(ctx, runtime.GOMAXPROCS(0), messages, evaluate, write)
	if sourceErr != nil && !errors.Is(sourceErr, errStopped) {
		return sourceErr
	}
	if mapErr != nil {
		return mapErr
	}
	if err := begin(); err != nil {
		return err
	}
	last, err := engine.Finish(ctx)
	if err != nil {
		return err
	}
	if err := write(judged{result: rules.Result{Findings: last}}); err != nil {
		return err
	}
	if coverage != nil {
		if err := w.Write(report.Message{Coverage: coverage}); err != nil {
			return err
		}
	}
	run.FinishedAt = time.Now().UTC().Format(time.RFC3339)
	finished := run
	return w.Write(report.Message{Run: &finished})
}
