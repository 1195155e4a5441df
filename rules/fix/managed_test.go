package fix_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/overlay"
	"crosscheck/scanner/fact"
)

const (
	otherRole = "arn:aws:iam::111111111111:role/service-role/other"
	aPolicy   = "arn:aws:iam::111111111111:policy/Shared"
	writes    = `{"Sid": "Write", "Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete"], "Resource": "arn:aws:s3:::dst/*"},`
)

// twice is a world and another one of the same destination: its source is src2, its role
// another.
func twice(t *testing.T, w *world) []*fact.Document {
	t.Helper()
	text, err := json.Marshal(w.Document)
	if err != nil {
		t.Fatal(err)
	}
	var other fact.Document
	names := strings.NewReplacer(`"src"`, `"src2"`, `:::src`, `:::src2`, `src/all`, `src2/all`, `service-role/repl`, `service-role/other`, `"name":"repl"`, `"name":"other"`)
	if err := json.Unmarshal([]byte(names.Replace(string(text))), &other); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*fact.Document{w.Document, &other} { // what both use has one policy, which names both roles
		both := func(p *fact.Policy) fact.Fact[fact.Policy] {
			out := *p
			for _, arn := range []string{theRole, otherRole} {
				out.Document = strings.ReplaceAll(out.Document, `"AWS":"`+arn+`"`, `"AWS":["`+theRole+`","`+otherRole+`"]`)
			}
			return fact.Of(out)
		}
		edit(d.Keys, bKey, func(k *fact.Key) { k.Policy = both(k.Policy.Value) })
		edit(d.Buckets, "dst", func(b *fact.Bucket) { b.Policy = both(b.Policy.Value) })
	}
	return []*fact.Document{w.Document, &other}
}

// attach gives the role managed policies in place of its inline one.
func (w *world) attach(policies ...fact.Policy) {
	w.role(func(r *fact.Role) { r.Inline, r.Attached = fact.None[[]fact.Policy](), fact.Of(policies) })
}

func (w *world) rolePolicy() string { return (*w.Roles[theRole].Value.Inline.Value)[0].Document }

func found(t *testing.T, docs ...*fact.Document) finding.Repairs {
	t.Helper()
	got, err := fix.Find(t.Context(), docs, judge)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// allWork reports whether each link of documents works with changes.
func allWork(t *testing.T, r finding.Repairs, docs ...*fact.Document) bool {
	t.Helper()
	o := overlay.Of(r.Changes)
	for _, d := range docs {
		after, _, err := o.Apply(d)
		if err != nil {
			t.Fatal(err)
		}
		links, _, err := judge(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(links, func(l finding.Link) bool { return l.Verdict != finding.Works }) {
			return false
		}
	}
	return true
}

// TestSharedManaged: a right that a role lacks does not go into a managed policy that another
// role has too, but into a policy of its own.
func TestSharedManaged(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.inRole(writes, "")
	w.inRole("arn:aws:s3:::src", "arn:aws:s3:::src*") // the sources of both
	w.attach(fact.Policy{Name: "Shared", ARN: aPolicy, Document: w.rolePolicy()})
	docs := twice(t, w)
	docs[1].Roles[otherRole].Value.Attached = docs[0].Roles[theRole].Value.Attached
	got := found(t, docs...)
	if len(got.Changes) != 2 || !allWork(t, got, docs...) {
		t.Fatalf("%s", show(got))
	}
	for _, c := range got.Changes {
		if c.Kind != finding.RolePolicy || c.Policy != "crosscheck-replication" || len(c.Links) != 1 || !c.Proven {
			t.Errorf("%s", show(got))
		}
	}
}

// TestManagedCorrected: what a managed policy was meant to allow is corrected there, once for
// all roles that have it.
func TestManagedCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.inRole("s3:ReplicateObject", "s3:ReplicateObjekt")
	w.inRole("arn:aws:s3:::src", "arn:aws:s3:::src*")
	w.attach(fact.Policy{Name: "Shared", ARN: aPolicy, Document: w.rolePolicy()})
	docs := twice(t, w)
	docs[1].Roles[otherRole].Value.Attached = docs[0].Roles[theRole].Value.Attached
	got := found(t, docs...)
	if len(got.Changes) != 1 || got.Changes[0].Target != finding.Managed(aPolicy) || len(got.Changes[0].Links) != 2 || !allWork(t, got, docs...) {
		t.Fatalf("%s", show(got))
	}
	if s := got.Changes[0].Edits[0].Summary; !strings.Contains(s, "policy Shared of roles other and repl") {
		t.Errorf("the summary is %q", s)
	}
}

// TestSharedBoundary: a permissions boundary of two roles gets one change with the rights of
// both, and says whose it is.
func TestSharedBoundary(t *testing.T) {
	t.Parallel()
	w := newWorld()
	open := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["s3:ReplicateObject","s3:ListBucket"],"Resource":"*"},` +
		`{"Sid":"Write","Effect":"Allow","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::old/*"}]}`
	w.role(func(r *fact.Role) { r.Boundary = fact.Of(fact.Policy{Name: "Bound", ARN: aPolicy, Document: open}) })
	docs := twice(t, w)
	got := found(t, docs...)
	if len(got.Changes) != 1 || !allWork(t, got, docs...) {
		t.Fatalf("%s", show(got))
	}
	c := got.Changes[0]
	if c.Target != finding.Managed(aPolicy) || !c.Proven || len(c.Links) != 2 ||
		!strings.Contains(c.After, "arn:aws:s3:::src2") || !strings.Contains(c.After, "arn:aws:s3:::src\"") {
		t.Errorf("%s", show(got))
	}
	for _, e := range c.Edits {
		if !strings.Contains(e.Summary, "the permissions boundary Shared of roles other and repl") {
			t.Errorf("the summary is %q", e.Summary)
		}
	}
}

// TestTenManaged: no eleventh managed policy is attached; a decision says why.
func TestTenManaged(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]bool{9: true, 10: false, 12: true, 20: false} {
		w := newWorld()
		pad := strings.Repeat(`,"arn:aws:s3:::other/`+strings.Repeat("x", 190)+`"`, 44)
		w.inRole(writes, `{"Sid": "Pad", "Effect": "Allow", "Action": "s3:GetObject", "Resource": [`+pad[1:]+`]},`)
		w.inRole(`"Sid": "Pad"`, `"Sid": "Pad`+strings.Repeat("d", 10_240-len(strings.Join(strings.Fields(w.rolePolicy()), "")))+`"`) // as large as AWS takes
		w.role(func(r *fact.Role) {
			var all []fact.Policy
			for i := range n {
				name := "P" + string(rune('a'+i))
				all = append(all, fact.Policy{Name: name, ARN: "arn:aws:iam::111111111111:policy/" + name, Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*"}]}`})
			}
			r.Attached = fact.Of(all)
		})
		got := found(t, w.Document)
		if made := len(got.Changes) > 0; made != want || !made && !strings.Contains(show(got), "managed policies, and AWS attaches no more than") {
			t.Errorf("with %d managed policies: %s", n, show(got))
		}
	}
}

