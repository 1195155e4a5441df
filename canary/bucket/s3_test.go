package bucket

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crosscheck/scanner/fact"
)

// pages answers with listings, one page after the other.
type pages struct {
	S3
	versions []s3.ListObjectVersionsOutput
	uploads  []s3.ListMultipartUploadsOutput
	markers  []string // that were asked with: key, id
}

func (p *pages) ListObjectVersions(
	_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options),
) (*s3.ListObjectVersionsOutput, error) {
	p.markers = append(p.markers, aws.ToString(in.KeyMarker)+","+aws.ToString(in.VersionIdMarker))
	out := p.versions[0]
	p.versions = p.versions[1:]
	return &out, nil
}

func (p *pages) ListMultipartUploads(
	_ context.Context, in *s3.ListMultipartUploadsInput, _ ...func(*s3.Options),
) (*s3.ListMultipartUploadsOutput, error) {
	p.markers = append(p.markers, aws.ToString(in.KeyMarker)+","+aws.ToString(in.UploadIdMarker))
	out := p.uploads[0]
	p.uploads = p.uploads[1:]
	return &out, nil
}

func versionsPage(at, prefix string, next ...string) s3.ListObjectVersionsOutput {
	out := s3.ListObjectVersionsOutput{Name: aws.String("b"), Prefix: &prefix, KeyMarker: &at, IsTruncated: aws.Bool(len(next) > 0)}
	if len(next) > 0 {
		out.NextKeyMarker = &next[0]
	}
	if len(next) > 1 {
		out.NextVersionIdMarker = &next[1]
	}
	return out
}

func uploadsPage(at, prefix string, next ...string) s3.ListMultipartUploadsOutput {
	v := versionsPage(at, prefix, next...)
	return s3.ListMultipartUploadsOutput{
		Bucket: v.Name, Prefix: v.Prefix, KeyMarker: v.KeyMarker, IsTruncated: v.IsTruncated,
		NextKeyMarker: v.NextKeyMarker, NextUploadIdMarker: v.NextVersionIdMarker,
	}
}

func theBucket(server S3) *Bucket { return &Bucket{Bucket: fact.Bucket{Name: "b"}, S3: server} }

func version(key, id string) types.ObjectVersion {
	return types.ObjectVersion{Key: &key, VersionId: &id}
}

func uploadOf(key, id string) types.MultipartUpload {
	return types.MultipartUpload{Key: &key, UploadId: &id}
}

