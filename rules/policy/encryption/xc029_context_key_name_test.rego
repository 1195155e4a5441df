package crosscheck.rules.encryption.context_key_name_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.context_key_name as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_policies("kms:EncryptionContext:aws:s3:arn")
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_policies("kms:EncryptionContext:arn:aws:arn")
}

test_unknown if {
	count(rule.answers) == 0 with input as json.remove(fixture.with_rule(fixture.bare, {"sse_kms_objects": "Enabled"}), ["roles"])
}
