package request

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"slices"

	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Fail gives an error S3's form: XML, or a bare status for HEAD and 304.
func Fail(c *service.Call, e *wire.Error) *wire.Response {
	header := http.Header{}
	for name, values := range e.Header {
		header[name] = values
	}
	identify(c, header)
	res := &wire.Response{Status: e.Status, Header: header}
	if c.HTTP.Method == http.MethodHead || e.Status == http.StatusNotModified {
		return res
	}
	header.Set("Content-Type", "application/xml")
	type element struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	list := []element{{xml.Name{Local: "Code"}, e.Code}, {xml.Name{Local: "Message"}, e.Message}}
	names := make([]string, 0, len(e.Detail))
	for name := range e.Detail {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, element{xml.Name{Local: name}, e.Detail[name]})
	}
	list = append(list, element{xml.Name{Local: "RequestId"}, c.ID}, element{xml.Name{Local: "HostId"}, hostID(c)})
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"Error"`
		Items   []element
	}{Items: list})
	if err != nil { // only text goes in
		panic(err)
	}
	res.Body = append([]byte(xml.Header), body...)
	return res
}

// identify sets the ids that every S3 answer carries.
func identify(c *service.Call, h http.Header) {
	h.Set("X-Amz-Request-Id", c.ID)
	h.Set("X-Amz-Id-2", hostID(c))
	h.Set("Server", "AmazonS3")
}

func hostID(c *service.Call) string { return base64.StdEncoding.EncodeToString([]byte(c.ID)) }

// NoSuchBucket is the answer about a bucket that does not exist.
func NoSuchBucket(name string) *wire.Error {
	return &wire.Error{
		Status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist",
		Detail: map[string]string{"BucketName": name},
	}
}

// NotFound is the answer about a setting that a bucket does not have, with a code of
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
func NotFound(code, message string, b *state.Bucket) *wire.Error {
	return &wire.Error{Status: 404, Code: code, Message: message, Detail: map[string]string{"BucketName": b.Name}}
}
