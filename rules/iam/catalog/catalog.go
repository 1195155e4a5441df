// Package catalog has what AWS publishes about its services, as far as decisions
// need it: the actions of S3 and their resources, context keys with several values,
// services that RCPs cover, operations on keys of other accounts.
package catalog

import (
	"strings"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
)

func IsS3(action string) bool  { return match.HasPrefixFold(action, "s3:") }
func IsKMS(action string) bool { return match.HasPrefixFold(action, "kms:") }
func IsSTS(action string) bool { return match.HasPrefixFold(action, "sts:") }

func SameAction(a, b string) bool {
	return len(a) == len(b) && match.HasPrefixFold(a, match.LowerASCII(b))
}

// UsableAbroad reports whether a key can be used so from another account.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func UsableAbroad(action string) bool {
	for _, a := range abroad {
		if SameAction(action, a) {
			return true
		}
	}
	return false
}

var abroad = []string{
	"kms:encrypt", "kms:decrypt", "kms:reencryptfrom", "kms:reencryptto",
	"kms:generatedatakey", "kms:generatedatakeywithoutplaintext",
	"kms:generatedatakeypair", "kms:generatedatakeypairwithoutplaintext",
	"kms:generatemac", "kms:verifymac", "kms:sign", "kms:verify", "kms:derivesharedsecret",
	"kms:describekey", "kms:getkeyrotationstatus", "kms:getpublickey",
	"kms:creategrant", "kms:listgrants", "kms:retiregrant", "kms:revokegrant",
}

// RCPCovers reports whether RCPs cover a service (lower case), as far as is known.
func RCPCovers(service string) bool { return rcpServices[service] }

// rcpServices are the services that RCPs cover; the list grows.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services
var rcpServices = map[string]bool{
	"s3": true, "sts": true, "kms": true, "sqs": true, "secretsmanager": true, "cognito-identity": true, "cognito-idp": true,
	"logs": true, "dynamodb": true, "ecr": true, "aoss": true,
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

var multivalued = map[string]bool{
	"aws:calledvia":                 true,
	"aws:principalorgpaths":         true,
	"aws:principalservicenameslist": true,
	"aws:resourceorgpaths":          true,
	"aws:sourceorgpaths":            true,
	"aws:vpceorgpaths":              true,
	"aws:tagkeys":                   true,
	"kms:encryptioncontextkeys":     true,
	"kms:grantoperations":           true,
	"kms:resourcealiases":           true,
	"s3:requestobjecttagkeys":       true,
	"sts:transitivetagkeys":         true,
	"sts:requestcontextproviders":   true,
}
