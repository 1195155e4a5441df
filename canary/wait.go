package canary

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
)

// look asks whether what was put is at the destination by now.
type look func(context.Context) (bool, error)

// awaitReplica waits for the replica and compares it.
func (p *probe) awaitReplica(ctx context.Context) {
	if p.await(ctx, p.replicaVisible) {
		p.compare(ctx)
	}
}

// replicaVisible is the [look] for the replica of the version.
func (p *probe) replicaVisible(ctx context.Context) (bool, error) {
	d := &p.t.Destination
	if !p.onlyListed {
		p.Count()
		_, present, err := d.Head(ctx, p.object.key, p.version, p.object.customer)
		if err == nil || !bucket.Denied(err) {
			return present, err
		}
		// The destination's account may be refused its own copy, when the copy
		// belongs to the source's account. The listing shows it all the same.
	}
	found, err := p.listed(ctx, func(v bucket.Version) bool { return v.ID == p.version })
	if found {
		p.onlyListed = true
	}
	return found, err
}

// listed reports whether the destination lists a version of the key that matches.
func (p *probe) listed(ctx context.Context, match func(bucket.Version) bool) (bool, error) {
	p.Count()
	versions, err := p.t.Destination.Versions(ctx, p.object.key)
	if err != nil {
		return false, p.asked(DestinationSide, actionList, err)
	}
	for _, v := range versions {
		if match(v) {
			return true, nil
		}
	}
	return false, nil
}

// await waits until a look finds what it looks for, the source says FAILED, the time
// is up or ctx ends. It reports whether it was found; otherwise it sets the outcome.
func (p *probe) await(ctx context.Context, look look) bool {
	var (
		nextLookAt   = nextLook(0)
		nextStatusAt = nextStatus(0)
		deadline     = p.o.Timeout
		lastMissed   time.Duration // when the last look began that did not find it
		lookErr      error         // of the last look, nil when S3 answered it
	)
	alone := p.t.destinations(p.object.key, p.object.tags) <= 1
	for {
		due := min(nextLookAt, nextStatusAt, deadline)
		if due > startPhase {
			p.endStart()
		}
		if !sleep(ctx.Done(), due-time.Since(p.putAt)) {
			p.interrupted()
			return false
		}
		began := time.Since(p.putAt)
		final, failed := began >= deadline, false
		if began >= nextStatusAt || final {
			status, known := p.readStatus(ctx)
			failed = known && status == "FAILED" && alone
			nextStatusAt = nextStatus(time.Since(p.putAt))
			if p.statusFinal {
				// It is not asked for any more. After COMPLETED the replica must be there: look at once.
				nextStatusAt, nextLookAt = deadline, min(nextLookAt, began)
			}
		}
		began = time.Since(p.putAt)
		if began >= nextLookAt || final || failed {
			p.m.Polls++
			call, cancel := context.WithTimeout(ctx, bucket.CallTimeout)
			found, err := look(call)
			cancel()
			switch {
			case found:
				p.foundAfter(ctx, time.Since(p.putAt), lastMissed)
				return true
			case err == nil:
				lastMissed = began
			}
			lookErr, nextLookAt = err, nextLook(time.Since(p.putAt))
		}
		switch {
		case ctx.Err() != nil:
			p.interrupted()
			return false
		case failed:
			p.m.Outcome = measure.Failed
			p.note("S3 reported FAILED %s after the PUT%s", brief(time.Since(p.putAt)), p.prediction())
			return false
		case final && lookErr != nil:
			p.inconclusive(fmt.Errorf("the destination cannot be read: %s", said(lookErr)))
			return false
		case final && p.statusRefused != nil:
			p.inconclusive(fmt.Errorf("no replica within %s, and %s: %s", brief(p.o.Timeout), statusUnread, said(p.statusRefused)))
			return false
		case final:
			p.m.Outcome = measure.Timeout
			p.note("no replica within %s; %s", brief(p.o.Timeout), p.sourceOnTimeout())
			return false
		}
	}
}

