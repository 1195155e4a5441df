package canary

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/measure"
)

// kms is an object under the KMS key that is the bucket's default, else under aws/s3.
var kms = variant{
	name:  measure.KMS,
	place: (*Target).underRule,
	shape: func(o *object, t *Target, _ Options) error {
		if !encryptsWithKMS(t) {
			o.encryption = types.ServerSideEncryptionAwsKms
		}
		return nil
	},
	observe: (*probe).awaitReplica,
}

// bucketKey is an object under the source's default key, with a bucket key.
var bucketKey = variant{
	name:  measure.BucketKey,
	place: (*Target).underRule,
	shape: func(o *object, t *Target, _ Options) error {
		o.encryption, o.bucketKey = types.ServerSideEncryptionAwsKms, aws.Bool(true)
		if e := t.Source.Encryption.Value; e != nil && e.KeyID != "" {
			o.kmsKey = &e.KeyID
		}
		return nil
	},
	observe: (*probe).awaitReplica,
}
