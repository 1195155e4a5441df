package state

import "testing"

// TestTakes: the filter of a rule takes what is under its prefix, with all of its tags and
// without what it excludes.
func TestTakes(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	k, l := Tag{Key: "k", Value: "v"}, Tag{Key: "l", Value: "v"}
	several := &ReplicationNot{Or: &ReplicationOr{Prefixes: []string{"a/x", "a/y"}, Tags: []Tag{k}}}
	for _, c := range []struct {
		filter *ReplicationFilter
		key    string
		tags   []Tag
		want   bool
	}{
		{&ReplicationFilter{}, "a", nil, true},
		{&ReplicationFilter{Not: &ReplicationNot{Prefix: text("")}}, "a", nil, false},
		{&ReplicationFilter{Not: &ReplicationNot{Prefix: text("a/")}}, "a", nil, true},
		{&ReplicationFilter{Not: &ReplicationNot{Prefix: text("a/")}}, "a/b", nil, false},
		{&ReplicationFilter{Not: &ReplicationNot{Tag: &k}}, "a", []Tag{l}, true},
		{&ReplicationFilter{Not: &ReplicationNot{Tag: &k}}, "a", []Tag{l, k}, false},
		{&ReplicationFilter{And: &ReplicationAnd{Prefix: text("a/"), Tags: []Tag{l}, Not: several}}, "a/z", []Tag{l}, true},
		{&ReplicationFilter{And: &ReplicationAnd{Prefix: text("a/"), Tags: []Tag{l}, Not: several}}, "a/z", nil, false},
		{&ReplicationFilter{And: &ReplicationAnd{Prefix: text("a/"), Tags: []Tag{l}, Not: several}}, "a/y", []Tag{l}, false},
		{&ReplicationFilter{And: &ReplicationAnd{Prefix: text("a/"), Tags: []Tag{l}, Not: several}}, "a/z", []Tag{k, l}, false},
	} {
		if r := (ReplicationRule{Filter: c.filter}); r.Takes(c.key, c.tags) != c.want {
			t.Errorf("%+v takes %s with %v: not %v", c.filter, c.key, c.tags, c.want)
		}
	}
}
