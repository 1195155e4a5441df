package fix

import (
	"cmp"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/near"
	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/permission/demand"
	"crosscheck/rules/spelling"
	"crosscheck/scanner/fact"
)

// kinds are the kinds of the policies that can be changed.
var kinds = map[finding.Kind]policy.Kind{
	finding.RolePolicy: policy.Identity, finding.ManagedPolicy: policy.Identity, finding.Boundary: policy.Boundary, finding.TrustPolicy: policy.Trust,
	finding.BucketPolicy: policy.Bucket, finding.KeyPolicy: policy.Key,
}

// candidate is a change of a statement that may give a right, by how near the statement
// comes to it.
type candidate struct {
	edit
	rank int
}

// The ranks of candidates, the best first: those that correct a statement which was meant to
// give the right, then those that add to a statement of the same purpose. A correction gives no
// other principal a right that its author did not mean.
const (
	misspelt = iota
	misnamed
	lacksContext
	lacksAction
	lacksResource
	lacksPrincipal

	corrects, adds = lacksContext, lacksPrincipal // the last of each
)

// candidates are the changes of the statements of a policy that may give the right and give
// no other, the best first, down to a rank.
func (t *trial) candidates(target finding.Target, last int) []edit {
	p := t.planOf(t.subject, target)
	if p == nil || p.after == "" {
		return nil
	}
	infos, ok := t.statements(p)
	if !ok {
		return nil
	}
	var list []candidate
	for i := range infos {
		if n := t.near(&infos[i]); n.Allows() {
			list = append(list, n.changes()...)
		}
	}
	list = slices.DeleteFunc(list, func(c candidate) bool { return c.rank > last })
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.rank, b.rank) })
	edits := make([]edit, len(list))
	for i := range list {
		edits[i] = list[i].edit
	}
	return edits
}

// statements are those of a policy as it is now, of those that it had before, with their
// index before; false where AWS would not store it.
func (t *trial) statements(p *plan) ([]policy.StatementInfo, bool) {
	options := []policy.ParseOption{policy.Stored(), policy.In(t.doc.Partition)}
	if p.Kind == finding.BucketPolicy {
		options = append(options, policy.ForBucket(p.Resource[strings.LastIndexByte(p.Resource, ':')+1:]))
	}
	now := policy.Parse(kinds[p.Kind], "", []byte(p.after), options...)
	if !now.Valid() {
		return nil, false
	}
	if len(p.steps) == 0 {
		return now.Statements(), true
	}
	var list []policy.StatementInfo
	infos := now.Statements()
	for k, i := range p.origins() {
		if k < len(infos) {
			infos[k].Index = i
			list = append(list, infos[k])
		}
	}
	return list, true
}

// nearly is a statement that may come near to giving a right.
type nearly struct {
	*trial
	near.Statement
}

// near is a statement beside the right of the trial.
func (t *trial) near(st *policy.StatementInfo) *nearly {
	g := t.grant
	return &nearly{t, near.Statement{StatementInfo: st, Right: &near.Right{Principal: g.principal, Action: g.action, Resource: g.resource, Conditions: g.conditions}}}
}

// changes are those of the statement that give the right and no other.
func (n *nearly) changes() []candidate {
	acts, exact, names := n.Acts(), n.Exact(), n.Names()
	switch {
	case acts && exact && names && n.OnlyFor(n.needed()):
		return n.contexts()
	case !n.Limited():
		return nil
	case acts && exact && n.OnlyFor(n.needed()):
		return n.principals()
	case acts && names && n.OnlyFor(n.needed()):
		return []candidate{n.change(lacksResource, finding.AddResource, "Resource", "", n.grant.resource)}
	case exact && names:
		return n.actions()
	}
	return nil
}

func (n *nearly) change(rank int, op finding.Operation, element, instead, value string) candidate {
	return candidate{edit{Edit: finding.Edit{
		Operation: op, Statement: n.Index, Sid: n.Sid, Element: element, Instead: instead, Values: []string{value},
	}}, rank}
}

