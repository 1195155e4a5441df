package sandbox

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// createUpload authorizes as PutObject does and keeps what the headers say for
// the object to come.
func createUpload(c *s3call) (*response, *apiError) {
	v, e := newVersion(c)
	if e != nil {
		return nil, e
	}
	algorithm, kind := c.r.Header.Get("X-Amz-Checksum-Algorithm"), c.r.Header.Get("X-Amz-Checksum-Type")
	if algorithm != "" && checksumAlgorithms[algorithm] == nil {
		return nil, notImplemented("the checksum algorithm " + algorithm)
	}
	crc := strings.HasPrefix(algorithm, "CRC")
	switch {
	case kind == "" && (algorithm == "" || algorithm == "CRC64NVME"):
		kind = fullObject
	case kind == "":
		kind = composite
	case kind == fullObject && algorithm != "" && !crc, kind == composite && (algorithm == "CRC64NVME" || algorithm == ""):
		return nil, invalidRequest("The " + kind + " checksum type cannot be used with the " + algorithm + " checksum algorithm.")
	case kind != fullObject && kind != composite:
		return nil, invalidRequest("Value for x-amz-checksum-type header is invalid.")
	}
	u := &upload{id: c.s.newID("upload"), initiated: time.Now(), version: v, algorithm: algorithm, kind: kind, parts: map[int]*uploadedPart{}}
	c.b.uploads[u.id] = u
	type result struct{ Bucket, Key, UploadId string } //nolint:revive // AWS's element name
	res, e := xmlAnswer("InitiateMultipartUploadResult", result{c.bucket, c.key, u.id})
	if e == nil {
		setEncryption(v.sse, res.header)
		if algorithm != "" {
			res.header.Set("X-Amz-Checksum-Algorithm", algorithm)
			res.header.Set("X-Amz-Checksum-Type", kind)
		}
	}
	return res, e
}

func findUpload(c *s3call, action string) (*upload, *apiError) {
	if e := c.allowObject(action, c.key, nil); e != nil {
		return nil, e
	}
	u := c.b.uploads[c.query.Get("uploadId")]
	if u == nil || u.version.key != c.key {
		return nil, &apiError{
			status: 404, code: "NoSuchUpload",
			message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
			detail:  map[string]string{"UploadId": c.query.Get("uploadId")},
		}
	}
	return u, nil
}

func uploadPart(c *s3call) (*response, *apiError) {
	if c.r.Header.Get("X-Amz-Copy-Source") != "" {
		return nil, notImplemented("UploadPartCopy")
	}
	u, e := findUpload(c, "s3:PutObject")
	if e != nil {
		return nil, e
	}
	n, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || n < 1 || n > 10000 {
		return nil, invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", c.query.Get("partNumber"))
	}
	keyMD5, e := customerKey(c.r.Header, "X-Amz-")
	if e != nil {
		return nil, e
	}
	if keyMD5 != u.version.sse.keyMD5 {
		return nil, invalidRequest("The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.")
	}
	body, e := c.payload()
	if e != nil {
		return nil, e
	}
	p := &uploadedPart{body: body, checksum: c.given, modified: time.Now(), etag: u.version.sse.contentTag(c.digest)}
	switch {
	case p.checksum.value == "" && u.algorithm != "" && u.kind == fullObject:
		p.checksum = checksumOf(u.algorithm, body)
	case p.checksum.value == "" && u.algorithm != "":
		return nil, invalidRequest("The upload was created using a " + u.algorithm + " checksum. The complete request must include the checksum for each part. It was missing for part " + strconv.Itoa(n) + " in the request.")
	case u.algorithm != "" && p.checksum.algorithm != u.algorithm:
		return nil, invalidRequest("Checksum Type mismatch occurred, expected checksum Type: " + u.algorithm + ", actual checksum Type: " + p.checksum.algorithm)
	}
	u.parts[n] = p
	h := http.Header{"Etag": {`"` + p.etag + `"`}}
	setEncryption(u.version.sse, h)
	if p.checksum.value != "" {
		h.Set(p.checksum.header(), p.checksum.value)
	}
	return &response{status: 200, header: h}, nil
}

type completedPartXML struct {
	PartNumber int    `xml:"PartNumber"`
	ETag       string `xml:"ETag"`
	CRC32      string `xml:"ChecksumCRC32"`
	CRC32C     string `xml:"ChecksumCRC32C"`
	CRC64NVME  string `xml:"ChecksumCRC64NVME"`
	SHA1       string `xml:"ChecksumSHA1"`
	SHA256     string `xml:"ChecksumSHA256"`
	SHA512     string `xml:"ChecksumSHA512"`
	MD5        string `xml:"ChecksumMD5"`
}

func (p completedPartXML) checksum(algorithm string) string {
	x := checksumXML{CRC32: p.CRC32, CRC32C: p.CRC32C, CRC64NVME: p.CRC64NVME, SHA1: p.SHA1, SHA256: p.SHA256, SHA512: p.SHA512, MD5: p.MD5}
	if field := x.field(algorithm); field != nil {
		return *field
	}
	return ""
}

