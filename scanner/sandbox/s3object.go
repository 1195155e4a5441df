package sandbox

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

// The object plane: versions, their bytes and what hangs on them.

const maxObject = 5 << 30 // of a single PUT

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

// newID makes an id of the given kind: different each time, the same for the
// same requests.
func (s *State) newID(kind string) string {
	s.seq++
	return base64.RawURLEncoding.EncodeToString(digest(kind, strconv.FormatUint(s.seq, 10)))[:40]
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

// store puts a new version (or delete marker) on top of its key, as the bucket's
// versioning demands.
func (s *State) store(b *bucket, v *version) {
	s.seq++
	v.seq, v.modified = s.seq, time.Now()
	v.id = versionID(v.seq)
	if b.versioning != enabled {
		v.id = "null"
		if old := b.version(v.key, "null"); old != nil {
			b.remove(old)
		}
	}
	b.insert(v)
}

// write is the version that the headers of a write ask for, without its bytes.
// It authorizes everything that the headers ask beside the object itself.
func (c *s3call) write() (*version, *apiError) {
	h := c.r.Header
	v := &version{key: c.key, owner: c.b.account}
	v.header, v.metadata = storedHeaders(c.r)
	if len(c.key) > 1024 {
		return nil, &apiError{status: 400, code: "KeyTooLongError", message: "Your key is too long"}
	}
	if text := h.Get("X-Amz-Tagging"); text != "" {
		tags, err := url.ParseQuery(text)
		if err != nil {
			return nil, invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", text)
		}
		flat := map[string]string{}
		for k, values := range tags {
			if len(values) > 1 {
				return nil, invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", text)
			}
			flat[k] = values[0]
		}
		v.tags = sortedTags(flat)
		if e := checkTags(v.tags, 10); e != nil {
			return nil, e
		}
	}
	if v.storageClass = h.Get("X-Amz-Storage-Class"); v.storageClass == "STANDARD" {
		v.storageClass = ""
	} else if v.storageClass != "" && !slices.Contains(objectClasses, v.storageClass) {
		return nil, &apiError{status: 400, code: "InvalidStorageClass", message: "The storage class you specified is not valid"}
	}
	if e := c.writeACL(v); e != nil {
		return nil, e
	}
	if e := c.writeLock(v); e != nil {
		return nil, e
	}
	if e := c.authorizeWrite("s3:PutObject", v); e != nil {
		return nil, e
	}
	if v.tags != nil {
		if e := c.authorizeWrite("s3:PutObjectTagging", v); e != nil {
			return nil, e
		}
	}
	if h.Get("X-Amz-Acl") != "" {
		if e := c.authorizeWrite("s3:PutObjectAcl", v); e != nil {
			return nil, e
		}
	}
	if h.Get("X-Amz-Object-Lock-Mode") != "" {
		if e := c.authorizeWrite("s3:PutObjectRetention", v); e != nil {
			return nil, e
		}
	}
	if v.legalHold != "" {
		if e := c.authorizeWrite("s3:PutObjectLegalHold", v); e != nil {
			return nil, e
		}
	}
	var e *apiError
	if v.sse, e = c.encryption(); e != nil {
		return nil, e
	}
	if v.sse.key != "" {
		context := c.objectARN(c.key)
		if v.sse.bucketKey {
			context = c.bucketARN()
		}
		if e := c.useKey(v.sse.key, "GenerateDataKey", context); e != nil {
			return nil, e
		}
	}
	return v, nil
}

// objectClasses are the storage classes that an object may be written in.
var objectClasses = []string{
	"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR",
}

// archived reports whether the bytes are out of reach until restored.
func (v *version) archived() bool {
	return v.storageClass == "GLACIER" || v.storageClass == "DEEP_ARCHIVE"
}

// authorizeWrite is allowObject with the condition keys of a request's tags.
func (c *s3call) authorizeWrite(action string, v *version) *apiError {
	if e := c.payer(); e != nil {
		return e
	}
	context := c.context()
	withTags(context, "s3:requestobjecttag/", v.tags)
	if v.tags != nil {
		var keys []string
		for _, t := range v.tags {
			keys = append(keys, t.Key)
		}
		context["s3:requestobjecttagkeys"] = iam.Many(keys...)
	}
	return c.authorize(c.s, c.s.bucketRequest(c.b, action, c.objectARN(v.key), context))
}

// writeACL takes the canned ACL and decides who owns the object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
func (c *s3call) writeACL(v *version) *apiError {
	v.acl = c.r.Header.Get("X-Amz-Acl")
	for name := range c.r.Header {
		if strings.HasPrefix(name, "X-Amz-Grant-") {
			return notImplemented("ACL grants in headers")
		}
	}
	if c.b.ownership == bucketOwnerEnforced {
		if v.acl != "" && v.acl != "bucket-owner-full-control" {
			return &apiError{status: 400, code: "AccessControlListNotSupported", message: "The bucket does not allow ACLs"}
		}
		return nil
	}
	if !slices.Contains([]string{"", "private", "bucket-owner-read", "bucket-owner-full-control"}, v.acl) {
		return notImplemented("the canned ACL " + v.acl)
	}
	given := c.b.ownership == bucketOwnerPreferred && v.acl == "bucket-owner-full-control"
	if c.caller != nil && !given {
		v.owner = c.caller.account
	}
	return nil
}

// writeLock takes the Object Lock headers and the bucket's default retention.
func (c *s3call) writeLock(v *version) *apiError {
	mode, until, hold := c.r.Header.Get("X-Amz-Object-Lock-Mode"), c.r.Header.Get("X-Amz-Object-Lock-Retain-Until-Date"), c.r.Header.Get("X-Amz-Object-Lock-Legal-Hold")
	if c.b.lock == nil {
		if mode != "" || until != "" || hold != "" {
			return invalidRequest("Bucket is missing Object Lock Configuration")
		}
		return nil
	}
	if (mode == "") != (until == "") {
		return invalidArgument("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied", "x-amz-object-lock-mode", mode)
	}
	if hold != "" && hold != "ON" && hold != "OFF" {
		return invalidArgument("Unknown wormMode directive.", "x-amz-object-lock-legal-hold", hold)
	}
	v.legalHold = hold
	switch {
	case mode != "":
		r, e := parseRetention(mode, until)
		if e != nil {
			return e
		}
		v.retention = r
	case c.b.lock.Mode != "":
		v.retention = &retention{c.b.lock.Mode, c.b.lock.retainUntil(time.Now())}
	}
	return nil
}

func parseRetention(mode, until string) (*retention, *apiError) {
	if mode != "GOVERNANCE" && mode != "COMPLIANCE" {
		return nil, invalidArgument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode)
	}
	t, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return nil, invalidArgument("The retain until date must be provided in ISO 8601 format", "x-amz-object-lock-retain-until-date", until)
	}
	if !t.After(time.Now()) {
		return nil, invalidArgument("The retain until date must be in the future!", "x-amz-object-lock-retain-until-date", until)
	}
	return &retention{mode, t}, nil
}

