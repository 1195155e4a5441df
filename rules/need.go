package rules

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// missing is why a fact is not known: nil when AWS answered.
type missing func(doc *fact.Document, link *fact.Link) *fact.Gap

// gapsOf are the functions that give the gaps of a resource, by the names of its facts.
func gapsOf[T any](rows []fact.Row[T], at func(*T) (account, resource string)) map[string]func(*T, string) *fact.Gap {
	gaps := map[string]func(*T, string) *fact.Gap{}
	for _, row := range rows {
		gaps[row.Name] = func(of *T, name string) *fact.Gap {
			account, resource := at(of)
			return row.Of(of).State().Why(account, resource, name)
		}
	}
	return gaps
}

var (
	bucketFacts  = withOwner(gapsOf(fact.BucketFacts, func(b *fact.Bucket) (string, string) { return b.AccountID, b.ARN }))
	roleFacts    = gapsOf(fact.RoleFacts, func(r *fact.Role) (string, string) { return r.AccountID, r.ARN })
	keyFacts     = gapsOf(fact.KeyFacts, func(k *fact.Key) (string, string) { return k.AccountID, k.ARN })
	accountFacts = gapsOf(fact.AccountFacts, func(a *fact.Account) (string, string) { return a.ID, a.ID })
)

// withOwner adds who owns a bucket and in which Region it is: both are known together
// with the bucket, or not at all.
func withOwner(gaps map[string]func(*fact.Bucket, string) *fact.Gap) map[string]func(*fact.Bucket, string) *fact.Gap {
	gaps["owner"] = func(b *fact.Bucket, name string) *fact.Gap {
		if b.AccountID != "" && b.Region != "" {
			return nil
		}
		if g := b.Versioning.Gap; g != nil && g.Fact == "bucket" {
			return g // for which nothing of the bucket was read
		}
		return &fact.Gap{Resource: b.ARN, Fact: name, API: "s3:ListBuckets", Code: fact.NotRead, Message: "the account that owns the bucket was not scanned"}
	}
	return gaps
}

// needs maps the names that METADATA may use to the facts of a document. What
// hangs on a thing that does not exist (a role, a bucket or a key that AWS says
// is not there) is not missing: the rule about its existence judges that.
var needs = func() map[string]missing {
	m := map[string]missing{
		"organization": func(doc *fact.Document, _ *fact.Link) *fact.Gap {
			return doc.Organization.Why("", "", "organization")
		},
		"destination": func(doc *fact.Document, l *fact.Link) *fact.Gap {
			return doc.Buckets[l.Destination].Why("", doc.BucketARN(l.Destination), "destination")
		},
		"role": func(doc *fact.Document, l *fact.Link) *fact.Gap {
			return doc.Roles[l.RoleARN].Why("", l.RoleARN, "role")
		},
	}
	for name, f := range bucketFacts {
		full := "bucket." + name
		m[full] = func(doc *fact.Document, _ *fact.Link) *fact.Gap { return f(&doc.Bucket, full) }
		dst := "destination." + name
		m[dst] = func(doc *fact.Document, l *fact.Link) *fact.Gap {
			b := doc.Buckets[l.Destination]
			if b.Value == nil {
				return b.Why("", doc.BucketARN(l.Destination), dst)
			}
			return f(b.Value, dst)
		}
	}
	for name, f := range roleFacts {
		full := "role." + name
		m[full] = func(doc *fact.Document, l *fact.Link) *fact.Gap {
			r := doc.Roles[l.RoleARN]
			if r.Value == nil {
				return r.Why("", l.RoleARN, full)
			}
			return f(r.Value, full)
		}
	}
	for side, id := range map[string]func(*fact.Link) string{
		"destination_key": func(l *fact.Link) string { return l.ReplicaKey },
		"source_key":      func(l *fact.Link) string { return l.SourceKey },
	} {
		m[side] = func(doc *fact.Document, l *fact.Link) *fact.Gap {
			if id(l) == "" {
				return noKey(doc, l, side, side)
			}
			return doc.Keys[id(l)].Why("", id(l), side)
		}
		for name, f := range keyFacts {
			full := side + "." + name
			m[full] = func(doc *fact.Document, l *fact.Link) *fact.Gap {
				if id(l) == "" {
					return noKey(doc, l, side, full)
				}
				k := doc.Keys[id(l)]
				if k.Value == nil {
					return k.Why("", id(l), full)
				}
				return f(k.Value, full)
			}
		}
	}
	for side, id := range map[string]func(*fact.Document, *fact.Link) string{
		"source_account": func(doc *fact.Document, _ *fact.Link) string { return doc.Bucket.AccountID },
		"destination_account": func(doc *fact.Document, l *fact.Link) string {
			if b := doc.Buckets[l.Destination].Value; b != nil {
				return b.AccountID
			}
			return ""
		},
		"role_account": func(doc *fact.Document, l *fact.Link) string {
			if r := doc.Roles[l.RoleARN].Value; r != nil {
				return r.AccountID
			}
			return ""
		},
	} {
		for name, f := range accountFacts {
			full := side + "." + name
			m[full] = func(doc *fact.Document, l *fact.Link) *fact.Gap {
				a, ok := doc.Accounts[id(doc, l)]
				if !ok {
					a.ID = id(doc, l)
				}
				return f(&a, full)
			}
		}
	}
	return m
}()

