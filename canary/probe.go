package canary

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/measure"
)

// Options of probes. The zero value of each field but Run means its default.
type Options struct {
	Run           string        // id of the run, part of every key; letters, digits and -
	Folder        string        // default [Folder]
	Timeout       time.Duration // how long to wait for a replica, default [DefaultTimeout]
	Absence       time.Duration // how long to watch for what must not arrive, default [DefaultQuiet], at most Timeout
	CleanUp       time.Duration // deadline of the clean-up of one probe, also after an interruption, default [DefaultCleanUp]
	Settle        time.Duration // how long a replica that may be under way is waited for, to remove it; default [DefaultSettle]
	Size          int64         // bytes of the variant large, default [DefaultSize]
	AllowRetained bool          // probe buckets in which the probe cannot be removed again
	Journal       *Journal      // nil: a crash leaves strays that only a sweep of the bucket finds

	young nursery // set by Run
}

// Defaults of Options.
const (
	DefaultTimeout = 15 * time.Minute
	DefaultAbsence = 30 * time.Second
	DefaultSize    = 64 << 20
)

const (
	plainSize = 1 << 10
	partSize  = 8 << 20 // of an upload in parts; S3 takes 5 MiB to 5 GiB
	twoParts  = 5<<20 + 1<<10
	maxSingle = 5 << 30 // largest object of a single PUT
	answer    = 30 * time.Second
	settled   = 30 * time.Second // how long the source's status may lag behind a visible replica
)

// Tags and metadata that variants add.
const (
	probeTag      = "crosscheck-canary"
	probeMetadata = "crosscheck-canary"
	contentType   = "application/vnd.crosscheck-canary"
)

// Probe puts one probe object, number n of the run, watches for its replica,
// compares, and removes both. The end of ctx ends the wait, not the clean-up.
// A probe that cannot be removed again, or not be looked for, is not put at all:
// the measurement is inconclusive then.
//
// Requests of a plain probe that arrives within 60 ms: 1 PUT, about 2 looks, 2
// status reads, 7 for the comparison, 4 for the clean-up; each further look is
// one more (see [Measurement.Requests] for what it was).
func Probe(ctx context.Context, t *Target, v measure.Variant, n int, o Options) measure.Measurement {
	o.Folder = cmp.Or(o.Folder, Folder)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Absence = min(cmp.Or(o.Absence, DefaultAbsence), o.Timeout)
	o.CleanUp = cmp.Or(o.CleanUp, DefaultCleanUp)
	o.Size = cmp.Or(o.Size, DefaultSize)
	p := &probe{t: t, o: o, caller: caller{settle: cmp.Or(o.Settle, DefaultSettle)}, m: measure.Measurement{Link: t.Link, Variant: string(v), Predicted: t.Predicted, Outcome: measure.Inconclusive}}
	p.run(ctx, v, n)
	p.m.Requests = p.requests
	if p.m.Outcome == measure.Failed || p.m.Outcome == measure.Timeout {
		p.m.FailureCodes = t.FailureCodes
	}
	return p.m
}

// probe is one probe while it runs.
type probe struct {
	caller
	t *Target
	o Options
	m measure.Measurement

	place
	body      *body
	header    types.ServerSideEncryption
	kmsKey    *string
	bucketKey *bool
	customer  customerKey
	parts     types.ChecksumType // of an upload in parts, "" = a single PUT
	metadata  map[string]string
	checksum  string // of the body, as S3 writes it
	crc       bool   // checksum is CRC64NVME, not SHA-256

	putAt    time.Time // when the PUT was answered: the clock's zero
	grown    func()    // the probe is not young any more
	version  string
	versions []string // all that were made at the source
	listing  bool     // the destination refuses to show the replica, but lists it
	refused  bool     // S3 refused the PUT, so nothing is there
	arrived  bool     // all that was put was seen at the destination
	terminal bool     // the source's status is final
}

