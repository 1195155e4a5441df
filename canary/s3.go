package canary

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/scanner/client"
)

// S3 is what a probe asks of S3; *s3.Client is one. [Actions] lists what a role
// must be allowed for it.
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

// owner makes S3 refuse a request when the bucket belongs to another account by
// now: a probe must not be put into, or deleted from, a stranger's bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
func (b *Bucket) owner() *string {
	if b.AccountID == "" {
		return nil
	}
	return aws.String(b.AccountID)
}

// listedVersion is one version, or delete marker, in a listing.
type listedVersion struct {
	id           string
	deleteMarker bool
	owner        string // canonical user id, "" = not shown
	modified     time.Time
}

// versions lists all versions and delete markers of one key.
func (b *Bucket) versions(ctx context.Context, key string) ([]listedVersion, error) {
	var list []listedVersion
	err := b.list(ctx, key, func(k string, v listedVersion) error {
		if k == key {
			list = append(list, v)
		}
		return nil
	})
	return list, err
}

// list walks over all versions and delete markers under a prefix. Without an error, the
// listing was whole.
func (b *Bucket) list(ctx context.Context, prefix string, each func(key string, v listedVersion) error) error {
	in := &s3.ListObjectVersionsInput{
		Bucket: &b.Name, Prefix: &prefix, ExpectedBucketOwner: b.owner(), EncodingType: types.EncodingTypeUrl,
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
			listed := listedVersion{id: aws.ToString(v.VersionId), modified: aws.ToTime(v.LastModified)}
			if v.Owner != nil {
				listed.owner = aws.ToString(v.Owner.ID)
			}
			p.entries = append(p.entries, entry{aws.ToString(v.Key), listed})
		}
		for _, m := range out.DeleteMarkers {
			p.entries = append(p.entries, entry{aws.ToString(m.Key), listedVersion{
				id: aws.ToString(m.VersionId), deleteMarker: true, modified: aws.ToTime(m.LastModified),
			}})
		}
		return p, nil
	}, each)
}

// head asks for a version; present is false if S3 says that there is none.
func (b *Bucket) head(
	ctx context.Context, key, version string, c customerKey,
) (out *s3.HeadObjectOutput, present bool, err error) {
	out, err = b.S3.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &b.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: b.owner(),
		ChecksumMode:         types.ChecksumModeEnabled,
		SSECustomerAlgorithm: c.algorithm, SSECustomerKey: c.key, SSECustomerKeyMD5: c.md5,
	})
	if status, _ := client.Response(err); status == http.StatusNotFound {
		return nil, false, nil
	}
	return out, err == nil, err
}

// delete deletes a version, or without one puts a delete marker. An answer that names
// another version, or no marker, is not the one of S3 to it.
func (b *Bucket) delete(ctx context.Context, key, version string) (*s3.DeleteObjectOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := b.S3.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &b.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: b.owner(),
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

func (b *Bucket) tags(ctx context.Context, key, version string) (map[string]string, error) {
	out, err := b.S3.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{
		Bucket: &b.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: b.owner(),
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

// denied reports whether S3 refused, as opposed to not having answered.
func denied(err error) bool {
	status, _ := client.Response(err)
	return status == http.StatusForbidden
}
