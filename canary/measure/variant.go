package measure

// Variant is a kind of probe.
type Variant string

// The variants.
const (
	Plain           Variant = "plain"            // one small object
	Tagged          Variant = "tagged"           // with a tag beside those of the filter
	Metadata        Variant = "metadata"         // with user metadata and a content type
	KMS             Variant = "kms"              // encrypted with the source bucket's default key
	DSSE            Variant = "dsse"             // in two layers of KMS, with the source bucket's default key
	Locked          Variant = "locked"           // with a legal hold, which is taken off again
	Multipart       Variant = "multipart"        // uploaded in two parts
	DeleteMarker    Variant = "delete-marker"    // deleted after it arrived; the marker arrives if the rule says so
	Overwrite       Variant = "overwrite"        // two versions of one key
	TagChange       Variant = "tag-change"       // tags changed after the object arrived
	NegativeControl Variant = "negative-control" // a key outside every rule, which must not arrive
	Empty           Variant = "empty"            // zero bytes
	Large           Variant = "large"            // Options.Size bytes
)

// Variants that only experiments put.
const (
	BucketKey Variant = "bucket-key" // under the source's default key, with a bucket key
	Composite Variant = "composite"  // in two parts, with a checksum of parts
	SSEC      Variant = "sse-c"      // with a customer key
)
