# METADATA
# title: The role may read the tags of the source objects
# description: |
#   An explicit Deny of s3:GetObjectVersionTagging was recorded to leave tagged
#   objects FAILED, without any event or metric that shows it. AWS's pages disagree on
#   what happens where nobody allows it: either tags are dropped silently or the object
#   fails. A rule that takes only tagged objects is unknown then; for other rules the
#   missing permission is reported by XC058.
# custom:
#   id: XC010
#   severity: high
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, bucket.policy, source_account.rcps]
#   decides: true
#   failure_codes: [SrcGetTaggingNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: remove the Deny of s3:GetObjectVersionTagging for the role, or allow it on the source objects
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc010

import data.crosscheck.lib

check(link) := crosscheck.checks(link.id)["source/s3:GetObjectVersionTagging"]

tagged(link) if count(object.get(link.rule, "tags", {})) > 0

answers contains lib.of_result(link, check(link)) if {
	some link in input.links
	check(link).result == "allowed"
}

answers contains lib.of_result(link, check(link)) if {
	some link in input.links
	check(link).result == "unknown"
}

answers contains lib.of_result(link, check(link)) if {
	some link in input.links
	check(link).result == "denied"
	check(link).reason == "explicit_deny"
}

# Nobody allows it: what becomes of tagged objects is open.
answers contains object.union(lib.of_result(link, check(link)), {
	"status": "unknown",
	"contested": true,
	"failure_codes": [],
}) if {
	some link in input.links
	check(link).result == "denied"
	check(link).reason != "explicit_deny"
	tagged(link)
}

answers contains lib.not_applicable(link, "nobody denies reading tags, and the rule does not ask for tagged objects") if {
	some link in input.links
	check(link).result == "denied"
	check(link).reason != "explicit_deny"
	not tagged(link)
}

answers contains lib.not_applicable(link, "the role does not exist") if {
	some link in input.links
	input.roles[link.role_arn].absent
}
