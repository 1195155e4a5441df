package permission

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/rules/permission/demand"
)

// chosenKey decides a requirement on the keys of source objects where the source's default
// is not KMS: writers choose the key, which is not known. The role is expected to be allowed
// every key of the source's account in its Region, or to be given those that are in use: keys
// that its policies name. It fails where no policy allows it any key at all. Of the keys that
// were not read it is taken for granted that their policies leave their use to the account,
// which the cell names and [Certain] leaves unknown.
func (e *evaluation) chosenKey(r *demand.Requirement, s *side) Cell {
	b := &e.doc.Bucket
	s.account, s.region = b.AccountID, b.Region
	s.in.Resource, s.in.Grants = iam.Policies(e.policies.accountKey(cmp.Or(e.principal.Account, b.AccountID))), logic.False
	owner, known := e.doc.Accounts[b.AccountID]
	var rcps []*Policy
	s.in.RCPs, rcps = e.levels(policy.RCP, owner.RCPs, owner.Management, known && b.AccountID != "", "the list of RCPs over account "+b.AccountID)
	s.policies = append(s.policies, rcps...)
	e.refuse(rcps)

	keys := func(account string) question {
		return question{r.Action, fmt.Sprintf("arn:%s:kms:%s:%s:key/*", e.doc.Partition, b.Region, account), true}
	}
	q := keys(b.AccountID)
	d := e.decide(s, &s.in, q)
	if d.Result == iam.Denied && (d.Reason != iam.ReasonExplicitDeny || d.Witness != "") {
		elsewhere, in := *s, s.in
		elsewhere.account, in.RCPs = "", iam.NotApplicable()
		switch wide := e.decide(&elsewhere, &in, keys("*")); {
		case e.givenKey(r, s):
			d = iam.Decision{Result: iam.Allowed}
		case wide.Result != iam.Denied || wide.Witness != "" || e.letByKey(r):
			d = say("which keys the writers of objects choose is not known, and the role may use only some", iam.Decision{Reason: iam.ReasonUnknown, UnknownLayers: []string{"key"}})
		}
	}
	if d.Result == iam.Allowed && e.certain {
		d = say("the policies of the keys that writers choose were not read", iam.Decision{Reason: iam.ReasonUnknown, UnknownLayers: []string{"key"}})
	}
	c := e.blamed(e.newCell(r, q, d), q, s, &s.in)
	if c.Result == iam.Allowed {
		c.Inferred = append(c.Inferred, "the policies of the keys that writers choose leave their use to account "+b.AccountID)
	}
	if c.Result == iam.Denied && c.Reason != iam.ReasonExplicitDeny {
		c.Remediation = fmt.Sprintf("allow %s in a policy of the role, on the keys that objects of %s are encrypted with", r.Action, b.Name)
	}
	return c
}

// givenKey reports whether the role's policies name a key of the source's account, other than
// that of the replicas, and allow the action on it.
func (e *evaluation) givenKey(r *demand.Requirement, s *side) bool {
	for _, p := range e.rolePolicies {
		if p.kind != policy.Identity {
			continue
		}
		infos := p.infos()
		for i := range infos {
			if infos[i].Effect != statement.Allow || infos[i].NotResource {
				continue
			}
			for _, pattern := range infos[i].Resources {
				f := strings.SplitN(pattern, ":", 6)
				if len(f) < 6 || f[2] != "kms" || pattern == e.link.ReplicaKey || !match.Match(f[3], s.region) || !match.Match(f[4], s.account) {
					continue
				}
				q := question{r.Action, strings.Join([]string{f[0], e.doc.Partition, f[2], s.region, s.account, f[5]}, ":"), strings.ContainsAny(f[5], "*?")}
				if e.decide(s, &s.in, q).Result == iam.Allowed {
					return true
				}
			}
		}
	}
	return false
}

// letByKey reports whether the policy or a grant of a key that was read may let the role do
// the action.
func (e *evaluation) letByKey(r *demand.Requirement) bool {
	for _, id := range slices.Sorted(maps.Keys(e.doc.Keys)) {
		k := e.doc.Keys[id].Value
		if k == nil || k.Region != e.doc.Bucket.Region {
			continue
		}
		s := e.keySide(demand.SourceKey, id, e.doc.Bucket.Name)
		s.in.Grants = e.granted(k, r.Action)
		if result, _ := e.sideResult(&s, &s.in, question{r.Action, k.ARN, false}); result != iam.Denied {
			return true
		}
	}
	return false
}
