package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/near"
	"crosscheck/rules/fix/overlay"
	"crosscheck/rules/fix/surplus"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// repairable are worlds that work, whose policies are damaged and repaired.
var repairable = []struct {
	name string
	do   func(*world)
}{
	{"plain", func(*world) {}},
	{"kms", kmsWorld},
	{"locked", locked},
	{"kms and locked", func(w *world) {
		kmsWorld(w)
		locked(w)
	}},
	{"owner override", func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Ownership = fact.Of("ObjectWriter") })
		w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = true })
		w.inPolicy(`"s3:ReplicateDelete"`, `"s3:ReplicateDelete","s3:ObjectOwnerOverrideToBucketOwner"`)
		w.policy(`"s3:ReplicateDelete"`, `"s3:ReplicateDelete","s3:ObjectOwnerOverrideToBucketOwner"`)
	}},
	{"prefix", func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.Prefix = "logs/*/2026/" }) }},
	{"one account", func(w *world) {
		w.dst(func(b *fact.Bucket) { b.AccountID = account1 })
		w.rule(func(r *fact.ReplicationRule) { r.Destination.Account = account1 })
	}},
	{"boundary", func(w *world) {
		w.role(func(r *fact.Role) {
			r.Boundary = fact.Of(fact.Policy{Name: "b", ARN: "arn:aws:iam::111111111111:policy/b", Document: rolePolicy})
		})
	}},
	{"bucket keys", func(w *world) {
		kmsWorld(w)
		w.Bucket.Encryption.Value.BucketKey = true
		w.dst(func(b *fact.Bucket) { b.Encryption.Value.BucketKey = true })
		w.inPolicy(`"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"`, `"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src"`)
		w.inPolicy(`"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"`, `"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst"`)
		w.inPolicy(`"Action":"kms:Encrypt"`, `"Action":["kms:Encrypt","kms:GenerateDataKey","kms:Decrypt"]`)
		w.key("dst-key", func(k *fact.Key) {
			p := *k.Policy.Value
			p.Document = replaced(p.Document, `"Action":"kms:Encrypt"`, `"Action":["kms:Encrypt","kms:GenerateDataKey","kms:Decrypt"]`)
			k.Policy = fact.Of(p)
		})
	}},
	{"broad", func(w *world) {
		w.role(func(r *fact.Role) {
			r.Inline = fact.Of([]fact.Policy{{Name: "all", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::src","arn:aws:s3:::src/*","arn:aws:s3:::dst/*"]}]}`}})
		})
	}},
	{"two destinations", func(w *world) {
		rules := append(w.Bucket.Replication.Value.Rules, w.Bucket.Replication.Value.Rules[0])
		rules[1].ID, rules[1].Priority, rules[1].Destination.Bucket = "more", 2, "arn:aws:s3:::other"
		w.Bucket.Replication = fact.Of(fact.Replication{Role: roleARN, Rules: rules})
		w.Links = append(w.Links, fact.Link{ID: fact.LinkID("src", "more", "other"), Rule: rules[1], RoleARN: roleARN, Destination: "other"})
		b := *w.Buckets["dst"].Value
		b.Name, b.ARN = "other", "arn:aws:s3:::other"
		b.Policy = fact.Of(fact.Policy{Name: "other", Document: strings.ReplaceAll(dstPolicy, ":::dst", ":::other")})
		w.Buckets["other"] = fact.Of(b)
		w.inPolicy(`"Resource":"arn:aws:s3:::dst/*"`, `"Resource":["arn:aws:s3:::dst/*","arn:aws:s3:::other/*"]`)
	}},
	{"managed policy", func(w *world) {
		w.role(func(r *fact.Role) {
			r.Attached = fact.Of([]fact.Policy{{Name: "m", ARN: "arn:aws:iam::111111111111:policy/m", Document: rolePolicy}})
			r.Inline = fact.None[[]fact.Policy]()
		})
	}},
}

// damage takes rights out of a policy: statements, actions; it writes actions, resources and
// principals wrong. "" is no policy at all.
func damage(t *rapid.T, label, text string) string {
	var p map[string]any
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	var kept []any
	for _, s := range p["Statement"].([]any) {
		s := s.(map[string]any)
		switch rapid.SampledFrom([]string{"keep", "keep", "gone", "fewer", "misspelt", "resource", "principal", "condition"}).Draw(t, label) {
		case "gone":
			continue
		case "fewer":
			if list, ok := s["Action"].([]any); ok {
				n := rapid.IntRange(1, len(list)).Draw(t, "actions")
				s["Action"] = rapid.Permutation(list).Draw(t, "which")[:n]
			}
		case "misspelt":
			if list, ok := s["Action"].([]any); ok {
				i := rapid.IntRange(0, len(list)-1).Draw(t, "action")
				a := list[i].(string)
				list[i] = a[:len(a)-2] + a[len(a)-1:]
			}
		case "resource":
			if r, ok := s["Resource"].(string); ok && r != "*" && label != "bucket" { // of which S3 looks after what fits
				s["Resource"] = rapid.SampledFrom([]string{strings.TrimSuffix(r, "/*"), strings.Replace(r, ":::", ":::x-", 1), r + "/wrong/*"}).Draw(t, "wrong")
			}
		case "condition":
			if c, ok := s["Condition"].(map[string]any); ok {
				values, _ := c["StringLike"].(map[string]any)
				key := rapid.SampledFrom([]string{"kms:ViaService", "kms:EncryptionContext:aws:s3:arn"}).Draw(t, "key")
				if values != nil {
					values[key] = rapid.SampledFrom([]string{"s3.ap-south-1.amazonaws.com", "arn:aws:s3:::src", "arn:aws:s3:::elsewhere/*"}).Draw(t, "value")
				}
			} else if label == "key" {
				s["Condition"] = map[string]any{"StringEquals": map[string]any{"kms:ViaService": "s3.ap-south-1.amazonaws.com"}}
			} else { // it protects: a person decides
				s["Condition"] = map[string]any{"StringEquals": map[string]any{"aws:PrincipalOrgID": "o-another"}}
			}
		case "principal":
			if who, ok := s["Principal"].(map[string]any); ok && who["AWS"] == roleARN {
				who["AWS"] = rapid.SampledFrom([]string{
					strings.Replace(roleARN, "service-role/", "", 1), "AROAEXAMPLEEXAMPLE999",
					"arn:aws:sts::111111111111:assumed-role/repl/wrong", strings.Replace(roleARN, account1, "333333333333", 1),
				}).Draw(t, "who")
			}
		}
		kept = append(kept, s)
	}
	if kept == nil {
		return ""
	}
	p["Statement"] = kept
	var out []byte
	if rapid.Bool().Draw(t, "lines") {
		out, _ = json.MarshalIndent(p, "", "    ")
	} else {
		out, _ = json.Marshal(p)
	}
	return string(out)
}

// damaged is a world that worked, with its policies damaged.
func damaged(t *rapid.T, do func(*world)) *fact.Document {
	return change(func(w *world) {
		do(w)
		w.role(func(r *fact.Role) {
			for _, f := range []*fact.Fact[[]fact.Policy]{&r.Inline, &r.Attached} {
				if f.Value == nil {
					continue
				}
				var list []fact.Policy
				for _, p := range *f.Value {
					if p.Document = damage(t, "role", p.Document); p.Document != "" {
						list = append(list, p)
					}
				}
				*f = fact.Of(list)
			}
			if b := r.Boundary.Value; b != nil && rapid.Bool().Draw(t, "boundary") {
				p := *b
				if p.Document = damage(t, "boundary", p.Document); p.Document != "" {
					r.Boundary = fact.Of(p)
				}
			}
			if rapid.IntRange(0, 9).Draw(t, "trust") == 0 {
				r.Trust.Document = strings.Replace(r.Trust.Document, "s3.amazonaws.com", "ec2.amazonaws.com", 1)
			}
		})
		w.dst(func(b *fact.Bucket) {
			if text := damage(t, "bucket", b.Policy.Value.Document); text != "" {
				b.Policy = fact.Of(fact.Policy{Name: "dst", Document: text})
			} else {
				b.Policy = fact.None[fact.Policy]()
			}
		})
		for _, id := range []string{w.Links[0].SourceKey, w.Links[0].ReplicaKey} {
			if k := w.Keys[id].Value; k != nil {
				key := *k
				if text := damage(t, "key", key.Policy.Value.Document); text != "" {
					key.Policy = fact.Of(fact.Policy{Name: "default", Document: text})
				}
				w.Keys[id] = fact.Of(key)
			}
		}
	})
}

// allowed are what the statements of a policy allow: to whom, what, on what, and with which conditions.
func allowed(text string) map[[4]string]bool {
	out := map[[4]string]bool{}
	for _, st := range policy.Parse(policy.Resource, "", []byte(text), policy.Stored()).Statements() {
		if st.Effect != statement.Allow {
			continue
		}
		who, on := st.Principals, st.Resources
		if len(who) == 0 {
			who = []policy.PrincipalInfo{{}}
		}
		if len(on) == 0 {
			on = []string{""}
		}
		for _, p := range who {
			for _, a := range st.Actions {
				for _, r := range on {
					out[[4]string{p.Value, a, r, fmt.Sprint(st.Conditions)}] = true
				}
			}
		}
	}
	return out
}

// beyond are what a change allows or no longer allows that is not a right of the role which a
// link needs; what the role itself was misspelt as is not counted.
func beyond(doc *fact.Document, c *finding.Change) (out [][4]string) {
	needed := map[[2]string]bool{}
	for i := range doc.Links {
		m := permission.Of(doc, &doc.Links[i], permission.NewPolicies())
		for _, cell := range m.Cells {
			needed[[2]string{cell.Action, cell.Resource}] = true
			if cell.Requirement.On == demand.TheKey {
				needed[[2]string{cell.Action, "*"}] = true
			}
			if cell.Action == "s3:ReplicateObject" {
				needed[[2]string{"s3:ReplicateTags", cell.Resource}] = true
			}
		}
	}
	before, after := allowed(c.Before), allowed(c.After)
	for x := range after {
		onObjects := strings.Contains(x[2], "/")
		applies := !slices.ContainsFunc(demand.Requirements(), func(r *demand.Requirement) bool {
			return r.Action == x[1] && strings.Contains(x[2], ":s3:::") && onObjects != (r.On == demand.TheObjects)
		})
		mine := x[0] == "" || x[0] == roleARN || x[0] == "s3.amazonaws.com"
		right := x[2] == "" || needed[[2]string{x[1], x[2]}] && (!strings.HasPrefix(x[1], "kms:") || strings.Contains(x[3], "kms:ViaService"))
		tags := x[1] == "s3:ReplicateTags" && before[[4]string{x[0], "s3:ReplicateObject", x[2], x[3]}] // which covers them
		if !before[x] && applies && !(mine && (right || tags)) {
			out = append(out, x)
		}
	}
	for x := range before {
		if !after[x] && x[0] != "" && !near.Stale(x[0], doc.Roles[roleARN].Value) && x[0] != roleARN {
			out = append(out, x)
		}
	}
	return out
}

// Whatever rights are taken from a link that works, the changes that are found make it work
// again, whole, and add nothing that is not needed.
func TestRepairsDamage(t *testing.T) {
	t.Parallel()
	e := standard(t)
	broken, mended := 0, 0
	for _, c := range repairable {
		for _, l := range eval(t, e, change(c.do)).Links {
			if l.Verdict != finding.Works {
				t.Fatalf("%s: %s: %s", c.name, l.Verdict, l.Why)
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := rapid.SampledFrom(repairable).Draw(rt, "world")
		doc := damaged(rt, c.do)
		before := eval(t, e, doc).Links
		r, err := fix.Find(t.Context(), []*fact.Document{doc}, judgeOf(e))
		if err != nil {
			rt.Fatal(err)
		}
		o := overlay.Of(r.Changes)
		after, _, err := o.Apply(doc)
		if err != nil {
			rt.Fatal(err)
		}
		for i, l := range eval(t, e, after).Links {
			if before[i].Verdict.Fails() {
				broken++
				if l.Verdict == finding.Works {
					mended++
				}
			}
			protected := slices.ContainsFunc(r.Decisions, func(d finding.Decision) bool {
				return d.Link == l.ID && strings.Contains(d.Text, "aws:PrincipalOrgID o-another, which does not hold")
			})
			if l.Verdict != finding.Works && !protected {
				for _, x := range r.Changes {
					rt.Logf("%s\n%s\n%s", x.Target, x.Before, x.After)
				}
				rt.Fatalf("%s is %s after the changes: %s; decisions %+v", c.name, l.Verdict, l.Why, r.Decisions)
			}
		}
		for _, x := range r.Changes {
			if more := beyond(doc, &x); len(more) > 0 {
				rt.Fatalf("%s: not what the links need, or of others: %q\n%s\n%s", c.name, more, x.Before, x.After)
			}
		}
		needless, err := surplus.Of(t.Context(), []*fact.Document{doc}, r, judgeOf(e))
		if err != nil || len(needless) > 0 {
			for _, x := range r.Changes {
				rt.Logf("%s\n%s\n%s", x.Target, x.Before, x.After)
			}
			rt.Fatalf("%s: nothing needs %q, %v", c.name, needless, err)
		}
	})
	t.Logf("%d of %d damaged links that failed are mended", mended, broken)
}
