package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// TestDrillsOverReportedCases: in no world of the reported cases does a probe contradict what
// the audit predicts of objects like it.
func TestDrillsOverReportedCases(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("..", "..", "..", "..", "testdata", "cases", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths[:sandboxtest.Sample(len(paths), 1)] {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			world, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, r, errs := served(t, world).reported(t, "drill", "--yes", "--timeout", "5s", "--absence", "200ms", "--variant", "plain,kms,tagged,delete-marker")
			if len(r.Measurements) == 0 {
				t.Fatalf("no probe was put: %s", errs)
			}
			for _, f := range r.Findings {
				if f.RuleID == finding.Disagreement {
					t.Errorf("%s: %s", f.Link, f.Message)
				}
			}
		})
	}
}
