package canary

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/bucket"
)

// Parts of an upload.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	partSize    = 8 << 20 // bytes
	minPartSize = 5 << 20 // bytes, of all parts but the last
	maxParts    = 10_000
)

// put writes the object, or one more version of it, and starts the clock. An
// interruption does not break it off: S3 may carry out a request after the caller has
// gone, and then after the clean-up.
func (p *probe) put(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.enter(PhasePut)
	write := p.putSingle
	if p.object.upload != single {
		write = p.putParts
	}
	var version string
	err := withLimit(context.WithoutCancel(ctx), p.putLimit(), func(ctx context.Context) (err error) {
		if version, err = write(ctx); err != nil {
			return errors.New(said(p.asked(SourceSide, actionPut, err)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.startClock(version)
}

// startClock begins to count a latency at the answer to the request that made a
// version.
func (p *probe) startClock(version string) error {
	p.enter(PhaseWait)
	p.putAt = time.Now()
	p.m.PutAt = p.putAt.UTC().Format("2006-01-02T15:04:05.000Z")
	if version == "" {
		return errors.New("S3 gave it no version id: the source has no versioning")
	}
	p.version, p.m.VersionID = version, version
	p.versions = append(p.versions, version)
	p.arrived, p.statusKnown, p.statusFinal = false, false, false
	return nil
}

// putSingle writes the object by one PUT.
func (p *probe) putSingle(ctx context.Context) (version string, err error) {
	b, o := &p.t.Source, &p.object
	p.Count()
	if _, err := o.body.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	var hold types.ObjectLockLegalHoldStatus
	if o.held {
		hold = types.ObjectLockLegalHoldStatusOn
	}
	out, err := b.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.Name, Key: &o.key, ExpectedBucketOwner: b.Owner(),
		Body: o.body, ContentLength: &o.size, ContentType: aws.String(contentType),
		Metadata: o.metadata, Tagging: o.tagging(),
		ServerSideEncryption: o.encryption, SSEKMSKeyId: o.kmsKey, BucketKeyEnabled: o.bucketKey,
		SSECustomerAlgorithm: o.customer.Algorithm, SSECustomerKey: o.customer.Key, SSECustomerKeyMD5: o.customer.MD5,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &o.checksum, ObjectLockLegalHoldStatus: hold,
	})
	if err != nil {
		status := bucket.StatusOf(err)
		p.refused = p.version == "" && status >= 400 && status < 500
		return "", err
	}
	return aws.ToString(out.VersionId), nil
}

// putParts writes the object in parts.
func (p *probe) putParts(ctx context.Context) (version string, err error) {
	b, o := &p.t.Source, &p.object
	algorithm, whole := types.ChecksumAlgorithmSha256, (*string)(nil)
	if o.upload == wholeChecksum {
		algorithm, whole = types.ChecksumAlgorithmCrc64nvme, &o.checksum
	}
	p.Count()
	begun, err := b.S3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &b.Name, Key: &o.key, ExpectedBucketOwner: b.Owner(),
		ContentType: aws.String(contentType), Metadata: o.metadata, Tagging: o.tagging(),
		ServerSideEncryption: o.encryption, SSEKMSKeyId: o.kmsKey, BucketKeyEnabled: o.bucketKey,
		ChecksumAlgorithm: algorithm, ChecksumType: types.ChecksumType(o.upload),
	})
	if err != nil {
		return "", err
	}
	size := max(int64(partSize), (o.size+maxParts-1)/maxParts)
	if o.size <= partSize {
		size = minPartSize
	}
	var done []types.CompletedPart
	for at, number := int64(0), int32(1); at < o.size; at, number = at+size, number+1 {
		length := min(size, o.size-at)
		p.Count()
		part, err := b.S3.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &b.Name, Key: &o.key, ExpectedBucketOwner: b.Owner(), UploadId: begun.UploadId, PartNumber: &number,
			Body: o.body.Section(at, length), ContentLength: &length, ChecksumAlgorithm: algorithm,
		})
		if err != nil {
			return "", err
		}
		done = append(done, types.CompletedPart{
			ETag: part.ETag, PartNumber: &number, ChecksumCRC64NVME: part.ChecksumCRC64NVME, ChecksumSHA256: part.ChecksumSHA256,
		})
	}
	p.Count()
	out, err := b.S3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.Name, Key: &o.key, ExpectedBucketOwner: b.Owner(), UploadId: begun.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
		ChecksumType:    types.ChecksumType(o.upload), ChecksumCRC64NVME: whole,
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.VersionId), nil
}
