package sandbox

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The wire protocols of the control plane: JSON 1.1 (Organizations, KMS) and
// Query (STS, IAM). S3 and S3 Control speak REST with XML.

// routeTarget reads the operation of a JSON 1.1 request.
func routeTarget(s *Sandbox, c *call) *apiError {
	prefix := map[string]string{"organizations": "AWSOrganizationsV20161128.", "kms": "TrentService."}[c.service]
	op, ok := strings.CutPrefix(c.r.Header.Get("X-Amz-Target"), prefix)
	if !ok || op == "" {
		c.op = c.service + ":Unknown" // another protocol, or another service's operation
		return notImplemented(c.service + " without an X-Amz-Target that begins with " + prefix)
	}
	c.op = c.service + ":" + op
	if c.caller != nil {
		c.account = c.caller.account
	}
	if c.service == "kms" {
		if k, _ := s.findKey(c, keyIDOf(c.body)); k != nil {
			c.account = k.account
		}
	}
	return nil
}

// operation is the operation's name without its service.
func (c *call) operation() string {
	_, op, _ := strings.Cut(c.op, ":")
	return op
}

// failJSON is an error of the JSON 1.1 protocol.
func failJSON(c *call, e *apiError) *response {
	body, _ := json.Marshal(map[string]string{"__type": e.code, "message": e.message, "Message": e.message})
	return jsonResponse(c, e.status, body)
}

func jsonResponse(c *call, status int, body []byte) *response {
	return &response{status: status, body: body, header: http.Header{
		"Content-Type":     {"application/x-amz-json-1.1"},
		"X-Amzn-Requestid": {c.id},
	}}
}

// object is a JSON or Query answer under construction; nil values are left out.
type object map[string]any

// answerJSON writes an answer of the JSON 1.1 protocol.
func answerJSON(c *call, v object) (*response, *apiError) {
	maps.DeleteFunc(v, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(v)
	if err != nil {
		return nil, &apiError{status: 500, code: "InternalFailure", message: err.Error()}
	}
	return jsonResponse(c, http.StatusOK, body), nil
}

// readJSON reads a request of the JSON 1.1 protocol; unknown members are ignored.
func readJSON(c *call, v any) *apiError {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return &apiError{status: 400, code: "SerializationException", message: err.Error()}
	}
	return nil
}

// epoch is a time of the JSON protocols: seconds with three decimals.
func epoch(t time.Time) json.Number {
	return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64))
}

// Query protocol.

// namespaces of the Query services' answers.
var namespaces = map[string]string{
	"sts": "https://sts.amazonaws.com/doc/2011-06-15/",
	"iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}

// routeAction reads the operation of a Query request.
func routeAction(s *Sandbox, c *call) *apiError {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		c.op = c.service + ":Unknown"
		return &apiError{status: 400, code: "MalformedQueryString", message: "The query string contains a syntax error."}
	}
	for k, v := range c.r.URL.Query() {
		if !strings.HasPrefix(k, "X-Amz-") && form[k] == nil {
			form[k] = v
		}
	}
	c.form = form
	action := form.Get("Action")
	if action == "" {
		c.op = c.service + ":Unknown"
		return &apiError{status: 400, code: "MissingAction", message: "no Action in the request"}
	}
	c.op = c.service + ":" + action
	if c.caller != nil {
		c.account = c.caller.account
	}
	if c.op == "sts:AssumeRole" {
		if a, ok := parseARN(form.Get("RoleArn")); ok {
			c.account = a.account
		}
	}
	return nil
}

// failQuery is an error of the Query protocol.
func failQuery(c *call, e *apiError) *response {
	sender := "Sender"
	if e.status >= 500 {
		sender = "Receiver"
	}
	var b xmlBuilder
	b.open("ErrorResponse", namespaces[c.service])
	b.write("Error", object{"Type": sender, "Code": e.code, "Message": e.message})
	b.write("RequestId", c.id)
	b.close("ErrorResponse")
	return xmlResponse(c, e.status, b.Bytes())
}

// answerQuery writes <OpResponse><OpResult>…</OpResult>….
func answerQuery(c *call, result object) (*response, *apiError) {
	var b xmlBuilder
	op := c.operation()
	b.open(op+"Response", namespaces[c.service])
	b.write(op+"Result", result)
	b.write("ResponseMetadata", object{"RequestId": c.id})
	b.close(op + "Response")
	return xmlResponse(c, http.StatusOK, b.Bytes()), nil
}

func xmlResponse(c *call, status int, body []byte) *response {
	return &response{status: status, body: body, header: http.Header{
		"Content-Type":     {"text/xml"},
		"X-Amzn-Requestid": {c.id},
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
