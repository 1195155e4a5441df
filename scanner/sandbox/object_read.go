package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// getObject answers GET and HEAD.
func getObject(c *s3call) (*response, *apiError) {
	v, e := findVersion(c, "s3:GetObject")
	if e != nil {
		return nil, e
	}
	if e := checkReadable(c, v); e != nil {
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
	setVersionID(c, h, v)
	setEncryption(v.sse, h)
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
func checkReadable(c *s3call, v *version) *apiError {
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
		return c.useKey(v.sse.key, "Decrypt", encryptionContext(c, v))
	}
	return nil
}

// keyContext is the encryption context of a version: its ARN, or the bucket's
// with a bucket key.
func encryptionContext(c *s3call, v *version) string {
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

func getAttributes(c *s3call) (*response, *apiError) {
	v, e := findVersion(c, "s3:GetObject")
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
	if e := checkReadable(c, v); e != nil && e.code != "InvalidObjectState" {
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
				x := checksumElements(v.checksum)
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
							p.Parts = append(p.Parts, checkedPartXML{part.number, part.size, checksumElements(checksum{v.checksum.algorithm, part.checksum, ""})})
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
		setVersionID(c, res.header, v)
	}
	return res, e
}

// checkedPartXML is a part with its checksum, whose element stands beside the size.
type checkedPartXML struct {
	PartNumber int
	Size       int64
	checksumXML
}
