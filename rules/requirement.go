package rules

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// UnusedRequirements are findings about the entries of the parameter
// required_replication that selected no bucket of a run, after all of it was judged:
// a misspelled one asks nothing of anybody. Where not everything was read, that is
// unknown; where the run looked at buckets of some names only, it does not apply;
// where it looked at some accounts only, it is of severity info.
func (e *Engine) UnusedRequirements(scope fact.Scope) []finding.Finding {
	required, _ := e.premises.params["required_replication"].([]any)
	if e.judge.disabled[requiredRule] {
		return nil
	}
	kept := e.memory.all()
	incomplete := len(kept.Unread) > 0
	selects, may := map[string]bool{}, map[string]bool{}
	for _, t := range kept.Records[requiredRule] {
		record := t.Value.(ast.Object)
		if i := record.Get(ast.StringTerm("selects")); i != nil {
			selects[i.String()] = true
		}
		if i := record.Get(ast.StringTerm("may_select")); i != nil {
			may[i.String()] = true
		}
	}
	var all []finding.Finding
	for i, r := range required {
		if selects[fmt.Sprint(i)] {
			continue
		}
		entry, _ := r.(map[string]any)
		given := map[string]any{}
		for key, v := range entry {
			if set(v, nil) {
				given[key] = v
			}
		}
		text := ast.MustInterfaceToValue(given).String()
		f := finding.New(finding.RequirementUnused, finding.Fail)
		f.Resource = "required_replication"
		f.Message = fmt.Sprintf("no bucket is one that must replicate by the entry %d of required_replication: %s", i+1, text)
		f.Evidence = map[string]any{"entry": i + 1, "requirement": given}
		f.Remediation = "look for a mistake in its name, tags, accounts or units, or remove it"
		f.Fingerprint = finding.Fingerprint(finding.RequirementUnused, text)
		switch {
		case scope.Buckets != "":
			f.Status, f.Remediation = finding.NotApplicable, ""
			f.Message = fmt.Sprintf("the entry %d of required_replication is for what this run did not look at", i+1)
		case incomplete || may[fmt.Sprint(i)]:
			f.Status, f.Remediation = finding.Unknown, ""
			f.Message += ", but not everything was read"
		case scope.Mode != "organization" || len(scope.ExcludeAccounts) > 0:
			f.Severity = finding.Info
			f.Message += ", in the accounts that this run looked at"
		}
		all = append(all, f)
	}
	return all
}

// requiredRule is the rule that judges required_replication. It keeps a record of
// every entry that selects a bucket, and of every one that may do so.
const requiredRule = "XC031"

// NothingReplicates is the finding of a run that read buckets of which none has an enabled
// replication rule, where nothing says which must have one: it judged nothing, which is not
// the same as clean. ok is false where something was judged.
func (e *Engine) NothingReplicates(c fact.Coverage) (f finding.Finding, ok bool) {
	required, _ := e.premises.params["required_replication"].([]any)
	if c.Links > 0 || c.Buckets.Scanned == 0 || len(required) > 0 && !e.judge.disabled[requiredRule] {
		return f, false
	}
	f = finding.New(finding.NoLink, finding.Unknown)
	f.Resource = "replication"
	f.Message = fmt.Sprintf("none of %s in %s has an enabled replication rule, so nothing was judged",
		counted(c.Buckets.Scanned, "bucket"), counted(c.Accounts.Scanned, "account"))
	f.Fingerprint = finding.Fingerprint(finding.NoLink)
	return f, true
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
