package fix

import (
	"cmp"
	"fmt"

	"crosscheck/rules/finding"
	policytext "crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/holders"
	"crosscheck/rules/fix/spelt"
	"crosscheck/rules/fix/words"
	"crosscheck/rules/iam/policy"
	"crosscheck/scanner/fact"
)

// documentRemedies are for findings about how policies are written.
var documentRemedies = map[string]remedy{
	"XC029": contextKeyName,
	"XC056": rewrite,
}

// placed is a policy over a link, with its place.
type placed struct {
	finding.Target
	kind   policy.Kind
	bucket string // of a bucket policy
	fact.Policy
}

// name is that by which findings call it.
func (p *placed) name() string { return cmp.Or(p.ARN, p.Name) }

// placed are the policies over the link that can be changed by its accounts: not those of
// the organization, and not AWS's own.
func (f *failure) placed() []placed {
	var list []placed
	add := func(t finding.Target, kind policy.Kind, bucket string, p fact.Policy) {
		if !holders.OfAWS(p.ARN) {
			list = append(list, placed{t, kind, bucket, p})
		}
	}
	if r := f.doc.Roles[f.link.RoleARN].Value; r != nil {
		role := func(k finding.Kind, name string) finding.Target {
			return finding.Target{Kind: k, AccountID: r.AccountID, Resource: r.ARN, Policy: name}
		}
		add(role(finding.TrustPolicy, ""), policy.Trust, "", r.Trust)
		for _, policies := range []fact.Fact[[]fact.Policy]{r.Inline, r.Attached} {
			if policies.Value == nil {
				continue
			}
			for _, p := range *policies.Value {
				add(holders.Target(role(finding.RolePolicy, p.Name), &p), policy.Identity, "", p)
			}
		}
		if p := r.Boundary.Value; p != nil {
			add(holders.Target(role(finding.Boundary, ""), p), policy.Boundary, "", *p)
		}
	}
	for _, b := range []*fact.Bucket{&f.doc.Bucket, f.destination} {
		if b != nil && b.Policy.Value != nil {
			add(onBucket(finding.BucketPolicy, b), policy.Bucket, b.Name, *b.Policy.Value)
		}
	}
	for _, name := range []string{f.link.SourceKey, f.link.ReplicaKey} {
		if k := f.doc.Keys[name].Value; k != nil && k.Policy.Value != nil && k.Manager == "CUSTOMER" {
			add(onKey(finding.KeyPolicy, k), policy.Key, "", *k.Policy.Value)
		}
	}
	return list
}

// rewrite repairs policies that AWS would not store, where it is certain what was meant.
func rewrite(f *failure) []want {
	problem, _ := f.Evidence["problem"].(map[string]any)
	name, _ := problem["policy"].(string)
	for _, p := range f.placed() {
		if p.name() != name || f.accepted(&p, p.Document) {
			continue
		}
		if e := f.version(&p); e != nil {
			w := f.want(p.Target)
			w.edit = e
			return []want{w}
		}
		if text := spelt.Plain(p.Document); text != p.Document && f.accepted(&p, text) {
			w := f.want(p.Target)
			w.edit = &edit{Edit: finding.Edit{
				Operation: finding.Repair, Statement: -1, Values: []string{text},
				Summary: "write " + words.Called(p.Target) + " in plain characters, with a Version that there is",
			}}
			return []want{w}
		}
		return f.decide(p.Target, "what %s is to say: AWS does not accept it, %s", words.Called(p.Target), f.Message)
	}
	return f.decide(finding.Target{}, "what the policy %s is to say: AWS does not accept it, %s", name, f.Message)
}

// accepted reports whether AWS would store a text in the place of a policy.
func (f *failure) accepted(p *placed, text string) bool {
	opts := []policy.ParseOption{policy.In(f.doc.Partition)}
	if p.bucket != "" {
		opts = append(opts, policy.ForBucket(p.bucket))
	}
	return policy.Parse(p.kind, p.Name, []byte(text), opts...).Valid()
}

// version writes another Version where it is all that is wrong with a policy; nil where it
// is not.
func (f *failure) version(p *placed) *edit {
	was := spelt.VersionOf(p.Document)
	now := spelt.Version(was)
	d, err := policytext.Read(p.Document)
	if err != nil || now == was || d.Replace(policytext.Top, "Version", was, now) != nil || !f.accepted(p, d.Text()) {
		return nil
	}
	return &edit{Edit: finding.Edit{
		Operation: finding.Repair, Statement: policytext.Top, Element: "Version", Values: []string{now}, Instead: was,
		Summary: "write " + now + " as Version of " + words.Called(p.Target) + ": there is no " + fmt.Sprintf("%q", was),
	}}
}

// contextKeyName writes the name of the context key that S3 sends where one that it does not
// send makes an Allow useless.
func contextKeyName(f *failure) []want {
	var list []want
	for _, p := range f.placed() {
		if !spelt.NamesMisspelled(p.Document) {
			continue
		}
		if spelt.Sent(p.kind, p.Document) == p.Document {
			list = append(list, f.decide(p.Target, "whether a statement of %s that denies is to name the context key %s: it names %s, which S3 never sends", words.Called(p.Target), spelt.SentContext, spelt.Misspelled)...)
			continue
		}
		w := f.want(p.Target)
		w.edit = &edit{
			Edit: finding.Edit{
				Operation: finding.ReplaceValue, Statement: -1, Element: "Condition", Values: []string{spelt.SentContext}, Instead: spelt.Misspelled,
				Summary: "name the context key " + spelt.SentContext + " in " + words.Called(p.Target) + ", in place of one that S3 never sends",
			},
			text: func(text string) (string, error) {
				now := spelt.Sent(p.kind, text)
				if !f.accepted(&p, now) {
					return "", fmt.Errorf("with %s in place of %s AWS would not accept %s", spelt.SentContext, spelt.Misspelled, words.Called(p.Target))
				}
				return now, nil
			},
		}
		list = append(list, w)
	}
	return list
}
