package permission

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/rules/permission/demand"
)

// ofTheNetwork reports whether a statement that leaves the cell open restricts requests to
// an endpoint or a range of addresses. AWS documents that such restrictions break replication,
// which goes through S3's own network, unless they exempt the role. It says nothing of
// statements that keep requests out of one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html
func (e *evaluation) ofTheNetwork(c *Cell, s *side) bool {
	if c.Result != iam.Undecided || !slices.ContainsFunc(c.UnknownKeys, isOfTheNetwork) {
		return false
	}
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			infos := p.infos()
			for i := range infos {
				if c.decidedBy(p, &infos[i]) && restrictsNetwork(&infos[i]) {
					return true
				}
			}
		}
	}
	return false
}

func isOfTheNetwork(key string) bool { return slices.Contains(networkKeys, strings.ToLower(key)) }

// onlyTheNetwork reports whether nothing but the place that a request comes from is left to know.
func (c *Cell) onlyTheNetwork() bool {
	return len(c.UnknownLayers) == 0 && !slices.ContainsFunc(c.UnknownKeys, func(k string) bool { return !isOfTheNetwork(k) })
}

// restrictsNetwork reports whether a statement lets requests come from some places only: it
// allows those, or denies all others.
func restrictsNetwork(st *policy.StatementInfo) bool {
	restricts := false
	for _, c := range st.Conditions {
		if !isOfTheNetwork(c.Key) {
			continue
		}
		operator := strings.ToLower(c.Operator)
		others := strings.Contains(operator, "not")
		if strings.HasSuffix(operator, "null") {
			others = slices.Equal(c.Values, []string{"true"})
		}
		if others != (st.Effect == statement.Deny) {
			return false
		}
		restricts = true
	}
	return restricts
}

// decidedBy reports whether a statement is one of those that decide the cell or leave it open.
func (c *Cell) decidedBy(p *Policy, st *policy.StatementInfo) bool {
	return slices.ContainsFunc(c.Deciding, func(d finding.Statement) bool { return d.Policy == p.Name() && d.Statement == st.Index })
}

// statement is the statement of a policy that decides a cell, nil where it is of another policy.
func (p *Policy) statement(st finding.Statement) *policy.StatementInfo {
	infos := p.infos()
	for i := range infos {
		if infos[i].Index == st.Statement && p.Name() == st.Policy {
			return &infos[i]
		}
	}
	return nil
}

// layerOf are the layers of policies, as an [iam.Decision] spells them.
var layerOf = map[policy.Kind]string{
	policy.Identity: "identity", policy.Boundary: "boundary", policy.SCP: "scp",
	policy.Bucket: "resource", policy.Key: "key", policy.RCP: "rcp",
}

// miss is an exemption from a Deny that is meant for the role and does not match it.
type miss struct{ message, remedy string }

// nearMiss is the first exemption of the role that fails, in the statements that deny a
// cell or would if a request came from elsewhere; nil if there is none.
func (e *evaluation) nearMiss(c *Cell, s *side) *miss {
	if e.role == nil || c.Reason != iam.ReasonExplicitDeny && !c.Contested {
		return nil
	}
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			infos := p.infos()
			for i := range infos {
				st := &infos[i]
				if st.Effect != statement.Deny || !c.mayRestOn(p, st) {
					continue
				}
				for _, condition := range st.Conditions {
					for _, value := range condition.Values {
						if m := e.missOf(condition, value); m != nil {
							m.remedy += " in " + e.place(layerOf[p.kind], p.Name(), st.Sid, st.Index)
							return m
						}
					}
				}
			}
		}
	}
	return nil
}

// mayRestOn reports whether a cell is denied by a statement, or perhaps is.
func (c *Cell) mayRestOn(p *Policy, st *policy.StatementInfo) bool {
	if c.Reason == iam.ReasonExplicitDeny {
		return c.decidedBy(p, st)
	}
	return coversAction(st, c.Action) && slices.ContainsFunc(st.Conditions, func(x policy.ConditionInfo) bool { return isOfTheNetwork(x.Key) })
}

