package crosscheck.rules.encryption.unused_key_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.unused_key as rule

sse_s3 := fixture.value({"algorithm": "AES256"})

kms := fixture.value({"algorithm": "aws:kms", "key_id": "d"})

# A document with this default encryption on both sides, the opt-in and a key in the rule.
document(source, destination, opt_in) := json.patch(
	fixture.with_rule(fixture.doc({"encryption": source}, {"encryption": destination}), {"sse_kms_objects": opt_in}),
	[{"op": "add", "path": "/links/0/replica_key", "value": "k"}],
)

bare(source, destination) := fixture.doc({"encryption": source}, {"encryption": destination})

unused(more) := fixture.failed(object.union({"key": "replica", "evidence": {"key": "k"}}, more))

unused_default(algorithm, key) := fixture.failed({"key": "default", "evidence": {"destination_algorithm": algorithm, "destination_key": key}})

test_pass if {
	every d in [document(kms, kms, "Enabled"), document(kms, sse_s3, "Enabled"), bare(sse_s3, sse_s3), bare(sse_s3, fixture.absent), bare(fixture.absent, sse_s3), bare(kms, kms)] {
		fixture.said(rule.answers) == fixture.passed with input as d
	}
}

test_fail_never if {
	every source in [kms, sse_s3] {
		fixture.said(rule.answers) == unused({}) with input as document(source, sse_s3, "Disabled")
	}
}

test_fail_only_explicit if {
	every source in [sse_s3, fixture.absent] {
		fixture.said(rule.answers) == unused({"severity": "info"}) with input as document(source, sse_s3, "Enabled")
	}
}

test_fail_default if {
	every source in [sse_s3, fixture.absent] {
		fixture.said(rule.answers) == unused_default("aws:kms", "d") with input as bare(source, kms)
	}
}

test_fail_default_managed_key if {
	fixture.said(rule.answers) == unused_default("aws:kms:dsse", "") with input as bare(sse_s3, fixture.value({"algorithm": "aws:kms:dsse"}))
}

test_fail_both if {
	fixture.said(rule.answers) == unused({"severity": "info"}) | unused_default("aws:kms", "d") with input as document(sse_s3, kms, "Enabled")
}

# The destination need not be known where the source is under KMS.
test_fail_never_destination_not_read if {
	fixture.said(rule.answers) == unused({}) with input as document(kms, fixture.gap, "Disabled")
}

test_unknown_source if {
	count(rule.answers) == 0 with input as document(fixture.gap, kms, "Enabled")
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as document(sse_s3, fixture.gap, "Enabled")
}

test_unknown_destination_bucket if {
	count(rule.answers) == 0 with input as fixture.gap_destination(document(sse_s3, kms, "Enabled"))
}
