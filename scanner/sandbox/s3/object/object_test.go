package object_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosscheck/scanner/sandbox/s3/checksum"
	"crosscheck/scanner/sandbox/state"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox/sandboxtest"
)

// TestObjectRoundTrip puts an object with everything that can hang on it.
const minPart = 5 << 20 // of every part but the last

func TestObjectRoundTrip(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b, k := aws.String("versioned"), aws.String("a key/with +signs, ünïcode & <marks>")
	in := &s3.PutObjectInput{
		Bucket: b, Key: k, Body: strings.NewReader("hello, world"),
		ContentType: aws.String("text/plain"), CacheControl: aws.String("no-store"), ContentEncoding: aws.String("identity"), ContentLanguage: aws.String("en"),
		ContentDisposition: aws.String("inline"), Metadata: map[string]string{"Owner-Name": "dr"}, Tagging: aws.String("team=dr&env=prod%20eu"),
		StorageClass: "STANDARD_IA",
	}
	out, err := c.PutObject(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if *out.ETag != `"`+sandboxtest.MD5("hello, world")+`"` || out.ServerSideEncryption != "AES256" || out.ChecksumType != "FULL_OBJECT" || aws.ToString(out.ChecksumCRC32) == "" {
		t.Errorf("PutObject: %+v", out)
	}
	got, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || string(body) != "hello, world" {
		t.Errorf("body %q, %v", body, err)
	}
	if *got.ContentType != "text/plain" || *got.CacheControl != "no-store" || *got.ContentEncoding != "identity" || *got.ContentLanguage != "en" || *got.ContentDisposition != "inline" {
		t.Errorf("content headers: %+v", got)
	}
	if diff := cmp.Diff(map[string]string{"owner-name": "dr"}, got.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if *got.TagCount != 2 || got.StorageClass != "STANDARD_IA" || *got.VersionId != *out.VersionId || got.ReplicationStatus != "" || got.LastModified.Nanosecond() != 0 {
		t.Errorf("GetObject: %+v", got)
	}
	head, err := c.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: b, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	if *head.ContentLength != 12 || head.ChecksumCRC32 != nil || head.SSEKMSKeyId != nil || head.BucketKeyEnabled != nil || head.ObjectLockMode != "" {
		t.Errorf("HeadObject shows what it should not: %+v", head)
	}
	head, err = c.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: b, Key: k, ChecksumMode: "ENABLED"})
	if err != nil || aws.ToString(head.ChecksumCRC32) != *out.ChecksumCRC32 || head.ChecksumType != "FULL_OBJECT" {
		t.Errorf("HeadObject with checksum mode: %+v, %v", head, err)
	}
	attributes, err := c.GetObjectAttributes(context.Background(), &s3.GetObjectAttributesInput{Bucket: b, Key: k, ObjectAttributes: []types.ObjectAttributes{"ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"}})
	if err != nil {
		t.Fatal(err)
	}
	if *attributes.ETag != sandboxtest.MD5("hello, world") || *attributes.ObjectSize != 12 || *attributes.Checksum.ChecksumCRC32 != *out.ChecksumCRC32 || attributes.StorageClass != "STANDARD_IA" ||
		attributes.ObjectParts != nil || *attributes.VersionId != *out.VersionId || attributes.LastModified == nil {
		t.Errorf("GetObjectAttributes: %+v", attributes)
	}
	acl, err := c.GetObjectAcl(context.Background(), &s3.GetObjectAclInput{Bucket: b, Key: k})
	if err != nil || len(acl.Grants) != 1 || *acl.Owner.ID != s.State.CanonicalID("111111111111") || acl.Owner.DisplayName != nil {
		t.Errorf("GetObjectAcl: %+v, %v", acl, err)
	}
	tagging, err := c.GetObjectTagging(context.Background(), &s3.GetObjectTaggingInput{Bucket: b, Key: k})
	if err != nil || len(tagging.TagSet) != 2 || *tagging.TagSet[0].Value != "prod eu" || *tagging.VersionId != *out.VersionId {
		t.Errorf("GetObjectTagging: %+v, %v", tagging, err)
	}
	if _, err := c.PutObjectTagging(context.Background(), &s3.PutObjectTaggingInput{Bucket: b, Key: k, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteObjectTagging(context.Background(), &s3.DeleteObjectTaggingInput{Bucket: b, Key: k}); err != nil {
		t.Fatal(err)
	}
	tagging, err = c.GetObjectTagging(context.Background(), &s3.GetObjectTaggingInput{Bucket: b, Key: k})
	if err != nil || len(tagging.TagSet) != 0 {
		t.Errorf("GetObjectTagging after delete: %+v, %v", tagging, err)
	}
	list, err := c.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: b, EncodingType: "url"})
	if err != nil || len(list.Contents) != 1 || *list.Contents[0].Key != "a+key/with+%2Bsigns%2C+%C3%BCn%C3%AFcode+%26+%3Cmarks%3E" {
		t.Errorf("ListObjectsV2: %+v, %v", list, err)
	}
}

