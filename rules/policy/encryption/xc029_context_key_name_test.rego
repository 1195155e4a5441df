package crosscheck.rules.encryption.context_key_name_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.context_key_name as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_policies(fixture.value([{"name": "p", "document": "kms:EncryptionContext:aws:s3:arn"}]), fixture.value([{"name": "q", "document": "kms:EncryptionContext:aws:s3:arn"}]))
}

test_pass_none if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_policies(fixture.absent, fixture.absent)
}

test_fail_inline if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"policies": ["p"]}}) with input as fixture.with_policies(fixture.value([{"name": "p", "document": "KMS:EncryptionContext:arn:aws:arn"}]), fixture.absent)
}

test_fail_attached if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"policies": ["q"]}}) with input as fixture.with_policies(fixture.value([{"name": "p", "document": "kms:EncryptionContext:aws:s3:arn"}]), fixture.value([{"name": "q", "document": "KMS:EncryptionContext:arn:aws:arn"}]))
}

# One key is enough, on either side: an undefined key must not hide the other.
test_fail_key if {
	every side in ["source_key", "replica_key"] {
		document := json.patch(fixture.with_policies(fixture.absent, fixture.absent), [
			{"op": "add", "path": "/keys", "value": {"k": {"value": {"policy": fixture.value({"name": "k", "document": "KMS:EncryptionContext:arn:aws:arn"})}}}},
			{"op": "add", "path": sprintf("/links/0/%s", [side]), "value": "k"},
		])
		fixture.said(rule.answers) == fixture.failed({"evidence": {"policies": ["k"]}}) with input as document
	}
}

test_unknown_inline if {
	count(rule.answers) == 0 with input as fixture.with_policies(fixture.gap, fixture.absent)
}

test_unknown_attached if {
	count(rule.answers) == 0 with input as fixture.with_policies(fixture.absent, fixture.gap)
}

test_unknown_role if {
	count(rule.answers) == 0 with input as fixture.gap_role(fixture.bare)
}
