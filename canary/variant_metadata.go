package canary

import "crosscheck/canary/measure"

// withMetadata is an object with user metadata.
var withMetadata = variant{
	name:  measure.Metadata,
	place: (*Target).underRule,
	shape: func(o *object, _ *Target, opts Options) error {
		o.metadata = map[string]string{probeMetadata: opts.Run}
		return nil
	},
	observe: (*probe).awaitReplica,
}
