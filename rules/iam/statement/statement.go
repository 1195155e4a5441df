// Package statement is a compiled statement of a policy, and which actions and
// resources it covers.
package statement

import (
	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/principal"
)

// Effect of a statement.
type Effect uint8

// The two effects.
const (
	Allow Effect = iota + 1
	Deny
)

// String is Allow or Deny.
func (e Effect) String() string {
	switch e {
	case Allow:
		return "Allow"
	case Deny:
		return "Deny"
	}
	return ""
}

// Statement is a compiled statement.
type Statement struct {
	Sid    string
	Effect Effect
	Index  int
	Off    int
	End    int

	NotAction bool
	Actions   []match.Glob // lower case

	NotResource bool
	Resources   []Resource

	NotPrincipal bool
	Principals   []principal.Entry

	Conditions []condition.Condition
}

// Resource is one entry of Resource or NotResource.
type Resource struct {
	match.ARNPattern
	Written string
	Toks    []match.Token     // for a [machine]; nil where it is not needed
	Head    string            // where the pattern has variables: the text before the fifth ":"
	Tail    []contextkey.Part // … and behind it
}

// CoversAction reports whether the statement's Action or NotAction covers an action.
func (s *Statement) CoversAction(action string) bool {
	for i := range s.Actions {
		if s.Actions[i].MatchFold(action) {
			return !s.NotAction
		}
	}
	return s.NotAction
}

// CoversResource reports whether the statement's Resource or NotResource covers an ARN.
func (s *Statement) CoversResource(arn match.ARN, k *contextkey.Known) logic.Truth {
	t := logic.False
	for i := range s.Resources {
		if t = logic.Or(t, s.Resources[i].covers(arn, k)); t == logic.True {
			break
		}
	}
	if s.NotResource {
		return logic.Not(t)
	}
	return t
}

// covers reports whether an entry of Resource matches an ARN.
func (r *Resource) covers(arn match.ARN, k *contextkey.Known) logic.Truth {
	switch {
	case !r.Match(arn):
		return logic.False
	case r.Tail != nil:
		tail, is := k.ExpandTokens(nil, r.Tail)
		if is == contextkey.Null || !match.MatchTokens(tail, arn.Text[arn.Cut:]) {
			return logic.False
		}
		if is == contextkey.Unknown {
			return logic.Unknown
		}
	}
	if r.State == match.Doubt {
		return logic.Unknown
	}
	return logic.True
}
