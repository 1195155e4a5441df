package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	sourceAdmin   = "AKIASOURCEADMIN00001"
	sourceLimited = "AKIASOURCELIMITED001"
	backupAdmin   = "AKIABACKUPADMIN00001"
	outsideRoot   = "AKIAOUTSIDEROOT00001"
)

// storage is the organization of testdata/s3.yaml.
func storage(t testing.TB) *Sandbox {
	t.Helper()
	data, err := os.ReadFile("testdata/s3.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return sandboxOf(t, string(data))
}

// s3 is a client as config.LoadDefaultConfig makes it, for the buckets of a Region.
func (s *Sandbox) s3(accessKey, region string, opts ...func(*s3.Options)) *s3.Client {
	config := s.as(accessKey, region)
	config.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
	config.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	return s3.NewFromConfig(config, opts...)
}

func pathStyle(o *s3.Options) { o.UsePathStyle = true }

// do sends a hand-written S3 request, signed for a Region ("" = unsigned).
func (s *Sandbox) do(t *testing.T, method, url, region, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if region != "" {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+sourceAdmin+"/20260101/"+region+"/s3/aws4_request, SignedHeaders=host, Signature=00")
	}
	res, err := s.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// put stores an object and returns its version id.
func put(t testing.TB, c *s3.Client, bucket, key, body string, opts ...func(*s3.PutObjectInput)) string {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}
	for _, o := range opts {
		o(in)
	}
	out, err := c.PutObject(background, in)
	if err != nil {
		t.Fatalf("put %s/%s: %v", bucket, key, err)
	}
	return aws.ToString(out.VersionId)
}

