package compare

import (
	"slices"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Subject is what a finding is about. Findings with different fingerprints may be
// about one subject.
type Subject struct{ Rule, AccountID, Resource, Link string }

// Observed is what a run looked at. It takes the messages of the run, in any order.
// A finding of an earlier run that this one does not have is resolved only if
// [Observed.Decided] says so of its subject: a run that says nothing about a subject
// may not have looked.
type Observed struct {
	report.Discard
	before    *fact.Scope // of the earlier run; nil = not known
	sameScope bool
	covered   bool
	whole     bool // all that was listed was read
	judged    bool // links were judged
	accounts  map[string]bool
	gaps      map[string]bool // accounts, "" = the organization
	unread    map[string]bool // names of buckets
	rules     map[string]bool
	probes    map[string]bool  // by link: all of them were decided
	subjects  map[Subject]seen // of findings
	chosen    bool             // only the subjects that are there already are kept, and no others are asked for
	links     map[string]bool  // by id: the verdict was decided; not kept if chosen
	buckets   map[string]bool  // ARNs that findings are about; not kept if chosen
}

// seen says whether findings about a subject were seen, and whether all of them
// were decided.
type seen struct{ any, open bool }

// Observe makes an [Observed] of a run that is compared with an earlier one of the
// scope before, nil if that is not known.
func Observe(before *fact.Scope) *Observed {
	return &Observed{
		before:   before,
		accounts: map[string]bool{}, gaps: map[string]bool{}, unread: map[string]bool{}, rules: map[string]bool{},
		probes: map[string]bool{}, subjects: map[Subject]seen{}, links: map[string]bool{}, buckets: map[string]bool{},
	}
}

// Run notes the scope.
func (o *Observed) Run(r *report.Run) error {
	if was, is := o.before, r.Scope; was != nil {
		o.sameScope = was.Mode == is.Mode && was.Buckets == is.Buckets &&
			slices.Equal(was.Accounts, is.Accounts) && slices.Equal(was.ExcludeAccounts, is.ExcludeAccounts)
	}
	return nil
}

// Gap notes which bucket or account was not read.
func (o *Observed) Gap(g *fact.Gap) error {
	if isBucket(g.Resource) {
		o.unread[report.BucketOf(g.Resource)] = true
	} else {
		o.gaps[g.AccountID] = true
	}
	return nil
}

// Link notes a link and whether its verdict was decided.
func (o *Observed) Link(l *finding.Link) error {
	o.judged = true
	o.accounts[l.Source.AccountID] = true
	if !o.chosen {
		note(o.links, l.ID, l.Verdict == finding.Works || l.Verdict.Fails())
	}
	return nil
}

// Measurement notes a probe and whether it was decided.
func (o *Observed) Measurement(m *measure.Measurement) error {
	note(o.probes, m.Link, !m.Undecided())
	return nil
}

// Finding notes what a finding is about and whether it was decided. A status that is
// not known decides nothing.
func (o *Observed) Finding(f *finding.Finding) error {
	o.accounts[f.AccountID] = true
	o.rules[f.RuleID] = true
	if !o.chosen && isBucket(f.Resource) {
		o.buckets[f.Resource] = true
	}
	s := subjectOf(f)
	if old, known := o.subjects[s]; known || !o.chosen {
		decided := f.Status == finding.Pass || f.Status == finding.Fail || f.Status == finding.NotApplicable
		o.subjects[s] = seen{any: true, open: old.open || !decided}
	}
	return nil
}

// Coverage notes whether all that was listed was read.
func (o *Observed) Coverage(c *fact.Coverage) error {
	o.covered, o.whole = true, report.Complete(*c)
	return nil
}

// Decided reports whether the run, which has ended and lacks some finding about a
// subject, looked at that subject again and decided it.
func (o *Observed) Decided(s Subject) bool {
	if about := o.subjects[s]; about.any {
		return !about.open
	}
	bucket := report.BucketOf(s.Resource)
	switch s.Rule {
	case finding.LinkWorks:
		if decided, judged := o.links[s.Link]; judged {
			return decided
		}
		return o.read(s.AccountID, bucket)
	case finding.ProbeShows, finding.Proof:
		return o.probes[s.Link]
	case finding.Disagreement: // of what was judged and what was probed
		return o.judged && o.probes[s.Link]
	case finding.FactRead:
		if isBucket(s.Resource) {
			return o.reached(s.AccountID, bucket) && o.buckets[s.Resource]
		}
		return o.reached(s.AccountID, bucket) && o.accounts[s.AccountID] && s.AccountID != ""
	case finding.WaiverExpired, finding.WaiverUnused: // the waiver was removed
		return o.read(s.AccountID, bucket)
	}
	return o.read(s.AccountID, bucket) && o.rules[s.Rule]
}

// reached reports whether an account and a bucket in it have no gap in a run that
// read the settings of buckets.
func (o *Observed) reached(account, bucket string) bool {
	probedOnly := !o.judged && len(o.probes) > 0
	return o.covered && !probedOnly && !o.unread[bucket] && !o.gaps[account] && !o.gaps[""]
}

// read reports whether what is missing of a bucket is gone rather than unread.
func (o *Observed) read(account, bucket string) bool {
	return o.sameScope && o.reached(account, bucket) && (o.whole || o.accounts[account])
}

// change is what came of a failing finding whose standing is now another: Fixed,
// Lost, or "" where it fails still.
func (o *Observed) change(s Subject, now standing) string {
	switch now {
	case fails, waived:
		return ""
	case passes:
		return report.Fixed
	case absent:
		if o.Decided(s) {
			return report.Fixed
		}
	}
	return report.Lost
}

func subjectOf(f *finding.Finding) Subject {
	return Subject{f.RuleID, f.AccountID, f.Resource, f.Link}
}

func subjectOfPast(p *report.Past) Subject {
	return Subject{p.RuleID, p.AccountID, p.Resource, p.Link}
}

// note keeps whether all that was noted for a key was decided.
func note(m map[string]bool, key string, decided bool) {
	before, known := m[key]
	m[key] = decided && (before || !known)
}

func isBucket(arn string) bool {
	bucket := report.BucketOf(arn)
	return bucket != arn && strings.HasSuffix(arn, ":s3:::"+bucket)
}
