package canary

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
)

// DefaultCleanUp is the deadline of the clean-up of one probe.
const DefaultCleanUp = time.Minute

// DefaultSettle is how long after the source is gone a replica that may still arrive
// is waited for. S3 reads the source before it writes the replica, and what it has read
// it may still write.
const DefaultSettle = 5 * time.Second

// cleanUp removes what the probe put, on both sides: the source first, so that
// nothing is replicated any more. It has its own deadline, which an interruption does
// not shorten.
func (p *probe) cleanUp(ctx context.Context) {
	p.enter(PhaseCleanUp)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.o.CleanUp)
	defer cancel()
	pending := false
	if !p.refused {
		pending = p.replicaPending()
		p.m.Leftovers = p.remove(ctx, pending)
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

// replicaPending reports whether a replica may arrive after the clean-up.
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

// remove removes the object from both sides, and returns what it could not remove.
func (p *probe) remove(ctx context.Context, pending bool) []measure.Leftover {
	source, destination, key := &p.t.Source, &p.t.Destination, p.object.key
	var left []measure.Leftover
	if p.object.upload != single && p.version == "" { // it was not completed, or its answer was lost
		left = append(left, p.abort(ctx, source, key)...)
	}
	left = append(left, p.purge(ctx, source, key, p.versions...)...)
	switch {
	case p.arrived:
		return append(left, p.purge(ctx, destination, key, p.versions...)...)
	case pending:
		return append(left, p.purgePending(ctx, destination, key, p.o.Settle)...)
	}
	return append(left, p.purge(ctx, destination, key)...)
}

// tally counts what one probe, or the sweep of one, asked and removed.
type tally struct {
	requests int
	removed  int // versions, delete markers, uploads
}

func (c *tally) count() { c.requests++ }

// purge removes every version and delete marker of a key from one bucket, and
// returns what it could not remove. known are version ids that are there for
// sure; they save a listing. Deleting a version by its id is not replicated, so
// each side has to be purged.
func (c *tally) purge(ctx context.Context, b *Bucket, key string, known ...string) []measure.Leftover {
	return c.empty(ctx, b, key, kindOfThing{
		list: func() (ids []string, err error) {
			c.count()
			versions, err := b.versions(ctx, key)
			for _, v := range versions {
				ids = append(ids, v.id)
			}
			return ids, err
		},
		remove: func(id string) error {
			_, err := b.delete(ctx, key, id)
			return err
		},
		left: func(id, why string) measure.Leftover {
			return measure.Leftover{Bucket: b.Name, Key: key, VersionID: id, Message: why}
		},
		unlisted: "what is left cannot be listed",
	}, known)
}

// kindOfThing is what is under a key and has an id: versions, or uploads.
type kindOfThing struct {
	list     func() (ids []string, err error)
	remove   func(id string) error
	left     func(id, why string) measure.Leftover
	unlisted string
}

// empty removes all things of a kind under a key. It is done when a listing shows none,
// never because removing them succeeded.
func (c *tally) empty(ctx context.Context, b *Bucket, key string, kind kindOfThing, known []string) []measure.Leftover {
	failed := map[string]string{} // id → why
	remove := func(ids []string) {
		for _, id := range ids {
			c.count()
			if err := kind.remove(id); err != nil {
				failed[id] = client.OneLine(err)
				continue
			}
			c.removed++
		}
	}
	remove(known)
	for round := 0; ; round++ {
		ids, err := kind.list()
		if err != nil {
			return []measure.Leftover{{Bucket: b.Name, Key: key, Message: kind.unlisted + ": " + client.OneLine(err)}}
		}
		if len(ids) == 0 {
			return nil
		}
		// What failed is tried once more: the first may have been throttled.
		if round == 2 || ctx.Err() != nil {
			var left []measure.Leftover
			for _, id := range ids {
				left = append(left, kind.left(id, cmp.Or(failed[id], "it is still listed after it was deleted")))
			}
			return left
		}
		remove(ids)
	}
}

// purgePending purges the destination of a replica that may still arrive, again and
// again until settle has passed or ctx ends. That makes it likely, not sure, that
// nothing comes later.
func (c *tally) purgePending(ctx context.Context, b *Bucket, key string, settle time.Duration) []measure.Leftover {
	start := time.Now()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		if left := c.purge(ctx, b, key); len(left) > 0 {
			return left
		}
		passed := time.Since(start)
		if passed >= settle || !sleep(ctx.Done(), min(wait, settle-passed)) {
			return nil
		}
	}
}

// abort ends uploads in parts that were begun and not completed under a key.
func (c *tally) abort(ctx context.Context, b *Bucket, key string) []measure.Leftover {
	return c.empty(ctx, b, key, kindOfThing{
		list: func() ([]string, error) { return c.uploads(ctx, b, key) },
		remove: func(id string) error {
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			_, err := b.S3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: &b.Name, Key: &key, UploadId: &id, ExpectedBucketOwner: b.owner(),
			})
			return err
		},
		left: func(id, why string) measure.Leftover {
			return measure.Leftover{Bucket: b.Name, Key: key, Message: fmt.Sprintf("unfinished upload %s: %s", id, why)}
		},
		unlisted: "unfinished uploads cannot be listed",
	}, nil)
}

// uploads lists the unfinished uploads under a key.
func (c *tally) uploads(ctx context.Context, b *Bucket, key string) ([]string, error) {
	var ids []string
	in := &s3.ListMultipartUploadsInput{
		Bucket: &b.Name, Prefix: &key, ExpectedBucketOwner: b.owner(), EncodingType: types.EncodingTypeUrl,
	}
	err := b.walk(ctx, key, func(ctx context.Context, at marker) (*page, error) {
		c.count()
		in.KeyMarker, in.UploadIdMarker = nonEmpty(at.key), nonEmpty(at.id)
		out, err := b.S3.ListMultipartUploads(ctx, in)
		if err != nil {
			return nil, err
		}
		p := &page{
			encoding: out.EncodingType, bucket: out.Bucket, prefix: out.Prefix, key: out.KeyMarker,
			truncated: out.IsTruncated, nextKey: out.NextKeyMarker, nextID: out.NextUploadIdMarker,
		}
		for _, u := range out.Uploads {
			p.entries = append(p.entries, entry{aws.ToString(u.Key), listedVersion{id: aws.ToString(u.UploadId)}})
		}
		return p, nil
	}, func(k string, v listedVersion) error {
		if k == key {
			ids = append(ids, v.id)
		}
		return nil
	})
	return ids, err
}
