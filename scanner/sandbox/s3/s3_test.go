package s3_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/scanner/sandbox/sandboxtest"
)

func TestS3Regions(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	for _, test := range []struct {
		name, method, url, signed string
		status                    int
		bucketRegion              string
		body                      string // a part of it
	}{
		{"virtual host, right Region", "GET", "https://elsewhere.s3.eu-west-1.amazonaws.com/?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"path style, right Region", "GET", "https://s3.eu-west-1.amazonaws.com/elsewhere?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"dual stack", "GET", "https://elsewhere.s3.dualstack.eu-west-1.amazonaws.com/?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
		{"endpoint of another partition", "GET", "https://elsewhere.s3.eu-west-1.amazonaws.eu/?versioning", "eu-west-1", 200, "", "<VersioningConfiguration"},
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
			res := s.Do(t, test.method, test.url, test.signed, "")
			body := sandboxtest.Text(t, res)
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
	t.Parallel()
	s := sandboxtest.Storage(t)
	for _, form := range []string{
		"GET /src?website", "GET /src?accelerate", "GET /src?inventory&id=1", "GET /src?metrics&id=1",
		"GET /src?no-such-thing", "GET /src/key?torrent", "POST /src/key?restore", "POST /src/key?select&select-type=2", "PATCH /src/key",
		"PUT /src?acl", "PUT /src/key?acl", "GET /src?policy&versioning", "POST /src", "GET /?session",
	} {
		method, path, _ := strings.Cut(form, " ")
		res := s.Do(t, method, "https://s3.us-east-1.amazonaws.com"+path, "us-east-1", "")
		if body := sandboxtest.Text(t, res); res.StatusCode != http.StatusNotImplemented || !strings.Contains(body, "<Code>NotImplemented</Code>") {
			t.Errorf("%s: got %d %s, want 501 NotImplemented", form, res.StatusCode, body)
		}
	}
}

func TestS3ExpectedBucketOwner(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	_, err := c.GetBucketVersioning(context.Background(), &s3.GetBucketVersioningInput{Bucket: aws.String("src"), ExpectedBucketOwner: aws.String("111111111111")})
	sandboxtest.WantCode(t, "the owner", err, "", 0)
	_, err = c.GetBucketVersioning(context.Background(), &s3.GetBucketVersioningInput{Bucket: aws.String("src"), ExpectedBucketOwner: aws.String("222222222222")})
	sandboxtest.WantCode(t, "another", err, "AccessDenied", 403)
	// Before the body is looked at.
	_, err = c.PutBucketReplication(context.Background(), &s3.PutBucketReplicationInput{
		Bucket: aws.String("src"), ExpectedBucketOwner: aws.String("222222222222"),
		ReplicationConfiguration: &types.ReplicationConfiguration{Role: aws.String("x"), Rules: []types.ReplicationRule{}},
	})
	sandboxtest.WantCode(t, "another with a bad body", err, "AccessDenied", 403)
}

// TestS3Concurrency lets many callers write, read, list and delete at once while
// replication settles; the race detector and the counts at the end judge.
func TestS3Concurrency(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	s.SetLag("", "", time.Millisecond)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			c, d := s.S3(sandboxtest.SourceAdmin, "us-east-1"), s.S3(sandboxtest.BackupAdmin, "eu-west-1")
			for i := range 20 {
				key := fmt.Sprintf("%d/%d", worker, i)
				id := sandboxtest.Put(t, c, "src", key, strings.Repeat("x", 10_000*(i%3)))
				for {
					out, err := d.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: aws.String("dst"), Key: &key, VersionId: &id})
					if err == nil {
						if out.ReplicationStatus != "REPLICA" {
							t.Errorf("%s: %s", key, out.ReplicationStatus)
						}
						break
					}
					if _, status := sandboxtest.ErrorCode(err); status != http.StatusNotFound {
						t.Error(err)
						return
					}
				}
				if i%2 == 0 {
					for _, at := range []struct {
						c      *s3.Client
						bucket string
					}{{c, "src"}, {d, "dst"}} {
						if _, err := at.c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &at.bucket, Key: &key, VersionId: &id}); err != nil {
							t.Error(err)
						}
					}
				}
				if _, err := c.ListObjectVersions(context.Background(), &s3.ListObjectVersionsInput{Bucket: aws.String("src")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, bucket := range []string{"src", "dst"} {
		if n := len(s.State.Bucket(bucket).Keys); n != 80 {
			t.Errorf("%s has %d keys, want 80", bucket, n)
		}
	}
}
