package object

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

	"crosscheck/scanner/sandbox/s3/checksum"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// createUpload authorizes as PutObject does and keeps what the headers say for
// the object to come.
func createUpload(c *request.Request) (*wire.Response, *wire.Error) {
	v, e := newVersion(c)
	if e != nil {
		return nil, e
	}
	algorithm, kind := c.HTTP.Header.Get("X-Amz-Checksum-Algorithm"), c.HTTP.Header.Get("X-Amz-Checksum-Type")
	if algorithm != "" && checksum.Algorithms[algorithm] == nil {
		return nil, wire.NotImplemented("the checksum algorithm " + algorithm)
	}
	crc := strings.HasPrefix(algorithm, "CRC")
	switch {
	case kind == "" && (algorithm == "" || algorithm == "CRC64NVME"):
		kind = checksum.FullObject
	case kind == "":
		kind = checksum.Composite
	case kind == checksum.FullObject && algorithm != "" && !crc, kind == checksum.Composite && (algorithm == "CRC64NVME" || algorithm == ""):
		return nil, wire.InvalidRequest(
			"The " + kind + " checksum type cannot be used with the " + algorithm + " checksum algorithm.",
		)
	case kind != checksum.FullObject && kind != checksum.Composite:
		return nil, wire.InvalidRequest("Value for x-amz-checksum-type header is invalid.")
	}
	u := &state.Upload{
		ID: c.State.NewID("upload"), Initiated: time.Now(), Version: v, Algorithm: algorithm, Kind: kind,
		Parts: map[int]*state.UploadedPart{},
	}
	c.Bucket.Uploads[u.ID] = u
	type result struct{ Bucket, Key, UploadId string } //nolint:revive // AWS's element name
	res, e := wire.AnswerXML("InitiateMultipartUploadResult", result{c.BucketName, c.Key, u.ID})
	if e == nil {
		setEncryption(v.SSE, res.Header)
		if algorithm != "" {
			res.Header.Set("X-Amz-Checksum-Algorithm", algorithm)
			res.Header.Set("X-Amz-Checksum-Type", kind)
		}
	}
	return res, e
}

func findUpload(c *request.Request, action string) (*state.Upload, *wire.Error) {
	if e := c.AllowObject(action, c.Key, nil); e != nil {
		return nil, e
	}
	u := c.Bucket.Uploads[c.Query.Get("uploadId")]
	if u == nil || u.Version.Key != c.Key {
		return nil, &wire.Error{
			Status: 404, Code: "NoSuchUpload",
			Message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
			Detail:  map[string]string{"UploadId": c.Query.Get("uploadId")},
		}
	}
	return u, nil
}