// encryption is how a write is to be encrypted: as its headers say, else as the
// bucket's default says.
func (c *s3call) encryption() (objectEncryption, *apiError) {
	h := c.r.Header
	algorithm := h.Get("X-Amz-Server-Side-Encryption")
	keyMD5, e := customerKey(h, "X-Amz-")
	if e != nil {
		return objectEncryption{}, e
	}
	if keyMD5 != "" {
		if algorithm != "" {
			return objectEncryption{}, invalidArgument("Server Side Encryption with Customer provided key is incompatible with the encryption method specified", "x-amz-server-side-encryption", algorithm)
		}
		if slices.Contains(c.b.encryption.Blocked, "SSE-C") {
			return objectEncryption{}, accessDenied()
		}
		return objectEncryption{keyMD5: keyMD5}, nil
	}
	text, bucketKey := h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"), c.b.encryption.BucketKey
	if given := h.Get("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled"); given != "" {
		bucketKey = given == "true"
	}
	switch algorithm {
	case "":
		algorithm, text = c.b.encryption.Algorithm, c.b.encryption.Key
	case "AES256", "aws:kms", "aws:kms:dsse":
	default:
		return objectEncryption{}, invalidArgument("The encryption method specified is not supported", "x-amz-server-side-encryption", algorithm)
	}
	if algorithm == "AES256" {
		if h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "" {
			return objectEncryption{}, invalidArgument("x-amz-server-side-encryption header is not valid for the key", "x-amz-server-side-encryption", algorithm)
		}
		return objectEncryption{algorithm: algorithm}, nil
	}
	if c.caller == nil {
		return objectEncryption{}, accessDenied()
	}
	k := c.s.s3key(text, c.caller.account, c.b.region)
	if k == nil {
		return objectEncryption{}, &apiError{status: 400, code: "KMS.NotFoundException", message: "Invalid keyId '" + text + "'"}
	}
	if k.region != c.b.region {
		return objectEncryption{}, &apiError{status: 400, code: "KMS.NotFoundException", message: "Invalid arn " + k.region}
	}
	return objectEncryption{algorithm: algorithm, key: k.arn, bucketKey: bucketKey && algorithm == "aws:kms"}, nil
}

