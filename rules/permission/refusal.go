package permission

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// Ask is something that another role than the replication role asks for at one end of a link.
type Ask struct {
	Layer  demand.Layer // [Source], [Destination] or the key of one
	Action string       // "s3:GetObjectVersion"
	Key    string       // of an object, "" = the bucket itself; of layer [demand.Trust] the ARN of what IAM is asked about
}

// Refused says why a role does not get what it asks for.
type Refused struct {
	Clause string // which statement refuses it; "" where none is known to
	Layer  string // of the statement that denies it, as in an [iam.Statement]; "" where none does
}

// Refusal says which statement refuses a role what it asks for, as far as the facts of a link
// say: the role's own policies are not among them. A statement that depends on what is not
// known of the request is named with "perhaps".
func Refusal(doc *fact.Document, link *fact.Link, roleARN string, ask Ask, policies *Policies) Refused {
	caller, err := principal.Parse(roleARN)
	if err != nil {
		return Refused{}
	}
	as := *link
	as.RoleARN = roleARN
	e := evaluation{subject: subject{doc: doc, link: &as, policies: policies}, Features: demand.FeaturesOf(doc, link)}
	e.principal = caller
	e.identity, e.boundary = iam.NotRead("role"), iam.NotRead("role")
	account, known := doc.Accounts[caller.Account]
	e.principal.InManagementAccount = known && account.Management
	e.scps, e.rolePolicies = e.levels(policy.SCP, account.SCPs, account.Management, known, "scps")
	s := e.sideOf(ask.Layer)
	r := iam.Request{
		Principal: e.principal, Action: ask.Action, Resource: s.bucketARN, ResourceAccount: s.account, Context: e.contextOfOther(s),
	}
	switch {
	case ask.Layer == demand.Trust: // IAM has no policies of its resources that refuse a read
		*s = side{layer: demand.Trust, in: e.roleInput(), account: caller.Account}
		s.in.Resource, s.in.RCPs, s.in.Grants, s.in.RestrictPublicBuckets = iam.Policies(), iam.NotApplicable(), logic.False, logic.False
		r.Resource, r.ResourceAccount = ask.Key, caller.Account
	case s.key != nil && s.key.key == nil:
		return Refused{}
	case s.key != nil:
		r.Resource, s.in.Grants = s.key.key.ARN, e.granted(s.key.key, ask.Action)
	case ask.Key != "":
		r.Resource += "/" + ask.Key
	}
	d := explain.Decide(&r, &s.in)
	who := ask.Action + " to the role " + roleARN
	switch {
	case d.Result == iam.Denied && d.Reason == iam.ReasonExplicitDeny:
		return Refused{explain.Place(&r, &d.Deciding[0]) + " denies " + who, d.Deciding[0].Layer}
	case d.Result == iam.Denied:
		return Refused{Clause: who + " is refused: " + d.Message}
	case d.Result == iam.Undecided:
		for i := range d.Deciding {
			if d.Deciding[i].Effect == statement.Deny {
				clause := fmt.Sprintf("perhaps %s denies %s, depending on %s", explain.Place(&r, &d.Deciding[i]), who, strings.Join(d.UnknownKeys, ", "))
				return Refused{clause, d.Deciding[i].Layer}
			}
		}
	}
	return Refused{}
}

// contextOfOther is what is known of the condition keys of a request of another role: who
// asks, and for what; never how or from where.
func (e *evaluation) contextOfOther(s *side) map[string]contextkey.Value {
	out := map[string]contextkey.Value{}
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			for _, k := range p.Keys {
				out[k] = contextkey.Value{}
				if strings.HasPrefix(k, "aws:principal") || slices.Contains(keysOfResource, k) {
					out[k] = e.value(s, "", k, 0)
				}
			}
		}
	}
	return out
}

// keysOfResource are the condition keys that say what is asked for.
var keysOfResource = []string{"aws:resourceaccount", "s3:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "aws:requestedregion"}