func (p *probe) run(ctx context.Context, v measure.Variant, n int) {
	where, err := p.t.place(p.o.Folder, p.o.Run, n)
	if v == measure.NegativeControl {
		where, err = p.t.outside(p.o.Folder, p.o.Run, n)
	}
	p.place, p.m.Key = where, where.key
	if err == nil {
		err = p.prepare(v)
	}
	switch {
	case err != nil:
	case ctx.Err() != nil:
		err = errors.New("interrupted before it began")
	case p.t.Source.Err != nil:
		err = fmt.Errorf("the source cannot be reached, so nothing was put: %w", p.t.Source.Err)
	case p.t.Destination.Err != nil:
		err = fmt.Errorf("the destination cannot be reached, so nothing was put: %w", p.t.Destination.Err)
	}
	if err == nil {
		err = p.preflight(ctx)
	}
	if err == nil {
		// On the disk before the first byte goes out.
		err = p.o.Journal.put(Entry{
			Run: p.o.Run, Link: p.t.Link, Key: p.key, At: time.Now().UTC().Format(time.RFC3339), Parts: p.parts != "",
			Source: p.t.Source.place(), Destination: p.t.Destination.place(),
		})
	}
	if err != nil {
		p.inconclusive(err)
		return
	}
	defer p.cleanUp(ctx)

	p.grown = p.o.young.enter(ctx)
	defer func() { p.grown() }()
	wall := time.Now()
	if err := p.put(ctx); err != nil {
		p.inconclusive(fmt.Errorf("the probe cannot be put: %w", err))
		return
	}
	switch v {
	case measure.NegativeControl:
		p.watchAbsence(ctx, p.visible, "the object")
	case measure.Overwrite:
		p.overwrite(ctx)
	case measure.DeleteMarker:
		p.deleteMarker(ctx)
	case measure.TagChange:
		p.tagChange(ctx)
	default:
		if p.watch(ctx, p.visible) {
			p.compare(ctx)
		}
	}
	now := time.Now()
	if jump := clockJump(now.Round(0).Sub(wall.Round(0)), now.Sub(wall)); jump != 0 {
		p.note("the clock of this machine jumped by %s: if it slept, the replica may have taken that much longer", jump)
	}
}

// clockJump is by how much the wall clock went astray from the monotonic one,
// 0 if by less than a second.
func clockJump(wall, monotonic time.Duration) time.Duration {
	if d := (wall - monotonic).Round(time.Millisecond); d.Abs() >= time.Second {
		return d
	}
	return 0
}

// prepare decides what the object is made of.
func (p *probe) prepare(v measure.Variant) error {
	size := int64(plainSize)
	switch v {
	case measure.Empty:
		size = 0
	case measure.Multipart, measure.Composite:
		size = twoParts
	case measure.Large:
		size = p.o.Size
	case measure.Metadata:
		p.metadata = map[string]string{probeMetadata: p.o.Run}
	case measure.KMS:
		e := p.t.Source.Encryption
		if e.Value != nil && strings.HasPrefix(e.Value.Algorithm, "aws:kms") {
			break // the bucket's default does it
		}
		p.header = types.ServerSideEncryptionAwsKms
	case measure.BucketKey:
		p.header, p.bucketKey = types.ServerSideEncryptionAwsKms, aws.Bool(true)
		if e := p.t.Source.Encryption.Value; e != nil {
			p.kmsKey = nonEmpty(e.KeyID)
		}
	case measure.SSEC:
		secret := make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return err
		}
		p.customer = newCustomerKey(secret)
	case measure.Tagged:
		if len(p.tags) >= maxTags {
			return fmt.Errorf("the rule's filter asks for %d tags, so there is no room for one more", len(p.tags))
		}
		p.tags = maps.Clone(p.tags)
		if p.tags == nil {
			p.tags = map[string]string{}
		}
		p.tags[probeTag] = p.o.Run
	case measure.DeleteMarker:
		if len(p.t.Rule.Tags) > 0 {
			return errors.New("a rule that filters by tags replicates no delete markers")
		}
	}
	p.body = newBody(p.o.Run+"/"+p.key, size)
	var err error
	switch {
	case v == measure.Composite:
		p.parts = types.ChecksumTypeComposite
	case v == measure.Multipart || size > maxSingle:
		p.parts, p.crc = types.ChecksumTypeFullObject, true
	}
	if p.crc {
		p.checksum, err = p.body.crc64Base64()
	} else {
		p.checksum, err = p.body.sha256Base64()
	}
	return err
}

