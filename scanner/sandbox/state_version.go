package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// version is one version of an object, or a delete marker.
type version struct {
	key, id  string // id "null": written while versioning was not enabled
	seq      uint64 // order of creation; a replica has that of its source
	marker   bool
	modified time.Time
	owner    string // account id
	etag     string // without quotes
	body     []byte
	parts    []objectPart // of a multipart upload
	checksum checksum

	storageClass string            // "" = STANDARD
	header       map[string]string // Content-Type, Cache-Control, …: canonical names
	metadata     map[string]string // lower-case names without x-amz-meta-
	tags         []tag
	acl          string // canned ACL that was asked for
	sse          objectEncryption
	retention    *retention
	legalHold    string // ON, OFF, "" = never set

	replica bool
	status  string // PENDING, COMPLETED, FAILED, REPLICA, "" = no rule matched
	targets []*replicationTarget
}

// history is every version of one key, newest first.
type history struct{ versions []*version }

type objectPart struct {
	number   int
	size     int64
	checksum string
}

// objectEncryption is how a version is encrypted.
type objectEncryption struct {
	algorithm string // AES256, aws:kms, aws:kms:dsse; "" for SSE-C
	key       string // key ARN
	bucketKey bool
	keyMD5    string // SSE-C: base64 MD5 of the customer's key
}

type retention struct {
	mode  string // GOVERNANCE, COMPLIANCE
	until time.Time
}

type tag struct {
	Key   string `xml:"Key" yaml:"Key"`
	Value string `xml:"Value" yaml:"Value"`
}

// sortedTags is a tag set as S3 returns it: by key.
func sortedTags(m map[string]string) []tag {
	var tags []tag
	for k, v := range m {
		tags = append(tags, tag{k, v})
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return tags
}

// archived reports whether the bytes are out of reach until restored.
func (v *version) archived() bool {
	return v.storageClass == "GLACIER" || v.storageClass == "DEEP_ARCHIVE"
}

// class is the storage class by name.
func (v *version) class() string {
	if v.storageClass == "" {
		return "STANDARD"
	}
	return v.storageClass
}

// grantsBucketOwner reports whether the ACL of a version lets the owner of its
// bucket do an action.
func (v *version) grantsBucketOwner(action string) bool {
	switch v.acl {
	case "bucket-owner-full-control":
		return true
	case "bucket-owner-read":
		return action == "s3:GetObject" || action == "s3:GetObjectVersion"
	}
	return false
}

// seal computes what follows from the bytes of a new version: its ETag and, where
// the writer gave no checksum, S3's own. digest is the MD5 of the bytes where it
// is known already.
func (v *version) seal(digest []byte) {
	if v.etag == "" {
		if digest == nil {
			digest = sum("MD5", v.body)
		}
		v.etag = v.sse.contentTag(digest)
	}
	if v.checksum.value == "" {
		v.checksum = checksumOf("CRC64NVME", v.body)
	}
}

// contentTag is the ETag that belongs to the MD5 of some bytes: the same under
// SSE-S3, something else under SSE-KMS and SSE-C.
func (e objectEncryption) contentTag(digest []byte) string {
	if e.algorithm != "AES256" {
		digest = sum("MD5", append([]byte(e.algorithm+e.key+e.keyMD5), digest...))
	}
	return hex.EncodeToString(digest)
}

// upload is a multipart upload that is neither completed nor aborted.
type upload struct {
	id        string
	initiated time.Time
	version   *version // what it will be, without bytes
	algorithm string   // of the parts' checksums; "" = S3's own choice
	kind      string   // FULL_OBJECT, COMPOSITE
	parts     map[int]*uploadedPart
}

type uploadedPart struct {
	etag     string
	body     []byte
	checksum checksum
	modified time.Time
}

// objectClasses are the storage classes that an object may be written in.
var objectClasses = []string{
	"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR",
}

// versionID makes the id of a version out of its place in the order of creation,
// so that a listing can go on after a version that was deleted meanwhile.
func versionID(seq uint64) string {
	d := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("version"), seq))
	raw := binary.BigEndian.AppendUint64(d[:16:16], seq^mask(d[:16]))
	return strings.ReplaceAll(base64.RawURLEncoding.EncodeToString(raw), "-", ".")
}

// versionSeq is the inverse of versionID.
func versionSeq(id string) (uint64, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.ReplaceAll(id, ".", "-"))
	if err != nil || len(raw) != 24 {
		return 0, false
	}
	seq := binary.BigEndian.Uint64(raw[16:]) ^ mask(raw[:16])
	return seq, versionID(seq) == id
}

func mask(b []byte) uint64 {
	d := sha256.Sum256(b)
	return binary.BigEndian.Uint64(d[:])
}
