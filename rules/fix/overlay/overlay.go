// Package overlay lays policy documents and settings over facts, so that they can be judged
// as if AWS had them.
package overlay

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Overlay are documents and settings that are not as the facts have them, by what they
// are of. A policy that is "" is taken away.
type Overlay map[finding.Target]string

// Of is what documents and settings become with changes.
func Of(changes []finding.Change) Overlay {
	o := Overlay{}
	for i := range changes {
		o[changes[i].Target] = changes[i].After
	}
	return o
}

// Apply is the document with the overlay, and whether the overlay changed anything in
// it. The document itself stays as it is; what did not change is shared with it. A
// target that the document does not have is left out; a value that its setting cannot
// have is an error.
func (o Overlay) Apply(doc *fact.Document) (*fact.Document, bool, error) {
	out, changed := *doc, false
	out.Buckets, out.Roles, out.Keys, out.Accounts = maps.Clone(doc.Buckets), maps.Clone(doc.Roles), maps.Clone(doc.Keys), maps.Clone(doc.Accounts)
	for _, target := range o.sorted() {
		before, ok := Value(&out, target)
		if !ok || before == o[target] {
			continue
		}
		if err := settings[target.Kind].set(&out, target, o[target]); err != nil {
			return nil, false, err
		}
		changed = true
	}
	return &out, changed, nil
}

