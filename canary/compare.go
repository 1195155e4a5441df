package canary

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
)

// compare compares the replica with the source and with what the rule promises, and
// sets the outcome. What AWS was seen to keep equal but does not promise is noted when
// it differs, and does not change the outcome.
func (p *probe) compare(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	p.m.Outcome = measure.Arrived
	source, destination := &p.t.Source, &p.t.Destination

	p.Count()
	src, present, err := source.Head(ctx, p.object.key, p.version, p.object.customer)
	if err != nil || !present {
		p.unread("source", "", p.asked(SourceSide, actionRead, err))
		src = nil
	}
	p.Count()
	dst, present, err := destination.Head(ctx, p.object.key, p.version, p.object.customer)
	switch {
	case err != nil && bucket.Denied(err):
		// It is listed, and the canary's role may not read it. A HEAD is refused without words, a
		// GET with them.
		p.unread("readable", "by the canary's role", p.asked(DestinationSide, actionRead, err))
		p.compareBody(ctx, &s3.HeadObjectOutput{})
	case err != nil || !present:
		p.unread("readable", "", err)
	default:
		p.check("version_id", measure.Equal, "", "")
		p.compareHeads(src, dst)
		if src != nil {
			p.compareSettings(src, dst)
		}
		if p.object.upload != single {
			p.compareParts(ctx)
		}
		p.compareTags(ctx)
		if p.object.held {
			p.compareHold(ctx)
		}
		p.compareBody(ctx, dst)
	}
	p.compareOwner(ctx)
	if p.m.SourceStatus == "FAILED" && p.t.destinations(p.object.key, p.object.tags) <= 1 {
		p.check("source_status", measure.Different, "COMPLETED", "FAILED")
	}
	if ctx.Err() != nil {
		p.note("the comparison was interrupted")
	}
	if d := p.m.ChecksWith(measure.Different); d != "" {
		p.m.Outcome = measure.Differs
		p.note("the replica differs: %s", d)
		if p.m.SourceStatus == "FAILED" {
			p.note("S3 reported FAILED%s", p.prediction())
		}
	}
	if p.refusedToCompare && p.m.Outcome == measure.Arrived {
		p.m.Outcome = measure.Inconclusive
		p.note("a replica arrived, and the canary's role was refused to compare it")
	}
	if u := p.m.ChecksWith(measure.Unread); u != "" {
		p.note("not compared: %s", u)
	}
}

// why is why a version could not be read; without an error, it is gone.
func why(err error) string {
	if err == nil {
		return "it is gone again"
	}
	return said(err)
}

// check adds the result of a comparison.
func (p *probe) check(name, result, want, got string) {
	p.m.Checks = append(p.m.Checks, measure.Check{Name: name, Result: result, Want: want, Got: got})
}

// same checks that two texts are equal.
func (p *probe) same(name, want, got string) { p.sameOr(name, measure.Different, want, got) }

// sameOr checks that two texts are equal; otherwise is the result where they are not.
func (p *probe) sameOr(name, otherwise, want, got string) {
	if want == got {
		p.check(name, measure.Equal, "", "")
	} else {
		p.check(name, otherwise, want, got)
	}
}

// compareHeads compares what HEAD shows of the replica with what was put; src is nil where the
// source could not be read.
func (p *probe) compareHeads(src, dst *s3.HeadObjectOutput) {
	p.same("size", fmt.Sprint(p.object.size), fmt.Sprint(aws.ToInt64(dst.ContentLength)))
	p.same("status", "REPLICA", string(dst.ReplicationStatus))
	if src == nil {
		src = &s3.HeadObjectOutput{}
	}
	want, got := src.ChecksumSHA256, dst.ChecksumSHA256
	if p.object.upload == wholeChecksum {
		want, got = src.ChecksumCRC64NVME, dst.ChecksumCRC64NVME
	}
	switch {
	case p.object.upload == partChecksums:
		// A checksum of checksums depends on how the object was cut. What replicas have
		// is not documented.
		p.sameOr("checksum", measure.Tolerated, checksumText(want, src.ChecksumType), checksumText(got, dst.ChecksumType))
	case want != nil && *want != p.object.checksum:
		p.check("checksum", measure.Different, p.object.checksum, *want+" at the source")
	case got == nil && want == nil:
		// The server keeps no checksums; the bytes are compared all the same.
	case got == nil:
		p.check("checksum", measure.Unread, "", "the replica shows none")
	default:
		p.same("checksum", p.object.checksum, *got)
	}
}

// compareSettings compares what HEAD shows of both, and depends on the source.
func (p *probe) compareSettings(src, dst *s3.HeadObjectOutput) {
	p.sameOr("etag", measure.Tolerated, aws.ToString(src.ETag), aws.ToString(dst.ETag))
	if src.LastModified != nil && dst.LastModified != nil {
		p.sameOr("last_modified", measure.Tolerated, src.LastModified.UTC().String(), dst.LastModified.UTC().String())
	}
	p.same("metadata", metadataText(src.Metadata, src.ContentType), metadataText(dst.Metadata, dst.ContentType))

	class := p.t.Rule.Destination.StorageClass
	if class == "" {
		class = string(src.StorageClass)
	}
	p.same("storage_class", standard(class), standard(string(dst.StorageClass)))
	p.compareEncryption(src, dst)
}

func checksumText(value *string, kind types.ChecksumType) string {
	if value == nil {
		return ""
	}
	return *value + " " + string(kind)
}

