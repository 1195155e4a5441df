package fix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	policytext "crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/words"
	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/rules/permission/rows"
	"crosscheck/scanner/fact"
)

func init() { sources = append(sources, rights) }

// permissionRules answer from the cells of the matrix.
var permissionRules = rows.Rules()

// need is a cell of the matrix of a link that is not allowed, as one side decides it.
type need struct {
	row   demand.Key
	class finding.Class // of the cell; of others that were decided for a class by itself it says nothing
	side  permission.Side
}

// rights are the rights that the links lack which do not work.
func rights(s *state) []want {
	var list []want
	for i := range s.doc.Links {
		if s.verdict(s.doc.Links[i].ID) != finding.Works {
			list = append(list, rightsOf(s, i)...)
		}
	}
	return list
}

// rightsOf are those of one link. The right to read annotations comes only beside another on
// the same objects: few links have any.
func rightsOf(s *state, i int) (list []want) {
	link := &s.doc.Links[i]
	denied := denials{}
	var annotated []want
	for _, r := range permissionRules {
		for _, a := range r.Answers(s.matrix(i), link) {
			if a.Cell == nil || a.Cell.Result == iam.Allowed {
				continue
			}
			b := &s.doc.Bucket
			l := &lack{
				state: s, link: link, cell: a.Cell, rule: r,
				print: finding.Fingerprint(r.ID, b.AccountID, b.Name, link.Rule.ID, link.Destination, a.Key),
			}
			switch {
			case a.Cell.Class == finding.Annotated && l.refused():
			case a.Cell.Class == finding.Annotated:
				annotated = append(annotated, l.wants()...)
			case l.refused():
				denied.add(l)
			default:
				list = append(list, l.wants()...)
			}
		}
	}
	beside := func(w want) bool {
		return w.grant != nil && w.Kind == finding.RolePolicy && w.grant.sid == sids[demand.Source][demand.TheObjects]
	}
	if slices.ContainsFunc(list, beside) {
		list = append(list, annotated...)
	}
	return append(list, denied.decisions()...)
}

// lack is a cell of a link that is not allowed.
type lack struct {
	*state
	link  *fact.Link
	cell  *permission.Cell
	rule  *rows.Rule
	print string // fingerprint of the finding about it
}

// wants are what the cell needs, of each side that the rule asks for.
func (l *lack) wants() []want {
	c := l.cell
	if c.Result == iam.Undecided && !l.ofTheContext() {
		return nil
	}
	if d, ok := l.undecidable(); ok {
		return []want{d}
	}
	if c.Layer == demand.Trust {
		return l.trust()
	}
	var list []want
	// Where a key policy alone does, as within one account, the role needs nothing: so it is asked first.
	for _, side := range []permission.Side{permission.ResourceSide, permission.RoleSide} {
		// Of a side that is not decided it is not known that it lacks anything.
		on := c.On(side)
		if (l.rule.Side == permission.Whole || l.rule.Side == side) && (on == iam.Denied || on != iam.Allowed && c.Result == iam.Undecided) {
			if w, ok := l.on(side); ok {
				list = append(list, w)
			}
		}
	}
	return list
}

// ofTheContext reports whether only the encryption context leaves the cell open: AWS's pages
// do not agree on which one S3 sends where one end uses bucket keys.
func (l *lack) ofTheContext() bool {
	c := l.cell
	return c.On(permission.Whole) == iam.Undecided && c.Requirement.On == demand.TheKey && len(c.UnknownLayers) == 0 && len(c.UnknownKeys) > 0 &&
		!slices.ContainsFunc(c.UnknownKeys, func(k string) bool { return k != contextKey })
}

// contextKey is the condition key of the encryption context that S3 sends.
const contextKey = "kms:encryptioncontext:aws:s3:arn"

// denied reports whether statements deny the cell: no right that is added mends it.
func (l *lack) denied() bool {
	return l.cell.Result == iam.Denied && l.cell.Reason == iam.ReasonExplicitDeny
}

