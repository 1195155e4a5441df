package newlink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/overlay"
	"crosscheck/rules/fix/shared"
	"crosscheck/rules/fix/storable"
	"crosscheck/scanner/fact"
)

// Extend adds the link to existing documents: a rule in the replication configuration of the
// source, with the role that the configuration names, and what [fix.Find] then finds missing.
// No link of the facts gets worse. Accounts and Regions of the ends may be "": the facts have
// them. Where the facts and wanted disagree about a bucket or key, the facts count.
func Extend(ctx context.Context, wanted Link, docs []*fact.Document, judge fix.Judge) (finding.Repairs, error) {
	if len(wanted.SourceKeys) > 0 || wanted.BucketKeys || wanted.ObjectLock {
		return finding.Repairs{}, errors.New("the facts say which key source objects are under, whether bucket keys are on, and whether the source has Object Lock: leave that out")
	}
	x, err := newExtension(wanted, docs)
	if err != nil {
		return finding.Repairs{}, err
	}
	doc, _, err := overlay.Overlay{x.target: x.after}.Apply(x.doc)
	if err != nil {
		return finding.Repairs{}, err
	}
	own := func(id string) bool { return id == x.id }
	found, _, err := fix.Within(ctx, fix.Scope{Link: own}, append(sharing(docs, doc), doc), judge)
	if err != nil {
		return finding.Repairs{}, err
	}
	out := x.only(found)
	if len(out.Fixes) == 0 {
		links, _, err := judge(ctx, doc)
		if err != nil {
			return finding.Repairs{}, err
		}
		for i := range links {
			if links[i].ID == x.id {
				out.Fixes = append(out.Fixes, finding.Fix{Link: x.id, After: links[i].Verdict, Proven: links[i].Verdict == finding.Works})
			}
		}
	}
	x.configured(&out)
	return out, x.harms(ctx, judge, &out)
}

// harms says which links of the same source fare worse with the changes: their rules may yield to
// the new one.
func (x *extension) harms(ctx context.Context, judge fix.Judge, out *finding.Repairs) error {
	if len(x.doc.Links) == 0 {
		return nil
	}
	changed := overlay.Of(out.Changes)
	doc, _, err := changed.Apply(x.doc)
	if err != nil {
		return err
	}
	before, _, err := judge(ctx, x.doc)
	if err != nil {
		return err
	}
	after, _, err := judge(ctx, doc)
	if err != nil {
		return err
	}
	for i := range before {
		k := slices.IndexFunc(after, func(l finding.Link) bool { return l.ID == before[i].ID })
		if k < 0 {
			continue
		}
		why := finding.Worse(&before[i], &after[k])
		if why == "" {
			continue
		}
		out.Decisions = append(out.Decisions, finding.Decision{Target: x.target, Link: x.id, Findings: []string{},
			Text: "whether the new rule may harm the link " + before[i].ID + ": with it, " + why})
		for k := range out.Changes {
			out.Changes[k].Proven = false
		}
		for k := range out.Fixes {
			out.Fixes[k].Proven = false
		}
	}
	return nil
}

// sharing are the documents of other buckets with links that refer to something that a document has.
func sharing(docs []*fact.Document, doc *fact.Document) (list []*fact.Document) {
	resources := shared.Resources(doc)
	for _, d := range docs {
		if len(d.Links) > 0 && d.Bucket.ARN != doc.Bucket.ARN && slices.ContainsFunc(shared.Resources(d), func(arn string) bool { return slices.Contains(resources, arn) }) {
			list = append(list, d)
		}
	}
	return list
}

// extension is a new rule in a document of facts.
type extension struct {
	link   Link
	id     string
	role   string         // ARN of the role that the configuration names
	doc    *fact.Document // with the destination, the role and the keys of the link, before the rule
	target finding.Target // the replication configuration
	before string
	after  string // with the rule
	notes  []finding.Decision
	rests  []string // what the facts do not have and was taken to be as AWS makes it
}

