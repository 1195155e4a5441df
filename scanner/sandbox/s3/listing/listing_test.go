package listing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crosscheck/scanner/sandbox/state"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/scanner/sandbox/sandboxtest"
)

// filled is a bucket with random keys, versions and delete markers.
func filled(t *rapid.T, s *sandboxtest.Sandbox) (c *s3.Client, bucket string) {
	c, bucket = s.S3(sandboxtest.SourceAdmin, "us-east-1"), "versioned"
	b := s.State.Bucket(bucket)
	*b = *state.NewBucket(bucket, b.Account, b.Region)
	b.Versioning = state.Enabled
	if rapid.Bool().Draw(t, "starts unversioned") {
		b.Versioning = ""
	}
	key := rapid.StringOfN(rapid.SampledFrom([]rune("ab/é ")), 1, 4, -1)
	for range rapid.IntRange(0, 25).Draw(t, "writes") {
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0:
			b.Versioning = rapid.SampledFrom([]string{state.Enabled, state.Suspended}).Draw(t, "versioning")
		case 1, 2:
			if _, err := c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String(key.Draw(t, "key"))}); err != nil {
				t.Fatal(err)
			}
		default:
			if _, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(key.Draw(t, "key")), Body: strings.NewReader("x")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c, bucket
}

// modelListing is what a naive reading of the API lists: keys or
// common prefixes, each once.
func modelListing(keys []string, prefix, delimiter string) (entries []string) {
	for _, key := range keys {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		entry := key
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			entry = "prefix " + prefix + rest[:i+len(delimiter)]
		}
		if !slices.Contains(entries, entry) {
			entries = append(entries, entry)
		}
	}
	return entries
}

// TestListObjectsPages: pages of any size, joined, are the naive listing.
func TestListObjectsPages(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	rapid.Check(t, func(t *rapid.T) {
		c, bucket := filled(t, s)
		prefix := rapid.SampledFrom([]string{"", "a", "a/", "/", "b"}).Draw(t, "prefix")
		delimiter := rapid.SampledFrom([]string{"", "/", "a"}).Draw(t, "delimiter")
		most := rapid.Int32Range(1, 6).Draw(t, "max keys")
		var keys []string
		for _, key := range s.State.Bucket(bucket).Keys {
			if !s.State.Bucket(bucket).Current(key).Marker {
				keys = append(keys, key)
			}
		}
		want := modelListing(keys, prefix, delimiter)

		var v2, v1 []string
		pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &most})
		for pages.HasMorePages() {
			page, err := pages.NextPage(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if n := len(page.Contents) + len(page.CommonPrefixes); n > int(most) || n != int(*page.KeyCount) {
				t.Fatalf("a page of %d, KeyCount %d", n, *page.KeyCount)
			}
			v2 = append(v2, entries(page.Contents, page.CommonPrefixes)...)
		}
		if diff := cmp.Diff(want, v2); diff != "" {
			t.Fatalf("ListObjectsV2 (-want +got):\n%s", diff)
		}
		marker := ""
		for {
			page, err := c.ListObjects(context.Background(), &s3.ListObjectsInput{Bucket: &bucket, Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &most, Marker: &marker})
			if err != nil {
				t.Fatal(err)
			}
			v1 = append(v1, entries(page.Contents, page.CommonPrefixes)...)
			if !*page.IsTruncated {
				break
			}
			if marker = aws.ToString(page.NextMarker); delimiter == "" {
				marker = *page.Contents[len(page.Contents)-1].Key
			}
		}
		if diff := cmp.Diff(want, v1); diff != "" {
			t.Fatalf("ListObjects (-want +got):\n%s", diff)
		}
	})
}

// entries joins what the SDK keeps apart.
func entries(objects []types.Object, prefixes []types.CommonPrefix) []string {
	type entry struct{ at, text string }
	var all []entry
	for _, o := range objects {
		all = append(all, entry{*o.Key, *o.Key})
	}
	for _, p := range prefixes {
		all = append(all, entry{*p.Prefix, "prefix " + *p.Prefix})
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.at, b.at) })
	var texts []string
	for _, e := range all {
		texts = append(texts, e.text)
	}
	return texts
}

