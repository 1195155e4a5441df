package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/rules/finding"
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
	whole  bool // no gap in doc
}

// judging is what becomes of facts.
type judging struct {
	engine *rules.Engine
	w      report.Writer

	calls  func() []report.Calls                // nil, or tells at the end which calls to AWS were made
	each   func(*fact.Document, []finding.Link) // nil, or called with every document and its links, one at a time
	resume *report.Unfinished                   // nil, or the run that is continued
	begun  func() error                         // nil where the run cannot be continued, or called once it stands in the report with what is taken over from resume
}

// judge evaluates the rules over everything the source tells and writes links,
// findings, gaps and coverage to the writer. Documents are judged in parallel and
// kept no longer than that.
func (g *judging) judge(ctx context.Context, source factSource) error {
	engine, w := g.engine, g.w
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

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
				if g.begun != nil {
					run.Judge = judgeOf(engine)
				}
				if g.resume == nil {
					return nil
				}
				run.ID, run.StartedAt = g.resume.Run.ID, g.resume.Run.StartedAt
				return sameScope(g.resume.Run.Scope, run.Scope)
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
			cancel(err)
			return judged{}, err
		}
		return judged{doc: m.Document, result: result, whole: g.begun != nil && m.Document.Whole()}, nil
	}
	begin := func() error {
		if started {
			return nil
		}
		started = true
		err := w.Run(&run)
		if g.resume != nil && err == nil {
			err = g.resume.Replay(&restoring{w, engine})
		}
		if g.begun != nil && err == nil {
			err = g.begun()
		}
		return err
	}
	write := func(j judged) error {
		if err := begin(); err != nil {
			cancel(err)
			return err
		}
		var err error
		if j.gap != nil {
			err = errors.Join(err, w.Gap(j.gap))
		}
		if g.each != nil && j.doc != nil {
			g.each(j.doc, j.result.Links)
		}
		for i := range j.result.Links {
			err = errors.Join(err, w.Link(&j.result.Links[i]))
		}
		for i := range j.result.Findings {
			err = errors.Join(err, w.Finding(&j.result.Findings[i]))
		}
		if j.doc != nil && g.begun != nil {
			b := &j.doc.Bucket
			err = errors.Join(err, w.Judged(&report.Judged{
				AccountID: b.AccountID, Bucket: b.Name, Links: len(j.result.Links), Whole: j.whole, Kept: j.result.Kept}))
		}
		if err != nil {
			cancel(err) // the source says why it stopped: for this, not because it was interrupted
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
	last = append(last, engine.UnusedRequirements(run.Scope)...)
	if coverage != nil && coverage.Buckets.Listed == 0 && run.Scope.Buckets != "" {
		last = append(last, noBucket(run.Scope.Buckets))
	}
	if err := write(judged{result: rules.Result{Findings: last}}); err != nil {
		return err
	}
	if coverage != nil {
		if err := w.Coverage(coverage); err != nil {
			return err
		}
	}
	run.FinishedAt = time.Now().UTC().Format(time.RFC3339)
	if g.calls != nil {
		run.Calls = g.calls()
	}
	finished := run
	return w.Run(&finished)
}

// restoring gives the engine back what rules about the organization kept of buckets
// that are taken over from the run that is continued.
type restoring struct {
	report.Writer
	engine *rules.Engine
}

func (r *restoring) Judged(j *report.Judged) error {
	return errors.Join(r.engine.Restore(j.Kept), r.Writer.Judged(j))
}

// noBucket says that no bucket matches the pattern of the scope. What it was meant
// for is unknown: it may be misspelled.
func noBucket(pattern string) finding.Finding {
	f := finding.New(finding.NoBucket, finding.Unknown)
	f.Resource, f.Evidence = pattern, map[string]any{"pattern": pattern}
	f.Message = fmt.Sprintf("no bucket that was listed matches %q (--buckets, scan.buckets), so nothing was judged", pattern)
	f.Fingerprint = finding.Fingerprint(finding.NoBucket, pattern)
	return f
}

// judgeOf names what judges, so that a run is continued by the same.
func judgeOf(engine *rules.Engine) string { return version + " " + engine.Digest() }

// sameScope refuses to continue a run with another scope.
func sameScope(was, is fact.Scope) error {
	if was.Mode == is.Mode && was.Buckets == is.Buckets && slices.Equal(was.Accounts, is.Accounts) && slices.Equal(was.ExcludeAccounts, is.ExcludeAccounts) {
		return nil
	}
	return usererr.Hint(errors.New("the run to be continued had another scope"), "give --accounts, --exclude-accounts, --account-only and --buckets as then, or begin anew without --resume")
}