// completeUpload joins the parts. The ETag is that of the parts' digests, and the
// checksum that of the whole object or of the parts' checksums.
func completeUpload(c *s3call) (*response, *apiError) {
	var in struct {
		Parts []completedPartXML `xml:"Part"`
	}
	if e := c.read("CompleteMultipartUpload", &in); e != nil {
		return nil, e
	}
	u, e := findUpload(c, "s3:PutObject")
	if e != nil {
		return nil, e
	}
	if len(in.Parts) == 0 {
		return nil, malformedXML()
	}
	if !slices.IsSortedFunc(in.Parts, func(a, b completedPartXML) int { return a.PartNumber - b.PartNumber }) {
		return nil, &apiError{status: 400, code: "InvalidPartOrder", message: "The list of parts was not in ascending order. Parts must be ordered by part number."}
	}
	v := *u.version
	var digests, checksums bytes.Buffer
	for i, part := range in.Parts {
		p := u.parts[part.PartNumber]
		given := part.checksum(u.algorithm)
		if p == nil || strings.Trim(part.ETag, `"`) != p.etag || given != "" && given != p.checksum.value {
			return nil, &apiError{
				status: 400, code: "InvalidPart",
				message: "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
				detail:  map[string]string{"PartNumber": strconv.Itoa(part.PartNumber), "UploadId": u.id},
			}
		}
		if i < len(in.Parts)-1 && len(p.body) < minPart {
			return nil, &apiError{
				status: 400, code: "EntityTooSmall", message: "Your proposed upload is smaller than the minimum allowed size",
				detail: map[string]string{"PartNumber": strconv.Itoa(part.PartNumber), "ProposedSize": strconv.Itoa(len(p.body)), "MinSizeAllowed": strconv.Itoa(minPart)},
			}
		}
		v.body = append(v.body, p.body...)
		raw, _ := hex.DecodeString(p.etag)
		digests.Write(raw)
		raw, _ = base64.StdEncoding.DecodeString(p.checksum.value)
		checksums.Write(raw)
		v.parts = append(v.parts, objectPart{number: part.PartNumber, size: int64(len(p.body)), checksum: p.checksum.value})
	}
	if e := writeConditions(c, v.key); e != nil {
		return nil, e
	}
	count := "-" + strconv.Itoa(len(in.Parts))
	etag := md5.Sum(digests.Bytes())
	v.etag = hex.EncodeToString(etag[:]) + count
	algorithm := u.algorithm
	if algorithm == "" {
		algorithm = "CRC64NVME"
	}
	if u.kind == composite {
		v.checksum = checksumOf(algorithm, checksums.Bytes())
		v.checksum.value += count
		v.checksum.kind = composite
	} else {
		v.checksum = checksumOf(algorithm, v.body)
	}
	if c.given.algorithm == algorithm && strings.TrimSuffix(c.given.value, count) != strings.TrimSuffix(v.checksum.value, count) {
		return nil, &apiError{status: 400, code: "BadDigest", message: "The " + algorithm + " you specified did not match the calculated checksum."}
	}
	if size := c.r.Header.Get("X-Amz-Mp-Object-Size"); size != "" && size != strconv.Itoa(len(v.body)) {
		return nil, invalidRequest("The provided 'x-amz-mp-object-size' header does not match what was computed")
	}
	delete(c.b.uploads, u.id)
	stored, e := storeVersion(c, &v)
	if e != nil {
		return nil, e
	}
	var out struct {
		Location, Bucket, Key, ETag string
		checksumXML
	}
	out.Location = "https://" + c.bucket + ".s3." + c.b.region + ".amazonaws.com/" + url.PathEscape(c.key)
	out.Bucket, out.Key, out.ETag, out.checksumXML = c.bucket, c.key, `"`+v.etag+`"`, checksumElements(v.checksum)
	res, e := xmlAnswer("CompleteMultipartUploadResult", out)
	if e == nil {
		stored.header.Del("Etag")
		for name, values := range stored.header {
			res.header[name] = values
		}
	}
	return res, e
}

func abortUpload(c *s3call) (*response, *apiError) {
	u, e := findUpload(c, "s3:AbortMultipartUpload")
	if e != nil {
		return nil, e
	}
	delete(c.b.uploads, u.id)
	return done(204)
}

func listParts(c *s3call) (*response, *apiError) {
	u, e := findUpload(c, "s3:ListMultipartUploadParts")
	if e != nil {
		return nil, e
	}
	most, e := c.intParameter("max-parts", 1000)
	if e != nil {
		return nil, e
	}
	after, e := c.intParameter("part-number-marker", 0)
	if e != nil {
		return nil, e
	}
	type partXML struct {
		PartNumber   int
		LastModified string
		ETag         string
		Size         int
		checksumXML
	}
	var out struct {
		Bucket, Key          string
		UploadID             string `xml:"UploadId"`
		InitiatorID          string `xml:"Initiator>ID"`
		OwnerID              string `xml:"Owner>ID"`
		StorageClass         string
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		ChecksumAlgorithm    string    `xml:",omitempty"`
		ChecksumType         string    `xml:",omitempty"`
		Parts                []partXML `xml:"Part"`
	}
	out.Bucket, out.Key, out.UploadID, out.StorageClass = c.bucket, c.key, u.id, u.version.class()
	out.InitiatorID, out.OwnerID = c.s.canonicalID(u.version.owner), c.s.canonicalID(u.version.owner)
	out.PartNumberMarker, out.MaxParts = after, most
	if u.algorithm != "" {
		out.ChecksumAlgorithm, out.ChecksumType = u.algorithm, u.kind
	}
	var numbers []int
	for n := range u.parts {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if n <= after {
			continue
		}
		if len(out.Parts) == most {
			out.IsTruncated = true
			break
		}
		p := u.parts[n]
		sum := p.checksum
		sum.kind = ""
		out.Parts = append(out.Parts, partXML{n, isoTime(p.modified), `"` + p.etag + `"`, len(p.body), checksumElements(sum)})
		out.NextPartNumberMarker = n
	}
	return xmlAnswer("ListPartsResult", out)
}

const minPart = 5 << 20 // of every part but the last