// refused reports whether only a person can get the cell allowed: the owner of the statements
// that deny it, or of the organization's policies.
func (l *lack) refused() bool {
	layer, _, _ := strings.Cut(l.cell.Decider, ":")
	return l.denied() || l.cell.Result == iam.Denied && (layer == "scp" || layer == "rcp")
}

// undecidable is what a person must decide, where it is no statement that denies.
func (l *lack) undecidable() (want, bool) {
	c := l.cell
	w := want{link: l.link.ID, findings: []string{l.print}}
	switch {
	case strings.HasSuffix(c.Resource, ":key/*"): // that writers choose
	case c.Result == iam.Denied && c.Reason == iam.ReasonInvalid:
		w.Target = l.decider()
	default:
		return want{}, false
	}
	w.decision = l.words()
	return w, true
}

// denials are the cells of a link that are refused, those by the same statements together.
type denials [][]*lack

func (d *denials) add(l *lack) {
	same := func(a, b finding.Statement) bool {
		return a.Layer == b.Layer && a.Policy == b.Policy && a.Statement == b.Statement
	}
	for i, list := range *d {
		if slices.EqualFunc(list[0].cell.Deciding, l.cell.Deciding, same) && list[0].decider() == l.decider() {
			(*d)[i] = append(list, l)
			return
		}
	}
	*d = append(*d, []*lack{l})
}

// decisions name the statements, and all that they deny.
func (d denials) decisions() (out []want) {
	for _, list := range d {
		first := list[0]
		w := want{Target: first.decider(), link: first.link.ID}
		var actions []string
		for _, l := range list {
			w.findings = append(w.findings, l.print)
			if !slices.Contains(actions, l.cell.Action) {
				actions = append(actions, l.cell.Action)
			}
		}
		w.decision = first.cell.Message
		if len(actions) > 1 {
			w.decision += ", and " + words.Listed(actions[1:]) + " too"
		}
		switch {
		case !first.denied():
			w.decision += fmt.Sprintf("; to mend it, let a policy attached to %s allow %s", w.Resource, words.Listed(actions))
		case first.cell.Remediation != "":
			w.decision += "; to mend it, " + strings.Replace(first.cell.Remediation, "the Deny of "+actions[0], "the Deny of "+words.Listed(actions), 1)
		}
		out = append(out, w)
	}
	return out
}

// words are what is wrong and what would mend it.
func (l *lack) words() string {
	if l.cell.Remediation == "" {
		return l.cell.Message
	}
	return l.cell.Message + "; to mend it, " + l.cell.Remediation
}

// decider is the policy that decided the cell, or where one is missing.
func (l *lack) decider() finding.Target {
	c := l.cell
	layer, level, _ := strings.Cut(c.Decider, ":")
	level, policy := cmp.Or(c.Level, level), ""
	if len(c.Deciding) > 0 {
		policy = c.Deciding[0].Policy
		var of string
		layer, of, _ = strings.Cut(c.Deciding[0].Layer, ":")
		if of != "" {
			level = of
		}
	}
	switch layer {
	case "identity":
		return l.roleTarget(finding.RolePolicy, policy)
	case "boundary":
		return l.roleTarget(finding.Boundary, policy)
	case "trust":
		return l.roleTarget(finding.TrustPolicy, "")
	case "scp":
		return finding.Target{Kind: finding.SCP, AccountID: l.roleTarget("", "").AccountID, Resource: level, Policy: policy}
	case "rcp":
		return finding.Target{Kind: finding.RCP, AccountID: l.resourceTarget().AccountID, Resource: level, Policy: policy}
	}
	return l.resourceTarget()
}

// roleTarget is a policy of the role.
func (l *lack) roleTarget(kind finding.Kind, policy string) finding.Target {
	t := finding.Target{Kind: kind, Resource: l.link.RoleARN, Policy: policy}
	if f := strings.Split(l.link.RoleARN, ":"); len(f) > 4 {
		t.AccountID = f[4]
	}
	return t
}

