//go:build integration

package output

import (
	"bytes"
	"crosscheck/report"
	"crosscheck/report/reporttest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// files writes the golden runs and every hostile one in a format.
func files(t *testing.T, format string) []string {
	t.Helper()
	runs := map[string][]report.Message{"sample": reporttest.Sample(t), "sparse": reporttest.Sparse(t), "empty": reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}}), "many": reporttest.Many(t, 500)}
	for name, s := range reporttest.Hostile {
		runs[strings.ReplaceAll(name, " ", "-")] = reporttest.HostileRun(t, s)
	}
	dir := t.TempDir()
	var paths []string
	for name, ms := range runs {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, render(t, format, Options{}, ms), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// python runs a script of testdata/integration in the environment that
// `make integration` makes, and returns what it prints.
func python(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	venv := os.Getenv("XCTEST_VENV")
	if venv == "" {
		t.Skip("XCTEST_VENV is not set: run make integration")
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(venv, "bin", "python"), append([]string{filepath.Join("..", "..", "testdata", "integration", script)}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out.Bytes(), errs.Bytes())
	}
	return out.Bytes()
}

func TestIntegrationJUnitMeetsItsSchema(t *testing.T) {
	t.Logf("%s", python(t, "junit.py", append([]string{filepath.Join("..", "..", "testdata", "schemas", "junit-10.xsd")}, files(t, "junit")...)...))
}

func TestIntegrationOCSFMeetsTheModels(t *testing.T) {
	python(t, "ocsf.py", append([]string{"check"}, files(t, "ocsf")...)...)
}

// The committed schema is what its package makes.
func TestIntegrationOCSFSchemaIsOfItsPackage(t *testing.T) {
	committed, err := os.ReadFile(filepath.Join("..", "..", "testdata", "schemas", "ocsf-1.5.0-compliance-finding.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, python(t, "ocsf.py", "schema")) {
		t.Error("the schema differs from what testdata/integration/ocsf.py schema prints")
	}
}
