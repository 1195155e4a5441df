package fix

import (
	"context"
	"slices"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Scope chooses the links and findings that are mended. The others are judged too, so that none
// gets worse.
type Scope struct {
	Link    func(id string) bool        // whether a link is mended; nil = all are
	Finding func(*finding.Finding) bool // whether a finding is mended although it does not break a link; nil = none is
}

// Within is [Find] for the links and findings of the scope. It mends the findings that break a
// link or keep the destination from reading its replicas, and the findings that the scope asks
// for. left are the other findings on links of the scope that could be mended.
func Within(ctx context.Context, scope Scope, docs []*fact.Document, judge Judge) (r finding.Repairs, left []finding.Finding, err error) {
	f := newFinder(docs, judge, sources)
	f.scope = &scope
	if r, err = f.find(ctx); err != nil {
		return r, nil, err
	}
	for _, s := range f.subjects {
		for _, x := range s.before.findings {
			if f.left[x.Fingerprint] {
				left = append(left, x)
			}
		}
	}
	return r, left, nil
}

// advice are the rules whose findings keep no object from arriving, no replica from being read and
// no policy from being stored: the rule or a policy could be better than it is.
var advice = []string{"XC033", "XC034", "XC037", "XC043", "XC044", "XC045", "XC047", "XC058", "XC060"}

// within reports whether what is wanted is in the scope. What mends that which fails only since the
// changes were made always is.
func (f *finder) within(s *subject, w *want) bool {
	if f.scope == nil || slices.ContainsFunc(w.findings, s.fresh) {
		return true
	}
	if ask := f.scope.Finding; ask != nil && slices.ContainsFunc(s.before.findings, func(x finding.Finding) bool {
		return slices.Contains(w.findings, x.Fingerprint) && ask(&x)
	}) {
		return true
	}
	if f.scope.Link != nil && !f.scope.Link(w.link) {
		return false
	}
	if l := linkOf(s.before, w.link); !w.advice && (l == nil || l.Verdict != finding.Works || l.Why != "") {
		return true
	}
	for _, print := range w.findings {
		f.left[print] = f.left[print] || w.decision == ""
	}
	return false
}

// fresh reports whether a finding fails that did not before all changes, and that many links which
// work do not have.
func (s *subject) fresh(print string) bool {
	fails := func(x finding.Finding) bool { return x.Fingerprint == print && x.Status == finding.Fail }
	i := slices.IndexFunc(s.now.findings, fails)
	return i >= 0 && s.now.findings[i].Severity != finding.Info && !slices.ContainsFunc(s.before.findings, fails)
}
