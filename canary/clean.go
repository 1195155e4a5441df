package canary

import (
	"cmp"
	"context"
	"time"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
)

// DefaultCleanUp is the deadline of the clean-up of one probe.
const DefaultCleanUp = time.Minute

// DefaultSettle is how long after the source is gone a replica that may still arrive
// is waited for. S3 reads the source before it writes the replica, and what it has read
// it may still write.
const DefaultSettle = 5 * time.Second

// cleanUp removes what the probe put, and every replica: the source first, so that
// nothing is replicated any more. It has its own deadline, which an interruption does
// not shorten.
func (p *probe) cleanUp(ctx context.Context) {
	p.enter(PhaseCleanUp)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.o.CleanUp)
	defer cancel()
	pending := false
	if !p.refused || !p.nothingPut(ctx) {
		p.m.Leftovers, pending = p.remove(ctx)
	}
	for _, l := range p.m.Leftovers {
		p.note("left behind in %s: %s %s: %s", l.Bucket, l.Key, cmp.Or(l.VersionID, "none"), l.Message)
	}
	switch {
	case len(p.m.Leftovers) > 0:
	case pending:
		// The source is gone, so nothing shows any more whether a replica will arrive.
		// The entry stays open for a sweep, which then removes what there is.
		p.note("a replica may still arrive: 'crosscheck canary sweep' removes it then")
	default:
		if err := p.o.Journal.Removed(p.t.Source.Name, p.object.key); err != nil {
			p.note("%s", err.Error())
		}
	}
}

// nothingPut reports whether the source shows that a PUT which was refused did nothing.
func (p *probe) nothingPut(ctx context.Context) bool {
	p.Count()
	versions, err := p.t.Source.Versions(ctx, p.object.key)
	return err == nil && len(versions) == 0
}

// replicaPending reports whether a replica of the versions that are known may arrive after
// the clean-up.
func (p *probe) replicaPending() bool {
	switch {
	case p.arrived:
		return false
	case p.m.Outcome == measure.Failed && p.statusFinal:
		return false
	case p.m.Outcome == measure.Absent && p.m.SourceStatus == "":
		return false // no rule took it
	}
	return true
}

// remove removes the object from both sides, and returns what it could not remove, and
// whether a replica may arrive after it.
func (p *probe) remove(ctx context.Context) (left []measure.Leftover, pending bool) {
	source, destination, key := &p.t.Source, &p.t.Destination, p.object.key
	// An upload that was completed may have another beside it, if the answer to its beginning
	// was lost and the request was repeated.
	if p.object.upload != single {
		left = append(left, p.Abort(ctx, source, key)...)
	}
	before := p.Removed
	left = append(left, p.Purge(ctx, source, key, p.versions...)...)
	// More than what was put: a PUT was repeated whose answer was lost, and nothing is known of
	// the replica of the other version.
	pending = p.replicaPending() || p.Removed-before > len(p.versions)
	switch {
	case pending:
		left = append(left, purgePending(ctx, &p.Tally, destination, key, p.o.Settle)...)
	case p.arrived:
		left = append(left, p.Purge(ctx, destination, key, p.versions...)...)
	default:
		left = append(left, p.Purge(ctx, destination, key)...)
	}
	elsewhere, late := p.removeElsewhere(ctx, pending)
	return append(left, elsewhere...), pending || late
}

// removeElsewhere removes the replicas that other rules have made. The probe looks only at
// the link's own destination, so until the source says COMPLETED, which it does for all of
// them, or all of them were seen, one may still arrive.
func (p *probe) removeElsewhere(ctx context.Context, pending bool) (left []measure.Leftover, late bool) {
	others := p.t.others(p.object.key, p.object.tags)
	late = len(others) > 0 && (pending || p.m.SourceStatus != "COMPLETED" && !p.everywhere)
	for _, b := range others {
		switch {
		case b.Err != nil:
			left = append(left, measure.Leftover{
				Bucket: b.Name, Key: p.object.key,
				Message: "another rule may have replicated the probe to it: " + client.OneLine(b.Err),
			})
		case late:
			left = append(left, purgePending(ctx, &p.Tally, b, p.object.key, p.o.Settle)...)
		default:
			left = append(left, p.Purge(ctx, b, p.object.key)...)
		}
	}
	return left, late
}

// purgePending purges the destination of a replica that may still arrive, again and
// again until settle has passed or ctx ends. That makes it likely, not sure, that
// nothing comes later.
func purgePending(ctx context.Context, c *bucket.Tally, b *bucket.Bucket, key string, settle time.Duration) []measure.Leftover {
	start := time.Now()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		if left := c.Purge(ctx, b, key); len(left) > 0 {
			return left
		}
		passed := time.Since(start)
		if passed >= settle || !sleep(ctx.Done(), min(wait, settle-passed)) {
			return nil
		}
	}
}
