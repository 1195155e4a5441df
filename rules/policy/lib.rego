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

# The answer for one cell of the permission matrix: undefined where the link does not need it.
permission(link, key) := answer if {
	check := crosscheck.checks(link.id)[key]
	answer := of_result(link, check)
}

needed(link, key) if crosscheck.checks(link.id)[key]

of_result(link, check) := {
	"link": link.id,
	"status": "pass",
	"message": "allowed for every object of the rule",
} if {
	check.result == "allowed"
}

of_result(link, check) := {
	"link": link.id,
	"key": sprintf("%s/%s", [check.layer, check.action]),
	"status": "fail",
	"message": check.message,
	"failure_codes": [check.failure_code | check.failure_code != ""],
	"evidence": {"check": check},
	"remediation": check.remediation,
} if {
	check.result == "denied"
}

of_result(link, check) := {
	"link": link.id,
	"key": sprintf("%s/%s", [check.layer, check.action]),
	"status": "unknown",
	"message": check.message,
	"evidence": {"check": check},
} if {
	check.result == "unknown"
}

# The answer of a link that the rule has nothing to say about.
not_applicable(link, message) := {"link": link.id, "status": "not_applicable", "message": message}

pass(link, message) := {"link": link.id, "status": "pass", "message": message}
