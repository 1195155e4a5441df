# METADATA
# title: The role may read the tags of the source objects
# description: |
#   An explicit Deny of s3:GetObjectVersionTagging was recorded to leave tagged
#   objects FAILED, without any event or metric that shows it. AWS's pages disagree on
#   what happens where nobody allows it: either tags are dropped silently or the object
#   fails. A rule that takes only tagged objects is unknown then; other rules are
#   left alone.
# custom:
#   id: XC010
#   pack: links
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

answers contains judged(link, crosscheck.answer(link.id, "source/s3:GetObjectVersionTagging")) if some link in input.links

judged(_, answer) := answer if answer.status != "fail"

judged(_, answer) := answer if answer.evidence.check.reason == "explicit_deny"

judged(link, answer) := {
	"link": link.id,
	"key": "open",
	"status": "unknown",
	"contested": true,
	"message": "the rule takes only tagged objects and nobody lets the role read tags; AWS's pages disagree on whether the tags or the objects are lost",
	"evidence": answer.evidence,
	"remediation": answer.remediation,
} if {
	not explicit(answer)
	answer.status == "fail"
	count(object.get(link.rule, "tags", {})) > 0
}

judged(link, answer) := {
	"link": link.id,
	"status": "not_applicable",
	"message": "nobody lets the role read tags and nobody denies it; the rule does not ask for tagged objects",
} if {
	not explicit(answer)
	answer.status == "fail"
	count(object.get(link.rule, "tags", {})) == 0
}

explicit(answer) if answer.evidence.check.reason == "explicit_deny"
