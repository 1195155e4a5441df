package canary

import "crosscheck/canary/measure"

// empty is an object of zero bytes.
var empty = variant{
	name:  measure.Empty,
	place: (*Target).underRule,
	shape: func(o *object, _ *Target, _ Options) error {
		o.size = 0
		return nil
	},
	observe: (*probe).awaitReplica,
}
