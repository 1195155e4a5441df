//go:build mutants

package rules

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// regoMutant is a rule with one small change.
type regoMutant struct {
	line       int
	what, text string
}

// regoSwaps are changes of a place: comparisons, constants, negations, statuses.
var regoSwaps = []struct {
	place *regexp.Regexp
	to    string
}{
	{regexp.MustCompile(` == `), ` != `}, {regexp.MustCompile(` != `), ` == `},
	{regexp.MustCompile(` > `), ` >= `}, {regexp.MustCompile(` >= `), ` > `},
	{regexp.MustCompile(` < `), ` <= `}, {regexp.MustCompile(` <= `), ` < `},
	{regexp.MustCompile(`\btrue\b`), `false`}, {regexp.MustCompile(`\bfalse\b`), `true`},
	{regexp.MustCompile(`\bnot `), ``},
	{regexp.MustCompile(`\b0\b`), `1`}, {regexp.MustCompile(`\b1\b`), `2`},
	{regexp.MustCompile(`"Enabled"`), `"Other"`}, {regexp.MustCompile(`\.absent\b`), `.value`},
	{regexp.MustCompile(`crosscheck\.pass\(`), `crosscheck.not_applicable(`},
	{regexp.MustCompile(`crosscheck\.not_applicable\(`), `crosscheck.pass(`},
}

// regoMutants are the swaps at every place of a rule's body, and the rule without each
// of its lines that can be left out. Comments and texts stay as they are.
func regoMutants(text string) []regoMutant {
	var all []regoMutant
	body := strings.Index(text, "\npackage ") + 1
	body += strings.Index(text[body:], "\n")
	for _, s := range regoSwaps {
		for _, m := range s.place.FindAllStringIndex(text[body:], -1) {
			from, to := body+m[0], body+m[1]
			start := strings.LastIndex(text[:from], "\n") + 1
			inText := strings.Count(text[start:from], `"`)%2 == 1 && text[from] != '"'
			if inText || strings.HasPrefix(strings.TrimSpace(text[start:]), "#") || strings.Contains(text[start:from], " # ") {
				continue
			}
			all = append(all, regoMutant{strings.Count(text[:from], "\n") + 1, fmt.Sprintf("%q → %q", text[from:to], s.to), text[:from] + s.to + text[to:]})
		}
	}
	lines, at := strings.SplitAfter(text, "\n"), 0
	for i, l := range lines {
		at += len(l)
		trimmed := strings.TrimSpace(l)
		structural := strings.HasSuffix(trimmed, "{") || strings.HasSuffix(trimmed, "|") || strings.HasSuffix(trimmed, "(") ||
			strings.HasPrefix(trimmed, "}") || strings.HasPrefix(trimmed, ")") || strings.HasPrefix(trimmed, "some answer")
		prose := strings.HasPrefix(trimmed, `"message"`) || strings.HasPrefix(trimmed, `"remediation"`)
		if at-len(l) > body && strings.HasPrefix(l, "\t") && !structural && !prose {
			all = append(all, regoMutant{i + 1, "without " + trimmed, strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")})
		}
	}
	return all
}

// TestRegoMutants changes every embedded rule in small ways, one at a time: the tests
// beside the rule must notice at least 95 % of the changes that compile. XCTEST_RULES=xc059,xc061
// changes these alone.
func TestRegoMutants(t *testing.T) {
	t.Parallel()
	all, err := sourcesOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]source{}
	var shared, list []source
	for _, f := range all {
		switch inPack := strings.Count(f.name, "/") >= 3; {
		case isTest(f.name) && inPack:
			tests[strings.TrimSuffix(f.name, "_test.rego")] = f
		case inPack:
			list = append(list, f)
		default:
			shared = append(shared, f)
		}
	}
	judged, killed, invalid := 0, 0, 0
	only := os.Getenv("XCTEST_RULES")
	for _, f := range list {
		if name, _, _ := strings.Cut(f.name[strings.LastIndex(f.name, "/")+1:], "_"); only != "" && !slices.Contains(strings.Split(only, ","), name) {
			continue
		}
		test := tests[strings.TrimSuffix(f.name, ".rego")]
		for _, m := range regoMutants(string(f.text)) {
			results, err := runTests(t.Context(), append(append([]source{}, shared...), source{name: f.name, text: []byte(m.text)}, test))
			if err != nil {
				invalid++
				continue
			}
			judged++
			noticed := false
			for _, r := range results {
				noticed = noticed || !r.Passed && !strings.Contains(r.Name, "fixture")
			}
			if noticed {
				killed++
			} else {
				t.Logf("survived: %s:%d: %s", f.name, m.line, m.what)
			}
		}
	}
	t.Logf("%d of %d mutants of Rego rules killed (%.1f %%); %d do not compile", killed, judged, 100*float64(killed)/float64(max(judged, 1)), invalid)
	if judged < 300 && only == "" || killed*100 < judged*95 {
		t.Error("the tests beside the rules notice too few of them")
	}
}