// needed are the actions that the link needs where the right is. Tags are covered by the
// right to write replicas, and many name it beside that.
func (n *nearly) needed() []string {
	var list []string
	link, row := n.now.link(n.link), demand.Lookup(n.grant.row)
	for i := range n.doc.Links {
		if n.doc.Links[i].ID != link.ID {
			continue
		}
		for _, c := range n.now.matrix(i).Cells {
			if c.Layer == row.Layer && c.Requirement.On == row.On && c.Requirement.Mode != demand.MayNotDeny {
				list = append(list, c.Requirement.Action)
			}
		}
	}
	if row.Layer == demand.Destination {
		list = append(list, "s3:ReplicateTags")
	}
	return list
}

// cutOff reports whether RestrictPublicBuckets keeps the role out while the policy of the
// destination is public: a statement beside that which makes it so gives no right.
func (n *nearly) cutOff() bool {
	b := n.doc.Buckets[n.now.link(n.link).Destination].Value
	if b == nil || n.Kind != finding.BucketPolicy || b.AccountID == near.Account(n.grant.principal.Value) {
		return false
	}
	for _, block := range []fact.Fact[fact.PublicAccessBlock]{b.PublicAccessBlock, n.doc.Accounts[b.AccountID].PublicAccessBlock} {
		if block.Value != nil && block.Value.RestrictPublicBuckets {
			return true
		}
	}
	return false
}

// actions add the action, or correct one that is misspelt.
func (n *nearly) actions() (list []candidate) {
	for _, a := range n.Actions {
		g := match.NewGlob(strings.ToLower(a))
		if catalog.IsS3(n.grant.action) && g.Kind == match.Literal && catalog.S3ResourceTypes(&g) == 0 && spelling.Nearest(g.Text, []string{strings.ToLower(n.grant.action)}) != "" {
			list = append(list, n.change(misspelt, finding.ReplaceValue, "Action", a, n.grant.action))
		}
	}
	return append(list, n.change(lacksAction, finding.AddAction, "Action", "", n.grant.action))
}

// contexts add an encryption context to a condition that does not hold.
func (n *nearly) contexts() (list []candidate) {
	row := demand.Lookup(n.grant.row)
	bucket := n.doc.Bucket.ARN
	if row.Layer == demand.DestinationKey {
		bucket = n.doc.BucketARN(n.now.link(n.link).Destination)
	}
	for _, c := range n.Conditions {
		if strings.EqualFold(c.Key, contextKey) && !strings.Contains(strings.ToLower(c.Operator), "not") {
			for _, v := range []string{bucket, bucket + "/" + n.now.link(n.link).Rule.Prefix + "*"} {
				list = append(list, n.change(lacksContext, finding.AddValue, "Condition/"+c.Operator+"/"+c.Key, "", v))
			}
		}
	}
	return list
}

// principals name whom the right is for, in place of whom the statement was not meant for,
// or beside others.
func (n *nearly) principals() (list []candidate) {
	alone := len(n.Principals) == 1
	for _, p := range n.Principals {
		element := strings.TrimSuffix("Principal/"+p.Type, "/")
		public := alone && p.Value == "*" && n.cutOff()
		if n.grant.principal.Type == "AWS" && (public || near.Stale(p.Value, n.doc.Roles[n.grant.principal.Value].Value)) {
			list = append(list, n.change(misnamed, finding.ReplacePrincipal, element, p.Value, n.grant.principal.Value))
		}
	}
	others := slices.ContainsFunc(n.Principals, func(p policy.PrincipalInfo) bool { return p.Type != n.grant.principal.Type || p.Value == "*" })
	if !others {
		list = append(list, n.change(lacksPrincipal, finding.AddPrincipal, "Principal/"+n.grant.principal.Type, "", n.grant.principal.Value))
	}
	return list
}
