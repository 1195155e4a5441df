package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"crosscheck/rules/iam/policy"
)

// TestPartition refuses ARNs of another partition as AWS does, where the partition is known.
func TestPartition(t *testing.T) {
	t.Parallel()
	const (
		statement = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",%s"Action":"%s","Resource":"%s"}]}`
		trust     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}]}`
	)
	identity := func(resource string) string { return fmt.Sprintf(statement, "", "s3:GetObject", resource) }
	bucket := func(principal, resource string) string {
		return fmt.Sprintf(statement, `"Principal":{"AWS":"`+principal+`"},`, "s3:GetObject", resource)
	}
	key := func(principal string) string {
		return fmt.Sprintf(statement, `"Principal":{"AWS":"`+principal+`"},`, "kms:Decrypt", "*")
	}
	for _, c := range []struct {
		name, partition string
		kind            policy.Kind
		document        string
		want            string // part of the message, "" = accepted
	}{
		{"the same", "aws-cn", policy.Identity, identity("arn:aws-cn:s3:::b/*"), ""},
		{"identity", "aws", policy.Identity, identity("arn:aws-cn:s3:::b/*"), `Resource "arn:aws-cn:s3:::b/*" is in another partition: aws-cn, not aws; IAM refuses the document`},
		{"identity of China", "aws-cn", policy.Identity, identity("arn:aws:s3:::b/*"), "another partition: aws, not aws-cn"},
		{"boundary", "aws-us-gov", policy.Boundary, identity("arn:aws:s3:::b/*"), "another partition: aws, not aws-us-gov"},
		{"no partition", "aws", policy.Identity, identity("arn::s3:::b/*"), "another partition"},
		{"a placeholder", "aws", policy.Identity, identity("arn:AWS_PARTITION:s3:::b/*"), "another partition"},
		{"everything", "aws-cn", policy.Identity, identity("*"), ""},
		{"a pattern", "aws-cn", policy.Identity, identity("arn:aws*:s3:::b/*"), ""},
		{"not known", "", policy.Identity, identity("arn:aws-cn:s3:::b/*"), ""},
		{"bucket", "aws", policy.Bucket, bucket("111111111111", "arn:aws-cn:s3:::b/*"), "S3 refuses the bucket policy"},
		{"principal of a bucket policy", "aws", policy.Bucket, bucket("arn:aws-cn:iam::111111111111:root", "arn:aws:s3:::b/*"),
			`Principal "arn:aws-cn:iam::111111111111:root" is in another partition: aws-cn, not aws; AWS refuses the document`},
		{"account of a bucket policy", "aws-cn", policy.Bucket, bucket("111111111111", "arn:aws-cn:s3:::b/*"), ""},
		{"trust", "aws", policy.Trust, fmt.Sprintf(trust, "arn:aws-us-gov:iam::111111111111:role/R"), "another partition"},
		{"key", "aws", policy.Key, key("arn:aws-us-gov:iam::111111111111:role/R"), "another partition"},
		{"not documented for SCPs", "aws", policy.SCP, identity("arn:aws-cn:s3:::b/*"), ""},
		{"not documented for session policies", "aws", policy.Session, identity("arn:aws-cn:s3:::b/*"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := policy.Parse(c.kind, "p", []byte(c.document), policy.In(c.partition))
			message := ""
			for _, d := range p.Diagnostics() {
				if !d.Warning {
					message += d.Message
				}
			}
			if p.Valid() != (c.want == "") || !strings.Contains(message, c.want) {
				t.Errorf("valid %v: %s", p.Valid(), message)
			}
		})
	}
}
