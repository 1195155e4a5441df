// Package fix finds the changes that mend the findings of links, and proves each by
// judging the links again with them. It never changes anything itself.
package fix

import (
	"cmp"
	"context"
	"slices"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/holders"
	"crosscheck/rules/fix/overlay"
	"crosscheck/rules/fix/shared"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// Judge judges one document: the verdicts on its links and the findings of all rules. It
// must judge alike whatever it judged before.
type Judge func(context.Context, *fact.Document) ([]finding.Link, []finding.Finding, error)

// maxRounds bounds how often a document is judged before its changes are proven: a change
// may show what was hidden behind the fault that it mends.
const maxRounds = 6

// Find gives the changes that mend the findings of documents, merged over all of them, each
// proven by judging the documents with all changes. What no change can be proven for is a
// decision that a person must take. The order of the documents makes no difference.
func Find(ctx context.Context, docs []*fact.Document, judge Judge) (finding.Repairs, error) {
	return newFinder(docs, judge, sources).find(ctx)
}

// find does what [Find] does.
func (f *finder) find(ctx context.Context) (finding.Repairs, error) {
	for range maxRounds {
		for range maxRounds {
			more, err := f.round(ctx)
			if err != nil {
				return finding.Repairs{}, err
			}
			if !more {
				break
			}
		}
		f.prune()
		if err := f.prove(ctx); err != nil {
			return finding.Repairs{}, err
		}
		if len(f.retry) == 0 {
			break
		}
		for _, t := range f.retry { // for which something else may be found
			f.changed(t)
		}
		f.retry = nil
	}
	if err := f.needless(ctx); err != nil {
		return finding.Repairs{}, err
	}
	f.settle()
	return f.repairs(), nil
}

// finder finds the changes to some documents.
type finder struct {
	judge    Judge
	sources  []source
	policies *permission.Policies
	subjects []*subject
	plans    map[finding.Target]*plan
	scope    *Scope                    // nil = all
	left     map[string]bool           // fingerprints of findings that could be mended and are not in the scope
	of       map[string][]*plan        // of a resource, by its ARN
	users    map[string][]*subject     // of a resource, by its ARN
	holders  map[string]*holders.Roles // a managed policy, by its ARN
	retry    []finding.Target          // of which a change was taken out
}

// subject is a document and what it was judged to be.
type subject struct {
	doc         *fact.Document
	resources   []string          // ARNs of its roles, buckets and keys
	before, now *state            // nil before the first judgement
	stale       bool              // a plan of its resources changed since the last judgement
	open        decisions         // of the last round that asked about it
	words       map[string]string // of decisions as they were first said, by fingerprint
	harmed      map[string]bool   // links that changes for others made worse, in this round
	dropped     []dropped         // steps for which there was no proof
	unproven    decisions
}

func newFinder(docs []*fact.Document, judge Judge, sources []source) *finder {
	f := &finder{
		judge: judge, sources: sources, policies: permission.NewPolicies(), plans: map[finding.Target]*plan{}, of: map[string][]*plan{},
		users: map[string][]*subject{}, left: map[string]bool{}, holders: holders.Of(docs),
	}
	for _, doc := range docs {
		s := &subject{doc: doc, resources: shared.Resources(doc), stale: true, open: decisions{}, unproven: decisions{}, words: map[string]string{}}
		f.subjects = append(f.subjects, s)
	}
	slices.SortStableFunc(f.subjects, func(a, b *subject) int {
		return cmp.Or(cmp.Compare(a.doc.Bucket.ARN, b.doc.Bucket.ARN), cmp.Compare(a.doc.Bucket.AccountID, b.doc.Bucket.AccountID))
	})
	for _, s := range f.subjects {
		for _, r := range s.resources {
			f.users[r] = append(f.users[r], s)
		}
	}
	return f
}

// round judges the documents that changed and asks all sources; it is false where nothing new
// is wanted. All documents are judged before any change of the round is made, so that each
// says what it needs from the policies that they share.
func (f *finder) round(ctx context.Context) (more bool, err error) {
	var looked []*subject
	for _, s := range f.subjects {
		if !s.stale {
			continue
		}
		if err := f.look(ctx, s); err != nil {
			return false, err
		}
		looked = append(looked, s)
	}
	for _, s := range looked {
		if err := f.harm(ctx, s); err != nil {
			return false, err
		}
	}
	for _, s := range looked {
		s.open = decisions{}
		for _, ask := range f.sources {
			for _, w := range ask(s.now) {
				if !s.harmed[w.link] && f.within(s, &w) {
					more = f.add(s, &w) || more
				}
			}
		}
		s.now.matrices = nil // they are large
	}
	return more, nil
}

// look judges a document with all changes so far.
func (f *finder) look(ctx context.Context, s *subject) error {
	doc, _, err := f.overlay(s).Apply(s.doc)
	if err != nil {
		return err
	}
	links, findings, err := f.judge(ctx, doc)
	if err != nil {
		return err
	}
	// Of what holds or does not apply nothing is wanted.
	findings = slices.DeleteFunc(slices.Clone(findings), func(x finding.Finding) bool { return x.Status == finding.Pass || x.Status == finding.NotApplicable })
	s.now, s.stale = &state{doc: doc, links: links, findings: findings, policies: f.policies, origins: map[finding.Target][]int{}}, false
	for _, p := range f.plansOf(s) {
		if p.Kind.Document() && len(p.steps) > 0 {
			s.now.origins[p.Target] = p.origins()
		}
	}
	if s.before == nil {
		s.before = s.now
	}
	return nil
}

// overlay are the changes so far to what a document refers to.
func (f *finder) overlay(s *subject) overlay.Overlay {
	o := overlay.Overlay{}
	for _, p := range f.plansOf(s) {
		o[p.Target] = p.after
	}
	return o
}

// add does what is wanted; false where it is done already, or cannot be done.
func (f *finder) add(s *subject, w *want) bool {
	switch {
	case w.decision != "":
		s.decide(w, w.decision)
		return false
	case w.grant != nil:
		return f.place(s, w)
	}
	p := f.planOf(s, w.Target)
	if p == nil {
		return false
	}
	before := p.after
	did, err := p.add(w)
	if err != nil {
		s.decide(w, "the change that is needed cannot be made: "+err.Error())
		return false
	}
	if p.after != before {
		f.changed(w.Target)
	}
	return did
}

// planOf is the plan of a target, a new one where there is none; nil where the document does
// not have the target.
func (f *finder) planOf(s *subject, t finding.Target) *plan {
	if p := f.plans[t]; p != nil {
		return p
	}
	text, ok := overlay.Value(s.doc, t)
	if !ok {
		return nil
	}
	p := &plan{Target: t, before: text, after: text, holders: f.holders[t.Resource]}
	f.plans[t] = p
	f.of[t.Resource] = append(f.of[t.Resource], p)
	return p
}

// changed marks the documents that a target is in.
func (f *finder) changed(t finding.Target) {
	for _, s := range f.users[t.Resource] {
		s.stale = true
	}
}

// decide notes what a person must decide, in the words in which it was first said: those of
// later rounds name policies as they would be.
func (s *subject) decide(w *want, text string) {
	for _, print := range w.findings {
		if s.words[print] == "" {
			s.words[print] = text
		}
		text = s.words[print]
	}
	s.open.add(w.Target, w.link, text, w.findings...)
}

// decisions are what a person must decide, each once.
type decisions map[decisionKey]*finding.Decision

type decisionKey struct {
	target     finding.Target
	link, text string
}

func (d decisions) add(t finding.Target, link, text string, findings ...string) {
	k := decisionKey{t, link, text}
	if d[k] == nil {
		d[k] = &finding.Decision{Target: t, Link: link, Text: text, Findings: []string{}}
	}
	for _, x := range findings {
		if i, ok := slices.BinarySearch(d[k].Findings, x); !ok {
			d[k].Findings = slices.Insert(d[k].Findings, i, x)
		}
	}
}
