package client

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crosscheck/scanner/client/answer"
)

func TestPolicyText(t *testing.T) {
	t.Parallel()
	const before, after = `{"Statement":{"Sid":"`, `","Effect":"Deny","Action":"s3:x","Resource":"*"}}`
	if text, err := PolicyText(answer.IdentityPolicy, before+"ü"+after); err != nil || text != before+"ü"+after {
		t.Errorf("%q, %v", text, err)
	}
	for _, other := range []string{before + "\xff" + after, "null", "{}", "[]", `{"KeyMetadata":{}}`, before + "x" + after + "{}"} {
		if text, err := PolicyText(answer.IdentityPolicy, other); err == nil {
			t.Errorf("%q", text)
		}
	}
}

// TestRedirected: each way in which S3 says that a bucket is in another Region.
func TestRedirected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status       int
		header, body string
		region       string
		yes          bool
	}{
		{301, "eu-west-1", "<Error><Code>PermanentRedirect</Code></Error>", "eu-west-1", true},
		{307, "", "<Error><Code>TemporaryRedirect</Code></Error>", "", true},
		{301, "", "", "", true},
		{307, "us-east-2", "", "us-east-2", true},
		{400, "", "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message></Error>", "eu-west-1", true},
		{400, "", "<Error><Code>IllegalLocationConstraintException</Code></Error>", "", true},
		{403, "eu-west-1", "<Error><Code>AccessDenied</Code></Error>", "", false},
		{302, "eu-west-1", "", "", false},
	} {
		s := New(aws.Config{Region: "us-east-1", HTTPClient: answers{c.status, c.header, c.body}, Credentials: static}, Options{})
		_, err := NewS3(s.Config(s.Own(), "us-east-1")).GetBucketTagging(t.Context(), tagging("b"))
		if region, yes := Redirected(err); region != c.region || yes != c.yes {
			t.Errorf("%d %s %s: %q, %v (%v)", c.status, c.header, c.body, region, yes, err)
		}
	}
	if region, yes := Redirected(nil); region != "" || yes {
		t.Error("an answer is a redirect")
	}
}

// TestHeadBucket: S3 names a bucket's Region in a refusal too; without a Region an error
// says nothing about the bucket.
func TestHeadBucket(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		header string
		region string
		exists bool
		failed bool
		body   string
	}{
		{404, "", "", false, true, notS3}, {404, "eu-west-1", "", false, true, notS3},
		{200, "eu-west-1", "eu-west-1", true, false, ""}, {403, "eu-west-1", "eu-west-1", true, true, ""}, {403, "", "", false, true, ""},
		{404, "", "", false, false, ""}, {404, "eu-west-1", "", false, false, ""}, {301, "eu-west-1", "eu-west-1", true, true, ""}, {400, "", "", false, true, ""},
	} {
		s := New(aws.Config{Region: "us-east-1", HTTPClient: answers{c.status, c.header, c.body}, Credentials: static}, Options{})
		region, exists, err := HeadBucket(t.Context(), NewS3(s.Config(s.Own(), "us-east-1")), "b", "111111111111")
		if region != c.region || exists != c.exists || (err != nil) != c.failed {
			t.Errorf("%d %s: %q, %v, %v", c.status, c.header, region, exists, err)
		}
	}
}