// preflight refuses what could not be removed again or not be watched.
func (p *probe) preflight(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	for _, side := range []struct {
		name string
		e    *Bucket
	}{{"source", &p.t.Source}, {"destination", &p.t.Destination}} {
		if err := p.removable(ctx, side.e, side.name); err != nil {
			return err
		}
	}
	p.count()
	if _, err := p.t.Destination.versions(ctx, p.key); err != nil {
		return fmt.Errorf("the destination %s cannot be listed, so nothing was put: %s", p.t.Destination.Name, describe(err))
	}
	return nil
}

// removable reports why a version put into a bucket could not be removed again.
func (p *probe) removable(ctx context.Context, e *Bucket, side string) error {
	versioning, lock := e.Versioning.Value, e.ObjectLock
	if versioning == nil {
		p.count()
		out, err := e.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &e.Name, ExpectedBucketOwner: e.owner()})
		if err != nil {
			return fmt.Errorf("the versioning of the %s %s cannot be read: %s", side, e.Name, describe(err))
		}
		versioning = &versioningFact{Status: string(out.Status), MFADelete: string(out.MFADelete)}
	}
	if versioning.Status != "Enabled" && side == "source" {
		return fmt.Errorf("the source %s has no versioning, so nothing is replicated from it", e.Name)
	}
	if p.o.AllowRetained {
		return nil
	}
	if versioning.MFADelete == "Enabled" {
		return fmt.Errorf("the %s %s has MFA delete, so a probe could not be removed; --allow-retained puts it all the same", side, e.Name)
	}
	if !lock.Known() {
		p.count()
		out, err := e.S3.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &e.Name, ExpectedBucketOwner: e.owner()})
		switch {
		case err == nil:
			lock = lockFact(out.ObjectLockConfiguration)
		case code(err) == "ObjectLockConfigurationNotFoundError":
			return nil
		default:
			return fmt.Errorf("whether the %s %s retains objects cannot be read (%s), so a probe might stay; --allow-retained puts it all the same", side, e.Name, describe(err))
		}
	}
	if l := lock.Value; l != nil && l.DefaultMode != "" {
		return fmt.Errorf("the %s %s retains every object for %s (Object Lock, %s), so a probe could not be removed; --allow-retained puts it all the same",
			side, e.Name, retention(l), strings.ToLower(l.DefaultMode))
	}
	return nil
}

// put writes the object, or one more version of it, and starts the clock. An
// interruption does not break it off: S3 may carry out a request that nobody waits
// for any more, and then after the clean-up.
func (p *probe) put(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.o.CleanUp)
	defer cancel()
	if p.parts != "" {
		return p.putParts(ctx)
	}
	e := &p.t.Source
	p.count()
	p.body.offset = 0
	in := &s3.PutObjectInput{
		Bucket: &e.Name, Key: &p.key, Body: p.body, ContentLength: &p.body.size, ContentType: aws.String(contentType), ExpectedBucketOwner: e.owner(),
		Metadata: p.metadata, Tagging: tagging(p.tags), ServerSideEncryption: p.header, SSEKMSKeyId: p.kmsKey, BucketKeyEnabled: p.bucketKey,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &p.checksum,
		SSECustomerAlgorithm: p.customer.algorithm, SSECustomerKey: p.customer.key, SSECustomerKeyMD5: p.customer.md5,
	}
	out, err := e.S3.PutObject(ctx, in)
	if err != nil {
		p.refused = p.version == "" && status(err) >= 400 && status(err) < 500
		return errors.New(describe(err))
	}
	return p.started(aws.ToString(out.VersionId))
}

