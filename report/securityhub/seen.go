package securityhub

import (
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/rules/finding"
)

// sightings is what a run looked at: a finding of an earlier run that it does not
// have is gone only if it was looked at again.
type sightings struct {
	report.Discard
	subjects  map[sighted]bool // false: not decided
	links     map[string]bool
	probes    map[string]bool
	resources map[string]bool
	accounts  map[string]bool
}

// sighted is what a finding is about.
type sighted struct{ rule, account, resource, link string }

func newSightings() *sightings {
	return &sightings{subjects: map[sighted]bool{}, links: map[string]bool{}, probes: map[string]bool{}, resources: map[string]bool{}, accounts: map[string]bool{}}
}

func (s *sightings) decided(m map[string]bool, key string, now bool) {
	before, seen := m[key]
	m[key] = now && (before || !seen)
}

// Finding notes what a finding is about.
func (s *sightings) Finding(f *finding.Finding) error {
	at := sighted{f.RuleID, f.AccountID, f.Resource, f.Link}
	before, seen := s.subjects[at]
	s.subjects[at] = (f.Status == finding.Pass || f.Status == finding.Fail || f.Status == finding.NotApplicable) && (before || !seen)
	if strings.Contains(f.Resource, ":s3:::") {
		s.resources[f.Resource], s.accounts[f.AccountID] = true, true
	}
	return nil
}

// Link notes a link.
func (s *sightings) Link(l *finding.Link) error {
	s.decided(s.links, l.ID, l.Verdict == finding.Works || l.Verdict == finding.Broken)
	return nil
}

// Measurement notes a probe.
func (s *sightings) Measurement(m *measure.Measurement) error {
	s.decided(s.probes, m.Link, !m.Undecided())
	return nil
}

// without reports whether the run, of which sent are the Ids, looked again at what
// the fields of a finding tell, and decided it. The rules that are none are those of
// the format asff.
func (s *sightings) without(fields map[string]string, sent map[string]bool) bool {
	at := sighted{fields["crosscheck/Rule"], fields["crosscheck/AccountId"], fields["crosscheck/Resource"], fields["crosscheck/Link"]}
	switch at.rule {
	case "link":
		return s.links[at.link]
	case "probe":
		// Of several probes that differ in nothing, the first has the fingerprint as its Id.
		return s.probes[at.link] && sent["crosscheck/"+fields["crosscheck/Fingerprint"]]
	case "gap":
		if strings.Contains(at.resource, ":s3:::") {
			return s.resources[at.resource]
		}
		return s.accounts[at.account]
	}
	return s.subjects[at]
}