// foundAfter notes the latency of what a look found, and its slack: the time since the
// last look that did not find it.
func (p *probe) foundAfter(ctx context.Context, latency, lastMissed time.Duration) {
	p.m.LatencyMS, p.m.SlackMS = milliseconds(latency), milliseconds(latency-lastMissed)
	p.arrived = true
	p.endStart()
	p.awaitFinalStatus(ctx)
}

// awaitFinalStatus waits for the source's status to become final after the replica
// was seen: a replica can be visible while the source still says PENDING, and a tag
// that was not replicated shows only as FAILED.
func (p *probe) awaitFinalStatus(ctx context.Context) {
	start := time.Now()
	for wait := fineLook; !p.statusFinal; wait = min(2*wait, 5*time.Second) {
		p.readStatus(ctx)
		if p.statusFinal || p.m.SourceStatus == "" || time.Since(start) >= statusLag || !sleep(ctx.Done(), wait) {
			return
		}
	}
}

// readStatus asks for the replication status of the source object and notes its
// changes. It is "" where S3 shows none, and not known where S3 does not answer.
func (p *probe) readStatus(ctx context.Context) (status string, known bool) {
	ctx, cancel := context.WithTimeout(ctx, bucket.CallTimeout)
	defer cancel()
	p.Count()
	p.m.Polls++
	out, present, err := p.t.Source.Head(ctx, p.object.key, p.version, p.object.customer)
	p.statusRefused = nil
	if err = p.asked(SourceSide, actionRead, err); isRefusal(err) {
		p.statusRefused = err
	}
	if p.statusKnown = err == nil && present; !p.statusKnown {
		return "", false
	}
	status = string(out.ReplicationStatus)
	if status == "COMPLETE" {
		status = "COMPLETED" // the SDK knows both spellings
	}
	if status != "" && status != p.m.SourceStatus {
		p.m.SourceStatus = status
		p.m.Transitions = append(p.m.Transitions, measure.Transition{
			Status: status, AfterMS: milliseconds(time.Since(p.putAt)),
		})
	}
	p.statusFinal = status == "COMPLETED" || status == "FAILED"
	return status, true
}

// prediction names the codes of the audit: S3 shows none at the source.
func (p *probe) prediction() string {
	switch {
	case len(p.codes) > 0:
		return "; the audit predicts " + strings.Join(p.codes, ", ")
	case p.m.Predicted == "works":
		return "; the audit predicts that it arrives"
	}
	return ""
}

// statusUnread is said where the source did not say whether a rule took the object.
const statusUnread = "the replication status of the source cannot be read"

// sourceOnTimeout says what the source shows when the time is up.
func (p *probe) sourceOnTimeout() string {
	if !p.statusKnown && !p.statusFinal {
		return statusUnread + p.prediction()
	}
	switch p.m.SourceStatus {
	case "":
		return "the source shows no replication status, so no rule took the object" + p.prediction()
	case "FAILED":
		return "the source says FAILED, for one at least of its destinations" + p.prediction()
	case "COMPLETED":
		return "the source says COMPLETED all the same"
	}
	return "the source still says " + p.m.SourceStatus
}

// awaitAbsence watches for something that must not arrive, and sets the outcome:
// absent, unexpected or inconclusive. subject names it in messages.
func (p *probe) awaitAbsence(ctx context.Context, look look, subject string) {
	for {
		elapsed := time.Since(p.putAt)
		if elapsed > startPhase {
			p.endStart()
		}
		if !sleep(ctx.Done(), min(nextLook(elapsed), p.o.Absence)-elapsed) {
			p.interrupted()
			return
		}
		final := time.Since(p.putAt) >= p.o.Absence
		p.m.Polls++
		call, cancel := context.WithTimeout(ctx, bucket.CallTimeout)
		found, err := look(call)
		cancel()
		switch {
		case found:
			p.m.Outcome = measure.Unexpected
			p.note("%s arrived, and no rule says so", subject)
			p.arrived = true
			return
		case ctx.Err() != nil:
			p.interrupted()
			return
		case final && err != nil:
			p.inconclusive(fmt.Errorf("the destination cannot be read: %s", said(err)))
			return
		case final:
			p.m.Outcome = measure.Absent
			return
		}
	}
}
