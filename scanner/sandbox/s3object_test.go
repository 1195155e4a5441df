package sandbox

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox/s3/checksum"
	"crosscheck/scanner/sandbox/s3/object"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
)

func hexMD5(s string) string {
	d := md5.Sum([]byte(s))
	return hex.EncodeToString(d[:])
}

// TestObjectRoundTrip puts an object with everything that can hang on it.
func TestObjectRoundTrip(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b, k := aws.String("versioned"), aws.String("a key/with +signs, ünïcode & <marks>")
	in := &s3.PutObjectInput{
		Bucket: b, Key: k, Body: strings.NewReader("hello, world"),
		ContentType: aws.String("text/plain"), CacheControl: aws.String("no-store"), ContentEncoding: aws.String("identity"), ContentLanguage: aws.String("en"),
		ContentDisposition: aws.String("inline"), Metadata: map[string]string{"Owner-Name": "dr"}, Tagging: aws.String("team=dr&env=prod%20eu"),
		StorageClass: "STANDARD_IA",
	}
	out, err := c.PutObject(background, in)
	if err != nil {
		t.Fatal(err)
	}
	if *out.ETag != `"`+hexMD5("hello, world")+`"` || out.ServerSideEncryption != "AES256" || out.ChecksumType != "FULL_OBJECT" || aws.ToString(out.ChecksumCRC32) == "" {
		t.Errorf("PutObject: %+v", out)
	}
	got, err := c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k})
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
	head, err := c.HeadObject(background, &s3.HeadObjectInput{Bucket: b, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	if *head.ContentLength != 12 || head.ChecksumCRC32 != nil || head.SSEKMSKeyId != nil || head.BucketKeyEnabled != nil || head.ObjectLockMode != "" {
		t.Errorf("HeadObject shows what it should not: %+v", head)
	}
	head, err = c.HeadObject(background, &s3.HeadObjectInput{Bucket: b, Key: k, ChecksumMode: "ENABLED"})
	if err != nil || aws.ToString(head.ChecksumCRC32) != *out.ChecksumCRC32 || head.ChecksumType != "FULL_OBJECT" {
		t.Errorf("HeadObject with checksum mode: %+v, %v", head, err)
	}
	attributes, err := c.GetObjectAttributes(background, &s3.GetObjectAttributesInput{Bucket: b, Key: k, ObjectAttributes: []types.ObjectAttributes{"ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"}})
	if err != nil {
		t.Fatal(err)
	}
	if *attributes.ETag != hexMD5("hello, world") || *attributes.ObjectSize != 12 || *attributes.Checksum.ChecksumCRC32 != *out.ChecksumCRC32 || attributes.StorageClass != "STANDARD_IA" ||
		attributes.ObjectParts != nil || *attributes.VersionId != *out.VersionId || attributes.LastModified == nil {
		t.Errorf("GetObjectAttributes: %+v", attributes)
	}
	acl, err := c.GetObjectAcl(background, &s3.GetObjectAclInput{Bucket: b, Key: k})
	if err != nil || len(acl.Grants) != 1 || *acl.Owner.ID != s.state.CanonicalID("111111111111") || acl.Owner.DisplayName != nil {
		t.Errorf("GetObjectAcl: %+v, %v", acl, err)
	}
	tagging, err := c.GetObjectTagging(background, &s3.GetObjectTaggingInput{Bucket: b, Key: k})
	if err != nil || len(tagging.TagSet) != 2 || *tagging.TagSet[0].Value != "prod eu" || *tagging.VersionId != *out.VersionId {
		t.Errorf("GetObjectTagging: %+v, %v", tagging, err)
	}
	if _, err := c.PutObjectTagging(background, &s3.PutObjectTaggingInput{Bucket: b, Key: k, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteObjectTagging(background, &s3.DeleteObjectTaggingInput{Bucket: b, Key: k}); err != nil {
		t.Fatal(err)
	}
	tagging, err = c.GetObjectTagging(background, &s3.GetObjectTaggingInput{Bucket: b, Key: k})
	if err != nil || len(tagging.TagSet) != 0 {
		t.Errorf("GetObjectTagging after delete: %+v, %v", tagging, err)
	}
	list, err := c.ListObjectsV2(background, &s3.ListObjectsV2Input{Bucket: b, EncodingType: "url"})
	if err != nil || len(list.Contents) != 1 || *list.Contents[0].Key != "a+key/with+%2Bsigns%2C+%C3%BCn%C3%AFcode+%26+%3Cmarks%3E" {
		t.Errorf("ListObjectsV2: %+v, %v", list, err)
	}
}

func TestObjectTagCountNeedsPermission(t *testing.T) {
	s := storage(t)
	put(t, s.s3(sourceAdmin, "us-east-1"), "versioned", "k", "x", func(in *s3.PutObjectInput) { in.Tagging = aws.String("a=b") })
	head, err := s.s3(sourceLimited, "us-east-1").HeadObject(background, &s3.HeadObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k")})
	if err != nil || head.TagCount != nil {
		t.Errorf("TagCount %v, %v", head.TagCount, err)
	}
	_, err = s.s3(sourceLimited, "us-east-1").GetObject(background, &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("none")})
	wantCode(t, "a missing key without s3:ListBucket", err, "AccessDenied", 403)
	_, err = s.s3(sourceLimited, "us-east-1").PutObject(background, &s3.PutObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k"), Tagging: aws.String("a=b")})
	wantCode(t, "tags without s3:PutObjectTagging", err, "AccessDenied", 403)
}

// TestChecksums puts with each algorithm that the SDK computes, trailing and in the header.
func TestChecksums(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b := aws.String("versioned")
	body := strings.Repeat("0123456789abcdef", 10_000)
	for _, algorithm := range []types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		k := aws.String("k" + string(algorithm))
		put(t, c, "versioned", *k, body, func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = algorithm })
		// The SDK verifies the checksum of what it reads.
		got, err := c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k, ChecksumMode: "ENABLED"})
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
	plain := s.s3(sourceAdmin, "us-east-1", func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired })
	out, err := plain.PutObject(background, &s3.PutObjectInput{Bucket: b, Key: aws.String("none"), Body: strings.NewReader("123456789")})
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
		r, err := http.NewRequestWithContext(background, http.MethodPut, "https://versioned.s3.us-east-1.amazonaws.com/direct", strings.NewReader("hello world"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = test.header
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+sourceAdmin+"/20260101/us-east-1/s3/aws4_request, Signature=0")
		res, err := s.HTTPClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer := text(t, res); res.StatusCode != test.status || !strings.Contains(answer, test.code) {
			t.Errorf("%s: %d %s", test.name, res.StatusCode, answer)
		}
	}
}

