package permission_test

import (
	"fmt"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// TestManyPrefixes: to name the keys that fail takes little beside the decision, also where a
// policy has many prefixes.
func TestManyPrefixes(t *testing.T) {
	allocations := func(pattern string) float64 {
		w := newWorld()
		list := make([]string, 100)
		for i := range list {
			list[i] = fmt.Sprintf(`"arn:aws:s3:::dst/d%03d/%s"`, i, pattern)
		}
		w.dst(func(b *fact.Bucket) {
			b.Policy = fact.Of(fact.Policy{Name: "dst", Document: strings.Replace(b.Policy.Value.Document, `"arn:aws:s3:::dst/*"`, "["+strings.Join(list, ",")+"]", 1)})
		})
		policies := permission.NewPolicies()
		m := permission.Of(w.Document, w.link(), policies)
		if c, _, _ := m.Find(demand.Key{Layer: demand.Destination, Action: "s3:ReplicateObject"}); c.FailureCode() == "" || c.Some == "" {
			t.Fatalf("%+v", c)
		}
		return testing.AllocsPerRun(1, func() { permission.Of(w.Document, w.link(), policies) })
	}
	// Only parts that are all prefixes are decided each by itself.
	if without, with := allocations("?*"), allocations("*"); with > 1.1*without {
		t.Errorf("%.0f allocations, and %.0f without parts", with, without)
	}
}

// TestAllOf: denials of some keys may together be about all.
func TestAllOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prefix  string
		exclude []string
		denied  []*permission.Keys
		want    bool
	}{
		{"", nil, nil, false},
		{"", nil, []*permission.Keys{{Under: []string{"a"}}}, false},
		{"a/", nil, []*permission.Keys{{Under: []string{"a"}}}, true},
		{"", nil, []*permission.Keys{{Outside: []string{"a/"}}}, false},
		{"", nil, []*permission.Keys{{Outside: []string{"a/"}}, {Outside: []string{"b/"}}}, true},
		{"", nil, []*permission.Keys{{Outside: []string{"a/", "b/c/"}}, {Outside: []string{"b/"}}}, false},
		{"", nil, []*permission.Keys{{Outside: []string{"a/", "b/"}}, {Outside: []string{"b/c/"}}, {Under: []string{"b/"}}}, true},
		{"", nil, []*permission.Keys{{Outside: []string{"a/"}}, {Under: []string{"a/b/"}}}, false},
		{"a/b/", nil, []*permission.Keys{{Outside: []string{"a/"}}, {Under: []string{"a/b/"}}}, true},
		{"", []string{"a/"}, []*permission.Keys{{Outside: []string{"a/b/"}}}, true},
		{"", []string{"a/"}, []*permission.Keys{{Outside: []string{"a"}}}, false},
	} {
		w := newWorld()
		w.rule(func(r *fact.ReplicationRule) { r.Prefix, r.Exclude.Prefixes = c.prefix, c.exclude })
		m := w.matrix()
		p := m.Promises()[0]
		if got := p.AllOf(c.denied); p.Class != finding.Default || got != c.want {
			t.Errorf("%q without %q: %v", c.prefix, c.exclude, got)
		}
	}
}
