package permission_test

import (
	"fmt"
	"strings"
	"testing"

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
