package canary

import (
	"maps"
	"testing"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// TestShapes makes the object of each variant.
func TestShapes(t *testing.T) {
	t.Parallel()
	filter, more := map[string]string{"k": "v"}, map[string]string{"k": "v", probeTag: "run"}
	for name, want := range map[measure.Variant]struct {
		size   int64
		upload upload
		tags   map[string]string
		kms    string
		key    string // of the customer's or KMS; "" = none
	}{
		measure.Plain:     {size: plainSize, tags: filter},
		measure.Tagged:    {size: plainSize, tags: more},
		measure.Metadata:  {size: plainSize, tags: filter},
		measure.KMS:       {size: plainSize, tags: filter, kms: "aws:kms"},
		measure.DSSE:      {size: plainSize, tags: filter, kms: "aws:kms:dsse"},
		measure.Locked:    {size: plainSize, tags: filter},
		measure.Multipart: {size: twoParts, upload: wholeChecksum, tags: filter},
		measure.Composite: {size: twoParts, upload: partChecksums, tags: filter},
		measure.Overwrite: {size: plainSize, tags: filter},
		measure.TagChange: {size: plainSize, tags: filter},
		measure.Empty:     {size: 0, tags: filter},
		measure.Large:     {size: 3000, tags: filter},
		measure.BucketKey: {size: plainSize, tags: filter, kms: "aws:kms", key: "default"},
		measure.SSEC:      {size: plainSize, tags: filter, key: "customer"},
	} {
		target := &Target{Rule: rule("a", 1, prefix("p/"))}
		target.Rule.Tags = filter
		target.Source.Encryption = fact.Of(fact.Encryption{Algorithm: "AES256", KeyID: "default"})
		var o object
		if err := o.prepare(variantOf(name), target, Options{Run: "run", Folder: Folder, Size: 3000}, 1); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		key := ""
		switch {
		case o.kmsKey != nil:
			key = *o.kmsKey
		case o.customer.Key != nil:
			key = "customer"
		}
		if o.size != want.size || o.body.Size() != want.size || o.upload != want.upload || !maps.Equal(o.tags, want.tags) ||
			string(o.encryption) != want.kms || key != want.key || o.key != "p/crosscheck-canary/run/1" {
			t.Errorf("%s: %+v", name, o)
		}
		if o.held != (name == measure.Locked) {
			t.Errorf("%s: held %v", name, o.held)
		}
		if (len(o.metadata) > 0) != (name == measure.Metadata) || (o.bucketKey != nil) != (name == measure.BucketKey) {
			t.Errorf("%s: metadata %v, bucket key %v", name, o.metadata, o.bucketKey)
		}
		if (len(o.checksum) == 12) != (o.upload == wholeChecksum) { // 8 bytes in base64, else 32
			t.Errorf("%s: checksum %s", name, o.checksum)
		}
	}
	kms := &Target{Rule: rule("a", 1)}
	kms.Source.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms"})
	var o object
	if err := o.prepare(variantOf(measure.KMS), kms, Options{Run: "run"}, 1); err != nil || o.encryption != "" {
		t.Errorf("the bucket's default encrypts: %q, %v", o.encryption, err)
	}
}