// TestListPages walks over all pages and decodes keys where S3 says that they are encoded.
func TestListPages(t *testing.T) {
	t.Parallel()
	first, second, last := versionsPage("", "a", "a%2Fb", "2"), versionsPage("a/b", "a", "a%2Fb", "4"), versionsPage("a%2Fb", "a")
	first.EncodingType = types.EncodingTypeUrl
	first.Versions = []types.ObjectVersion{version("a%2Fb+c", "1"), version("a%25zz", "2")}
	second.Versions = []types.ObjectVersion{version("a%2Fb", "3")}
	second.DeleteMarkers = []types.DeleteMarkerEntry{{Key: aws.String("ad"), VersionId: aws.String("4")}}
	server := &pages{versions: []s3.ListObjectVersionsOutput{first, second, last}}
	var got []string
	err := theBucket(server).List(t.Context(), "a", func(key string, v Version) error {
		got = append(got, strings.TrimSpace(key+" "+v.ID+strings.Repeat(" marker", map[bool]int{true: 1}[v.DeleteMarker])))
		return nil
	})
	if want := []string{"a/b c 1", "a%zz 2", "a%2Fb 3", "ad 4 marker"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if want := []string{",", "a/b,2", "a%2Fb,4"}; !slices.Equal(server.markers, want) {
		t.Errorf("asked with %q", server.markers)
	}
	last = versionsPage("k", "k")
	last.Versions = []types.ObjectVersion{version("k", "3"), version("kk", "4")}
	b := theBucket(&pages{versions: []s3.ListObjectVersionsOutput{versionsPage("", "k", "k", "1"), versionsPage("k", "k", "k", "2"), last}})
	if found, err := b.Versions(t.Context(), "k"); err != nil || len(found) != 1 || found[0].ID != "3" {
		t.Errorf("many versions of one key: %v, %v", found, err)
	}
}

// TestUploadPages finds the uploads of exactly one key on all pages.
func TestUploadPages(t *testing.T) {
	t.Parallel()
	first, last := uploadsPage("", "k", "k2", "2"), uploadsPage("k2", "k")
	first.Uploads = []types.MultipartUpload{uploadOf("k", "1"), uploadOf("k2", "2")}
	last.Uploads = []types.MultipartUpload{uploadOf("k", "3")}
	server := &pages{uploads: []s3.ListMultipartUploadsOutput{first, last}}
	c := &Tally{}
	ids, err := c.uploads(t.Context(), theBucket(server), "k")
	if err != nil || !slices.Equal(ids, []string{"1", "3"}) || c.Requests != 2 || !slices.Equal(server.markers, []string{",", "k2,2"}) {
		t.Errorf("%q after %q, %v, %d requests", ids, server.markers, err, c.Requests)
	}
}

// TestListingsAreWhole: a listing is believed only if all of it is an answer to what was
// asked for.
func TestListingsAreWhole(t *testing.T) {
	t.Parallel()
	text := aws.String
	again := versionsPage("k", "k", "k", "1")
	for name, test := range map[string]struct {
		pages []s3.ListObjectVersionsOutput
		want  string
	}{
		"nothing":          {[]s3.ListObjectVersionsOutput{{}}, `is answered with one of ""`},
		"another bucket":   {[]s3.ListObjectVersionsOutput{{Name: text("c"), Prefix: text("k"), IsTruncated: aws.Bool(false)}}, `is answered with one of "c"`},
		"another prefix":   {[]s3.ListObjectVersionsOutput{versionsPage("", "l")}, `is answered with one under "l"`},
		"no prefix":        {[]s3.ListObjectVersionsOutput{{Name: text("b"), IsTruncated: aws.Bool(false)}}, `is answered with one under ""`},
		"another page":     {[]s3.ListObjectVersionsOutput{versionsPage("m", "k")}, `is answered with one from "m" on`},
		"perhaps an end":   {[]s3.ListObjectVersionsOutput{{Name: text("b"), Prefix: text("k")}}, "does not say whether it goes on"},
		"not where":        {[]s3.ListObjectVersionsOutput{{Name: text("b"), Prefix: text("k"), IsTruncated: aws.Bool(true)}}, "does not say where"},
		"only an id":       {[]s3.ListObjectVersionsOutput{versionsPage("", "k", "", "1")}, "does not say where"},
		"in place":         {[]s3.ListObjectVersionsOutput{versionsPage("", "k", "k", "1"), again}, "does not say where"},
		"round in circles": {[]s3.ListObjectVersionsOutput{versionsPage("", "k", "k", "1"), versionsPage("k", "k", "k", "2"), again}, "does not say where"},
		"a key elsewhere": {[]s3.ListObjectVersionsOutput{func() s3.ListObjectVersionsOutput {
			p := versionsPage("", "k")
			p.Versions = []types.ObjectVersion{version("l", "1")}
			return p
		}()}, `has the version "1" of "l"`},
		"a key without id": {[]s3.ListObjectVersionsOutput{func() s3.ListObjectVersionsOutput {
			p := versionsPage("", "k")
			p.Versions = []types.ObjectVersion{version("k", "")}
			return p
		}()}, `has the version "" of "k"`},
		"not encoded": {[]s3.ListObjectVersionsOutput{func() s3.ListObjectVersionsOutput {
			p := versionsPage("", "k")
			p.EncodingType = "url"
			p.Versions = []types.ObjectVersion{version("k%zz", "1")}
			return p
		}()}, "not encoded as it says"},
	} {
		found, err := theBucket(&pages{versions: test.pages}).Versions(t.Context(), "k")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("versions, %s: %v, %v", name, found, err)
		}
		// The same pages of uploads.
		var uploads []s3.ListMultipartUploadsOutput
		for _, v := range test.pages {
			p := s3.ListMultipartUploadsOutput{Bucket: v.Name, Prefix: v.Prefix, KeyMarker: v.KeyMarker, IsTruncated: v.IsTruncated,
				NextKeyMarker: v.NextKeyMarker, NextUploadIdMarker: v.NextVersionIdMarker, EncodingType: v.EncodingType}
			for _, u := range v.Versions {
				p.Uploads = append(p.Uploads, types.MultipartUpload{Key: u.Key, UploadId: u.VersionId})
			}
			uploads = append(uploads, p)
		}
		b := theBucket(&pages{uploads: uploads})
		ids, err := new(Tally).uploads(t.Context(), b, "k")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("uploads, %s: %v, %v", name, ids, err)
		}
		b.S3 = &pages{uploads: uploads}
		if left := new(Tally).Abort(t.Context(), b, "k"); len(left) != 1 || !strings.Contains(left[0].Message, "unfinished uploads cannot be listed: a listing ") {
			t.Errorf("uploads, %s: %v are left", name, left)
		}
	}
}

// endless answers with listings that never end.
type endless struct {
	S3
	asked int
}

func (e *endless) ListObjectVersions(
	_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options),
) (*s3.ListObjectVersionsOutput, error) {
	e.asked++
	out := versionsPage(aws.ToString(in.KeyMarker), *in.Prefix, "k", strconv.Itoa(e.asked))
	return &out, nil
}

