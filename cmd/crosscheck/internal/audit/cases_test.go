package audit

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner"
	"crosscheck/scanner/sandbox/sandboxtest"
)

var expectation = regexp.MustCompile(`^# expect: (\S+)/(\S+)->(\S+) (\S+) codes=(\S*) ; finding=(\S+)`)

// TestReportedCases: worlds made from public reports of replication that failed or surprised.
// The comment at the top of each file gives the expected result of every link: the verdict (or
// several, of which any is right), the failure codes of the link (where any is given), and rules that must fail.
func TestReportedCases(t *testing.T) {
	t.Parallel()
	worlds := caseWorlds(t, "*")
	for _, w := range worlds[:sandboxtest.Sample(len(worlds), 4)] {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			got := w.scan(t, nil, nil, scanner.Options{})
			if got.err != nil {
				t.Fatal(got.err)
			}
			count := 0
			for lines := bufio.NewScanner(bytes.NewReader(w.text)); lines.Scan(); {
				m := expectation.FindStringSubmatch(lines.Text())
				if m == nil {
					continue
				}
				count++
				id := m[1] + "/" + m[2] + "→" + m[3]
				link, ok := got.links[id]
				switch {
				case !ok:
					t.Errorf("there is no link %s", id)
					continue
				case !slices.Contains(strings.Split(m[4], "|"), string(link.Verdict)):
					t.Errorf("%s: %s, want %s: %s", id, link.Verdict, m[4], link.Why)
				}
				want := strings.FieldsFunc(m[5], func(r rune) bool { return r == ',' })
				slices.Sort(want)
				if len(want) > 0 && !slices.Equal(want, link.FailureCodes) {
					t.Errorf("%s: failure codes %v, want %v", id, link.FailureCodes, want)
				}
				for _, rule := range strings.Split(m[6], ",") {
					about := func(k findingKey) bool { return k.rule == rule && k.link == id && got.findings[k] == finding.Fail }
					if rule != "-" && !slices.ContainsFunc(keysOf(got.findings), about) {
						t.Errorf("%s: %s does not fail", id, rule)
					}
				}
			}
			if count != strings.Count(string(w.text), "# expect:") || count == 0 {
				t.Errorf("%d of %d expectations were read", count, strings.Count(string(w.text), "# expect:"))
			}
		})
	}
}

// caseWorlds are the reported cases whose names a pattern matches. Those from 40 on have what
// AWS added in 2026.
func caseWorlds(t testing.TB, pattern string) (worlds []*faultWorld) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "testdata", "cases", pattern+".yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		worlds = append(worlds, &faultWorld{name: "case " + strings.TrimSuffix(filepath.Base(path), ".yaml"), text: text,
			options: scanner.Options{RoleName: "crosscheck-audit"}, recording: &recording{of: map[string]*answeredWorld{}}})
	}
	return worlds
}

func keysOf(findings map[findingKey]finding.Status) (keys []findingKey) {
	for k := range findings {
		keys = append(keys, k)
	}
	return keys
}