func TestObjectTagCountNeedsPermission(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	sandboxtest.Put(t, s.S3(sandboxtest.SourceAdmin, "us-east-1"), "versioned", "k", "x", func(in *s3.PutObjectInput) { in.Tagging = aws.String("a=b") })
	head, err := s.S3(sandboxtest.SourceLimited, "us-east-1").HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k")})
	if err != nil || head.TagCount != nil {
		t.Errorf("TagCount %v, %v", head.TagCount, err)
	}
	_, err = s.S3(sandboxtest.SourceLimited, "us-east-1").GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("none")})
	sandboxtest.WantCode(t, "a missing key without s3:ListBucket", err, "AccessDenied", 403)
	_, err = s.S3(sandboxtest.SourceLimited, "us-east-1").PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k"), Tagging: aws.String("a=b")})
	sandboxtest.WantCode(t, "tags without s3:PutObjectTagging", err, "AccessDenied", 403)
}

// TestChecksums puts with each algorithm that the SDK computes, trailing and in the header.
func TestChecksums(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b := aws.String("versioned")
	body := strings.Repeat("0123456789abcdef", 10_000)
	for _, algorithm := range []types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		k := aws.String("k" + string(algorithm))
		sandboxtest.Put(t, c, "versioned", *k, body, func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = algorithm })
		// The SDK verifies the checksum of what it reads.
		got, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k, ChecksumMode: "ENABLED"})
		if err != nil {
			t.Fatal(err)
		}
		if read, err := io.ReadAll(got.Body); err != nil || string(read) != body {
			t.Errorf("%s: %d bytes, %v", algorithm, len(read), err)
		}
		if validated := got.ResultMetadata.Get; validated == nil || got.ChecksumType != "FULL_OBJECT" {
			t.Errorf("%s: type %s", algorithm, got.ChecksumType)
		}
	}
	// Without any, S3 computes CRC64NVME. The value is that of the AWS documentation's
	// example algorithm for "123456789".
	plain := s.S3(sandboxtest.SourceAdmin, "us-east-1", func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired })
	out, err := plain.PutObject(context.Background(), &s3.PutObjectInput{Bucket: b, Key: aws.String("none"), Body: strings.NewReader("123456789")})
	if err != nil || aws.ToString(out.ChecksumCRC64NVME) != "rosUhgp5mIg=" { // ae8b14860a799888, the check value of CRC-64/NVME
		t.Errorf("default checksum %q, %v", aws.ToString(out.ChecksumCRC64NVME), err)
	}

	for _, test := range []struct {
		name   string
		header http.Header
		code   string
		status int
	}{
		{"right CRC32", http.Header{"X-Amz-Checksum-Crc32": {"DUoRhQ=="}}, "", 200}, // of "hello world"
		{"wrong CRC32", http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}, "BadDigest", 400},
		{"two", http.Header{"X-Amz-Checksum-Crc32": {"DUoRhQ=="}, "X-Amz-Checksum-Sha1": {"Kq5sNclPz7QV2+lfQIuc6R7oRu0="}}, "InvalidRequest", 400},
		{"right MD5", http.Header{"Content-Md5": {"XrY7u+Ae7tCTyyK7j1rNww=="}}, "", 200},
		{"wrong MD5", http.Header{"Content-Md5": {"AAAAAAAAAAAAAAAAAAAAAA=="}}, "BadDigest", 400},
		{"no MD5", http.Header{"Content-Md5": {"x"}}, "InvalidDigest", 400},
		{"wrong SHA256", http.Header{"X-Amz-Content-Sha256": {strings.Repeat("0", 64)}}, "XAmzContentSHA256Mismatch", 400},
		{"unknown", http.Header{"X-Amz-Checksum-Xxhash3": {"AAAA"}}, "NotImplemented", 501},
	} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPut, "https://versioned.s3.us-east-1.amazonaws.com/direct", strings.NewReader("hello world"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = test.header
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+sandboxtest.SourceAdmin+"/20260101/us-east-1/s3/aws4_request, Signature=0")
		res, err := s.HTTPClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer := sandboxtest.Text(t, res); res.StatusCode != test.status || !strings.Contains(answer, test.code) {
			t.Errorf("%s: %d %s", test.name, res.StatusCode, answer)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b, k := aws.String("plain"), aws.String("k")
	get := func(id *string) (string, error) {
		out, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k, VersionId: id})
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(out.Body)
		return string(body), err
	}
	version := func(status types.BucketVersioningStatus) {
		t.Helper()
		if _, err := c.PutBucketVersioning(context.Background(), &s3.PutBucketVersioningInput{Bucket: b, VersioningConfiguration: &types.VersioningConfiguration{Status: status}}); err != nil {
			t.Fatal(err)
		}
	}
	// Never versioned: an overwrite leaves one object, and no version id is told.
	for _, body := range []string{"one", "two"} {
		if id := sandboxtest.Put(t, c, *b, *k, body); id != "" {
			t.Errorf("version id %q without versioning", id)
		}
	}
	if n := len(s.State.Bucket("plain").Objects["k"].Versions); n != 1 {
		t.Errorf("%d versions without versioning", n)
	}
	version("Enabled")
	first := sandboxtest.Put(t, c, *b, *k, "three")
	second := sandboxtest.Put(t, c, *b, *k, "four")
	if first == second || first == "null" || len(first) != 32 {
		t.Errorf("version ids %q and %q", first, second)
	}
	version("Suspended")
	if id := sandboxtest.Put(t, c, *b, *k, "five"); id != "null" {
		t.Errorf("version id %q while suspended", id)
	}
	for id, want := range map[string]string{first: "three", second: "four", "null": "five"} {
		if got, err := get(&id); got != want || err != nil {
			t.Errorf("version %s: %q, %v; want %q", id, got, err, want)
		}
	}
	// A delete while suspended replaces the null version by a null delete marker.
	out, err := c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: b, Key: k})
	if err != nil || !aws.ToBool(out.DeleteMarker) || aws.ToString(out.VersionId) != "null" {
		t.Errorf("delete while suspended: %+v, %v", out, err)
	}
	_, err = get(nil)
	sandboxtest.WantCode(t, "under a marker", err, "NoSuchKey", 404)
	_, err = get(aws.String("null"))
	sandboxtest.WantCode(t, "the marker", err, "MethodNotAllowed", 405)
	_, err = c.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: b, Key: k})
	sandboxtest.WantCode(t, "HEAD under a marker", err, "NotFound", 404)
	version("Enabled")
	out, err = c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: b, Key: k})
	if err != nil || !aws.ToBool(out.DeleteMarker) || aws.ToString(out.VersionId) == "null" {
		t.Errorf("delete: %+v, %v", out, err)
	}
	marker := out.VersionId
	list, err := c.ListObjectVersions(context.Background(), &s3.ListObjectVersionsInput{Bucket: b})
	if err != nil || len(list.Versions) != 2 || len(list.DeleteMarkers) != 2 || !aws.ToBool(list.DeleteMarkers[0].IsLatest) || aws.ToBool(list.Versions[0].IsLatest) {
		t.Errorf("versions: %+v, %v", list, err)
	}
	out, err = c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: marker})
	if err != nil || !aws.ToBool(out.DeleteMarker) || *out.VersionId != *marker {
		t.Errorf("deleting a marker: %+v, %v", out, err)
	}
	out, err = c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: &first})
	if err != nil || out.DeleteMarker != nil || *out.VersionId != first {
		t.Errorf("deleting a version: %+v, %v", out, err)
	}
	_, err = get(&first)
	sandboxtest.WantCode(t, "a deleted version", err, "NoSuchVersion", 404)
	_, err = get(aws.String("no-version-id"))
	sandboxtest.WantCode(t, "what is no version id", err, "InvalidArgument", 400)
	_, err = c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: b, Key: aws.String("never-there"), VersionId: &first})
	sandboxtest.WantCode(t, "deleting what is not there", err, "", 0)

	deleted, err := c.DeleteObjects(context.Background(), &s3.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: k, VersionId: &second}, {Key: k, VersionId: aws.String("null")}, {Key: aws.String("other")}, {Key: k, VersionId: aws.String("bad")},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(deleted.Deleted) != 3 || !aws.ToBool(deleted.Deleted[1].DeleteMarker) || aws.ToString(deleted.Deleted[2].DeleteMarkerVersionId) == "" ||
		len(deleted.Errors) != 1 || *deleted.Errors[0].Code != "InvalidArgument" {
		t.Errorf("DeleteObjects: %+v", deleted)
	}
}

