package canary

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// S3 is what a probe asks of S3; *s3.Client is one. [Actions] lists what a role
// must be allowed for it.
type S3 interface {
	GetBucketVersioning(context.Context, *s3.GetBucketVersioningInput, ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error)
	GetObjectLockConfiguration(context.Context, *s3.GetObjectLockConfigurationInput, ...func(*s3.Options)) (*s3.GetObjectLockConfigurationOutput, error)
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error)

	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	GetObjectTagging(context.Context, *s3.GetObjectTaggingInput, ...func(*s3.Options)) (*s3.GetObjectTaggingOutput, error)
	PutObjectTagging(context.Context, *s3.PutObjectTaggingInput, ...func(*s3.Options)) (*s3.PutObjectTaggingOutput, error)

	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// owner makes S3 refuse a request when the bucket belongs to somebody else by
// now: a probe must not be put into, or deleted from, a stranger's bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
func (e *Bucket) owner() *string {
	if e.AccountID == "" {
		return nil
	}
	return aws.String(e.AccountID)
}

// item is one version, or delete marker, in a listing.
type item struct {
	version  string
	marker   bool
	owner    string // canonical user id, "" = not told
	modified time.Time
}

// versions lists all versions and delete markers of one key.
func (e *Bucket) versions(ctx context.Context, key string) ([]item, error) {
	var list []item
	err := e.list(ctx, key, func(k string, it item) error {
		if k == key {
			list = append(list, it)
		}
		return nil
	})
	return list, err
}

// list walks over all versions and delete markers under a prefix.
func (e *Bucket) list(ctx context.Context, prefix string, each func(key string, it item) error) error {
	in := &s3.ListObjectVersionsInput{Bucket: &e.Name, Prefix: &prefix, ExpectedBucketOwner: e.owner(), EncodingType: types.EncodingTypeUrl}
	for {
		out, err := e.S3.ListObjectVersions(ctx, in)
		if err != nil {
			return err
		}
		name := func(s *string) string {
			if out.EncodingType != types.EncodingTypeUrl {
				return aws.ToString(s)
			}
			if plain, err := url.QueryUnescape(aws.ToString(s)); err == nil {
				return plain
			}
			return aws.ToString(s)
		}
		for _, v := range out.Versions {
			it := item{version: aws.ToString(v.VersionId), modified: aws.ToTime(v.LastModified)}
			if v.Owner != nil {
				it.owner = aws.ToString(v.Owner.ID)
			}
			if err := each(name(v.Key), it); err != nil {
				return err
			}
		}
		for _, m := range out.DeleteMarkers {
			if err := each(name(m.Key), item{version: aws.ToString(m.VersionId), marker: true, modified: aws.ToTime(m.LastModified)}); err != nil {
				return err
			}
		}
		if !aws.ToBool(out.IsTruncated) {
			return nil
		}
		next, nextVersion := name(out.NextKeyMarker), aws.ToString(out.NextVersionIdMarker)
		if next == aws.ToString(in.KeyMarker) && nextVersion == aws.ToString(in.VersionIdMarker) {
			return errors.New("a listing of versions goes on, but does not say where")
		}
		in.KeyMarker, in.VersionIdMarker = &next, out.NextVersionIdMarker
	}
}

// customerKey is a key for SSE-C, which S3 has to be told at every read.
type customerKey struct{ algorithm, key, md5 *string }

func newCustomerKey(secret []byte) customerKey {
	sum := md5.Sum(secret)
	return customerKey{aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString(secret)), aws.String(base64.StdEncoding.EncodeToString(sum[:]))}
}

// head asks for a version; present is false if S3 says that there is none.
func (e *Bucket) head(ctx context.Context, key, version string, c customerKey) (out *s3.HeadObjectOutput, present bool, err error) {
	out, err = e.S3.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &e.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: e.owner(), ChecksumMode: types.ChecksumModeEnabled,
		SSECustomerAlgorithm: c.algorithm, SSECustomerKey: c.key, SSECustomerKeyMD5: c.md5,
	})
	if err != nil && status(err) == http.StatusNotFound {
		return nil, false, nil
	}
	return out, err == nil, err
}

func (e *Bucket) delete(ctx context.Context, key, version string) (*s3.DeleteObjectOutput, error) {
	return e.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &e.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: e.owner()})
}

func (e *Bucket) tags(ctx context.Context, key, version string) (map[string]string, error) {
	out, err := e.S3.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &e.Name, Key: &key, VersionId: nonEmpty(version), ExpectedBucketOwner: e.owner()})
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

// status is the HTTP status of an error, 0 where there was no answer.
func status(err error) int {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// code is the error code of S3, "" where there was no answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// denied reports whether S3 refused, as opposed to not having answered.
func denied(err error) bool { return status(err) == http.StatusForbidden }

// describe puts an error of the SDK into one short line: what S3 said, without
// request ids.
func describe(err error) string {
	var api smithy.APIError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &api) && api.ErrorMessage() != "" && api.ErrorMessage() != api.ErrorCode():
		return api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}
