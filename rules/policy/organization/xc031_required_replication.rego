# METADATA
# title: A bucket that must replicate does
# description: |
#   The parameter required_replication is a list of requirements. Each selects buckets by
#   a name pattern, tags, accounts and organizational units, by all of those that it has,
#   and may say where a link must lead to: to one of some accounts, units or Regions. A
#   bucket that is itself the destination of a link is never told to replicate. Where a
#   link to it may be unseen, because the replication of another bucket or an account was
#   not read, that is unknown. A suspended account hides nothing: its resources are not
#   available.
# custom:
#   id: XC031
#   severity: high
#   scope: organization
#   when: [parameter required_replication]
#   needs: [bucket.replication]
#   uses: [bucket.tags if required_replication.tags, source_account.path if required_replication.ous]
#   controls: [SecurityHub/S3.7, NIST-800-53r5/CP-9, NIST-800-53r5/SI-13(5)]
#   remediation: add a replication rule to the bucket, or take it out of the requirement
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
#     - https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
package crosscheck.rules.organization.required_replication

tags := input.bucket.tags.value

tags := {} if input.bucket.tags.absent

# The units over an account, from the root down.
path(account) := crosscheck.path(account).value

path(account) := [] if crosscheck.path(account).absent

# The units over the account that a link leads to.
units(link) := path(account) if account := input.buckets[link.destination].value.account_id

wanted(x, key) := object.get(x, key, [])

meet(a, b) if {
	some x in a
	x in b
}

excluded(r) if not glob.match(object.get(r, "name", "*"), null, input.bucket.name)

excluded(r) if {
	some key, value in object.get(r, "tags", {})
	object.get(tags, key, null) != value
}

excluded(r) if {
	count(wanted(r, "accounts")) > 0
	not input.bucket.account_id in r.accounts
}

excluded(r) if {
	count(wanted(r, "ous")) > 0
	over := path(input.bucket.account_id)
	not meet(over, r.ous)
}

# What was not read may be what is asked for.
missing(r, "its tags") if {
	count(object.get(r, "tags", {})) > 0
	not tags
}

missing(r, "its place in the organization") if {
	count(wanted(r, "ous")) > 0
	not path(input.bucket.account_id)
}

lacking(r) := [what | some what in ["its tags", "its place in the organization"]; missing(r, what)]

# Where a link must lead to: where r.destination says, if it says anything.
elsewhere(_, link) if input.buckets[link.destination].absent

elsewhere(to, link) if {
	count(wanted(to, "accounts")) > 0
	account := input.buckets[link.destination].value.account_id
	not account in to.accounts
}

elsewhere(to, link) if {
	count(wanted(to, "ous")) > 0
	over := units(link)
	not meet(over, to.ous)
}

elsewhere(to, link) if {
	count(wanted(to, "regions")) > 0
	region := input.buckets[link.destination].value.region
	not region in to.regions
}

unclear(to, link) if {
	count(wanted(to, "accounts")) > 0
	not input.buckets[link.destination].value.account_id
}

unclear(to, link) if {
	count(wanted(to, "ous")) > 0
	not units(link)
}

unclear(to, link) if {
	count(wanted(to, "regions")) > 0
	not input.buckets[link.destination].value.region
}

# An array, so that it is the same when it comes back from a run file.
lead(to) := sort([way | some link in input.links; way := leads(to, link)])

leads(to, _) := "there" if count(to) == 0

leads(to, link) := "elsewhere" if {
	count(to) > 0
	elsewhere(to, link)
}

leads(to, link) := "unclear" if {
	count(to) > 0
	not elsewhere(to, link)
	unclear(to, link)
}

leads(to, link) := "there" if {
	count(to) > 0
	not elsewhere(to, link)
	not unclear(to, link)
}

records contains {
	"subject": true,
	"account_id": input.bucket.account_id,
	"region": input.bucket.region,
	"bucket": input.bucket.name,
	"arn": input.bucket.arn,
	"missing": lacking(r),
	"to": to,
	"lead": lead(to),
} if {
	some r in data.crosscheck.config.required_replication
	not excluded(r)
	to := object.get(r, "destination", {})
}

# Which requirements select a bucket at all; the engine tells of those that select none.
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

records contains {"destination": link.destination} if some link in input.links

# A bucket that may replicate to any other.
records contains {"unread": input.bucket.arn} if {
	not input.bucket.replication.value
	not input.bucket.replication.absent
}

all_records := crosscheck.records("XC031")

replicas contains r.destination if some r in all_records

# Where links may come from that nobody has seen.
unread contains r.unread if some r in all_records

unread contains sprintf("account %s", [id]) if some id in crosscheck.unread()

# The destinations of a requirement in words.
places(to) := concat(" in ", [text |
	some [key, format] in [["regions", "Region %s"], ["accounts", "account %s"], ["ous", "unit %s"]]
	count(wanted(to, key)) > 0
	text := sprintf(format, [concat(" or ", to[key])])
])

fault(r) := {"key": "", "message": "the bucket must replicate and has no enabled replication rule", "remediation": "add a replication rule to the bucket, or take it out of the requirement"} if {
	count(r.lead) == 0
	count(r.to) == 0
}

fault(r) := {
	"key": json.marshal(r.to),
	"message": sprintf("the bucket must replicate to %s and has no enabled replication rule", [places(r.to)]),
	"remediation": sprintf("add a replication rule to a bucket of %s", [places(r.to)]),
} if {
	count(r.lead) == 0
	count(r.to) > 0
}

fault(r) := {
	"key": json.marshal(r.to),
	"message": sprintf("the bucket must replicate to %s and replicates elsewhere only", [places(r.to)]),
	"remediation": sprintf("add a replication rule to a bucket of %s", [places(r.to)]),
} if {
	count(r.lead) > 0
	{way | some way in r.lead} == {"elsewhere"}
}

result(r) := {"status": "pass", "message": "the bucket replicates"} if "there" in r.lead

result(r) := {"status": "not_applicable", "message": "the bucket is itself the destination of a link"} if {
	not "there" in r.lead
	r.bucket in replicas
}

open(r) if {
	not "there" in r.lead
	not r.bucket in replicas
}

result(r) := object.union({"status": "fail"}, fault(r)) if {
	open(r)
	count(r.missing) == 0
	not "unclear" in r.lead
	count(unread) == 0
}

result(r) := {"status": "unknown", "message": sprintf("%s, and it may be the destination of a link: %s was not read", [text, min(unread)])} if {
	open(r)
	count(r.missing) == 0
	not "unclear" in r.lead
	count(unread) > 0
	text := {true: "the bucket has no enabled replication rule", false: "the bucket replicates elsewhere only"}[count(r.lead) == 0]
}

result(r) := {"status": "unknown", "message": "whether the bucket replicates to where it must depends on destinations that were not read"} if {
	open(r)
	count(r.missing) == 0
	"unclear" in r.lead
}

result(r) := {"status": "unknown", "message": sprintf("whether the bucket must replicate depends on %s, which was not read", [concat(" and ", r.missing)])} if {
	open(r)
	count(r.missing) > 0
}

# Of several requirements for a bucket the worst answers stand.
rank := {"fail": 0, "unknown": 1, "pass": 2, "not_applicable": 3}

results[[r.account_id, r.bucket]] contains result(r) if {
	some r in all_records
	r.subject
}

answers contains object.union(a, {"account_id": account, "bucket": bucket}) if {
	some [account, bucket], list in results
	worst := min({rank[a.status] | some a in list})
	some a in list
	rank[a.status] == worst
}
