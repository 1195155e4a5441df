package fix

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/near"
	"crosscheck/rules/fix/words"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/rules/permission/demand"
)

// excessRemedies are for findings that the policy of the destination allows too much, or names
// principals that do not exist. They wait until objects arrive, because the wide statement may
// be the only one that allows replication.
var excessRemedies = map[string]remedy{
	"XC043": (*failure).excess, "XC044": (*failure).excess,
	"XC045": (*failure).wholeAccount,
	"XC057": (*failure).orphans,
	"XC058": (*failure).tags,
}

// allows are the statements of the policy of the destination that allow, once objects arrive.
func (f *failure) allows() []policy.StatementInfo {
	if f.destination == nil || f.destination.Policy.Value == nil || f.verdict(f.Link).Fails() {
		return nil
	}
	p := policy.Parse(policy.Bucket, f.destination.Name, []byte(f.destination.Policy.Value.Document), policy.Stored(), policy.ForBucket(f.destination.Name))
	return slices.DeleteFunc(p.Statements(), func(st policy.StatementInfo) bool { return st.Effect != statement.Allow })
}

// granting are the statements that the finding names, with the actions that it names.
func (f *failure) granting() (list []policy.StatementInfo, actions []string) {
	grant, _ := f.Evidence["grant"].(map[string]any)
	name, _ := grant["name"].(string)
	for _, st := range f.allows() {
		if st.Sid == name || st.Sid == "" && strconv.Itoa(st.Index) == name {
			list = append(list, st)
		}
	}
	values, _ := grant["actions"].([]any)
	for _, v := range values {
		if a, ok := v.(string); ok {
			actions = append(actions, a)
		}
	}
	return list, actions
}

// inPolicy edits an element of a statement of the policy of the destination, unless it is one
// that the changes add.
func (f *failure) inPolicy(st *policy.StatementInfo, op finding.Operation, element, summary string, values ...string) []want {
	w := f.want(onBucket(finding.BucketPolicy, f.destination))
	i, ok := f.origin(w.Target, st.Index)
	if !ok {
		return nil
	}
	w.edit = &edit{Edit: finding.Edit{Operation: op, Statement: i, Sid: st.Sid, Element: element, Values: values, Summary: summary}}
	return []want{w}
}

// askAbout leaves a statement to a person.
func (f *failure) askAbout(st *policy.StatementInfo, why string) []want {
	t := onBucket(finding.BucketPolicy, f.destination)
	return f.decide(t, "%s: %s. %s", words.Statement(t, st.Sid, st.Index), why, f.Message)
}

// excess takes actions out of a statement that replication never needs. A wildcard gives way
// to what the links need of it, where only their role can use it.
func (f *failure) excess() (list []want) {
	statements, actions := f.granting()
	for i := range statements {
		st := &statements[i]
		why := f.othersMayNeed(st)
		if why == "" && !f.onlyReplicates(st) {
			why = "which of its actions are to stay, as others than the replication role may use them"
		}
		if why != "" {
			list = append(list, f.askAbout(st, why)...)
			continue
		}
		var named, wild []string
		for _, a := range st.Actions {
			if !slices.ContainsFunc(actions, func(x string) bool { return match.Match(strings.ToLower(a), strings.ToLower(x)) }) {
				continue
			}
			if strings.ContainsAny(a, "*?") {
				wild = append(wild, a)
			} else {
				named = append(named, a)
			}
		}
		for _, a := range wild {
			if needed := f.neededOf(a, st); len(needed) > 0 {
				list = append(list, f.inPolicy(st, finding.AddAction, "Action", "", needed...)...)
			}
		}
		list = append(list, f.inPolicy(st, finding.RemoveAction, "Action", "", append(named, wild...)...)...)
	}
	return list
}

// othersMayNeed says why nothing is certain of a statement; "" where it is for the source
// account alone, and says what it allows.
func (f *failure) othersMayNeed(st *policy.StatementInfo) string {
	if st.NotAction || st.NotPrincipal {
		return "what it is to allow, as it says only what and whom it leaves out"
	}
	for _, p := range st.Principals {
		if account := near.Account(p.Value); account == "" || account != f.doc.Bucket.AccountID {
			return "whether " + p.Value + " needs what it allows"
		}
	}
	return ""
}

