package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"
)

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// AnswerXML is a 200 whose body is v under the given root element.
func AnswerXML(root string, v any) (*Response, *Error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	start := xml.StartElement{
		Name: xml.Name{Local: root},
		Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: s3Namespace}},
	}
	if err := xml.NewEncoder(&b).EncodeElement(v, start); err != nil {
		return nil, &Error{Status: 500, Code: "InternalError", Message: err.Error()}
	}
	return &Response{Status: 200, Header: http.Header{"Content-Type": {"application/xml"}}, Body: b.Bytes()}, nil
}

// Done is an answer without a body.
func Done(status int) (*Response, *Error) {
	return &Response{Status: status, Header: http.Header{}}, nil
}

// ISOTime is how S3 writes times in XML: whole seconds, with a fraction of zero.
func ISOTime(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05.000Z")
}

// HTTPTime is how S3 writes times in headers.
func HTTPTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// StrictXML reads a request body. An element that v does not know, or that is
// given twice where v has one, is refused as S3 refuses it: MalformedXML.
func StrictXML(body []byte, root string, v any) *Error {
	if len(bytes.TrimSpace(body)) == 0 {
		return &Error{Status: 400, Code: "MissingRequestBodyError", Message: "Request Body is empty"}
	}
	if xml.Unmarshal(body, v) != nil || !knownElements(body, root, reflect.TypeOf(v)) {
		return MalformedXML()
	}
	return nil
}

func knownElements(body []byte, root string, t reflect.Type) bool {
	type element struct {
		fields map[string]reflect.Type // nil: has text only
		single map[string]bool         // seen elements that may come once
	}
	var stack []element
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		switch e := token.(type) {
		case xml.StartElement:
			child := t
			if len(stack) == 0 {
				if e.Name.Local != root {
					return false
				}
			} else {
				top := stack[len(stack)-1]
				var ok bool
				if child, ok = top.fields[e.Name.Local]; !ok || top.single[e.Name.Local] {
					return false
				}
				top.single[e.Name.Local] = child.Kind() != reflect.Slice
			}
			stack = append(stack, element{elementsOf(child), map[string]bool{}})
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}

// elementsOf maps the child elements of a type to their types.
func elementsOf(t reflect.Type) map[string]reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("xml"), ",")
		fields[name] = t.Field(i).Type
	}
	return fields
}

// AccessDenied is S3's denial.
func AccessDenied() *Error {
	return &Error{Status: 403, Code: "AccessDenied", Message: "Access Denied"}
}

// MalformedXML refuses a body that does not follow S3's schema.
func MalformedXML() *Error {
	return &Error{
		Status: 400, Code: "MalformedXML",
		Message: "The XML you provided was not well-formed or did not validate against our published schema",
	}
}

// InvalidRequest refuses a request as a whole.
func InvalidRequest(message string) *Error {
	return &Error{Status: 400, Code: "InvalidRequest", Message: message}
}

// InvalidArgument refuses the value of an argument.
func InvalidArgument(message, name, value string) *Error {
	return &Error{
		Status: 400, Code: "InvalidArgument", Message: message,
		Detail: map[string]string{"ArgumentName": name, "ArgumentValue": value},
	}
}
