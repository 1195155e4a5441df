package fact

import "testing"

// TestMatches: a filter takes what is under its prefix, with all of its tags and without what
// it excludes; where it excludes all of that, it is empty.
func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule                 ReplicationRule
		key                  string
		tags                 map[string]string
		matches, empty, asks bool
	}{
		{ReplicationRule{}, "a", nil, true, false, false},
		{ReplicationRule{Prefix: "b"}, "a", nil, false, false, false},
		{ReplicationRule{Tags: map[string]string{"k": ""}}, "a", nil, false, false, true},
		{ReplicationRule{Tags: map[string]string{"k": ""}}, "a", map[string]string{"k": ""}, true, false, true},
		{ReplicationRule{Exclude: Exclusions{Prefixes: []string{""}}}, "a", nil, false, true, false},
		{ReplicationRule{Prefix: "a/", Exclude: Exclusions{Prefixes: []string{"b", "a/x"}}}, "a/y", nil, true, false, false},
		{ReplicationRule{Prefix: "a/", Exclude: Exclusions{Prefixes: []string{"b", "a/x"}}}, "a/x", nil, false, false, false},
		{ReplicationRule{Prefix: "a/x", Exclude: Exclusions{Prefixes: []string{"a/"}}}, "a/x", nil, false, true, false},
		{ReplicationRule{Exclude: Exclusions{Tags: []Tag{{"k", ""}}}}, "a", nil, true, false, true},
		{ReplicationRule{Exclude: Exclusions{Tags: []Tag{{"k", ""}}}}, "a", map[string]string{"k": ""}, false, false, true},
		{ReplicationRule{Tags: map[string]string{"k": "v"}, Exclude: Exclusions{Tags: []Tag{{"k", "v"}}}}, "a", map[string]string{"k": "v"}, false, true, true},
	} {
		if m, e, a := c.rule.Matches(c.key, c.tags), c.rule.Empty(), c.rule.AsksForTags(); m != c.matches || e != c.empty || a != c.asks {
			t.Errorf("%+v and %s with %v: matches %v, empty %v, asks for tags %v", c.rule, c.key, c.tags, m, e, a)
		}
	}
}
