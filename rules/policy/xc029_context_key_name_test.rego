package crosscheck.rules.xc029_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc029

test_pass if {
	fixture.status(xc029.answers) == "pass" with input as fixture.with_policies("kms:EncryptionContext:aws:s3:arn")
}

test_fail if {
	fixture.status(xc029.answers) == "fail" with input as fixture.with_policies("kms:EncryptionContext:arn:aws:arn")
}

test_unknown if {
	count(xc029.answers) == 0 with input as json.remove(fixture.with_rule(fixture.bare, {"sse_kms_objects": "Enabled"}), ["roles"])
}
