package experiment

import (
	"errors"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// requestContext asks what replication's requests come with, as policies see them.
var requestContext = Experiment{
	Name: "request-context",
	Question: "What are aws:SecureTransport, aws:SourceIp and aws:SourceVpce in the requests of S3's " +
		"replication?",
	Prepare: "a link whose destination policy (or key policy) denies by one of these keys, without " +
		"exempting the role",
	Puts:     "one plain object",
	Observes: "whether it arrives, or the source says FAILED",
	Settles:  "whether a policy that denies by the network or by missing TLS cuts replication",
	variants: []measure.Variant{measure.Plain},
	fits: func(d *fact.Document, l *fact.Link) error {
		b := d.Buckets[l.Destination].Value
		if b == nil || !b.Policy.Known() {
			return errors.New("the destination's policy was not read")
		}
		keys := []string{"aws:securetransport", "aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"}
		if p := b.Policy.Value; p == nil || !anyKey(p.Document, keys...) {
			return errors.New("the destination's policy has no such condition")
		}
		return nil
	},
	conclude: func(ms []measure.Measurement) (conclusion string, answered bool) {
		return decided(ms, "the condition does not match replication's requests: such a deny does not cut it",
			"the condition matches replication's requests: such a deny cuts it")
	},
}
