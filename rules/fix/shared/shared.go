// Package shared finds what documents refer to, and the links that use what a change changes
// and that were not judged with it: a change may harm them.
package shared

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/holders"
	"crosscheck/scanner/fact"
)

// Users lists the links that use each role, bucket and key, by ARN.
type Users struct {
	by     map[string][]string
	judged map[string]bool
}

// New is empty.
func New() *Users { return &Users{map[string][]string{}, map[string]bool{}} }

// Link notes what a link refers to: its role, its buckets, and the keys of its matrix.
func (u *Users) Link(l *finding.Link) {
	arns := map[string]bool{l.RoleARN: true, policiesOf(l.RoleARN): true}
	for _, end := range []finding.End{l.Source, l.Destination} {
		arns["arn:"+partition(l.RoleARN)+":s3:::"+end.Bucket] = true
	}
	for i := range l.Checks {
		if strings.HasSuffix(l.Checks[i].Layer, "_key") {
			arns[l.Checks[i].Resource] = true
		}
	}
	for _, arn := range slices.Sorted(maps.Keys(arns)) {
		u.by[arn] = append(u.by[arn], l.ID)
	}
}

// policiesOf is the key of the managed policies of the account of a role or policy: which of
// them a role has is not known of a link.
func policiesOf(arn string) string {
	if f := strings.SplitN(arn, ":", 6); len(f) == 6 {
		return "managed policies of " + f[4]
	}
	return ""
}

func partition(arn string) string {
	if f := strings.SplitN(arn, ":", 3); len(f) == 3 && f[0] == "arn" {
		return f[1]
	}
	return "aws"
}

// Judged notes that the links of a document are judged with all changes.
func (u *Users) Judged(d *fact.Document) {
	for i := range d.Links {
		u.judged[d.Links[i].ID] = true
	}
}

// Of are the links that use the target of a change which may take something from them, and
// that are not judged with it, sorted.
func (u *Users) Of(c *finding.Change) []string {
	if !slices.ContainsFunc(c.Edits, takes) {
		return nil
	}
	var list []string
	used := c.Resource
	if c.Kind == finding.ManagedPolicy {
		used = policiesOf(c.Resource)
	}
	for _, id := range u.by[used] {
		if !u.judged[id] {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// takes reports whether an edit may take something from somebody: others only allow more.
func takes(e finding.Edit) bool {
	switch e.Operation {
	case finding.CreateDocument, finding.AddStatement, finding.AddAction, finding.AddResource, finding.AddPrincipal, finding.AddValue:
		return false
	case finding.Set:
		return !slices.Equal(e.Values, []string{"Enabled"}) // versioning, Object Lock, a key
	}
	return true
}

// Mark says of the changes that may take something from links that were not judged with
// them, and of the fixes that rest on these, that they are not proven.
func (u *Users) Mark(r *finding.Repairs) {
	for i := range r.Changes {
		c := &r.Changes[i]
		others := u.Of(c)
		if len(others) == 0 {
			continue
		}
		text := "the link " + others[0]
		if n := len(others) - 1; n > 0 {
			text = fmt.Sprintf("the link %s and %d more", others[0], n)
		}
		c.Proven = false
		c.Rests = append(c.Rests, text+" may need what this change takes away. It was not judged with the change, because a run file has no facts of links that work: write the facts with 'crosscheck facts' and give --facts")
		for k := range r.Fixes {
			if slices.Contains(r.Fixes[k].Changes, i) {
				r.Fixes[k].Proven = false
			}
		}
	}
}

// Resources are the ARNs of the roles, buckets and keys of a document.
func Resources(doc *fact.Document) []string {
	all := map[string]bool{doc.Bucket.ARN: true}
	for _, b := range doc.Buckets {
		if b.Value != nil {
			all[b.Value.ARN] = true
		}
	}
	for arn, role := range doc.Roles {
		all[arn] = true
		if role.Value != nil {
			for _, p := range holders.Policies(role.Value) {
				all[p] = true
			}
		}
	}
	for _, k := range doc.Keys {
		if k.Value != nil {
			all[k.Value.ARN] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
