package rules

import (
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// A run that judged nothing says what it saw; one that judged something, or that was told
// what must replicate, does not.
func TestNothingReplicates(t *testing.T) {
	t.Parallel()
	read := fact.Coverage{Accounts: fact.AccountCoverage{Listed: 5, Scanned: 5}, Buckets: fact.BucketCoverage{Listed: 19, Scanned: 19}}
	links := read
	links.Links = 1
	required := engine(t, Options{Parameters: map[string]any{"required_replication": []any{map[string]any{"name": "*"}}}})
	disabled := engine(t, Options{Parameters: map[string]any{"required_replication": []any{map[string]any{"name": "*"}}}, Disabled: []string{"XC031"}})
	for name, tt := range map[string]struct {
		engine *Engine
		c      fact.Coverage
		want   string
	}{
		"none":       {standard(t), read, "none of 19 buckets in 5 accounts has an enabled replication rule"},
		"a link":     {standard(t), links, ""},
		"no bucket":  {standard(t), fact.Coverage{}, ""},
		"required":   {required, read, ""},
		"not judged": {disabled, read, "none of 19 buckets"},
	} {
		f, ok := tt.engine.NothingReplicates(tt.c)
		if ok != (tt.want != "") || !strings.HasPrefix(f.Message, tt.want) || ok && (f.Status != finding.Unknown || f.RuleID != finding.NoLink) {
			t.Errorf("%s: %v %+v", name, ok, f)
		}
	}
}