// coversAction reports whether a statement is about an action.
func coversAction(st *policy.StatementInfo, action string) bool {
	names := slices.ContainsFunc(st.Actions, func(a string) bool { return match.Match(strings.ToLower(a), strings.ToLower(action)) })
	return names != st.NotAction
}

// denials are the statements that deny the cell: those that decide it, and those that deny
// some of its keys and would do so still without them.
func (e *evaluation) denials(c *Cell, q question, s *side, in *iam.Input) []finding.Statement {
	list := slices.Clip(c.Deciding)
	if c.Requirement.On == demand.TheBucket || e.object != "" || e.keys != e.allKeys() || !e.deniesMore(c, s) {
		return list
	}
	keys, _ := e.kinds(s.layer)
	defer func() { e.object = "" }()
	for _, e.object = range keys {
		if s.key == nil {
			q.resource, q.every = s.bucketARN+"/"+e.object, false
		}
		for v := range s.variants() {
			d := iam.Decide(e.requestOf(s, q, v), in)
			if d.Reason != iam.ReasonExplicitDeny {
				continue
			}
			for _, st := range d.Deciding {
				known := func(x finding.Statement) bool {
					return x.Layer == st.Layer && x.Policy == st.Policy && x.Statement == st.Index
				}
				if !slices.ContainsFunc(list, known) {
					list = append(list, finding.Statement{Layer: st.Layer, Policy: st.Policy, Sid: st.Sid, Statement: st.Index})
				}
			}
		}
	}
	return list
}

// deniesMore reports whether a Deny of the action is there that does not decide the cell.
func (e *evaluation) deniesMore(c *Cell, s *side) bool {
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			infos := p.infos()
			for i := range infos {
				if st := &infos[i]; st.Effect == statement.Deny && coversAction(st, c.Action) && !c.decidedBy(p, st) {
					return true
				}
			}
		}
	}
	return false
}

// missOf says how a value of a condition that exempts (one with a negated operator) misses
// the role although it looks like it; nil where it does not.
func (e *evaluation) missOf(c policy.ConditionInfo, value string) *miss {
	operator := strings.ToLower(c.Operator)
	if !strings.Contains(operator, "not") {
		return nil
	}
	literal := strings.HasPrefix(operator, "string") && strings.Contains(operator, "equals")
	sent, right, like := e.role.ARN, e.role.ARN, false
	switch strings.ToLower(c.Key) {
	case "aws:principalarn":
		_, name, _ := strings.Cut(value, ":assumed-role/")
		name, _, _ = strings.Cut(name, "/")
		session := name != "" && name == e.role.Name
		path, isRole := strings.CutPrefix(value[strings.LastIndex(value, ":")+1:], "role/")
		last := strings.TrimRight(path[strings.LastIndex(strings.TrimRight(path, "/*"), "/")+1:], "/*")
		like = session || isRole && strings.EqualFold(last, e.role.Name) || strings.EqualFold(value, sent) || literal && match.Match(value, sent)
	case "aws:userid":
		if e.role.ID == "" {
			return nil
		}
		sent, right = e.role.ID+":"+sessionName, e.role.ID+":*"
		like = strings.HasPrefix(value, "AROA")
	default:
		return nil
	}
	if !like || value == sent || !literal && match.Match(value, sent) {
		return nil
	}
	m := &miss{
		message: fmt.Sprintf("the exemption of %s by %s misses the role: S3's requests have %s there", value, c.Key, sent),
		remedy:  fmt.Sprintf("write %s in place of %s", right, value),
	}
	if literal && strings.Contains(value+right, "*") {
		m.message += ", and " + c.Operator + " takes a wildcard as a letter"
		if right != sent {
			m.remedy = fmt.Sprintf("write StringNotLike with %s in place of %s with %s", right, c.Operator, value)
		}
	}
	return m
}