// putParts writes the object in parts. Its checksum is one of the whole object,
// which is the same however it was cut.
func (p *probe) putParts(ctx context.Context) error {
	e := &p.t.Source
	algorithm, whole := types.ChecksumAlgorithmSha256, (*string)(nil)
	if p.crc {
		algorithm, whole = types.ChecksumAlgorithmCrc64nvme, &p.checksum
	}
	p.count()
	begun, err := e.S3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &e.Name, Key: &p.key, ContentType: aws.String(contentType), ExpectedBucketOwner: e.owner(),
		Metadata: p.metadata, Tagging: tagging(p.tags), ServerSideEncryption: p.header, SSEKMSKeyId: p.kmsKey, BucketKeyEnabled: p.bucketKey,
		ChecksumAlgorithm: algorithm, ChecksumType: p.parts,
	})
	if err != nil {
		return errors.New(describe(err))
	}
	// Five megabytes are the smallest part but for the last; 10,000 parts the most.
	size := max(int64(partSize), (p.body.size+9_999)/10_000)
	if p.body.size <= partSize {
		size = 5 << 20
	}
	var done []types.CompletedPart
	for at, number := int64(0), int32(1); at < p.body.size; at, number = at+size, number+1 {
		length := min(size, p.body.size-at)
		p.count()
		part, err := e.S3.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &e.Name, Key: &p.key, UploadId: begun.UploadId, PartNumber: aws.Int32(number), ExpectedBucketOwner: e.owner(),
			Body: &section{b: *p.body, from: at, size: length}, ContentLength: &length, ChecksumAlgorithm: algorithm,
		})
		if err != nil {
			return errors.New(describe(err))
		}
		done = append(done, types.CompletedPart{ETag: part.ETag, PartNumber: aws.Int32(number), ChecksumCRC64NVME: part.ChecksumCRC64NVME, ChecksumSHA256: part.ChecksumSHA256})
	}
	p.count()
	out, err := e.S3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &e.Name, Key: &p.key, UploadId: begun.UploadId, ExpectedBucketOwner: e.owner(),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
		ChecksumType:    p.parts, ChecksumCRC64NVME: whole,
	})
	if err != nil {
		return errors.New(describe(err))
	}
	return p.started(aws.ToString(out.VersionId))
}

// section is a part of a body.
type section struct {
	b          body
	from, size int64
}

func (s *section) Read(b []byte) (int, error) {
	left := s.size - (s.b.offset - s.from)
	if s.b.offset < s.from {
		s.b.offset, left = s.from, s.size
	}
	if left <= 0 {
		return 0, io.EOF
	}
	return s.b.Read(b[:min(int64(len(b)), left)])
}

func (s *section) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += max(s.b.offset, s.from) - s.from
	case io.SeekEnd:
		offset += s.size
	}
	s.b.offset = s.from + offset
	return offset, nil
}

func (p *probe) started(version string) error {
	p.putAt = time.Now()
	p.m.PutAt = p.putAt.UTC().Format("2006-01-02T15:04:05.000Z")
	if version == "" {
		return errors.New("S3 gave it no version id: the source has no versioning")
	}
	p.version, p.m.VersionID = version, version
	p.versions = append(p.versions, version)
	p.arrived, p.terminal = false, false
	return nil
}

func tagging(tags map[string]string) *string {
	if len(tags) == 0 {
		return nil
	}
	q := url.Values{}
	for k, v := range tags {
		q.Set(k, v)
	}
	return aws.String(q.Encode())
}