func TestConditionsAndRanges(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b, k := aws.String("versioned"), aws.String("k")
	sandboxtest.Put(t, c, *b, *k, "0123456789")
	etag := aws.String(`"` + sandboxtest.MD5("0123456789") + `"`)
	past, future := aws.Time(time.Now().Add(-time.Hour)), aws.Time(time.Now().Add(time.Hour))
	for _, test := range []struct {
		name   string
		in     s3.GetObjectInput
		status int
		body   string
	}{
		{"If-Match", s3.GetObjectInput{IfMatch: etag}, 0, "0123456789"},
		{"If-Match of another", s3.GetObjectInput{IfMatch: aws.String(`"x"`)}, 412, ""},
		{"If-Match beats If-Unmodified-Since", s3.GetObjectInput{IfMatch: etag, IfUnmodifiedSince: past}, 0, "0123456789"},
		{"If-Unmodified-Since", s3.GetObjectInput{IfUnmodifiedSince: past}, 412, ""},
		{"If-Unmodified-Since the future", s3.GetObjectInput{IfUnmodifiedSince: future}, 0, "0123456789"},
		{"If-None-Match", s3.GetObjectInput{IfNoneMatch: etag}, 304, ""},
		{"If-None-Match of another", s3.GetObjectInput{IfNoneMatch: aws.String(`"x"`), IfModifiedSince: future}, 0, "0123456789"},
		{"If-Modified-Since", s3.GetObjectInput{IfModifiedSince: future}, 304, ""},
		{"If-Modified-Since the past", s3.GetObjectInput{IfModifiedSince: past}, 0, "0123456789"},
		{"range", s3.GetObjectInput{Range: aws.String("bytes=2-4")}, 0, "234"},
		{"range to the end", s3.GetObjectInput{Range: aws.String("bytes=7-")}, 0, "789"},
		{"range beyond the end", s3.GetObjectInput{Range: aws.String("bytes=7-99")}, 0, "789"},
		{"suffix", s3.GetObjectInput{Range: aws.String("bytes=-3")}, 0, "789"},
		{"range behind the end", s3.GetObjectInput{Range: aws.String("bytes=10-")}, 416, ""},
		{"no range", s3.GetObjectInput{Range: aws.String("bytes=4-2")}, 0, "0123456789"},
		{"part 1 of a plain object", s3.GetObjectInput{PartNumber: aws.Int32(1)}, 0, "0123456789"},
		{"part 2 of a plain object", s3.GetObjectInput{PartNumber: aws.Int32(2)}, 416, ""},
	} {
		in := test.in
		in.Bucket, in.Key = b, k
		out, err := c.GetObject(context.Background(), &in)
		if _, status := sandboxtest.ErrorCode(err); status != test.status {
			t.Errorf("%s: status %d, want %d (%v)", test.name, status, test.status, err)
		}
		if err == nil {
			if body, err := io.ReadAll(out.Body); err != nil || string(body) != test.body {
				t.Errorf("%s: %q, %v", test.name, body, err)
			}
		}
	}
	ranged, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k, Range: aws.String("bytes=2-4")})
	if err != nil || aws.ToString(ranged.ContentRange) != "bytes 2-4/10" || *ranged.ContentLength != 3 {
		t.Errorf("range: %+v, %v", ranged, err)
	}
	write := func(key string, change func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: b, Key: &key, Body: strings.NewReader("x")}
		change(in)
		_, err := c.PutObject(context.Background(), in)
		return err
	}
	sandboxtest.WantCode(t, "create over an object", write("k", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), "PreconditionFailed", 412)
	sandboxtest.WantCode(t, "create", write("new", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), "", 0)
	sandboxtest.WantCode(t, "replace another", write("k", func(in *s3.PutObjectInput) { in.IfMatch = aws.String(`"x"`) }), "PreconditionFailed", 412)
	sandboxtest.WantCode(t, "replace nothing", write("nothing", func(in *s3.PutObjectInput) { in.IfMatch = etag }), "NoSuchKey", 404)
	sandboxtest.WantCode(t, "replace", write("k", func(in *s3.PutObjectInput) { in.IfMatch = etag }), "", 0)
	if _, err := c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: b, Key: aws.String("new")}); err != nil {
		t.Fatal(err)
	}
	sandboxtest.WantCode(t, "create over a marker", write("new", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), "", 0)
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b := aws.String("versioned")
	keyARN := "arn:aws:kms:us-east-1:111111111111:key/11111111-1111-4111-8111-111111111111"
	for _, text := range []string{keyARN, "11111111-1111-4111-8111-111111111111", "alias/source", "arn:aws:kms:us-east-1:111111111111:alias/source"} {
		out, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: b, Key: aws.String("kms"), Body: strings.NewReader("x"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &text, BucketKeyEnabled: aws.Bool(true)})
		if err != nil || aws.ToString(out.SSEKMSKeyId) != keyARN || !aws.ToBool(out.BucketKeyEnabled) || *out.ETag == `"`+sandboxtest.MD5("x")+`"` {
			t.Errorf("%s: %+v, %v", text, out, err)
		}
	}
	managed, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: b, Key: aws.String("managed"), Body: strings.NewReader("x"), ServerSideEncryption: "aws:kms"})
	if err != nil || s.State.Keys[aws.ToString(managed.SSEKMSKeyId)].Manager != "AWS" {
		t.Errorf("aws/s3: %+v, %v", managed, err)
	}
	_, err = c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: b, Key: aws.String("kms"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: aws.String("alias/none")})
	sandboxtest.WantCode(t, "no such key", err, "KMS.NotFoundException", 400)
	s.State.Keys[keyARN].State = "Disabled"
	_, err = c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: aws.String("kms")})
	sandboxtest.WantCode(t, "disabled key", err, "KMS.DisabledException", 400)
	_, err = c.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: b, Key: aws.String("kms")})
	sandboxtest.WantCode(t, "HEAD needs no key", err, "", 0)

	key := strings.Repeat("k", 32)
	digest := md5.Sum([]byte(key))
	customer := func(in *s3.PutObjectInput) {
		in.SSECustomerAlgorithm, in.SSECustomerKey = aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString([]byte(key)))
		in.SSECustomerKeyMD5 = aws.String(base64.StdEncoding.EncodeToString(digest[:]))
	}
	in := &s3.PutObjectInput{Bucket: b, Key: aws.String("customer"), Body: strings.NewReader("x")}
	customer(in)
	out, err := c.PutObject(context.Background(), in)
	if err != nil || out.ServerSideEncryption != "" || *out.SSECustomerKeyMD5 != *in.SSECustomerKeyMD5 {
		t.Errorf("SSE-C: %+v, %v", out, err)
	}
	_, err = c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: in.Key})
	sandboxtest.WantCode(t, "without the key", err, "InvalidRequest", 400)
	other := strings.Repeat("o", 32)
	otherDigest := md5.Sum([]byte(other))
	_, err = c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: in.Key, SSECustomerAlgorithm: aws.String("AES256"),
		SSECustomerKey: aws.String(base64.StdEncoding.EncodeToString([]byte(other))), SSECustomerKeyMD5: aws.String(base64.StdEncoding.EncodeToString(otherDigest[:]))})
	sandboxtest.WantCode(t, "with another key", err, "AccessDenied", 403)
	got, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: in.Key, SSECustomerAlgorithm: in.SSECustomerAlgorithm, SSECustomerKey: in.SSECustomerKey, SSECustomerKeyMD5: in.SSECustomerKeyMD5})
	if err != nil || aws.ToString(got.SSECustomerAlgorithm) != "AES256" || got.ServerSideEncryption != "" {
		t.Errorf("with the key: %+v, %v", got, err)
	}
	blocked := &s3.PutObjectInput{Bucket: aws.String("plain"), Key: aws.String("k"), Body: strings.NewReader("x")}
	customer(blocked)
	_, err = c.PutObject(context.Background(), blocked)
	sandboxtest.WantCode(t, "SSE-C where it is blocked", err, "AccessDenied", 403)
}

