# METADATA
# title: A bucket that must replicate does
# description: |
#   The parameter required_replication is a list of requirements. Each selects buckets by
#   a name pattern, tags, accounts and organizational units, by all of those that it has,
#   and may say where a link must lead to: to one of some accounts, units or Regions. A
#   bucket that is itself the destination of a link is not required to replicate. Where a
#   link to it may be unseen, because the replication of another bucket or an account was
#   not read, that is unknown. A suspended account hides nothing: its resources are not
#   available. A rule whose filter excludes all of its objects replicates nothing and
#   does not count.
# custom:
#   id: XC031
#   severity: high
#   scope: organization
#   when: [parameter required_replication]
#   needs: [bucket.replication]
#   uses: [bucket.tags if required_replication.tags, source_account.path if required_replication.ous]
#   controls: [SecurityHub/S3.7, NIST-800-53r5/CP-9, NIST-800-53r5/SI-13(5)]
#   remediation: add a replication rule to the bucket, or exclude it from the requirement
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
#     - https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
package crosscheck.rules.organization.required_replication

import data.crosscheck.objects

tags := crosscheck.value(input.bucket.tags, {})

# The units over an account, from the root down.
path(account) := crosscheck.value(crosscheck.path(account), [])

# The units over the account that a link leads to.
units(link) := path(input.buckets[link.destination].value.account_id)

# The requirement has a list, and none of these is in it.
outside(values, list) if {
	count(list) > 0
	every value in values {
		not value in list
	}
}

excluded(r) if not glob.match(object.get(r, "name", "*"), null, input.bucket.name)

excluded(r) if {
	some key, value in r.tags
	object.get(tags, key, null) != value
}

excluded(r) if outside([input.bucket.account_id], r.accounts)

excluded(r) if outside(path(input.bucket.account_id), r.ous)

# What was not read may be what is asked for.
missing(r, "its tags") if {
	count(r.tags) > 0
	not tags
}

missing(r, "its place in the organization") if {
	count(r.ous) > 0
	not path(input.bucket.account_id)
}

lacking(r) := [what | some what in ["its tags", "its place in the organization"]; missing(r, what)]

# Where a link must lead to: where r.destination says, if it says anything.
elsewhere(_, link) if input.buckets[link.destination].absent

elsewhere(to, link) if outside([input.buckets[link.destination].value.account_id], to.accounts)

elsewhere(to, link) if outside(units(link), to.ous)

elsewhere(to, link) if outside([input.buckets[link.destination].value.region], to.regions)

unclear(to, link) if {
	count(to.accounts) > 0
	not input.buckets[link.destination].value.account_id
}

unclear(to, link) if {
	count(to.ous) > 0
	not units(link)
}

unclear(to, link) if {
	count(to.regions) > 0
	not input.buckets[link.destination].value.region
}

leads(to, link) := "nowhere" if {
	objects.none(link.rule)
} else := "there" if {
	to == {}
} else := "elsewhere" if {
	elsewhere(to, link)
} else := "unclear" if {
	unclear(to, link)
} else := "there"

records contains {
	"subject": true,
	"account_id": input.bucket.account_id,
	"region": input.bucket.region,
	"bucket": input.bucket.name,
	"arn": input.bucket.arn,
	"missing": lacking(r),
	"to": to,
	"lead": sort([leads(to, link) | some link in input.links]), # an array: a set comes back from a run file as one
} if {
	some r in data.crosscheck.config.required_replication
	not excluded(r)
	to := object.get(r, "destination", {})
}

# Which requirements select a bucket at all; the engine reports those that select none.
records contains {"selects": i} if {
	some i, r in data.crosscheck.config.required_replication
	not excluded(r)
	count(lacking(r)) == 0
}

# Which may, for all that was read.
records contains {"may_select": i} if {
	some i, r in data.crosscheck.config.required_replication
	not excluded(r)
	count(lacking(r)) > 0
}

records contains {"destination": link.destination} if {
	some link in input.links
	not objects.none(link.rule)
}

# A bucket that may replicate to any other.
records contains {"unread": input.bucket.arn} if {
	not input.bucket.replication.value
	not input.bucket.replication.absent
}

all_records := crosscheck.records("XC031")

replicas contains r.destination if some r in all_records

# Where unseen links may come from.
unread contains r.unread if some r in all_records

unread contains sprintf("account %s", [id]) if some id in crosscheck.unread()

# The destinations of a requirement in words.
places(to) := concat(" in ", [text |
	some [key, format] in [["regions", "Region %s"], ["accounts", "account %s"], ["ous", "unit %s"]]
	count(to[key]) > 0
	text := sprintf(format, [concat(" or ", to[key])])
])

state(r) := "has no enabled replication rule" if {
	count(r.lead) == 0
} else := "has only rules that exclude all of their objects" if {
	every lead in r.lead {
		lead == "nowhere"
	}
} else := "replicates elsewhere only"

fault(r) := crosscheck.fail(r, sprintf("the bucket must replicate and %s", [state(r)]), {
	"key": "",
	"remediation": "add a replication rule to the bucket, or exclude it from the requirement",
}) if {
	r.to == {}
} else := crosscheck.fail(r, sprintf("the bucket must replicate to %s and %s", [places(r.to), state(r)]), {
	"key": json.marshal(r.to),
	"remediation": sprintf("add a replication rule to a bucket of %s", [places(r.to)]),
})

result(r) := crosscheck.pass(r, "the bucket replicates") if {
	"there" in r.lead
} else := crosscheck.not_applicable(r, "the bucket is itself the destination of a link") if {
	r.bucket in replicas
} else := crosscheck.unknown(r, sprintf("whether the bucket must replicate depends on %s, which was not read", [concat(" and ", r.missing)]), {}) if {
	count(r.missing) > 0
} else := crosscheck.unknown(r, "whether the bucket replicates to where it must depends on destinations that were not read", {}) if {
	"unclear" in r.lead
} else := crosscheck.unknown(r, sprintf("the bucket %s, and it may be the destination of a link: %s was not read", [state(r), min(unread)]), {}) if {
	count(unread) > 0
} else := fault(r)

results[[r.account_id, r.bucket]] contains result(r) if {
	some r in all_records
	r.subject
}

# Of several requirements for a bucket the worst answers are kept.
rank := {"fail": 0, "unknown": 1, "pass": 2, "not_applicable": 3}

answers contains answer if {
	some list in results
	worst := min({rank[answer.status] | some answer in list})
	some answer in list
	rank[answer.status] == worst
}