func TestS3Regions(t *testing.T) {
	s := storage(t)
	for _, test := range []struct {
		name, method, url, signed string
		status                    int
		bucketRegion              string
		body                      string // a part of it
	}{
		{"virtual host, right Region", "GET", "https://elsewhere.s3.eu-west-1.amazonaws.com/?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"path style, right Region", "GET", "https://s3.eu-west-1.amazonaws.com/elsewhere?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"dual stack", "GET", "https://elsewhere.s3.dualstack.eu-west-1.amazonaws.com/?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"path style, wrong Region", "GET", "https://s3.us-east-1.amazonaws.com/elsewhere?versioning", "us-east-1", 301, "eu-west-1", "<Endpoint>elsewhere.s3.eu-west-1.amazonaws.com</Endpoint>"},
		{"virtual host, wrong Region", "GET", "https://elsewhere.s3.us-west-2.amazonaws.com/?versioning", "us-west-2", 301, "eu-west-1", "<Code>PermanentRedirect</Code>"},
		{"global virtual host, led by DNS", "GET", "https://elsewhere.s3.amazonaws.com/?versioning", "us-east-1", 400, "eu-west-1", "<Region>eu-west-1</Region>"},
		{"global virtual host, right signature", "GET", "https://elsewhere.s3.amazonaws.com/?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"right endpoint, wrong signature", "GET", "https://s3.eu-west-1.amazonaws.com/elsewhere?versioning", "us-east-1", 400, "eu-west-1", "expecting &#39;eu-west-1&#39;"},
		{"loopback goes by the signature", "GET", "http://127.0.0.1:4566/elsewhere?versioning", "us-east-1", 301, "eu-west-1", "<Code>PermanentRedirect</Code>"},
		{"loopback, right signature", "GET", "http://127.0.0.1:4566/elsewhere?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"virtual host on localhost", "GET", "http://elsewhere.localhost:4566/?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"HEAD from the wrong Region", "HEAD", "https://s3.us-east-1.amazonaws.com/elsewhere", "us-east-1", 301, "eu-west-1", ""},
		{"HEAD of what may not be listed", "HEAD", "https://s3.eu-west-1.amazonaws.com/dst", "eu-west-1", 403, "eu-west-1", ""},
		{"HEAD of nothing", "HEAD", "https://s3.eu-west-1.amazonaws.com/no-such-bucket", "eu-west-1", 404, "", ""},
		{"nothing in no Region", "GET", "https://s3.us-west-2.amazonaws.com/no-such-bucket?versioning", "us-west-2", 404, "", "<Code>NoSuchBucket</Code>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := s.do(t, test.method, test.url, test.signed, "")
			body := text(t, res)
			if res.StatusCode != test.status || res.Header.Get("X-Amz-Bucket-Region") != test.bucketRegion || !strings.Contains(body, test.body) {
				t.Errorf("got %d, bucket Region %q, body %s\nwant %d, %q, %s", res.StatusCode, res.Header.Get("X-Amz-Bucket-Region"), body, test.status, test.bucketRegion, test.body)
			}
			if test.method == "HEAD" && body != "" {
				t.Errorf("HEAD has a body: %s", body)
			}
			if res.Header.Get("X-Amz-Request-Id") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestS3UnknownIsNotImplemented(t *testing.T) {
	s := storage(t)
	for _, form := range []string{
		"GET /src?website", "GET /src?accelerate", "GET /src?cors", "GET /src?logging", "GET /src?inventory&id=1", "GET /src?metrics&id=1",
		"GET /src?no-such-thing", "GET /src/key?torrent", "POST /src/key?restore", "POST /src/key?select&select-type=2", "PATCH /src/key",
		"PUT /src?acl", "PUT /src/key?acl", "GET /src?policy&versioning", "POST /src", "GET /?session",
	} {
		method, path, _ := strings.Cut(form, " ")
		res := s.do(t, method, "https://s3.us-east-1.amazonaws.com"+path, "us-east-1", "")
		if body := text(t, res); res.StatusCode != http.StatusNotImplemented || !strings.Contains(body, "<Code>NotImplemented</Code>") {
			t.Errorf("%s: got %d %s, want 501 NotImplemented", form, res.StatusCode, body)
		}
	}
}

func TestS3ExpectedBucketOwner(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	_, err := c.GetBucketVersioning(background, &s3.GetBucketVersioningInput{Bucket: aws.String("src"), ExpectedBucketOwner: aws.String("111111111111")})
	wantCode(t, "the owner", err, "", 0)
	_, err = c.GetBucketVersioning(background, &s3.GetBucketVersioningInput{Bucket: aws.String("src"), ExpectedBucketOwner: aws.String("222222222222")})
	wantCode(t, "another", err, "AccessDenied", 403)
	// Before the body is looked at.
	_, err = c.PutBucketReplication(background, &s3.PutBucketReplicationInput{
		Bucket: aws.String("src"), ExpectedBucketOwner: aws.String("222222222222"),
		ReplicationConfiguration: &types.ReplicationConfiguration{Role: aws.String("x"), Rules: []types.ReplicationRule{}},
	})
	wantCode(t, "another with a bad body", err, "AccessDenied", 403)
}

func TestS3ForeignAccount(t *testing.T) {
	s := storage(t)
	source, outside := s.s3(sourceAdmin, "eu-west-1"), s.s3(outsideRoot, "eu-west-1")
	dst := aws.String("dst")
	_, err := outside.GetBucketReplication(background, &s3.GetBucketReplicationInput{Bucket: dst})
	wantCode(t, "no grant", err, "AccessDenied", 403)
	_, err = source.GetBucketReplication(background, &s3.GetBucketReplicationInput{Bucket: dst})
	wantCode(t, "a grant in the bucket policy", err, "ReplicationConfigurationNotFoundError", 404)
	_, err = source.DeleteBucketReplication(background, &s3.DeleteBucketReplicationInput{Bucket: dst})
	wantCode(t, "delete with a grant", err, "", 0)
	_, err = source.PutBucketReplication(background, configure("dst", rule("src")))
	wantCode(t, "put with a grant", err, "AccessDenied", 403)
	_, err = source.GetBucketPolicy(background, &s3.GetBucketPolicyInput{Bucket: dst})
	wantCode(t, "policy with a grant", err, "MethodNotAllowed", 405)
	_, err = outside.GetBucketPolicy(background, &s3.GetBucketPolicyInput{Bucket: dst})
	wantCode(t, "policy without", err, "AccessDenied", 403)
}

// TestS3Concurrency lets many callers write, read, list and delete at once while
// replication settles; the race detector and the counts at the end judge.
func TestS3Concurrency(t *testing.T) {
	s := storage(t)
	s.SetLag("", "", time.Millisecond)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			c, d := s.s3(sourceAdmin, "us-east-1"), s.s3(backupAdmin, "eu-west-1")
			for i := range 20 {
				key := fmt.Sprintf("%d/%d", worker, i)
				id := put(t, c, "src", key, strings.Repeat("x", 10_000*(i%3)))
				for {
					out, err := d.HeadObject(background, &s3.HeadObjectInput{Bucket: aws.String("dst"), Key: &key, VersionId: &id})
					if err == nil {
						if out.ReplicationStatus != "REPLICA" {
							t.Errorf("%s: %s", key, out.ReplicationStatus)
						}
						break
					}
					if _, status := apiCode(err); status != http.StatusNotFound {
						t.Error(err)
						return
					}
				}
				if i%2 == 0 {
					for _, at := range []struct {
						c      *s3.Client
						bucket string
					}{{c, "src"}, {d, "dst"}} {
						if _, err := at.c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: &at.bucket, Key: &key, VersionId: &id}); err != nil {
							t.Error(err)
						}
					}
				}
				if _, err := c.ListObjectVersions(background, &s3.ListObjectVersionsInput{Bucket: aws.String("src")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, bucket := range []string{"src", "dst"} {
		if n := len(s.state.Bucket(bucket).Keys); n != 80 {
			t.Errorf("%s has %d keys, want 80", bucket, n)
		}
	}
}