// noKey is why a link has no key on a side, nil where it needs none.
func noKey(doc *fact.Document, l *fact.Link, side, name string) *fact.Gap {
	if side != "destination_key" || !l.Rule.Destination.RelatedKey {
		return nil
	}
	_, why := doc.RelatedKey(l)
	return &fact.Gap{Resource: doc.BucketARN(l.Destination), Fact: name, Code: fact.NotRead, Message: why}
}

// linkOnly reports whether a fact name is about a link rather than a bucket.
func linkOnly(name string) bool {
	return name != "organization" && !strings.HasPrefix(name, "bucket.") && !strings.HasPrefix(name, "source_account.")
}

// need is one entry of a rule's needs: "NAME", "NAME if PARAMETER", where the
// need stands only if the parameter is set, or "NAME when CONDITION", where it
// stands unless the condition is known not to hold.
type need struct {
	name      string
	parameter string
	when      condition
	missing   missing
}

func parseNeed(text, scope string) (need, error) {
	name, when, conditional := strings.Cut(text, " when ")
	name, parameter, _ := strings.Cut(name, " if ")
	n := need{name: strings.TrimSpace(name), parameter: strings.TrimSpace(parameter)}
	n.missing = needs[n.name]
	if conditional {
		var err error
		if n.when, err = parseCondition(strings.TrimSpace(when), scope); err != nil {
			return n, fmt.Errorf("needs: %w", err)
		}
	}
	switch {
	case n.missing == nil:
		return n, fmt.Errorf("needs names the fact %q, which does not exist: use one of %s",
			n.name, strings.Join(slices.Sorted(maps.Keys(needs)), ", "))
	case linkOnly(n.name) && scope != ScopeLink:
		return n, fmt.Errorf("needs names %q, which belongs to a link, but the scope of the rule is %s", n.name, scope)
	}
	return n, nil
}

// condition is one entry of a rule's when: a name below, or "parameter NAME".
type condition struct {
	why       string                                           // the rule does not apply where not holds
	not       func(*premises, *fact.Document, *fact.Link) bool // nil for a parameter
	parameter string
	ofBucket  bool // it is about the source bucket, so rules of every scope may ask for it
}

