package cli

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"crosscheck/scanner"
)

// TestImportsPointOneWay holds the layering of the project: who may know what.
func TestImportsPointOneWay(t *testing.T) {
	const (
		opa   = "github.com/open-policy-agent/opa"
		sdk   = "github.com/aws/"
		table = "github.com/olekukonko/tablewriter"
		sarif = "github.com/owenrumney/go-sarif"
		cobra = "github.com/spf13/cobra"
	)
	// Who alone may import what (tests of a package count as the package).
	only := map[string][]string{
		opa:   {"rules"},
		sdk:   {"scanner", "canary", "scanner/sandbox", "cmd/crosscheck/internal/cli"},
		table: {"report"},
		sarif: {"report"},
		cobra: {"cmd/crosscheck/internal/cli"},
	}
	// Which of our packages each package may import; nothing else of ours.
	allowed := map[string][]string{
		"scanner/fact":    {},
		"scanner/flow":    {},
		"rules/iam":       {},
		"rules/finding":   {},
		"canary/measure":  {},
		"scanner/sandbox": {"rules/iam"},
		"scanner":         {"scanner/fact", "scanner/flow"},
		"rules":           {"rules/iam", "rules/finding", "scanner/fact"},
		"canary":          {"canary/measure", "scanner/fact", "scanner/flow"},
		"report":          {"rules", "rules/finding", "canary/measure", "scanner/fact"},
		"testdata":        {},
	}
	// Tests may use the sandbox and the embedded worlds besides.
	forTests := []string{"rules/finding", "canary/measure", "scanner/sandbox", "scanner/fact", "testdata", "rules/iam", "rules", "scanner", "canary", "report"}
	standardOnly := map[string]bool{"scanner/fact": true, "scanner/flow": true, "rules/iam": true, "rules/finding": true, "canary/measure": true}

	within := func(dir string, list []string) bool {
		for _, d := range list {
			if dir == d {
				return true
			}
		}
		return false
	}
	files := 0
	root := repo
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		rel, _ := filepath.Rel(root, path)
		dir := filepath.ToSlash(filepath.Dir(rel))
		test := strings.HasSuffix(path, "_test.go")
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		for _, imp := range f.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			for prefix, dirs := range only {
				if strings.HasPrefix(p, prefix) && !within(dir, dirs) && !test {
					t.Errorf("%s imports %s: only %v may", rel, p, dirs)
				}
			}
			if ours, ok := strings.CutPrefix(p, "crosscheck/"); ok && dir != "cmd/crosscheck" && dir != "cmd/crosscheck/internal/cli" {
				list := allowed[dir]
				if test {
					list = append(append([]string{dir}, forTests...), list...)
				}
				if !within(ours, list) {
					t.Errorf("%s imports %s: %s may import only %v of this project", rel, p, dir, allowed[dir])
				}
			}
			if standardOnly[dir] && !test && strings.Contains(strings.SplitN(p, "/", 2)[0], ".") && !strings.HasPrefix(p, "golang.org/x/") {
				t.Errorf("%s imports %s: %s keeps to the standard library and golang.org/x", rel, p, dir)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Fatalf("only %d Go files seen", files)
	}
}

// TestTopLevel holds the layout that the project's users fixed.
func TestTopLevel(t *testing.T) {
	want := map[string]bool{"cmd": true, "scanner": true, "rules": true, "canary": true, "report": true, "testdata": true, "docs": true, "bin": true}
	entries, err := os.ReadDir(repo)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !want[e.Name()] {
			t.Errorf("unexpected top-level folder %s", e.Name())
		}
	}
}

// TestAuditRolePage holds the policies that docs/audit-role.md prints to those
// that a scan needs.
func TestAuditRolePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repo, "docs", "audit-role.md"))
	if err != nil {
		t.Fatal(err)
	}
	var role, caller strings.Builder
	if err := printPolicy(&role, auditRole("crosscheck-audit", "", "")); err != nil {
		t.Fatal(err)
	}
	if err := printPolicy(&caller, &roleTemplate{statements: []policyStatement{
		{Sid: "CrosscheckCaller", Effect: "Allow", Action: scanner.CallerPermissions(), Resource: "*"},
	}}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"the audit role": role.String(), "the caller": caller.String()} {
		if !strings.Contains(string(page), "```json\n"+want+"```") {
			t.Errorf("docs/audit-role.md does not show the policy of %s:\n%s", name, want)
		}
	}
}