// compareParts notes into how many parts both are cut.
func (p *probe) compareParts(ctx context.Context) {
	parts := func(e *bucket.Bucket) (string, error) {
		p.Count()
		out, err := e.S3.HeadObject(ctx, &s3.HeadObjectInput{
			Bucket: &e.Name, Key: &p.object.key, VersionId: &p.version, ExpectedBucketOwner: e.Owner(), PartNumber: aws.Int32(1),
		})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(aws.ToInt32(out.PartsCount)), nil
	}
	want, err := parts(&p.t.Source)
	got, derr := parts(&p.t.Destination)
	if err != nil || derr != nil {
		return // AWS does not promise that it shows them
	}
	p.sameOr("parts", measure.Tolerated, want, got)
}

func standard(class string) string {
	if class == "" {
		return "STANDARD"
	}
	return class
}

func metadataText(m map[string]string, contentType *string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, strings.ToLower(k)+"="+m[k])
	}
	return strings.Join(append(parts, "content-type="+aws.ToString(contentType)), " ")
}

// compareEncryption expects the source's kind of encryption; a KMS object is
// encrypted anew under the rule's key.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
func (p *probe) compareEncryption(src, dst *s3.HeadObjectOutput) {
	if src.ServerSideEncryption == "" {
		return // not shown, or the destination's default decides
	}
	want, got := string(src.ServerSideEncryption), string(dst.ServerSideEncryption)
	if !strings.HasPrefix(want, "aws:kms") {
		p.same("encryption", want, got)
		return
	}
	key := p.t.ReplicaKey
	if id := p.t.Rule.Destination.ReplicaKMSKeyID; key == "" && strings.Contains(id, ":key/") {
		key = id
	}
	if key == "" {
		// An alias that was not resolved: only the kind of encryption can be compared.
		p.same("encryption", want, got)
		return
	}
	p.same("encryption", want+" "+key, got+" "+aws.ToString(dst.SSEKMSKeyId))
}

// compareTags reads the replica's tags as the destination's account: to the
// source's account S3 shows none, even of a replica that the source owns.
func (p *probe) compareTags(ctx context.Context) {
	p.Count()
	got, err := p.t.Destination.Tags(ctx, p.object.key, p.version)
	if err != nil {
		if len(p.object.tags) > 0 { // nothing to miss otherwise
			p.unread("tags", "", p.asked(DestinationSide, actionTags, err))
		}
		return
	}
	p.same("tags", tagText(p.object.tags), tagText(got))
}

func tagText(tags map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		parts = append(parts, k+"="+tags[k])
	}
	return strings.Join(parts, " ")
}

// compareBody reads the replica and compares every byte, unless its storage
// class keeps the bytes out of reach.
func (p *probe) compareBody(ctx context.Context, dst *s3.HeadObjectOutput) {
	if c := dst.StorageClass; c == types.StorageClassGlacier || c == types.StorageClassDeepArchive {
		return // the checksum has to do
	}
	d := &p.t.Destination
	p.Count()
	key := p.object.customer
	out, err := d.S3.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &d.Name, Key: &p.object.key, VersionId: &p.version, ExpectedBucketOwner: d.Owner(),
		SSECustomerAlgorithm: key.Algorithm, SSECustomerKey: key.Key, SSECustomerKeyMD5: key.MD5,
	})
	if err != nil {
		p.unread("body", "", p.asked(DestinationSide, actionRead, err))
		return
	}
	defer func() { _ = out.Body.Close() }()
	switch where, err := p.object.body.Compare(out.Body); {
	case err != nil:
		p.check("body", measure.Unread, "", client.OneLine(err))
	case where != "":
		p.check("body", measure.Different, "the bytes of the source", where)
	default:
		p.check("body", measure.Equal, "", "")
	}
}

// compareOwner compares the owner of the replica with the one that it must have: it is the destination account's with
// owner override or where the destination enforces it, otherwise the source's.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-change-owner.html
func (p *probe) compareOwner(ctx context.Context) {
	s, d := &p.t.Source, &p.t.Destination
	if s.AccountID == "" || d.AccountID == "" || s.AccountID == d.AccountID {
		return // one owner, or not known whose the buckets are
	}
	want := ""
	switch {
	case p.t.Rule.Destination.OwnerOverride:
		want = "destination"
	case d.Ownership.Value != nil && *d.Ownership.Value == "BucketOwnerEnforced":
		want = "destination"
	case d.Ownership.Known():
		want = "source"
	}
	owner := func(side Side, b *bucket.Bucket) (string, error) {
		p.Count()
		versions, err := b.Versions(ctx, p.object.key)
		if err != nil {
			return "", p.asked(side, actionList, err)
		}
		for _, v := range versions {
			if v.ID == p.version {
				return v.Owner, nil
			}
		}
		return "", nil
	}
	from, err1 := owner(SourceSide, s)
	to, err2 := owner(DestinationSide, d)
	if err := cmp.Or(err1, err2); err != nil {
		p.unread("owner", want, err)
		return
	}
	if from == "" || to == "" {
		p.check("owner", measure.Unread, want, "the listings do not tell the owner")
		return
	}
	got := "destination"
	if from == to {
		got = "source"
	}
	if want == "" {
		p.check("owner", measure.Tolerated, "", got)
		return
	}
	p.same("owner", want, got)
}