// customerKey is the MD5 of an SSE-C key in a request's headers, "" without one.
func customerKey(h http.Header, prefix string) (string, *apiError) {
	prefix += "Server-Side-Encryption-Customer-"
	algorithm, key, sum := h.Get(prefix+"Algorithm"), h.Get(prefix+"Key"), h.Get(prefix+"Key-Md5")
	if algorithm == "" && key == "" && sum == "" {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	got := md5.Sum(raw)
	if algorithm != "AES256" || err != nil || len(raw) != 32 || base64.StdEncoding.EncodeToString(got[:]) != sum {
		return "", invalidArgument("Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.", "x-amz-server-side-encryption", "null")
	}
	return sum, nil
}

func (e objectEncryption) set(h http.Header) {
	switch {
	case e.keyMD5 != "":
		h.Set("X-Amz-Server-Side-Encryption-Customer-Algorithm", "AES256")
		h.Set("X-Amz-Server-Side-Encryption-Customer-Key-Md5", e.keyMD5)
	case e.key != "":
		h.Set("X-Amz-Server-Side-Encryption", e.algorithm)
		h.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", e.key)
		if e.bucketKey {
			h.Set("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled", "true")
		}
	default:
		h.Set("X-Amz-Server-Side-Encryption", e.algorithm)
	}
}

// identify sets the version id of an answer; a bucket that never had versioning
// has none to tell.
func (c *s3call) identify(h http.Header, v *version) {
	if c.b.versioning != "" {
		h.Set("X-Amz-Version-Id", v.id)
	}
}

func (c *s3call) putObject() (*response, *apiError) {
	v, e := c.write()
	if e != nil {
		return nil, e
	}
	if v.body, e = c.payload(); e != nil {
		return nil, e
	}
	if len(v.body) > maxObject {
		return nil, &apiError{status: 400, code: "EntityTooLarge", message: "Your proposed upload exceeds the maximum allowed size"}
	}
	if e := c.writeConditions(v.key); e != nil {
		return nil, e
	}
	v.checksum = c.given
	return c.stored(v)
}

// writeConditions judges If-Match and If-None-Match of a write.
func (c *s3call) writeConditions(key string) *apiError {
	current := c.b.current(key)
	exists := current != nil && !current.marker
	none, match := c.r.Header.Get("If-None-Match"), c.r.Header.Get("If-Match")
	switch {
	case none != "" && none != "*":
		return notImplemented("If-None-Match with an ETag on a write")
	case none != "" && exists:
		return preconditionFailed("If-None-Match")
	case match != "" && !exists:
		return noSuchKey(key)
	case match != "" && !matches(match, current.etag):
		return preconditionFailed("If-Match")
	}
	return nil
}

// stored stores a new version, starts its replication and answers its write.
func (c *s3call) stored(v *version) (*response, *apiError) {
	v.seal(c.digest)
	c.s.store(c.b, v)
	replicateNew(c.s, c.b, v)
	h := http.Header{"Etag": {`"` + v.etag + `"`}}
	c.identify(h, v)
	v.sse.set(h)
	v.checksum.set(h)
	return &response{status: 200, header: h}, nil
}

func preconditionFailed(condition string) *apiError {
	return &apiError{
		status: 412, code: "PreconditionFailed", message: "At least one of the pre-conditions you specified did not hold",
		detail: map[string]string{"Condition": condition},
	}
}

func noSuchKey(key string) *apiError {
	return &apiError{status: 404, code: "NoSuchKey", message: "The specified key does not exist.", detail: map[string]string{"Key": key}}
}

// matches reports whether an ETag is in a list as If-Match has it.
func matches(list, etag string) bool {
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "*" || strings.Trim(strings.TrimPrefix(item, "W/"), `"`) == etag {
			return true
		}
	}
	return false
}

