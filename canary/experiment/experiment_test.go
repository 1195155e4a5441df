package experiment

import (
	"slices"
	"strings"
	"testing"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// prepared is a document with one link that every experiment but wrong-account could take.
func prepared() *fact.Document {
	return &fact.Document{
		Bucket: fact.Bucket{
			Name: "src", AccountID: "111111111111", Encryption: fact.Of(fact.Encryption{Algorithm: "aws:kms", BucketKey: true}),
		},
		Roles: map[string]fact.Fact[fact.Role]{"role": fact.Of(fact.Role{Trust: fact.Policy{
			Document: `{"Statement":{"Condition":{"StringEquals":{"AWS:SourceAccount":"111111111111"}}}}`,
		}})},
		Buckets: map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(fact.Bucket{
			Name: "dst", AccountID: "333333333333", Encryption: fact.Of(fact.Encryption{BlockedTypes: []string{"SSE-C"}}),
			Policy: fact.Of(fact.Policy{Document: `{"Statement":[{},{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`}),
		})},
		Links: []fact.Link{{
			ID: "src/r→dst", RoleARN: "role", Destination: "dst", ReplicaKey: "key",
			Rule: fact.ReplicationRule{Destination: fact.Destination{Account: "999999999999"}},
		}},
	}
}

// destination changes the destination bucket of a document.
func destination(change func(*fact.Bucket)) func(*fact.Document) {
	return func(d *fact.Document) {
		b := *d.Buckets["dst"].Value
		change(&b)
		d.Buckets["dst"] = fact.Of(b)
	}
}

func unread(d *fact.Document) { d.Buckets = nil }

// TestFits takes the link that is prepared, and says what keeps others from being so.
// What was not read is never taken for prepared.
func TestFits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		experiment string
		change     func(*fact.Document)
		want       string
	}{
		{"source-conditions", func(d *fact.Document) { d.Roles = nil }, "the role was not read"},
		{"source-conditions", func(d *fact.Document) {
			d.Roles["role"] = fact.Of(fact.Role{Trust: fact.Policy{Document: `{"Statement":[{"Condition":{"Bool":{"x":"y"}}}]}`}})
		}, "neither condition"},
		{"source-conditions", func(d *fact.Document) { d.Roles["role"] = fact.Of(fact.Role{}) }, "neither condition"},
		{"kms-bucket-key", func(d *fact.Document) { d.Bucket.Encryption = fact.Fact[fact.Encryption]{} }, "was not read"},
		{"kms-bucket-key", func(d *fact.Document) { d.Bucket.Encryption.Value.BucketKey = false }, "not SSE-KMS with a bucket key"},
		{"kms-bucket-key", func(d *fact.Document) { d.Bucket.Encryption.Value.Algorithm = "AES256" }, "not SSE-KMS with a bucket key"},
		{"kms-bucket-key", func(d *fact.Document) { d.Links[0].ReplicaKey = "" }, "names no key"},
		{"kms-bucket-key", unread, "does not cross accounts"},
		{"kms-bucket-key", destination(func(b *fact.Bucket) { b.AccountID = "" }), "does not cross accounts"},
		{"kms-bucket-key", destination(func(b *fact.Bucket) { b.AccountID = "111111111111" }), "does not cross accounts"},
		{"request-context", unread, "policy was not read"},
		{"request-context", destination(func(b *fact.Bucket) { b.Policy = fact.Fact[fact.Policy]{} }), "policy was not read"},
		{"request-context", destination(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() }), "no such condition"},
		{"sse-c-blocked", unread, "encryption was not read"},
		{"sse-c-blocked", destination(func(b *fact.Bucket) { b.Encryption = fact.Fact[fact.Encryption]{} }), "encryption was not read"},
		{"sse-c-blocked", destination(func(b *fact.Bucket) { b.Encryption.Value.BlockedTypes = nil }), "does not block SSE-C"},
		{"sse-c-blocked", func(d *fact.Document) { d.Bucket.Encryption.Value.BlockedTypes = []string{"SSE-C"} }, "the source blocks SSE-C too"},
		{"wrong-account", func(d *fact.Document) { d.Links[0].Rule.Destination.Account = "" }, "names no account"},
		{"wrong-account", func(d *fact.Document) { d.Links[0].Rule.Destination.Account = "333333333333" }, "names the destination's owner"},
		{"wrong-account", unread, "owner was not read"},
		{"wrong-account", destination(func(b *fact.Bucket) { b.AccountID = "" }), "owner was not read"},
	} {
		x, err := Find(test.experiment)
		if err != nil {
			t.Fatal(err)
		}
		d := prepared()
		test.change(d)
		if err := x.Fits(d, &d.Links[0]); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.experiment, err, test.want)
		}
	}
	for _, x := range All() {
		d := prepared()
		if err := x.Fits(d, &d.Links[0]); err != nil {
			t.Errorf("%s: %v", x.Name, err)
		}
	}
}

