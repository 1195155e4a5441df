package setup_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"crosscheck/canary"
	"crosscheck/cmd/crosscheck/internal/setup"
)

func printed(t *testing.T, r *setup.Role, format string) string {
	t.Helper()
	var b strings.Builder
	if err := r.Print(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAuditRolePage: docs/audit-role.md prints the policies that a scan needs. UPDATE=1
// writes them.
func TestAuditRolePage(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "..", "docs", "audit-role.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var caller strings.Builder
	if err := setup.Caller(&caller); err != nil {
		t.Fatal(err)
	}
	role := printed(t, setup.Audit(setup.Role{Name: "crosscheck-audit"}), "policy")
	if os.Getenv("UPDATE") != "" {
		for first, text := range map[string]string{"iam:Get": role, "organizations:Describe": caller.String()} {
			block := regexp.MustCompile("```json\n[^`]*\"Action\": \\[\\s*\"" + first + "[^`]*```")
			page = block.ReplaceAllLiteral(page, []byte("```json\n"+text+"```"))
		}
		if err := os.WriteFile(path, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"the audit role": role, "the caller": caller.String()} {
		if !strings.Contains(string(page), "```json\n"+want+"```") {
			t.Errorf("docs/audit-role.md does not show the policy of %s:\n%s", name, want)
		}
	}
}

// TestRolePath: a path goes where IAM wants it and never into the name or a label.
func TestRolePath(t *testing.T) {
	t.Parallel()
	type template struct {
		Resources struct {
			Role struct {
				Properties struct{ RoleName, Path string }
			}
		}
	}
	for _, test := range []struct{ role, name, path, label string }{
		{"crosscheck-audit", "crosscheck-audit", "", "crosscheck_audit"},
		{"team/audit", "audit", "/team/", "audit"},
		{"a/b=c/1.x@y", "1.x@y", "/a/b=c/", "_1_x_y"},
	} {
		r := setup.Audit(setup.Role{Name: test.role, Trusted: "100000000001"})
		var cf template
		if err := json.Unmarshal([]byte(printed(t, r, "cloudformation")), &cf); err != nil {
			t.Fatal(err)
		}
		if got := cf.Resources.Role.Properties; got.RoleName != test.name || got.Path != test.path {
			t.Errorf("CloudFormation of %s: %+v", test.role, got)
		}
		tf := printed(t, r, "terraform")
		path := ""
		if test.path != "" {
			path = "\n  path                 = \"" + test.path + "\""
		}
		want := "resource \"aws_iam_role\" \"" + test.label + "\" {\n  name                 = \"" + test.name + "\"" + path + "\n  description"
		if !strings.Contains(tf, want) || !strings.Contains(tf, "aws_iam_role."+test.label+".id") {
			t.Errorf("Terraform of %s lacks %s:\n%s", test.role, want, tf)
		}
	}
}

// TestTerraformEscapes: no policy variable of AWS is read as a template of Terraform.
func TestTerraformEscapes(t *testing.T) {
	t.Parallel()
	sides := []canary.Side{canary.SourceSide, canary.DestinationSide}
	r := setup.Canary(setup.Role{Name: "c", Trusted: "100000000001", ExternalID: "a/b:c"}, "aws", "crosscheck-canary", sides...)
	tf := printed(t, r, "terraform")
	if bare := regexp.MustCompile(`(^|[^$])\$\{|(^|[^%])%\{`).FindString(tf); bare != "" {
		t.Errorf("%q begins a template:\n%s", bare, tf)
	}
	if !strings.Contains(tf, `"sts:ExternalId": "a/b:c"`) {
		t.Errorf("the external id is not asked for:\n%s", tf)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 65)
	for _, test := range []struct {
		role   setup.Role
		format string
		want   string // "" = taken
	}{
		{setup.Role{Name: "team/audit", Trusted: "100000000001", ExternalID: "ticket-7"}, "terraform", ""},
		{setup.Role{Name: "audit"}, "policy", ""},
		{setup.Role{Name: "audit"}, "cloudformation", `"" is not an account id`},
		{setup.Role{Name: "audit"}, "yaml", `unknown format "yaml"`},
		{setup.Role{Name: `x"y${z}`}, "policy", "is not the name of a role"},
		{setup.Role{Name: ""}, "policy", "is not the name of a role"},
		{setup.Role{Name: "/audit"}, "policy", "is not the name of a role"},
		{setup.Role{Name: "a//audit"}, "policy", "is not the name of a role"},
		{setup.Role{Name: "team/"}, "policy", "is not the name of a role"},
		{setup.Role{Name: long}, "policy", "is not the name of a role"},
		{setup.Role{Name: "audit", ExternalID: `a"b`}, "policy", "an external id has"},
		{setup.Role{Name: "audit", ExternalID: "a"}, "policy", "an external id has"},
	} {
		err := test.role.Check(test.format)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v as %s: %v, want %q", test.role, test.format, err, test.want)
		}
	}
}

// TestWorldsHaveTheAuditRole: the audit role of the worlds of the guide and the demo may do
// what the role that setup prints may do, no more and no less.
func TestWorldsHaveTheAuditRole(t *testing.T) {
	t.Parallel()
	type policy struct {
		Statement []struct{ Action []string }
	}
	var want policy
	if err := json.Unmarshal([]byte(printed(t, setup.Audit(setup.Role{Name: "crosscheck-audit"}), "policy")), &want); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join("..", "..", "..", "..", "testdata", "worlds", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	roles := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var world struct {
			Accounts []struct {
				ID    string
				Roles []struct{ Inline map[string]string }
			}
		}
		if err := yaml.Unmarshal(text, &world); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, a := range world.Accounts {
			for _, r := range a.Roles {
				text, ok := r.Inline["CrosscheckAudit"]
				if !ok {
					continue
				}
				roles++
				var has policy
				if err := json.Unmarshal([]byte(text), &has); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				actions := func(p policy) (list []string) {
					for _, s := range p.Statement {
						list = append(list, s.Action...)
					}
					slices.Sort(list)
					return list
				}
				if diff := gocmp.Diff(actions(want), actions(has)); diff != "" {
					t.Errorf("%s: the audit role of account %s is another one (-setup +world):\n%s", path, a.ID, diff)
				}
			}
		}
	}
	if roles < 8 {
		t.Errorf("%d audit roles were found", roles)
	}
}
