package wire

import (
	"bytes"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// AnswerQuery writes <OpResponse><OpResult>…</OpResult>….
func AnswerQuery(namespace, id, op string, result Object) *Response {
	var b Builder
	b.Open(op+"Response", namespace)
	b.Write(op+"Result", result)
	b.Write("ResponseMetadata", Object{"RequestId": id})
	b.Close(op + "Response")
	return xmlResponse(id, http.StatusOK, b.Bytes())
}

// FailQuery is an error of the Query protocol.
func FailQuery(namespace, id string, e *Error) *Response {
	sender := "Sender"
	if e.Status >= 500 {
		sender = "Receiver"
	}
	var b Builder
	b.Open("ErrorResponse", namespace)
	b.Write("Error", Object{"Type": sender, "Code": e.Code, "Message": e.Message})
	b.Write("RequestId", id)
	b.Close("ErrorResponse")
	return xmlResponse(id, e.Status, b.Bytes())
}

func xmlResponse(id string, status int, body []byte) *Response {
	return &Response{Status: status, Body: body, Header: http.Header{
		"Content-Type":     {"text/xml"},
		"X-Amzn-Requestid": {id},
	}}
}

// Builder writes objects as XML: members in the order of their names, lists
// as <member> elements, times in ISO 8601.
type Builder struct{ bytes.Buffer }

// Open begins the root element.
func (b *Builder) Open(name, namespace string) {
	b.WriteString(`<` + name + ` xmlns="` + namespace + `">`)
}

// Close ends an element.
func (b *Builder) Close(name string) { b.WriteString("</" + name + ">") }

// Write writes a member; nil is left out.
func (b *Builder) Write(name string, v any) {
	if v == nil {
		return
	}
	b.WriteString("<" + name + ">")
	switch v := v.(type) {
	case Object:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.Write(k, v[k])
		}
	case []Object:
		for _, item := range v {
			b.Write("member", item)
		}
	case []string:
		for _, item := range v {
			b.Write("member", item)
		}
	case string:
		_ = xml.EscapeText(&b.Buffer, []byte(v))
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case time.Time:
		b.WriteString(v.UTC().Format("2006-01-02T15:04:05Z"))
	default:
		panic("sandbox: no XML form for a member of " + name)
	}
	b.Close(name)
}