func TestArchivedObject(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	sandboxtest.Put(t, c, "versioned", "k", "x", func(in *s3.PutObjectInput) { in.StorageClass = "DEEP_ARCHIVE" })
	_, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k")})
	sandboxtest.WantCode(t, "GET", err, "InvalidObjectState", 403)
	head, err := c.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k")})
	if err != nil || head.StorageClass != "DEEP_ARCHIVE" {
		t.Errorf("HEAD: %+v, %v", head, err)
	}
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b, k := aws.String("versioned"), aws.String("big")
	whole := bytes.Repeat([]byte("0123456789abcdef"), (2*minPart+100)/16)
	pieces := [][]byte{whole[:minPart], whole[minPart : 2*minPart], whole[2*minPart:]}

	upload := func(algorithm types.ChecksumAlgorithm, kind types.ChecksumType) (*s3.CompleteMultipartUploadOutput, error) {
		created, err := c.CreateMultipartUpload(context.Background(), &s3.CreateMultipartUploadInput{
			Bucket: b, Key: k, ChecksumAlgorithm: algorithm, ChecksumType: kind, Tagging: aws.String("a=b"), Metadata: map[string]string{"m": "v"},
		})
		if err != nil {
			return nil, err
		}
		var parts []types.CompletedPart
		for i, piece := range pieces {
			n := aws.Int32(int32(i + 1))
			p, err := c.UploadPart(context.Background(), &s3.UploadPartInput{Bucket: b, Key: k, UploadId: created.UploadId, PartNumber: n, Body: bytes.NewReader(piece), ChecksumAlgorithm: algorithm})
			if err != nil {
				return nil, err
			}
			parts = append(parts, types.CompletedPart{
				PartNumber: n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32, ChecksumCRC32C: p.ChecksumCRC32C, ChecksumCRC64NVME: p.ChecksumCRC64NVME, ChecksumSHA256: p.ChecksumSHA256,
			})
		}
		listed, err := c.ListParts(context.Background(), &s3.ListPartsInput{Bucket: b, Key: k, UploadId: created.UploadId, MaxParts: aws.Int32(2)})
		if err != nil || len(listed.Parts) != 2 || !aws.ToBool(listed.IsTruncated) || *listed.Parts[1].Size != minPart {
			t.Errorf("ListParts: %+v, %v", listed, err)
		}
		return c.CompleteMultipartUpload(context.Background(), &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	}
	var digests []byte
	for _, piece := range pieces {
		d := md5.Sum(piece)
		digests = append(digests, d[:]...)
	}
	etag := fmt.Sprintf(`"%x-3"`, md5.Sum(digests))
	for _, test := range []struct {
		algorithm types.ChecksumAlgorithm
		kind      types.ChecksumType
		want      checksum.Checksum
	}{
		{"CRC64NVME", "FULL_OBJECT", checksum.Of("CRC64NVME", whole)},
		{"CRC32", "FULL_OBJECT", checksum.Of("CRC32", whole)},
		{"SHA256", "COMPOSITE", checksum.Checksum{Algorithm: "SHA256", Value: checksum.Of("SHA256", slices.Concat(checksum.Sum("SHA256", pieces[0]), checksum.Sum("SHA256", pieces[1]), checksum.Sum("SHA256", pieces[2]))).Value + "-3", Kind: "COMPOSITE"}},
		{"", "", checksum.Checksum{}},
	} {
		out, err := upload(test.algorithm, test.kind)
		if err != nil {
			t.Errorf("%s: %v", test.algorithm, err)
			continue
		}
		if *out.ETag != etag || aws.ToString(out.VersionId) == "" {
			t.Errorf("%s: ETag %s, want %s", test.algorithm, *out.ETag, etag)
		}
		if test.want.Value != "" {
			v := s.State.Bucket("versioned").Current("big")
			if diff := cmp.Diff(test.want, v.Checksum, cmp.AllowUnexported(checksum.Checksum{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.algorithm, diff)
			}
		}
		got, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k, ChecksumMode: "ENABLED"})
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(body, whole) {
			t.Errorf("%s: %d bytes, %v", test.algorithm, len(body), err)
		}
		if got.Metadata["m"] != "v" || aws.ToInt32(got.TagCount) != 1 {
			t.Errorf("%s: metadata %v, tags %v", test.algorithm, got.Metadata, got.TagCount)
		}
	}
	part, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k, PartNumber: aws.Int32(3)})
	if err != nil || *part.ContentLength != int64(len(pieces[2])) || *part.PartsCount != 3 {
		t.Errorf("part 3: %+v, %v", part, err)
	}

	created, err := c.CreateMultipartUpload(context.Background(), &s3.CreateMultipartUploadInput{Bucket: b, Key: aws.String("small")})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for i := range int32(2) {
		p, err := c.UploadPart(context.Background(), &s3.UploadPartInput{Bucket: b, Key: aws.String("small"), UploadId: created.UploadId, PartNumber: aws.Int32(i + 1), Body: strings.NewReader("tiny")})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(i + 1), ETag: p.ETag})
	}
	complete := func(parts ...types.CompletedPart) error {
		_, err := c.CompleteMultipartUpload(context.Background(), &s3.CompleteMultipartUploadInput{Bucket: b, Key: aws.String("small"), UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
		return err
	}
	sandboxtest.WantCode(t, "small parts", complete(parts...), "EntityTooSmall", 400)
	sandboxtest.WantCode(t, "wrong order", complete(parts[1], parts[0]), "InvalidPartOrder", 400)
	sandboxtest.WantCode(t, "wrong ETag", complete(types.CompletedPart{PartNumber: aws.Int32(1), ETag: aws.String(`"x"`)}), "InvalidPart", 400)
	uploads, err := c.ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: b})
	if err != nil || len(uploads.Uploads) != 1 || *uploads.Uploads[0].UploadId != *created.UploadId {
		t.Errorf("ListMultipartUploads: %+v, %v", uploads, err)
	}
	_, err = c.AbortMultipartUpload(context.Background(), &s3.AbortMultipartUploadInput{Bucket: b, Key: aws.String("small"), UploadId: created.UploadId})
	sandboxtest.WantCode(t, "abort", err, "", 0)
	sandboxtest.WantCode(t, "after the abort", complete(parts[0]), "NoSuchUpload", 404)
}

