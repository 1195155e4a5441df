package canary

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/measure"
)

// DefaultCleanUp is the deadline of the clean-up of one probe.
const DefaultCleanUp = time.Minute

// purge removes every version and delete marker of a key from one bucket, and
// returns what it could not remove. known are version ids that are there for
// sure; they save a listing. It is done when a listing shows the key empty, never
// because deletes succeeded. Deleting a version by its id is not replicated, so
// each side has to be purged.
func (c *caller) purge(ctx context.Context, e *Bucket, key string, known ...string) []measure.Leftover {
	failed := map[string]string{} // version id → why
	remove := func(version string) {
		c.count()
		if _, err := e.delete(ctx, key, version); err != nil {
			failed[version] = describe(err)
			return
		}
		c.removed++
	}
	for _, version := range known {
		remove(version)
	}
	for round := 0; ; round++ {
		c.count()
		items, err := e.versions(ctx, key)
		if err != nil {
			return []measure.Leftover{{Bucket: e.Name, Key: key, Message: "what is left cannot be listed: " + describe(err)}}
		}
		if len(items) == 0 {
			return nil
		}
		// A delete that failed is tried once more: the first may have been throttled.
		if round == 2 || ctx.Err() != nil {
			var left []measure.Leftover
			for _, it := range items {
				why := failed[it.version]
				if why == "" {
					why = "it is still listed after it was deleted"
				}
				left = append(left, measure.Leftover{Bucket: e.Name, Key: key, VersionID: it.version, Message: why})
			}
			return left
		}
		for _, it := range items {
			remove(it.version)
		}
	}
}

// abort ends uploads in parts that were begun and not completed under a key.
func (c *caller) abort(ctx context.Context, e *Bucket, key string) []measure.Leftover {
	ids, err := c.uploads(ctx, e, key)
	if err != nil {
		return []measure.Leftover{{Bucket: e.Name, Key: key, Message: "unfinished uploads cannot be listed: " + describe(err)}}
	}
	var left []measure.Leftover
	for _, id := range ids {
		c.count()
		_, err := e.S3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &e.Name, Key: &key, UploadId: &id, ExpectedBucketOwner: e.owner()})
		if err == nil {
			c.removed++
		} else if code(err) != "NoSuchUpload" {
			left = append(left, measure.Leftover{Bucket: e.Name, Key: key, Message: fmt.Sprintf("unfinished upload %s: %s", id, describe(err))})
		}
	}
	return left
}

// uploads lists the unfinished uploads under a key.
func (c *caller) uploads(ctx context.Context, e *Bucket, key string) ([]string, error) {
	var ids []string
	in := &s3.ListMultipartUploadsInput{Bucket: &e.Name, Prefix: &key, ExpectedBucketOwner: e.owner()}
	for {
		c.count()
		out, err := e.S3.ListMultipartUploads(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, u := range out.Uploads {
			if aws.ToString(u.Key) == key {
				ids = append(ids, aws.ToString(u.UploadId))
			}
		}
		if !aws.ToBool(out.IsTruncated) || len(out.Uploads) == 0 {
			return ids, nil
		}
		in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
	}
}

// DefaultSettle is how long after the source is gone a replica under way is
// waited for. S3 reads the source before it writes the replica, and one that has
// been read may still be written.
const DefaultSettle = 5 * time.Second

// purgeLate purges the destination of what may still be under way, again and
// again until the settling time has passed or ctx ends. That makes it likely, not
// sure, that nothing comes later.
func (c *caller) purgeLate(ctx context.Context, e *Bucket, key string) []measure.Leftover {
	start := time.Now()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		if left := c.purge(ctx, e, key); len(left) > 0 {
			return left
		}
		gone := time.Since(start)
		if gone >= c.settle || !sleep(ctx.Done(), min(wait, c.settle-gone)) {
			return nil
		}
	}
}

// caller counts what one probe, or the sweep of one, asked and removed.
type caller struct {
	requests int
	removed  int // versions, delete markers, uploads
	settle   time.Duration
}

func (c *caller) count() { c.requests++ }
