# METADATA
# title: Objects that a writer puts under KMS replicate, or cannot be written
# description: |
#   A rule without the opt-in replicates no object under SSE-KMS or DSSE-KMS. Where KMS is
#   not the default encryption of the source, a writer may still choose it in a request,
#   unless the bucket policy denies that. Such objects are left out without a word: they
#   have no replication status. XC021 judges sources whose default is KMS.
# custom:
#   id: XC059
#   severity: info
#   scope: link
#   needs: [bucket.encryption, bucket.policy]
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-28, NIST-800-53r5/CP-9]
#   remediation: enable SseKmsEncryptedObjects in the rule and name a replica key, or deny writes under KMS
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html
package crosscheck.rules.encryption.kms_left_out

import data.crosscheck.objects

key := "s3:x-amz-server-side-encryption"

kinds := ["aws:kms", "aws:kms:dsse"]

# Whether the bucket policy denies every principal of the account the choice of an
# algorithm for any object, whatever else is true of the request.
denied(kind) if {
	text := input.bucket.policy.value.document
	statements := iam.statements("bucket-policy", text)
	every statement in statements {
		statement.not_principal == false
	}
	decision := iam.decide({
		"request": {
			"principal": sprintf("arn:%s:iam::%s:user/writer", [split(input.bucket.arn, ":")[1], input.bucket.account_id]),
			"action": "s3:PutObject",
			"resource": sprintf("%s/*", [input.bucket.arn]),
			"context": {key: kind},
			"unknownContext": [c.key | some s in statements; some c in s.conditions; lower(c.key) != key],
		},
		"identityPolicies": [{"name": "all", "policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}],
		"resourcePolicy": text,
	})
	decision.reason == "explicit_deny"
	decision.witness == "" # not for some objects only
}

# The algorithms that a writer may choose, where the policy was read. Few policies name the
# key, and without it none can be denied.
open := [kind | some kind in kinds; not denied(kind)] if {
	contains(lower(input.bucket.policy.value.document), key)
} else := kinds if {
	crosscheck.value(input.bucket.policy, {})
}

# What is said of a link that takes no objects under KMS from a source whose default is SSE-S3.
said(link) := crosscheck.fail(link, sprintf("objects that a writer puts under %s are left out: the rule does not replicate objects under KMS, and S3 reports no failure", [concat(" or ", open)]), {
	"evidence": {"algorithms": open},
	"remediation": sprintf("set SourceSelectionCriteria.SseKmsEncryptedObjects to Enabled and name a key in EncryptionConfiguration.ReplicaKmsKeyID, or deny s3:PutObject with %s in the bucket policy of %s", [concat(" and ", open), input.bucket.name]),
}) if {
	not objects.none(link.rule)
	count(open) > 0
} else := crosscheck.not_applicable(link, "the rule takes no objects") if {
	objects.none(link.rule)
} else := crosscheck.pass(link, "the bucket policy denies writes under KMS") if {
	count(open) == 0
}

answers contains said(link) if {
	some link in input.links
	object.get(link.rule, "sse_kms_objects", "") != "Enabled"
	object.get(crosscheck.value(input.bucket.encryption, {}), "algorithm", "AES256") == "AES256"
}

answers contains crosscheck.not_applicable(link, "the rule replicates objects under KMS") if {
	some link in input.links
	link.rule.sse_kms_objects == "Enabled"
}

answers contains crosscheck.not_applicable(link, "KMS is the default encryption of the source") if {
	some link in input.links
	object.get(link.rule, "sse_kms_objects", "") != "Enabled"
	startswith(input.bucket.encryption.value.algorithm, "aws:kms")
}