func newExtension(l Link, docs []*fact.Document) (*extension, error) {
	role := l.Role
	source, err := documentOf(docs, &l.Source)
	if err != nil {
		return nil, err
	}
	destination, err := documentOf(docs, &l.Destination)
	if err != nil {
		return nil, err
	}
	if l, err = l.complete(); err != nil {
		return nil, err
	}
	to := destinationOf(docs, &destination.Bucket)
	doc := *source
	x := &extension{doc: &doc}
	x.fill(&l, &doc.Bucket, l.Source)
	x.fill(&l, &to, l.Destination)
	l.Enforced = to.Ownership.Value != nil && *to.Ownership.Value == "BucketOwnerEnforced"
	x.link = l
	doc.Buckets, doc.Roles, doc.Keys, doc.Accounts = copied(doc.Buckets), copied(doc.Roles), copied(doc.Keys), copied(doc.Accounts)
	doc.Buckets[to.Name] = fact.Of(to)
	for _, d := range docs {
		for name, k := range d.Keys {
			if _, ok := doc.Keys[name]; !ok && (name == l.ReplicaKey || to.Encryption.Value != nil && name == to.Encryption.Value.KeyID) {
				doc.Keys[name] = k
			}
		}
		for id, a := range d.Accounts {
			if _, ok := doc.Accounts[id]; !ok {
				doc.Accounts[id] = a
			}
		}
	}
	x.target = finding.Target{Kind: finding.Replication, AccountID: doc.Bucket.AccountID, Region: doc.Bucket.Region, Resource: doc.Bucket.ARN}
	if err := x.configure(docs); err != nil {
		return nil, err
	}
	if named := x.role; role != "" && named[strings.LastIndexByte(named, '/')+1:] != role {
		x.note(finding.Target{Kind: finding.TrustPolicy, AccountID: l.Source.AccountID, Resource: named},
			"the role %s is not made: the replication configuration of %s names %s, and has one role for all of its rules", role, l.Source.Bucket, named)
	}
	return x, nil
}

// destinationOf is a bucket with all that the documents have of it: what a link to it needs was
// read for the documents of its links.
func destinationOf(docs []*fact.Document, own *fact.Bucket) fact.Bucket {
	for _, d := range docs {
		if b := d.Buckets[own.Name].Value; b != nil && b.AccountID == own.AccountID {
			whole := *b
			adopt(&whole, own)
			return whole
		}
	}
	return *own
}

// adopt gives a bucket the facts of another that it was never asked for, and names them.
func adopt(b, other *fact.Bucket) (names []string) {
	for _, row := range fact.BucketFacts {
		mine, theirs := row.Of(b), row.Of(other)
		if mine.State() == (fact.State{}) && theirs.State() != (fact.State{}) {
			reflect.ValueOf(mine).Elem().Set(reflect.ValueOf(theirs).Elem())
			names = append(names, row.Name)
		}
	}
	return names
}

// deciding are the facts of buckets that decide whether objects arrive.
var deciding = []string{"versioning", "policy", "ownership", "encryption", "object_lock", "request_payment", "public_access_block"}

// fill takes a bucket to be as S3 makes it where AWS was not asked, as of one without links.
func (x *extension) fill(l *Link, b *fact.Bucket, e finding.End) {
	made := bucket(l, e)
	names := slices.DeleteFunc(adopt(b, &made), func(name string) bool { return !slices.Contains(deciding, name) })
	if len(names) > 0 {
		x.rests = append(x.rests, fmt.Sprintf("%s of %s, taken to be as S3 makes buckets", strings.Join(names, ", "), b.Name))
	}
}

// documentOf is the document of a bucket, which completes the end.
func documentOf(docs []*fact.Document, e *finding.End) (*fact.Document, error) {
	for _, d := range docs {
		b := &d.Bucket
		if b.Name != e.Bucket {
			continue
		}
		switch {
		case e.AccountID != "" && e.AccountID != b.AccountID:
			return nil, fmt.Errorf("the bucket %s is of account %s by the facts, not of %s", b.Name, b.AccountID, e.AccountID)
		case e.Region != "" && e.Region != b.Region:
			return nil, fmt.Errorf("the bucket %s is in %s by the facts, not in %s", b.Name, b.Region, e.Region)
		}
		e.AccountID, e.Region = b.AccountID, b.Region
		return d, nil
	}
	return nil, fmt.Errorf("the facts have no bucket %s", e.Bucket)
}

