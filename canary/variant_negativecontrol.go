package canary

import (
	"context"
	"errors"
	"fmt"

	"crosscheck/canary/measure"
)

// negativeControl is an object outside every rule, which must not arrive.
var negativeControl = variant{
	name:    measure.NegativeControl,
	place:   (*Target).outsideRules,
	shape:   asPlain,
	observe: (*probe).observeAbsence,
}

func (p *probe) observeAbsence(ctx context.Context) {
	p.awaitAbsence(ctx, p.replicaVisible, "the object")
	if p.m.Outcome != measure.Absent {
		return
	}
	switch status, known := p.readStatus(ctx); {
	case !known && p.statusRefused != nil:
		p.inconclusive(fmt.Errorf("%s, so whether a rule took the object is not known: %s", statusUnread, said(p.statusRefused)))
	case !known:
		p.inconclusive(errors.New(statusUnread + ", so whether a rule took the object is not known"))
	case status != "":
		p.m.Outcome = measure.Unexpected
		p.note("the source shows the replication status %s for an object outside every rule", status)
	}
}