// visible looks whether the replica is there.
func (p *probe) visible(ctx context.Context) (bool, error) {
	d := &p.t.Destination
	if !p.listing {
		p.count()
		_, present, err := d.head(ctx, p.key, p.version, p.customer)
		if err == nil || !denied(err) {
			return present, err
		}
		// The destination's account may be refused its own copy, when the copy
		// belongs to the source's account. The listing shows it all the same.
	}
	p.count()
	items, err := d.versions(ctx, p.key)
	if err != nil {
		return false, err
	}
	for _, it := range items {
		if it.version == p.version {
			p.listing = true
			return true, nil
		}
	}
	return false, nil
}

// watch waits until look has seen it, the source says FAILED, the time is up or
// ctx ends. It reports whether it was seen; otherwise the outcome is set.
func (p *probe) watch(ctx context.Context, look func(context.Context) (bool, error)) bool {
	var (
		nextLookAt   = nextLook(0)
		nextStatusAt = nextStatus(0)
		last         time.Duration // when the last look began that did not see it
		lastErr      error         // of the last look, nil when S3 answered it
	)
	alone := p.t.destinations(p.place) <= 1
	for {
		deadline := p.o.Timeout
		due := min(nextLookAt, nextStatusAt, deadline)
		if due > youth {
			p.grown()
		}
		if !sleep(ctx.Done(), due-time.Since(p.putAt)) {
			p.interrupted()
			return false
		}
		began := time.Since(p.putAt)
		final := began >= deadline
		failed := false
		if began >= nextStatusAt || final {
			switch s := p.sourceStatus(ctx); s {
			case "FAILED":
				failed = alone
				nextStatusAt, nextLookAt = deadline, min(nextLookAt, began)
			case "COMPLETED":
				nextStatusAt, nextLookAt = deadline, min(nextLookAt, began) // it must be there: look at once
			default:
				nextStatusAt = nextStatus(time.Since(p.putAt))
			}
		}
		began = time.Since(p.putAt)
		if began >= nextLookAt || final || failed {
			p.m.Polls++
			call, cancel := context.WithTimeout(ctx, answer)
			seen, err := look(call)
			cancel()
			lastErr = err
			switch {
			case seen:
				latency := time.Since(p.putAt)
				p.m.LatencyMS, p.m.SlackMS = milliseconds(latency), milliseconds(latency-last)
				p.arrived = true
				p.grown()
				p.settle(ctx)
				return true
			case err == nil:
				last = began
			}
			nextLookAt = nextLook(time.Since(p.putAt))
		}
		switch {
		case ctx.Err() != nil:
			p.interrupted()
			return false
		case failed:
			p.m.Outcome = measure.Failed
			p.note("S3 reported FAILED %s after the PUT%s", brief(time.Since(p.putAt)), p.predicted())
			return false
		case final && lastErr != nil:
			p.inconclusive(fmt.Errorf("the destination cannot be read: %s", describe(lastErr)))
			return false
		case final:
			p.m.Outcome = measure.Timeout
			p.note("%s", p.late())
			return false
		}
	}
}

// settle waits for the source's status to become final after the replica was
// seen: a replica can be visible while the source still says PENDING, and a tag
// that was not replicated shows only as FAILED.
func (p *probe) settle(ctx context.Context) {
	start := time.Now()
	for wait := fineLook; !p.terminal; wait = min(2*wait, 5*time.Second) {
		p.sourceStatus(ctx)
		if p.m.SourceStatus == "" || time.Since(start) >= settled || !p.terminal && !sleep(ctx.Done(), wait) {
			return
		}
	}
}

// sourceStatus asks for the replication status of the source object and notes
// its changes. It is "" where S3 shows none or does not answer.
func (p *probe) sourceStatus(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	p.count()
	p.m.Polls++
	out, present, err := p.t.Source.head(ctx, p.key, p.version, p.customer)
	if err != nil || !present {
		return ""
	}
	s := string(out.ReplicationStatus)
	if s == "COMPLETE" {
		s = "COMPLETED" // the SDK knows both spellings
	}
	if s != "" && s != p.m.SourceStatus {
		p.m.SourceStatus = s
		p.m.Transitions = append(p.m.Transitions, measure.Transition{Status: s, AfterMS: milliseconds(time.Since(p.putAt))})
	}
	p.terminal = s == "COMPLETED" || s == "FAILED"
	return s
}

