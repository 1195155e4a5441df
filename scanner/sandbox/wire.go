package sandbox

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The wire protocols of the control plane: JSON 1.1 (Organizations, KMS) and
// Query (STS, IAM). S3 and S3 Control speak REST with XML.

// failJSON is an error of the JSON 1.1 protocol.
func failJSON(id string, e *apiError) *response {
	body, _ := json.Marshal(map[string]string{"__type": e.code, "message": e.message, "Message": e.message})
	return jsonResponse(id, e.status, body)
}

func jsonResponse(id string, status int, body []byte) *response {
	return &response{status: status, body: body, header: http.Header{
		"Content-Type":     {"application/x-amz-json-1.1"},
		"X-Amzn-Requestid": {id},
	}}
}

// object is a JSON or Query answer under construction; nil values are left out.
type object map[string]any

// answerJSON writes an answer of the JSON 1.1 protocol.
func answerJSON(id string, v object) (*response, *apiError) {
	maps.DeleteFunc(v, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(v)
	if err != nil {
		return nil, &apiError{status: 500, code: "InternalFailure", message: err.Error()}
	}
	return jsonResponse(id, http.StatusOK, body), nil
}

// readJSON reads a request of the JSON 1.1 protocol; unknown members are ignored.
func readJSON(body []byte, v any) *apiError {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &apiError{status: 400, code: "SerializationException", message: err.Error()}
	}
	return nil
}

// epoch is a time of the JSON protocols: seconds with three decimals.
func epoch(t time.Time) json.Number {
	return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64))
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

// answerQuery writes <OpResponse><OpResult>…</OpResult>….
func answerQuery(namespace, id, op string, result object) *response {
	var b xmlBuilder
	b.open(op+"Response", namespace)
	b.write(op+"Result", result)
	b.write("ResponseMetadata", object{"RequestId": id})
	b.close(op + "Response")
	return xmlResponse(id, http.StatusOK, b.Bytes())
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

// optional is a string member, or nothing when it is empty.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// arn is an ARN in its six fields.
type arn struct{ partition, service, region, account, resource string }

func parseARN(text string) (arn, bool) {
	f := strings.SplitN(text, ":", 6)
	if len(f) != 6 || f[0] != "arn" {
		return arn{}, false
	}
	return arn{f[1], f[2], f[3], f[4], f[5]}, true
}

// page cuts a page of at most limit out of a list. The token is the position of
// the next item; a token that this list cannot have given is refused by ok=false.
func page[T any](all []T, token string, limit int) (items []T, next string, ok bool) {
	start := 0
	if token != "" {
		var err error
		if start, err = strconv.Atoi(token); err != nil || start <= 0 || start >= len(all) {
			return nil, "", false
		}
	}
	end := min(start+limit, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next, true
}

// fresh is a copy that its user may change.
func (e apiError) fresh() *apiError { return &e }

// notImplemented is the answer to an operation that the sandbox does not have.
func notImplemented(op string) *apiError {
	return &apiError{
		status:  http.StatusNotImplemented,
		code:    "NotImplemented",
		message: "the sandbox does not implement " + op,
	}
}
