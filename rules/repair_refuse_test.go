package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/scanner/fact"
)

// full is a policy with a statement more, so that it has n bytes.
func full(text, principal string, n int) string {
	begin := `"Statement":[{"Sid":"Filler%s","Effect":"Allow",` + principal + `"Action":"s3:GetObject","Resource":[`
	entry := `"arn:aws:s3:::dst/filler-%08d/*",`
	text = replaced(text, `"Statement":[`, begin+`"arn:aws:s3:::dst/filler"]},`)
	for i := 0; len(text)+len(entry)+20 < n; i++ {
		text = replaced(text, `"Resource":[`, `"Resource":[`+fmt.Sprintf(entry, i))
	}
	return replaced(text, "%s", strings.Repeat("x", n-len(text)+2))
}

// Policies that are full are not made larger than AWS takes: a role gets a managed policy, of
// others a person decides.
func TestRepairsFullPolicies(t *testing.T) {
	t.Parallel()
	e := standard(t)
	r := repaired(t, e, change(func(w *world) {
		w.role(func(r *fact.Role) {
			text := strings.ReplaceAll(replaced(rolePolicy, `"s3:GetObjectVersionAcl",`, ``), "\n", "")
			r.Inline = fact.Of([]fact.Policy{{Name: "replicate", Document: full(text, "", 10_240)}})
		})
	}))
	if len(r.Changes) != 1 || r.Changes[0].Policy != "arn:aws:iam::111111111111:policy/crosscheck-replication-repl" || !r.Changes[0].Proven {
		t.Errorf("a full role: %+v, %+v", r.Fixes, r.Decisions)
	}
	r = repaired(t, e, change(func(w *world) {
		w.dst(func(b *fact.Bucket) {
			text := full(replaced(dstPolicy, `"s3:ReplicateObject",`, ``), `"Principal":{"AWS":"`+roleARN+`"},`, 20<<10)
			b.Policy = fact.Of(fact.Policy{Name: "dst", Document: text})
		})
	}))
	if len(r.Changes) > 0 || len(r.Decisions) != 1 || !strings.Contains(r.Decisions[0].Text, "AWS takes 20480") || r.Decisions[0].Kind != finding.BucketPolicy {
		t.Errorf("a full bucket policy: %+v, %+v", r.Fixes, r.Decisions)
	}
}

// A change of a link of which something was not read is not proven, and says what it rests
// on; a link that is only unknown gets none.
func TestRepairsWithGaps(t *testing.T) {
	t.Parallel()
	e := standard(t)
	hide := func(w *world) {
		w.account(account2, func(a *fact.Account) {
			a.RCPs = fact.Missing[[]fact.PolicyLevel](gap("destination_account.rcps", "AccessDenied"))
		})
	}
	r := repaired(t, e, change(func(w *world) {
		w.policy(`"s3:ReplicateObject",`, ``)
		hide(w)
	}))
	if len(r.Changes) != 1 || len(r.Fixes) != 1 || r.Changes[0].Proven || r.Fixes[0].Proven || len(r.Changes[0].Rests) == 0 || r.Fixes[0].After != finding.UnknownVerdict {
		t.Errorf("a gap: %+v", r)
	}
	if r = repaired(t, e, change(hide)); len(r.Changes)+len(r.Fixes) > 0 {
		t.Errorf("an unknown link: %+v", r)
	}
}

