package canary

import "crosscheck/canary/measure"

// plain is one small object under the rule, whose replica must arrive and be equal.
var plain = variant{
	name:    measure.Plain,
	place:   (*Target).underRule,
	shape:   asPlain,
	observe: (*probe).awaitReplica,
}
