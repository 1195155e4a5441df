package fact

import (
	"slices"
	"strings"
)

// Matches reports whether the filter of the rule takes an object with this key and these
// tags.
func (r *ReplicationRule) Matches(key string, tags map[string]string) bool {
	if !strings.HasPrefix(key, r.Prefix) {
		return false
	}
	for k, v := range r.Tags {
		if got, ok := tags[k]; !ok || got != v {
			return false
		}
	}
	return !slices.ContainsFunc(r.Exclude.Prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) &&
		!slices.ContainsFunc(r.Exclude.Tags, func(t Tag) bool { v, ok := tags[t.Key]; return ok && v == t.Value })
}

// Empty reports whether the filter leaves out every object that it could take.
func (r *ReplicationRule) Empty() bool {
	return slices.ContainsFunc(r.Exclude.Prefixes, func(p string) bool { return strings.HasPrefix(r.Prefix, p) }) ||
		slices.ContainsFunc(r.Exclude.Tags, func(t Tag) bool { v, ok := r.Tags[t.Key]; return ok && v == t.Value })
}

// AsksForTags reports whether a tag stands anywhere in the filter.
func (r *ReplicationRule) AsksForTags() bool { return len(r.Tags) > 0 || len(r.Exclude.Tags) > 0 }
