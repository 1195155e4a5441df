// Package quota says which policies AWS would not take as they are to become: those that are
// too large, or too many.
package quota

import (
	"fmt"
	"strings"
	"unicode"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/overlay"
	"crosscheck/scanner/fact"
)

// Limits of policies, in bytes or, of those of roles, characters without white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
const (
	maxBucketPolicy = 20 << 10
	maxKeyPolicy    = 32 << 10
	maxTrust        = 2_048
	maxManaged      = 6_144
	maxInline       = 10_240 // all of a role together

	maxAttached    = 10 // managed policies of a role,
	raisedAttached = 20 // and where AWS has raised that
)

// Exceeded says why AWS would not take a policy, which is called so, as a document with all
// changes has it; "" where it would. made: it is a new one.
func Exceeded(doc *fact.Document, t finding.Target, called string, made bool) string {
	text, _ := overlay.Value(doc, t)
	n, most, unit := inkOf(text), maxManaged, "characters without white space"
	switch {
	case t.Kind == finding.BucketPolicy:
		n, most, unit = len(text), maxBucketPolicy, "bytes"
	case t.Kind == finding.KeyPolicy:
		n, most, unit = len(text), maxKeyPolicy, "bytes"
	case t.Kind == finding.TrustPolicy:
		most = maxTrust
	case t.Kind == finding.RolePolicy && !strings.HasPrefix(t.Policy, "arn:"):
		n, most, unit = inline(doc.Roles[t.Resource].Value), maxInline, "characters without white space in all its inline policies"
	case t.Kind == finding.RolePolicy && made:
		if why := attached(doc.Roles[t.Resource].Value); why != "" {
			return why
		}
	}
	if n <= most {
		return ""
	}
	return fmt.Sprintf("with that, %s would have %d %s, and AWS takes %d", called, n, unit, most)
}

// inline is the size of all inline policies of a role.
func inline(role *fact.Role) (n int) {
	if role == nil || role.Inline.Value == nil {
		return 0
	}
	for _, x := range *role.Inline.Value {
		n += inkOf(x.Document)
	}
	return n
}

// attached says why AWS would not attach the last of the managed policies of a role.
func attached(role *fact.Role) string {
	if role == nil || role.Attached.Value == nil {
		return ""
	}
	n, most := len(*role.Attached.Value)-1, maxAttached
	if n > most { // which AWS has raised
		most = raisedAttached
	}
	if n < most {
		return ""
	}
	return fmt.Sprintf("role %s has %d managed policies, and AWS attaches no more than %d unless the quota is raised", role.Name, n, most)
}

// inkOf counts what is no white space.
func inkOf(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