// sorted are the targets, those of roles that do not exist yet with their trust policy first.
func (o Overlay) sorted() []finding.Target {
	return slices.SortedFunc(maps.Keys(o), func(a, b finding.Target) int {
		if a.Kind != b.Kind && (a.Kind == finding.TrustPolicy || b.Kind == finding.TrustPolicy) {
			if a.Kind == finding.TrustPolicy {
				return -1
			}
			return 1
		}
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
}

// Value is the text of a target as the facts have it, "" where AWS says that there is
// none; false where the facts do not have the target, or it could not be read.
func Value(doc *fact.Document, target finding.Target) (string, bool) {
	s, ok := settings[target.Kind]
	if !ok {
		return "", false
	}
	return s.get(doc, target)
}

// setting reads and writes one kind of target in a document whose maps may be changed,
// but not what their values point to.
type setting struct {
	get func(*fact.Document, finding.Target) (string, bool)
	set func(*fact.Document, finding.Target, string) error
}

var settings map[finding.Kind]setting

func init() { // a literal would refer to itself, through set
	settings = map[finding.Kind]setting{
		finding.TrustPolicy:    {trust, setTrust},
		finding.RolePolicy:     {rolePolicy, setRolePolicy},
		finding.Boundary:       ofRole(boundary, setBoundary),
		finding.ManagedPolicy:  {managed, setManaged},
		finding.SCP:            ofAccount(func(a *fact.Account) *fact.Fact[[]fact.PolicyLevel] { return &a.SCPs }),
		finding.RCP:            ofAccount(func(a *fact.Account) *fact.Fact[[]fact.PolicyLevel] { return &a.RCPs }),
		finding.BucketPolicy:   ofBucket(bucketPolicy, setBucketPolicy),
		finding.Versioning:     ofBucket(versioning, setVersioning),
		finding.Ownership:      ofBucket(text(func(b *fact.Bucket) *fact.Fact[string] { return &b.Ownership })),
		finding.RequestPayment: ofBucket(text(func(b *fact.Bucket) *fact.Fact[string] { return &b.RequestPayment })),
		finding.ObjectLock:     ofBucket(objectLock, setObjectLock),
		finding.Replication:    {replication, setReplication},
		finding.KeyPolicy:      ofKey(keyPolicy, setKeyPolicy),
		finding.KeyState:       ofKey(func(k *fact.Key) (string, bool) { return k.State, true }, func(k *fact.Key, v string) { k.State = v }),
	}
}

// policyText is the text of a policy that may be absent.
func policyText(p fact.Fact[fact.Policy]) (string, bool) {
	if p.Value != nil {
		return p.Value.Document, true
	}
	return "", p.Absent
}

// policyFact is a policy of a text; "" is none.
func policyFact(name, text string) fact.Fact[fact.Policy] {
	if text == "" {
		return fact.None[fact.Policy]()
	}
	return fact.Of(fact.Policy{Name: name, Document: text})
}

func ofRole(get func(*fact.Role, finding.Target) (string, bool), set func(*fact.Role, finding.Target, string)) setting {
	return setting{
		get: func(d *fact.Document, t finding.Target) (string, bool) {
			r := d.Roles[t.Resource].Value
			if r == nil {
				return "", false
			}
			return get(r, t)
		},
		set: func(d *fact.Document, t finding.Target, v string) error {
			r := *d.Roles[t.Resource].Value
			set(&r, t, v)
			d.Roles[t.Resource] = fact.Of(r)
			return nil
		},
	}
}

func trust(d *fact.Document, t finding.Target) (string, bool) {
	role := d.Roles[t.Resource]
	if role.Value != nil {
		return role.Value.Trust.Document, true
	}
	return "", role.Absent
}

// setTrust makes the role where it does not exist: AWS creates roles with their trust policy.
func setTrust(d *fact.Document, t finding.Target, v string) error {
	if d.Roles[t.Resource].Absent {
		_, name, _ := strings.Cut(t.Resource, ":role/")
		i := strings.LastIndex(name, "/")
		d.Roles[t.Resource] = fact.Of(fact.Role{
			ARN: t.Resource, AccountID: t.AccountID, Path: "/" + name[:i+1], Name: name[i+1:], Trust: fact.Policy{Name: "trust", Document: v},
			Inline: fact.None[[]fact.Policy](), Attached: fact.None[[]fact.Policy](), Boundary: fact.None[fact.Policy](),
		})
		return nil
	}
	return ofRole(nil, func(r *fact.Role, _ finding.Target, v string) { r.Trust.Document = v }).set(d, t, v)
}

// rolePolicy is a policy of a role by its name or ARN. A policy that is not there is one that
// can be made; so is any of a role that can be made.
func rolePolicy(d *fact.Document, t finding.Target) (string, bool) {
	role := d.Roles[t.Resource]
	if role.Value == nil {
		return "", role.Absent
	}
	for _, list := range []fact.Fact[[]fact.Policy]{role.Value.Inline, role.Value.Attached} {
		if list.Value == nil {
			continue
		}
		for _, p := range *list.Value {
			if p.ARN == t.Policy || p.ARN == "" && p.Name == t.Policy {
				return p.Document, true
			}
		}
	}
	if strings.HasPrefix(t.Policy, "arn:") {
		return "", role.Value.Attached.Known()
	}
	return "", role.Value.Inline.Known()
}

func setRolePolicy(d *fact.Document, t finding.Target, v string) error {
	if d.Roles[t.Resource].Value == nil {
		return fmt.Errorf("the role %s does not exist: give its trust policy too, so that it can be made", t.Resource)
	}
	return ofRole(nil, func(r *fact.Role, t finding.Target, v string) {
		r.Inline, r.Attached = replaced(r.Inline, t, v, ""), replaced(r.Attached, t, v, t.Policy)
		if v == "" {
			return
		}
		list, p := &r.Inline, fact.Policy{Name: t.Policy, Document: v}
		if strings.HasPrefix(t.Policy, "arn:") {
			list, p.Name, p.ARN = &r.Attached, t.Policy[strings.LastIndexByte(t.Policy, '/')+1:], t.Policy
		}
		var all []fact.Policy
		if list.Value != nil {
			all = *list.Value
		}
		if !slices.ContainsFunc(all, func(x fact.Policy) bool { return x.ARN == p.ARN && (p.ARN != "" || x.Name == p.Name) }) {
			*list = fact.Of(append(all[:len(all):len(all)], p))
		}
	}).set(d, t, v)
}

// replaced is a list of policies with another text of that of the target, or without it.
func replaced(list fact.Fact[[]fact.Policy], t finding.Target, v, arn string) fact.Fact[[]fact.Policy] {
	if list.Value == nil {
		return list
	}
	out := make([]fact.Policy, 0, len(*list.Value))
	for _, p := range *list.Value {
		if p.ARN == arn && (arn != "" || p.Name == t.Policy) {
			if v == "" {
				continue
			}
			p.Document = v
		}
		out = append(out, p)
	}
	return fact.Of(out)
}

func boundary(r *fact.Role, _ finding.Target) (string, bool) { return policyText(r.Boundary) }

func setBoundary(r *fact.Role, t finding.Target, v string) {
	p := policyFact(t.Policy, v)
	if p.Value != nil {
		if r.Boundary.Value != nil {
			p.Value.Name = r.Boundary.Value.Name
		}
		p.Value.ARN = t.Policy
	}
	r.Boundary = p
}

// managed is the text of a managed policy that a role of the document has, as a policy or as
// its boundary.
func managed(d *fact.Document, t finding.Target) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(d.Roles)) {
		r := d.Roles[name].Value
		if r == nil {
			continue
		}
		if p := r.Boundary.Value; p != nil && p.ARN == t.Resource {
			return p.Document, true
		}
		if r.Attached.Value == nil {
			continue
		}
		for _, p := range *r.Attached.Value {
			if p.ARN == t.Resource {
				return p.Document, true
			}
		}
	}
	return "", false
}

