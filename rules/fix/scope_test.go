package fix_test

import (
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/scanner/fact"
)

// TestWithin: a link that fails is mended, and what else could be better only where it is
// asked for.
func TestWithin(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.rule(func(r *fact.ReplicationRule) { r.Destination.Metrics, r.Destination.ReplicationTime = "", "Disabled" })
	w.inDst(`"s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"`, `"s3:ReplicateDelete"`)
	docs := []*fact.Document{w.Document}
	kinds := func(r finding.Repairs) (list []finding.Kind) {
		for _, c := range r.Changes {
			list = append(list, c.Kind)
		}
		return list
	}
	r, left, err := fix.Within(t.Context(), fix.Scope{}, docs, judge)
	if err != nil || !slices.Equal(kinds(r), []finding.Kind{finding.BucketPolicy}) || strings.Contains(r.Changes[0].After, "ReplicateTags") ||
		len(r.Fixes) != 1 || !r.Fixes[0].Proven || r.Fixes[0].After != finding.Works {
		t.Fatalf("%v, %s", err, show(r))
	}
	i := slices.IndexFunc(left, func(f finding.Finding) bool { return f.RuleID == "XC047" })
	if i < 0 {
		t.Fatalf("%+v is left, and not the metrics", left)
	}
	asked := fix.Scope{Finding: func(x *finding.Finding) bool { return x.Fingerprint == left[i].Fingerprint }}
	both := []finding.Kind{finding.BucketPolicy, finding.Replication}
	if r, _, err = fix.Within(t.Context(), asked, docs, judge); err != nil || !slices.Equal(kinds(r), both) {
		t.Errorf("%v, %s", err, show(r))
	}
	if r, err = fix.Find(t.Context(), docs, judge); err != nil || !slices.Equal(kinds(r), both) {
		t.Errorf("%v, %s", err, show(r))
	}
	none := fix.Scope{Link: func(string) bool { return false }}
	if r, left, err = fix.Within(t.Context(), none, docs, judge); err != nil || len(r.Changes)+len(left) > 0 {
		t.Errorf("%v, %+v, %s", err, left, show(r))
	}
}
