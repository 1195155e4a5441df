package catalog

import (
	"testing"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
)

func TestMultivalued(t *testing.T) {
	for key, want := range map[string]logic.Truth{"aws:TagKeys": logic.True, "aws:SourceVpce": logic.False, "kms:EncryptionContextKeys": logic.True, "s3:prefix": logic.False, "saml:aud": logic.Unknown} {
		if got := Multivalued(key); got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}

func TestS3Actions(t *testing.T) {
	for name, want := range map[string]S3Resource{
		"s3:replicateobject": Object, "s3:listbucket": Bucket, "s3:createjob": Other, "s3:tagresource": Bucket | Other, "s3:nothing": 0,
		"s3:get*": Bucket | Object | Other, "s3:replicate*": Object, "s3:*": Bucket | Object | Other, "s3:listbucket*": Bucket,
	} {
		g := match.NewGlob(name)
		if got := S3ResourceTypes(&g); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	if n := len(s3Actions()); n < 150 {
		t.Errorf("only %d actions", n)
	}
}