// predicted names the codes of the audit: S3 shows none at the source.
func (p *probe) predicted() string {
	switch {
	case len(p.t.FailureCodes) > 0:
		return "; the audit predicts " + strings.Join(p.t.FailureCodes, ", ")
	case p.t.Predicted == "works":
		return "; the audit predicts that the link works"
	}
	return ""
}

// late says what a timeout looks like from the source.
func (p *probe) late() string {
	s := fmt.Sprintf("no replica within %s; ", brief(p.o.Timeout))
	switch p.m.SourceStatus {
	case "":
		return s + "the source shows no replication status, so no rule took the object" + p.predicted()
	case "FAILED":
		return s + "the source says FAILED, for one at least of its destinations" + p.predicted()
	case "COMPLETED":
		return s + "the source says COMPLETED all the same"
	}
	return s + "the source still says " + p.m.SourceStatus
}

// watchAbsence watches for something that must not arrive.
func (p *probe) watchAbsence(ctx context.Context, look func(context.Context) (bool, error), what string) {
	for {
		elapsed := time.Since(p.putAt)
		if elapsed > youth {
			p.grown()
		}
		if !sleep(ctx.Done(), min(nextLook(elapsed), p.o.Absence)-elapsed) {
			p.interrupted()
			return
		}
		final := time.Since(p.putAt) >= p.o.Absence
		p.m.Polls++
		call, cancel := context.WithTimeout(ctx, answer)
		seen, err := look(call)
		cancel()
		switch {
		case seen:
			p.m.Outcome = measure.Unexpected
			p.note("%s arrived, and no rule says so", what)
			p.arrived = true
			return
		case ctx.Err() != nil:
			p.interrupted()
			return
		case final && err != nil:
			p.inconclusive(fmt.Errorf("the destination cannot be read: %s", describe(err)))
			return
		case final:
			p.m.Outcome = measure.Absent
			if s := p.sourceStatus(ctx); what == "the object" && s != "" {
				p.m.Outcome = measure.Unexpected
				p.note("the source shows the replication status %s for an object outside every rule", s)
			}
			return
		}
	}
}

// overwrite puts a second version; both have to arrive.
func (p *probe) overwrite(ctx context.Context) {
	first := p.version
	err := p.put(ctx)
	if err != nil {
		p.inconclusive(fmt.Errorf("the second version cannot be put: %w", err))
		return
	}
	both := func(ctx context.Context) (bool, error) {
		if seen, err := p.visible(ctx); !seen {
			return false, err
		}
		p.count()
		items, err := p.t.Destination.versions(ctx, p.key)
		return slices.ContainsFunc(items, func(it item) bool { return it.version == first }), err
	}
	if p.watch(ctx, both) {
		p.compare(ctx)
	}
}

// deleteMarker deletes the object after it arrived and watches for the marker.
func (p *probe) deleteMarker(ctx context.Context) {
	if !p.watch(ctx, p.visible) {
		return
	}
	object := p.version
	p.count()
	out, err := p.t.Source.delete(ctx, p.key, "")
	if err != nil {
		p.inconclusive(fmt.Errorf("the probe cannot be deleted: %s", describe(err)))
		return
	}
	marker := aws.ToString(out.VersionId)
	if err := p.started(marker); err != nil {
		p.inconclusive(err)
		return
	}
	p.m.VersionID, p.m.SourceStatus, p.m.Transitions, p.m.LatencyMS, p.m.SlackMS = object, "", nil, 0, 0
	seen := func(ctx context.Context) (bool, error) {
		p.count()
		items, err := p.t.Destination.versions(ctx, p.key)
		return slices.ContainsFunc(items, func(it item) bool { return it.marker }), err
	}
	if !replicatesDeleteMarkers(p.t.Rule) {
		p.watchAbsence(ctx, seen, "the delete marker")
		return
	}
	if p.watch(ctx, seen) {
		p.m.Outcome = measure.Arrived
	}
}

