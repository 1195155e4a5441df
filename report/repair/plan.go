package repair

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// plan is repairs in the order in which they are written.
type plan struct {
	*finding.Repairs
	blocks []block
}

// block is what changes in one account with nothing of another account in between.
type block struct {
	account string
	region  string // "" = any
	changes []*change
}

// order is that in which AWS accepts changes. A role is made with its trust policy before
// anything names it: S3 and KMS refuse principals that do not exist. Object Lock needs
// versioning, and a replication configuration versioning on both sides.
var order = []finding.Kind{
	finding.TrustPolicy, finding.Boundary, finding.RolePolicy, finding.ManagedPolicy,
	finding.KeyState, finding.KeyPolicy, finding.Versioning, finding.Ownership, finding.ObjectLock, finding.RequestPayment, finding.BucketPolicy,
	finding.Replication,
}

// stage is how far a kind must wait for changes in other accounts: for none, for roles, or
// for all.
func stage(k finding.Kind) int {
	switch k {
	case finding.TrustPolicy, finding.Boundary, finding.RolePolicy, finding.ManagedPolicy:
		return 0
	case finding.Replication:
		return 2
	}
	return 1
}

func newPlan(r *finding.Repairs) *plan {
	p := &plan{Repairs: r}
	changes := make([]*change, len(r.Changes))
	for i := range r.Changes {
		changes[i] = read(&r.Changes[i])
	}
	slices.SortStableFunc(changes, func(a, b *change) int {
		return cmp.Or(
			cmp.Compare(stage(a.Kind), stage(b.Kind)),
			cmp.Compare(a.AccountID, b.AccountID),
			cmp.Compare(a.Resource, b.Resource),
			cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)),
		)
	})
	for _, c := range changes {
		if n := len(p.blocks); n == 0 || p.blocks[n-1].account != c.AccountID {
			p.blocks = append(p.blocks, block{account: c.AccountID})
		}
		last := &p.blocks[len(p.blocks)-1]
		last.changes = append(last.changes, c)
	}
	return p
}

// accounts are the blocks with all changes of an account together, in the order of ids.
func (p *plan) accounts() []block {
	var all []block
	for _, b := range p.blocks {
		i := slices.IndexFunc(all, func(x block) bool { return x.account == b.account })
		if i < 0 {
			all, i = append(all, block{account: b.account}), len(all)
		}
		all[i].changes = append(all[i].changes, b.changes...)
	}
	slices.SortFunc(all, func(a, b block) int { return cmp.Compare(a.account, b.account) })
	return all
}

// title names an account as a heading.
func (b block) title() string {
	if b.account == "" {
		return "Account not known"
	}
	title := "Account " + text.Visible(b.account)
	if b.region != "" {
		title += " in " + b.region
	}
	return title
}

// name is the short name of the resource of a target: a role or managed policy with its path, a
// bucket, a key.
func name(t finding.Target) string {
	_, resource, _ := strings.Cut(t.Resource, ":::") // a bucket
	if resource == "" {
		resource = t.Resource
	}
	for _, kind := range []string{":role/", ":policy/", ":key/"} {
		if _, n, ok := strings.Cut(t.Resource, kind); ok {
			resource = n
		}
	}
	return resource
}

// kinds are the words for what a change is made to.
var kinds = map[finding.Kind]string{
	finding.TrustPolicy: "trust policy of role", finding.BucketPolicy: "policy of bucket", finding.KeyPolicy: "policy of key",
	finding.Replication: "replication configuration of bucket", finding.Versioning: "versioning of bucket",
	finding.Ownership: "Object Ownership of bucket", finding.ObjectLock: "Object Lock of bucket",
	finding.RequestPayment: "payer of requests to bucket", finding.KeyState: "state of key",
	finding.SCP: "service control policies of", finding.RCP: "resource control policies of",
}

// What names what a change is made to, in words: "Policy of bucket backup in eu-west-1".
func What(t finding.Target) string { return capital(what(t)) }

