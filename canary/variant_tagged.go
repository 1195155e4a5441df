package canary

import (
	"fmt"

	"crosscheck/canary/measure"
)

// tagged is an object with one tag more than the rule's filter asks for.
var tagged = variant{
	name:  measure.Tagged,
	place: (*Target).underRule,
	shape: func(o *object, _ *Target, opts Options) error {
		tags, ok := withProbeTag(o.tags, opts.Run)
		if !ok {
			return fmt.Errorf("the rule's filter asks for %d tags, so there is no room for one more", len(o.tags))
		}
		o.tags = tags
		return nil
	},
	observe: (*probe).awaitReplica,
}