func TestUnchunk(t *testing.T) {
	for _, test := range []struct {
		name, in, body string
		trailer        http.Header
		ok             bool
	}{
		{"unsigned with trailer", "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n", "hello world", http.Header{"X-Amz-Checksum-Crc32": {"DUoRhQ=="}}, true},
		{"signed", "5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=cd\r\n\r\n", "hello", http.Header{}, true},
		{"signed trailer", "0;chunk-signature=cd\r\nx-amz-checksum-sha1:AA==\r\nx-amz-trailer-signature:ef\r\n\r\n", "", http.Header{"X-Amz-Checksum-Sha1": {"AA=="}, "X-Amz-Trailer-Signature": {"ef"}}, true},
		{"boto's trailer end", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\n\r\n\r\n\r\n", "hello", http.Header{"X-Amz-Checksum-Crc32": {"DUoRhQ=="}}, true},
		{"cut in a chunk", "5\r\nhel", "", nil, false},
		{"cut after a chunk", "5\r\nhello\r\n", "", nil, false},
		{"no length", "zz\r\nhello\r\n0\r\n\r\n", "", nil, false},
		{"huge length", "fffffffff\r\nhello\r\n", "", nil, false},
		{"empty", "", "", nil, false},
	} {
		body, trailer, ok := request.Unchunk([]byte(test.in))
		if string(body) != test.body || ok != test.ok || !cmp.Equal(trailer, test.trailer) {
			t.Errorf("%s: %q, %v, %v", test.name, body, trailer, ok)
		}
	}
}

func FuzzUnchunk(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\nx:y\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if body, _, ok := request.Unchunk(in); ok && len(body) > len(in) {
			t.Errorf("%d bytes out of %d", len(body), len(in))
		}
	})
}