// setManaged sets the text wherever roles have the policy.
func setManaged(d *fact.Document, t finding.Target, v string) error {
	for name, f := range d.Roles {
		if f.Value == nil {
			continue
		}
		r := *f.Value
		r.Attached = replaced(r.Attached, t, v, t.Resource)
		if p := r.Boundary.Value; p != nil && p.ARN == t.Resource {
			setBoundary(&r, t, v)
		}
		d.Roles[name] = fact.Of(r)
	}
	return nil
}

// ofAccount is a policy of the organization over an account: its Resource is the id of the
// root, unit or account that it is attached to, its Policy its ARN or name.
func ofAccount(levels func(*fact.Account) *fact.Fact[[]fact.PolicyLevel]) setting {
	find := func(d *fact.Document, t finding.Target, use func(account string, level, policy int)) {
		for _, id := range slices.Sorted(maps.Keys(d.Accounts)) {
			a := d.Accounts[id]
			list := levels(&a)
			if list.Value == nil {
				continue
			}
			for i, l := range *list.Value {
				for j, p := range l.Policies {
					if l.Target == t.Resource && (p.ARN == t.Policy || p.Name == t.Policy) {
						use(id, i, j)
					}
				}
			}
		}
	}
	return setting{
		get: func(d *fact.Document, t finding.Target) (text string, ok bool) {
			find(d, t, func(id string, i, j int) {
				a := d.Accounts[id]
				text, ok = (*levels(&a).Value)[i].Policies[j].Document, true
			})
			return text, ok
		},
		set: func(d *fact.Document, t finding.Target, v string) error {
			find(d, t, func(id string, i, j int) {
				a := d.Accounts[id]
				all := slices.Clone(*levels(&a).Value)
				all[i].Policies = slices.Clone(all[i].Policies)
				if v == "" {
					all[i].Policies = slices.Delete(all[i].Policies, j, j+1)
				} else {
					all[i].Policies[j].Document = v
				}
				*levels(&a) = fact.Of(all)
				d.Accounts[id] = a
			})
			return nil
		},
	}
}

// ofBucket is a setting of a bucket, which is a destination, the source, or both.
func ofBucket(get func(*fact.Bucket) (string, bool), set func(*fact.Bucket, string)) setting {
	named := func(b *fact.Bucket, t finding.Target) bool { return b != nil && b.ARN == t.Resource }
	return setting{
		get: func(d *fact.Document, t finding.Target) (string, bool) {
			if named(&d.Bucket, t) {
				return get(&d.Bucket)
			}
			for _, name := range slices.Sorted(maps.Keys(d.Buckets)) {
				if b := d.Buckets[name].Value; named(b, t) {
					return get(b)
				}
			}
			return "", false
		},
		set: func(d *fact.Document, t finding.Target, v string) error {
			if named(&d.Bucket, t) {
				set(&d.Bucket, v)
			}
			for name, b := range d.Buckets {
				if named(b.Value, t) {
					other := *b.Value
					set(&other, v)
					d.Buckets[name] = fact.Of(other)
				}
			}
			return nil
		},
	}
}

