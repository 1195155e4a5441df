package object

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"crosscheck/scanner/sandbox/s3/checksum"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// getObject answers GET and HEAD.
func getObject(c *request.Request) (*wire.Response, *wire.Error) {
	v, e := findVersion(c, "s3:GetObject")
	if e != nil {
		return nil, e
	}
	if e := checkReadable(c, v); e != nil {
		return nil, e
	}
	h := http.Header{"Etag": {`"` + v.ETag + `"`}, "Last-Modified": {wire.HTTPTime(v.Modified)}, "Accept-Ranges": {"bytes"}}
	if e := readConditions(c.HTTP.Header, v, h); e != nil {
		return nil, e
	}
	for name, value := range v.Header {
		h.Set(name, value)
	}
	for name := range v.Header {
		if text := c.Query.Get("response-" + strings.ToLower(name)); text != "" {
			h.Set(name, text)
		}
	}
	for name, value := range v.Metadata {
		h.Set("X-Amz-Meta-"+name, value)
	}
	setVersionID(c, h, v)
	setEncryption(v.SSE, h)
	if v.StorageClass != "" {
		h.Set("X-Amz-Storage-Class", v.StorageClass)
	}
	if v.Status != "" {
		h.Set("X-Amz-Replication-Status", v.Status)
	}
	tagging := "s3:GetObjectTagging"
	if c.Query.Has("versionId") {
		tagging = "s3:GetObjectVersionTagging"
	}
	if len(v.Tags) > 0 && c.Can(tagging, v.Key, v) {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(len(v.Tags)))
	}
	if v.Retention != nil && c.Can("s3:GetObjectRetention", v.Key, v) {
		h.Set("X-Amz-Object-Lock-Mode", v.Retention.Mode)
		h.Set("X-Amz-Object-Lock-Retain-Until-Date", v.Retention.Until.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	if v.LegalHold != "" && c.Can("s3:GetObjectLegalHold", v.Key, v) {
		h.Set("X-Amz-Object-Lock-Legal-Hold", v.LegalHold)
	}

	start, end, status := 0, len(v.Body), http.StatusOK
	switch spec, part := c.HTTP.Header.Get("Range"), c.Query.Get("partNumber"); {
	case spec != "" && part != "":
		return nil, wire.InvalidRequest("Cannot specify both Range header and partNumber query parameter")
	case part != "":
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 10000 {
			return nil, wire.InvalidArgument(
				"Part number must be an integer between 1 and 10000, inclusive",
				"partNumber", part,
			)
		}
		if len(v.Parts) == 0 && n > 1 || len(v.Parts) > 0 && n > len(v.Parts) {
			return nil, &wire.Error{
				Status: 416, Code: "InvalidPartNumber",
				Message: "The requested partnumber is not satisfiable",
			}
		}
		status = http.StatusPartialContent
		if len(v.Parts) > 0 {
			for _, p := range v.Parts[:n-1] {
				start += int(p.Size)
			}
			end = start + int(v.Parts[n-1].Size)
			h.Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(v.Parts)))
		}
	case spec != "":
		var ok bool
		if start, end, ok = byteRange(spec, len(v.Body)); !ok {
			return nil, &wire.Error{
				Status: 416, Code: "InvalidRange", Message: "The requested range is not satisfiable",
				Header: http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", len(v.Body))}},
				Detail: map[string]string{"RangeRequested": spec, "ActualObjectSize": strconv.Itoa(len(v.Body))},
			}
		}
		if end-start < len(v.Body) || strings.HasPrefix(spec, "bytes=") {
			status = http.StatusPartialContent
		}
	}
	if status == http.StatusPartialContent {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, end-1, len(v.Body)))
	}
	if strings.EqualFold(c.HTTP.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") && start == 0 && end == len(v.Body) {
		v.Checksum.Set(h)
	}
	res := &wire.Response{Status: status, Header: h}
	h.Set("Content-Length", strconv.Itoa(end-start))
	if c.HTTP.Method != http.MethodHead {
		res.Body = v.Body[start:end]
	}
	return res, nil
}

