//go:build integration

package cli

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestIntegrationDeployFiles lets programs that know the systems read the files of
// docs/deploy: published schemas, linters, and Kubernetes' own types.
func TestIntegrationDeployFiles(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"check-jsonschema", "--builtin-schema", "vendor.github-actions", deployed("github-action/action.yml")},
		{"check-jsonschema", "--builtin-schema", "vendor.github-workflows", deployed("github-workflow.yml")},
		{"check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", deployed("gitlab-ci.yml")},
		{"kubernetes-validate", "--strict", deployed("cronjob.yaml")},
		{"hadolint", deployed("Dockerfile")},
	} {
		t.Log(runScript(t, cleanEnv(), venv(t, args[0]), args[1:]...))
	}
	// They do refuse: a misspelled key in each.
	for name, test := range map[string]struct {
		old, new string
		args     []string
	}{
		"github-action/action.yml": {"  using: composite", "  using: compound", []string{"check-jsonschema", "--builtin-schema", "vendor.github-actions"}},
		"github-workflow.yml":      {"runs-on:", "run-on:", []string{"check-jsonschema", "--builtin-schema", "vendor.github-workflows"}},
		"gitlab-ci.yml":            {"exit_codes:", "exit_code:", []string{"check-jsonschema", "--builtin-schema", "vendor.gitlab-ci"}},
		"cronjob.yaml":             {"backoffLimit:", "backofLimit:", []string{"kubernetes-validate", "--strict"}},
		"Dockerfile":               {"WORKDIR /src", "WORKDIR src", []string{"hadolint"}},
	} {
		path := filepath.Join(t.TempDir(), filepath.Base(name))
		text := edited(t, deployed(name), test.old, test.new)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(venv(t, test.args[0]), append(test.args[1:], path)...).CombinedOutput(); err == nil {
			t.Errorf("%s: %s is not refused\n%s", name, test.new, out)
		}
	}
}

// edited is the text of a file with old, which must be in it, replaced.
func edited(t *testing.T, path, old, new string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("%s does not contain %s", path, old)
	}
	return strings.ReplaceAll(string(data), old, new)
}

