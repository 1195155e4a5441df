package canary

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
)

// tampered is a bucket whose answers are changed on the way.
type tampered struct {
	bucket.S3
	head  func(*s3.HeadObjectOutput)
	parts func(*s3.HeadObjectOutput) // HEAD of the first part
	tags  func(*s3.GetObjectTaggingOutput)
	body  func(string) string
	list  func(*s3.ListObjectVersionsOutput)
	fail  map[string]error // by operation
}

func (s tampered) HeadObject(ctx context.Context, in *s3.HeadObjectInput, opts ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	out, err := s.S3.HeadObject(ctx, in, opts...)
	switch {
	case err != nil:
	case in.PartNumber != nil && s.fail["parts"] != nil:
		return nil, s.fail["parts"]
	case in.PartNumber != nil && s.parts != nil:
		s.parts(out)
	case in.PartNumber == nil && s.head != nil:
		s.head(out)
	}
	return out, err
}

func (s tampered) GetObjectTagging(ctx context.Context, in *s3.GetObjectTaggingInput, opts ...func(*s3.Options)) (*s3.GetObjectTaggingOutput, error) {
	if err := s.fail["tags"]; err != nil {
		return nil, err
	}
	out, err := s.S3.GetObjectTagging(ctx, in, opts...)
	if err == nil && s.tags != nil {
		s.tags(out)
	}
	return out, err
}

func (s tampered) GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if err := s.fail["get"]; err != nil {
		return nil, err
	}
	out, err := s.S3.GetObject(ctx, in, opts...)
	if err == nil && s.body != nil {
		data, _ := io.ReadAll(out.Body)
		out.Body = io.NopCloser(strings.NewReader(s.body(string(data))))
	}
	return out, err
}

func (s tampered) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput, opts ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	out, err := s.S3.ListObjectVersions(ctx, in, opts...)
	if err == nil && s.list != nil {
		s.list(out)
	}
	return out, err
}