func TestVersions(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b, k := aws.String("plain"), aws.String("k")
	get := func(id *string) (string, error) {
		out, err := c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: id})
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(out.Body)
		return string(body), err
	}
	version := func(status types.BucketVersioningStatus) {
		t.Helper()
		if _, err := c.PutBucketVersioning(background, &s3.PutBucketVersioningInput{Bucket: b, VersioningConfiguration: &types.VersioningConfiguration{Status: status}}); err != nil {
			t.Fatal(err)
		}
	}
	// Never versioned: an overwrite leaves one object, and no version id is told.
	for _, body := range []string{"one", "two"} {
		if id := put(t, c, *b, *k, body); id != "" {
			t.Errorf("version id %q without versioning", id)
		}
	}
	if n := len(s.state.Bucket("plain").Objects["k"].Versions); n != 1 {
		t.Errorf("%d versions without versioning", n)
	}
	version("Enabled")
	first := put(t, c, *b, *k, "three")
	second := put(t, c, *b, *k, "four")
	if first == second || first == "null" || len(first) != 32 {
		t.Errorf("version ids %q and %q", first, second)
	}
	version("Suspended")
	if id := put(t, c, *b, *k, "five"); id != "null" {
		t.Errorf("version id %q while suspended", id)
	}
	for id, want := range map[string]string{first: "three", second: "four", "null": "five"} {
		if got, err := get(&id); got != want || err != nil {
			t.Errorf("version %s: %q, %v; want %q", id, got, err, want)
		}
	}
	// A delete while suspended replaces the null version by a null delete marker.
	out, err := c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: b, Key: k})
	if err != nil || !aws.ToBool(out.DeleteMarker) || aws.ToString(out.VersionId) != "null" {
		t.Errorf("delete while suspended: %+v, %v", out, err)
	}
	_, err = get(nil)
	wantCode(t, "under a marker", err, "NoSuchKey", 404)
	_, err = get(aws.String("null"))
	wantCode(t, "the marker", err, "MethodNotAllowed", 405)
	_, err = c.HeadObject(background, &s3.HeadObjectInput{Bucket: b, Key: k})
	wantCode(t, "HEAD under a marker", err, "NotFound", 404)
	version("Enabled")
	out, err = c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: b, Key: k})
	if err != nil || !aws.ToBool(out.DeleteMarker) || aws.ToString(out.VersionId) == "null" {
		t.Errorf("delete: %+v, %v", out, err)
	}
	marker := out.VersionId
	list, err := c.ListObjectVersions(background, &s3.ListObjectVersionsInput{Bucket: b})
	if err != nil || len(list.Versions) != 2 || len(list.DeleteMarkers) != 2 || !aws.ToBool(list.DeleteMarkers[0].IsLatest) || aws.ToBool(list.Versions[0].IsLatest) {
		t.Errorf("versions: %+v, %v", list, err)
	}
	out, err = c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: marker})
	if err != nil || !aws.ToBool(out.DeleteMarker) || *out.VersionId != *marker {
		t.Errorf("deleting a marker: %+v, %v", out, err)
	}
	out, err = c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: &first})
	if err != nil || out.DeleteMarker != nil || *out.VersionId != first {
		t.Errorf("deleting a version: %+v, %v", out, err)
	}
	_, err = get(&first)
	wantCode(t, "a deleted version", err, "NoSuchVersion", 404)
	_, err = get(aws.String("no-version-id"))
	wantCode(t, "what is no version id", err, "InvalidArgument", 400)
	_, err = c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("never-there"), VersionId: &first})
	wantCode(t, "deleting what is not there", err, "", 0)

	deleted, err := c.DeleteObjects(background, &s3.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
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
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b, k := aws.String("versioned"), aws.String("k")
	put(t, c, *b, *k, "0123456789")
	etag := aws.String(`"` + hexMD5("0123456789") + `"`)
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
		out, err := c.GetObject(background, &in)
		if _, status := apiCode(err); status != test.status {
			t.Errorf("%s: status %d, want %d (%v)", test.name, status, test.status, err)
		}
		if err == nil {
			if body, err := io.ReadAll(out.Body); err != nil || string(body) != test.body {
				t.Errorf("%s: %q, %v", test.name, body, err)
			}
		}
	}
	ranged, err := c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k, Range: aws.String("bytes=2-4")})
	if err != nil || aws.ToString(ranged.ContentRange) != "bytes 2-4/10" || *ranged.ContentLength != 3 {
		t.Errorf("range: %+v, %v", ranged, err)
	}
	write := func(key string, change func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: b, Key: &key, Body: strings.NewReader("x")}
		change(in)
		_, err := c.PutObject(background, in)
		return err
	}
	wantCode(t, "create over an object", write("k", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), "PreconditionFailed", 412)
	wantCode(t, "create", write("new", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), "", 0)
	wantCode(t, "replace another", write("k", func(in *s3.PutObjectInput) { in.IfMatch = aws.String(`"x"`) }), "PreconditionFailed", 412)
	wantCode(t, "replace nothing", write("nothing", func(in *s3.PutObjectInput) { in.IfMatch = etag }), "NoSuchKey", 404)
	wantCode(t, "replace", write("k", func(in *s3.PutObjectInput) { in.IfMatch = etag }), "", 0)
	if _, err := c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("new")}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "create over a marker", write("new", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), "", 0)
}

