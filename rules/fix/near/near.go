// Package near says how near a statement of a policy comes to giving a right, and what it
// gives beside it.
package near

import (
	"regexp"
	"slices"
	"strings"

	"crosscheck/rules/fix/edit"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/scanner/fact"
)

// Right is what a policy is to give.
type Right struct {
	Principal  edit.Principal // whom; the zero value in a policy of a role
	Action     string
	Resource   string // ARN or pattern; "*" in the policy of a key, "" in a trust policy
	Conditions []edit.Condition
}

// Statement is a statement beside a right.
type Statement struct {
	*policy.StatementInfo
	Right *Right
}

// Allows reports whether the statement allows, and says what, on what, and to whom.
func (s *Statement) Allows() bool {
	return s.Effect == statement.Allow && !s.NotAction && !s.NotResource && !s.NotPrincipal
}

// Acts reports whether the statement has the action.
func (s *Statement) Acts() bool {
	return slices.ContainsFunc(s.Actions, func(a string) bool { return match.Match(strings.ToLower(a), strings.ToLower(s.Right.Action)) })
}

// Covers reports whether the statement is about the resource, and perhaps about more.
func (s *Statement) Covers() bool {
	return s.Right.Resource == "" || slices.ContainsFunc(s.Resources, func(r string) bool { return Within(s.Right.Resource, r) })
}

// Within reports whether a pattern of resources matches all that another one does.
func Within(resource, pattern string) bool {
	return pattern == resource || match.Match(pattern, resource)
}

// Names reports whether the principal of the right is the only one of the statement.
func (s *Statement) Names() bool {
	who := s.Right.Principal
	return who.Type == "" || len(s.Principals) == 1 && s.Principals[0] == policy.PrincipalInfo(who)
}

// Exact reports whether the resources of the statement are that of the right: beside a bucket
// its objects may be named, and beside objects their bucket, as no action is on both.
func (s *Statement) Exact() bool {
	want := s.Right.Resource
	bucket, _, objects := strings.Cut(want, "/")
	return want == "" || slices.Contains(s.Resources, want) && !slices.ContainsFunc(s.Resources, func(r string) bool {
		b, _, o := strings.Cut(r, "/")
		return r != want && !(strings.Contains(want, ":s3:::") && b == bucket && o != objects)
	})
}

// Limited reports whether the statement has all conditions of the right.
func (s *Statement) Limited() bool {
	has := func(c edit.Condition) bool {
		return slices.ContainsFunc(s.Conditions, func(x policy.ConditionInfo) bool {
			operator := strings.EqualFold(x.Operator, c.Operator) || strings.EqualFold(x.Operator, "StringLike")
			return operator && strings.EqualFold(x.Key, c.Key) && slices.Equal(x.Values, c.Values)
		})
	}
	return !slices.ContainsFunc(s.Right.Conditions, func(c edit.Condition) bool { return !has(c) })
}

// OnlyFor reports whether the statement has no other actions than some.
func (s *Statement) OnlyFor(actions []string) bool {
	return !slices.ContainsFunc(s.Actions, func(a string) bool {
		return !slices.ContainsFunc(actions, func(x string) bool { return strings.EqualFold(a, x) })
	})
}

// Kept reports whether the statement would give the right to its principal but for its
// conditions, or another one of some actions, which serve the same. One of a role's policy
// does if it is for nothing else than these.
func (s *Statement) Kept(actions []string) bool {
	who := s.Right.Principal
	switch {
	case !s.Allows() || len(s.Conditions) == 0 || !s.Acts() && !s.serves(actions) || !s.Covers():
		return false
	case who.Type == "":
		return s.OnlyFor(actions)
	}
	others := slices.ContainsFunc(s.Conditions, func(c policy.ConditionInfo) bool { return begins(chooses, c.Key) })
	account := Account(who.Value)
	return slices.ContainsFunc(s.Principals, func(p policy.PrincipalInfo) bool {
		all := p.Value == "*" || p.Type == "AWS" && (p.Value == account || p.Value != who.Value && Account(p.Value) == account && strings.HasSuffix(p.Value, ":root"))
		return p == policy.PrincipalInfo(who) || all && !others
	})
}

// serves reports whether the statement has one of some actions.
func (s *Statement) serves(actions []string) bool {
	return slices.ContainsFunc(s.Actions, func(a string) bool {
		return slices.ContainsFunc(actions, func(x string) bool { return match.Match(strings.ToLower(a), strings.ToLower(x)) })
	})
}

// Concerns reports whether a condition on a key says something about the right: those of a
// service are about actions that the statement has.
func (s *Statement) Concerns(key string) bool { return s.Acts() || begins([]string{"aws:"}, key) }

// chooses are keys that say who is meant, as Principal does: where a statement for all has
// one, it is for others.
var chooses = []string{"aws:principalarn", "aws:principalaccount", "kms:calleraccount", "aws:userid"}

// harmless are the condition keys that say how a request is made, or that every right to a key has.
var harmless = []string{
	"s3:x-amz-acl", "s3:x-amz-grant-", "s3:x-amz-storage-class", "s3:x-amz-metadata-directive", "s3:x-amz-content-sha256",
	"kms:viaservice", "kms:encryptioncontext",
}

// Protects reports whether a condition with this key protects the resource: its author decided
// who may use it, from where and for what, and a statement without the condition would undo
// that. Every key protects that is not known to be harmless.
func Protects(key string) bool { return !begins(harmless, key) }

func begins(prefixes []string, key string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(strings.ToLower(key), p) })
}

// uniqueID is what AWS shows in place of a role or user that was deleted.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
var uniqueID = regexp.MustCompile(`^A(RO|ID)A[A-Z0-9]+$`)

// Deleted reports whether a principal is a role or user that was deleted.
func Deleted(principal string) bool { return uniqueID.MatchString(principal) }

// Stale reports whether a principal exists nowhere, or is the role in another form: its name
// with another path, its session, or an id. A role of the same name in another account is
// not: it may well exist.
func Stale(principal string, role *fact.Role) bool {
	switch {
	case role == nil || principal == role.ARN || principal == role.ID:
		return false
	case Deleted(principal):
		return true
	}
	f := strings.SplitN(principal, ":", 6)
	if len(f) < 6 || f[4] != role.AccountID {
		return false
	}
	kind, path, _ := strings.Cut(f[5], "/")
	switch kind {
	case "role":
		return strings.EqualFold(path[strings.LastIndexByte(path, '/')+1:], role.Name)
	case "assumed-role":
		name, _, _ := strings.Cut(path, "/")
		return strings.EqualFold(name, role.Name)
	}
	return false
}

// Account is the account of a principal, an id or an ARN; "" where it has none.
func Account(principal string) string {
	if parts := strings.Split(principal, ":"); len(parts) >= 6 {
		return parts[4]
	}
	if len(principal) == 12 && strings.Trim(principal, "0123456789") == "" {
		return principal
	}
	return ""
}
