package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner"
)

func newSetupCommand(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Print the roles to deploy: policies, CloudFormation, Terraform",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAuditRoleCommand(s), newCanaryRoleCommand(s))
	return cmd
}

var accountIDPattern = regexp.MustCompile(`^[0-9]{12}$`)

// roleTemplate is a role to deploy into every account.
type roleTemplate struct {
	name        string
	description string
	trusted     string // account id whose principals may assume it
	externalID  string
	policyName  string
	statements  []policyStatement
}

// policyStatement is a statement of a policy document, in the order people write it.
type policyStatement struct {
	Sid       string         `json:"Sid,omitempty"`
	Effect    string         `json:"Effect"`
	Principal map[string]any `json:"Principal,omitempty"`
	Action    []string       `json:"Action"`
	Resource  any            `json:"Resource,omitempty"`
	Condition map[string]any `json:"Condition,omitempty"`
}

type policyDocument struct {
	Version   string            `json:"Version"`
	Statement []policyStatement `json:"Statement"`
}

func (r *roleTemplate) permissions() policyDocument {
	return policyDocument{Version: "2012-10-17", Statement: r.statements}
}

func (r *roleTemplate) trust() policyDocument {
	st := policyStatement{
		Effect: "Allow", Action: []string{"sts:AssumeRole"},
		Principal: map[string]any{"AWS": r.trusted},
	}
	if r.externalID != "" {
		st.Condition = map[string]any{"StringEquals": map[string]any{"sts:ExternalId": r.externalID}}
	}
	return policyDocument{Version: "2012-10-17", Statement: []policyStatement{st}}
}

// formats a role template is printed in.
var roleFormats = map[string]func(io.Writer, *roleTemplate) error{
	"policy":         printPolicy,
	"cloudformation": printCloudFormation,
	"terraform":      printTerraform,
}

func newAuditRoleCommand(s *streams) *cobra.Command {
	var trusted, externalID, name, format string
	cmd := &cobra.Command{
		Use:   "audit-role",
		Short: "Print the least-privilege role that scan assumes in every account",
		Long: `audit-role prints the role that scan assumes in every account: it allows the
calls that scan makes and no other, all of them reads. A test of the program
holds the two against each other.

  policy          the permissions alone, as JSON
  cloudformation  a template for a service-managed StackSet over the organization
  terraform       the same as Terraform resources`,
		Example: `  crosscheck setup audit-role --trust 100000000001
  crosscheck setup audit-role --trust 100000000001 --format cloudformation > audit-role.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			print, ok := roleFormats[format]
			if !ok {
				return usererr.Hint(fmt.Errorf("unknown format %q", format), "use policy, cloudformation or terraform")
			}
			if format != "policy" && !accountIDPattern.MatchString(trusted) {
				return usererr.Hint(fmt.Errorf("--trust %q is not an account id", trusted), "give the 12 digits of the account that scans, such as --trust 100000000001")
			}
			return print(s.out, auditRole(name, trusted, externalID))
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&trusted, "trust", "", "`account id` that scans and may assume the role")
	fs.StringVar(&externalID, "external-id", "", "external `id` that must be presented")
	fs.StringVar(&name, "role-name", "crosscheck-audit", "`name` of the role")
	fs.StringVar(&format, "format", "policy", "policy, cloudformation or terraform")
	return cmd
}

func auditRole(name, trusted, externalID string) *roleTemplate {
	return &roleTemplate{
		name: name, trusted: trusted, externalID: externalID,
		description: "Lets crosscheck read what bears on S3 replication; no writes",
		policyName:  "CrosscheckAudit",
		statements:  []policyStatement{{Sid: "CrosscheckAudit", Effect: "Allow", Action: scanner.Permissions(), Resource: "*"}},
	}
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func printPolicy(w io.Writer, r *roleTemplate) error { return printJSON(w, r.permissions()) }

// printCloudFormation prints a template for a StackSet. JSON is YAML, and
// CloudFormation takes either.
func printCloudFormation(w io.Writer, r *roleTemplate) error {
	type object = map[string]any
	return printJSON(w, struct {
		Version     string `json:"AWSTemplateFormatVersion"`
		Description string
		Resources   object
		Outputs     object
	}{
		Version:     "2010-09-09",
		Description: r.description,
		Resources: object{"Role": object{
			"Type": "AWS::IAM::Role",
			"Properties": object{
				"RoleName":                 r.name,
				"Description":              r.description,
				"MaxSessionDuration":       3600,
				"AssumeRolePolicyDocument": r.trust(),
				"Policies":                 []object{{"PolicyName": r.policyName, "PolicyDocument": r.permissions()}},
			},
		}},
		Outputs: object{"RoleArn": object{"Value": object{"Fn::GetAtt": []string{"Role", "Arn"}}}},
	})
}

func printTerraform(w io.Writer, r *roleTemplate) error {
	document := func(d policyDocument) string {
		var b strings.Builder
		_ = printJSON(&b, d) // a strings.Builder takes everything
		return strings.TrimSuffix(strings.ReplaceAll(b.String(), "${", "$${"), "\n")
	}
	id := strings.ReplaceAll(r.name, "-", "_")
	_, err := fmt.Fprintf(w, `# %[1]s
resource "aws_iam_role" "%[2]s" {
  name                 = "%[3]s"
  description          = "%[1]s"
  max_session_duration = 3600
  assume_role_policy   = <<-JSON
%[4]s
  JSON
}

resource "aws_iam_role_policy" "%[2]s" {
  name   = "%[5]s"
  role   = aws_iam_role.%[2]s.id
  policy = <<-JSON
%[6]s
  JSON
}
`, r.description, id, r.name, document(r.trust()), r.policyName, document(r.permissions()))
	return err
}