func TestEncryption(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b := aws.String("versioned")
	keyARN := "arn:aws:kms:us-east-1:111111111111:key/11111111-1111-4111-8111-111111111111"
	for _, text := range []string{keyARN, "11111111-1111-4111-8111-111111111111", "alias/source", "arn:aws:kms:us-east-1:111111111111:alias/source"} {
		out, err := c.PutObject(background, &s3.PutObjectInput{Bucket: b, Key: aws.String("kms"), Body: strings.NewReader("x"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &text, BucketKeyEnabled: aws.Bool(true)})
		if err != nil || aws.ToString(out.SSEKMSKeyId) != keyARN || !aws.ToBool(out.BucketKeyEnabled) || *out.ETag == `"`+hexMD5("x")+`"` {
			t.Errorf("%s: %+v, %v", text, out, err)
		}
	}
	managed, err := c.PutObject(background, &s3.PutObjectInput{Bucket: b, Key: aws.String("managed"), Body: strings.NewReader("x"), ServerSideEncryption: "aws:kms"})
	if err != nil || s.state.Keys[aws.ToString(managed.SSEKMSKeyId)].Manager != "AWS" {
		t.Errorf("aws/s3: %+v, %v", managed, err)
	}
	_, err = c.PutObject(background, &s3.PutObjectInput{Bucket: b, Key: aws.String("kms"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: aws.String("alias/none")})
	wantCode(t, "no such key", err, "KMS.NotFoundException", 400)
	s.state.Keys[keyARN].State = "Disabled"
	_, err = c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: aws.String("kms")})
	wantCode(t, "disabled key", err, "KMS.DisabledException", 400)
	_, err = c.HeadObject(background, &s3.HeadObjectInput{Bucket: b, Key: aws.String("kms")})
	wantCode(t, "HEAD needs no key", err, "", 0)

	key := strings.Repeat("k", 32)
	digest := md5.Sum([]byte(key))
	customer := func(in *s3.PutObjectInput) {
		in.SSECustomerAlgorithm, in.SSECustomerKey = aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString([]byte(key)))
		in.SSECustomerKeyMD5 = aws.String(base64.StdEncoding.EncodeToString(digest[:]))
	}
	in := &s3.PutObjectInput{Bucket: b, Key: aws.String("customer"), Body: strings.NewReader("x")}
	customer(in)
	out, err := c.PutObject(background, in)
	if err != nil || out.ServerSideEncryption != "" || *out.SSECustomerKeyMD5 != *in.SSECustomerKeyMD5 {
		t.Errorf("SSE-C: %+v, %v", out, err)
	}
	_, err = c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: in.Key})
	wantCode(t, "without the key", err, "InvalidRequest", 400)
	other := strings.Repeat("o", 32)
	otherDigest := md5.Sum([]byte(other))
	_, err = c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: in.Key, SSECustomerAlgorithm: aws.String("AES256"),
		SSECustomerKey: aws.String(base64.StdEncoding.EncodeToString([]byte(other))), SSECustomerKeyMD5: aws.String(base64.StdEncoding.EncodeToString(otherDigest[:]))})
	wantCode(t, "with another key", err, "AccessDenied", 403)
	got, err := c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: in.Key, SSECustomerAlgorithm: in.SSECustomerAlgorithm, SSECustomerKey: in.SSECustomerKey, SSECustomerKeyMD5: in.SSECustomerKeyMD5})
	if err != nil || aws.ToString(got.SSECustomerAlgorithm) != "AES256" || got.ServerSideEncryption != "" {
		t.Errorf("with the key: %+v, %v", got, err)
	}
	blocked := &s3.PutObjectInput{Bucket: aws.String("plain"), Key: aws.String("k"), Body: strings.NewReader("x")}
	customer(blocked)
	_, err = c.PutObject(background, blocked)
	wantCode(t, "SSE-C where it is blocked", err, "AccessDenied", 403)
}