// conditions are what rules can ask for before they are asked. They hold unless
// it is known that they do not.
var conditions = map[string]condition{
	"replication": {why: "the bucket does not replicate", ofBucket: true, not: func(_ *premises, doc *fact.Document, _ *fact.Link) bool {
		return doc.Bucket.Replication.Absent
	}},
	"destination": {why: "the destination does not exist", not: func(_ *premises, doc *fact.Document, l *fact.Link) bool {
		return doc.Buckets[l.Destination].Absent
	}},
	"role": {why: "the role does not exist", not: func(_ *premises, doc *fact.Document, l *fact.Link) bool {
		return doc.Roles[l.RoleARN].Absent
	}},
	"destination_policy": {why: "the destination has no bucket policy", not: func(_ *premises, doc *fact.Document, l *fact.Link) bool {
		d := doc.Buckets[l.Destination].Value
		return d != nil && d.Policy.Absent
	}},
	"cross_account": {why: "source and destination belong to one account", not: func(_ *premises, doc *fact.Document, l *fact.Link) bool {
		d := doc.Buckets[l.Destination].Value
		return d != nil && d.AccountID != "" && d.AccountID == doc.Bucket.AccountID
	}},
	"kms": {why: "the rule does not take objects under KMS", not: func(_ *premises, _ *fact.Document, l *fact.Link) bool {
		return l.Rule.SSEKMSObjects != "Enabled"
	}},
	"source_key": {why: "the default encryption of the source names no key", not: func(_ *premises, doc *fact.Document, l *fact.Link) bool {
		return l.SourceKey == "" && doc.Bucket.Encryption.Known()
	}},
	"replica_key": {why: "the rule names no key for replicas", not: func(_ *premises, _ *fact.Document, l *fact.Link) bool {
		return l.ReplicaKey == "" && !l.Rule.Destination.RelatedKey
	}},
	"object_lock": {why: "Object Lock is not enabled on the source", not: func(_ *premises, doc *fact.Document, _ *fact.Link) bool {
		f := doc.Bucket.ObjectLock
		return f.Absent || f.Value != nil && !f.Value.Enabled
	}},
	"public_policy": {why: "the bucket policy of the destination is not public", not: func(p *premises, doc *fact.Document, l *fact.Link) bool {
		d := doc.Buckets[l.Destination].Value
		return d != nil && (d.Policy.Absent || d.Policy.Value != nil &&
			policy.Classify(d.Name, p.policies.Get(policy.Bucket, doc.Partition, d.Name, *d.Policy.Value).Policy).Public == logic.False)
	}},
	"owner_override": {why: "the rule does not change the owner", not: func(_ *premises, _ *fact.Document, l *fact.Link) bool {
		return !l.Rule.Destination.OwnerOverride
	}},
	"sse_c": {why: "the source takes no objects under SSE-C", not: func(_ *premises, doc *fact.Document, _ *fact.Link) bool {
		e := doc.Bucket.Encryption.Value
		return e != nil && slices.Contains(e.BlockedTypes, "SSE-C")
	}},
	"sse_s3": {why: "the default encryption of the source is KMS", not: func(_ *premises, doc *fact.Document, _ *fact.Link) bool {
		e := doc.Bucket.Encryption.Value
		return e != nil && strings.HasPrefix(e.Algorithm, "aws:kms")
	}},
	"no_mfa_delete": {why: "MFA delete is on at the destination", not: func(_ *premises, doc *fact.Document, l *fact.Link) bool {
		d := doc.Buckets[l.Destination].Value
		return d != nil && d.Versioning.Value != nil && d.Versioning.Value.MFADelete == "Enabled"
	}},
}

func parseCondition(text, scope string) (condition, error) {
	if name, ok := strings.CutPrefix(text, "parameter "); ok {
		return condition{why: "the configuration sets no " + name, parameter: name}, nil
	}
	c, ok := conditions[text]
	switch {
	case !ok:
		return c, fmt.Errorf("when names %q: use \"parameter NAME\" or one of %s", text, strings.Join(slices.Sorted(maps.Keys(conditions)), ", "))
	case scope != ScopeLink && !c.ofBucket:
		return c, fmt.Errorf("when names %q, which belongs to a link, but the scope of the rule is %s", text, scope)
	}
	return c, nil
}

// premises are what decides, beside the document, whether rules are asked.
type premises struct {
	params   map[string]any
	policies *permission.Policies
}

// stands reports whether a need holds under the parameters.
func (p *premises) stands(n *need) bool {
	return n.parameter == "" || set(p.params, strings.Split(n.parameter, "."))
}

// set reports whether a parameter has a value other than false and empty; of a
// list it is enough that one element has it.
func set(v any, path []string) bool {
	switch v := v.(type) {
	case nil:
		return false
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return set(x, path) })
	case map[string]any:
		if len(path) > 0 {
			return set(v[path[0]], path[1:])
		}
		return len(v) > 0
	case bool:
		return v && len(path) == 0
	}
	return len(path) == 0
}

// holds reports whether a condition may be so.
func (p *premises) holds(c *condition, doc *fact.Document, link *fact.Link) bool {
	switch {
	case c.parameter != "":
		return set(p.params, strings.Split(c.parameter, "."))
	case c.not == nil || doc == nil || link == nil && !c.ofBucket:
		return true
	}
	return !c.not(p, doc, link)
}

