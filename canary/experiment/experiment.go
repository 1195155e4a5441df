// Package experiment asks S3 what its documentation does not say: an experiment puts
// probes into a link that is prepared for it, and says what follows from what happened.
package experiment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// Experiment is a question about S3 that no documentation and no recording
// answers. A link that is prepared for it answers it: the experiment puts probes
// there and says what follows from what happened. It changes no configuration.
type Experiment struct {
	Name     string
	Question string
	Prepare  string // what the link has to be
	Puts     string
	Observes string
	Settles  string // which fact it would settle

	variants []measure.Variant
	// fits reports why a link is not prepared, nil if it is. Facts that were not
	// read make it an error too: an answer from an unprepared link is none.
	fits func(*fact.Document, *fact.Link) error
	// conclude says what follows, and whether the question is answered.
	conclude func(*canary.Target, []measure.Measurement) (string, bool)
}

// All are all experiments, by name.
var All = []Experiment{
	{
		Name:     "source-conditions",
		Question: "Does S3 send aws:SourceAccount and aws:SourceArn when it assumes the replication role?",
		Prepare:  "a link whose role's trust policy allows s3.amazonaws.com only with aws:SourceAccount = the source's account or aws:SourceArn = the source bucket",
		Puts:     "one plain object",
		Observes: "whether it arrives, or the source says FAILED",
		Settles:  "whether a trust policy with these conditions works or is AssumeRoleNotPermitted",
		variants: []measure.Variant{measure.Plain},
		fits: func(d *fact.Document, l *fact.Link) error {
			role := d.Roles[l.RoleARN].Value
			if role == nil {
				return errors.New("the role was not read")
			}
			if !anyKey(role.Trust.Document, "aws:sourceaccount", "aws:sourcearn") {
				return errors.New("the role's trust policy has neither condition")
			}
			return nil
		},
		conclude: func(_ *canary.Target, ms []measure.Measurement) (string, bool) {
			return decided(ms, "S3 sends the keys: a trust policy that demands them works",
				"S3 does not send the keys, or not with these values: such a trust policy breaks the link")
		},
	},
	{
		Name:     "kms-bucket-key",
		Question: "Which KMS actions suffice when bucket keys are on, across accounts?",
		Prepare:  "a cross-account link with SSE-KMS on both sides, bucket keys on at the source, and a role that has kms:Encrypt but not kms:GenerateDataKey (or not kms:Decrypt) on the replica's key",
		Puts:     "one object under the source's default key, with a bucket key",
		Observes: "whether it arrives, and under which key",
		Settles:  "whether kms:GenerateDataKey and kms:Decrypt on the replica's key are needed with bucket keys",
		variants: []measure.Variant{measure.BucketKey},
		fits: func(d *fact.Document, l *fact.Link) error {
			switch e := d.Bucket.Encryption.Value; {
			case e == nil:
				return errors.New("the source's default encryption was not read")
			case !e.BucketKey || !strings.HasPrefix(e.Algorithm, "aws:kms"):
				return errors.New("the source's default is not SSE-KMS with a bucket key")
			case l.Rule.Destination.ReplicaKMSKeyID == "":
				return errors.New("the rule names no key for replicas")
			}
			if b := d.Buckets[l.Destination].Value; b == nil || b.AccountID == "" || b.AccountID == d.Bucket.AccountID {
				return errors.New("the link does not cross accounts, or the destination's account was not read")
			}
			return nil
		},
		conclude: func(_ *canary.Target, ms []measure.Measurement) (string, bool) {
			return decided(ms, "what the role has suffices with a bucket key; hold it against its policy",
				"what the role has does not suffice with a bucket key; hold it against its policy")
		},
	},
	{
		Name:     "multipart",
		Question: "What of a multipart upload is equal on the replica: checksum, ETag, parts?",
		Prepare:  "any link that works",
		Puts:     "one object in two parts with a full-object CRC64NVME, and one with a SHA-256 of parts (composite)",
		Observes: "checksum and its type, ETag and number of parts at both ends",
		Settles:  "how far replicas of multipart uploads can be compared without reading them",
		variants: []measure.Variant{measure.Multipart, measure.Composite},
		fits:     func(*fact.Document, *fact.Link) error { return nil },
		conclude: func(_ *canary.Target, ms []measure.Measurement) (string, bool) {
			var said []string
			for _, m := range ms {
				if m.Outcome != measure.Arrived && m.Outcome != measure.Differs {
					return "not every object arrived", false
				}
				for _, c := range m.Checks {
					if slices.Contains([]string{"checksum", "etag", "parts", "body"}, c.Name) {
						s := fmt.Sprintf("%s %s: %s", m.Variant, c.Name, c.Result)
						if c.Want != "" || c.Got != "" {
							s += fmt.Sprintf(" (source %s, replica %s)", cmp.Or(c.Want, "none"), cmp.Or(c.Got, "none"))
						}
						said = append(said, s)
					}
				}
			}
			return strings.Join(said, "; "), len(said) > 0
		},
	},
	{
		Name:     "request-context",
		Question: "What are aws:SecureTransport, aws:SourceIp and aws:SourceVpce in the requests of S3's replication?",
		Prepare:  "a link whose destination policy (or key policy) denies by one of these keys, without exempting the role",
		Puts:     "one plain object",
		Observes: "whether it arrives, or the source says FAILED",
		Settles:  "whether a policy that denies by the network or by missing TLS cuts replication",
		variants: []measure.Variant{measure.Plain},
		fits: func(d *fact.Document, l *fact.Link) error {
			b := d.Buckets[l.Destination].Value
			if b == nil || !b.Policy.Known() {
				return errors.New("the destination's policy was not read")
			}
			if p := b.Policy.Value; p == nil || !anyKey(p.Document, "aws:securetransport", "aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce") {
				return errors.New("the destination's policy has no such condition")
			}
			return nil
		},
		conclude: func(_ *canary.Target, ms []measure.Measurement) (string, bool) {
			return decided(ms, "the condition does not match replication's requests: such a deny does not cut it",
				"the condition matches replication's requests: such a deny cuts it")
		},
	},
	{
		Name:     "sse-c-blocked",
		Question: "What does S3 report when the destination blocks SSE-C?",
		Prepare:  "a link whose destination blocks SSE-C and whose source does not; Metrics enabled and a notification for s3:Replication:OperationFailedReplication, which carries the code",
		Puts:     "one object encrypted with a key of the canary's own (SSE-C)",
		Observes: "the source's status; the code stands in the event alone",
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
		conclude: func(_ *canary.Target, ms []measure.Measurement) (string, bool) {
			return decided(ms, "SSE-C objects arrive although the destination blocks them",
				"the source says FAILED; read failureReason in the event of the probe's key")
		},
	},
	{
		Name:     "wrong-account",
		Question: "What happens when Destination.Account is not the destination's owner?",
		Prepare:  "a link whose rule names an account that does not own the destination bucket",
		Puts:     "one plain object",
		Observes: "whether it arrives, and whose it is",
		Settles:  "whether a wrong Destination.Account breaks the link at run time",
		variants: []measure.Variant{measure.Plain},
		fits: func(d *fact.Document, l *fact.Link) error {
			b := d.Buckets[l.Destination].Value
			switch {
			case l.Rule.Destination.Account == "":
				return errors.New("the rule names no account")
			case b == nil || b.AccountID == "":
				return errors.New("the destination's owner was not read")
			case b.AccountID == l.Rule.Destination.Account:
				return errors.New("the rule names the destination's owner")
			}
			return nil
		},
		conclude: func(_ *canary.Target, ms []measure.Measurement) (string, bool) {
			owner := ""
			for _, c := range ms[0].Checks {
				if c.Name == "owner" {
					owner = "; the replica belongs to the account of the " + c.Got
					if c.Got == "" {
						owner = "; the replica's owner is as without the element"
					}
				}
			}
			return decided(ms, "a wrong Destination.Account does not keep objects from arriving"+owner,
				"a wrong Destination.Account breaks the link")
		},
	},
}

