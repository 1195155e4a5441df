package fix

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/rules/permission/demand"
	"crosscheck/rules/spelling"
	"crosscheck/scanner/fact"
)

// kinds are the kinds of the policies that can be changed.
var kinds = map[finding.Kind]policy.Kind{
	finding.RolePolicy: policy.Identity, finding.Boundary: policy.Boundary, finding.TrustPolicy: policy.Trust,
	finding.BucketPolicy: policy.Bucket, finding.KeyPolicy: policy.Key,
}

// candidate is a change of a statement that may give a right, by how near the statement
// comes to it.
type candidate struct {
	edit
	rank int
}

// The ranks of candidates, the best first: what corrects a statement that was meant to give
// the right, then what adds to one of the same purpose.
const (
	misspelt = iota
	misnamed
	lacksContext
	lacksAction
	lacksResource
	lacksPrincipal
)

// candidates are the changes of the statements of a policy that may give the right and give
// no other, the best first.
func (t *trial) candidates(target finding.Target) []edit {
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
		if st := &infos[i]; st.Effect == statement.Allow && !st.NotAction && !st.NotResource && !st.NotPrincipal {
			list = append(list, (&nearly{t, st}).changes()...)
		}
	}
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
	st *policy.StatementInfo
}

// changes are those of the statement that may give the right.
func (n *nearly) changes() []candidate {
	acts, covers, names := n.hasAction(), n.coversResource(), n.namesPrincipal()
	switch {
	case acts && covers && names:
		return n.contexts()
	case acts && covers:
		return n.principals()
	case acts && names && n.onlyFor():
		return []candidate{n.change(lacksResource, finding.AddResource, "Resource", "", n.grant.resource)}
	case covers && names:
		return n.actions()
	}
	return nil
}

func (n *nearly) change(rank int, op finding.Operation, element, instead, value string) candidate {
	return candidate{edit{Edit: finding.Edit{
		Operation: op, Statement: n.st.Index, Sid: n.st.Sid, Element: element, Instead: instead, Values: []string{value},
	}}, rank}
}

func (n *nearly) hasAction() bool {
	return slices.ContainsFunc(n.st.Actions, func(a string) bool { return match.Match(strings.ToLower(a), strings.ToLower(n.grant.action)) })
}

func (n *nearly) coversResource() bool {
	return n.grant.resource == "" || slices.ContainsFunc(n.st.Resources, func(r string) bool { return covers(r, n.grant.resource) })
}

// covers reports whether a pattern of resources matches all that another does.
func covers(pattern, resource string) bool {
	return pattern == resource || match.Match(pattern, resource)
}

// namesPrincipal reports whether the statement is for whom the right is, and for nobody else.
func (n *nearly) namesPrincipal() bool {
	if n.grant.principal.Type == "" {
		return true
	}
	return len(n.st.Principals) == 1 && n.st.Principals[0] == policy.PrincipalInfo(n.grant.principal)
}

// about reports whether all resources of the statement are of the thing that the right is
// about: its bucket, or its key.
func (n *nearly) sameThing() bool {
	if n.grant.resource == "" {
		return true
	}
	thing := n.grant.resource
	if i := strings.IndexByte(thing, '/'); i > 0 && strings.Contains(thing, ":s3:::") {
		thing = thing[:i]
	}
	return !slices.ContainsFunc(n.st.Resources, func(r string) bool { return r != n.grant.resource && r != thing && !strings.HasPrefix(r, thing+"/") })
}

// onlyFor reports whether all actions of the statement are such as the link needs where the
// right is.
func (n *nearly) onlyFor() bool {
	needed := n.needed()
	return !slices.ContainsFunc(n.st.Actions, func(a string) bool {
		return !slices.ContainsFunc(needed, func(x string) bool { return strings.EqualFold(a, x) })
	})
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

// replicates reports whether the statement allows nothing but what replication asks for at
// a destination.
func (n *nearly) replicates() bool {
	return !slices.ContainsFunc(n.st.Actions, func(a string) bool {
		return !slices.ContainsFunc(demand.Requirements(), func(r *demand.Requirement) bool {
			return r.Layer == demand.Destination && strings.EqualFold(a, r.Action)
		})
	})
}

// actions add the action, or correct one that is misspelt.
func (n *nearly) actions() (list []candidate) {
	for _, a := range n.st.Actions {
		g := match.NewGlob(strings.ToLower(a))
		if catalog.IsS3(n.grant.action) && g.Kind == match.Literal && catalog.S3ResourceTypes(&g) == 0 && spelling.Nearest(g.Text, []string{strings.ToLower(n.grant.action)}) != "" {
			list = append(list, n.change(misspelt, finding.ReplaceValue, "Action", a, n.grant.action))
		}
	}
	if n.sameThing() {
		list = append(list, n.change(lacksAction, finding.AddAction, "Action", "", n.grant.action))
	}
	return list
}

// contexts add an encryption context to a condition that does not hold.
func (n *nearly) contexts() (list []candidate) {
	row := demand.Lookup(n.grant.row)
	bucket := n.doc.Bucket.ARN
	if row.Layer == demand.DestinationKey {
		bucket = n.doc.BucketARN(n.now.link(n.link).Destination)
	}
	for _, c := range n.st.Conditions {
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
	alone := len(n.st.Principals) == 1
	for _, p := range n.st.Principals {
		element := strings.TrimSuffix("Principal/"+p.Type, "/")
		public := p.Value == "*" && n.replicates()
		if n.grant.principal.Type == "AWS" && (meant(p.Value, n.doc.Roles[n.grant.principal.Value].Value) || alone && public) {
			list = append(list, n.change(misnamed, finding.ReplacePrincipal, element, p.Value, n.grant.principal.Value))
		}
	}
	others := slices.ContainsFunc(n.st.Principals, func(p policy.PrincipalInfo) bool { return p.Type != n.grant.principal.Type || p.Value == "*" })
	if !others && n.onlyFor() && n.sameThing() {
		list = append(list, n.change(lacksPrincipal, finding.AddPrincipal, "Principal/"+n.grant.principal.Type, "", n.grant.principal.Value))
	}
	return list
}

// uniqueID is what AWS shows in place of a role or user that was deleted.
var uniqueID = regexp.MustCompile(`^A(RO|ID)A[A-Z0-9]+$`)

// meant reports whether a principal exists nowhere, or is the role in another form, and so
// was meant for the role: its name with another path, its session, or an id. A role of
// the same name in another account is not: it may well exist.
func meant(principal string, role *fact.Role) bool {
	switch {
	case role == nil || principal == role.ARN || principal == role.ID:
		return false
	case uniqueID.MatchString(principal):
		return true
	}
	f := strings.SplitN(principal, ":", 6)
	if len(f) < 6 || f[4] != role.AccountID {
		return false
	}
	kind, path, _ := strings.Cut(f[5], "/")
	switch kind {
	case "role":
		return strings.EqualFold(path[strings.LastIndexByte(path, '/')+1:], role.Name)
	case "assumed-role":
		name, _, _ := strings.Cut(path, "/")
		return strings.EqualFold(name, role.Name)
	}
	return false
}
