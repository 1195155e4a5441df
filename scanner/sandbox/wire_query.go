package sandbox

import (
	"bytes"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// answerQuery writes <OpResponse><OpResult>…</OpResult>….
func answerQuery(namespace, id, op string, result object) *response {
	var b xmlBuilder
	b.open(op+"Response", namespace)
	b.write(op+"Result", result)
	b.write("ResponseMetadata", object{"RequestId": id})
	b.close(op + "Response")
	return xmlResponse(id, http.StatusOK, b.Bytes())
}

// Query protocol.

// failQuery is an error of the Query protocol.
func failQuery(namespace, id string, e *apiError) *response {
	sender := "Sender"
	if e.status >= 500 {
		sender = "Receiver"
	}
	var b xmlBuilder
	b.open("ErrorResponse", namespace)
	b.write("Error", object{"Type": sender, "Code": e.code, "Message": e.message})
	b.write("RequestId", id)
	b.close("ErrorResponse")
	return xmlResponse(id, e.status, b.Bytes())
}

func xmlResponse(id string, status int, body []byte) *response {
	return &response{status: status, body: body, header: http.Header{
		"Content-Type":     {"text/xml"},
		"X-Amzn-Requestid": {id},
	}}
}

// xmlBuilder writes objects as XML: members in the order of their names, lists
// as <member> elements, times in ISO 8601.
type xmlBuilder struct{ bytes.Buffer }

func (b *xmlBuilder) open(name, namespace string) {
	b.WriteString(`<` + name + ` xmlns="` + namespace + `">`)
}

func (b *xmlBuilder) close(name string) { b.WriteString("</" + name + ">") }

func (b *xmlBuilder) write(name string, v any) {
	if v == nil {
		return
	}
	b.WriteString("<" + name + ">")
	switch v := v.(type) {
	case object:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.write(k, v[k])
		}
	case []object:
		for _, item := range v {
			b.write("member", item)
		}
	case []string:
		for _, item := range v {
			b.write("member", item)
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
	b.close(name)
}
