# METADATA
# title: The role may write the replicas
# description: |
#   s3:ReplicateObject on the destination, as far as the role decides: its policies,
#   its permissions boundary and the SCPs over its account.
# custom:
#   id: XC011
#   severity: critical
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps]
#   decides: true
#   failure_codes: [DstPutObjectNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:ReplicateObject on the destination objects in a policy of the role
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc011

import data.crosscheck.lib

key := "destination/s3:ReplicateObject"

check(link) := crosscheck.checks(link.id)[key]

answers contains lib.pass(link, "the role's side allows s3:ReplicateObject on every object of the rule") if {
	some link in input.links
	check(link).result == "allowed"
}

# The whole is denied: this side is to blame unless it allows.
answers contains lib.of_result(link, check(link)) if {
	some link in input.links
	check(link).result == "denied"
	check(link).identity_side != "allowed"
}

answers contains lib.pass(link, "the role's side allows s3:ReplicateObject on every object of the rule") if {
	some link in input.links
	check(link).result != "allowed"
	check(link).identity_side == "allowed"
}

answers contains lib.of_result(link, check(link)) if {
	some link in input.links
	check(link).result == "unknown"
	check(link).identity_side != "allowed"
}

answers contains lib.not_applicable(link, "the role does not exist") if {
	some link in input.links
	input.roles[link.role_arn].absent
}

answers contains lib.not_applicable(link, "the destination does not exist") if {
	some link in input.links
	input.buckets[link.destination].absent
}
