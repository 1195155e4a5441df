package canary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
)

// Options of probes. The zero value of each field but Run means its default.
type Options struct {
	Run           string           // id of the run, part of every key; letters, digits and -
	Folder        string           // name of the directory of probes inside the rule's prefix, default [Folder]
	Timeout       time.Duration    // how long to wait for a replica, default [DefaultTimeout]
	Absence       time.Duration    // how long to watch for what must not arrive, default [DefaultAbsence], at most Timeout
	CleanUp       time.Duration    // deadline of the clean-up of one probe, default [DefaultCleanUp]
	Settle        time.Duration    // how long to wait for a replica that may still arrive, to remove it; default [DefaultSettle]
	Size          int64            // bytes of the variant large, default [DefaultSize]
	AllowRetained bool             // probe buckets too where a probe cannot be removed again
	Journal       *journal.Journal // nil: what a crash leaves behind is found only by a sweep of the bucket

	// Enter is called when a probe leaves one phase and enters the next; it begins and ends
	// with [PhaseOver]. Several probes may call it at the same time. Nil: nothing is called.
	Enter func(from, to Phase)

	starts startLimiter // set by Run
}

// Defaults of Options.
const (
	DefaultTimeout = 15 * time.Minute
	DefaultAbsence = 30 * time.Second
	DefaultSize    = 64 << 20
)

func (o Options) withDefaults() Options {
	o.Folder = cmp.Or(o.Folder, Folder)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Absence = min(cmp.Or(o.Absence, DefaultAbsence), o.Timeout)
	o.CleanUp = cmp.Or(o.CleanUp, DefaultCleanUp)
	o.Settle = cmp.Or(o.Settle, DefaultSettle)
	o.Size = cmp.Or(o.Size, DefaultSize)
	return o
}

// Probe puts one probe object, number n of the run, watches for its replica,
// compares, and removes both. The end of ctx ends the wait, not the clean-up.
// A probe that could not be removed again or not be watched is not put at all: the
// measurement is inconclusive then. So it is for a variant that is not known.
//
// Requests of a plain probe that arrives within 60 ms: 7 for the preflight, 1 PUT, about 2
// looks, 2 status reads, 6 for the comparison, 4 for the clean-up; each further look is
// one more (see [measure.Measurement.Requests] for what it was).
func Probe(ctx context.Context, t *Target, v measure.Variant, n int, o Options) measure.Measurement {
	p := &probe{t: t, o: o.withDefaults(), m: measure.Measurement{
		Link: t.Link, Variant: string(v), Predicted: t.Predicted, Outcome: measure.Inconclusive,
	}, codes: t.FailureCodes}
	if c := v.Of(t.Classes); c != nil {
		p.m.Predicted, p.codes = string(c.Verdict), c.FailureCodes
	}
	p.run(ctx, v, n)
	p.m.Requests = p.Requests
	if p.m.Outcome == measure.Failed || p.m.Outcome == measure.Timeout {
		p.m.FailureCodes = p.codes
	}
	return p.m
}

// probe is one probe while it runs.
type probe struct {
	bucket.Tally
	t      *Target
	o      Options
	m      measure.Measurement
	object object
	codes  []string // that the audit predicts of such objects

	putAt       time.Time // when the PUT was answered, from which latencies count
	phase       Phase
	endStart    func()   // says that the probe is past its first second
	version     string   // the version that is watched
	versions    []string // all that were made at the source
	onlyListed  bool     // the destination refuses to show the replica, but lists it
	refused     bool     // S3 is said to have refused the PUT
	arrived     bool     // all that was put was seen at the destination
	everywhere  bool     // all that was put was seen in the buckets of other rules
	statusKnown bool     // the source answered when it was last asked for its status
	statusFinal bool     // the source's status does not change any more

	statusRefused    error // the refusal of the last request for the source's status
	refusedToCompare bool  // the role was refused something that the comparison needs
}

func (p *probe) run(ctx context.Context, v measure.Variant, n int) {
	variant := variantOf(v)
	if variant == nil {
		p.inconclusive(fmt.Errorf("there is no variant %q", v))
		return
	}
	defer p.enter(PhaseOver)
	if err := p.begin(ctx, variant, n); err != nil {
		p.inconclusive(err)
		return
	}
	defer p.cleanUp(ctx)

	p.endStart = p.o.starts.acquire(ctx)
	defer func() { p.endStart() }()
	wall := time.Now()
	if err := p.put(ctx); err != nil {
		p.inconclusive(fmt.Errorf("the probe cannot be put: %w", err))
		return
	}
	p.observe(ctx, variant)
	now := time.Now()
	if jump := clockJump(now.Round(0).Sub(wall.Round(0)), now.Sub(wall)); jump != 0 {
		p.note("the clock of this machine jumped by %s: if it slept, the replica may have taken that much longer", jump)
	}
}

// observe watches what follows on the PUT, and sets the outcome.
func (p *probe) observe(ctx context.Context, v *variant) {
	limit := p.waitLimit()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	v.observe(p, limited)
	if limited.Err() != nil && ctx.Err() == nil {
		p.note("given up after %s", brief(limit))
	}
}

// begin does everything that comes before the PUT: it chooses the key, makes the
// object, checks that both buckets can be accessed and cleaned, and writes the
// journal. It reports why the probe must not be put.
func (p *probe) begin(ctx context.Context, v *variant, n int) error {
	err := p.object.prepare(v, p.t, p.o, n)
	p.m.Key = p.object.key
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return errors.New("interrupted before it began")
	case p.t.Source.Err != nil:
		return fmt.Errorf("the source cannot be reached, so nothing was put: %w", p.t.Source.Err)
	case p.t.Destination.Err != nil:
		return fmt.Errorf("the destination cannot be reached, so nothing was put: %w", p.t.Destination.Err)
	}
	p.enter(PhasePreflight)
	if err := withLimit(ctx, bucket.CallTimeout, p.preflight); err != nil {
		return err
	}
	var others []journal.Location
	for _, b := range p.t.others(p.object.key, p.object.tags) {
		others = append(others, b.Location())
	}
	// On the disk before the first byte goes out.
	return p.o.Journal.Put(journal.Entry{
		Run: p.o.Run, Link: p.t.Link, Key: p.object.key, At: time.Now().UTC().Format(time.RFC3339),
		Prefix: strings.TrimSuffix(p.object.key, journal.Key("", p.o.Folder, p.o.Run, n)),
		Parts:  p.object.upload != single, Held: p.object.held, Uncovered: v.name == measure.NegativeControl,
		Source: p.t.Source.Location(), Destination: p.t.Destination.Location(), Others: others,
	})
}

// clockJump is by how much the wall clock differs from the monotonic one, 0 if by
// less than a second.
func clockJump(wall, monotonic time.Duration) time.Duration {
	if d := (wall - monotonic).Round(time.Millisecond); d.Abs() >= time.Second {
		return d
	}
	return 0
}

func (p *probe) inconclusive(err error) {
	p.m.Outcome = measure.Inconclusive
	p.note("%s", err.Error())
}

func (p *probe) interrupted() {
	p.m.Outcome = measure.Inconclusive
	p.note("interrupted after %s", brief(time.Since(p.putAt)))
}

// note adds to the message of the measurement.
func (p *probe) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if p.m.Message != "" {
		s = p.m.Message + "; " + s
	}
	p.m.Message = s
}

// milliseconds rounds up: a latency is never reported shorter than it was.
func milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// brief is a duration for people: three significant digits are enough.
func brief(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
