package bucket

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
)

// Tally counts what one probe, or the sweep of one, asked and removed.
type Tally struct {
	Requests int
	Removed  int  // versions, delete markers, uploads
	Held     bool // the versions have a legal hold, which is taken off before they are removed
}

// Count counts a request.
func (c *Tally) Count() { c.Requests++ }

// Purge removes every version and delete marker of a key from one bucket, and
// returns what it could not remove. known are version ids that are there for
// sure; they save a listing. Deleting a version by its id is not replicated, so
// each side has to be purged.
func (c *Tally) Purge(ctx context.Context, b *Bucket, key string, known ...string) []measure.Leftover {
	return c.empty(ctx, b, key, kindOfThing{
		list: func() (ids []string, err error) {
			c.Count()
			versions, err := b.Versions(ctx, key)
			for _, v := range versions {
				ids = append(ids, v.ID)
			}
			return ids, err
		},
		remove: func(id string) error {
			var held error
			if c.Held {
				c.Count()
				held = b.Release(ctx, key, id)
			}
			_, err := b.Delete(ctx, key, id)
			if err != nil && held != nil {
				return fmt.Errorf("%s; its legal hold could not be taken off: %s", client.OneLine(err), client.OneLine(held))
			}
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
func (c *Tally) empty(ctx context.Context, b *Bucket, key string, kind kindOfThing, known []string) []measure.Leftover {
	failed := map[string]string{} // id → why
	remove := func(ids []string) {
		for _, id := range ids {
			c.Count()
			if err := kind.remove(id); err != nil {
				failed[id] = client.OneLine(err)
				continue
			}
			c.Removed++
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

// Abort ends uploads in parts that were begun and not completed under a key.
func (c *Tally) Abort(ctx context.Context, b *Bucket, key string) []measure.Leftover {
	return c.empty(ctx, b, key, kindOfThing{
		list: func() ([]string, error) { return c.uploads(ctx, b, key) },
		remove: func(id string) error {
			ctx, cancel := context.WithTimeout(ctx, CallTimeout)
			defer cancel()
			_, err := b.S3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: &b.Name, Key: &key, UploadId: &id, ExpectedBucketOwner: b.Owner(),
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
func (c *Tally) uploads(ctx context.Context, b *Bucket, key string) ([]string, error) {
	var ids []string
	in := &s3.ListMultipartUploadsInput{
		Bucket: &b.Name, Prefix: &key, ExpectedBucketOwner: b.Owner(), EncodingType: types.EncodingTypeUrl,
	}
	err := b.walk(ctx, key, func(ctx context.Context, at marker) (*page, error) {
		c.Count()
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
			p.entries = append(p.entries, entry{aws.ToString(u.Key), Version{ID: aws.ToString(u.UploadId)}})
		}
		return p, nil
	}, func(k string, v Version) error {
		if k == key {
			ids = append(ids, v.ID)
		}
		return nil
	})
	return ids, err
}
