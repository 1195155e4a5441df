package answer

// query is an answer of a service of the Query protocol: IAM and STS.
func (t table) query(service, operation string, parts ...part) {
	t[service+":"+operation] = &shape{kind: xmlDocument, errors: queryError, root: newNode(operation+"Response", 1, 1, []part{
		one(operation+"Result", append([]part{element}, parts...)...),
		maybe("ResponseMetadata", quiet),
	})}
}

// queryError is an answer that is an error.
var queryError = newNode("ErrorResponse", 1, 1, []part{quiet, one("Error", quiet, one("Code", nonEmpty), maybe("Message"))})

// s3ControlError is that of S3 Control, which has either form.
var s3ControlError = queryError

var (
	isTruncated = group(one("IsTruncated", boolean), maybe("Marker", nonEmpty), cut("IsTruncated", "Marker"))
	boundary    = maybe("PermissionsBoundary", maybe("PermissionsBoundaryType"), one("PermissionsBoundaryArn", anARN))
	iamTags     = maybe("Tags", element, many("member", tag))
	role        = group(one("Path", nonEmpty), one("RoleId", nonEmpty), one("Arn", anARN), maybe("CreateDate"),
		one("AssumeRolePolicyDocument", nonEmpty), maybe("Description"), maybe("MaxSessionDuration"), boundary, iamTags, maybe("RoleLastUsed", quiet), maybe("MaxSigninSessionDuration"), maybe("SourceRoleTemplate", quiet), endsARN("RoleName", "Arn"))
	attached = maybe("AttachedManagedPolicies", element, many("member", one("PolicyName"), one("PolicyArn", anARN), endsARN("PolicyName", "PolicyArn")))
)

// iam adds the APIs of IAM and STS.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
func (t table) iam() {
	t.query("iam", "GetRole", one("Role", role, one("RoleName", sameFold("RoleName"))))
	t.query("iam", "ListRolePolicies", one("PolicyNames", element, many("member", nonEmpty)), isTruncated)
	t.query("iam", "GetRolePolicy", one("RoleName", sameFold("RoleName")), one("PolicyName", same("PolicyName")), one("PolicyDocument", nonEmpty))
	t.query("iam", "ListAttachedRolePolicies", one("AttachedPolicies", element, many("member", maybe("PolicyName"), one("PolicyArn", anARN), endsARN("PolicyName", "PolicyArn"))), isTruncated)
	managed := group(open, one("PolicyName", nonEmpty), maybe("PolicyId"), maybe("Path"), one("DefaultVersionId", nonEmpty), maybe("AttachmentCount"),
		maybe("PermissionsBoundaryUsageCount"), maybe("IsAttachable"), maybe("Description"), maybe("CreateDate"), maybe("UpdateDate"), maybe("Tags", quiet), endsARN("PolicyName", "Arn"))
	version := group(open, one("Document", nonEmpty), one("IsDefaultVersion", boolean), maybe("CreateDate"))
	t.query("iam", "GetPolicy", one("Policy", managed, one("Arn", same("PolicyArn"))))
	t.query("iam", "GetPolicyVersion", one("PolicyVersion", version, one("VersionId", same("VersionId"))))
	t.query("iam", "GetAccountAuthorizationDetails", isTruncated,
		maybe("UserDetailList", quiet), maybe("GroupDetailList", quiet),
		maybe("RoleDetailList", element, many("member", role, one("RoleName", nonEmpty), maybe("InstanceProfileList", quiet),
			maybe("RolePolicyList", element, many("member", one("PolicyName", nonEmpty), one("PolicyDocument", nonEmpty))), attached)),
		maybe("Policies", element, many("member", managed, one("Arn", anARN),
			maybe("PolicyVersionList", element, many("member", version, one("VersionId", nonEmpty))))))
	t["iam:GetAccountAuthorizationDetails"].limit = 16 << 20

	t.query("sts", "GetCallerIdentity", one("Arn", anARN), maybe("UserId"), one("Account", accountID), inARN("Account", "Arn"))
	t.query("sts", "AssumeRole", open,
		one("Credentials", one("AccessKeyId", nonEmpty), one("SecretAccessKey", nonEmpty), one("SessionToken", nonEmpty), one("Expiration", date)),
		maybe("AssumedRoleUser", open, maybe("AssumedRoleId"), one("Arn", nonEmpty, sameRole("RoleArn"))), maybe("PackedPolicySize"), maybe("SourceIdentity"),
		maybe("SessionTokenSize"), maybe("SessionTokenUtilization"))
}
