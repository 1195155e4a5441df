// Package bucket is one bucket as the canary reaches it: what is asked of S3, listings that
// are believed only if they are whole, and the removal of what is under a key, which only a
// listing proves.
package bucket

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/journal"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// CallTimeout is the deadline of one short request.
const CallTimeout = 30 * time.Second

// Bucket is one bucket of a link, as the canary reaches it. Facts that were not
// read stay zero; the ones that a probe depends on are read by it.
type Bucket struct {
	fact.Bucket
	S3     S3
	Access journal.Access // how S3 was reached, for the journal
	Err    error          // why S3 could not be reached; the probe is inconclusive then
}

// Location is where the bucket is, for the journal.
func (b *Bucket) Location() journal.Location {
	return journal.Location{Bucket: b.Name, AccountID: b.AccountID, Region: b.Region, Access: b.Access}
}

// S3 is what a probe asks of S3; *s3.Client is one. What a role must be allowed for it is
// listed by Actions of package canary.
type S3 interface {
	GetBucketVersioning(
		context.Context, *s3.GetBucketVersioningInput, ...func(*s3.Options),
	) (*s3.GetBucketVersioningOutput, error)
	GetObjectLockConfiguration(
		context.Context, *s3.GetObjectLockConfigurationInput, ...func(*s3.Options),
	) (*s3.GetObjectLockConfigurationOutput, error)
	ListObjectVersions(
		context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options),
	) (*s3.ListObjectVersionsOutput, error)
	ListMultipartUploads(
		context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options),
	) (*s3.ListMultipartUploadsOutput, error)

	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	GetObjectTagging(
		context.Context, *s3.GetObjectTaggingInput, ...func(*s3.Options),
	) (*s3.GetObjectTaggingOutput, error)
	GetObjectLegalHold(
		context.Context, *s3.GetObjectLegalHoldInput, ...func(*s3.Options),
	) (*s3.GetObjectLegalHoldOutput, error)
	PutObjectLegalHold(
		context.Context, *s3.PutObjectLegalHoldInput, ...func(*s3.Options),
	) (*s3.PutObjectLegalHoldOutput, error)
	PutObjectTagging(
		context.Context, *s3.PutObjectTaggingInput, ...func(*s3.Options),
	) (*s3.PutObjectTaggingOutput, error)

	CreateMultipartUpload(
		context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options),
	) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(
		context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options),
	) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(
		context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options),
	) (*s3.AbortMultipartUploadOutput, error)
}

// Owner makes S3 refuse a request when the bucket belongs to another account by
// now: a probe must not be put into, or deleted from, a stranger's bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
func (b *Bucket) Owner() *string {
	if b.AccountID == "" {
		return nil
	}
	return aws.String(b.AccountID)
}

// Version is one version, or delete marker, in a listing.
type Version struct {
	ID           string
	DeleteMarker bool
	Owner        string // canonical user id, "" = not shown
	Modified     time.Time
}

// Versions lists all versions and delete markers of one key.
func (b *Bucket) Versions(ctx context.Context, key string) ([]Version, error) {
	var list []Version
	err := b.List(ctx, key, func(k string, v Version) error {
		if k == key {
			list = append(list, v)
		}
		return nil
	})
	return list, err
}

