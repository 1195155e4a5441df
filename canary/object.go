package canary

import (
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/body"
	"crosscheck/canary/bucket"
)

// object is what a probe puts into the source bucket.
type object struct {
	key      string
	tags     map[string]string
	metadata map[string]string
	size     int64 // bytes

	encryption types.ServerSideEncryption // "" = as the bucket's default says
	kmsKey     *string                    // nil = aws/s3
	bucketKey  *bool
	held       bool               // has a legal hold
	customer   bucket.CustomerKey // of SSE-C; the zero value is none

	upload   upload
	body     *body.Body
	checksum string // of the body, as S3 writes it: CRC-64/NVME for wholeChecksum, else SHA-256
}

// upload is how an object is written.
type upload types.ChecksumType

const (
	single        upload = ""                                   // by one PUT
	wholeChecksum        = upload(types.ChecksumTypeFullObject) // in parts, with a CRC-64/NVME of the whole
	partChecksums        = upload(types.ChecksumTypeComposite)  // in parts, with a SHA-256 of each
)

// What probes are made of.
const (
	plainSize = 1 << 10
	twoParts  = 5<<20 + 1<<10 // bytes, just above the smallest first part
	maxSingle = 5 << 30       // bytes of the largest object of a single PUT

	probeTag      = "crosscheck-canary"
	probeMetadata = "crosscheck-canary"
	contentType   = "application/vnd.crosscheck-canary"
)

// prepare makes the object that a probe of a variant puts, number n of the run.
// With an error, the key may be known all the same.
func (o *object) prepare(v *variant, t *Target, opts Options, n int) error {
	*o = object{size: plainSize}
	var err error
	if o.key, o.tags, err = v.place(t, opts.Folder, opts.Run, n); err != nil {
		return err
	}
	if err := v.shape(o, t, opts); err != nil {
		return err
	}
	if o.upload == single && o.size > maxSingle {
		o.upload = wholeChecksum
	}
	o.body = body.New(opts.Run+"/"+o.key, o.size)
	if o.upload == wholeChecksum {
		o.checksum, err = o.body.CRC64()
	} else {
		o.checksum, err = o.body.SHA256()
	}
	return err
}

// tagging are the tags as the header of a PUT, nil without tags.
func (o *object) tagging() *string {
	if len(o.tags) == 0 {
		return nil
	}
	q := url.Values{}
	for k, v := range o.tags {
		q.Set(k, v)
	}
	return aws.String(q.Encode())
}