var notRead = fact.Gap{AccountID: "111111111111", Resource: "x", Fact: "role.boundary", API: "iam:GetPolicy", Code: "AccessDenied"}

// TestGapOfAChange: a change is not proven where something that was not read may keep from
// the link what the change gives, whatever else is wrong with the link; each gap is named once.
func TestGapOfAChange(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.inRole(writes, `{"Sid": "No", "Effect": "Deny", "Action": "s3:GetObjectVersionAcl", "Resource": "*"},`)
	w.role(func(r *fact.Role) { r.Boundary = fact.Missing[fact.Policy](notRead) })
	got := found(t, w.Document)
	if len(got.Changes) != 1 || len(got.Fixes) != 1 || got.Fixes[0].Proven || got.Fixes[0].After != finding.Broken {
		t.Fatalf("%s", show(got))
	}
	if c := got.Changes[0]; c.Proven || len(c.Rests) != 1 || !strings.Contains(c.Rests[0], "iam:GetPolicy") {
		t.Errorf("%s", show(got))
	}
}

// TestProvenOfAChange: proven is about what a change gives, not about the link.
func TestProvenOfAChange(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.inRole(writes, `{"Sid": "No", "Effect": "Deny", "Action": "s3:GetObjectVersionAcl", "Resource": "*"},`)
	got := found(t, w.Document)
	if len(got.Changes) != 1 || !got.Changes[0].Proven || len(got.Changes[0].Rests) > 0 || got.Fixes[0].After != finding.Broken || len(got.Decisions) != 1 {
		t.Errorf("%s", show(got))
	}
}

// TestOrganizationNotRead: where no policy of the organization could be read, what is missing
// is found all the same, on the sides that lack it and on no other.
func TestOrganizationNotRead(t *testing.T) {
	t.Parallel()
	gap := notRead
	gap.Fact, gap.API = "account.scps", "organizations:ListPoliciesForTarget"
	for name, c := range map[string]struct {
		do   func(*world)
		want []finding.Kind
	}{
		"both sides": {func(w *world) {
			w.inRole(writes, "")
			w.dst(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() })
		}, []finding.Kind{finding.RolePolicy, finding.BucketPolicy}},
		"the role":   {func(w *world) { w.inRole(writes, "") }, []finding.Kind{finding.RolePolicy}},
		"the bucket": {func(w *world) { w.dst(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() }) }, []finding.Kind{finding.BucketPolicy}},
		"two links": {func(w *world) {
			w.inRole(writes, "")
			r := w.Bucket.Replication.Value.Rules[0]
			second := r
			r.Prefix, second.Prefix, second.ID, second.Priority = "a/", "b/", "second", 2
			w.configure(theRole, r, second)
		}, []finding.Kind{finding.RolePolicy}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			for id, a := range w.Accounts {
				a.InOrganization, a.SCPs, a.RCPs = fact.Of(true), fact.Missing[[]fact.PolicyLevel](gap), fact.Missing[[]fact.PolicyLevel](gap)
				w.Accounts[id] = a
			}
			c.do(w)
			got := found(t, w.Document)
			var kinds []finding.Kind
			for _, x := range got.Changes {
				kinds = append(kinds, x.Kind)
				if x.Proven || len(x.Rests) != 1 || !strings.Contains(x.Rests[0], "ListPoliciesForTarget") || len(x.Links) != len(w.Links) {
					t.Errorf("%s", show(got))
				}
			}
			if !slices.Equal(kinds, c.want) || len(got.Decisions) > 0 {
				t.Errorf("%s", show(got))
			}
		})
	}
}