func TestCopyObject(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	sandboxtest.Put(t, c, "versioned", "a b", "hello", func(in *s3.PutObjectInput) {
		in.Tagging, in.Metadata, in.ContentType = aws.String("t=1"), map[string]string{"m": "1"}, aws.String("text/plain")
	})
	out, err := c.CopyObject(context.Background(), &s3.CopyObjectInput{Bucket: aws.String("plain"), Key: aws.String("copy"), CopySource: aws.String("versioned/a%20b")})
	if err != nil || *out.CopyObjectResult.ETag != `"`+sandboxtest.MD5("hello")+`"` || aws.ToString(out.CopySourceVersionId) == "" {
		t.Fatalf("copy: %+v, %v", out, err)
	}
	head, err := c.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: aws.String("plain"), Key: aws.String("copy")})
	if err != nil || *head.ContentType != "text/plain" || head.Metadata["m"] != "1" || aws.ToInt32(head.TagCount) != 1 {
		t.Errorf("head: %+v, %v", head, err)
	}
	_, err = c.CopyObject(context.Background(), &s3.CopyObjectInput{Bucket: aws.String("versioned"), Key: aws.String("a b"), CopySource: aws.String("versioned/a%20b")})
	sandboxtest.WantCode(t, "onto itself", err, "InvalidRequest", 400)
	_, err = c.CopyObject(context.Background(), &s3.CopyObjectInput{Bucket: aws.String("versioned"), Key: aws.String("a b"), CopySource: aws.String("versioned/a%20b"), MetadataDirective: "REPLACE"})
	sandboxtest.WantCode(t, "onto itself with other metadata", err, "", 0)
	_, err = c.CopyObject(context.Background(), &s3.CopyObjectInput{Bucket: aws.String("plain"), Key: aws.String("x"), CopySource: aws.String("versioned/none")})
	sandboxtest.WantCode(t, "of nothing", err, "NoSuchKey", 404)
	_, err = c.CopyObject(context.Background(), &s3.CopyObjectInput{Bucket: aws.String("plain"), Key: aws.String("x"), CopySource: aws.String("dst/none")})
	sandboxtest.WantCode(t, "of what may not be read", err, "AccessDenied", 403)
}

func TestObjectLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sandboxtest.Storage(t)
		c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
		b, k := aws.String("versioned"), aws.String("k")
		_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: b, Key: k, ObjectLockLegalHoldStatus: "ON"})
		sandboxtest.WantCode(t, "without a lock on the bucket", err, "InvalidRequest", 400)
		s.State.Bucket("versioned").Lock = &state.ObjectLock{Mode: "GOVERNANCE", Days: 1}

		id := sandboxtest.Put(t, c, *b, *k, "x")
		head, err := c.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: b, Key: k})
		if err != nil || head.ObjectLockMode != "GOVERNANCE" || !head.ObjectLockRetainUntilDate.Equal(time.Now().AddDate(0, 0, 1)) || head.ObjectLockLegalHoldStatus != "" {
			t.Errorf("default retention: %+v, %v", head, err)
		}
		remove := func(id string, bypass bool) error {
			_, err := c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: &id, BypassGovernanceRetention: &bypass})
			return err
		}
		sandboxtest.WantCode(t, "delete under retention", remove(id, false), "AccessDenied", 403)
		sandboxtest.WantCode(t, "delete with bypass", remove(id, true), "", 0)

		id = sandboxtest.Put(t, c, *b, *k, "x", func(in *s3.PutObjectInput) { in.ObjectLockLegalHoldStatus = "ON" })
		sandboxtest.WantCode(t, "delete under legal hold", remove(id, true), "AccessDenied", 403)
		hold, err := c.GetObjectLegalHold(context.Background(), &s3.GetObjectLegalHoldInput{Bucket: b, Key: k})
		if err != nil || hold.LegalHold.Status != "ON" {
			t.Errorf("legal hold: %+v, %v", hold, err)
		}
		_, err = c.PutObjectLegalHold(context.Background(), &s3.PutObjectLegalHoldInput{Bucket: b, Key: k, LegalHold: &types.ObjectLockLegalHold{Status: "OFF"}})
		sandboxtest.WantCode(t, "release", err, "", 0)
		_, err = c.PutObjectRetention(context.Background(), &s3.PutObjectRetentionInput{Bucket: b, Key: k, Retention: &types.ObjectLockRetention{Mode: "COMPLIANCE", RetainUntilDate: aws.Time(time.Now().AddDate(0, 0, 2))}})
		sandboxtest.WantCode(t, "longer and stricter", err, "", 0)
		_, err = c.PutObjectRetention(context.Background(), &s3.PutObjectRetentionInput{Bucket: b, Key: k, BypassGovernanceRetention: aws.Bool(true), Retention: &types.ObjectLockRetention{Mode: "COMPLIANCE", RetainUntilDate: aws.Time(time.Now().AddDate(0, 0, 1))}})
		sandboxtest.WantCode(t, "shorter", err, "AccessDenied", 403)
		retention, err := c.GetObjectRetention(context.Background(), &s3.GetObjectRetentionInput{Bucket: b, Key: k})
		if err != nil || retention.Retention.Mode != "COMPLIANCE" {
			t.Errorf("retention: %+v, %v", retention, err)
		}
		sandboxtest.WantCode(t, "delete under compliance", remove(id, true), "AccessDenied", 403)
		time.Sleep(48 * time.Hour)
		sandboxtest.WantCode(t, "delete after retention", remove(id, false), "", 0)
	})
}