func copied[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// configure adds the rule to the replication configuration, and its role to the document.
func (x *extension) configure(docs []*fact.Document) error {
	b := &x.doc.Bucket
	before, ok := overlay.Value(x.doc, x.target)
	if !ok {
		return fmt.Errorf("whether %s has a replication configuration already could not be read", b.Name)
	}
	x.before = before
	config := fact.Replication{Role: x.link.roleARN()}
	if b.Replication.Value != nil {
		config.Role, config.Rules = b.Replication.Value.Role, slices.Clone(b.Replication.Value.Rules)
	}
	storable.Modern(&config)
	rule := x.link.rule()
	for n, taken := 2, true; taken; n++ {
		if taken = slices.ContainsFunc(config.Rules, func(r fact.ReplicationRule) bool { return r.ID == rule.ID }); taken {
			rule.ID = fmt.Sprint(x.link.ruleID(), "-", n)
		}
	}
	for _, r := range config.Rules {
		rule.Priority = max(rule.Priority, r.Priority+1)
	}
	config.Rules = append(config.Rules, rule)
	x.id = fact.LinkID(b.Name, rule.ID, x.link.Destination.Bucket)
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	x.after = string(text)
	x.role = config.Role
	x.addRole(docs)
	return nil
}

// addRole adds the role to the document: as the facts have it, or as one that is to be made.
func (x *extension) addRole(docs []*fact.Document) {
	arn := x.role
	for _, d := range docs {
		if r, ok := d.Roles[arn]; ok {
			x.doc.Roles[arn] = r
			return
		}
	}
	if x.before != "" {
		x.doc.Roles[arn] = fact.Missing[fact.Role](fact.Gap{
			AccountID: x.link.Source.AccountID, Resource: arn, Fact: "role", API: "iam:GetRole", Code: "NotRead", Message: "the facts do not have the role",
		})
		return
	}
	x.doc.Roles[arn] = fact.None[fact.Role]()
	x.note(finding.Target{Kind: finding.TrustPolicy, AccountID: x.link.Source.AccountID, Resource: arn},
		"account %s is taken to have no role %s: where it has one, name another", x.link.Source.AccountID, x.link.Role)
}

func (x *extension) note(t finding.Target, format string, args ...any) {
	x.notes = append(x.notes, finding.Decision{Target: t, Link: x.id, Text: fmt.Sprintf(format, args...), Findings: []string{}})
}

// only are the repairs of the new link. A change has all its edits, as it is one document.
func (x *extension) only(r finding.Repairs) finding.Repairs {
	out := finding.Repairs{Changes: []finding.Change{}, Fixes: []finding.Fix{}, Decisions: []finding.Decision{}}
	for _, c := range r.Changes {
		if slices.Contains(c.Links, x.id) {
			out.Changes = append(out.Changes, c)
		}
	}
	for _, f := range r.Fixes {
		if f.Link == x.id {
			f.Before = "" // there was none
			out.Fixes = append(out.Fixes, f)
		}
	}
	for _, d := range r.Decisions {
		if d.Link == x.id {
			out.Decisions = append(out.Decisions, d)
		}
	}
	return out
}

// configured adds the rule to the changes, with what else changes in the configuration.
func (x *extension) configured(out *finding.Repairs) {
	i := slices.IndexFunc(out.Changes, func(c finding.Change) bool { return c.Target == x.target })
	if i < 0 {
		i = len(out.Changes)
		out.Changes = append(out.Changes, finding.Change{Target: x.target, After: x.after, Patch: []finding.PatchOperation{}, Links: []string{x.id}, Rests: []string{}})
	}
	c := &out.Changes[i]
	c.Before, c.Patch = x.before, []finding.PatchOperation{}
	e := finding.Edit{Operation: finding.ReplaceValue, Statement: -1, Element: "Rules", Values: []string{x.id}, Findings: []string{},
		Summary: "add a rule that replicates " + x.link.Source.Bucket + " to " + x.link.Destination.Bucket}
	if x.before == "" {
		e.Operation, e.Element, e.Values = finding.CreateDocument, "", []string{}
		e.Summary = "replicate " + x.link.Source.Bucket + " to " + x.link.Destination.Bucket
	}
	c.Edits = append([]finding.Edit{e}, c.Edits...)
	for k := range out.Fixes {
		f := &out.Fixes[k]
		f.Proven = f.Proven && len(x.rests) == 0
		f.Changes = []int{}
		for i := range out.Changes {
			f.Changes = append(f.Changes, i)
		}
	}
	for k := range out.Changes {
		c := &out.Changes[k]
		c.Proven, c.Rests = out.Fixes[0].Proven, append(c.Rests, x.rests...)
	}
	if x.link.OwnerOverride && x.link.Enforced {
		x.note(finding.Target{}, "the owner override is left out: %s enforces bucket ownership, so its account owns the replicas", x.link.Destination.Bucket)
	}
	out.Decisions = append(out.Decisions, x.notes...)
}
