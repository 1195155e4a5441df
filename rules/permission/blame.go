package permission

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/rules/permission/demand"
)

// blamed adds to a cell that is not allowed which side is to blame, the role's or
// the resource's, and the change that it needs. Within one account either side may
// grant, so there the resource is only to blame for an explicit Deny.
func (e *evaluation) blamed(c Cell, q question, s *side, in *iam.Input) Cell {
	if c.Result == iam.Allowed {
		return c
	}
	mine, theirs := *in, *in
	mine.Resource, mine.RCPs, mine.RestrictPublicBuckets = s.openResource, iam.NotApplicable(), logic.False
	if e.principal.Account != "" && e.principal.Account == s.account {
		mine.Resource = iam.Policies()
		if s.key != nil { // a key policy that leaves it to the account's own policies
			mine.Resource = iam.Policies(e.policies.accountKey(s.account))
		}
	}
	theirs.Identity, theirs.Boundary, theirs.SCPs = iam.Policies(allowAll.identity), iam.Policies(), iam.NotApplicable()
	c.Sides = &Sides{}
	c.Sides.Role, c.Sides.RoleUnread = e.sideResult(s, &mine, q)
	c.Sides.Resource, c.Sides.ResourceUnread = e.sideResult(s, &theirs, q)
	if c.speaksOf(ResourceSide) {
		c.Sides.RoleMessage = e.sideMessage(s, &mine, q, c.Requirement, c.Sides.Role)
	}
	if c.speaksOf(RoleSide) {
		c.Sides.ResourceMessage = e.sideMessage(s, &theirs, q, c.Requirement, c.Sides.Resource)
	}
	if c.Result == iam.Denied && c.Decider == restrictPublicBuckets {
		c.Message += "; " + e.restrictedBy(s.bucket)
	}
	var denials []finding.Statement
	if c.Reason == iam.ReasonExplicitDeny {
		denials = e.denials(&c, q, s, in)
		c.Remediation = e.exempt(&c, denials)
	} else {
		c.Remediation = e.remedy(&c, s)
	}
	if e.ofTheNetwork(&c, s) {
		c.say("S3 replicates from its own network, and AWS documents that such restrictions break replication: exempt the role")
		c.Contested = c.onlyTheNetwork()
	}
	if c.Contested {
		c.Remediation = fmt.Sprintf("exempt %s from the condition on the network of a request that %s depends on", e.link.RoleARN, c.Action)
	}
	if m := e.nearMiss(&c, s); m != nil {
		c.Remediation = m.remedy
		if len(denials) > len(c.Deciding) {
			c.Remediation += "; " + e.exempt(&c, denials[len(c.Deciding):])
		}
		c.say(m.message)
	}
	return c
}

// exempt is the change that a cell needs which statements deny.
func (e *evaluation) exempt(c *Cell, statements []finding.Statement) string {
	where := make([]string, len(statements))
	for i, d := range statements {
		where[i] = e.place(d.Layer, d.Policy, d.Sid, d.Statement)
	}
	return fmt.Sprintf("exempt %s from the Deny of %s in %s", e.link.RoleARN, c.Action, strings.Join(where, ", ")) + e.together(statements)
}

// together says what statements must name that exempt callers by NotPrincipal: of a role's session
// the account, the role and the session, and one with a boundary by no entry at all.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (e *evaluation) together(statements []finding.Statement) string {
	if e.role == nil {
		return ""
	}
	for _, st := range statements {
		for _, p := range e.at.policies {
			info := p.statement(st)
			if info == nil || !info.NotPrincipal {
				continue
			}
			if e.principal.Boundary == logic.True {
				return "; the role has a permissions boundary, and NotPrincipal exempts none with one: use a condition on aws:PrincipalArn instead"
			}
			arn := strings.SplitN(e.role.ARN, ":", 3)
			session := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", arn[1], e.role.AccountID, e.role.Name, sessionName)
			root := fmt.Sprintf("arn:%s:iam::%s:root", arn[1], e.role.AccountID)
			return fmt.Sprintf("; its NotPrincipal must have all of %s, %s and %s", root, e.role.ARN, session)
		}
	}
	return ""
}

// say adds a clause to what is said of the cell.
func (c *Cell) say(clause string) {
	for _, text := range []*string{&c.Message, &c.Sides.RoleMessage, &c.Sides.ResourceMessage} {
		if *text != "" {
			*text += "; " + clause
		}
	}
}