// inapplicable says why a rule does not apply to a link (nil: to the bucket), "" where it does.
func (p *premises) inapplicable(r *Rule, doc *fact.Document, link *fact.Link) string {
	for i := range r.when {
		if !p.holds(&r.when[i], doc, link) {
			return r.when[i].why
		}
	}
	return ""
}

// wants reports whether a rule looks at a fact of a link, by what is known so far.
func (p *premises) wants(r *Rule, name string, doc *fact.Document, link *fact.Link) bool {
	for _, list := range [][]need{r.needs, r.uses} {
		for i := range list {
			n := &list[i]
			if n.name == name && p.stands(n) && p.inapplicable(r, doc, link) == "" && p.holds(&n.when, doc, link) {
				return true
			}
		}
	}
	return false
}

// gap is the first of the named facts that is not known.
func (p *premises) gap(list []need, doc *fact.Document, link *fact.Link) *fact.Gap {
	for i := range list {
		n := &list[i]
		if !p.stands(n) || !p.holds(&n.when, doc, link) {
			continue
		}
		if g := n.missing(doc, link); g != nil {
			return g
		}
	}
	return nil
}

// subject is the bucket or a link of a document as one rule is asked about it.
type subject struct {
	rule    int       // its place
	link    int       // its index, or theBucket
	why     string    // why the rule does not apply, "" where it does
	missing *fact.Gap // a fact that the rule needs
	unread  *fact.Gap // a fact that the rule judges itself: the reason where it gives no answer
	refused string    // which statement refused the read of that fact, "" where none is known
}

const theBucket = -1

// subjects are what the rules are asked about in a document, sorted by rule and link.
func (p *premises) subjects(rules []*Rule, doc *fact.Document) []subject {
	list := make([]subject, 0, len(rules)*len(doc.Links)+8)
	for i, r := range rules {
		switch {
		case r.Scope == ScopeLink:
			for k := range doc.Links {
				list = append(list, p.subject(i, r, doc, k))
			}
		case r.Scope != ScopeSource || !doc.Bucket.Replication.Absent:
			list = append(list, p.subject(i, r, doc, theBucket))
		}
	}
	return list
}

func (p *premises) subject(i int, r *Rule, doc *fact.Document, k int) subject {
	var link *fact.Link
	if k != theBucket {
		link = &doc.Links[k]
	}
	s := subject{rule: i, link: k, why: p.inapplicable(r, doc, link)}
	if s.why == "" {
		s.missing = p.gap(r.needs, doc, link)
		if s.missing == nil && r.permission == nil { // which answers always
			s.unread = p.gap(r.uses, doc, link)
		}
		if g := cmp.Or(s.missing, s.unread); g != nil {
			s.refused = p.refusedBy(doc, link, g)
		}
	}
	return s
}

// byRule gives the subjects of each rule that has any, by the place of the rule.
func byRule(subjects []subject) iter.Seq2[int, []subject] {
	return func(yield func(int, []subject) bool) {
		for len(subjects) > 0 {
			n := 1
			for n < len(subjects) && subjects[n].rule == subjects[0].rule {
				n++
			}
			if !yield(subjects[0].rule, subjects[:n]) {
				return
			}
			subjects = subjects[n:]
		}
	}
}

// applies reports whether a rule applies to any of its subjects.
func applies(subjects []subject) bool {
	return slices.ContainsFunc(subjects, func(s subject) bool { return s.why == "" })
}

// mentionedFacts lists the facts of buckets whose names occur in modules of the
// user. Tags also occur in replication rules; that alone does not name the fact.
func mentionedFacts(modules map[string]*ast.Module, files []source) map[string]bool {
	mentioned := map[string]bool{}
	for _, f := range files {
		if !f.user || modules[f.name] == nil {
			continue
		}
		ast.WalkTerms(modules[f.name], func(t *ast.Term) bool {
			if s, ok := t.Value.(ast.String); ok && bucketFacts[string(s)] != nil && s != "owner" && s != "tags" {
				mentioned[string(s)] = true
			}
			return false
		})
	}
	return mentioned
}
