# METADATA
# title: No replication rule is shadowed by another
# description: |
#   Of two enabled rules to one destination that both match an object, S3 follows the
#   one with the higher priority alone. A rule whose objects all match a stronger one
#   never applies: its storage class, key, owner override and delete marker setting
#   have no effect. Where only a part is shadowed, those settings apply to the rest.
# custom:
#   id: XC032
#   severity: medium
#   scope: source
#   needs: [bucket.replication]
#   controls: [NIST-800-53r5/CP-9]
#   remediation: remove the shadowed rule or raise its priority
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html
package crosscheck.rules.configuration.shadowed_rule

import data.crosscheck.objects

rules := input.bucket.replication.value.rules

enabled := [r | some r in rules; r.status == "Enabled"]

priority(r) := object.get(r, "priority", 0)

stronger(b, a) if {
	b.destination.bucket == a.destination.bucket
	priority(b) > priority(a)
}

faults contains {
	"key": a.id,
	"message": sprintf("the rule %s never applies: all its objects match %s, which has the higher priority", [a.id, b.id]),
	"evidence": {"rule": a.id, "shadowed_by": b.id},
	"remediation": sprintf("remove the rule %s, or raise its priority above %v", [a.id, priority(b)]),
} if {
	some a in enabled
	some b in enabled
	stronger(b, a)
	objects.within(a, b)
}

faults contains {
	"key": sprintf("%s/%s", [a.id, b.id]),
	"severity": "info",
	"message": sprintf("objects that match both %s and %s get the settings of %s, which has the higher priority", [a.id, b.id, b.id]),
	"evidence": {"rule": a.id, "shadowed_by": b.id},
	"remediation": sprintf("check that the settings of %s are wanted for its objects", [b.id]),
} if {
	some a in enabled
	some b in enabled
	stronger(b, a)
	not objects.within(a, b)
	objects.within(b, a)
}

answers contains crosscheck.pass(input.bucket, "there is one rule only") if count(rules) == 1

answers contains answer if {
	count(rules) > 1
	some answer in crosscheck.result(input.bucket, faults, "no rule is shadowed")
}