// find is the version that a request is about, authorized for reading with
// action, or action with Version in its name where the request names a version:
// s3:GetObject becomes s3:GetObjectVersion.
func (c *s3call) find(action string) (*version, *apiError) {
	if c.query.Has("versionId") {
		id := c.query.Get("versionId")
		if id == "" {
			return nil, invalidArgument("Version id cannot be the empty string", "versionId", "")
		}
		v := c.b.version(c.key, id)
		if v != nil && v.marker {
			// Known even to those who may not read versions.
			return nil, &apiError{
				status: 405, code: "MethodNotAllowed", message: "The specified method is not allowed against this resource.",
				header: http.Header{"X-Amz-Delete-Marker": {"true"}, "X-Amz-Version-Id": {id}, "Last-Modified": {httpTime(v.modified)}, "Allow": {"DELETE"}},
				detail: map[string]string{"Method": c.r.Method, "ResourceType": "DeleteMarker"},
			}
		}
		if e := c.allowObject(versionAction(action), c.key, v); e != nil {
			return nil, e
		}
		if v == nil {
			if _, ok := versionSeq(id); !ok && id != "null" {
				return nil, invalidArgument("Invalid version id specified", "versionId", id)
			}
			return nil, &apiError{
				status: 404, code: "NoSuchVersion", message: "The specified version does not exist.",
				detail: map[string]string{"Key": c.key, "VersionId": id},
			}
		}
		return v, nil
	}
	v := c.b.current(c.key)
	if e := c.allowObject(action, c.key, v); e != nil {
		return nil, e
	}
	if v == nil || v.marker {
		if !c.can("s3:ListBucket", "", nil) {
			return nil, accessDenied() // who may not list does not learn what is not there
		}
		e := noSuchKey(c.key)
		if v != nil {
			e.header = http.Header{"X-Amz-Delete-Marker": {"true"}, "X-Amz-Version-Id": {v.id}}
		}
		return nil, e
	}
	return v, nil
}

// versionAction is the action on a version that belongs to an action on the
// current object. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func versionAction(action string) string {
	switch action {
	case "s3:GetObjectRetention", "s3:GetObjectLegalHold", "s3:PutObjectRetention", "s3:PutObjectLegalHold":
		return action // one action for both
	}
	return strings.Replace(action, "Object", "ObjectVersion", 1)
}

// getObject answers GET and HEAD.
func (c *s3call) getObject() (*response, *apiError) {
	v, e := c.find("s3:GetObject")
	if e != nil {
		return nil, e
	}
	if e := c.readable(v); e != nil {
		return nil, e
	}
	h := http.Header{"Etag": {`"` + v.etag + `"`}, "Last-Modified": {httpTime(v.modified)}, "Accept-Ranges": {"bytes"}}
	if e := readConditions(c.r.Header, v, h); e != nil {
		return nil, e
	}
	for name, value := range v.header {
		h.Set(name, value)
	}
	for name := range v.header {
		if text := c.query.Get("response-" + strings.ToLower(name)); text != "" {
			h.Set(name, text)
		}
	}
	for name, value := range v.metadata {
		h.Set("X-Amz-Meta-"+name, value)
	}
	c.identify(h, v)
	v.sse.set(h)
	if v.storageClass != "" {
		h.Set("X-Amz-Storage-Class", v.storageClass)
	}
	if v.status != "" {
		h.Set("X-Amz-Replication-Status", v.status)
	}
	tagging := "s3:GetObjectTagging"
	if c.query.Has("versionId") {
		tagging = "s3:GetObjectVersionTagging"
	}
	if len(v.tags) > 0 && c.can(tagging, v.key, v) {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(len(v.tags)))
	}
	if v.retention != nil && c.can("s3:GetObjectRetention", v.key, v) {
		h.Set("X-Amz-Object-Lock-Mode", v.retention.mode)
		h.Set("X-Amz-Object-Lock-Retain-Until-Date", v.retention.until.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	if v.legalHold != "" && c.can("s3:GetObjectLegalHold", v.key, v) {
		h.Set("X-Amz-Object-Lock-Legal-Hold", v.legalHold)
	}

	start, end, status := 0, len(v.body), http.StatusOK
	switch spec, part := c.r.Header.Get("Range"), c.query.Get("partNumber"); {
	case spec != "" && part != "":
		return nil, invalidRequest("Cannot specify both Range header and partNumber query parameter")
	case part != "":
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 10000 {
			return nil, invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", part)
		}
		if len(v.parts) == 0 && n > 1 || len(v.parts) > 0 && n > len(v.parts) {
			return nil, &apiError{status: 416, code: "InvalidPartNumber", message: "The requested partnumber is not satisfiable"}
		}
		status = http.StatusPartialContent
		if len(v.parts) > 0 {
			for _, p := range v.parts[:n-1] {
				start += int(p.size)
			}
			end = start + int(v.parts[n-1].size)
			h.Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(v.parts)))
		}
	case spec != "":
		var ok bool
		if start, end, ok = byteRange(spec, len(v.body)); !ok {
			return nil, &apiError{
				status: 416, code: "InvalidRange", message: "The requested range is not satisfiable",
				header: http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", len(v.body))}},
				detail: map[string]string{"RangeRequested": spec, "ActualObjectSize": strconv.Itoa(len(v.body))},
			}
		}
		if end-start < len(v.body) || strings.HasPrefix(spec, "bytes=") {
			status = http.StatusPartialContent
		}
	}
	if status == http.StatusPartialContent {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, end-1, len(v.body)))
	}
	if strings.EqualFold(c.r.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") && start == 0 && end == len(v.body) {
		v.checksum.set(h)
	}
	res := &response{status: status, header: h}
	h.Set("Content-Length", strconv.Itoa(end-start))
	if c.r.Method != http.MethodHead {
		res.body = v.body[start:end]
	}
	return res, nil
}