// List walks over all versions and delete markers under a prefix. Without an error, the
// listing was whole.
func (b *Bucket) List(ctx context.Context, prefix string, each func(key string, v Version) error) error {
	in := &s3.ListObjectVersionsInput{
		Bucket: &b.Name, Prefix: &prefix, ExpectedBucketOwner: b.Owner(), EncodingType: types.EncodingTypeUrl,
	}
	return b.walk(ctx, prefix, func(ctx context.Context, at marker) (*page, error) {
		in.KeyMarker, in.VersionIdMarker = nonEmpty(at.key), nonEmpty(at.id)
		out, err := b.S3.ListObjectVersions(ctx, in)
		if err != nil {
			return nil, err
		}
		p := &page{
			encoding: out.EncodingType, bucket: out.Name, prefix: out.Prefix, key: out.KeyMarker,
			truncated: out.IsTruncated, nextKey: out.NextKeyMarker, nextID: out.NextVersionIdMarker,
		}
		for _, v := range out.Versions {
			listed := Version{ID: aws.ToString(v.VersionId), Modified: aws.ToTime(v.LastModified)}
			if v.Owner != nil {
				listed.Owner = aws.ToString(v.Owner.ID)
			}
			p.entries = append(p.entries, entry{aws.ToString(v.Key), listed})
		}
		for _, m := range out.DeleteMarkers {
			p.entries = append(p.entries, entry{aws.ToString(m.Key), Version{
				ID: aws.ToString(m.VersionId), DeleteMarker: true, Modified: aws.ToTime(m.LastModified),
			}})
		}
		return p, nil
	}, each)
}

// CustomerKey is a key for SSE-C, which S3 has to be given at every read.
type CustomerKey struct{ Algorithm, Key, MD5 *string }

// NewCustomerKey is a key of 32 bytes for SSE-C.
func NewCustomerKey(secret []byte) CustomerKey {
	sum := md5.Sum(secret)
	return CustomerKey{
		Algorithm: aws.String("AES256"),
		Key:       aws.String(base64.StdEncoding.EncodeToString(secret)),
		MD5:       aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}
}

// Head asks for a version; present is false if S3 says that there is none.
func (b *Bucket) Head(
	ctx context.Context, key, version string, c CustomerKey,
) (out *s3.HeadObjectOutput, present bool, err error) {
	out, err = b.S3.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &b.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: b.Owner(),
		ChecksumMode:         types.ChecksumModeEnabled,
		SSECustomerAlgorithm: c.Algorithm, SSECustomerKey: c.Key, SSECustomerKeyMD5: c.MD5,
	})
	if StatusOf(err) == http.StatusNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if id := aws.ToString(out.VersionId); version != "" && id != version && (version != "null" || id != "") {
		return nil, false, client.Malformed("the HEAD of version %q is answered as that of %q", client.Clip(version), client.Clip(id))
	}
	return out, true, nil
}

// Delete deletes a version, or without one puts a delete marker. An answer that names
// another version, or no marker, is not the one of S3 to it.
func (b *Bucket) Delete(ctx context.Context, key, version string) (*s3.DeleteObjectOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	out, err := b.S3.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &b.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: b.Owner(),
	})
	if err != nil {
		return nil, err
	}
	id := aws.ToString(out.VersionId)
	switch {
	case version == "" && (id == "" || !aws.ToBool(out.DeleteMarker)):
		return nil, client.Malformed("the DELETE of %q is not answered with a delete marker", client.Clip(key))
	case version == "null" && id == "": // not all servers name it
	case version != "" && id != version:
		return nil, client.Malformed("the DELETE of version %q is answered as that of %q", client.Clip(version), client.Clip(id))
	}
	return out, nil
}

// Release takes the legal hold of a version off.
func (b *Bucket) Release(ctx context.Context, key, version string) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	_, err := b.S3.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{
		Bucket: &b.Name, Key: &key, VersionId: &version, ExpectedBucketOwner: b.Owner(),
		LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOff},
	})
	return err
}

// Tags reads the tags of a version.
func (b *Bucket) Tags(ctx context.Context, key, version string) (map[string]string, error) {
	out, err := b.S3.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{
		Bucket: &b.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: b.Owner(),
	})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, t := range out.TagSet {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Denied reports whether S3 refused, as opposed to not having answered.
func Denied(err error) bool { return StatusOf(err) == http.StatusForbidden }

// StatusOf is the status with which S3 answered, 0 if something else did, a proxy for
// instance: the refusal of a HEAD has no body that would show whose it is, but S3 gives every
// request an id.
func StatusOf(err error) int {
	status, header := client.Response(err)
	if header.Get("X-Amz-Request-Id") == "" {
		return 0
	}
	return status
}
