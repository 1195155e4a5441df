package canary

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
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

// TestListPages walks over all pages, decodes keys where S3 says that they are encoded,
// and does not go round in circles.
func TestListPages(t *testing.T) {
	t.Parallel()
	text := aws.String
	version := func(key, id string) types.ObjectVersion { return types.ObjectVersion{Key: &key, VersionId: &id} }
	server := &pages{versions: []s3.ListObjectVersionsOutput{
		{
			EncodingType: types.EncodingTypeUrl, Versions: []types.ObjectVersion{version("a%2Fb+c", "1"), version("%zz", "2")},
			IsTruncated: aws.Bool(true), NextKeyMarker: text("a%2Fb"), NextVersionIdMarker: text("2"),
		},
		{
			Versions: []types.ObjectVersion{version("a%2Fb", "3")}, DeleteMarkers: []types.DeleteMarkerEntry{{Key: text("d"), VersionId: text("4")}},
			IsTruncated: aws.Bool(true), NextKeyMarker: text("a%2Fb"), NextVersionIdMarker: text("4"),
		},
		{},
	}}
	var got []string
	b := &Bucket{S3: server}
	err := b.list(t.Context(), "a", func(key string, v listedVersion) error {
		got = append(got, strings.TrimSpace(key+" "+v.id+strings.Repeat(" marker", map[bool]int{true: 1}[v.deleteMarker])))
		return nil
	})
	if want := []string{"a/b c 1", "%zz 2", "a%2Fb 3", "d 4 marker"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if want := []string{",", "a/b,2", "a%2Fb,4"}; !slices.Equal(server.markers, want) {
		t.Errorf("asked with %q", server.markers)
	}
	again := s3.ListObjectVersionsOutput{IsTruncated: aws.Bool(true), NextKeyMarker: text("k"), NextVersionIdMarker: text("1")}
	for _, endless := range [][]s3.ListObjectVersionsOutput{
		{again, again},
		{{IsTruncated: aws.Bool(true)}},
		{{IsTruncated: aws.Bool(true), NextVersionIdMarker: text("1")}},
	} {
		b.S3 = &pages{versions: endless}
		if _, err := b.versions(t.Context(), "k"); err == nil || !strings.Contains(err.Error(), "does not say where") {
			t.Errorf("a listing that repeats itself: %v", err)
		}
	}
	next := again
	next.NextVersionIdMarker = text("2")
	b.S3 = &pages{versions: []s3.ListObjectVersionsOutput{again, next, {Versions: []types.ObjectVersion{version("k", "3"), version("kk", "4")}}}}
	if found, err := b.versions(t.Context(), "k"); err != nil || len(found) != 1 || found[0].id != "3" {
		t.Errorf("many versions of one key: %v, %v", found, err)
	}
}

// TestUploadPages finds the uploads of exactly one key on all pages.
func TestUploadPages(t *testing.T) {
	t.Parallel()
	text := aws.String
	upload := func(key, id string) types.MultipartUpload { return types.MultipartUpload{Key: &key, UploadId: &id} }
	server := &pages{uploads: []s3.ListMultipartUploadsOutput{
		{
			Uploads: []types.MultipartUpload{upload("k", "1"), upload("k2", "2")}, IsTruncated: aws.Bool(true),
			NextKeyMarker: text("k2"), NextUploadIdMarker: text("2"),
		},
		{Uploads: []types.MultipartUpload{upload("k", "3")}},
	}}
	c := &tally{}
	ids, err := c.uploads(t.Context(), &Bucket{S3: server}, "k")
	if err != nil || !slices.Equal(ids, []string{"1", "3"}) || c.requests != 2 || !slices.Equal(server.markers, []string{",", "k2,2"}) {
		t.Errorf("%q after %q, %v, %d requests", ids, server.markers, err, c.requests)
	}
	server = &pages{uploads: []s3.ListMultipartUploadsOutput{{IsTruncated: aws.Bool(true)}}}
	if ids, err := c.uploads(t.Context(), &Bucket{S3: server}, "k"); err != nil || len(ids) > 0 {
		t.Errorf("an empty page that says that there are more: %q, %v", ids, err)
	}
}