func uploadPart(c *request.Request) (*wire.Response, *wire.Error) {
	if c.HTTP.Header.Get("X-Amz-Copy-Source") != "" {
		return nil, wire.NotImplemented("UploadPartCopy")
	}
	u, e := findUpload(c, "s3:PutObject")
	if e != nil {
		return nil, e
	}
	n, err := strconv.Atoi(c.Query.Get("partNumber"))
	if err != nil || n < 1 || n > 10000 {
		return nil, wire.InvalidArgument(
			"Part number must be an integer between 1 and 10000, inclusive",
			"partNumber", c.Query.Get("partNumber"),
		)
	}
	keyMD5, e := customerKey(c.HTTP.Header, "X-Amz-")
	if e != nil {
		return nil, e
	}
	if keyMD5 != u.Version.SSE.KeyMD5 {
		return nil, wire.InvalidRequest(
			"The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
		)
	}
	body, e := c.Payload()
	if e != nil {
		return nil, e
	}
	p := &state.UploadedPart{Body: body, Checksum: c.Given, Modified: time.Now(), ETag: u.Version.SSE.ContentTag(c.Digest)}
	switch {
	case p.Checksum.Value == "" && u.Algorithm != "" && u.Kind == checksum.FullObject:
		p.Checksum = checksum.Of(u.Algorithm, body)
	case p.Checksum.Value == "" && u.Algorithm != "":
		return nil, wire.InvalidRequest("The upload was created using a " + u.Algorithm + " checksum. " +
			"The complete request must include the checksum for each part. " +
			"It was missing for part " + strconv.Itoa(n) + " in the request.")
	case u.Algorithm != "" && p.Checksum.Algorithm != u.Algorithm:
		return nil, wire.InvalidRequest("Checksum Type mismatch occurred, expected checksum Type: " + u.Algorithm +
			", actual checksum Type: " + p.Checksum.Algorithm)
	}
	u.Parts[n] = p
	h := http.Header{"Etag": {`"` + p.ETag + `"`}}
	setEncryption(u.Version.SSE, h)
	if p.Checksum.Value != "" {
		h.Set(p.Checksum.Header(), p.Checksum.Value)
	}
	return &wire.Response{Status: 200, Header: h}, nil
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
func completeUpload(c *request.Request) (*wire.Response, *wire.Error) {
	var in struct {
		Parts []completedPartXML `xml:"Part"`
	}
	if e := c.Read("CompleteMultipartUpload", &in); e != nil {
		return nil, e
	}
	u, e := findUpload(c, "s3:PutObject")
	if e != nil {
		return nil, e
	}
	if len(in.Parts) == 0 {
		return nil, wire.MalformedXML()
	}
	if !slices.IsSortedFunc(in.Parts, func(a, b completedPartXML) int { return a.PartNumber - b.PartNumber }) {
		return nil, &wire.Error{
			Status: 400, Code: "InvalidPartOrder",
			Message: "The list of parts was not in ascending order. Parts must be ordered by part number.",
		}
	}
	v := *u.Version
	var digests, checksums bytes.Buffer
	for i, part := range in.Parts {
		p := u.Parts[part.PartNumber]
		given := part.checksum(u.Algorithm)
		if p == nil || strings.Trim(part.ETag, `"`) != p.ETag || given != "" && given != p.Checksum.Value {
			return nil, &wire.Error{
				Status: 400, Code: "InvalidPart",
				Message: "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
				Detail:  map[string]string{"PartNumber": strconv.Itoa(part.PartNumber), "UploadId": u.ID},
			}
		}
		if i < len(in.Parts)-1 && len(p.Body) < minPart {
			return nil, &wire.Error{
				Status: 400, Code: "EntityTooSmall", Message: "Your proposed upload is smaller than the minimum allowed size",
				Detail: map[string]string{
					"PartNumber": strconv.Itoa(part.PartNumber), "ProposedSize": strconv.Itoa(len(p.Body)),
					"MinSizeAllowed": strconv.Itoa(minPart),
				},
			}
		}
		v.Body = append(v.Body, p.Body...)
		raw, _ := hex.DecodeString(p.ETag)
		digests.Write(raw)
		raw, _ = base64.StdEncoding.DecodeString(p.Checksum.Value)
		checksums.Write(raw)
		v.Parts = append(v.Parts, state.ObjectPart{Number: part.PartNumber, Size: int64(len(p.Body)), Checksum: p.Checksum.Value})
	}
	if e := writeConditions(c, v.Key); e != nil {
		return nil, e
	}
	count := "-" + strconv.Itoa(len(in.Parts))
	etag := md5.Sum(digests.Bytes())
	v.ETag = hex.EncodeToString(etag[:]) + count
	algorithm := u.Algorithm
	if algorithm == "" {
		algorithm = "CRC64NVME"
	}
	if u.Kind == checksum.Composite {
		v.Checksum = checksum.Of(algorithm, checksums.Bytes())
		v.Checksum.Value += count
		v.Checksum.Kind = checksum.Composite
	} else {
		v.Checksum = checksum.Of(algorithm, v.Body)
	}
	if c.Given.Algorithm == algorithm && strings.TrimSuffix(c.Given.Value, count) != strings.TrimSuffix(v.Checksum.Value, count) {
		return nil, &wire.Error{
			Status: 400, Code: "BadDigest",
			Message: "The " + algorithm + " you specified did not match the calculated checksum.",
		}
	}
	if size := c.HTTP.Header.Get("X-Amz-Mp-Object-Size"); size != "" && size != strconv.Itoa(len(v.Body)) {
		return nil, wire.InvalidRequest("The provided 'x-amz-mp-object-size' header does not match what was computed")
	}
	delete(c.Bucket.Uploads, u.ID)
	stored, e := storeVersion(c, &v)
	if e != nil {
		return nil, e
	}
	var out struct {
		Location, Bucket, Key, ETag string
		checksumXML
	}
	out.Location = "https://" + c.BucketName + ".s3." + c.Bucket.Region + ".amazonaws.com/" + url.PathEscape(c.Key)
	out.Bucket, out.Key, out.ETag, out.checksumXML = c.BucketName, c.Key, `"`+v.ETag+`"`, checksumElements(v.Checksum)
	res, e := wire.AnswerXML("CompleteMultipartUploadResult", out)
	if e == nil {
		stored.Header.Del("Etag")
		for name, values := range stored.Header {
			res.Header[name] = values
		}
	}
	return res, e
}

func abortUpload(c *request.Request) (*wire.Response, *wire.Error) {
	u, e := findUpload(c, "s3:AbortMultipartUpload")
	if e != nil {
		return nil, e
	}
	delete(c.Bucket.Uploads, u.ID)
	return wire.Done(204)
}

func listParts(c *request.Request) (*wire.Response, *wire.Error) {
	u, e := findUpload(c, "s3:ListMultipartUploadParts")
	if e != nil {
		return nil, e
	}
	most, e := c.IntParameter("max-parts", 1000)
	if e != nil {
		return nil, e
	}
	after, e := c.IntParameter("part-number-marker", 0)
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
	out.Bucket, out.Key, out.UploadID, out.StorageClass = c.BucketName, c.Key, u.ID, u.Version.Class()
	out.InitiatorID, out.OwnerID = c.State.CanonicalID(u.Version.Owner), c.State.CanonicalID(u.Version.Owner)
	out.PartNumberMarker, out.MaxParts = after, most
	if u.Algorithm != "" {
		out.ChecksumAlgorithm, out.ChecksumType = u.Algorithm, u.Kind
	}
	var numbers []int
	for n := range u.Parts {
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
		p := u.Parts[n]
		sum := p.Checksum
		sum.Kind = ""
		out.Parts = append(out.Parts, partXML{n, wire.ISOTime(p.Modified), `"` + p.ETag + `"`, len(p.Body), checksumElements(sum)})
		out.NextPartNumberMarker = n
	}
	return wire.AnswerXML("ListPartsResult", out)
}

const minPart = 5 << 20 // of every part but the last
