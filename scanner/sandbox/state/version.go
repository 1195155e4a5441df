package state

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"crosscheck/scanner/sandbox/s3/checksum"
)

// Version is one version of an object, or a delete marker.
type Version struct {
	Key, ID  string // id "null": written while versioning was not enabled
	Seq      uint64 // order of creation; a replica has that of its source
	Marker   bool
	Modified time.Time
	Owner    string // account id
	ETag     string // without quotes
	Body     []byte
	Parts    []ObjectPart // of a multipart upload
	Checksum checksum.Checksum

	StorageClass string            // "" = STANDARD
	Header       map[string]string // Content-Type, Cache-Control, …: canonical names
	Metadata     map[string]string // lower-case names without x-amz-meta-
	Tags         []Tag
	ACL          string // canned ACL that was asked for
	SSE          ObjectEncryption
	Retention    *Retention
	LegalHold    string // ON, OFF, "" = never set
	EventHold    bool

	Replica bool
	Status  string // PENDING, COMPLETED, FAILED, REPLICA, "" = no rule matched
	Targets []*ReplicationTarget
}

// history is every version of one key, newest first.
type History struct{ Versions []*Version }

// ObjectPart is a part of a completed multipart upload.
type ObjectPart struct {
	Number   int
	Size     int64
	Checksum string
}

// ObjectEncryption is how a version is encrypted.
type ObjectEncryption struct {
	Algorithm string // AES256, aws:kms, aws:kms:dsse; "" for SSE-C
	Key       string // key ARN
	BucketKey bool
	KeyMD5    string // SSE-C: base64 MD5 of the customer's key
}

// Retention is the Object Lock retention of a version.
type Retention struct {
	Mode  string // GOVERNANCE, COMPLIANCE
	Until time.Time
}

// Tag is a tag of a bucket, an object or a filter.
type Tag struct {
	Key   string `xml:"Key" yaml:"Key"`
	Value string `xml:"Value" yaml:"Value"`
}

// SortedTags is a tag set as S3 returns it: by key.
func SortedTags(m map[string]string) []Tag {
	var tags []Tag
	for k, v := range m {
		tags = append(tags, Tag{k, v})
	}
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return tags
}

// Archived reports whether the bytes are out of reach until restored.
func (v *Version) Archived() bool {
	return v.StorageClass == "GLACIER" || v.StorageClass == "DEEP_ARCHIVE"
}

// Class is the storage class by name.
func (v *Version) Class() string {
	if v.StorageClass == "" {
		return "STANDARD"
	}
	return v.StorageClass
}

// GrantsBucketOwner reports whether the ACL of a version lets the owner of its
// bucket do an action.
func (v *Version) GrantsBucketOwner(action string) bool {
	switch v.ACL {
	case "bucket-owner-full-control":
		return true
	case "bucket-owner-read":
		return action == "s3:GetObject" || action == "s3:GetObjectVersion"
	}
	return false
}

// Seal computes what follows from the bytes of a new version: its ETag and, where
// the writer gave no checksum, S3's own. digest is the MD5 of the bytes where it
// is known already.
func (v *Version) Seal(digest []byte) {
	if v.ETag == "" {
		if digest == nil {
			digest = checksum.Sum("MD5", v.Body)
		}
		v.ETag = v.SSE.ContentTag(digest)
	}
	if v.Checksum.Value == "" {
		v.Checksum = checksum.Of("CRC64NVME", v.Body)
	}
}

// ContentTag is the ETag that belongs to the MD5 of some bytes: the same under
// SSE-S3, something else under SSE-KMS and SSE-C.
func (e ObjectEncryption) ContentTag(digest []byte) string {
	if e.Algorithm != "AES256" {
		digest = checksum.Sum("MD5", append([]byte(e.Algorithm+e.Key+e.KeyMD5), digest...))
	}
	return hex.EncodeToString(digest)
}

// Upload is a multipart upload that is neither completed nor aborted.
type Upload struct {
	ID        string
	Initiated time.Time
	Version   *Version // what it will be, without bytes
	Algorithm string   // of the parts' checksums; "" = S3's own choice
	Kind      string   // FULL_OBJECT, COMPOSITE
	Parts     map[int]*UploadedPart
}

// UploadedPart is a part of an upload under way.
type UploadedPart struct {
	ETag     string
	Body     []byte
	Checksum checksum.Checksum
	Modified time.Time
}

// ObjectClasses are the storage classes that an object may be written in.
var ObjectClasses = []string{
	"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR",
}

// VersionID makes the id of a version out of its place in the order of creation,
// so that a listing can continue after a version that has been deleted since.
func VersionID(seq uint64) string {
	d := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("version"), seq))
	raw := binary.BigEndian.AppendUint64(d[:16:16], seq^mask(d[:16]))
	return strings.ReplaceAll(base64.RawURLEncoding.EncodeToString(raw), "-", ".")
}

// VersionSeq is the inverse of versionID.
func VersionSeq(id string) (uint64, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.ReplaceAll(id, ".", "-"))
	if err != nil || len(raw) != 24 {
		return 0, false
	}
	seq := binary.BigEndian.Uint64(raw[16:]) ^ mask(raw[:16])
	return seq, VersionID(seq) == id
}

func mask(b []byte) uint64 {
	d := sha256.Sum256(b)
	return binary.BigEndian.Uint64(d[:])
}
