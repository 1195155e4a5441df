package permission

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
	"crosscheck/scanner/fact"
)

// Ask is something that another role than the replication role asks for at one end of a link.
type Ask struct {
	Layer  Layer  // [Source], [Destination] or the key of one
	Action string // "s3:GetObjectVersion"
	Key    string // of an object, "" = the bucket itself
}

// Refusal says in one clause which statement refuses a role what it asks for, as far as the
// facts of a link say: the role's own policies are not among them. It is "" where no
// statement is known to refuse it. A statement that depends on what is not known of the
// request is named with "perhaps".
func Refusal(doc *fact.Document, link *fact.Link, roleARN string, ask Ask, policies *Policies) string {
	caller, err := principal.Parse(roleARN)
	if err != nil {
		return ""
	}
	as := *link
	as.RoleARN = roleARN
	e := evaluation{doc: doc, link: &as, policies: policies, features: featuresOf(doc, link)}
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
	case s.key != nil && s.key.key == nil:
		return ""
	case s.key != nil:
		r.Resource, s.in.Grants = s.key.key.ARN, e.granted(s.key.key, ask.Action)
	case ask.Key != "":
		r.Resource += "/" + ask.Key
	}
	d := explain.Decide(&r, &s.in)
	who := ask.Action + " to the role " + roleARN
	switch {
	case d.Result == iam.Denied && d.Reason == explicitDeny:
		return e.place(s, &d.Deciding[0]) + " denies " + who
	case d.Result == iam.Denied:
		return ask.Action + " is " + d.Message
	case d.Result == iam.Undecided:
		for i := range d.Deciding {
			if d.Deciding[i].Effect == statement.Deny {
				return fmt.Sprintf("perhaps %s denies %s, depending on %s", e.place(s, &d.Deciding[i]), who, strings.Join(d.UnknownKeys, ", "))
			}
		}
	}
	return ""
}

// contextOfOther is what is known of the condition keys of a request of another role: who
// asks, and for what; never how or from where.
func (e *evaluation) contextOfOther(s *side) map[string]contextkey.Value {
	out := map[string]contextkey.Value{}
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			for _, k := range p.keys {
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

// place names a statement as people find it: by its Sid or its number, and the policy that it is in.
func (e *evaluation) place(s *side, st *iam.Statement) string {
	name := "statement " + st.Sid
	if st.Sid == "" {
		name = "the " + ordinal(st.Index+1) + " statement"
	}
	layer, level, _ := strings.Cut(st.Layer, ":")
	switch layer {
	case "scp":
		return name + " of the SCP " + st.Policy + " on " + level
	case "rcp":
		return name + " of the RCP " + st.Policy + " on " + level
	case "boundary":
		return name + " of the permissions boundary " + st.Policy
	case "identity":
		return name + " of the role's policy " + st.Policy
	case "trust":
		return name + " of the role's trust policy"
	case "key":
		return name + " of the policy of the key " + s.key.id
	}
	return name + " of the bucket policy of " + bucketName(s)
}

func bucketName(s *side) string { return s.bucketARN[strings.LastIndexByte(s.bucketARN, ':')+1:] }

// ordinal is a number of a statement in words of people: 1st, 2nd, 3rd, 4th, 11th.
func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n) + suffix
}
