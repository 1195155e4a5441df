// Package words says in words what changes are made to, and what edits do.
package words

import (
	"fmt"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/edit"
	"crosscheck/rules/iam/explain"
)

// Called names a target as people find it.
func Called(t finding.Target) string {
	last := t.Resource[strings.LastIndexAny(t.Resource, ":/")+1:]
	name := t.Policy[strings.LastIndexByte(t.Policy, '/')+1:]
	switch t.Kind {
	case finding.RolePolicy:
		return "policy " + name + " of role " + last
	case finding.ManagedPolicy:
		return "the managed policy " + name
	case finding.TrustPolicy:
		return "the trust policy of role " + last
	case finding.Boundary:
		return "the permissions boundary " + name + " of role " + last
	case finding.BucketPolicy:
		return "the bucket policy of " + last
	case finding.KeyPolicy:
		return "the policy of key " + last
	case finding.SCP:
		return "the SCP " + name + " on " + t.Resource
	case finding.RCP:
		return "the RCP " + name + " on " + t.Resource
	case finding.Replication:
		return "the replication configuration of " + last
	case finding.Versioning:
		return "versioning of " + last
	case finding.Ownership:
		return "Object Ownership of " + last
	case finding.ObjectLock:
		return "Object Lock of " + last
	case finding.RequestPayment:
		return "request payment of " + last
	case finding.KeyState:
		return "the state of key " + last
	}
	return last
}

// Managed names a managed policy by the roles that have it, as a policy (attached) or as
// their permissions boundary (bounded).
func Managed(t finding.Target, attached, bounded []string) string {
	name := t.Policy[strings.LastIndexByte(t.Policy, '/')+1:]
	switch {
	case len(attached) == 0 && len(bounded) == 0:
		return Called(t)
	case len(bounded) == 0:
		return "policy " + name + " of " + roles(attached)
	case len(attached) == 0:
		return "the permissions boundary " + name + " of " + roles(bounded)
	}
	return "policy " + name + " of " + roles(attached) + ", also the permissions boundary of " + roles(bounded) + ","
}

func roles(names []string) string {
	if len(names) == 1 {
		return "role " + names[0]
	}
	return "roles " + Listed(names)
}

// Statement names a statement of a policy, by its 0-based index where it has no Sid.
func Statement(t finding.Target, sid string, index int) string {
	if sid != "" {
		return "statement " + sid + " of " + Called(t)
	}
	return "the " + explain.Ordinal(index+1) + " statement of " + Called(t)
}

// Summary describes an edit in one clause. where names the document or setting.
func Summary(where string, e *finding.Edit) string {
	what := Listed(e.Values)
	switch {
	case e.Sid != "":
		where = "statement " + e.Sid + " of " + where
	case e.Statement >= 0:
		where = "the " + explain.Ordinal(e.Statement+1) + " statement of " + where
	}
	switch e.Operation {
	case finding.CreateDocument:
		return "create " + where
	case finding.AddAction:
		return fmt.Sprintf("add %s to %s", what, where)
	case finding.AddResource, finding.AddPrincipal, finding.AddValue:
		return fmt.Sprintf("add %s to %s of %s", what, element(e.Element), where)
	case finding.ReplacePrincipal, finding.ReplaceValue, finding.Repair:
		return fmt.Sprintf("write %s in place of %s as %s in %s", what, e.Instead, element(e.Element), where)
	case finding.RemoveAction, finding.RemovePrincipal:
		return fmt.Sprintf("take %s out of %s", what, where)
	case finding.Set:
		return fmt.Sprintf("set %s to %s", where, what)
	}
	return string(e.Operation) + " in " + where
}

// element names an element of a statement: its Principal, or the key of a condition.
func element(path string) string {
	name, rest, _ := strings.Cut(path, "/")
	if name == "Condition" {
		_, key, _ := strings.Cut(rest, "/")
		return "the condition on " + key
	}
	return name
}

// Listed joins a few names.
func Listed(names []string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
}

// ToWhom names the principals of a new statement, with a space after them; "" where it has none.
func ToWhom(s *edit.Statement) string {
	if len(s.Principals) == 0 {
		return ""
	}
	names := make([]string, len(s.Principals))
	for i, p := range s.Principals {
		names[i] = p.Value
	}
	return Listed(names) + " "
}

// OnWhat names the resources of a new statement; "" where it is about all.
func OnWhat(s *edit.Statement) string {
	if len(s.Resources) == 0 || s.Resources[0] == "*" {
		return ""
	}
	return " on " + Listed(s.Resources)
}
