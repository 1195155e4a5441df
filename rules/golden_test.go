package rules

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
)

// TestGolden keeps every word that is said of the documents of the tests.
func TestGolden(t *testing.T) {
	e := engine(t, Options{})
	all := append([]link{{name: "the guide", do: guide("2012-10-17")}}, links...)
	for _, c := range codeWorlds {
		all = append(all, c.link)
	}
	var b strings.Builder
	for _, c := range all {
		r := eval(t, e, change(c.do))
		l := r.Links[0]
		fmt.Fprintf(&b, "== %s: %s %v\n", c.name, l.Verdict, l.FailureCodes)
		if l.Why != "" {
			fmt.Fprintf(&b, "why: %s\n", l.Why)
		}
		for _, k := range l.Checks {
			if k.Result != "allowed" {
				var deciding []string // TestStatementText has the text
				for _, s := range k.Deciding {
					deciding = append(deciding, fmt.Sprintf("{%s %s %s %d}", s.Layer, s.Policy, s.Sid, s.Statement))
				}
				fmt.Fprintf(&b, "check: %s %s on %s %s %s %v %v %s\n", k.Layer, k.Action, k.Resource, k.Result, k.FailureCode, deciding, k.UnknownKeys, k.Witness)
			}
		}
		for _, f := range r.Findings {
			if f.Status == finding.Fail || f.Status == finding.Unknown {
				fmt.Fprintf(&b, "%s %s %s %v: %s\n", f.RuleID, f.Severity, f.Status, f.FailureCodes, f.Message)
				if f.Remediation != "" {
					fmt.Fprintf(&b, "  fix: %s\n", f.Remediation)
				}
			}
		}
	}
	const name = "testdata/findings.golden"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the findings changed (UPDATE=1 accepts them): %s", diff)
	}
}