// Find finds an experiment by its name.
func Find(name string) (*Experiment, error) {
	var names []string
	for i := range All {
		if All[i].Name == name {
			return &All[i], nil
		}
		names = append(names, All[i].Name)
	}
	return nil, fmt.Errorf("there is no experiment %q: there are %s", name, strings.Join(names, ", "))
}

// Fits reports why a link is not prepared for the experiment, nil if it is.
func (x *Experiment) Fits(d *fact.Document, l *fact.Link) error { return x.fits(d, l) }

// Variants are the probes that the experiment puts.
func (x *Experiment) Variants() []measure.Variant { return x.variants }

// Run does the experiment on a link: its probes, numbered after the first, what
// follows from them, and whether that answers the question.
func (x *Experiment) Run(ctx context.Context, t *canary.Target, first int, o canary.Options) (ms []measure.Measurement, conclusion string, settled bool) {
	for i, v := range x.variants {
		ms = append(ms, canary.Probe(ctx, t, v, first+i+1, o))
	}
	conclusion, settled = x.conclude(t, ms)
	return ms, conclusion, settled
}

// decided maps what probes showed to a conclusion.
func decided(ms []measure.Measurement, arrived, failed string) (string, bool) {
	for _, m := range ms {
		switch m.Outcome {
		case measure.Arrived, measure.Differs:
		case measure.Failed:
			return failed, true
		case measure.Timeout:
			return "nothing arrived in time and S3 did not say FAILED: wait longer (--timeout), or look whether the rule took the object", false
		default:
			return "the probe was not decided: " + m.Message, false
		}
	}
	return arrived, true
}

// anyKey reports whether a policy has a condition on one of the keys (given in
// lower case).
func anyKey(policy string, keys ...string) bool {
	var doc struct {
		Statement any
	}
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return false
	}
	statements, ok := doc.Statement.([]any)
	if !ok {
		statements = []any{doc.Statement}
	}
	for _, s := range statements {
		statement, _ := s.(map[string]any)
		conditions, _ := statement["Condition"].(map[string]any)
		for _, operator := range conditions {
			of, _ := operator.(map[string]any)
			for key := range of {
				if slices.Contains(keys, strings.ToLower(key)) {
					return true
				}
			}
		}
	}
	return false
}
