# METADATA
# title: A locked source has a locked destination
# description: |
#   Object Lock metadata cannot be stored in a bucket without Object Lock. Recorded: to
#   an unlocked destination, objects with a retention or a legal hold header fail and
#   others arrive. A default retention on the source gives every object a retention, and a
#   default event hold a hold, so the link is broken; without them it is partial.
# custom:
#   id: XC017
#   severity: high
#   scope: link
#   when: [object_lock, destination]
#   needs: [bucket.object_lock]
#   uses: [destination.object_lock]
#   decides: true
#   class: locked
#   failure_codes: [DstBucketObjectLockConfigMissing]
#   controls: [SecurityHub/S3.15, NIST-800-53r5/CP-6(2)]
#   remediation: enable Object Lock on the destination
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
package crosscheck.rules.protection.object_lock

# A document without a default mode may have objects with a retention of their own.
default_mode := object.get(input.bucket.object_lock.value, "default_mode", "")

event_hold := object.get(input.bucket.object_lock.value, "event_hold", false)

# What the source gives every object.
given contains "a retention" if default_mode != ""

given contains "an event hold" if event_hold

advice(link) := sprintf("enable Object Lock on %s, or replicate to a bucket that has it", [link.destination])

# Whether the destination of a link has Object Lock, where the source has it.
locked[link.id] := lock.enabled if {
	input.bucket.object_lock.value.enabled
	some link in input.links
	lock := crosscheck.value(input.buckets[link.destination].value.object_lock, {"enabled": false})
}

answers contains crosscheck.pass(link, "Object Lock is enabled on both sides") if {
	some link in input.links
	locked[link.id]
}

answers contains crosscheck.fail(link, sprintf("%s gives every object %s and %s has no Object Lock", [input.bucket.name, concat(" and ", given), link.destination]), {
	"failure_codes": ["DstBucketObjectLockConfigMissing"],
	"evidence": object.union({"default_mode": default_mode}, {"event_hold": true | event_hold}),
	"remediation": advice(link),
}) if {
	some link in input.links
	locked[link.id] == false
	count(given) > 0
}

answers contains crosscheck.fail(link, sprintf("%s has no Object Lock: objects of %s with a retention or a legal hold fail, others arrive", [link.destination, input.bucket.name]), {
	"key": "objects",
	"failure_codes": ["DstBucketObjectLockConfigMissing"],
	"remediation": advice(link),
}) if {
	some link in input.links
	locked[link.id] == false
	count(given) == 0
}