// What SCPs, RCPs and statements that deny take away is for a person to decide, who is told
// which policy it is; beside it, nothing is changed for that right.
func TestRepairsDecisions(t *testing.T) {
	t.Parallel()
	e := standard(t)
	scp := func(level, text string) func(*world) {
		return func(w *world) {
			w.account(account1, func(a *fact.Account) {
				levels := slices.Clone(*a.SCPs.Value)
				for i := range levels {
					if levels[i].Target == level {
						levels[i].Policies = []fact.Policy{{Name: "Some", ARN: "arn:aws:organizations::999999999999:policy/o-example/service_control_policy/p-some", Document: text}}
					}
				}
				a.SCPs = fact.Of(levels)
			})
		}
	}
	for _, c := range []struct {
		name string
		do   func(*world)
		kind finding.Kind
		on   string
		text string
	}{
		{"an SCP that does not allow", scp("ou-root-a", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}`), finding.SCP, "ou-root-a", "SCP"},
		{"an SCP that denies", scp(account1, `{"Version":"2012-10-17","Statement":[{"Sid":"No","Effect":"Deny","Action":"s3:Replicate*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
			finding.SCP, account1, "statement No"},
		{"a role policy that denies two things", func(w *world) { w.deny("s3:Replicate*", "*") }, finding.RolePolicy, roleARN, "s3:ReplicateObject, s3:ReplicateDelete and s3:ReplicateTags"},
		{"a bucket policy that denies", func(w *world) {
			w.policy(`"Statement":[`, `"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*"},`)
		}, finding.BucketPolicy, "arn:aws:s3:::dst", "statement No"},
	} {
		r := repaired(t, e, change(c.do))
		if len(r.Changes)+len(r.Fixes) > 0 {
			t.Errorf("%s: changes %+v", c.name, r.Changes)
		}
		if !slices.ContainsFunc(r.Decisions, func(d finding.Decision) bool {
			return d.Kind == c.kind && d.Resource == c.on && strings.Contains(d.Text, c.text) && len(d.Findings) > 0
		}) {
			t.Errorf("%s: decisions %+v", c.name, r.Decisions)
		}
	}
}

// Nothing is changed of a link that works.
func TestRepairsNothingThatWorks(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for _, c := range repairable {
		r, err := fix.Find(t.Context(), []*fact.Document{change(c.do)}, judgeOf(e))
		if err != nil || len(r.Changes)+len(r.Fixes) > 0 {
			t.Errorf("%s: %+v, %v", c.name, r.Changes, err)
		}
	}
}

// sharing are documents whose links share the role, the destination and its policy.
func sharing(names ...string) []*fact.Document {
	var docs []*fact.Document
	for _, name := range names {
		doc := change(func(w *world) {
			w.Bucket.Name, w.Bucket.ARN = name, "arn:aws:s3:::"+name
			w.rule(func(r *fact.ReplicationRule) { r.Prefix = name + "/" })
			w.Links[0].ID = fact.LinkID(name, "all", "dst")
			w.dst(func(b *fact.Bucket) {
				b.Policy, b.Versioning = fact.None[fact.Policy](), fact.Of(fact.Versioning{Status: "Suspended"})
			})
		})
		docs = append(docs, doc)
	}
	return docs
}

// What links share is changed once for all of them, and the order of the documents makes no
// difference.
func TestRepairsShared(t *testing.T) {
	t.Parallel()
	e := standard(t)
	docs := sharing("src", "other", "third")
	r := repaired(t, e, docs...)
	kinds := map[finding.Kind]int{}
	for _, c := range r.Changes {
		kinds[c.Kind]++
		if !c.Proven {
			t.Errorf("not proven: %+v", c)
		}
		if c.Kind == finding.BucketPolicy && (len(c.Links) != 3 || strings.Count(c.After, `"Sid"`) != 1 || strings.Count(c.After, "/*") != 3) {
			t.Errorf("the bucket policy is changed for %q:\n%s", c.Links, c.After)
		}
	}
	if kinds[finding.BucketPolicy] != 1 || kinds[finding.RolePolicy] != 1 || kinds[finding.Versioning] != 1 || len(r.Fixes) != 3 {
		t.Errorf("%v, %d fixes", kinds, len(r.Fixes))
	}
	for _, x := range r.Fixes {
		if x.After != finding.Works || !x.Proven {
			t.Errorf("%+v", x)
		}
	}
	for _, names := range [][]string{{"third", "src", "other"}, {"other", "third", "src"}} {
		again := repaired(t, e, sharing(names...)...)
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("in the order %q: %s", names, diff)
		}
	}
	for _, c := range r.Changes {
		if !slices.IsSorted(c.Links) {
			t.Errorf("%q", c.Links)
		}
	}
}

// BenchmarkRepairs repairs a link that lacks every right, and many that share the role and
// the destination.
func BenchmarkRepairs(b *testing.B) {
	e, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	bare := change(func(w *world) {
		kmsWorld(w)
		w.dst(func(x *fact.Bucket) { x.Policy = fact.None[fact.Policy]() })
		w.role(func(r *fact.Role) { r.Inline = fact.None[[]fact.Policy]() })
	})
	names := make([]string, 20)
	for i := range names {
		names[i] = fmt.Sprintf("src-%d", i)
	}
	for name, docs := range map[string][]*fact.Document{"one link": {bare}, "20 links": sharing(names...)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, err := fix.Find(b.Context(), docs, judgeOf(e))
				if err != nil || len(r.Changes) == 0 {
					b.Fatal(err, r)
				}
			}
		})
	}
}
