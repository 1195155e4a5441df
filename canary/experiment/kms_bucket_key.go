package experiment

import (
	"errors"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// kmsBucketKey asks which KMS actions are needed with bucket keys.
var kmsBucketKey = Experiment{
	Name:     "kms-bucket-key",
	Question: "Which KMS actions suffice when bucket keys are on, across accounts?",
	Prepare: "a cross-account link with SSE-KMS on both sides, bucket keys on at the source, and a role " +
		"that has kms:Encrypt but not kms:GenerateDataKey (or not kms:Decrypt) on the replica's key",
	Puts:     "one object under the source's default key, with a bucket key",
	Observes: "whether it arrives, and under which key",
	Settles: "whether kms:GenerateDataKey and kms:Decrypt on the replica's key are needed with bucket " +
		"keys",
	variants: []measure.Variant{measure.BucketKey},
	fits: func(d *fact.Document, l *fact.Link) error {
		switch e := d.Bucket.Encryption.Value; {
		case e == nil:
			return errors.New("the source's default encryption was not read")
		case !e.BucketKey || !strings.HasPrefix(e.Algorithm, "aws:kms"):
			return errors.New("the source's default is not SSE-KMS with a bucket key")
		case l.ReplicaKey == "":
			return errors.New("the rule names no key for replicas")
		}
		if b := d.Buckets[l.Destination].Value; b == nil || b.AccountID == "" || b.AccountID == d.Bucket.AccountID {
			return errors.New("the link does not cross accounts, or the destination's account was not read")
		}
		return nil
	},
	conclude: func(ms []measure.Measurement) (conclusion string, answered bool) {
		return decided(ms, "what the role has suffices with a bucket key; compare it with its policy",
			"what the role has does not suffice with a bucket key; compare it with its policy")
	},
}
