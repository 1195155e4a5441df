package records_test

import (
	"testing"

	"crosscheck/report/internal/records"
	"crosscheck/rules/finding"
)

// TestRowOfUnknown tells in one row what several links depend on, with the condition keys.
func TestRowOfUnknown(t *testing.T) {
	t.Parallel()
	unknown := func(link, message string, notRead, keys []any) *finding.Finding {
		return &finding.Finding{
			RuleID: "XC011", Status: finding.Unknown, Severity: finding.High, Link: link, Message: message,
			Evidence: map[string]any{"check": map[string]any{"not_read": notRead, "unknown_keys": keys}},
		}
	}
	const gap = "role.inline was not read"
	for name, test := range map[string]struct {
		findings []*finding.Finding
		want     []string
	}{
		"the same gap": {[]*finding.Finding{
			unknown("a", "whether A may x is not known: its policies were not read", []any{gap}, nil),
			unknown("b", "whether B may x is not known: its policies were not read", []any{gap}, nil),
		}, []string{gap}},
		"the same gap, and keys": {[]*finding.Finding{
			unknown("a", "whether A may x is not known: its policies were not read", []any{gap}, nil),
			unknown("b", "whether B may x is not known: it depends on aws:sourcevpce", []any{gap}, []any{"aws:sourcevpce", "aws:sourceip"}),
			unknown("c", "whether C may x is not known: it depends on aws:sourcevpce", []any{gap}, []any{"aws:sourcevpce"}),
		}, []string{gap + "; some depend on aws:sourceip, aws:sourcevpce, too"}},
		"the same key": {[]*finding.Finding{
			unknown("a", "whether A may x is not known: it depends on aws:sourcevpce", nil, []any{"aws:sourcevpce"}),
			unknown("b", "whether B may x is not known: it depends on aws:sourcevpce", nil, []any{"aws:sourcevpce"}),
		}, []string{"it depends on aws:sourcevpce"}},
		"other words": {[]*finding.Finding{unknown("a", "one", nil, nil), unknown("b", "two", nil, nil)}, []string{"one", "two"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := records.NewRows(10, nil)
			for _, f := range test.findings {
				rows.Add(f)
			}
			list, _ := rows.List()
			if len(list) != len(test.want) {
				t.Fatalf("%d rows", len(list))
			}
			for i, r := range list {
				if r.Message() != test.want[i] {
					t.Errorf("got %q, want %q", r.Message(), test.want[i])
				}
			}
		})
	}
}
