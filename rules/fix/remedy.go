package fix

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/overlay"
	"crosscheck/scanner/fact"
)

// failure is a finding on a link that fails, for which something may be wanted.
type failure struct {
	*state
	*finding.Finding
	link        *fact.Link
	destination *fact.Bucket // nil where it is not known or does not exist
}

// remedy gives what mends a failing finding of one rule: nothing where rights mend it, or
// where it is advice alone.
type remedy func(*failure) []want

// remedies are those of the rules that find more than missing rights, by their ids.
var remedies map[string]remedy

func init() {
	remedies = map[string]remedy{}
	for _, list := range []map[string]remedy{settingRemedies, ruleRemedies, documentRemedies, excessRemedies} {
		maps.Copy(remedies, list)
	}
}

// mend is the source for findings that need more than a missing right.
func mend(s *state) []want {
	var list []want
	for i := range s.findings {
		f := &failure{state: s, Finding: &s.findings[i]}
		ask := remedies[f.RuleID]
		if ask == nil || f.Link == "" || f.Status != finding.Fail && !contested(f.Finding) {
			continue
		}
		if f.link = s.link(f.Link); f.link == nil {
			continue
		}
		f.destination = s.doc.Buckets[f.link.Destination].Value
		for _, w := range ask(f) {
			w.advice = slices.Contains(advice, f.RuleID)
			list = append(list, w)
		}
	}
	return list
}

// contested reports whether a finding says of known facts that AWS leaves open what they do:
// its evidence names them.
func contested(f *finding.Finding) bool {
	return f.RuleID == "XC003" && f.Status == finding.Unknown && f.Evidence["owner"] != nil
}

// want is something about the link of the finding.
func (f *failure) want(t finding.Target) want {
	return want{Target: t, link: f.Link, findings: []string{f.Fingerprint}}
}

// set wants a value of a setting, whatever it is now.
func (f *failure) set(t finding.Target, value, summary string) []want {
	now, ok := overlay.Value(f.doc, t)
	if !ok {
		return nil
	}
	w := f.want(t)
	w.edit = &edit{Edit: finding.Edit{Operation: finding.Set, Statement: -1, Values: []string{value}, Instead: now, Summary: summary}}
	return []want{w}
}

// decide leaves a decision to a person.
func (f *failure) decide(t finding.Target, format string, args ...any) []want {
	w := f.want(t)
	w.decision = fmt.Sprintf(format, args...)
	return []want{w}
}

// onBucket is a target of a bucket.
func onBucket(kind finding.Kind, b *fact.Bucket) finding.Target {
	return finding.Target{Kind: kind, AccountID: b.AccountID, Region: b.Region, Resource: b.ARN}
}

// onKey is a target of a key.
func onKey(kind finding.Kind, k *fact.Key) finding.Target {
	return finding.Target{Kind: kind, AccountID: k.AccountID, Region: k.Region, Resource: k.ARN}
}

// usableKey is the key that the destination encrypts with by default, if replicas may be
// under it: a key of the account and the Region of the destination that is enabled; nil
// where the facts have none.
func (f *failure) usableKey() *fact.Key {
	if f.destination == nil || f.destination.Encryption.Value == nil {
		return nil
	}
	id := f.destination.Encryption.Value.KeyID
	for name, k := range f.doc.Keys {
		if k.Value == nil || id == "" || !slices.Contains([]string{name, k.Value.ARN, k.Value.ARN[strings.LastIndexByte(k.Value.ARN, '/')+1:]}, id) {
			continue
		}
		if v := k.Value; v.AccountID == f.destination.AccountID && v.Region == f.destination.Region && v.State == "Enabled" &&
			v.Manager == "CUSTOMER" && v.Spec == "SYMMETRIC_DEFAULT" && v.Usage == "ENCRYPT_DECRYPT" {
			return v
		}
	}
	return nil
}
