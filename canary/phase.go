package canary

import (
	"context"
	"fmt"
	"time"

	"crosscheck/canary/bucket"
)

// Phase is what a probe is doing. Each phase has a deadline of its own, before which it is
// over, whatever S3 answers or does not answer.
type Phase string

// The phases of a probe, in order. A probe that watches something twice, an object and then
// its delete marker, say, may go back.
const (
	PhasePreflight Phase = "preflight" // checks that it can be watched and removed
	PhasePut       Phase = "put"
	PhaseWait      Phase = "wait" // for what follows from the PUT, and the comparison
	PhaseCleanUp   Phase = "clean-up"
	PhaseOver      Phase = ""
)

// Deadlines of phases and of single requests.
const (
	statusLag = 30 * time.Second // how long the source's status may lag behind a visible replica
	slowest   = 1 << 20          // bytes a second at which an object is written and read at least
)

// enter begins a phase.
func (p *probe) enter(next Phase) {
	if p.o.Enter != nil && p.phase != next {
		p.o.Enter(p.phase, next)
	}
	p.phase = next
}

// withLimit does a phase, or a part of it, with a deadline. An error after the deadline says
// that it was given up.
func withLimit(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w (given up after %s)", err, brief(limit))
	}
	return err
}

// Limit is the longest time of a phase of one small probe; of the wait, that for its replica.
func (o Options) Limit(phase Phase) time.Duration {
	o = o.withDefaults()
	switch phase {
	case PhasePreflight:
		return bucket.CallTimeout
	case PhaseWait:
		return o.Timeout
	}
	return o.CleanUp
}

// transfer is how long the object may take to be written, or read, beside the time for short
// requests.
func (o *object) transfer() time.Duration { return time.Duration(o.size/slowest) * time.Second }

// putLimit is the deadline of a PUT.
func (p *probe) putLimit() time.Duration { return p.o.CleanUp + p.object.transfer() }

// waitLimit is the deadline of all that follows on a PUT: at most two waits, with a PUT or
// another request between them, and a comparison, each with a deadline of its own.
func (p *probe) waitLimit() time.Duration {
	return 3*p.o.Timeout + 2*p.putLimit() + 2*(statusLag+2*bucket.CallTimeout)
}