// speaksOf reports whether the message of a cell is about a side, among others.
func (c *Cell) speaksOf(side Side) bool {
	if c.Result != iam.Denied {
		return true
	}
	if len(c.Deciding) == 0 {
		return sideOfLayer(c.Decider) == side
	}
	return slices.ContainsFunc(c.Deciding, func(st finding.Statement) bool { return sideOfLayer(st.Layer) == side })
}

// sideOfLayer is the side whose policies are in a layer, as an [iam.Decision] spells it.
func sideOfLayer(layer string) Side {
	switch layer, _, _ := strings.Cut(layer, ":"); layer {
	case "identity", "boundary", "session", "scp":
		return RoleSide
	}
	return ResourceSide
}

// sideMessage is what one side says by itself, "" where it allows.
func (e *evaluation) sideMessage(s *side, in *iam.Input, q question, r *demand.Requirement, result iam.Result) string {
	if result == iam.Allowed {
		return ""
	}
	return e.message(r, q, e.decide(s, in, q))
}

// sideResult is the result of a question, without words, and the layers that would have to be
// read for it.
func (e *evaluation) sideResult(s *side, in *iam.Input, q question) (out iam.Result, unread []string) {
	out = iam.Allowed
	for v := range s.variants() {
		d := iam.Decide(e.requestOf(s, q, v), in)
		switch {
		case d.Result == iam.Denied && v == 0:
			out = d.Result
		case d.Result != out:
			out = iam.Undecided
		}
		for _, layer := range d.UnknownLayers {
			if !slices.Contains(unread, layer) {
				unread = append(unread, layer)
			}
		}
	}
	return out, unread
}

// remedy is the exact change that a cell needs which no statement allows.
func (e *evaluation) remedy(c *Cell, s *side) string {
	if c.Result != iam.Denied {
		return ""
	}
	var todo []string
	what := fmt.Sprintf("`%s` on `%s`", c.Action, c.Resource)
	if c.Sides.Role != iam.Allowed {
		switch {
		case c.Remediation != "" && sideOfLayer(c.Decider) == RoleSide:
			todo = append(todo, c.Remediation)
		case c.Decider == "boundary":
			todo = append(todo, fmt.Sprintf("add %s to the permissions boundary of %s", what, e.link.RoleARN))
		case c.Level != "":
			todo = append(todo, fmt.Sprintf("let an SCP attached to %s allow %s", c.Level, what))
		default:
			to := e.home(e.rolePolicies, policy.Identity, c)
			if to == "" {
				to = "a policy of the role"
			}
			todo = append(todo, fmt.Sprintf("add %s to %s", what, to))
		}
	}
	switch {
	case c.Sides.Resource == iam.Allowed:
	case c.Remediation != "" && sideOfLayer(c.Decider) == ResourceSide:
		todo = append(todo, c.Remediation)
	default:
		where, kind := "the bucket policy of "+e.link.Destination, policy.Bucket
		if s.key != nil {
			where, kind = "the policy of the key", policy.Key
		} else if s.layer == demand.Source {
			where = "the bucket policy of " + e.doc.Bucket.Name
		}
		// A statement may be added to only if it is for this role.
		if to := e.home(s.policies, kind, c, e.link.RoleARN); to != "" {
			todo = append(todo, fmt.Sprintf("add %s to %s", what, to))
		} else {
			todo = append(todo, fmt.Sprintf("allow %s %s in %s", e.link.RoleARN, what, where))
		}
	}
	return strings.Join(todo, "; ")
}

// home is the statement that a missing action belongs to: one that allows other
// actions on the resource already, without conditions, to the principal if one is given.
func (e *evaluation) home(policies []*Policy, kind policy.Kind, c *Cell, principals ...string) string {
	for _, p := range policies {
		if p.kind != kind {
			continue
		}
		infos := p.infos()
		for i := range infos {
			s := &infos[i]
			fits := s.Effect == statement.Allow && !s.NotAction && !s.NotResource && !s.NotPrincipal && len(s.Conditions) == 0 &&
				slices.ContainsFunc(s.Resources, func(r string) bool { return r == "*" && len(principals) > 0 || r == c.Resource })
			for _, want := range principals {
				fits = fits && len(s.Principals) == 1 && s.Principals[0].Value == want
			}
			if !fits {
				continue
			}
			return e.place(map[policy.Kind]string{policy.Identity: "identity", policy.Bucket: "resource", policy.Key: "key"}[kind], p.Name(), s.Sid, s.Index)
		}
	}
	return ""
}

// place names a statement that bears on the request at hand as people find it.
func (e *evaluation) place(layer, policy, sid string, index int) string {
	return explain.Place(&e.request, &iam.Statement{Layer: layer, Policy: policy, Sid: sid, Index: index})
}
