# What the tests of the rules share: a document with one link, and edits of it.
package crosscheck.fixture

link_id := "src/all→dst"

rule := {
	"id": "all",
	"schema": "V2",
	"status": "Enabled",
	"delete_markers": "Enabled",
	"destination": {"bucket": "arn:aws:s3:::dst", "account": "222222222222", "metrics": "Enabled"},
}

link := {"id": link_id, "rule": rule, "role_arn": "arn:aws:iam::111111111111:role/repl", "destination": "dst"}

source := {"name": "src", "arn": "arn:aws:s3:::src", "account_id": "111111111111", "region": "us-east-1"}

destination := {"name": "dst", "arn": "arn:aws:s3:::dst", "account_id": "222222222222", "region": "eu-west-1"}

# A document whose source and destination have these facts beside the bare names.
doc(source_facts, destination_facts) := {
	"partition": "aws",
	"bucket": object.union(source, source_facts),
	"links": [link],
	"buckets": {"dst": {"value": object.union(destination, destination_facts)}},
	"roles": {link.role_arn: {"value": {"arn": link.role_arn, "account_id": "111111111111"}}},
}

# The same document with another rule: r is merged into the rule of the link.
with_rule(d, r) := json.patch(d, [{"op": "replace", "path": "/links/0/rule", "value": object.union(rule, r)}])

no_links(d) := json.remove(d, ["links"])

no_destination(d) := json.patch(d, [{"op": "replace", "path": "/buckets/dst", "value": {"absent": true}}])

gap_destination(d) := json.patch(d, [{"op": "replace", "path": "/buckets/dst", "value": {"gap": {"code": "AccessDenied"}}}])

no_role(d) := json.patch(d, [{"op": "replace", "path": ["roles", link.role_arn], "value": {"absent": true}}])

bare := doc({}, {})

# An answer that tells what was asked.
echo(link_id, check) := {"link": link_id, "check": check}

statuses(answers) := {a.status | some a in answers}

# The only status of the answers; undefined where there are none or several.
status(answers) := s if {
	some s in statuses(answers)
	count(statuses(answers)) == 1
}

# A document whose rule takes objects under KMS; one key of it is this fact.
with_key(side, key) := json.patch(with_rule(bare, {"sse_kms_objects": "Enabled"}), [
	{"op": "add", "path": "/keys", "value": {"k": key}},
	{"op": "add", "path": sprintf("/links/0/%s_key", [side]), "value": "k"},
])

# A document whose role has this trust policy.
with_trust(text) := json.patch(bare, [{"op": "add", "path": ["roles", link.role_arn, "value", "trust"], "value": {"name": "trust", "document": text}}])

# A document with keys whose role has an inline policy of this text.
with_policies(text) := json.patch(with_rule(bare, {"sse_kms_objects": "Enabled"}), [
	{"op": "add", "path": ["roles", link.role_arn, "value", "inline"], "value": {"value": [{"name": "p", "document": text}]}},
	{"op": "add", "path": ["roles", link.role_arn, "value", "attached"], "value": {"absent": true}},
])