func bucketPolicy(b *fact.Bucket) (string, bool) { return policyText(b.Policy) }

func setBucketPolicy(b *fact.Bucket, v string) { b.Policy = policyFact(b.Name, v) }

func versioning(b *fact.Bucket) (string, bool) {
	if b.Versioning.Value != nil {
		return b.Versioning.Value.Status, true
	}
	return "", b.Versioning.Absent
}

func setVersioning(b *fact.Bucket, v string) {
	now := fact.Versioning{Status: v}
	if b.Versioning.Value != nil {
		now.MFADelete = b.Versioning.Value.MFADelete
	}
	b.Versioning = fact.Of(now)
}

func objectLock(b *fact.Bucket) (string, bool) {
	if l := b.ObjectLock.Value; l != nil && l.Enabled {
		return "Enabled", true
	}
	return "", b.ObjectLock.Known()
}

// setObjectLock gives no default retention: what is locked at the source has its own.
func setObjectLock(b *fact.Bucket, v string) {
	b.ObjectLock = fact.Of(fact.ObjectLock{Enabled: v == "Enabled"})
}

// text is a setting that is a word.
func text(of func(*fact.Bucket) *fact.Fact[string]) (func(*fact.Bucket) (string, bool), func(*fact.Bucket, string)) {
	get := func(b *fact.Bucket) (string, bool) {
		if f := of(b); f.Value != nil {
			return *f.Value, true
		}
		return "", of(b).Absent
	}
	return get, func(b *fact.Bucket, v string) { *of(b) = fact.Of(v) }
}

func ofKey(get func(*fact.Key) (string, bool), set func(*fact.Key, string)) setting {
	return setting{
		get: func(d *fact.Document, t finding.Target) (string, bool) {
			for _, name := range slices.Sorted(maps.Keys(d.Keys)) {
				if k := d.Keys[name].Value; k != nil && k.ARN == t.Resource {
					return get(k)
				}
			}
			return "", false
		},
		set: func(d *fact.Document, t finding.Target, v string) error {
			for name, k := range d.Keys { // by id, ARN or alias: one key may be here twice
				if k.Value != nil && k.Value.ARN == t.Resource {
					other := *k.Value
					set(&other, v)
					d.Keys[name] = fact.Of(other)
				}
			}
			return nil
		},
	}
}

func keyPolicy(k *fact.Key) (string, bool) { return policyText(k.Policy) }

func setKeyPolicy(k *fact.Key, v string) { k.Policy = policyFact("default", v) }

// replication is the replication configuration of the source bucket as the facts have it.
func replication(d *fact.Document, t finding.Target) (string, bool) {
	if d.Bucket.ARN != t.Resource || d.Bucket.Replication.Value == nil {
		return "", d.Bucket.ARN == t.Resource && d.Bucket.Replication.Absent
	}
	b, err := json.MarshalIndent(d.Bucket.Replication.Value, "", "  ")
	return string(b), err == nil
}

// setReplication makes the links of the rules anew. What they refer to and the facts do
// not have was not read.
func setReplication(d *fact.Document, _ finding.Target, v string) error {
	var r fact.Replication
	if err := json.Unmarshal([]byte(v), &r); err != nil {
		return fmt.Errorf("the replication configuration: %w", err)
	}
	d.Bucket.Replication, d.Links = fact.Of(r), nil
	for i := range r.Rules {
		if rule := &r.Rules[i]; rule.Status == "Enabled" {
			d.Links = append(d.Links, d.LinkOf(rule))
		}
	}
	return nil
}
