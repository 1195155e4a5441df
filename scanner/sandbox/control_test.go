package sandbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
)

// control is the organization of testdata/control.yaml.
func control(t testing.TB) *Sandbox {
	t.Helper()
	data, err := os.ReadFile("testdata/control.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return sandboxOf(t, string(data))
}

func sandboxOf(t testing.TB, world string) *Sandbox {
	t.Helper()
	w, err := Load("world.yaml", []byte(world))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(w)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// as is the configuration of a caller whose clients talk to the sandbox in
// process and do not retry.
func (s *Sandbox) as(accessKey, region string) aws.Config {
	token := ""
	if who := s.state.Access[accessKey]; who != nil {
		token = who.Token
	}
	return aws.Config{
		Region:           region,
		Credentials:      credentials.NewStaticCredentialsProvider(accessKey, DefaultSecretKey, token),
		HTTPClient:       s.HTTPClient(),
		RetryMaxAttempts: 1,
	}
}

// apiCode is the error code and HTTP status of a call, "" and 0 of a success.
func apiCode(err error) (string, int) {
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

func wantCode(t *testing.T, what string, err error, code string, status int) {
	t.Helper()
	if gotCode, gotStatus := apiCode(err); gotCode != code || gotStatus != status {
		t.Errorf("%s: got %q with status %d, want %q with %d (error: %v)", what, gotCode, gotStatus, code, status, err)
	}
}

var background = context.Background()

// post sends a hand-written request to a service in process.
func (s *Sandbox) post(t *testing.T, service, accessKey, contentType, target, body string) (*http.Response, string) {
	t.Helper()
	return s.postTo(t, s.HTTPClient(), service, accessKey, contentType, target, body)
}

func (s *Sandbox) postTo(t *testing.T, client aws.HTTPClient, service, accessKey, contentType, target, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(background, http.MethodPost, "https://"+service+".us-east-1.amazonaws.com/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	if accessKey != "" {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}

func asError[T error](err error, target *T) bool { return errors.As(err, target) }
