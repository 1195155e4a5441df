package iam

import (
	"slices"
	"strings"
)

// Publicness is what S3 Block Public Access makes of a bucket policy.
type Publicness struct {
	Public    Truth
	Statement int // index of the statement that makes it public, or leaves it open; else -1
}

// Classify says whether S3 Block Public Access calls the policy of the bucket
// public: whether an Allow reaches callers that no fixed value narrows down.
// What is neither documented nor recorded is Unknown, as is a document that S3
// would not store.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
func Classify(bucket string, p *Policy) Publicness {
	if p == nil || p.kind != BucketPolicy || p.bucket != "" && p.bucket != bucket {
		return Publicness{Unknown, -1}
	}
	return p.public
}

// classify is computed once, when the policy is parsed.
func classify(p *Policy) Publicness {
	if p.invalid {
		return Publicness{Unknown, -1}
	}
	result := Publicness{False, -1}
	for i := range p.statements {
		s := &p.statements[i]
		if s.effect != Allow {
			continue
		}
		t := reachesAll(s)
		for j := range p.statements {
			if d := &p.statements[j]; d.effect == Deny && t != False {
				t = and(t, not(cancels(d, s)))
			}
		}
		switch {
		case t == True:
			return Publicness{True, i}
		case t == Unknown && result.Public == False:
			result = Publicness{Unknown, i}
		}
	}
	return result
}

// reachesAll reports whether an Allow names everyone and no condition narrows it.
func reachesAll(s *statement) Truth {
	t := everyone(s)
	for i := range s.conditions {
		if t == False {
			break
		}
		t = and(t, not(narrows(s, &s.conditions[i])))
	}
	return t
}

func everyone(s *statement) Truth {
	if s.notPrincipal {
		return Unknown
	}
	t := False
	for i := range s.principals {
		switch p := &s.principals[i]; p.kind {
		case principalStar, principalAWSStar:
			return True
		case principalProvider:
			if !strings.HasPrefix(p.text, "arn:") {
				return True // a web identity provider: anyone can have an account there
			}
			t = Unknown
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
func narrows(s *statement, c *condition) Truth {
	arnKey, fixes := fixing[c.key]
	switch {
	case c.doubt || unsettled[c.key] || strings.HasPrefix(c.key, "aws:principaltag/"):
		return Unknown
	case !fixes && c.key != "aws:sourceip", c.negated, c.op == opNull, c.optional() && !requires(s, c.key):
		return False
	case len(c.operands) == 0:
		return True // matches nobody
	}
	t := True
	for i := range c.operands {
		t = and(t, fixed(c, &c.operands[i], arnKey))
	}
	return t
}

// optional reports whether the condition holds without its key.
func (c *condition) optional() bool { return c.ifExists || c.set == setAll }

// requires reports whether the statement demands that the key is present.
func requires(s *statement, key string) bool {
	return slices.ContainsFunc(s.conditions, func(c condition) bool {
		return c.key == key && c.op == opNull && !c.doubt && c.null(true) == False
	})
}

// fixed reports whether a value stands for few enough callers.
func fixed(c *condition, o *operand, arnKey bool) Truth {
	if o.parts != nil {
		for _, p := range o.parts {
			if p.key != "" {
				return False // a variable is never fixed
			}
		}
		return Unknown
	}
	if c.op != opIP && strings.Contains(o.text, "${") || o.form != formOK {
		return Unknown
	}
	if c.key == "aws:sourceip" {
		return fixedAddresses(c, o)
	}
	switch c.op {
	case opString:
		return True // "*" is an ordinary character here
	case opLike:
		switch {
		case o.glob.kind == globLiteral:
			return True
		case c.key == "aws:userid" && strings.HasPrefix(o.text, "AROA"):
			return Unknown // AWS's page names AROLEID:* without saying which way
		case arnKey && isAccount(arnField(o.text, 4)) && !strings.ContainsAny(arnField(o.text, 0), "*?"):
			return Unknown // recorded for ARN operators only
		}
		return False
	case opArn:
		if !arnKey {
			return Unknown
		}
		return fixedARN(o.arn)
	}
	return Unknown
}

// fixedARN: wildcards may stand in the Region and the resource when the account is fixed.
func fixedARN(p *arnPattern) Truth {
	wild := func(s string) bool { return strings.ContainsAny(s, "*?") }
	account := arnField(p.text, 4)
	switch {
	case p.any, wild(account):
		return False
	case !wild(p.text):
		return True
	case !isAccount(account) || wild(arnField(p.text, 1)) || wild(arnField(p.text, 2)):
		return Unknown
	}
	return True
}

// fixedAddresses: a block wider than /8 (IPv4) or /32 (IPv6) counts as everyone.
func fixedAddresses(c *condition, o *operand) Truth {
	if c.op != opIP {
		return Unknown
	}
	widest := 32
	if o.prefix.Addr().Is4() {
		widest = 8
	}
	return truth(o.prefix.Bits() >= widest)
}

// cancels reports whether a Deny takes back what an Allow opens. Recorded are a
// Deny of the same calls for everyone, and one for everyone outside a fixed
// account; a Deny that spares somebody by name takes nothing back.
func cancels(d, s *statement) Truth {
	if d.notPrincipal || everyone(d) == False || apart(d, s) {
		return False
	}
	if everyone(d) != True || !sameCalls(d, s) {
		return Unknown
	}
	switch len(d.conditions) {
	case 0:
		return True
	case 1:
		c := &d.conditions[0]
		if c.op == opString && c.negated && !c.ifExists && c.set == setNone && !c.doubt && c.key == "aws:sourceaccount" && len(c.operands) > 0 &&
			!slices.ContainsFunc(c.operands, func(o operand) bool { return o.parts != nil }) {
			return True
		}
	}
	return Unknown
}

// apart reports whether the statements have no action in common.
func apart(d, s *statement) bool {
	if d.notAction || s.notAction {
		return false
	}
	for i := range d.actions {
		for j := range s.actions {
			a, b := &d.actions[i], &s.actions[j]
			if a.kind != globLiteral && b.kind != globLiteral || a.matchFold(b.text) || b.matchFold(a.text) {
				return false
			}
		}
	}
	return true
}

// sameCalls reports whether both name the same actions and resources.
func sameCalls(d, s *statement) bool {
	if d.notAction != s.notAction || d.notResource != s.notResource || len(d.actions) != len(s.actions) || len(d.resources) != len(s.resources) {
		return false
	}
	for i := range d.actions {
		if !slices.Contains(s.actions, d.actions[i]) {
			return false
		}
	}
	for i := range d.resources {
		if !slices.ContainsFunc(s.resources, func(r resource) bool {
			return r.tail == nil && d.resources[i].tail == nil && r.text == d.resources[i].text && r.state != arnDoubt
		}) {
			return false
		}
	}
	return true
}
