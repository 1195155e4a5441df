package answer

import "strings"

// PolicyKind is what a policy is attached to, which decides what its statements have.
type PolicyKind int

// Kinds of policies.
const (
	IdentityPolicy     PolicyKind = iota // of a role, or managed
	BucketPolicy                         // of a bucket
	TrustPolicy                          // of a role
	KeyPolicy                            // of a key
	OrganizationPolicy                   // an SCP or RCP
)

// policyRoot is a policy document. AWS stores no policy with other members, with one
// twice, or with a null. What the values mean is for package policy of rules/iam to say.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func policyRoot(kind PolicyKind) *node {
	list := group(array, loose, filled)
	principals := func(name string) part {
		return maybe(name, orStar, anyOf("AWS", "Service", "Federated", "CanonicalUser"),
			maybe("AWS", list, nonEmpty), maybe("Service", list, nonEmpty), maybe("Federated", list, nonEmpty), maybe("CanonicalUser", list, nonEmpty))
	}
	principal, resource := either("Principal", "NotPrincipal"), either("Resource", "NotResource")
	switch kind {
	case IdentityPolicy, OrganizationPolicy: // an RCP has principals, an SCP has none
		principal = without("Principal", "NotPrincipal")
	case TrustPolicy, KeyPolicy:
		resource = without("Resource", "NotResource")
	}
	operator := newNode("operator", 0, 1, []part{each(newNode("key", 0, 1, []part{array, loose, scalar}))})
	n := newNode("", 1, 1, []part{
		maybe("Version", policyVersion), maybe("Id"),
		one("Statement", list,
			maybe("Sid"), one("Effect", values("Allow", "Deny")),
			principals("Principal"), principals("NotPrincipal"), principal,
			maybe("Action", list, nonEmpty), maybe("NotAction", list, nonEmpty), either("Action", "NotAction"),
			maybe("Resource", list, nonEmpty), maybe("NotResource", list, nonEmpty), resource,
			maybe("Condition", each(operator)))})
	n.json = true
	return n
}

// policyVersion is the Version of a policy. One that is known, written with the dashes of a word processor,
// is read: it is certain that AWS does not know it, so package policy of rules/iam says what is wrong.
// Any other text may be a version that is new, or damage.
var policyVersion part = func(n *node) {
	n.values = []string{"2012-10-17", "2008-10-17"}
	n.meant = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-").Replace
}

var policyRoots = func() (all [OrganizationPolicy + 1]*node) {
	for kind := range all {
		all[kind] = policyRoot(PolicyKind(kind))
	}
	return all
}()

// Policy reads a policy document that is the text of an element of an answer. The error
// is an [Error].
func Policy(kind PolicyKind, text string) error {
	r := &reader{shape: &shape{kind: policyDocument, root: policyRoots[kind]}, subject: "the policy", limit: maxBytes, profile: strict,
		x: &Exchange{Status: 200, Body: strings.NewReader(text)}}
	return r.read()
}
