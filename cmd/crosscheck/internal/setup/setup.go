// Package setup prints the IAM roles that crosscheck assumes: their policies, a
// CloudFormation template for a StackSet, or Terraform resources.
package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"crosscheck/canary"
	"crosscheck/scanner/ask"
	"crosscheck/scanner/fact"
)

// Role is a role to deploy into every account.
type Role struct {
	Name       string // with its path where it has one, as in team/audit
	Trusted    string // id of the account whose principals may assume it; "" only where it is not printed
	ExternalID string // that must be presented, "" = none

	description string
	policyName  string
	statements  []statement
}

// Audit gives r the permissions of the audit role: what a scan calls, and nothing else.
func Audit(r Role) *Role {
	r.description = "Lets crosscheck read what S3 replication depends on; no writes"
	r.policyName = "CrosscheckAudit"
	r.statements = []statement{{Sid: "CrosscheckAudit", Effect: "Allow", Action: ask.Permissions(), Resource: "*"}}
	return &r
}

// Canary gives r the permissions of the canary's role in an account that holds
// buckets of the given sides of links.
func Canary(r Role, partition, folder string, sides ...canary.Side) *Role {
	r.description = "Lets crosscheck put probe objects under " + folder + "/ and remove them again"
	r.policyName = "CrosscheckCanary"
	for _, s := range canary.Policy(partition, folder, sides...) {
		st := statement{Sid: s.Sid, Effect: "Allow", Action: s.Action, Resource: s.Resource}
		for operator, keys := range s.Condition {
			st.Condition = map[string]any{operator: keys}
		}
		r.statements = append(r.statements, st)
	}
	return &r
}

// Caller is the policy of the account that scans, as JSON.
func Caller(w io.Writer) error {
	return printJSON(w, document{version, []statement{
		{Sid: "CrosscheckCaller", Effect: "Allow", Action: ask.CallerPermissions(), Resource: "*"},
	}})
}

// Formats are the names of the formats that [Role.Print] knows, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

var formats = map[string]func(io.Writer, *Role) error{
	"policy":         printPolicy,
	"cloudformation": printCloudFormation,
	"terraform":      printTerraform,
}

var (
	roleName   = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	rolePath   = regexp.MustCompile(`^([A-Za-z0-9_+=,.@-]+/)*$`)
	externalID = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/-]+$`)
)

// Check refuses a role that IAM would not take, and with a format other than policy
// one without an account to trust.
func (r *Role) Check(format string) error {
	path, name := r.split()
	switch {
	case formats[format] == nil:
		return fmt.Errorf("unknown format %q", format)
	case !roleName.MatchString(name) || !rolePath.MatchString(path) || len(path) > 510:
		return fmt.Errorf("%q is not the name of a role: a name has 1 to 64 of A-Z a-z 0-9 _ + = , . @ -, and a path comes before it, as in team/audit", r.Name)
	case r.ExternalID != "" && (!externalID.MatchString(r.ExternalID) || len(r.ExternalID) < 2 || len(r.ExternalID) > 1224):
		return errors.New("an external id has 2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -")
	case format != "policy" && !fact.IsAccountID(r.Trusted):
		return fmt.Errorf("%q is not an account id: an account id has 12 digits", r.Trusted)
	}
	return nil
}

// Print writes the role in a format. It must pass [Role.Check].
func (r *Role) Print(w io.Writer, format string) error {
	if err := r.Check(format); err != nil {
		return err
	}
	return formats[format](w, r)
}

// split gives the path of the role, without its first slash, and its name.
func (r *Role) split() (path, name string) {
	i := strings.LastIndexByte(r.Name, '/') + 1
	return r.Name[:i], r.Name[i:]
}

// document is a policy document.
type document struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

const version = "2012-10-17"

// statement is a statement of a policy document, in the order people write it.
type statement struct {
	Sid       string         `json:"Sid,omitempty"`
	Effect    string         `json:"Effect"`
	Principal map[string]any `json:"Principal,omitempty"`
	Action    []string       `json:"Action"`
	Resource  any            `json:"Resource,omitempty"`
	Condition map[string]any `json:"Condition,omitempty"`
}

func (r *Role) permissions() document { return document{version, r.statements} }

func (r *Role) trust() document {
	st := statement{Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: map[string]any{"AWS": r.Trusted}}
	if r.ExternalID != "" {
		st.Condition = map[string]any{"StringEquals": map[string]any{"sts:ExternalId": r.ExternalID}}
	}
	return document{version, []statement{st}}
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func printPolicy(w io.Writer, r *Role) error { return printJSON(w, r.permissions()) }

// printCloudFormation prints a template for a StackSet. JSON is YAML, and
// CloudFormation takes either.
func printCloudFormation(w io.Writer, r *Role) error {
	type object = map[string]any
	path, name := r.split()
	properties := object{
		"RoleName":                 name,
		"Description":              r.description,
		"MaxSessionDuration":       3600,
		"AssumeRolePolicyDocument": r.trust(),
		"Policies":                 []object{{"PolicyName": r.policyName, "PolicyDocument": r.permissions()}},
	}
	if path != "" {
		properties["Path"] = "/" + path
	}
	return printJSON(w, struct {
		Version     string `json:"AWSTemplateFormatVersion"`
		Description string
		Resources   object
		Outputs     object
	}{
		Version:     "2010-09-09",
		Description: r.description,
		Resources:   object{"Role": object{"Type": "AWS::IAM::Role", "Properties": properties}},
		Outputs:     object{"RoleArn": object{"Value": object{"Fn::GetAtt": []string{"Role", "Arn"}}}},
	})
}

// template escapes text for HCL, where ${ and %{ begin a template.
var template = strings.NewReplacer("${", "$${", "%{", "%%{")

// quoted is a string of HCL.
func quoted(text string) string {
	return `"` + template.Replace(strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text)) + `"`
}

// label makes the label of a Terraform resource from the name of a role.
func label(name string) string {
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
	if id[0] >= '0' && id[0] <= '9' {
		id = "_" + id
	}
	return id
}

func printTerraform(w io.Writer, r *Role) error {
	heredoc := func(d document) string {
		var b strings.Builder
		_ = printJSON(&b, d) // a strings.Builder takes everything
		return "<<-JSON\n" + template.Replace(b.String()) + "  JSON"
	}
	path, name := r.split()
	pathLine := ""
	if path != "" {
		pathLine = "\n  path                 = " + quoted("/"+path)
	}
	_, err := fmt.Fprintf(w, `# %[1]s
resource "aws_iam_role" "%[2]s" {
  name                 = %[3]s%[4]s
  description          = %[5]s
  max_session_duration = 3600
  assume_role_policy   = %[6]s
}

resource "aws_iam_role_policy" "%[2]s" {
  name   = %[7]s
  role   = aws_iam_role.%[2]s.id
  policy = %[8]s
}
`, r.description, label(name), quoted(name), pathLine, quoted(r.description), heredoc(r.trust()), quoted(r.policyName), heredoc(r.permissions()))
	return err
}