// readable checks the encryption key and the storage class of a version.
func checkReadable(c *request.Request, v *state.Version) *wire.Error {
	keyMD5, e := customerKey(c.HTTP.Header, "X-Amz-")
	switch {
	case e != nil:
		return e
	case v.SSE.KeyMD5 != "" && keyMD5 == "":
		return wire.InvalidRequest(
			"The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
		)
	case v.SSE.KeyMD5 == "" && keyMD5 != "":
		return wire.InvalidRequest("The encryption parameters are not applicable to this object.")
	case v.SSE.KeyMD5 != keyMD5:
		return wire.AccessDenied()
	}
	if c.HTTP.Method == http.MethodHead {
		return nil
	}
	if v.Archived() {
		return &wire.Error{
			Status: 403, Code: "InvalidObjectState", Message: "The operation is not valid for the object's storage class",
			Detail: map[string]string{"StorageClass": v.StorageClass},
		}
	}
	if v.SSE.Key != "" {
		return c.UseKey(v.SSE.Key, "Decrypt", encryptionContext(c, v))
	}
	return nil
}

// keyContext is the encryption context of a version: its ARN, or the bucket's
// with a bucket key.
func encryptionContext(c *request.Request, v *state.Version) string {
	if v.SSE.BucketKey {
		return c.BucketARN()
	}
	return c.ObjectARN(v.Key)
}

// readConditions judges the conditional headers of a read in the order of RFC 9110.
func readConditions(h http.Header, v *state.Version, answer http.Header) *wire.Error {
	since := func(name string) (time.Time, bool) {
		t, err := http.ParseTime(h.Get(name))
		return t, err == nil
	}
	modified := v.Modified.Truncate(time.Second)
	notModified := &wire.Error{Status: 304, Code: "NotModified", Message: "Not Modified", Header: answer}
	if match := h.Get("If-Match"); match != "" {
		if !matches(match, v.ETag) {
			return preconditionFailed("If-Match")
		}
	} else if t, ok := since("If-Unmodified-Since"); ok && modified.After(t) {
		return preconditionFailed("If-Unmodified-Since")
	}
	if none := h.Get("If-None-Match"); none != "" {
		if matches(none, v.ETag) {
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

func getAttributes(c *request.Request) (*wire.Response, *wire.Error) {
	v, e := findVersion(c, "s3:GetObject")
	if e != nil {
		return nil, e
	}
	action := "s3:GetObjectAttributes"
	if c.Query.Has("versionId") {
		action = "s3:GetObjectVersionAttributes"
	}
	if e := c.AllowObject(action, c.Key, v); e != nil {
		return nil, e
	}
	if e := checkReadable(c, v); e != nil && e.Code != "InvalidObjectState" {
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
	for _, list := range c.HTTP.Header.Values("X-Amz-Object-Attributes") {
		for name := range strings.SplitSeq(list, ",") {
			switch strings.TrimSpace(name) {
			case "ETag":
				out.ETag = v.ETag
			case "Checksum":
				x := checksumElements(v.Checksum)
				out.Checksum = &x
			case "StorageClass":
				out.StorageClass = v.Class()
			case "ObjectSize":
				size := len(v.Body)
				out.ObjectSize = &size
			case "ObjectParts":
				if len(v.Parts) > 0 {
					p := &partsXML{TotalPartsCount: len(v.Parts), MaxParts: 1000, Next: len(v.Parts)}
					for _, part := range v.Parts {
						if part.Checksum != "" {
							own := checksum.Checksum{Algorithm: v.Checksum.Algorithm, Value: part.Checksum}
							p.Parts = append(p.Parts, checkedPartXML{part.Number, part.Size, checksumElements(own)})
						}
					}
					out.ObjectParts = p
				}
			default:
				return nil, wire.InvalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", name)
			}
		}
	}
	if len(c.HTTP.Header.Values("X-Amz-Object-Attributes")) == 0 {
		return nil, wire.InvalidRequest(
			"The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty",
		)
	}
	res, e := wire.AnswerXML("GetObjectAttributesResponse", out)
	if e == nil {
		res.Header.Set("Last-Modified", wire.HTTPTime(v.Modified))
		setVersionID(c, res.Header, v)
	}
	return res, e
}

// checkedPartXML is a part with its checksum, whose element follows the size.
type checkedPartXML struct {
	PartNumber int
	Size       int64
	checksumXML
}
