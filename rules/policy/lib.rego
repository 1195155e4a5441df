# Helpers of the embedded rules.
package crosscheck.lib

# The bucket of an account that a link writes to; undefined where it is not known.
destination(link) := input.buckets[link.destination].value

# Whether the ends of a link belong to different accounts; undefined where an owner is not known.
cross_account(link) if {
	owner := destination(link).account_id
	owner != ""
	owner != input.bucket.account_id
}

same_account(link) if destination(link).account_id == input.bucket.account_id

# The answer of a link that the rule has nothing to say about.
not_applicable(link, message) := {"link": link.id, "status": "not_applicable", "message": message}

pass(link, message) := {"link": link.id, "status": "pass", "message": message}
