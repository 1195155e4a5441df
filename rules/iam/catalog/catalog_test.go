package catalog

import (
	"testing"
	"time"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
)

func TestMultivalued(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]logic.Truth{"aws:TagKeys": logic.True, "aws:SourceVpce": logic.False, "kms:EncryptionContextKeys": logic.True, "s3:prefix": logic.False, "s3:InventoryAccessibleOptionalFields": logic.True, "saml:aud": logic.Unknown,
		"sts:externalid": logic.False, "iam:policyarn": logic.False, "kms:viaservice": logic.False, "other": logic.Unknown} {
		if got := Multivalued(key); got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}

func TestS3Actions(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]S3Resource{
		"s3:replicateobject": Object, "s3:listbucket": Bucket, "s3:createjob": Other, "s3:tagresource": Bucket | Other, "s3:nothing": 0,
		"s3:get*": Bucket | Object | Other, "s3:replicate*": Object, "s3:*": Bucket | Object | Other, "s3:listbucket*": Bucket,
		// Actions that a list made by hand lacked.
		"s3:replicateobjectannotation": Object, "s3:getobjectversionannotationforreplication": Object,
	} {
		g := match.NewGlob(name)
		if got := S3ResourceTypes(&g); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	if n := len(s3Actions); n < 150 {
		t.Errorf("only %d actions", n)
	}
	if day, err := time.Parse(time.DateOnly, Published); err != nil || day.Year() < 2026 {
		t.Errorf("the tables are of %q", Published)
	}
}

func TestRCPCovers(t *testing.T) {
	t.Parallel()
	for service, want := range map[string]bool{"s3": true, "kms": true, "sts": true, "events": true, "ec2": false, "iam": false, "": false} {
		if got := RCPCovers(service); got != want {
			t.Errorf("%s: %v", service, got)
		}
	}
}

func TestUsableAbroad(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]bool{"kms:Decrypt": true, "KMS:GenerateDataKey": true, "kms:PutKeyPolicy": false, "kms:DecryptX": false} {
		if got := UsableAbroad(action); got != want {
			t.Errorf("%s: %v", action, got)
		}
	}
}
