package canary

import (
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/measure"
)

// dsse is an object in two layers of KMS, under the key that is the bucket's default, else
// under aws/s3.
var dsse = variant{
	name:  measure.DSSE,
	place: (*Target).underRule,
	shape: func(o *object, t *Target, _ Options) error {
		o.encryption = types.ServerSideEncryptionAwsKmsDsse
		if encryptsWithKMS(t) && t.Source.Encryption.Value.KeyID != "" {
			o.kmsKey = &t.Source.Encryption.Value.KeyID
		}
		return nil
	},
	observe: (*probe).awaitReplica,
}