// tagChange changes the tags after the object arrived.
func (p *probe) tagChange(ctx context.Context) {
	if !p.watch(ctx, p.visible) {
		return
	}
	tags := maps.Clone(p.tags)
	if tags == nil {
		tags = map[string]string{}
	}
	if len(tags) >= maxTags {
		p.inconclusive(errors.New("the rule's filter asks for so many tags that there is no room for one more"))
		return
	}
	tags[probeTag] = p.o.Run
	in := &s3.PutObjectTaggingInput{Bucket: &p.t.Source.Name, Key: &p.key, VersionId: &p.version, ExpectedBucketOwner: p.t.Source.owner(), Tagging: &types.Tagging{}}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		in.Tagging.TagSet = append(in.Tagging.TagSet, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	p.count()
	if _, err := p.t.Source.S3.PutObjectTagging(ctx, in); err != nil {
		p.inconclusive(fmt.Errorf("the tags cannot be changed: %s", describe(err)))
		return
	}
	p.putAt, p.terminal, p.tags = time.Now(), false, tags
	p.m.SourceStatus, p.m.Transitions, p.m.LatencyMS, p.m.SlackMS = "", nil, 0, 0
	seen := func(ctx context.Context) (bool, error) {
		p.count()
		got, err := p.t.Destination.tags(ctx, p.key, p.version)
		return err == nil && maps.Equal(got, tags), err
	}
	if p.watch(ctx, seen) {
		p.compare(ctx)
	}
}

func (p *probe) inconclusive(err error) {
	p.m.Outcome = measure.Inconclusive
	p.note("%s", err.Error())
}

func (p *probe) interrupted() {
	p.m.Outcome = measure.Inconclusive
	p.note("interrupted after %s", brief(time.Since(p.putAt)))
}

func (p *probe) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if p.m.Message != "" {
		s = p.m.Message + "; " + s
	}
	p.m.Message = s
}

// cleanUp removes what the probe put, on both sides: the source first, so that
// nothing is replicated any more. It has its own deadline, so that an
// interruption does not keep it from its work.
func (p *probe) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.o.CleanUp)
	defer cancel()
	source, destination := &p.t.Source, &p.t.Destination
	var left []measure.Leftover
	late := false
	if !p.refused {
		if p.parts != "" && p.version == "" { // it was not completed, or its answer was lost
			left = append(left, p.abort(ctx, source, p.key)...)
		}
		left = append(left, p.purge(ctx, source, p.key, p.versions...)...)
		late = !p.arrived && (p.m.Outcome != measure.Failed || !p.terminal)
		if p.m.Outcome == measure.Absent && p.m.SourceStatus == "" {
			late = false // no rule took it
		}
		switch {
		case p.arrived:
			left = append(left, p.purge(ctx, destination, p.key, p.versions...)...)
		case late:
			left = append(left, p.purgeLate(ctx, destination, p.key)...)
		default:
			left = append(left, p.purge(ctx, destination, p.key)...)
		}
	}
	p.m.Leftovers = left
	for _, l := range left {
		p.note("left behind in %s: %s %s: %s", l.Bucket, l.Key, cmp.Or(l.VersionID, "none"), l.Message)
	}
	switch {
	case len(left) > 0:
	case late:
		// What is under way comes when it comes, and nothing at the source tells any
		// more. The entry stays open for a sweep, which then knows it was all.
		p.note("a replica may still arrive: 'crosscheck canary sweep' removes it then")
	default:
		if err := p.o.Journal.removed(source.Name, p.key); err != nil {
			p.note("%s", err.Error())
		}
	}
}

func milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// brief is a duration for a person: three significant digits are enough.
func brief(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
