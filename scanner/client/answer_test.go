package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var checked = Options{Answers: map[string]string{
	"s3:GetBucketTagging": "Tagging", "s3:GetBucketPolicy": PolicyDocument, "s3control:GetPublicAccessBlock": "PublicAccessBlockConfiguration",
}}

// TestCheckAnswer: an answer is the document that was asked for, whole; anything else is
// an error, which is worth another attempt where the answer was damaged on its way.
func TestCheckAnswer(t *testing.T) {
	t.Parallel()
	const tagging = `<?xml version="1.0"?><Tagging xmlns="x"><TagSet/></Tagging>`
	for _, c := range []struct {
		service, operation string
		status             int
		body, want         string // want "" = taken
		retry              bool
	}{
		{"S3", "GetBucketTagging", 200, tagging, "", false},
		{"S3", "GetBucketTagging", 200, "<GetBucketTaggingResponse/>", "", false},
		{"S3", "GetBucketTagging", 200, "<Policy/>", "the answer is a Policy document, not a Tagging", false},
		{"S3", "GetBucketTagging", 200, "", "the answer is not well-formed XML: unexpected EOF", true},
		{"S3", "GetBucketTagging", 200, tagging[:len(tagging)-10], "the answer is not well-formed XML: unexpected EOF", true},
		{"S3", "GetBucketTagging", 200, "<Tagging><A></Tagging>", "the answer is not well-formed XML: unexpected EOF", true},
		{"S3", "GetBucketTagging", 200, "<Tagging", "the answer is not well-formed XML: XML syntax error on line 1: unexpected EOF", true},
		{"S3", "GetBucketTagging", 404, "<Error><Code>NoSuchTagSet</Code></Error>", "", false},
		{"S3", "GetBucketTagging", 404, "", "the answer is not well-formed XML: unexpected EOF", true},
		{"S3", "GetBucketTagging", 400, "nothing", "the answer is not well-formed XML: unexpected EOF", true},
		{"S3", "GetBucketTagging", 499, "", "the answer is not well-formed XML: unexpected EOF", true},
		{"S3", "GetBucketTagging", 500, "", "", false}, // the SDK tries again
		{"S3", "GetBucketTagging", 301, "", "", false},
		{"S3", "GetBucketTagging", 300, "", "", false},
		{"S3", "GetBucketTagging", 199, "", "", false},
		{"S3", "GetBucketTagging", 299, "", "the answer is not well-formed XML: unexpected EOF", true},
		{"S3", "GetBucketPolicy", 200, ` {"Statement":[]} `, "", false},
		{"S3", "GetBucketPolicy", 200, `[]`, "the answer is not well-formed JSON: no object, or not whole", true},
		{"S3", "GetBucketPolicy", 200, `{"Statement":[]`, "the answer is not well-formed JSON: no object, or not whole", true},
		{"S3", "GetBucketPolicy", 404, "<Error/>", "", false},
		{"S3", "GetObject", 200, "anything", "", false}, // not listed
		{"S3 Control", "GetPublicAccessBlock", 200, "<PublicAccessBlockConfiguration/>", "", false},
		{"S3 Control", "GetPublicAccessBlock", 200, "<x/>", "the answer is a x document, not a PublicAccessBlockConfiguration", false},
		{"IAM", "GetRole", 200, "<GetRoleResponse/>", "", false},
		{"IAM", "GetRole", 200, "<ListRolesResponse/>", "the answer is a ListRolesResponse document, not a GetRoleResponse", false},
		{"STS", "AssumeRole", 200, "<AssumeRoleResponse/>", "", false},
		{"KMS", "DescribeKey", 200, "{}", "", false},
		{"KMS", "DescribeKey", 400, `{"__type":"NotFoundException"}`, "", false},
		{"KMS", "DescribeKey", 400, "", "the answer is not well-formed JSON: no object, or not whole", true},
		{"Organizations", "ListRoots", 200, "<x/>", "the answer is not well-formed JSON: no object, or not whole", true},
		{"SecurityHub", "GetFindings", 200, "", "", false},
	} {
		response := &smithyhttp.Response{Response: &http.Response{StatusCode: c.status, Body: io.NopCloser(strings.NewReader(c.body))}}
		err := checked.checkAnswer(c.service, c.operation, response)
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("%s:%s %d %q: %v, want %s", c.service, c.operation, c.status, c.body, err, c.want)
		}
		var failure *Failure
		if errors.As(err, &failure) && (failure.RetryableError() != c.retry || failure.Code != "Malformed") {
			t.Errorf("%s:%s %q: %+v", c.service, c.operation, c.body, failure)
		}
		// What was looked at can be read again.
		if again, err := io.ReadAll(response.Body); err != nil || string(again) != c.body {
			t.Errorf("%s:%s: %q is left of %q, %v", c.service, c.operation, again, c.body, err)
		}
	}
}

// TestAnswersThatBreakOff: a body that cannot be read to its end, or has no end, is no
// answer.
func TestAnswersThatBreakOff(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader("<Tagging>"), iotest.ErrReader(fmt.Errorf("read: %w", io.ErrUnexpectedEOF)))
	err := checked.checkAnswer("S3", "GetBucketTagging", &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(broken)}})
	var failure *Failure
	if !errors.As(err, &failure) || failure.Code != "NoAnswer" || failure.Message != "the answer broke off: unexpected EOF" || !failure.RetryableError() {
		t.Errorf("%v", err)
	}
	for size, want := range map[int64]string{maxAnswer + 1: "the answer is longer than 67108864 bytes", maxAnswer: "the answer is not well-formed JSON: no object, or not whole"} {
		body := io.NopCloser(io.LimitReader(spaces{}, size))
		err = checked.checkAnswer("S3", "GetBucketPolicy", &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusOK, Body: body}})
		if err == nil || err.Error() != want {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestPolicyText(t *testing.T) {
	t.Parallel()
	if text, err := PolicyText("{\"a\":\"\xff\"}"); err != nil || text != "{\"a\":\"\uFFFD\"}" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := PolicyText("null"); err == nil {
		t.Errorf("%q", text)
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
	}{
		{200, "eu-west-1", "eu-west-1", true, false}, {403, "eu-west-1", "eu-west-1", true, true}, {403, "", "", false, true},
		{404, "", "", false, false}, {404, "eu-west-1", "", false, false}, {301, "eu-west-1", "eu-west-1", true, true}, {400, "", "", false, true},
	} {
		s := New(aws.Config{Region: "us-east-1", HTTPClient: answers{c.status, c.header, ""}, Credentials: static}, Options{})
		region, exists, err := HeadBucket(t.Context(), NewS3(s.Config(s.Own(), "us-east-1")), "b", "111111111111")
		if region != c.region || exists != c.exists || (err != nil) != c.failed {
			t.Errorf("%d %s: %q, %v, %v", c.status, c.header, region, exists, err)
		}
	}
}