// readable checks the encryption key and the storage class of a version.
func (c *s3call) readable(v *version) *apiError {
	keyMD5, e := customerKey(c.r.Header, "X-Amz-")
	switch {
	case e != nil:
		return e
	case v.sse.keyMD5 != "" && keyMD5 == "":
		return invalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	case v.sse.keyMD5 == "" && keyMD5 != "":
		return invalidRequest("The encryption parameters are not applicable to this object.")
	case v.sse.keyMD5 != keyMD5:
		return accessDenied()
	}
	if c.r.Method == http.MethodHead {
		return nil
	}
	if v.archived() {
		return &apiError{
			status: 403, code: "InvalidObjectState", message: "The operation is not valid for the object's storage class",
			detail: map[string]string{"StorageClass": v.storageClass},
		}
	}
	if v.sse.key != "" {
		return c.useKey(v.sse.key, "Decrypt", c.keyContext(v))
	}
	return nil
}

// keyContext is the encryption context of a version: its ARN, or the bucket's
// with a bucket key.
func (c *s3call) keyContext(v *version) string {
	if v.sse.bucketKey {
		return c.bucketARN()
	}
	return c.objectARN(v.key)
}

// readConditions judges the conditional headers of a read in the order of RFC 9110.
func readConditions(h http.Header, v *version, answer http.Header) *apiError {
	since := func(name string) (time.Time, bool) {
		t, err := http.ParseTime(h.Get(name))
		return t, err == nil
	}
	modified := v.modified.Truncate(time.Second)
	notModified := &apiError{status: 304, code: "NotModified", message: "Not Modified", header: answer}
	if match := h.Get("If-Match"); match != "" {
		if !matches(match, v.etag) {
			return preconditionFailed("If-Match")
		}
	} else if t, ok := since("If-Unmodified-Since"); ok && modified.After(t) {
		return preconditionFailed("If-Unmodified-Since")
	}
	if none := h.Get("If-None-Match"); none != "" {
		if matches(none, v.etag) {
			return notModified
		}
	} else if t, ok := since("If-Modified-Since"); ok && !modified.After(t) {
		return notModified
	}
	return nil
}

// byteRange reads a Range header. What is no single byte range is ignored, as
// RFC 9110 has it; ok is false for a range that the object does not have.
func byteRange(spec string, size int) (start, end int, ok bool) {
	text, found := strings.CutPrefix(spec, "bytes=")
	from, to, dash := strings.Cut(text, "-")
	if !found || !dash || strings.Contains(text, ",") {
		return 0, size, true
	}
	if from == "" {
		n, err := strconv.Atoi(to)
		if err != nil {
			return 0, size, true
		}
		return max(size-n, 0), size, n > 0 && size > 0
	}
	start, err := strconv.Atoi(from)
	if err != nil {
		return 0, size, true
	}
	end = size
	if to != "" {
		last, err := strconv.Atoi(to)
		if err != nil || last < start {
			return 0, size, true
		}
		end = min(last+1, size)
	}
	return start, end, start < size
}

func (c *s3call) deleteObject() (*response, *apiError) {
	id, named := c.query.Get("versionId"), c.query.Has("versionId")
	if named && id == "" {
		return nil, invalidArgument("Version id cannot be the empty string", "versionId", "")
	}
	if match := c.r.Header.Get("If-Match"); match != "" && !named {
		v := c.b.current(c.key)
		if v == nil || v.marker {
			return nil, noSuchKey(c.key)
		}
		if !matches(match, v.etag) {
			return nil, preconditionFailed("If-Match")
		}
	}
	d, e := c.delete(c.key, id)
	if e != nil {
		return nil, e
	}
	h := http.Header{}
	if d.marker {
		h.Set("X-Amz-Delete-Marker", "true")
	}
	if d.id != "" {
		h.Set("X-Amz-Version-Id", d.id)
	}
	return &response{status: 204, header: h}, nil
}

