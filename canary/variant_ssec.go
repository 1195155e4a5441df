package canary

import (
	"crypto/rand"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
)

// sseC is an object under a key that only this process has.
var sseC = variant{
	name:  measure.SSEC,
	place: (*Target).underRule,
	shape: func(o *object, _ *Target, _ Options) error {
		secret := make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return err
		}
		o.customer = bucket.NewCustomerKey(secret)
		return nil
	},
	observe: (*probe).awaitReplica,
}
