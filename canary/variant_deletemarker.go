package canary

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
)

// deleteMarker is an object that is deleted after it arrived. Its delete marker must
// arrive, or must not, as the rule says.
var deleteMarker = variant{
	name:  measure.DeleteMarker,
	place: (*Target).underRule,
	shape: func(_ *object, t *Target, _ Options) error {
		if len(t.Rule.Tags) > 0 {
			return errors.New("a rule that filters by tags replicates no delete markers")
		}
		return nil
	},
	observe: (*probe).observeDeleteMarker,
}

func (p *probe) observeDeleteMarker(ctx context.Context) {
	if !p.await(ctx, p.replicaVisible) {
		return
	}
	object := p.version
	p.Count()
	out, err := p.t.Source.Delete(ctx, p.object.key, "")
	if err != nil {
		p.inconclusive(fmt.Errorf("the probe cannot be deleted: %s", said(p.asked(SourceSide, "s3:DeleteObject", err))))
		return
	}
	if err := p.startClock(aws.ToString(out.VersionId)); err != nil {
		p.inconclusive(err)
		return
	}
	p.m.VersionID = object
	p.forgetReplica()
	markerVisible := func(ctx context.Context) (bool, error) {
		return p.listed(ctx, func(v bucket.Version) bool { return v.DeleteMarker })
	}
	if !replicatesDeleteMarkers(p.t.Rule) {
		p.awaitAbsence(ctx, markerVisible, "the delete marker")
	} else if p.await(ctx, markerVisible) {
		p.m.Outcome = measure.Arrived
	}
	p.everywhere = p.seenElsewhere(ctx, object)
}

// seenElsewhere reports whether the object, and its delete marker where it goes, were seen in
// the buckets of all other rules. A delete marker has no status that would say so.
func (p *probe) seenElsewhere(ctx context.Context, object string) bool {
	missing := p.t.others(p.object.key, p.object.tags)
	if len(missing) == 0 {
		return true
	}
	seen := func(b *bucket.Bucket) bool {
		if b.Err != nil {
			return false
		}
		p.Count()
		versions, err := b.Versions(ctx, p.object.key)
		marker := p.t.marksElsewhere(b, p.object.key, p.object.tags)
		return err == nil && slices.ContainsFunc(versions, func(v bucket.Version) bool { return v.ID == object }) &&
			(!marker || slices.ContainsFunc(versions, func(v bucket.Version) bool { return v.DeleteMarker }))
	}
	start := time.Now()
	for wait := firstLook; ; wait *= 2 {
		missing = slices.DeleteFunc(missing, seen)
		passed := time.Since(start)
		if len(missing) == 0 || passed >= statusLag || !sleep(ctx.Done(), min(wait, statusLag-passed)) {
			return len(missing) == 0
		}
	}
}

// forgetReplica makes the measurement one of what follows on the object's arrival.
func (p *probe) forgetReplica() {
	p.m.SourceStatus, p.m.Transitions, p.m.LatencyMS, p.m.SlackMS = "", nil, 0, 0
	p.statusKnown, p.statusFinal = false, false
}
