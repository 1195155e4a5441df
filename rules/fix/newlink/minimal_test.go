package newlink_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/newlink"
	"crosscheck/rules/fix/overlay"
	"crosscheck/scanner/fact"
)

// TestMinimal: whatever is left out of what is written, a setting, a document or one right,
// something is worse.
func TestMinimal(t *testing.T) {
	t.Parallel()
	dropped := 0
	for _, c := range combinations() {
		if c.link.Prefix != "" || c.link.DeleteMarkers != c.link.ObjectLock || c.link.Enforced == c.link.OwnerOverride {
			continue // the rights are those of others
		}
		c.link.Annotations = c.link.ObjectLock
		set, err := newlink.Make(t.Context(), c.link, judge)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		doc, err := newlink.Before(c.link)
		if err != nil {
			t.Fatal(err)
		}
		whole := state(t, doc, overlay.Of(set.Changes))
		for i, change := range set.Changes {
			for what, text := range less(t, change) {
				dropped++
				o := overlay.Of(set.Changes)
				if o[change.Target] = text; text == "" {
					delete(o, change.Target)
				}
				if now := state(t, doc, o); !worse(whole, now) {
					t.Errorf("%s: nothing is worse without %s of change %d, %s", c.name, what, i, change.Kind)
				}
			}
		}
	}
	t.Logf("each of %d rights and settings is needed", dropped)
}

// less are the texts of a change with one thing left out, by what it is. The statement that
// every key has is none of ours.
func less(t *testing.T, c finding.Change) map[string]string {
	t.Helper()
	out := map[string]string{}
	if c.Kind == finding.Replication || c.Kind == finding.TrustPolicy {
		return out // there is no link without these
	}
	if !c.Kind.Document() {
		out["it"] = ""
		return out
	}
	var policy struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal([]byte(c.After), &policy); err != nil {
		t.Fatal(err)
	}
	for i, s := range policy.Statement {
		for _, action := range texts(s["Action"]) {
			for _, resource := range texts(s["Resource"]) {
				if s["Sid"] == "EnableIAMPolicies" {
					continue
				}
				p := policy
				p.Statement = slices.Delete(slices.Clone(p.Statement), i, i+1)
				p.Statement = append(p.Statement, with(s, "Action", without(texts(s["Action"]), action), "Resource", s["Resource"]),
					with(s, "Action", action, "Resource", without(texts(s["Resource"]), resource)))
				p.Statement = slices.DeleteFunc(p.Statement, func(s map[string]any) bool {
					return len(texts(s["Action"])) == 0 || len(texts(s["Resource"])) == 0
				})
				b, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				out[action+" on "+resource] = string(b)
			}
		}
	}
	return out
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	}
	var out []string
	for _, e := range v.([]any) {
		out = append(out, e.(string))
	}
	return out
}

func without(list []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == text })
}

// with is a statement with other elements, and without a Sid, which would be there twice.
func with(s map[string]any, elements ...any) map[string]any {
	out := map[string]any{}
	for k, v := range s {
		if k != "Sid" {
			out[k] = v
		}
	}
	for i := 0; i < len(elements); i += 2 {
		out[elements[i].(string)] = elements[i+1]
	}
	return out
}

// state is what is said of the one link of a document with an overlay.
func state(t *testing.T, doc *fact.Document, o overlay.Overlay) finding.Link {
	t.Helper()
	doc, _, err := o.Apply(doc)
	if err != nil {
		t.Fatal(err)
	}
	links, _, err := judge(t.Context(), doc)
	if err != nil || len(links) != 1 {
		t.Fatal(links, err)
	}
	return links[0]
}

// worse reports whether a link or a class of its objects fares worse now.
func worse(before, now finding.Link) bool {
	if now.Verdict.Rank() < before.Verdict.Rank() {
		return true
	}
	for i, c := range before.Classes {
		if i >= len(now.Classes) || now.Classes[i].Class != c.Class || now.Classes[i].Verdict.Rank() < c.Verdict.Rank() {
			return true
		}
	}
	return false
}

// TestLess: the test above takes each right out, and no other.
func TestLess(t *testing.T) {
	t.Parallel()
	c := finding.Change{Target: finding.Target{Kind: finding.RolePolicy}, After: `{"Version":"2012-10-17","Statement":[
		{"Sid":"A","Effect":"Allow","Action":["x:A","x:B"],"Resource":["r","s"]},{"Sid":"B","Effect":"Allow","Action":"x:C","Resource":"r"}]}`}
	got := less(t, c)
	if len(got) != 5 {
		t.Errorf("%d rights, want 5: %v", len(got), got)
	}
	if p := got["x:A on r"]; !strings.Contains(p, `{"Action":["x:B"],"Effect":"Allow","Resource":["r","s"]}`) ||
		!strings.Contains(p, `{"Action":"x:A","Effect":"Allow","Resource":["s"]}`) || !strings.Contains(p, `"Action":"x:C"`) {
		t.Error(p)
	}
}