func (e *endless) ListMultipartUploads(
	_ context.Context, in *s3.ListMultipartUploadsInput, _ ...func(*s3.Options),
) (*s3.ListMultipartUploadsOutput, error) {
	e.asked++
	out := uploadsPage(aws.ToString(in.KeyMarker), *in.Prefix, "k", strconv.Itoa(e.asked))
	return &out, nil
}

// TestEndlessListings: a listing with ever new markers ends.
func TestEndlessListings(t *testing.T) {
	t.Parallel()
	server := &endless{}
	if _, err := theBucket(server).Versions(t.Context(), "k"); err == nil || server.asked != maxPages || !strings.Contains(err.Error(), "more than 10000 pages") {
		t.Errorf("versions: %v after %d pages", err, server.asked)
	}
	server = &endless{}
	if _, err := new(Tally).uploads(t.Context(), theBucket(server), "k"); err == nil || server.asked != maxPages || !strings.Contains(err.Error(), "more than 10000 pages") {
		t.Errorf("uploads: %v after %d pages", err, server.asked)
	}
}

// refusing answers every HEAD with an error.
type refusing struct {
	S3
	status int
	header http.Header
}

func (r refusing) HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return nil, &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: r.status, Header: r.header}}, Err: errors.New("no"),
	}}
}

// TestHeadRefused: only S3 says that a version is not there, or may not be read.
func TestHeadRefused(t *testing.T) {
	t.Parallel()
	ofS3 := http.Header{"X-Amz-Request-Id": {"1"}}
	for _, test := range []struct {
		status         int
		header         http.Header
		absent, denied bool
	}{
		{http.StatusNotFound, ofS3, true, false},
		{http.StatusNotFound, http.Header{}, false, false},
		{http.StatusForbidden, ofS3, false, true},
		{http.StatusForbidden, http.Header{}, false, false},
		{http.StatusTeapot, ofS3, false, false},
	} {
		_, present, err := theBucket(refusing{status: test.status, header: test.header}).Head(t.Context(), "k", "1", CustomerKey{})
		if present || (err == nil) != test.absent || Denied(err) != test.denied {
			t.Errorf("%+v: %v, %v", test, present, err)
		}
	}
}

// heads answers every HEAD in one way.
type heads struct {
	S3
	version *string
}

func (h heads) HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return &s3.HeadObjectOutput{VersionId: h.version}, nil
}

// TestHeadVersion: a HEAD is answered for the version that was asked for.
func TestHeadVersion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		asked, answered string
		ok              bool
	}{{"1", "1", true}, {"1", "2", false}, {"1", "", false}, {"null", "", true}, {"null", "null", true}, {"null", "1", false}, {"", "1", true}, {"", "", true}} {
		out, present, err := theBucket(heads{version: nonEmpty(test.answered)}).Head(t.Context(), "k", test.asked, CustomerKey{})
		if present != test.ok || (err == nil) != test.ok || (out != nil) != test.ok {
			t.Errorf("%+v: %v, %v", test, present, err)
		}
	}
}

// deletes answers every DELETE in one way, and lists nothing.
type deletes struct {
	S3
	out s3.DeleteObjectOutput
}

func (d *deletes) DeleteObject(
	context.Context, *s3.DeleteObjectInput, ...func(*s3.Options),
) (*s3.DeleteObjectOutput, error) {
	return &d.out, nil
}

// TestDeleteAnswers: a DELETE counts only with the answer that S3 gives to it.
func TestDeleteAnswers(t *testing.T) {
	t.Parallel()
	text := aws.String
	for _, test := range []struct {
		version string
		out     s3.DeleteObjectOutput
		ok      bool
	}{
		{"1", s3.DeleteObjectOutput{VersionId: text("1")}, true},
		{"1", s3.DeleteObjectOutput{VersionId: text("1"), DeleteMarker: aws.Bool(true)}, true}, // it was one
		{"1", s3.DeleteObjectOutput{}, false},
		{"1", s3.DeleteObjectOutput{VersionId: text("2")}, false},
		{"null", s3.DeleteObjectOutput{VersionId: text("null")}, true},
		{"null", s3.DeleteObjectOutput{}, true},
		{"null", s3.DeleteObjectOutput{VersionId: text("1")}, false},
		{"", s3.DeleteObjectOutput{VersionId: text("1"), DeleteMarker: aws.Bool(true)}, true},
		{"", s3.DeleteObjectOutput{VersionId: text("1")}, false},
		{"", s3.DeleteObjectOutput{DeleteMarker: aws.Bool(true)}, false},
		{"", s3.DeleteObjectOutput{}, false},
	} {
		if _, err := theBucket(&deletes{out: test.out}).Delete(t.Context(), "k", test.version); (err == nil) != test.ok {
			t.Errorf("version %q, answer %+v: %v", test.version, test.out, err)
		}
	}
}
