package scanner

import (
	"context"

	"crosscheck/scanner/fact"
)

// seenTags reads whether policies see the tags of a bucket, and which tags it has, for the
// buckets of links over which a policy names one. No other bucket is asked.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
func (v *visit) seenTags(ctx context.Context, doc *fact.Document, owner *account) {
	for i := range doc.Links {
		link := &doc.Links[i]
		source, destination := doc.NamesTags(link)
		if source {
			v.readTags(ctx, bucketRef{name: doc.Bucket.Name, owner: owner}, &doc.Bucket)
		}
		if owner, _ := v.index.find(link.Destination); destination && owner != nil { // others are shared between documents
			v.readTags(ctx, bucketRef{name: link.Destination, owner: owner}, doc.Buckets[link.Destination].Value)
		}
	}
}

func (v *visit) readTags(ctx context.Context, ref bucketRef, b *fact.Bucket) {
	v.read(ctx, ref, b, []string{"abac"})
	if s := b.ABAC.Value; s != nil && *s == "Enabled" {
		v.read(ctx, ref, b, []string{"tags"})
	}
}
