package canary

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/bucket"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// preflight refuses what could not be removed again or not be watched.
func (p *probe) preflight(ctx context.Context) error {
	if err := p.removable(ctx, &p.t.Source, SourceSide); err != nil {
		return err
	}
	if err := p.removable(ctx, &p.t.Destination, DestinationSide); err != nil {
		return err
	}
	for _, b := range p.t.others(p.object.key, p.object.tags) {
		if err := p.removableElsewhere(ctx, b); err != nil {
			return fmt.Errorf("another rule replicates a probe, too: %w", err)
		}
	}
	if err := p.releasable(ctx); err != nil {
		return err
	}
	p.Count()
	if _, err := p.t.Destination.Versions(ctx, p.object.key); err != nil {
		return fmt.Errorf("the destination %s cannot be listed, so nothing was put: %s",
			p.t.Destination.Name, said(p.asked(DestinationSide, actionList, err)))
	}
	return nil
}

// removable reports why a version put into a bucket could not be removed again.
func (p *probe) removable(ctx context.Context, b *bucket.Bucket, side Side) error {
	versioning, err := p.versioning(ctx, b)
	switch {
	case err != nil:
		return fmt.Errorf("the versioning of the %s %s cannot be read: %s",
			side, b.Name, said(p.asked(side, "s3:GetBucketVersioning", err)))
	case versioning.Status != "Enabled" && side == SourceSide:
		return fmt.Errorf("the source %s has no versioning, so nothing is replicated from it", b.Name)
	case p.o.AllowRetained:
		return nil
	case versioning.MFADelete == "Enabled":
		return fmt.Errorf("the %s %s has MFA delete, so a probe could not be removed; --allow-retained puts it all the same",
			side, b.Name)
	}
	lock, err := p.objectLock(ctx, b)
	switch {
	case err != nil:
		return fmt.Errorf("whether the %s %s retains objects cannot be read (%s), so a probe might stay; "+
			"--allow-retained puts it all the same", side, b.Name, said(p.asked(side, "s3:GetBucketObjectLockConfiguration", err)))
	case lock != nil && lock.DefaultMode != "":
		return fmt.Errorf("the %s %s retains every object for %s (Object Lock, %s), so a probe could not be removed; "+
			"--allow-retained puts it all the same", side, b.Name, retention(lock), strings.ToLower(lock.DefaultMode))
	case lock != nil && lock.EventHold:
		return fmt.Errorf("the %s %s puts an event hold on every object (Object Lock), so a probe could not be removed; "+
			"--allow-retained puts it all the same", side, b.Name)
	}
	return p.deletable(ctx, b, side)
}

// removableElsewhere reports why a replica in the bucket of another rule could not be
// removed again.
func (p *probe) removableElsewhere(ctx context.Context, b *bucket.Bucket) error {
	switch {
	case p.o.AllowRetained:
		return nil
	case b.Err != nil:
		return fmt.Errorf("the bucket %s cannot be reached (%s), so a replica might stay; --allow-retained puts it all the same",
			b.Name, client.OneLine(b.Err))
	}
	return p.removable(ctx, b, otherBucket)
}

// otherBucket is the side of the destination of another rule, of whose policies a target knows nothing.
const otherBucket Side = "bucket"

// deletable asks S3 whether versions under the key of the probe may be deleted. It deletes
// one that is not there, which S3 answers as any other DELETE: what all policies on the way
// say together is known to S3 alone. The key has the id of the run, so the null version of
// it is never there, and to delete a version by its id makes no delete marker.
// docs/decisions/091-ask-before-the-first-put.md
func (p *probe) deletable(ctx context.Context, b *bucket.Bucket, side Side) error {
	p.Count()
	switch _, err := b.Delete(ctx, p.object.key, "null"); {
	case err == nil:
		return nil
	case bucket.Denied(err):
		return fmt.Errorf("a probe could not be removed from the %s %s, where its versions may not be deleted (%s); "+
			"--allow-retained puts it all the same", side, b.Name, said(p.asked(side, actionRemove, err)))
	default:
		return fmt.Errorf("whether a probe could be removed from the %s %s is not known (%s), so it might stay; "+
			"--allow-retained puts it all the same", side, b.Name, said(p.asked(side, actionRemove, err)))
	}
}

// versioning is that of a bucket, read if it is not known.
func (p *probe) versioning(ctx context.Context, b *bucket.Bucket) (*fact.Versioning, error) {
	if v := b.Versioning.Value; v != nil {
		return v, nil
	}
	p.Count()
	out, err := b.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{
		Bucket: &b.Name, ExpectedBucketOwner: b.Owner(),
	})
	if err != nil {
		return nil, err
	}
	return &fact.Versioning{Status: string(out.Status), MFADelete: string(out.MFADelete)}, nil
}

// objectLock is that of a bucket, nil where it has none; it is read if it is not
// known.
func (p *probe) objectLock(ctx context.Context, b *bucket.Bucket) (*fact.ObjectLock, error) {
	if b.ObjectLock.Known() {
		return b.ObjectLock.Value, nil
	}
	p.Count()
	out, err := b.S3.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{
		Bucket: &b.Name, ExpectedBucketOwner: b.Owner(),
	})
	switch {
	case client.Says(err, "ObjectLockConfigurationNotFoundError"):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return objectLockFact(out.ObjectLockConfiguration), nil
}

// objectLockFact turns an answer of S3 into a fact, as a scan does.
func objectLockFact(c *types.ObjectLockConfiguration) *fact.ObjectLock {
	l := &fact.ObjectLock{}
	if c != nil {
		l.Enabled = c.ObjectLockEnabled == types.ObjectLockEnabledEnabled
		if c.Rule != nil && c.Rule.DefaultRetention != nil {
			r := c.Rule.DefaultRetention
			l.EventHold = r.DefaultEventHold != nil
			l.DefaultMode, l.DefaultDays, l.DefaultYears = string(r.Mode), aws.ToInt32(r.Days), aws.ToInt32(r.Years)
		}
	}
	return l
}

func retention(l *fact.ObjectLock) string {
	if l.DefaultYears > 0 {
		return fmt.Sprintf("%d years", l.DefaultYears)
	}
	return fmt.Sprintf("%d days", l.DefaultDays)
}
