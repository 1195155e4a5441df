package canary

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
)

// locked is an object with a legal hold. It can be taken off again, which a retention cannot
// before its time.
var locked = variant{
	name:  measure.Locked,
	place: (*Target).underRule,
	shape: func(o *object, _ *Target, _ Options) error {
		o.held = true
		return nil
	},
	observe: (*probe).awaitReplica,
}

// Actions of legal holds.
const (
	actionHold     = "s3:PutObjectLegalHold"
	actionReadHold = "s3:GetObjectLegalHold"
)

// releasable reports why a legal hold could not be put or not be taken off again in one of
// the buckets. S3 is asked to take that of a version off which is not there, as in deletable.
func (p *probe) releasable(ctx context.Context) error {
	if !p.object.held {
		return nil
	}
	p.Held = true
	lock, err := p.objectLock(ctx, &p.t.Source)
	switch {
	case err != nil:
		return fmt.Errorf("whether the source %s has Object Lock cannot be read: %s",
			p.t.Source.Name, said(p.asked(SourceSide, "s3:GetBucketObjectLockConfiguration", err)))
	case lock == nil || !lock.Enabled:
		return fmt.Errorf("the source %s has no Object Lock, so no object of it can have a legal hold", p.t.Source.Name)
	case p.o.AllowRetained:
		return nil
	}
	sides := map[*bucket.Bucket]Side{&p.t.Source: SourceSide, &p.t.Destination: DestinationSide}
	buckets := append([]*bucket.Bucket{&p.t.Source, &p.t.Destination}, p.t.others(p.object.key, p.object.tags)...)
	for _, b := range buckets {
		// Whether it has Object Lock was read; without it there are no holds.
		if lock, err := p.objectLock(ctx, b); err == nil && (lock == nil || !lock.Enabled) {
			continue
		}
		p.Count()
		err := b.Release(ctx, p.object.key, "null")
		if err == nil || bucket.StatusOf(err) == 404 {
			continue
		}
		return fmt.Errorf("the legal hold of a probe might not be taken off again in %s (%s), so it might stay; "+
			"--allow-retained puts it all the same", b.Name, said(p.asked(sides[b], actionHold, err)))
	}
	return nil
}

// compareHold checks that the replica has the legal hold.
func (p *probe) compareHold(ctx context.Context) {
	d := &p.t.Destination
	p.Count()
	out, err := d.S3.GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldInput{
		Bucket: &d.Name, Key: &p.object.key, VersionId: &p.version, ExpectedBucketOwner: d.Owner(),
	})
	switch {
	case client.Says(err, "NoSuchObjectLockConfiguration"), client.Says(err, "InvalidRequest"):
		p.check("legal_hold", measure.Different, "ON", "none")
	case err != nil:
		p.unread("legal_hold", "ON", p.asked(DestinationSide, actionReadHold, err))
	case out.LegalHold == nil:
		p.check("legal_hold", measure.Unread, "ON", "the answer has none")
	default:
		p.same("legal_hold", "ON", string(out.LegalHold.Status))
	}
}