// TestForeignOwnedObjects: under ObjectWriter an object belongs to its writer, and
// the bucket's owner reads it only if the ACL says so.
func TestForeignOwnedObjects(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	b := s.State.Bucket("versioned")
	b.Ownership = state.ObjectWriter
	b.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":["s3:PutObject","s3:PutObjectAcl"],"Resource":"arn:aws:s3:::versioned/*"}]}`
	writer, owner := s.S3(sandboxtest.BackupAdmin, "us-east-1"), s.S3(sandboxtest.SourceAdmin, "us-east-1")
	sandboxtest.Put(t, writer, "versioned", "private", "x")
	sandboxtest.Put(t, writer, "versioned", "shared", "x", func(in *s3.PutObjectInput) { in.ACL = "bucket-owner-full-control" })
	get := func(c *s3.Client, key string) error {
		_, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: &key})
		return err
	}
	sandboxtest.WantCode(t, "writer", get(writer, "private"), "", 0)
	sandboxtest.WantCode(t, "bucket owner, private", get(owner, "private"), "AccessDenied", 403)
	sandboxtest.WantCode(t, "bucket owner, shared", get(owner, "shared"), "", 0)
	acl, err := writer.GetObjectAcl(context.Background(), &s3.GetObjectAclInput{Bucket: aws.String("versioned"), Key: aws.String("shared")})
	if err != nil || len(acl.Grants) != 2 || *acl.Owner.ID != s.State.CanonicalID("222222222222") {
		t.Errorf("ACL: %+v, %v", acl, err)
	}
	b.Ownership = state.BucketOwnerPreferred
	sandboxtest.Put(t, writer, "versioned", "preferred", "x", func(in *s3.PutObjectInput) { in.ACL = "bucket-owner-full-control" })
	if got := b.Current("preferred").Owner; got != "111111111111" {
		t.Errorf("BucketOwnerPreferred: owner %s", got)
	}
	b.Ownership = state.BucketOwnerEnforced
	sandboxtest.WantCode(t, "bucket owner, enforced", get(owner, "private"), "", 0)
	_, err = writer.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k"), ACL: "bucket-owner-read"})
	sandboxtest.WantCode(t, "ACL where there are none", err, "AccessControlListNotSupported", 400)
}

func TestRequesterPays(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	s.State.Bucket("versioned").RequestPayment = "Requester"
	s.State.Bucket("versioned").Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::versioned/*"}]}`
	sandboxtest.Put(t, s.S3(sandboxtest.SourceAdmin, "us-east-1"), "versioned", "k", "x")
	c := s.S3(sandboxtest.BackupAdmin, "us-east-1")
	_, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k")})
	sandboxtest.WantCode(t, "without paying", err, "AccessDenied", 403)
	_, err = c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k"), RequestPayer: "requester"})
	sandboxtest.WantCode(t, "paying", err, "", 0)
}

func TestPresignedGet(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	sandboxtest.Put(t, c, "versioned", "k", "hello")
	signed, err := s3.NewPresignClient(c).PresignGetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k"), ResponseContentType: aws.String("text/x")})
	if err != nil {
		t.Fatal(err)
	}
	res := s.Do(t, "GET", signed.URL, "", "")
	if body := sandboxtest.Text(t, res); body != "hello" || res.Header.Get("Content-Type") != "text/x" {
		t.Errorf("%d %s %s", res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	if res := s.Do(t, "GET", "https://versioned.s3.us-east-1.amazonaws.com/k", "", ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("anonymous: %d", res.StatusCode)
	}
}

func TestBucketPolicyDenies(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b, k := aws.String("versioned"), aws.String("k")
	id := sandboxtest.Put(t, c, *b, *k, "x")
	s.State.Bucket("versioned").Policy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Principal":"*","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::versioned/*"},
		{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::versioned/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}]}`
	_, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k, VersionId: &id})
	sandboxtest.WantCode(t, "denied version", err, "AccessDenied", 403)
	want := `User: arn:aws:sts::111111111111:assumed-role/admin/caller is not authorized to perform: s3:GetObjectVersion on resource: "arn:aws:s3:::versioned/k" with an explicit deny in a resource-based policy`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k})
	sandboxtest.WantCode(t, "the object itself", err, "", 0)
	_, err = c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: b, Key: k})
	sandboxtest.WantCode(t, "unencrypted write", err, "AccessDenied", 403)
	_, err = c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: b, Key: k, ServerSideEncryption: "aws:kms"})
	sandboxtest.WantCode(t, "encrypted write", err, "", 0)
	out, err := c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: b, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: b, Key: k, VersionId: out.VersionId})
	sandboxtest.WantCode(t, "a marker's version, GetObjectVersion denied", err, "MethodNotAllowed", 405)
}
