// Package sandboxtest helps tests of the sandbox's services: organizations to start
// from, clients of their callers, hand-written requests, and what errors say.
package sandboxtest

import (
	"crypto/md5"
	_ "embed"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/state"
)

//go:embed testdata/control.yaml
var control string

//go:embed testdata/s3.yaml
var storage string

// Access keys of the callers of [Storage].
const (
	SourceAdmin   = "AKIASOURCEADMIN00001"
	SourceLimited = "AKIASOURCELIMITED001"
	BackupAdmin   = "AKIABACKUPADMIN00001"
	OutsideRoot   = "AKIAOUTSIDEROOT00001"
)

// Content types of the Query and the JSON protocol.
const (
	Form = "application/x-www-form-urlencoded; charset=utf-8"
	JSON = "application/x-amz-json-1.1"
)

// Sandbox is a sandbox with its state, which tests look into and change between
// requests.
type Sandbox struct {
	*sandbox.Sandbox
	State *state.State
}

// Control is an organization with accounts, policies, roles and keys, and no buckets.
func Control(t testing.TB) *Sandbox { return New(t, control) }

// Storage is an organization with buckets and a working replication from src in
// account 111111111111, us-east-1, to dst in account 222222222222, eu-west-1.
func Storage(t testing.TB) *Sandbox { return New(t, storage) }

// New is a sandbox with the text of a world.
func New(t testing.TB, world string) *Sandbox {
	t.Helper()
	w, err := sandbox.Load("world.yaml", []byte(world))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(w)
	if err != nil {
		t.Fatal(err)
	}
	return &Sandbox{s, s.State()}
}

// As is the configuration of a caller whose clients talk to the sandbox in
// process and do not retry.
func (s *Sandbox) As(accessKey, region string) aws.Config {
	token := ""
	if who := s.State.Access[accessKey]; who != nil {
		token = who.Token
	}
	return aws.Config{
		Region:           region,
		Credentials:      credentials.NewStaticCredentialsProvider(accessKey, sandbox.DefaultSecretKey, token),
		HTTPClient:       s.HTTPClient(),
		RetryMaxAttempts: 1,
	}
}

// S3 is a client as config.LoadDefaultConfig makes it, for the buckets of a Region.
func (s *Sandbox) S3(accessKey, region string, opts ...func(*s3.Options)) *s3.Client {
	config := s.As(accessKey, region)
	config.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
	config.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	return s3.NewFromConfig(config, opts...)
}

// PathStyle makes a client of S3 put the bucket into the path.
func PathStyle(o *s3.Options) { o.UsePathStyle = true }

// Do sends a hand-written S3 request, signed for a Region ("" = unsigned).
func (s *Sandbox) Do(t testing.TB, method, url, region, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if region != "" {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+SourceAdmin+"/20260101/"+region+
			"/s3/aws4_request, SignedHeaders=host, Signature=00")
	}
	res, err := s.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// Post sends a hand-written request to a service in process, unsigned where
// accessKey is "", and returns the answer and its body.
func (s *Sandbox) Post(
	t testing.TB, service, accessKey, contentType, target, body string,
) (*http.Response, string) {
	t.Helper()
	return PostTo(t, s.HTTPClient(), service, accessKey, contentType, target, body)
}

// PostTo is [Sandbox.Post] through a client.
func PostTo(
	t testing.TB, client aws.HTTPClient, service, accessKey, contentType, target, body string,
) (*http.Response, string) {
	t.Helper()
	url := "https://" + service + ".us-east-1.amazonaws.com/"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	if accessKey != "" {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20260101/us-east-1/"+service+
			"/aws4_request, SignedHeaders=host, Signature=0")
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res, Text(t, res)
}

// Text is the body of an answer.
func Text(t testing.TB, res *http.Response) string {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Put stores an object and returns its version id.
func Put(t testing.TB, c *s3.Client, bucket, key, body string, opts ...func(*s3.PutObjectInput)) string {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}
	for _, o := range opts {
		o(in)
	}
	out, err := c.PutObject(t.Context(), in)
	if err != nil {
		t.Fatalf("put %s/%s: %v", bucket, key, err)
	}
	return aws.ToString(out.VersionId)
}

// MD5 is the digest of a text in hexadecimal digits: the ETag of an object with that content.
func MD5(text string) string {
	d := md5.Sum([]byte(text))
	return hex.EncodeToString(d[:])
}

// ErrorCode is the error code and HTTP status of a call, "" and 0 of a success.
func ErrorCode(err error) (string, int) {
	var api smithy.APIError
	var response *awshttp.ResponseError
	switch {
	case err == nil:
		return "", 0
	case !errors.As(err, &api):
		return "not an API error: " + err.Error(), 0
	case !errors.As(err, &response):
		return api.ErrorCode(), 0
	}
	return api.ErrorCode(), response.HTTPStatusCode()
}

// WantCode fails a test where a call has another error code or status.
func WantCode(t testing.TB, what string, err error, code string, status int) {
	t.Helper()
	if gotCode, gotStatus := ErrorCode(err); gotCode != code || gotStatus != status {
		t.Errorf("%s: got %q with status %d, want %q with %d (error: %v)", what, gotCode, gotStatus, code, status, err)
	}
}
