// Package public says whether S3 Block Public Access calls a bucket policy public.
package public

import (
	"slices"
	"strings"

	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/literal"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
)

// Status is what S3 Block Public Access makes of a bucket policy.
type Status struct {
	Public    logic.Truth
	Statement int // index of the statement that makes it public, or leaves it open; else -1
}

// Classify says whether S3 Block Public Access calls a bucket policy of these
// statements public: whether an Allow reaches callers that no fixed value narrows
// down. What is neither documented nor recorded is Unknown.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
func Classify(statements []statement.Statement) Status {
	result := Status{logic.False, -1}
	for i := range statements {
		s := &statements[i]
		if s.Effect != statement.Allow {
			continue
		}
		t := reachesAll(s)
		for j := range statements {
			if d := &statements[j]; d.Effect == statement.Deny && t != logic.False {
				t = logic.And(t, logic.Not(cancels(d, s)))
			}
		}
		switch {
		case t == logic.True:
			return Status{logic.True, i}
		case t == logic.Unknown && result.Public == logic.False:
			result = Status{logic.Unknown, i}
		}
	}
	return result
}

// reachesAll reports whether an Allow names everyone and no condition narrows it.
func reachesAll(s *statement.Statement) logic.Truth {
	t := everyone(s)
	for i := range s.Conditions {
		if t == logic.False {
			break
		}
		t = logic.And(t, logic.Not(narrows(s, &s.Conditions[i])))
	}
	return t
}

func everyone(s *statement.Statement) logic.Truth {
	if s.NotPrincipal {
		return logic.Unknown
	}
	t := logic.False
	for i := range s.Principals {
		switch p := &s.Principals[i]; p.Kind {
		case principal.Star, principal.AWSStar:
			return logic.True
		case principal.ProviderEntry:
			if !strings.HasPrefix(p.Text, "arn:") {
				return logic.True // a web identity provider: anyone can have an account there
			}
			t = logic.Unknown
		}
	}
	return t
}

// fixing lists the keys that narrow a policy when they are fixed; true for keys
// that hold ARNs. Recorded, except where AWS's page alone says so.
var fixing = map[string]bool{
	"aws:principalarn":          true,
	"aws:sourcearn":             true,
	"s3:dataaccesspointarn":     true,
	"aws:principalaccount":      false,
	"aws:principalorgid":        false,
	"aws:sourceaccount":         false,
	"aws:sourceorgid":           false,
	"aws:sourcevpc":             false,
	"aws:sourcevpce":            false,
	"aws:userid":                false,
	"s3:dataaccesspointaccount": false,
	"s3:x-amz-server-side-encryption-aws-kms-key-id": false,
}

// unsettled lists keys that limit who calls, of which it is neither documented
// nor recorded whether they narrow.
var unsettled = map[string]bool{
	"aws:principalorgpaths":         true,
	"aws:sourceorgpaths":            true,
	"aws:principalservicename":      true,
	"aws:principalservicenameslist": true,
	"aws:principalisawsservice":     true,
	"aws:principaltype":             true,
	"aws:username":                  true,
	"aws:vpcsourceip":               true,
	"aws:sourcevpcarn":              true,
	"aws:vpceaccount":               true,
	"aws:vpceorgid":                 true,
	"aws:vpceorgpaths":              true,
	"aws:calledvia":                 true,
	"aws:calledviafirst":            true,
	"aws:calledvialast":             true,
	"aws:viaawsservice":             true,
	"aws:federatedprovider":         true,
}

// narrows reports whether a condition of an Allow fixes who can call.
func narrows(s *statement.Statement, c *condition.Condition) logic.Truth {
	arnKey, fixes := fixing[c.Key]
	switch {
	case c.Doubt || unsettled[c.Key] || strings.HasPrefix(c.Key, "aws:principaltag/"):
		return logic.Unknown
	case !fixes && c.Key != "aws:sourceip", c.Negated, c.Op == condition.Null, optional(c) && !requires(s, c.Key):
		return logic.False
	case len(c.Operands) == 0:
		return logic.True // matches no caller
	}
	t := logic.True
	for i := range c.Operands {
		t = logic.And(t, fixed(c, &c.Operands[i], arnKey))
	}
	return t
}

// optional reports whether the condition holds without its key.
func optional(c *condition.Condition) bool { return c.IfExists || c.Set == condition.ForAllValues }

// requires reports whether the statement demands that the key is present.
func requires(s *statement.Statement, key string) bool {
	return slices.ContainsFunc(s.Conditions, func(c condition.Condition) bool {
		return c.Key == key && c.Op == condition.Null && !c.Doubt && c.Null(true) == logic.False
	})
}