// TestCompare sees each property that differs, and only that one.
func TestCompare(t *testing.T) {
	t.Parallel()
	noOwner := func(o *s3.ListObjectVersionsOutput) {
		for i := range o.Versions {
			o.Versions[i].Owner = nil
		}
	}
	unanswered := &smithy.GenericAPIError{Code: "InternalError", Message: "try again"}
	for _, test := range []struct {
		name        string
		variant     measure.Variant
		source      tampered
		destination tampered
		outcome     measure.Outcome
		check       string // the one that is not equal; "" = all are
		result      string
		message     string
	}{
		{name: "nothing", outcome: measure.Arrived},
		{name: "size", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ContentLength = aws.Int64(7) }},
			outcome: measure.Differs, check: "size", result: measure.Different, message: "size (wanted 1024, got 7)"},
		{name: "checksum", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ChecksumSHA256 = aws.String("x") }},
			outcome: measure.Differs, check: "checksum", result: measure.Different, message: "got x)"},
		{name: "checksum at the source", source: tampered{head: func(o *s3.HeadObjectOutput) { o.ChecksumSHA256 = aws.String("x") }},
			outcome: measure.Differs, check: "checksum", result: measure.Different, message: "got x at the source)"},
		{name: "no checksum at the destination", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ChecksumSHA256 = nil }},
			outcome: measure.Arrived, check: "checksum", result: measure.Unread, message: "not compared: checksum (wanted none, got the replica shows none)"},
		{name: "checksum of the whole", variant: measure.Multipart,
			destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ChecksumCRC64NVME = aws.String("x") }},
			outcome:     measure.Differs, check: "checksum", result: measure.Different, message: "got x)"},
		{name: "checksum of parts", variant: measure.Composite,
			destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ChecksumSHA256 = aws.String("x") }},
			outcome:     measure.Arrived, check: "checksum", result: measure.Tolerated},
		{name: "parts", variant: measure.Multipart,
			destination: tampered{parts: func(o *s3.HeadObjectOutput) { o.PartsCount = aws.Int32(9) }},
			outcome:     measure.Arrived, check: "parts", result: measure.Tolerated},
		{name: "parts that are not shown", variant: measure.Multipart,
			destination: tampered{fail: map[string]error{"parts": unanswered}}, outcome: measure.Arrived},
		{name: "ETag", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ETag = aws.String("x") }},
			outcome: measure.Arrived, check: "etag", result: measure.Tolerated},
		{name: "last modified", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.LastModified = aws.Time(time.Unix(0, 0)) }},
			outcome: measure.Arrived, check: "last_modified", result: measure.Tolerated},
		{name: "content type", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ContentType = aws.String("text/plain") }},
			outcome: measure.Differs, check: "metadata", result: measure.Different, message: "got content-type=text/plain)"},
		{name: "metadata", variant: measure.Metadata, destination: tampered{head: func(o *s3.HeadObjectOutput) { o.Metadata["x"] = "y" }},
			outcome: measure.Differs, check: "metadata", result: measure.Different, message: "x=y content-type="},
		{name: "storage class", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.StorageClass = "STANDARD_IA" }},
			outcome: measure.Differs, check: "storage_class", result: measure.Different, message: "wanted STANDARD, got STANDARD_IA"},
		{name: "encryption", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ServerSideEncryption = "aws:kms" }},
			outcome: measure.Differs, check: "encryption", result: measure.Different, message: "wanted AES256, got aws:kms"},
		{name: "status", destination: tampered{head: func(o *s3.HeadObjectOutput) { o.ReplicationStatus = "" }},
			outcome: measure.Differs, check: "status", result: measure.Different, message: "wanted REPLICA, got none"},
		{name: "tags", destination: tampered{tags: func(o *s3.GetObjectTaggingOutput) {
			o.TagSet = []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("1")}}
		}}, outcome: measure.Differs, check: "tags", result: measure.Different, message: "tags (wanted none, got a=1 b=2)"},
		{name: "no tags to miss", destination: tampered{fail: map[string]error{"tags": unanswered}}, outcome: measure.Arrived},
		{name: "body", destination: tampered{body: func(s string) string { return s[:100] + "x" + s[101:] }},
			outcome: measure.Differs, check: "body", result: measure.Different, message: "got byte 100 differs"},
		{name: "body that ends", destination: tampered{body: func(s string) string { return s[:100] }},
			outcome: measure.Differs, check: "body", result: measure.Different, message: "got ends after byte 100"},
		{name: "body that is not answered", destination: tampered{fail: map[string]error{"get": unanswered}},
			outcome: measure.Arrived, check: "body", result: measure.Unread, message: "InternalError: try again"},
		{name: "body in an archive", destination: tampered{
			head: func(o *s3.HeadObjectOutput) { o.StorageClass = "GLACIER" }, fail: map[string]error{"get": unanswered},
		}, outcome: measure.Differs, check: "storage_class", result: measure.Different},
		{name: "owner not listed", destination: tampered{list: noOwner},
			outcome: measure.Arrived, check: "owner", result: measure.Unread},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, labWorld{lag: time.Second})
				target := l.target(0)
				test.source.S3, test.destination.S3 = target.Source.S3, target.Destination.S3
				target.Source.S3, target.Destination.S3 = test.source, test.destination
				v := test.variant
				if v == "" {
					v = measure.Plain
				}
				m := Probe(t.Context(), target, v, 1, probeOptions)
				if m.Outcome != test.outcome || !strings.Contains(m.Message, test.message) || test.check == "" && m.Message != "" {
					t.Errorf("outcome %s: %s", m.Outcome, m.Message)
				}
				found := false
				for _, c := range m.Checks {
					switch {
					case c.Name == test.check && c.Result == test.result:
						found = true
					case c.Result != measure.Equal && (c.Name != "owner" || c.Result != measure.Tolerated):
						t.Errorf("check %+v", c)
					}
				}
				if found != (test.check != "") {
					t.Errorf("no check %s is %s: %+v", test.check, test.result, m.Checks)
				}
				l.empty(0)
			})
		})
	}
}