// TestIntegrationActionlint reads the workflow with the action beside it, so that
// inputs and outputs are checked, too; and the scripts with shellcheck.
func TestIntegrationActionlint(t *testing.T) {
	t.Parallel()
	actionlint := built(t, "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
	shellcheck := venv(t, "shellcheck")
	lint := func(old, new string) (string, error) {
		repo := t.TempDir()
		for _, dir := range []string{".git", ".github/workflows", "docs/deploy/github-action"} {
			if err := os.MkdirAll(filepath.Join(repo, dir), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		text := edited(t, deployed("github-workflow.yml"), "OWNER/crosscheck/docs/deploy/github-action@COMMIT", "./docs/deploy/github-action")
		if !strings.Contains(text, old) {
			t.Fatalf("no %s in the workflow", old)
		}
		for name, text := range map[string]string{
			".github/workflows/crosscheck.yml":     strings.Replace(text, old, new, 1),
			"docs/deploy/github-action/action.yml": edited(t, deployed("github-action/action.yml"), "name: crosscheck", "name: crosscheck"),
		} {
			if err := os.WriteFile(filepath.Join(repo, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), actionlint, "-no-color", "-shellcheck", shellcheck, "-pyflakes", "")
		cmd.Dir = repo
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := lint("", ""); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := lint("          args: |", "          arguments: |"); err == nil {
		t.Errorf("an input that the action does not have is not refused\n%s", out)
	}
	for _, step := range readAction(t).Runs.Steps {
		if step.Run == "" {
			continue
		}
		cmd := exec.CommandContext(t.Context(), shellcheck, "--shell=bash", "--severity=style", "-")
		cmd.Stdin = strings.NewReader(step.Run)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("step %q: %v\n%s", step.Name, err, out)
		}
	}
}

// sourceTree copies what git tracks into a folder of its own.
func sourceTree(t *testing.T) string {
	t.Helper()
	root := repo
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("git: %v", err)
	}
	dir := t.TempDir()
	for _, name := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// makeIn runs make in a folder and wants its exit status.
func makeIn(t *testing.T, dir string, env []string, status int, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", args...)
	cmd.Dir = dir
	cmd.Env = append(cleanEnv(), env...)
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != status {
		t.Fatalf("make %s: exit status %d\n%s", strings.Join(args, " "), cmd.ProcessState.ExitCode(), out)
	}
	return string(out)
}

// TestIntegrationReproducibleBuild builds in two directories, the second as another user: the
// same bytes. The action's build step is make build, too. A comment at the end of each file
// makes Go compile our packages again; what it has of others in its cache it may use, since
// their paths are those of the module cache in both.
func TestIntegrationReproducibleBuild(t *testing.T) {
	t.Parallel()
	var sums []string
	for _, env := range [][]string{nil, {"TZ=Asia/Tokyo", "LC_ALL=C", "USER=somebody"}} {
		dir := sourceTree(t)
		if env != nil {
			commentAll(t, dir)
		}
		makeIn(t, dir, env, 0, "build", "VERSION=v1.2.3")
		data, err := os.ReadFile(filepath.Join(dir, "bin", "crosscheck"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, fmt.Sprintf("%x", sha256.Sum256(data)))
		if strings.Contains(string(data), dir) {
			t.Error("the binary holds the path of the directory it was built in")
		}
		if size := len(data); size > 55<<20 {
			t.Errorf("the binary has %d MB, more than 55", size>>20)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("two builds differ: %v", sums)
	}
	t.Log(sums)
}

// commentAll adds a comment at the end of every Go file below a directory, but for that of
// package main: the id of a program names its source text.
func commentAll(t *testing.T, dir string) {
	t.Helper()
	comment := fmt.Sprintf("\n// Written at %v.\n", time.Now())
	count := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || d.Name() == "main.go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		count++
		return os.WriteFile(path, append(text, comment...), 0o644)
	})
	if err != nil || count < 100 {
		t.Fatalf("%d files, %v", count, err)
	}
}

// TestIntegrationSBOM: the bill of materials meets the schema of CycloneDX, and
// lists the modules in the binary and no other.
func TestIntegrationSBOM(t *testing.T) {
	t.Parallel()
	dir := sourceTree(t)
	makeIn(t, dir, nil, 0, "sbom", "CACHE="+cacheDir(t), "VERSION=v1.2.3")
	bom := filepath.Join(dir, "bin", "crosscheck.cdx.json")
	t.Log(runScript(t, cleanEnv(), venv(t, "python"), script("sbom.py"), bom))
	data, err := os.ReadFile(bom)
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	var listed, linked []string
	for _, c := range b.Components {
		if c.Name != "std" {
			listed = append(listed, c.Name+" "+c.Version)
		}
	}
	info, err := buildinfo.ReadFile(filepath.Join(dir, "bin", "crosscheck"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range info.Deps {
		linked = append(linked, m.Path+" "+m.Version)
	}
	slices.Sort(listed)
	slices.Sort(linked)
	if !slices.Equal(listed, linked) || len(listed) < 20 {
		t.Errorf("listed %v\nlinked %v", listed, linked)
	}
	for _, m := range dependencies(t) {
		if !slices.Contains(linked, m.path+" "+m.version) {
			t.Errorf("docs/dependencies.md has %s, the binary has not", m.path)
		}
	}
}

// TestIntegrationVuln: make vuln fails for a vulnerability of a function that is called, and
// says so when the database cannot be asked. The callers are a small package: the whole
// program takes a minute, and .ci/run looks at it.
func TestIntegrationVuln(t *testing.T) {
	t.Parallel()
	root := repo
	db := t.TempDir()
	for name, text := range map[string]string{
		"index/db.json":      `{"modified":"2026-11-01T00:00:00Z"}`,
		"index/modules.json": `[{"path":"go.yaml.in/yaml/v3","vulns":[{"id":"GO-2026-0001","modified":"2026-11-01T00:00:00Z"}]}]`,
		"index/vulns.json":   `[{"id":"GO-2026-0001","modified":"2026-11-01T00:00:00Z"}]`,
		"ID/GO-2026-0001.json": `{"schema_version":"1.3.1","id":"GO-2026-0001","modified":"2026-11-01T00:00:00Z","published":"2026-11-01T00:00:00Z",
			"summary":"made up for this test","affected":[{"package":{"name":"go.yaml.in/yaml/v3","ecosystem":"Go"},
			"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
			"ecosystem_specific":{"imports":[{"path":"go.yaml.in/yaml/v3","symbols":["NewDecoder"]}]}}],
			"database_specific":{"url":"https://example.com/GO-2026-0001"}}`,
	} {
		path := filepath.Join(db, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"vuln", "CACHE=" + cacheDir(t), "CALLERS=./rules/yamldoc"}
	if out := makeIn(t, root, nil, 2, append(args, "GOVULNDB=file://"+db)...); !strings.Contains(out, "GO-2026-0001") || !strings.Contains(out, "yamldoc.Root calls") {
		t.Errorf("the vulnerability is not shown:\n%s", out)
	}
	nowhere := []string{"HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY="}
	if out := makeIn(t, root, nowhere, 0, args...); !strings.Contains(out, "NOTHING WAS CHECKED") {
		t.Errorf("an unreachable database is not said:\n%s", out)
	}
}

// TestIntegrationAWSCommandLines: the aws CLI takes the lines of it that the
// documentation shows, and says so without calling AWS.
func TestIntegrationAWSCommandLines(t *testing.T) {
	t.Parallel()
	program := "/usr/bin/aws" // Debian's package; .ci/run installs it
	if _, err := os.Stat(program); err != nil {
		t.Skipf("%v: install Debian's package awscli", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "audit-role.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	count := 0
	docLines(t, func(where, line string) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "aws ")
		if !ok {
			return
		}
		count++
		cmd := exec.CommandContext(t.Context(), "sh", "-c", program+" "+args+" --generate-cli-skeleton output")
		cmd.Dir, cmd.Env = dir, cleanEnv("AWS_DEFAULT_REGION=us-east-1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %s\n%v\n%s", where, line, err, out)
		}
	})
	if count < 2 {
		t.Errorf("%d lines found", count)
	}
}
