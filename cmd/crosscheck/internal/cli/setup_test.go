package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/scanner"
)

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