// deletion is what a delete did.
type deletion struct {
	id     string // version deleted or marker made; "" in a bucket without versions
	marker bool   // a marker was made or deleted
}

// delete deletes a version, or without an id puts a delete marker on a key.
// Deleting what is not there succeeds.
func (c *s3call) delete(key, id string) (deletion, *apiError) {
	if id == "" {
		if e := c.allowObject("s3:DeleteObject", key, c.b.current(key)); e != nil {
			return deletion{}, e
		}
		if c.b.versioning == "" {
			if v := c.b.version(key, "null"); v != nil {
				c.b.remove(v)
			}
			return deletion{}, nil
		}
		m := &version{key: key, owner: c.b.account, marker: true}
		c.s.store(c.b, m)
		replicateNew(c.s, c.b, m)
		return deletion{m.id, true}, nil
	}
	v := c.b.version(key, id)
	if e := c.allowObject("s3:DeleteObjectVersion", key, v); e != nil {
		return deletion{}, e
	}
	if _, ok := versionSeq(id); !ok && id != "null" {
		return deletion{}, invalidArgument("Invalid version id specified", "versionId", id)
	}
	if c.b.mfaDelete == enabled {
		return deletion{}, accessDenied() // the sandbox has no MFA device
	}
	if v == nil {
		return deletion{id: id}, nil
	}
	if e := c.locked(v); e != nil {
		return deletion{}, e
	}
	c.b.remove(v)
	return deletion{id, v.marker}, nil
}

// locked refuses to take away a version under legal hold or retention.
func (c *s3call) locked(v *version) *apiError {
	if v.legalHold == "ON" {
		return &apiError{status: 403, code: "AccessDenied", message: "Access Denied because object protected by object lock."}
	}
	if v.retention == nil || !v.retention.until.After(time.Now()) {
		return nil
	}
	if v.retention.mode == "GOVERNANCE" && c.r.Header.Get("X-Amz-Bypass-Governance-Retention") == "true" {
		return c.allowObject("s3:BypassGovernanceRetention", v.key, v)
	}
	return &apiError{status: 403, code: "AccessDenied", message: "Access Denied because object protected by object lock."}
}

