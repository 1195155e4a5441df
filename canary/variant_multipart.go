package canary

import "crosscheck/canary/measure"

// multipart is an object in two parts with a checksum of the whole, which is the same
// however the object was cut.
var multipart = variant{
	name:  measure.Multipart,
	place: (*Target).underRule,
	shape: func(o *object, _ *Target, _ Options) error {
		o.size, o.upload = twoParts, wholeChecksum
		return nil
	},
	observe: (*probe).awaitReplica,
}

// composite is an object in two parts with a checksum of each.
var composite = variant{
	name:  measure.Composite,
	place: (*Target).underRule,
	shape: func(o *object, _ *Target, _ Options) error {
		o.size, o.upload = twoParts, partChecksums
		return nil
	},
	observe: (*probe).awaitReplica,
}