func TestArchivedObject(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	put(t, c, "versioned", "k", "x", func(in *s3.PutObjectInput) { in.StorageClass = "DEEP_ARCHIVE" })
	_, err := c.GetObject(background, &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k")})
	wantCode(t, "GET", err, "InvalidObjectState", 403)
	head, err := c.HeadObject(background, &s3.HeadObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k")})
	if err != nil || head.StorageClass != "DEEP_ARCHIVE" {
		t.Errorf("HEAD: %+v, %v", head, err)
	}
}

func TestMultipart(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b, k := aws.String("versioned"), aws.String("big")
	whole := bytes.Repeat([]byte("0123456789abcdef"), (2*object.MinPart+100)/16)
	pieces := [][]byte{whole[:object.MinPart], whole[object.MinPart : 2*object.MinPart], whole[2*object.MinPart:]}

	upload := func(algorithm types.ChecksumAlgorithm, kind types.ChecksumType) (*s3.CompleteMultipartUploadOutput, error) {
		created, err := c.CreateMultipartUpload(background, &s3.CreateMultipartUploadInput{
			Bucket: b, Key: k, ChecksumAlgorithm: algorithm, ChecksumType: kind, Tagging: aws.String("a=b"), Metadata: map[string]string{"m": "v"},
		})
		if err != nil {
			return nil, err
		}
		var parts []types.CompletedPart
		for i, piece := range pieces {
			n := aws.Int32(int32(i + 1))
			p, err := c.UploadPart(background, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: created.UploadId, PartNumber: n, Body: bytes.NewReader(piece), ChecksumAlgorithm: algorithm})
			if err != nil {
				return nil, err
			}
			parts = append(parts, types.CompletedPart{
				PartNumber: n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32, ChecksumCRC32C: p.ChecksumCRC32C, ChecksumCRC64NVME: p.ChecksumCRC64NVME, ChecksumSHA256: p.ChecksumSHA256,
			})
		}
		listed, err := c.ListParts(background, &s3.ListPartsInput{Bucket: b, Key: k, UploadId: created.UploadId, MaxParts: aws.Int32(2)})
		if err != nil || len(listed.Parts) != 2 || !aws.ToBool(listed.IsTruncated) || *listed.Parts[1].Size != object.MinPart {
			t.Errorf("ListParts: %+v, %v", listed, err)
		}
		return c.CompleteMultipartUpload(background, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
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
			v := s.state.Bucket("versioned").Current("big")
			if diff := cmp.Diff(test.want, v.Checksum, cmp.AllowUnexported(checksum.Checksum{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.algorithm, diff)
			}
		}
		got, err := c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k, ChecksumMode: "ENABLED"})
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
	part, err := c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k, PartNumber: aws.Int32(3)})
	if err != nil || *part.ContentLength != int64(len(pieces[2])) || *part.PartsCount != 3 {
		t.Errorf("part 3: %+v, %v", part, err)
	}

	created, err := c.CreateMultipartUpload(background, &s3.CreateMultipartUploadInput{Bucket: b, Key: aws.String("small")})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for i := range int32(2) {
		p, err := c.UploadPart(background, &s3.UploadPartInput{Bucket: b, Key: aws.String("small"), UploadId: created.UploadId, PartNumber: aws.Int32(i + 1), Body: strings.NewReader("tiny")})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(i + 1), ETag: p.ETag})
	}
	complete := func(parts ...types.CompletedPart) error {
		_, err := c.CompleteMultipartUpload(background, &s3.CompleteMultipartUploadInput{Bucket: b, Key: aws.String("small"), UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
		return err
	}
	wantCode(t, "small parts", complete(parts...), "EntityTooSmall", 400)
	wantCode(t, "wrong order", complete(parts[1], parts[0]), "InvalidPartOrder", 400)
	wantCode(t, "wrong ETag", complete(types.CompletedPart{PartNumber: aws.Int32(1), ETag: aws.String(`"x"`)}), "InvalidPart", 400)
	uploads, err := c.ListMultipartUploads(background, &s3.ListMultipartUploadsInput{Bucket: b})
	if err != nil || len(uploads.Uploads) != 1 || *uploads.Uploads[0].UploadId != *created.UploadId {
		t.Errorf("ListMultipartUploads: %+v, %v", uploads, err)
	}
	_, err = c.AbortMultipartUpload(background, &s3.AbortMultipartUploadInput{Bucket: b, Key: aws.String("small"), UploadId: created.UploadId})
	wantCode(t, "abort", err, "", 0)
	wantCode(t, "after the abort", complete(parts[0]), "NoSuchUpload", 404)
}

func TestCopyObject(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	put(t, c, "versioned", "a b", "hello", func(in *s3.PutObjectInput) {
		in.Tagging, in.Metadata, in.ContentType = aws.String("t=1"), map[string]string{"m": "1"}, aws.String("text/plain")
	})
	out, err := c.CopyObject(background, &s3.CopyObjectInput{Bucket: aws.String("plain"), Key: aws.String("copy"), CopySource: aws.String("versioned/a%20b")})
	if err != nil || *out.CopyObjectResult.ETag != `"`+hexMD5("hello")+`"` || aws.ToString(out.CopySourceVersionId) == "" {
		t.Fatalf("copy: %+v, %v", out, err)
	}
	head, err := c.HeadObject(background, &s3.HeadObjectInput{Bucket: aws.String("plain"), Key: aws.String("copy")})
	if err != nil || *head.ContentType != "text/plain" || head.Metadata["m"] != "1" || aws.ToInt32(head.TagCount) != 1 {
		t.Errorf("head: %+v, %v", head, err)
	}
	_, err = c.CopyObject(background, &s3.CopyObjectInput{Bucket: aws.String("versioned"), Key: aws.String("a b"), CopySource: aws.String("versioned/a%20b")})
	wantCode(t, "onto itself", err, "InvalidRequest", 400)
	_, err = c.CopyObject(background, &s3.CopyObjectInput{Bucket: aws.String("versioned"), Key: aws.String("a b"), CopySource: aws.String("versioned/a%20b"), MetadataDirective: "REPLACE"})
	wantCode(t, "onto itself with other metadata", err, "", 0)
	_, err = c.CopyObject(background, &s3.CopyObjectInput{Bucket: aws.String("plain"), Key: aws.String("x"), CopySource: aws.String("versioned/none")})
	wantCode(t, "of nothing", err, "NoSuchKey", 404)
	_, err = c.CopyObject(background, &s3.CopyObjectInput{Bucket: aws.String("plain"), Key: aws.String("x"), CopySource: aws.String("dst/none")})
	wantCode(t, "of what may not be read", err, "AccessDenied", 403)
}

func TestObjectLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storage(t)
		c := s.s3(sourceAdmin, "us-east-1")
		b, k := aws.String("versioned"), aws.String("k")
		_, err := c.PutObject(background, &s3.PutObjectInput{Bucket: b, Key: k, ObjectLockLegalHoldStatus: "ON"})
		wantCode(t, "without a lock on the bucket", err, "InvalidRequest", 400)
		s.state.Bucket("versioned").Lock = &state.ObjectLock{Mode: "GOVERNANCE", Days: 1}

		id := put(t, c, *b, *k, "x")
		head, err := c.HeadObject(background, &s3.HeadObjectInput{Bucket: b, Key: k})
		if err != nil || head.ObjectLockMode != "GOVERNANCE" || !head.ObjectLockRetainUntilDate.Equal(time.Now().AddDate(0, 0, 1)) || head.ObjectLockLegalHoldStatus != "" {
			t.Errorf("default retention: %+v, %v", head, err)
		}
		remove := func(id string, bypass bool) error {
			_, err := c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: &id, BypassGovernanceRetention: &bypass})
			return err
		}
		wantCode(t, "delete under retention", remove(id, false), "AccessDenied", 403)
		wantCode(t, "delete with bypass", remove(id, true), "", 0)

		id = put(t, c, *b, *k, "x", func(in *s3.PutObjectInput) { in.ObjectLockLegalHoldStatus = "ON" })
		wantCode(t, "delete under legal hold", remove(id, true), "AccessDenied", 403)
		hold, err := c.GetObjectLegalHold(background, &s3.GetObjectLegalHoldInput{Bucket: b, Key: k})
		if err != nil || hold.LegalHold.Status != "ON" {
			t.Errorf("legal hold: %+v, %v", hold, err)
		}
		_, err = c.PutObjectLegalHold(background, &s3.PutObjectLegalHoldInput{Bucket: b, Key: k, LegalHold: &types.ObjectLockLegalHold{Status: "OFF"}})
		wantCode(t, "release", err, "", 0)
		_, err = c.PutObjectRetention(background, &s3.PutObjectRetentionInput{Bucket: b, Key: k, Retention: &types.ObjectLockRetention{Mode: "COMPLIANCE", RetainUntilDate: aws.Time(time.Now().AddDate(0, 0, 2))}})
		wantCode(t, "longer and stricter", err, "", 0)
		_, err = c.PutObjectRetention(background, &s3.PutObjectRetentionInput{Bucket: b, Key: k, BypassGovernanceRetention: aws.Bool(true), Retention: &types.ObjectLockRetention{Mode: "COMPLIANCE", RetainUntilDate: aws.Time(time.Now().AddDate(0, 0, 1))}})
		wantCode(t, "shorter", err, "AccessDenied", 403)
		retention, err := c.GetObjectRetention(background, &s3.GetObjectRetentionInput{Bucket: b, Key: k})
		if err != nil || retention.Retention.Mode != "COMPLIANCE" {
			t.Errorf("retention: %+v, %v", retention, err)
		}
		wantCode(t, "delete under compliance", remove(id, true), "AccessDenied", 403)
		time.Sleep(48 * time.Hour)
		wantCode(t, "delete after retention", remove(id, false), "", 0)
	})
}

