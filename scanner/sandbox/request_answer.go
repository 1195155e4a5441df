package sandbox

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"slices"
)

// failS3 gives an error S3's form: XML, or a bare status for HEAD and 304.
func failS3(c *call, e *apiError) *response {
	header := http.Header{}
	for name, values := range e.header {
		header[name] = values
	}
	identifyS3(c, header)
	res := &response{status: e.status, header: header}
	if c.r.Method == http.MethodHead || e.status == http.StatusNotModified {
		return res
	}
	header.Set("Content-Type", "application/xml")
	type element struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	list := []element{{xml.Name{Local: "Code"}, e.code}, {xml.Name{Local: "Message"}, e.message}}
	names := make([]string, 0, len(e.detail))
	for name := range e.detail {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, element{xml.Name{Local: name}, e.detail[name]})
	}
	list = append(list, element{xml.Name{Local: "RequestId"}, c.id}, element{xml.Name{Local: "HostId"}, hostID(c)})
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"Error"`
		Items   []element
	}{Items: list})
	if err != nil { // only text goes in
		panic(err)
	}
	res.body = append([]byte(xml.Header), body...)
	return res
}

// identifyS3 sets the ids that every S3 answer carries.
func identifyS3(c *call, h http.Header) {
	h.Set("X-Amz-Request-Id", c.id)
	h.Set("X-Amz-Id-2", hostID(c))
	h.Set("Server", "AmazonS3")
}

func hostID(c *call) string { return base64.StdEncoding.EncodeToString([]byte(c.id)) }

func noSuchBucket(name string) *apiError {
	return &apiError{
		status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist",
		detail: map[string]string{"BucketName": name},
	}
}

// The bucket plane: buckets and their settings. Absent settings answer with the
// codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.

func notFound(code, message string, b *bucket) *apiError {
	return &apiError{status: 404, code: code, message: message, detail: map[string]string{"BucketName": b.name}}
}
