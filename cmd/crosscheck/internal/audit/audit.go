// Package audit is the way of a run: facts go to the engine, its links and findings
// past the waivers into a report. An interrupted run can be continued.
package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// Source is where facts come from: AWS, a facts file, the sandbox. It calls emit from
// one goroutine: the run first, the coverage last.
type Source func(ctx context.Context, emit func(fact.Message) error) error

// errStopped ends a source whose facts are not wanted any more.
var errStopped = errors.New("stopped")

// judged is what one message of the facts became.
type judged struct {
	gap    *fact.Gap
	doc    *fact.Document
	result rules.Result
	whole  bool // no gap in doc
}

// Audit judges facts.
type Audit struct {
	Engine  *rules.Engine
	Version string // of crosscheck, for the report

	Repair    bool            // find the changes that mend links which fail
	WhatIf    *WhatIf         // nil, or documents that are judged instead of those of the facts
	Additions func() []string // nil, or gives the elements that AWS answered with so far and that this version does not know

	Calls  func() []report.Calls                // nil, or gives at the end the calls to AWS that were made
	Each   func(*fact.Document, []finding.Link) // nil, or called with every document and its links, one at a time
	Resume *report.Unfinished                   // nil, or the run that is continued
	Keep   func() error                         // nil if the run cannot be continued; else called once the report has the run, with what was taken over from Resume
}

// Run evaluates the rules over all facts of the source and writes links, findings,
// gaps and coverage to w. Documents are judged in parallel and kept no longer than
// that.
func (a *Audit) Run(ctx context.Context, source Source, w report.Handler) error {
	engine := a.Engine
	var mending *repairer
	if a.Repair {
		mending = newRepairer(engine, w)
		defer mending.close()
		w = mending
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	var (
		run       report.Run
		started   bool // the report has the run
		coverage  *fact.Coverage
		sourceErr error
		noted     = elements{}
	)
	messages := func(yield func(fact.Message) bool) {
		sourceErr = source(ctx, func(m fact.Message) error {
			switch {
			case m.Run != nil: // before any document, so write sees it
				run = report.Run{
					ID: m.Run.ID, StartedAt: m.Run.StartedAt, Scope: m.Run.Scope,
					Tool: report.Tool{Name: "crosscheck", Version: a.Version}, Judge: judge(a.Version, engine),
				}
				if a.WhatIf != nil {
					run.With = a.WhatIf.Args()
				}
				if a.Resume == nil {
					return nil
				}
				run.ID, run.StartedAt = a.Resume.Run.ID, a.Resume.Run.StartedAt
				return sameScope(a.Resume.Run.Scope, run.Scope)
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
		doc, result, err := a.judge(ctx, m.Document)
		if err != nil {
			cancel(err)
			return judged{}, err
		}
		return judged{doc: doc, result: result, whole: a.Keep != nil && doc.Whole()}, nil
	}
	begin := func() error {
		if started {
			return nil
		}
		started = true
		err := w.Run(&run)
		if a.Resume != nil && err == nil {
			err = a.Resume.Replay(&restoring{w, engine, noted})
		}
		if a.Keep != nil && err == nil {
			err = a.Keep()
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
		if a.Each != nil && j.doc != nil {
			a.Each(j.doc, j.result.Links)
		}
		for i := range j.result.Links {
			err = errors.Join(err, w.Link(&j.result.Links[i]))
		}
		for i := range j.result.Findings {
			err = errors.Join(err, w.Finding(&j.result.Findings[i]))
		}
		if j.doc != nil && slices.ContainsFunc(j.result.Links, func(l finding.Link) bool { return l.Verdict.Fails() }) {
			err = errors.Join(err, w.Facts(j.doc))
		}
		if j.doc != nil && a.Keep != nil {
			b := &j.doc.Bucket
			err = errors.Join(err, w.Judged(&report.Judged{
				AccountID: b.AccountID, Bucket: b.Name, Links: len(j.result.Links), Whole: j.whole, Kept: j.result.Kept,
				Additions: noted.new(a.Additions)}))
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
	if a.WhatIf != nil {
		if err := a.WhatIf.missing(); err != nil {
			return err
		}
	}
	last, err := engine.Finish(ctx)
	if err != nil {
		return err
	}
	last = append(last, engine.UnusedRequirements(run.Scope)...)
	if coverage != nil && coverage.Buckets.Listed == 0 && run.Scope.Buckets != "" {
		last = append(last, noBucket(run.Scope.Buckets))
	}
	if coverage != nil {
		if f, ok := engine.NothingReplicates(*coverage); ok {
			last = append(last, f)
		}
	}
	if err := write(judged{result: rules.Result{Findings: last}}); err != nil {
		return err
	}
	if mending != nil {
		if err := mending.repair(ctx); err != nil {
			return err
		}
	}
	if coverage != nil {
		all := *coverage
		noted.add(all.Additions)
		all.Additions = slices.Sorted(maps.Keys(noted))
		if err := w.Coverage(&all); err != nil {
			return err
		}
	}
	run.FinishedAt = time.Now().UTC().Format(time.RFC3339)
	if a.Calls != nil {
		run.Calls = a.Calls()
	}
	finished := run
	return w.Run(&finished)
}

// judge judges a document, with those that are given instead of the facts'.
func (a *Audit) judge(ctx context.Context, doc *fact.Document) (*fact.Document, rules.Result, error) {
	if a.WhatIf != nil {
		return a.WhatIf.judge(ctx, a.Engine, doc)
	}
	result, err := a.Engine.Eval(ctx, doc)
	return doc, result, err
}

// restoring gives the engine back what rules about the organization kept of buckets
// that are taken over from the run that is continued.
type restoring struct {
	report.Handler
	engine *rules.Engine
	noted  elements
}

func (r *restoring) Judged(j *report.Judged) error {
	r.noted.add(j.Additions)
	return errors.Join(r.engine.Restore(j.Kept), r.Handler.Judged(j))
}

// elements are those that AWS answered with, that this version does not know, and that
// the report has.
type elements map[string]bool

func (e elements) add(more []string) {
	for _, name := range more {
		e[name] = true
	}
}

// new adds the elements that were met, and gives those that were not there before.
func (e elements) new(met func() []string) (more []string) {
	if met == nil {
		return nil
	}
	for _, name := range met() {
		if !e[name] {
			more = append(more, name)
		}
	}
	e.add(more)
	return more
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

// judge names what judges, so that a run is continued by the same.
func judge(version string, engine *rules.Engine) string { return version + " " + engine.Digest() }

// sameScope refuses to continue a run with another scope.
func sameScope(was, is fact.Scope) error {
	if was.Mode == is.Mode && was.Buckets == is.Buckets && slices.Equal(was.Accounts, is.Accounts) && slices.Equal(was.ExcludeAccounts, is.ExcludeAccounts) {
		return nil
	}
	return usererr.Hint(errors.New("the run to be continued had another scope"), "give --accounts, --exclude-accounts, --account-only and --buckets as then, or begin anew without --resume")
}
