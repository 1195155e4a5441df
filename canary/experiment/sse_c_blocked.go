package experiment

import (
	"errors"
	"slices"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// ssecBlocked asks what S3 reports where the destination blocks SSE-C.
var ssecBlocked = Experiment{
	Name:     "sse-c-blocked",
	Question: "What does S3 report when the destination blocks SSE-C?",
	Prepare: "a link whose destination blocks SSE-C and whose source does not; Metrics enabled and a " +
		"notification for s3:Replication:OperationFailedReplication, which carries the code",
	Puts:     "one object encrypted with a key of the canary's own (SSE-C)",
	Observes: "the source's status; only the event has the code",
	Settles:  "the failure code of a blocked encryption type",
	variants: []measure.Variant{measure.SSEC},
	fits: func(d *fact.Document, l *fact.Link) error {
		b := d.Buckets[l.Destination].Value
		if b == nil || b.Encryption.Value == nil {
			return errors.New("the destination's encryption was not read")
		}
		if !slices.Contains(b.Encryption.Value.BlockedTypes, "SSE-C") {
			return errors.New("the destination does not block SSE-C")
		}
		if e := d.Bucket.Encryption.Value; e != nil && slices.Contains(e.BlockedTypes, "SSE-C") {
			return errors.New("the source blocks SSE-C too, so nothing can be put")
		}
		return nil
	},
	conclude: func(ms []measure.Measurement) (conclusion string, answered bool) {
		return decided(ms, "SSE-C objects arrive although the destination blocks them",
			"the source says FAILED; read failureReason in the event of the probe's key")
	},
}