// onlyReplicates reports whether only S3, acting as the replication role, can use a statement.
func (f *failure) onlyReplicates(st *policy.StatementInfo) bool {
	role := f.doc.Roles[f.link.RoleARN].Value
	if role == nil || slices.ContainsFunc(st.Principals, func(p policy.PrincipalInfo) bool { return p.Value != role.ARN }) {
		return false
	}
	for _, trusts := range policy.Parse(policy.Trust, "", []byte(role.Trust.Document), policy.Stored()).Statements() {
		if trusts.Effect == statement.Allow && (trusts.NotPrincipal || slices.ContainsFunc(trusts.Principals, func(p policy.PrincipalInfo) bool {
			return p.Value != "s3.amazonaws.com"
		})) {
			return false
		}
	}
	return true
}

// neededOf are the actions of a pattern that the links need where a statement allows them.
func (f *failure) neededOf(pattern string, st *policy.StatementInfo) (list []string) {
	objects := slices.ContainsFunc(st.Resources, func(r string) bool { return strings.Contains(r, "/") || strings.HasSuffix(r, "*") })
	add := func(action string) {
		if match.Match(strings.ToLower(pattern), strings.ToLower(action)) && !slices.Contains(list, action) {
			list = append(list, action)
		}
	}
	for i := range f.doc.Links {
		if l := &f.doc.Links[i]; l.Destination != f.link.Destination || l.RoleARN != f.link.RoleARN {
			continue
		}
		for _, c := range f.matrix(i).Cells {
			if c.Layer == demand.Destination && objects && c.Requirement.Mode != demand.MayNotDeny {
				add(c.Requirement.Action)
			}
		}
	}
	if objects {
		add("s3:ReplicateTags") // which one of AWS's pages asks for
	}
	return list
}

// replicates are actions that only replication uses.
var replicates = regexp.MustCompile(`(?i)^s3:(Replicate(Object|Delete|Tags|\*)|ObjectOwnerOverrideToBucketOwner)$`)

// wholeAccount names the replication role in the place of its whole account, where the
// statement is for replication alone.
func (f *failure) wholeAccount() (list []want) {
	statements, _ := f.granting()
	for i := range statements {
		st := &statements[i]
		if why := f.othersMayNeed(st); why != "" {
			list = append(list, f.askAbout(st, why)...)
			continue
		}
		if slices.ContainsFunc(st.Actions, func(a string) bool { return !replicates.MatchString(a) }) {
			list = append(list, f.askAbout(st, "who of the account is to use it, as it allows more than replication")...)
			continue
		}
		for _, p := range st.Principals {
			if p.Value == near.Account(p.Value) || strings.HasSuffix(p.Value, ":root") {
				what := fmt.Sprintf("take all of account %s out of %s; other roles there that replicate by it must be named like this one",
					near.Account(p.Value), words.Statement(onBucket(finding.BucketPolicy, f.destination), st.Sid, st.Index))
				list = append(list, f.inPolicy(st, finding.AddPrincipal, "Principal/AWS", "", f.link.RoleARN)...)
				list = append(list, f.inPolicy(st, finding.RemovePrincipal, "Principal/AWS", what, p.Value)...)
			}
		}
	}
	return list
}

// orphans removes principals that were deleted. AWS shows the id of each in its place, and
// never uses an id again.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (f *failure) orphans() (list []want) {
	for _, st := range f.allows() {
		for _, p := range st.Principals {
			if p.Type != "AWS" || !near.Deleted(p.Value) || !strings.Contains(f.Message, p.Value) {
				continue
			}
			if st.NotPrincipal {
				list = append(list, f.askAbout(&st, "whom it is to leave out")...)
				continue
			}
			what := fmt.Sprintf("take %s out of %s: its role or user was deleted", p.Value, words.Statement(onBucket(finding.BucketPolicy, f.destination), st.Sid, st.Index))
			list = append(list, f.inPolicy(&st, finding.RemovePrincipal, "Principal/AWS", what, p.Value)...)
		}
	}
	return list
}

// tags names the right to replicate tags beside that to replicate objects, where only the
// role gets it.
func (f *failure) tags() (list []want) {
	for _, st := range f.allows() {
		names := slices.ContainsFunc(st.Principals, func(p policy.PrincipalInfo) bool { return p.Value == f.link.RoleARN })
		if !names || !slices.ContainsFunc(st.Actions, func(a string) bool { return strings.EqualFold(a, "s3:ReplicateObject") }) {
			continue
		}
		if len(st.Principals) > 1 {
			list = f.askAbout(&st, "whether all whom it names are to replicate tags")
			continue
		}
		list = f.inPolicy(&st, finding.AddAction, "Action", "", "s3:ReplicateTags")
		for i := range list {
			list[i].optional = "s3:ReplicateObject covers tags within one account; between accounts this was not recorded, and one page of AWS asks for s3:ReplicateTags"
		}
		return list
	}
	return list
}
