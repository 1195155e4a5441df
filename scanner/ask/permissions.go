package ask

import (
	"maps"
	"slices"
	"strings"
)

// actions are the APIs that a scan calls, each with the IAM action that it needs
// ("" = none). Gaps name the action, [Permissions] lists them, and a test compares them
// with the calls that are made.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
var actions = map[string]string{
	"cloudwatch:DescribeAlarms": "cloudwatch:DescribeAlarms",

	"iam:GetAccountAuthorizationDetails": "iam:GetAccountAuthorizationDetails",
	"iam:GetPolicy":                      "iam:GetPolicy",
	"iam:GetPolicyVersion":               "iam:GetPolicyVersion",
	"iam:GetRole":                        "iam:GetRole",
	"iam:GetRolePolicy":                  "iam:GetRolePolicy",
	"iam:ListAttachedRolePolicies":       "iam:ListAttachedRolePolicies",
	"iam:ListRolePolicies":               "iam:ListRolePolicies",

	"kms:DescribeKey":      "kms:DescribeKey",
	"kms:GetKeyPolicy":     "kms:GetKeyPolicy",
	"kms:ListAliases":      "kms:ListAliases",
	"kms:ListGrants":       "kms:ListGrants",
	"kms:ListResourceTags": "kms:ListResourceTags",

	"organizations:DescribeOrganization":  "organizations:DescribeOrganization",
	"organizations:DescribePolicy":        "organizations:DescribePolicy",
	"organizations:ListAccounts":          "organizations:ListAccounts",
	"organizations:ListParents":           "organizations:ListParents",
	"organizations:ListPoliciesForTarget": "organizations:ListPoliciesForTarget",
	"organizations:ListRoots":             "organizations:ListRoots",

	"s3:GetBucketAbac":                      "s3:GetBucketAbac",
	"s3:GetBucketEncryption":                "s3:GetEncryptionConfiguration",
	"s3:GetBucketLifecycleConfiguration":    "s3:GetLifecycleConfiguration",
	"s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
	"s3:GetBucketOwnershipControls":         "s3:GetBucketOwnershipControls",
	"s3:GetBucketPolicy":                    "s3:GetBucketPolicy",
	"s3:GetBucketReplication":               "s3:GetReplicationConfiguration",
	"s3:GetBucketRequestPayment":            "s3:GetBucketRequestPayment",
	"s3:GetBucketTagging":                   "s3:GetBucketTagging",
	"s3:GetBucketVersioning":                "s3:GetBucketVersioning",
	"s3:GetObjectLockConfiguration":         "s3:GetBucketObjectLockConfiguration",
	"s3:GetPublicAccessBlock":               "s3:GetBucketPublicAccessBlock",
	"s3:HeadBucket":                         "", // a refusal shows existence and Region as well
	"s3:ListBuckets":                        "s3:ListAllMyBuckets",
	"s3control:GetPublicAccessBlock":        "s3:GetAccountPublicAccessBlock",

	"sts:AssumeRole":        "sts:AssumeRole",
	"sts:GetCallerIdentity": "", // needs no permission
}

// APIs are the calls that a scan makes, sorted.
func APIs() []string { return slices.Sorted(maps.Keys(actions)) }

// Action is the IAM action that a call needs, "" if it needs none or a scan does not
// make it: "s3:GetEncryptionConfiguration" for "s3:GetBucketEncryption".
func Action(api string) string { return actions[api] }

// Permissions are the actions that the audit role of an account must allow, all
// of them reads, sorted: exactly those that a scan calls there.
func Permissions() []string { return permissions("cloudwatch:", "iam:", "kms:", "s3:") }

// CallerPermissions are the actions that the caller itself must be allowed:
// reading the organization and assuming the audit roles, sorted.
func CallerPermissions() []string { return permissions("organizations:", "sts:") }

func permissions(services ...string) []string {
	set := map[string]bool{}
	for _, action := range actions {
		if slices.ContainsFunc(services, func(s string) bool { return strings.HasPrefix(action, s) }) {
			set[action] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