// TestForeignOwnedObjects: under ObjectWriter an object belongs to its writer, and
// the bucket's owner reads it only if the ACL says so.
func TestForeignOwnedObjects(t *testing.T) {
	s := storage(t)
	b := s.state.Bucket("versioned")
	b.Ownership = state.ObjectWriter
	b.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":["s3:PutObject","s3:PutObjectAcl"],"Resource":"arn:aws:s3:::versioned/*"}]}`
	writer, owner := s.s3(backupAdmin, "us-east-1"), s.s3(sourceAdmin, "us-east-1")
	put(t, writer, "versioned", "private", "x")
	put(t, writer, "versioned", "shared", "x", func(in *s3.PutObjectInput) { in.ACL = "bucket-owner-full-control" })
	get := func(c *s3.Client, key string) error {
		_, err := c.GetObject(background, &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: &key})
		return err
	}
	wantCode(t, "writer", get(writer, "private"), "", 0)
	wantCode(t, "bucket owner, private", get(owner, "private"), "AccessDenied", 403)
	wantCode(t, "bucket owner, shared", get(owner, "shared"), "", 0)
	acl, err := writer.GetObjectAcl(background, &s3.GetObjectAclInput{Bucket: aws.String("versioned"), Key: aws.String("shared")})
	if err != nil || len(acl.Grants) != 2 || *acl.Owner.ID != s.state.CanonicalID("222222222222") {
		t.Errorf("ACL: %+v, %v", acl, err)
	}
	b.Ownership = state.BucketOwnerPreferred
	put(t, writer, "versioned", "preferred", "x", func(in *s3.PutObjectInput) { in.ACL = "bucket-owner-full-control" })
	if got := b.Current("preferred").Owner; got != "111111111111" {
		t.Errorf("BucketOwnerPreferred: owner %s", got)
	}
	b.Ownership = state.BucketOwnerEnforced
	wantCode(t, "bucket owner, enforced", get(owner, "private"), "", 0)
	_, err = writer.PutObject(background, &s3.PutObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k"), ACL: "bucket-owner-read"})
	wantCode(t, "ACL where there are none", err, "AccessControlListNotSupported", 400)
}

func TestRequesterPays(t *testing.T) {
	s := storage(t)
	s.state.Bucket("versioned").RequestPayment = "Requester"
	s.state.Bucket("versioned").Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::versioned/*"}]}`
	put(t, s.s3(sourceAdmin, "us-east-1"), "versioned", "k", "x")
	c := s.s3(backupAdmin, "us-east-1")
	_, err := c.GetObject(background, &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k")})
	wantCode(t, "without paying", err, "AccessDenied", 403)
	_, err = c.GetObject(background, &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k"), RequestPayer: "requester"})
	wantCode(t, "paying", err, "", 0)
}

func TestPresignedGet(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	put(t, c, "versioned", "k", "hello")
	signed, err := s3.NewPresignClient(c).PresignGetObject(background, &s3.GetObjectInput{Bucket: aws.String("versioned"), Key: aws.String("k"), ResponseContentType: aws.String("text/x")})
	if err != nil {
		t.Fatal(err)
	}
	res := s.do(t, "GET", signed.URL, "", "")
	if body := text(t, res); body != "hello" || res.Header.Get("Content-Type") != "text/x" {
		t.Errorf("%d %s %s", res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	if res := s.do(t, "GET", "https://versioned.s3.us-east-1.amazonaws.com/k", "", ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("anonymous: %d", res.StatusCode)
	}
}

func TestBucketPolicyDenies(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b, k := aws.String("versioned"), aws.String("k")
	id := put(t, c, *b, *k, "x")
	s.state.Bucket("versioned").Policy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Principal":"*","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::versioned/*"},
		{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::versioned/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}]}`
	_, err := c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: &id})
	wantCode(t, "denied version", err, "AccessDenied", 403)
	want := `User: arn:aws:sts::111111111111:assumed-role/admin/caller is not authorized to perform: s3:GetObjectVersion on resource: "arn:aws:s3:::versioned/k" with an explicit deny in a resource-based policy`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k})
	wantCode(t, "the object itself", err, "", 0)
	_, err = c.PutObject(background, &s3.PutObjectInput{Bucket: b, Key: k})
	wantCode(t, "unencrypted write", err, "AccessDenied", 403)
	_, err = c.PutObject(background, &s3.PutObjectInput{Bucket: b, Key: k, ServerSideEncryption: "aws:kms"})
	wantCode(t, "encrypted write", err, "", 0)
	out, err := c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: b, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetObject(background, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: out.VersionId})
	wantCode(t, "a marker's version, GetObjectVersion denied", err, "MethodNotAllowed", 405)
}
