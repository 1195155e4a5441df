package canary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/measure"
)

// tagChange is an object whose tags are changed after it arrived. The change must
// arrive too.
var tagChange = variant{
	name:    measure.TagChange,
	place:   (*Target).underRule,
	shape:   asPlain,
	observe: (*probe).observeTagChange,
}

func (p *probe) observeTagChange(ctx context.Context) {
	if !p.await(ctx, p.replicaVisible) {
		return
	}
	tags, ok := withProbeTag(p.object.tags, p.o.Run)
	if !ok {
		p.inconclusive(errors.New("the rule's filter asks for so many tags that there is no room for one more"))
		return
	}
	if err := p.putTags(ctx, tags); err != nil {
		p.inconclusive(fmt.Errorf("the tags cannot be changed: %s", said(p.asked(SourceSide, "s3:PutObjectVersionTagging", err))))
		return
	}
	p.putAt, p.object.tags = time.Now(), tags
	p.forgetReplica()
	changeVisible := func(ctx context.Context) (bool, error) {
		p.Count()
		got, err := p.t.Destination.Tags(ctx, p.object.key, p.version)
		return err == nil && maps.Equal(got, tags), p.asked(DestinationSide, actionTags, err)
	}
	if p.await(ctx, changeVisible) {
		p.compare(ctx)
	}
}

// putTags replaces the tags of the version at the source.
func (p *probe) putTags(ctx context.Context, tags map[string]string) error {
	var set []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		set = append(set, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	b := &p.t.Source
	p.Count()
	_, err := b.S3.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{
		Bucket: &b.Name, Key: &p.object.key, VersionId: &p.version, ExpectedBucketOwner: b.Owner(),
		Tagging: &types.Tagging{TagSet: set},
	})
	return err
}