func (c *s3call) deleteObjects() (*response, *apiError) {
	type objectXML struct {
		Key       string `xml:"Key"`
		VersionID string `xml:"VersionId"`
		ETag      string `xml:"ETag"`
		Modified  string `xml:"LastModifiedTime"`
		Size      string `xml:"Size"`
	}
	var in struct {
		Objects []objectXML `xml:"Object"`
		Quiet   bool        `xml:"Quiet"`
	}
	if e := c.read("Delete", &in); e != nil {
		return nil, e
	}
	if c.given.value == "" && c.r.Header.Get("Content-Md5") == "" {
		return nil, invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	if len(in.Objects) == 0 || len(in.Objects) > 1000 {
		return nil, malformedXML()
	}
	type deletedXML struct {
		Key             string
		VersionID       string `xml:"VersionId,omitempty"`
		DeleteMarker    bool   `xml:",omitempty"`
		MarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
	}
	type errorXML struct {
		Key       string
		VersionID string `xml:"VersionId,omitempty"`
		Code      string
		Message   string
	}
	var out struct {
		Deleted []deletedXML
		Errors  []errorXML `xml:"Error"`
	}
	for _, o := range in.Objects {
		if o.ETag != "" || o.Modified != "" || o.Size != "" {
			return nil, notImplemented("conditions on the objects of DeleteObjects")
		}
		d, e := c.delete(o.Key, o.VersionID)
		switch {
		case e != nil:
			out.Errors = append(out.Errors, errorXML{o.Key, o.VersionID, e.code, e.message})
		case in.Quiet:
		case d.marker:
			out.Deleted = append(out.Deleted, deletedXML{o.Key, o.VersionID, true, d.id})
		default:
			out.Deleted = append(out.Deleted, deletedXML{Key: o.Key, VersionID: o.VersionID})
		}
	}
	return xmlAnswer("DeleteResult", out)
}

func (c *s3call) getAttributes() (*response, *apiError) {
	v, e := c.find("s3:GetObject")
	if e != nil {
		return nil, e
	}
	action := "s3:GetObjectAttributes"
	if c.query.Has("versionId") {
		action = "s3:GetObjectVersionAttributes"
	}
	if e := c.allowObject(action, c.key, v); e != nil {
		return nil, e
	}
	if e := c.readable(v); e != nil && e.code != "InvalidObjectState" {
		return nil, e
	}
	type partsXML struct {
		TotalPartsCount int `xml:"PartsCount"`
		IsTruncated     bool
		MaxParts        int
		PartNumber      int              `xml:"PartNumberMarker"`
		Next            int              `xml:"NextPartNumberMarker"`
		Parts           []checkedPartXML `xml:"Part"`
	}
	var out struct {
		ETag         string       `xml:",omitempty"`
		Checksum     *checksumXML `xml:",omitempty"`
		ObjectParts  *partsXML    `xml:",omitempty"`
		StorageClass string       `xml:",omitempty"`
		ObjectSize   *int         `xml:",omitempty"`
	}
	for _, list := range c.r.Header.Values("X-Amz-Object-Attributes") {
		for name := range strings.SplitSeq(list, ",") {
			switch strings.TrimSpace(name) {
			case "ETag":
				out.ETag = v.etag
			case "Checksum":
				x := v.checksum.xml()
				out.Checksum = &x
			case "StorageClass":
				out.StorageClass = v.class()
			case "ObjectSize":
				size := len(v.body)
				out.ObjectSize = &size
			case "ObjectParts":
				if len(v.parts) > 0 {
					p := &partsXML{TotalPartsCount: len(v.parts), MaxParts: 1000, Next: len(v.parts)}
					for _, part := range v.parts {
						if part.checksum != "" {
							p.Parts = append(p.Parts, checkedPartXML{part.number, part.size, checksum{v.checksum.algorithm, part.checksum, ""}.xml()})
						}
					}
					out.ObjectParts = p
				}
			default:
				return nil, invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", name)
			}
		}
	}
	if len(c.r.Header.Values("X-Amz-Object-Attributes")) == 0 {
		return nil, invalidRequest("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	res, e := xmlAnswer("GetObjectAttributesResponse", out)
	if e == nil {
		res.header.Set("Last-Modified", httpTime(v.modified))
		c.identify(res.header, v)
	}
	return res, e
}

// class is the storage class by name.
func (v *version) class() string {
	if v.storageClass == "" {
		return "STANDARD"
	}
	return v.storageClass
}

// checksumXML is a checksum in a body: one element, named after the algorithm.
type checksumXML struct {
	CRC32     string `xml:"ChecksumCRC32,omitempty"`
	CRC32C    string `xml:"ChecksumCRC32C,omitempty"`
	CRC64NVME string `xml:"ChecksumCRC64NVME,omitempty"`
	SHA1      string `xml:"ChecksumSHA1,omitempty"`
	SHA256    string `xml:"ChecksumSHA256,omitempty"`
	SHA512    string `xml:"ChecksumSHA512,omitempty"`
	MD5       string `xml:"ChecksumMD5,omitempty"`
	Type      string `xml:"ChecksumType,omitempty"`
}

// checkedPartXML is a part with its checksum, whose element stands beside the size.
type checkedPartXML struct {
	PartNumber int
	Size       int64
	checksumXML
}

func (c checksum) xml() checksumXML {
	x := checksumXML{Type: c.kind}
	if field := x.field(c.algorithm); field != nil {
		*field = c.value
	}
	return x
}

func (x *checksumXML) field(algorithm string) *string {
	switch algorithm {
	case "CRC32":
		return &x.CRC32
	case "CRC32C":
		return &x.CRC32C
	case "CRC64NVME":
		return &x.CRC64NVME
	case "SHA1":
		return &x.SHA1
	case "SHA256":
		return &x.SHA256
	case "SHA512":
		return &x.SHA512
	case "MD5":
		return &x.MD5
	}
	return nil
}

func (c *s3call) getObjectACL() (*response, *apiError) {
	v, e := c.find("s3:GetObjectAcl")
	if e != nil {
		return nil, e
	}
	owner := c.s.canonicalID(v.owner)
	out := aclXML{owner, fullControl(owner)}
	if v.owner != c.b.account {
		bucketOwner := c.s.canonicalID(c.b.account)
		switch v.acl {
		case "bucket-owner-full-control":
			out.Grants = append(out.Grants, fullControl(bucketOwner)...)
		case "bucket-owner-read":
			out.Grants = append(out.Grants, grantXML{fullControl(bucketOwner)[0].Grantee, "READ"})
		}
	}
	return c.withVersion("AccessControlPolicy", out, v)
}

// withVersion is an XML answer about a version.
func (c *s3call) withVersion(root string, out any, v *version) (*response, *apiError) {
	res, e := xmlAnswer(root, out)
	if e == nil {
		c.identify(res.header, v)
	}
	return res, e
}

func (c *s3call) getObjectTagging() (*response, *apiError) {
	v, e := c.find("s3:GetObjectTagging")
	if e != nil {
		return nil, e
	}
	return c.withVersion("Tagging", taggingXML{tagSetXML{v.tags}}, v)
}

func (c *s3call) putObjectTagging() (*response, *apiError) {
	var in taggingXML
	if e := c.read("Tagging", &in); e != nil {
		return nil, e
	}
	if e := checkTags(in.TagSet.Tags, 10); e != nil {
		return nil, e
	}
	return c.setTags("s3:PutObjectTagging", in.TagSet.Tags, http.StatusOK)
}

func (c *s3call) deleteObjectTagging() (*response, *apiError) {
	return c.setTags("s3:DeleteObjectTagging", nil, http.StatusNoContent)
}

func (c *s3call) setTags(action string, tags []tag, status int) (*response, *apiError) {
	v, e := c.find(action)
	if e != nil {
		return nil, e
	}
	v.tags = slices.Clone(tags)
	slices.SortFunc(v.tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	replicateChange(c.s, c.b, v)
	h := http.Header{}
	c.identify(h, v)
	return &response{status: status, header: h}, nil
}

type retentionXML struct {
	Mode  string `xml:"Mode,omitempty"`
	Until string `xml:"RetainUntilDate,omitempty"`
}

type legalHoldXML struct {
	Status string `xml:"Status"`
}

func (c *s3call) noLock() *apiError {
	if c.b.lock == nil {
		return invalidRequest("Bucket is missing Object Lock Configuration")
	}
	return nil
}

func (c *s3call) getRetention() (*response, *apiError) {
	v, e := c.find("s3:GetObjectRetention")
	if e == nil {
		e = c.noLock()
	}
	if e == nil && v.retention == nil {
		e = &apiError{status: 404, code: "NoSuchObjectLockConfiguration", message: "The specified object does not have a ObjectLock configuration"}
	}
	if e != nil {
		return nil, e
	}
	return xmlAnswer("Retention", retentionXML{v.retention.mode, v.retention.until.UTC().Format("2006-01-02T15:04:05.000Z")})
}

func (c *s3call) putRetention() (*response, *apiError) {
	var in retentionXML
	if e := c.read("Retention", &in); e != nil {
		return nil, e
	}
	v, e := c.find("s3:PutObjectRetention")
	if e == nil {
		e = c.noLock()
	}
	if e != nil {
		return nil, e
	}
	var next *retention
	if in != (retentionXML{}) {
		if next, e = parseRetention(in.Mode, in.Until); e != nil {
			return nil, e
		}
	}
	old := v.retention
	shorter := old != nil && old.until.After(time.Now()) && (next == nil || next.until.Before(old.until) || old.mode == "COMPLIANCE" && next.mode != "COMPLIANCE")
	if shorter {
		bypass := old.mode == "GOVERNANCE" && c.r.Header.Get("X-Amz-Bypass-Governance-Retention") == "true"
		if !bypass {
			return nil, accessDenied()
		}
		if e := c.allowObject("s3:BypassGovernanceRetention", c.key, v); e != nil {
			return nil, e
		}
	}
	v.retention = next
	replicateChange(c.s, c.b, v)
	return done(200)
}

func (c *s3call) getLegalHold() (*response, *apiError) {
	v, e := c.find("s3:GetObjectLegalHold")
	if e == nil {
		e = c.noLock()
	}
	if e == nil && v.legalHold == "" {
		e = &apiError{status: 404, code: "NoSuchObjectLockConfiguration", message: "The specified object does not have a ObjectLock configuration"}
	}
	if e != nil {
		return nil, e
	}
	return xmlAnswer("LegalHold", legalHoldXML{v.legalHold})
}

func (c *s3call) putLegalHold() (*response, *apiError) {
	var in legalHoldXML
	if e := c.read("LegalHold", &in); e != nil {
		return nil, e
	}
	if in.Status != "ON" && in.Status != "OFF" {
		return nil, malformedXML()
	}
	v, e := c.find("s3:PutObjectLegalHold")
	if e == nil {
		e = c.noLock()
	}
	if e != nil {
		return nil, e
	}
	v.legalHold = in.Status
	replicateChange(c.s, c.b, v)
	return done(200)
}
