package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"crosscheck/report/reporttest"
	"crosscheck/testdata"
)

// The same organization with its statements renamed, and everything in them in
// another order, has nothing new and nothing fixed.
func TestBaselineOfARewrittenOrganization(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	worlds, err := filepath.Glob(filepath.Join(repo, "testdata", "worlds", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, world := range worlds {
		if strings.Contains(world, ".crosscheck.") {
			continue // a configuration
		}
		t.Run(filepath.Base(world), func(t *testing.T) {
			text, err := os.ReadFile(world)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "run.jsonl")
			p := served(t, text)
			if status, _, stderr := p.run(t.Context(), "scan", "-q", "-o", "jsonl="+path); status != exitFindings {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			p = served(t, rewritten(t, text))
			status, stdout, stderr := p.run(t.Context(), "scan", "-q", "--baseline", path, "--fail-on-new")
			if status == exitFindings || !regexp.MustCompile(`(?m)^Baseline: 0 new, [1-9][0-9]* existing, 0 fixed$`).MatchString(stdout) {
				t.Errorf("exit status %d:\n%s%s", status, stdout, stderr)
			}
		})
	}
}

// rewritten is a world with its policies written otherwise.
func rewritten(t *testing.T, world []byte) []byte {
	var v any
	if err := yaml.Unmarshal(world, &v); err != nil {
		t.Fatal(err)
	}
	policies := 0
	v = eachText(v, func(s string) string {
		var p map[string]any
		if json.Unmarshal([]byte(s), &p) != nil || p["Statement"] == nil {
			return s
		}
		policies++
		statements, ok := p["Statement"].([]any)
		if !ok {
			statements = []any{p["Statement"]}
		}
		for i, s := range statements {
			s.(map[string]any)["Sid"] = fmt.Sprintf("Renamed%d", i)
		}
		p["Statement"] = statements
		reverse(p)
		out, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	})
	out, err := yaml.Marshal(v)
	if err != nil || policies == 0 {
		t.Fatal(err, policies)
	}
	return out
}

func eachText(v any, do func(string) string) any {
	switch v := v.(type) {
	case string:
		return do(v)
	case []any:
		for i := range v {
			v[i] = eachText(v[i], do)
		}
	case map[string]any:
		for k := range v {
			v[k] = eachText(v[k], do)
		}
	}
	return v
}

func reverse(v any) {
	switch v := v.(type) {
	case []any:
		slices.Reverse(v)
		for _, x := range v {
			reverse(x)
		}
	case map[string]any:
		for _, x := range v {
			reverse(x)
		}
	}
}

// A drill is compared with a drill: what its probes showed before is not new.
func TestDrillAgainstABaseline(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	good := testdata.DemoWorld
	const versioned = "name: backup-ledger\n        region: eu-west-1\n        versioning: "
	bad := bytes.Replace(good, []byte(versioned+"Enabled"), []byte(versioned+"Suspended"), 1)
	if bytes.Equal(good, bad) {
		t.Fatal("the world has no such bucket")
	}
	dir := t.TempDir()
	drill := func(world []byte, more ...string) (int, string) {
		p := served(t, world)
		status, stdout, stderr := p.run(t.Context(), append([]string{"drill", "-q", "--yes", "--variant", "plain", "--timeout", "2s"}, more...)...)
		return status, stdout + stderr
	}
	a, b := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")
	for path, world := range map[string][]byte{a: good, b: bad} {
		if status, out := drill(world, "-o", "jsonl="+path); status != exitFindings {
			t.Fatalf("exit status %d:\n%s", status, out)
		}
	}
	for name, c := range map[string]struct {
		baseline string
		world    []byte
		want     string
		status   int
	}{
		"same":     {a, good, `(?m)^Baseline: 0 new, [0-9]+ existing, 0 fixed$`, exitIncomplete},
		"repaired": {b, good, `(?m)^Baseline: 0 new, [0-9]+ existing, [1-9][0-9]* fixed$`, exitIncomplete},
		"broke":    {a, bad, `(?m)^Baseline: [1-9][0-9]* new, .*; 1 link newly failing; 1 probe newly failed$`, exitFindings},
	} {
		status, out := drill(c.world, "--baseline", c.baseline, "--fail-on-new")
		if status != c.status || !regexp.MustCompile(c.want).MatchString(out) {
			t.Errorf("%s: exit status %d, want %d and %s:\n%s", name, status, c.status, c.want, out)
		}
	}
}
