package canary

import "crosscheck/canary/measure"

// large is an object of Options.Size bytes, uploaded in parts above 5 GiB.
var large = variant{
	name:  measure.Large,
	place: (*Target).underRule,
	shape: func(o *object, _ *Target, opts Options) error {
		o.size = opts.Size
		return nil
	},
	observe: (*probe).awaitReplica,
}
