// Package catalog has what AWS publishes about its services, as far as decisions
// need it: the actions of S3 and their resources, context keys with several values,
// services that RCPs cover, operations on keys of other accounts.
package catalog

//go:generate go run gen.go package

import (
	"slices"
	"strings"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
)

// IsS3, IsKMS and IsSTS report whether an action is one of the service's.
func IsS3(action string) bool  { return match.HasPrefixFold(action, "s3:") }
func IsKMS(action string) bool { return match.HasPrefixFold(action, "kms:") }
func IsSTS(action string) bool { return match.HasPrefixFold(action, "sts:") }

// Keyless reports whether a call of KMS is about no key, so that only policies of IAM decide
// it: what makes or lists keys, and an alias, which takes a second permission on its key.
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
func Keyless(action, resource string) bool {
	return IsKMS(action) && (named(keyless, action) || named(aliased, action) && strings.Contains(resource, ":alias/"))
}

var (
	keyless = []string{
		"kms:createkey", "kms:listkeys", "kms:listaliases", "kms:listretirablegrants", "kms:generaterandom",
		"kms:createcustomkeystore", "kms:connectcustomkeystore", "kms:deletecustomkeystore",
		"kms:describecustomkeystores", "kms:disconnectcustomkeystore", "kms:updatecustomkeystore",
	}
	aliased = []string{"kms:createalias", "kms:updatealias", "kms:deletealias"}
)

// GuardedByIAM reports whether a call of IAM would change what AWS itself keeps: its managed
// policies, and the roles of its services. IAM refuses such changes whatever policies say,
// with exceptions that are not modeled here.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
func GuardedByIAM(action, resource string) bool {
	if !match.HasPrefixFold(action, "iam:") {
		return false
	}
	for _, reading := range []string{"get", "list", "generate", "simulate"} {
		if match.HasPrefixFold(action[len("iam:"):], reading) {
			return false
		}
	}
	return strings.Contains(resource, ":iam::aws:") ||
		strings.Contains(resource, ":role/aws-reserved/") || strings.Contains(resource, ":role/aws-service-role/")
}

// SameAction reports whether two names are of one action: letter case does not count.
func SameAction(a, b string) bool {
	return len(a) == len(b) && match.HasPrefixFold(a, match.LowerASCII(b))
}

// UsableAbroad reports whether a key can be used so from another account.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func UsableAbroad(action string) bool {
	return named(abroad, action)
}

// named reports whether a list of names in lower case has an action.
func named(list []string, action string) bool {
	for _, a := range list {
		if len(action) == len(a) && match.HasPrefixFold(action, a) {
			return true
		}
	}
	return false
}

// abroad is not in the published data: AWS has it in the text of that page.
var abroad = []string{
	"kms:encrypt", "kms:decrypt", "kms:reencryptfrom", "kms:reencryptto",
	"kms:generatedatakey", "kms:generatedatakeywithoutplaintext",
	"kms:generatedatakeypair", "kms:generatedatakeypairwithoutplaintext",
	"kms:generatemac", "kms:verifymac", "kms:sign", "kms:verify", "kms:derivesharedsecret",
	"kms:describekey", "kms:getkeyrotationstatus", "kms:getpublickey",
	"kms:creategrant", "kms:listgrants", "kms:retiregrant", "kms:revokegrant",
}

// RCPCovers reports whether RCPs cover a service (lower case), by the published list.
func RCPCovers(service string) bool {
	_, found := slices.BinarySearch(rcpServices, service)
	return found
}

// Multivalued says whether a request can carry several values of a context key.
// Unknown is any key of a service whose keys are not listed here; then one and
// several values are both reckoned with.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func Multivalued(key string) logic.Truth {
	key = strings.ToLower(key)
	if multivalued[key] {
		return logic.True
	}
	service, _, _ := strings.Cut(key, ":")
	switch service {
	case "aws", "s3", "kms", "sts", "iam":
		return logic.False
	}
	return logic.Unknown
}

// HasSeveral is Multivalued for a key in lower case of which that is known.
func HasSeveral(key string) bool { return multivalued[key] }

var multivalued = func() map[string]bool {
	m := map[string]bool{}
	for _, key := range slices.Concat(globalKeys, severalValues) {
		m[key] = true
	}
	return m
}()

// globalKeys are the global context keys with several values, which the published
// data does not have:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var globalKeys = []string{
	"aws:calledvia",
	"aws:principalorgpaths",
	"aws:principalservicenameslist",
	"aws:resourceorgpaths",
	"aws:sourceorgpaths",
	"aws:tagkeys",
	"aws:vpceorgpaths",
}
