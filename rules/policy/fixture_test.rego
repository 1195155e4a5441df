# What the tests of the rules share: documents with one link, and answers as they compare them.
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

# Facts: AWS answered with a value, that there is none, or not at all.
value(x) := {"value": x}

absent := {"absent": true}

gap := {"gap": {"account_id": "222222222222", "resource": "arn:aws:s3:::dst", "fact": "x", "api": "s3:GetX", "code": "AccessDenied", "message": "no"}}

# A bucket policy of some statements.
policy(statements) := {"value": {"name": "dst", "document": json.marshal({"Version": "2012-10-17", "Statement": statements})}}

# A statement that allows a principal some actions on the destination and its objects.
allow(principal, actions) := {"Sid": "S", "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": ["arn:aws:s3:::dst", "arn:aws:s3:::dst/*"]}

role := {"AWS": link.role_arn}

# A document whose source and destination have these facts beside their names and owners.
doc(source_facts, destination_facts) := {
	"partition": "aws",
	"bucket": object.union(source, source_facts),
	"links": [link],
	"buckets": {"dst": {"value": object.union(destination, destination_facts)}},
	"roles": {link.role_arn: {"value": {"arn": link.role_arn, "account_id": "111111111111"}}},
}

# No fact of the buckets was read.
bare := doc({}, {})

# The same document with another rule: r is merged into the rule of the link.
with_rule(d, r) := json.patch(d, [{"op": "replace", "path": "/links/0/rule", "value": object.union(rule, r)}])

no_links(d) := json.remove(d, ["links"])

no_destination(d) := json.patch(d, [{"op": "replace", "path": "/buckets/dst", "value": absent}])

gap_destination(d) := json.patch(d, [{"op": "replace", "path": "/buckets/dst", "value": gap}])

no_role(d) := json.patch(d, [{"op": "replace", "path": ["roles", link.role_arn], "value": absent}])

gap_role(d) := json.patch(d, [{"op": "replace", "path": ["roles", link.role_arn], "value": gap}])

# A document whose rule replicates objects under KMS; one key of it is this fact.
with_key(side, key) := json.patch(with_rule(bare, {"sse_kms_objects": "Enabled"}), [
	{"op": "add", "path": "/keys", "value": {"k": key}},
	{"op": "add", "path": sprintf("/links/0/%s_key", [side]), "value": "k"},
])

# A document whose role has a trust policy of some statements.
with_trust(statements) := json.patch(bare, [{
	"op": "add",
	"path": ["roles", link.role_arn, "value", "trust"],
	"value": {"name": "trust", "document": json.marshal({"Version": "2012-10-17", "Statement": statements})},
}])

# A document whose role has these facts about its policies.
with_policies(inline, attached) := json.patch(with_rule(bare, {"sse_kms_objects": "Enabled"}), [
	{"op": "add", "path": ["roles", link.role_arn, "value", "inline"], "value": inline},
	{"op": "add", "path": ["roles", link.role_arn, "value", "attached"], "value": attached},
])

# What answers say, without their wording.
said(answers) := {object.remove(a, ["message", "remediation"]) | some a in answers}

passed := {{"link": link_id, "status": "pass"}}

failed(more) := {object.union(more, {"link": link_id, "status": "fail"})}

unknown(more) := {object.union(more, {"link": link_id, "status": "unknown"})}

not_applicable := {{"link": link_id, "status": "not_applicable"}}

# Of rules about the source bucket.
bucket_passed := {{"status": "pass"}}

bucket_failed(more) := {object.union(more, {"status": "fail"})}

# The only status of the answers; undefined where there are none or several.
status(answers) := s if {
	statuses := {a.status | some a in answers}
	count(statuses) == 1
	some s in statuses
}