// TestListObjectVersionsPages: pages of any size, joined, hold every version and
// marker once, in order, whatever is deleted from the pages already read.
func TestListObjectVersionsPages(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	rapid.Check(t, func(t *rapid.T) {
		c, bucket := filled(t, s)
		b := s.State.Bucket(bucket)
		prefix := rapid.SampledFrom([]string{"", "a", "a/", "b"}).Draw(t, "prefix")
		delimiter := rapid.SampledFrom([]string{"", "/"}).Draw(t, "delimiter")
		most := rapid.Int32Range(1, 6).Draw(t, "max keys")
		clean := delimiter == "" && rapid.Bool().Draw(t, "delete what was listed")

		var want []string
		for _, entry := range modelListing(b.Keys, prefix, delimiter) {
			if p, ok := strings.CutPrefix(entry, "prefix "); ok {
				want = append(want, "prefix "+p)
				continue
			}
			for i, v := range b.Objects[entry].Versions {
				want = append(want, fmt.Sprint(entry, " ", v.ID, " ", v.Marker, " ", i == 0))
			}
		}
		var got []string
		in := &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &most}
		for {
			page, err := c.ListObjectVersions(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			n := len(page.Versions) + len(page.DeleteMarkers) + len(page.CommonPrefixes)
			if n > int(most) {
				t.Fatalf("a page of %d", n)
			}
			var rows []string
			remove := &types.Delete{}
			for _, v := range page.Versions {
				rows = append(rows, fmt.Sprint(*v.Key, " ", *v.VersionId, " ", false, " ", *v.IsLatest))
				remove.Objects = append(remove.Objects, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
			}
			for _, v := range page.DeleteMarkers {
				rows = append(rows, fmt.Sprint(*v.Key, " ", *v.VersionId, " ", true, " ", *v.IsLatest))
				remove.Objects = append(remove.Objects, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
			}
			for _, p := range page.CommonPrefixes {
				rows = append(rows, "prefix "+*p.Prefix)
			}
			// The SDK keeps versions, markers and prefixes apart: put the page in order.
			slices.SortFunc(rows, func(a, b string) int { return slices.Index(want, a) - slices.Index(want, b) })
			got = append(got, rows...)
			if clean && n > 0 {
				out, err := c.DeleteObjects(context.Background(), &s3.DeleteObjectsInput{Bucket: &bucket, Delete: remove})
				if err != nil || len(out.Errors) > 0 {
					t.Fatal(out, err)
				}
			}
			if !*page.IsTruncated {
				break
			}
			in.KeyMarker, in.VersionIdMarker = page.NextKeyMarker, page.NextVersionIdMarker
		}
		if clean {
			// IsLatest moves on as versions go, and a null version that is gone leaves
			// no place to go on from, so only completeness is asked for.
			if n := len(b.Keys); n > 0 && prefix == "" {
				t.Fatalf("%d keys left: %q", n, b.Keys)
			}
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestListObjectVersionsShape(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	res := s.Do(t, "GET", "https://versioned.s3.us-east-1.amazonaws.com/?versions&encoding-type=url", "us-east-1", "")
	_, body, _ := strings.Cut(sandboxtest.Text(t, res), "\n")
	want := `<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>versioned</Name><Prefix></Prefix><KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated></ListVersionsResult>`
	if body != want {
		t.Errorf("empty listing\ngot  %s\nwant %s", body, want)
	}
	sandboxtest.Put(t, c, "versioned", "k", "x", func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = "CRC64NVME" })
	out, err := c.ListObjectVersions(context.Background(), &s3.ListObjectVersionsInput{Bucket: aws.String("versioned")})
	if err != nil {
		t.Fatal(err)
	}
	v := out.Versions[0]
	if v.ChecksumAlgorithm[0] != "CRC64NVME" || v.ChecksumType != "FULL_OBJECT" || *v.ETag != `"`+sandboxtest.MD5("x")+`"` || *v.Size != 1 || v.StorageClass != "STANDARD" ||
		!*v.IsLatest || *v.Owner.ID != s.State.CanonicalID("111111111111") || v.Owner.DisplayName != nil || v.LastModified.Nanosecond() != 0 {
		t.Errorf("%+v", v)
	}
	_, err = c.ListObjectVersions(context.Background(), &s3.ListObjectVersionsInput{Bucket: aws.String("versioned"), VersionIdMarker: v.VersionId})
	sandboxtest.WantCode(t, "a version marker without a key marker", err, "InvalidArgument", 400)
	_, err = c.ListObjectVersions(context.Background(), &s3.ListObjectVersionsInput{Bucket: aws.String("versioned"), KeyMarker: v.Key, VersionIdMarker: aws.String("bad")})
	sandboxtest.WantCode(t, "a bad version marker", err, "InvalidArgument", 400)
}