// TestConclude answers when the probes were decided, and only then.
func TestConclude(t *testing.T) {
	t.Parallel()
	equal, other := measure.Check{Name: "etag", Result: measure.Equal}, measure.Check{Name: "parts", Result: measure.Tolerated, Want: "2"}
	owner := func(got string) measure.Measurement {
		return measure.Measurement{Outcome: measure.Arrived, Checks: []measure.Check{{Name: "owner", Got: got}}}
	}
	of := func(o measure.Outcome) measure.Measurement { return measure.Measurement{Outcome: o, Message: "why"} }
	for _, test := range []struct {
		experiment string
		ms         []measure.Measurement
		answered   bool
		want       string
	}{
		{"source-conditions", []measure.Measurement{of(measure.Arrived)}, true, "S3 sends the keys"},
		{"source-conditions", []measure.Measurement{of(measure.Failed)}, true, "S3 does not send the keys"},
		{"source-conditions", []measure.Measurement{of(measure.Timeout)}, false, "nothing arrived in time"},
		{"source-conditions", []measure.Measurement{of(measure.Inconclusive)}, false, "the probe was not decided: why"},
		{"kms-bucket-key", []measure.Measurement{of(measure.Differs)}, true, "what the role has suffices"},
		{"kms-bucket-key", []measure.Measurement{of(measure.Failed)}, true, "what the role has does not suffice"},
		{"request-context", []measure.Measurement{of(measure.Arrived)}, true, "does not match"},
		{"request-context", []measure.Measurement{of(measure.Failed)}, true, "matches"},
		{"sse-c-blocked", []measure.Measurement{of(measure.Arrived)}, true, "SSE-C objects arrive"},
		{"sse-c-blocked", []measure.Measurement{of(measure.Failed)}, true, "the source says FAILED"},
		{"wrong-account", []measure.Measurement{owner("source")}, true, "from arriving; the replica belongs to the account of the source"},
		{"wrong-account", []measure.Measurement{owner("")}, true, "the replica's owner is as without the element"},
		{"wrong-account", []measure.Measurement{of(measure.Failed)}, true, "breaks the link"},
		{"multipart", []measure.Measurement{{Variant: "multipart", Outcome: measure.Arrived, Checks: []measure.Check{equal, other, {Name: "size"}}}},
			true, "multipart etag: equal; multipart parts: noted (source 2, replica none)"},
		{"multipart", []measure.Measurement{of(measure.Arrived)}, false, ""},
		{"multipart", []measure.Measurement{{Outcome: measure.Arrived, Checks: []measure.Check{equal}}, of(measure.Failed)}, false, "not every object arrived"},
	} {
		x, err := Find(test.experiment)
		if err != nil {
			t.Fatal(err)
		}
		conclusion, answered := x.conclude(test.ms)
		if answered != test.answered || !strings.Contains(conclusion, test.want) || test.want == "" && conclusion != "" {
			t.Errorf("%s of %+v: %v, %s", test.experiment, test.ms, answered, conclusion)
		}
	}
}

// TestRun puts each variant, numbered from the first.
func TestRun(t *testing.T) {
	t.Parallel()
	x, err := Find("multipart")
	if err != nil {
		t.Fatal(err)
	}
	link := &canary.Target{Link: "l", Rule: fact.ReplicationRule{Status: "Enabled", Prefix: strings.Repeat("x", 2000)}}
	r := x.Run(t.Context(), link, 7, canary.Options{Run: "r"})
	var put []string
	for _, m := range r.Measurements {
		put = append(put, m.Variant+" "+m.Key[2000:])
	}
	want := []string{"multipart crosscheck-canary/r/7", "composite crosscheck-canary/r/8"}
	if !slices.Equal(put, want) || r.Answered || r.Conclusion != "not every object arrived" {
		t.Errorf("%q: %v, %s", put, r.Answered, r.Conclusion)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, x := range All() {
		if found, err := Find(x.Name); err != nil || found != x || len(x.Variants()) == 0 {
			t.Errorf("%s: %v, %v", x.Name, found, err)
		}
	}
	if _, err := Find("nope"); err == nil || !strings.Contains(err.Error(), `no experiment "nope": there are source-conditions, kms-bucket-key`) {
		t.Error(err)
	}
}
