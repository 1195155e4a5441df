//go:build integration

package repair_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"crosscheck/report/repair"
	"crosscheck/rules/finding"
)

// program is the path of a program of the environment that `make integration` makes.
func program(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("XCTEST_VENV")
	if dir == "" {
		t.Skip("XCTEST_VENV is not set: run make integration")
	}
	return filepath.Join(dir, "bin", name)
}

func judged(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v\n%s", filepath.Base(name), args, err, out)
	}
}

// TestIntegrationScriptIsClean has shellcheck read the script of every kind of change.
func TestIntegrationScriptIsClean(t *testing.T) {
	t.Parallel()
	for _, o := range []repair.Options{{}, {Dir: t.TempDir()}} {
		path := filepath.Join(o.Dir, "repairs.sh")
		out := written(t, "aws-cli", sample(), o)
		if o.Dir == "" {
			path = filepath.Join(t.TempDir(), "alone.sh")
			if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		judged(t, program(t, "shellcheck"), "--shell=sh", path)
	}
}

// TestIntegrationTemplatesAreClean has cfn-lint read the templates.
func TestIntegrationTemplatesAreClean(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	written(t, "cloudformation", sample(), repair.Options{Dir: dir})
	templates, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(templates) != 2 {
		t.Fatalf("templates: %v %v", templates, err)
	}
	judged(t, program(t, "cfn-lint"), append([]string{"--include-checks", "I", "--"}, templates...)...)
}

// TestIntegrationTerraformIsValid has Terraform read the configuration of every kind of
// change, and validate what the AWS provider 3.39.0 has resources for.
func TestIntegrationTerraformIsValid(t *testing.T) {
	t.Parallel()
	terraform := func(dir string, args ...string) {
		t.Helper()
		judged(t, program(t, "python"), append([]string{filepath.Join("..", "..", "testdata", "integration", "terraform.py"), os.Getenv("XCTEST_CACHE"), dir}, args...)...)
	}
	all, some := t.TempDir(), t.TempDir()
	r := sample()
	written(t, "terraform", r, repair.Options{Dir: all})
	terraform(all, "fmt", "-check", "-diff")
	r.Changes = slices.DeleteFunc(r.Changes, func(c finding.Change) bool {
		return c.Kind != finding.TrustPolicy && c.Kind != finding.RolePolicy && c.Kind != finding.BucketPolicy
	})
	written(t, "terraform", r, repair.Options{Dir: some})
	terraform(some, "init", "-no-color")
	terraform(some, "validate", "-no-color")
}
