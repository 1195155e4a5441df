package iam

// undecided is a verdict that hangs on something unknown.
func (e *evaluation) undecided(v verdict) Decision {
	d := Decision{Result: v.result, Reason: v.reason, UnknownLayers: e.unread()}
	if e.state.invalid {
		d.Errors = e.errors()
	}
	return d
}

func (e *evaluation) answerGlob() Decision {
	return Decision{Reason: reasonUnknown}
}
