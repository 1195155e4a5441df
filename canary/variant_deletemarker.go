package canary

import (
	"context"
	"errors"
	"fmt"

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
		return
	}
	if p.await(ctx, markerVisible) {
		p.m.Outcome = measure.Arrived
	}
}

// forgetReplica makes the measurement one of what follows on the object's arrival.
func (p *probe) forgetReplica() {
	p.m.SourceStatus, p.m.Transitions, p.m.LatencyMS, p.m.SlackMS = "", nil, 0, 0
	p.statusKnown, p.statusFinal = false, false
}