// fixed reports whether a value matches few enough callers.
func fixed(c *condition.Condition, o *condition.Operand, arnKey bool) logic.Truth {
	if o.Parts != nil {
		for _, p := range o.Parts {
			if p.Key != "" {
				return logic.False // a variable is never fixed
			}
		}
		return logic.Unknown
	}
	if c.Op != condition.IPAddress && strings.Contains(o.Text, "${") || o.Form != literal.OK {
		return logic.Unknown
	}
	if c.Key == "aws:sourceip" {
		return fixedAddresses(c, o)
	}
	switch c.Op {
	case condition.StringEquals:
		return logic.True // "*" is an ordinary character here
	case condition.StringLike:
		switch {
		case o.Glob.Kind == match.Literal:
			return logic.True
		case c.Key == "aws:userid" && strings.HasPrefix(o.Text, "AROA"):
			return logic.Unknown // AWS's page names AROLEID:* without saying which way
		case arnKey && principal.IsAccount(match.Field(o.Text, 4)) && !strings.ContainsAny(match.Field(o.Text, 0), "*?"):
			return logic.Unknown // recorded for ARN operators only
		}
		return logic.False
	case condition.ARN:
		if !arnKey {
			return logic.Unknown
		}
		return fixedARN(o.Arn)
	}
	return logic.Unknown
}

// fixedARN: wildcards are fine in the Region and the resource when the account is fixed.
func fixedARN(p *match.ARNPattern) logic.Truth {
	wild := func(s string) bool { return strings.ContainsAny(s, "*?") }
	account := match.Field(p.Text, 4)
	switch {
	case p.Any, wild(account):
		return logic.False
	case !wild(p.Text):
		return logic.True
	case !principal.IsAccount(account) || wild(match.Field(p.Text, 1)) || wild(match.Field(p.Text, 2)):
		return logic.Unknown
	}
	return logic.True
}

// fixedAddresses: a block wider than /8 (IPv4) or /32 (IPv6) counts as everyone.
func fixedAddresses(c *condition.Condition, o *condition.Operand) logic.Truth {
	if c.Op != condition.IPAddress {
		return logic.Unknown
	}
	widest := 32
	if o.Prefix.Addr().Is4() {
		widest = 8
	}
	return logic.Of(o.Prefix.Bits() >= widest)
}

// cancels reports whether a Deny takes back what an Allow opens. Recorded are a
// Deny of the same calls for everyone, and one for everyone outside a fixed
// account; a Deny that exempts a caller by name takes nothing back.
func cancels(d, s *statement.Statement) logic.Truth {
	if d.NotPrincipal || everyone(d) == logic.False || apart(d, s) {
		return logic.False
	}
	if everyone(d) != logic.True || !sameCalls(d, s) {
		return logic.Unknown
	}
	switch len(d.Conditions) {
	case 0:
		return logic.True
	case 1:
		c := &d.Conditions[0]
		if c.Op == condition.StringEquals && c.Negated && !c.IfExists && c.Set == condition.NoQualifier && !c.Doubt && c.Key == "aws:sourceaccount" && len(c.Operands) > 0 &&
			!slices.ContainsFunc(c.Operands, func(o condition.Operand) bool { return o.Parts != nil }) {
			return logic.True
		}
	}
	return logic.Unknown
}

// apart reports whether the statements have no action in common.
func apart(d, s *statement.Statement) bool {
	if d.NotAction || s.NotAction {
		return false
	}
	for i := range d.Actions {
		for j := range s.Actions {
			a, b := &d.Actions[i], &s.Actions[j]
			if a.Kind != match.Literal && b.Kind != match.Literal || a.MatchFold(b.Text) || b.MatchFold(a.Text) {
				return false
			}
		}
	}
	return true
}

// sameCalls reports whether both name the same actions and resources.
func sameCalls(d, s *statement.Statement) bool {
	if d.NotAction != s.NotAction || d.NotResource != s.NotResource || len(d.Actions) != len(s.Actions) || len(d.Resources) != len(s.Resources) {
		return false
	}
	for i := range d.Actions {
		if !slices.Contains(s.Actions, d.Actions[i]) {
			return false
		}
	}
	for i := range d.Resources {
		if !slices.ContainsFunc(s.Resources, func(r statement.Resource) bool {
			return r.Tail == nil && d.Resources[i].Tail == nil && r.Text == d.Resources[i].Text && r.State != match.Doubt
		}) {
			return false
		}
	}
	return true
}
