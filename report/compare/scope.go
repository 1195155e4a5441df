package compare

import (
	"cmp"
	"slices"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// subject is what a finding is about.
type subject struct{ rule, account, resource, link string }

func subjectOf(f *finding.Finding) subject {
	return subject{f.RuleID, f.AccountID, f.Resource, f.Link}
}

// observed is what a run is known to have looked at. A finding of an earlier run
// that is missing in this one is fixed only if this one looked again.
type observed struct {
	report.Discard
	scope     fact.Scope // of the earlier run
	sameScope bool
	covered   bool
	whole     bool // all that was listed was read
	judged    bool // links were judged
	accounts  map[string]bool
	gaps      map[string]bool // accounts, "" = the organization
	unread    map[string]bool // buckets
	rules     map[string]bool
	measured  map[string]bool            // links
	chosen    bool                       // only the subjects that are there already are kept
	subjects  map[subject]finding.Status // "" = no finding about it
}

// newObserved is that of a run which is compared with one that has a scope.
func newObserved(before fact.Scope) *observed {
	return &observed{
		scope:    before,
		accounts: map[string]bool{}, gaps: map[string]bool{}, unread: map[string]bool{}, rules: map[string]bool{},
		measured: map[string]bool{}, subjects: map[subject]finding.Status{},
	}
}

func (o *observed) Run(r *report.Run) error {
	was, is := o.scope, r.Scope
	o.sameScope = was.Mode == is.Mode && was.Buckets == is.Buckets &&
		slices.Equal(was.Accounts, is.Accounts) && slices.Equal(was.ExcludeAccounts, is.ExcludeAccounts)
	return nil
}

func (o *observed) Gap(g *fact.Gap) error {
	if bucket := report.BucketOf(g.Resource); bucket != g.Resource && strings.HasSuffix(g.Resource, ":s3:::"+bucket) {
		o.unread[bucket] = true
	} else {
		o.gaps[g.AccountID] = true
	}
	return nil
}

func (o *observed) Link(l *finding.Link) error {
	o.judged = true
	o.accounts[l.Source.AccountID] = true
	return nil
}

func (o *observed) Measurement(m *measure.Measurement) error {
	o.measured[m.Link] = true
	return nil
}

func (o *observed) Finding(f *finding.Finding) error {
	o.accounts[f.AccountID] = true
	o.rules[f.RuleID] = true
	k := subjectOf(f)
	if old, known := o.subjects[k]; (known || !o.chosen) && old != finding.Unknown {
		o.subjects[k] = cmp.Or(f.Status, finding.Unknown)
	}
	return nil
}

func (o *observed) Coverage(c *fact.Coverage) error {
	o.covered, o.whole = true, report.Complete(*c)
	return nil
}

// read reports whether what is missing of a bucket is gone rather than unread.
func (o *observed) read(account, bucket string) bool {
	proofOnly := !o.judged && len(o.measured) > 0
	return o.sameScope && o.covered && !proofOnly && !o.unread[bucket] && !o.gaps[account] && !o.gaps[""] && (o.whole || o.accounts[account])
}

// change is what came of a failing finding whose standing is now another: Fixed,
// Lost, or "" where it fails still.
func (o *observed) change(k subject, now string) string {
	switch now {
	case "fail", "waived":
		return ""
	case "pass":
		return report.Fixed
	case "":
		if o.resolved(k) {
			return report.Fixed
		}
	}
	return report.Lost
}

// resolved reports whether a finding that is missing was decided to be no more.
func (o *observed) resolved(k subject) bool {
	if k.rule == finding.WaiverExpired || k.rule == finding.WaiverUnused {
		return true // the waiver was removed; what it was for appears by itself
	}
	switch o.subjects[k] {
	case "":
	case finding.Unknown:
		return false
	default:
		return true
	}
	switch k.rule {
	case finding.Disagreement, finding.Proof, finding.Objective: // they follow from probing the link
		return o.measured[k.link]
	}
	return o.read(k.account, report.BucketOf(k.resource)) && o.rules[k.rule]
}