// what names what a change is made to, in words: "policy of bucket backup".
func what(t finding.Target) string {
	var s string
	switch policy := t.Policy; {
	case t.Kind == finding.RolePolicy && strings.HasPrefix(policy, "arn:"):
		s = "managed policy " + policy + " of role " + name(t)
	case t.Kind == finding.ManagedPolicy:
		s = "managed policy " + policy
	case t.Kind == finding.RolePolicy:
		s = "inline policy " + policy + " of role " + name(t)
	case t.Kind == finding.Boundary:
		s = "permissions boundary " + policy + " of role " + name(t)
	default:
		s = cmp.Or(kinds[t.Kind], string(t.Kind)) + " " + name(t)
	}
	if t.Region != "" {
		s += " in " + t.Region
	}
	return text.Visible(s)
}

// capital makes the first letter one.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// notes say what a change is, what it is for, and how sure it is: lines for people.
func notes(c *change) []string {
	lines := []string{capital(what(c.Target))}
	if c.made() {
		lines[0] += " (new)"
	}
	for _, e := range c.Edits {
		line := "  " + text.Visible(e.Summary)
		if e.Optional != "" {
			line += " (optional: " + text.Visible(e.Optional) + ")"
		}
		lines = append(lines, line)
	}
	if !c.Proven {
		line := "  NOT PROVEN: the links were not judged with it"
		if len(c.Rests) > 0 {
			const most = 3
			line = "  NOT PROVEN: it rests on what was not read: " + visible(c.Rests[:min(len(c.Rests), most)], "; ")
			if n := len(c.Rests) - most; n > 0 {
				line += fmt.Sprintf("; and %d more", n)
			}
		}
		lines = append(lines, line)
	}
	if len(c.Links) > 0 {
		lines = append(lines, "  for "+visible(c.Links, ", "))
	}
	return lines
}

func visible(list []string, between string) string {
	seen := make([]string, len(list))
	for i, s := range list {
		seen[i] = text.Visible(s)
	}
	return strings.Join(seen, between)
}

// summary says what becomes of each link.
func (p *plan) summary() []string {
	if len(p.Fixes) == 0 && len(p.Changes) == 0 {
		return []string{"No change was found that mends anything."}
	}
	lines := []string{text.Count(len(p.Changes), "change") + " for " + text.Count(len(p.Fixes), "link") + ". Nothing was changed yet."}
	for _, f := range p.Fixes {
		line := fmt.Sprintf("  %s: %s, then %s", text.Visible(f.Link), cmp.Or(f.Before, "new"), f.After)
		if !f.Proven {
			line += " (NOT PROVEN)"
		}
		lines = append(lines, line)
	}
	return lines
}

// decided say what no change is printed for.
func (p *plan) decided() []string {
	if len(p.Decisions) == 0 {
		return nil
	}
	lines := []string{"These changes are not all. To decide:"}
	for _, d := range p.Decisions {
		about := text.Visible(d.Link)
		if d.Kind != "" {
			about += ", " + what(d.Target)
		}
		if d.AccountID != "" {
			about += " (account " + text.Visible(d.AccountID) + ")"
		}
		lines = append(lines, "  "+about+": "+text.Visible(d.Text))
	}
	return lines
}

// comment writes lines as comments that begin with a mark.
func comment(b *strings.Builder, mark string, lines ...string) {
	for _, l := range lines {
		b.WriteString(strings.TrimRight(mark+" "+l, " "))
		b.WriteByte('\n')
	}
}

// fit are the blocks with the changes that can be applied.
func (p *plan) fit() []block {
	var out []block
	for _, b := range p.blocks {
		b.changes = slices.DeleteFunc(slices.Clone(b.changes), func(c *change) bool { return c.why != "" })
		switch n := len(out); {
		case len(b.changes) == 0:
		case n > 0 && out[n-1].account == b.account:
			out[n-1].changes = append(out[n-1].changes, b.changes...)
		default:
			out = append(out, b)
		}
	}
	return out
}

// unfit say which changes cannot be applied as they are, and why.
func (p *plan) unfit(form string) []string {
	var lines []string
	for _, b := range p.blocks {
		for _, c := range b.changes {
			if c.why != "" {
				lines = append(lines, "  "+what(c.Target)+" (account "+text.Visible(c.AccountID)+"): "+c.why)
			}
		}
	}
	if len(lines) > 0 {
		lines = append([]string{"Not in " + form + ":"}, lines...)
	}
	return lines
}
