package rules

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
)

// TestGolden keeps what is said of the documents of the tests: in findings.golden what
// it means (verdicts, checks, rules, statuses, codes), in messages.golden the words, each
// sentence once. A better sentence changes the second file alone.
func TestGolden(t *testing.T) {
	t.Parallel()
	e := standard(t)
	var all []link
	for _, g := range guides {
		all = append(all, link{name: "the guide, " + g.name, do: g.do})
	}
	all = append(all, links...)
	for _, c := range codeWorlds {
		all = append(all, c.link)
	}
	var meaning strings.Builder
	words := map[string]bool{}
	for _, c := range all {
		r := eval(t, e, change(c.do))
		l := r.Links[0]
		fmt.Fprintf(&meaning, "== %s: %s %v\n", c.name, l.Verdict, l.FailureCodes)
		if l.Why != "" {
			words["a link: "+l.Why+"\n"] = true
		}
		for _, k := range l.Checks {
			if k.Result != "allowed" {
				var deciding []string // TestStatementText has the text
				for _, s := range k.Deciding {
					deciding = append(deciding, fmt.Sprintf("{%s %s %s %d}", s.Layer, s.Policy, s.Sid, s.Statement))
				}
				fmt.Fprintf(&meaning, "check: %s %s on %s %s %s %v %v %s\n", k.Layer, k.Action, k.Resource, k.Result, k.FailureCode, deciding, k.UnknownKeys, k.Witness)
			}
		}
		for _, f := range r.Findings {
			if f.Status == finding.Fail || f.Status == finding.Unknown {
				fmt.Fprintf(&meaning, "%s %s %s %v\n", f.RuleID, f.Severity, f.Status, f.FailureCodes)
			}
			text := fmt.Sprintf("%s %s: %s\n", f.RuleID, f.Status, f.Message)
			if f.Remediation != "" {
				text += fmt.Sprintf("  fix: %s\n", f.Remediation)
			}
			words[text] = true
		}
	}
	for name, got := range map[string]string{
		"testdata/findings.golden": meaning.String(),
		"testdata/messages.golden": strings.Join(slices.Sorted(maps.Keys(words)), ""),
	} {
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s changed (UPDATE=1 accepts it): %s", name, diff)
		}
	}
}