// resourceTarget is the policy of the bucket or key of the cell.
func (l *lack) resourceTarget() finding.Target {
	switch l.cell.Layer {
	case demand.Trust:
		return l.roleTarget(finding.TrustPolicy, "")
	case demand.SourceKey, demand.DestinationKey:
		id := l.link.SourceKey
		if l.cell.Layer == demand.DestinationKey {
			id = l.link.ReplicaKey
		}
		if k := l.doc.Keys[id].Value; k != nil {
			return finding.Target{Kind: finding.KeyPolicy, AccountID: k.AccountID, Region: k.Region, Resource: k.ARN}
		}
		return finding.Target{Kind: finding.KeyPolicy, Resource: l.cell.Resource}
	}
	b := &l.doc.Bucket
	if l.cell.Layer == demand.Destination {
		if b = l.doc.Buckets[l.link.Destination].Value; b == nil {
			return finding.Target{Kind: finding.BucketPolicy, Resource: l.doc.BucketARN(l.link.Destination)}
		}
	}
	return finding.Target{Kind: finding.BucketPolicy, AccountID: b.AccountID, Region: b.Region, Resource: b.ARN}
}

// trust is that S3 may assume the role, which is made where it does not exist.
func (l *lack) trust() []want {
	w := want{
		Target: l.roleTarget(finding.TrustPolicy, ""), link: l.link.ID, findings: []string{l.print},
		grant: &grant{
			need: need{l.cell.Requirement.Key(), l.cell.Class, permission.Whole}, words: l.words(),
			principal: policytext.Principal{Type: "Service", Value: "s3.amazonaws.com"}, action: l.cell.Requirement.Action, sid: "S3Replicates",
		},
	}
	if l.doc.Roles[l.link.RoleARN].Absent && w.AccountID != l.doc.Bucket.AccountID {
		w.grant, w.decision = nil, l.words()
	}
	return []want{w}
}

// sids name new statements by what they are for.
var sids = map[demand.Layer]map[demand.Target]string{
	demand.Source:         {demand.TheBucket: "ReplicationSource", demand.TheObjects: "ReplicationSourceObjects"},
	demand.Destination:    {demand.TheObjects: "Replicas"},
	demand.SourceKey:      {demand.TheKey: "ReplicationSourceKey"},
	demand.DestinationKey: {demand.TheKey: "ReplicaKey"},
}

// on is the right that one side must give.
func (l *lack) on(side permission.Side) (want, bool) {
	c := l.cell
	g := &grant{
		need: need{c.Requirement.Key(), c.Class, side}, words: l.words(),
		action: c.Requirement.Action, resource: c.Resource, sid: sids[c.Layer][c.Requirement.On],
	}
	w := want{link: l.link.ID, findings: []string{l.print}, optional: l.optional(), grant: g}
	if c.Requirement.On == demand.TheKey {
		if f := strings.Split(c.Resource, ":"); len(f) > 5 {
			g.conditions = []policytext.Condition{{Operator: "StringEquals", Key: "kms:ViaService", Values: []string{"s3." + f[3] + "." + fact.Domain(l.doc.Partition)}}}
		} else {
			return want{}, false
		}
	}
	w.Target = l.roleTarget(finding.RolePolicy, "") // which of them is to be found
	if side == permission.ResourceSide {
		w.Target = l.resourceTarget()
		g.principal = policytext.Principal{Type: "AWS", Value: l.link.RoleARN}
		if w.Kind == finding.KeyPolicy {
			g.resource = "*"
		}
	}
	return w, true
}

// optional is why objects may replicate without the right.
func (l *lack) optional() string {
	switch {
	case l.cell.Result == iam.Undecided:
		return "AWS's pages disagree on the encryption context that S3 sends where one bucket uses bucket keys"
	case l.rule.Exception != nil:
		return l.rule.Exception.Name
	case l.cell.Class == finding.Annotated:
		return "only annotations need it"
	}
	return ""
}
