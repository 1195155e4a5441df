package audit

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exchange is a request of a scan and what was answered.
type exchange struct {
	api     string // "s3:GetBucketPolicy"
	account string // that it is about
	bucket  string // that it is about, if any
	request string // what tells it from other requests
	status  int
	header  http.Header
	body    []byte
}

// change is one thing that is different in an answer.
type change struct {
	what string               // "dropped"
	path string               // of the element; "" = the answer as a whole
	make func(*http.Response) // changes a copy of the answer
}

// body changes the body of an answer.
func body(text func() []byte) func(*http.Response) {
	return func(res *http.Response) { answered(res, text()) }
}

// answered replaces the body of an answer.
func answered(res *http.Response, text []byte) {
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	res.Header.Del("Content-Length")
}

// family makes the changes of one answer. It knows what else was answered, for ids and
// documents of others.
type family struct {
	x      *exchange
	values map[string][]string // of leaves, by API and path
	others map[string][]*exchange
	list   []change
	policy bool // inside a policy
}

func (f *family) add(what, path string, text func() []byte) {
	f.list = append(f.list, change{what, path, body(text)})
}

// other is a value that another answer, or another item, has at this place. Only ids
// are replaced: another status is another true answer.
func (f *family) other(path, value string) (string, bool) {
	if !idNames.MatchString(path) || strings.HasPrefix(value, "%7B") || strings.HasPrefix(value, "{") {
		return "", false
	}
	for _, v := range f.values[f.x.api+" "+path] {
		if v != value {
			return v, true
		}
	}
	return "", false
}

// idNames are the paths of ids, names and ARNs.
var idNames = regexp.MustCompile(`(?i)(id|arn|name|role|bucket|account|key|value|owner|principal)$`)

// changesOf are all changes of an answer.
func changesOf(x *exchange, values map[string][]string, others map[string][]*exchange) []change {
	f := &family{x: x, values: values, others: others}
	f.http()
	switch {
	case len(x.body) == 0:
	case x.body[0] == '{':
		f.policy = x.api == "s3:GetBucketPolicy" && x.status == http.StatusOK
		f.json(x.body, "", func(text []byte) []byte { return text })
	default:
		f.xml()
	}
	return f.list
}

// Documents that answer nothing.
const (
	loginPage = "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><form><input name=\"user\"></form></body></html>"
	goodXHTML = `<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Log in</p></body></html>`
)

// http changes an answer as a whole.
func (f *family) http() {
	x := f.x
	status := func(code int, text []byte) {
		f.list = append(f.list, change{fmt.Sprint("status ", code), "", func(res *http.Response) {
			res.StatusCode, res.Status = code, fmt.Sprint(code, " ", http.StatusText(code))
			answered(res, text)
		}})
	}
	for _, code := range []int{200, 201, 202, 203, 206, 400, 404, 412} {
		if code != x.status {
			status(code, x.body)
		}
	}
	status(http.StatusNoContent, nil)
	header := func(what, name, value string) {
		f.list = append(f.list, change{what, name, func(res *http.Response) {
			res.Header = res.Header.Clone()
			if res.Header.Del(name); value != "" {
				res.Header.Set(name, value)
			}
		}})
	}
	if region := x.header.Get("X-Amz-Bucket-Region"); region != "" {
		header("header dropped", "X-Amz-Bucket-Region", "")
		header("header of another Region", "X-Amz-Bucket-Region", map[bool]string{true: "eu-west-1", false: "us-east-1"}[region == "us-east-1"])
		header("unknown header", "X-Amz-Bucket-Region", "zzz")
	}
	if len(x.body) == 0 {
		f.add("a page for a body", "", func() []byte { return []byte(loginPage) })
		return
	}
	header("content type dropped", "Content-Type", "")
	header("content type of a page", "Content-Type", "text/html; charset=utf-8")
	header("content type of bytes", "Content-Type", "application/octet-stream")
	if x.body[0] == '{' {
		header("content type of XML", "Content-Type", "application/xml")
	} else {
		header("content type of JSON", "Content-Type", "application/json")
	}
	document := func(what, text string) { f.add(what, "", func() []byte { return []byte(text) }) }
	document("empty body", "")
	document("blank body", " \n")
	document("page", loginPage)
	document("page of XHTML", goodXHTML)
	document("empty object", "{}")
	document("null", "null")
	document("list", "[]")
	document("other element", "<Zzz/>")
	document("error", `<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>`)
	document("error of the Query protocol", `<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>`)
	document("error in JSON", `{"__type":"InternalFailure","message":"x"}`)
	document("half of it", string(x.body[:len(x.body)/2]))
	document("all but the last byte", string(x.body[:len(bytes.TrimSpace(x.body))-1]))
	document("twice", string(x.body)+string(x.body))
	document("text before", "ok "+string(x.body))
	document("text behind", string(x.body)+" ok")
	document("deep element", strings.Repeat("<a>", 5000)+strings.Repeat("</a>", 5000))
	document("deep object", strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000))
	document("no UTF-8", string(x.body[:len(x.body)/2])+"\xff\xfe"+string(x.body[len(x.body)/2:]))
	for _, o := range f.others[x.api] {
		if o.request != x.request && o.status == x.status && !bytes.Equal(o.body, x.body) {
			document("answer to another request", string(o.body))
			break
		}
	}
	for _, api := range []string{"s3:GetBucketVersioning", "kms:DescribeKey", "iam:GetRole"} {
		if o := f.others[api]; api != x.api && len(o) > 0 {
			document("answer of "+api, string(o[0].body))
		}
	}
}

// span is an element of an XML document.
type span struct {
	path             string
	name             string
	from, inner, end int // of its start tag, its content and behind its end tag
	close            int // of its end tag
	leaf, alone      bool
	depth            int
	text             string
}

// spans are the elements of an XML document, each before those in it.
func spans(text []byte) []*span {
	var all, open []*span
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		at := int(d.InputOffset())
		token, err := d.RawToken()
		if err != nil {
			return all
		}
		switch token := token.(type) {
		case xml.StartElement:
			s := &span{path: token.Name.Local, name: token.Name.Local, from: at, inner: int(d.InputOffset()), leaf: true, depth: len(open)}
			if len(open) > 0 {
				open[len(open)-1].leaf = false
				s.path = open[len(open)-1].path + "/" + s.path
			}
			all, open = append(all, s), append(open, s)
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(token)
			}
		case xml.EndElement:
			s := open[len(open)-1]
			open = open[:len(open)-1]
			s.close, s.end = at, int(d.InputOffset())
			s.alone = s.close == s.end // <Empty/>
		}
	}
}

// xml changes each element of a document.
func (f *family) xml() {
	text := f.x.body
	for _, s := range spans(text) {
		put := func(what string, element func() string) {
			f.add(what, s.path, func() []byte { return slices.Concat(text[:s.from], []byte(element()), text[s.end:]) })
		}
		name, whole, inner := s.name, string(text[s.from:s.end]), string(text[s.inner:s.close])
		start := strings.TrimSuffix(strings.TrimSuffix(string(text[s.from:s.inner]), ">"), "/")
		with := func(start, inner, name string) string { return start + ">" + inner + "</" + name + ">" }
		put("renamed", func() string { return with(strings.Replace(start, name, name+"2", 1), inner, name+"2") })
		lower := strings.ToLower(name[:1]) + name[1:]
		if lower == name {
			lower = strings.ToUpper(name[:1]) + name[1:]
		}
		put("in another case", func() string { return with(strings.Replace(start, name, lower, 1), inner, lower) })
		put("unknown attribute of", func() string { return with(start+` zzz="z"`, inner, name) })
		put("another namespace of", func() string { return with(namespace.ReplaceAllString(start, "")+` xmlns="urn:zzz"`, inner, name) })
		put("prefix of", func() string {
			return with(strings.Replace(start, "<", "<z:", 1)+` xmlns:z="urn:zzz"`, inner, "z:"+name)
		})
		put("emptied", func() string { return with(start, "", name) })
		put("unknown sibling of", func() string { return whole + "<Zzz>z</Zzz>" })
		put("unknown sibling before", func() string { return "<Zzz><Y>z</Y></Zzz>" + whole })
		put("doubled", func() string { return whole + whole })
		if !s.leaf || s.alone {
			put("unknown child of", func() string { return with(start, inner+"<Zzz>z</Zzz>", name) })
			put("text in", func() string { return with(start, "zzz"+inner, name) })
		}
		if s.depth == 0 {
			continue
		}
		put("dropped", func() string { return "" })
		if !s.leaf {
			put("doubled by an empty one", func() string { return whole + "<" + name + "/>" })
			continue
		}
		put("unknown value of", func() string { return with(start, "Zzz", name) })
		put("doubled by another", func() string { return whole + with(start, "Zzz", name) })
		put("doubled behind another", func() string { return with(start, "Zzz", name) + whole })
		put("blank before the value of", func() string { return with(start, " "+inner, name) })
		put("child of the value of", func() string { return with(start, inner+"<Zzz/>", name) })
		if id, ok := f.other(s.path, s.text); ok {
			put("another id of", func() string { return with(start, escape(id), name) })
		}
		if document, err := url.PathUnescape(s.text); err == nil && strings.HasPrefix(document, "{") {
			g := &family{x: f.x, policy: true}
			g.json([]byte(document), s.path, func(changed []byte) []byte {
				return slices.Concat(text[:s.inner], []byte(url.PathEscape(string(changed))), text[s.close:])
			})
			f.list = append(f.list, g.list...)
		}
	}
}

// namespace is the declaration of one.
var namespace = regexp.MustCompile(` xmlns="[^"]*"`)

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}

// value is a JSON value with its place, and the order of what is in it.
type value struct {
	name string // of a member; "" = an item, or the document
	path string
	kind byte   // '{', '[', or 0
	raw  string // of kind 0
	in   []*value
}

// parseValue reads a value whose first token is given.
func parseValue(d *json.Decoder, token json.Token, name, path string) *value {
	v := &value{name: name, path: path}
	switch token {
	case json.Delim('{'):
		v.kind = '{'
		for d.More() {
			key, _ := d.Token()
			token, err := d.Token()
			if err != nil {
				return v
			}
			v.in = append(v.in, parseValue(d, token, key.(string), strings.TrimPrefix(path+"/"+key.(string), "/")))
		}
		_, _ = d.Token()
	case json.Delim('['):
		v.kind = '['
		for d.More() {
			token, err := d.Token()
			if err != nil {
				return v
			}
			v.in = append(v.in, parseValue(d, token, "", path))
		}
		_, _ = d.Token()
	default:
		raw, _ := json.Marshal(token)
		v.raw = string(raw)
	}
	return v
}

func parseJSON(text []byte) *value {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	token, err := d.Token()
	if err != nil {
		return nil
	}
	return parseValue(d, token, "", "")
}

// text is the value as JSON, with other text in the place of one value in it, its name
// included; "" leaves that out.
func (v *value) text(at *value, with string) string {
	member := ""
	if v.name != "" {
		name, _ := json.Marshal(v.name)
		member = string(name) + ":"
	}
	if v == at {
		return with
	}
	if v.kind == 0 {
		return member + v.raw
	}
	parts := []string{}
	for _, c := range v.in {
		if part := c.text(at, with); part != "" {
			parts = append(parts, part)
		}
	}
	return member + string(v.kind) + strings.Join(parts, ",") + map[byte]string{'{': "}", '[': "]"}[v.kind]
}

// json changes each member and item of a document; out puts the changed one where it was.
func (f *family) json(text []byte, at string, out func([]byte) []byte) {
	root := parseJSON(text)
	if root == nil || root.kind != '{' {
		return
	}
	var visit func(*value)
	visit = func(v *value) {
		path := strings.TrimPrefix(at+"/"+v.path, "/")
		put := func(what string, element func() string) {
			f.add(what, path, func() []byte { return out([]byte(root.text(v, element()))) })
		}
		named := func(name, value string) string {
			if v.name == "" {
				return value
			}
			key, _ := json.Marshal(name)
			return string(key) + ":" + value
		}
		own := strings.TrimPrefix(v.text(nil, ""), named(v.name, ""))
		if v != root {
			whole := named(v.name, own)
			put("dropped", func() string { return "" })
			put("null for", func() string { return named(v.name, "null") })
			put("emptied", func() string { return named(v.name, map[byte]string{'{': "{}", '[': "[]", 0: `""`}[v.kind]) })
			put("unknown value of", func() string {
				return named(v.name, map[bool]string{true: `"Zzz"`, false: `{"Zzz":1}`}[v.kind == 0 && strings.HasPrefix(own, `"`)])
			})
			put("another type of", func() string {
				return named(v.name, map[bool]string{true: "7", false: `"7"`}[v.kind == 0 && strings.HasPrefix(own, `"`)])
			})
			put("list of", func() string { return named(v.name, "["+own+"]") })
			put("doubled", func() string { return whole + "," + whole })
			if v.name != "" {
				put("doubled by another", func() string { return whole + "," + named(v.name, `"Zzz"`) })
				put("doubled behind another", func() string { return named(v.name, "null") + "," + whole })
				put("renamed", func() string { return named(v.name+"2", own) })
				lower := strings.ToLower(v.name[:1]) + v.name[1:]
				if lower == v.name {
					lower = strings.ToUpper(v.name[:1]) + v.name[1:]
				}
				put("in another case", func() string { return named(lower, own) })
				put("doubled in another case", func() string { return whole + "," + named(strings.ToUpper(v.name), own) })
				put("unknown sibling of", func() string { return whole + `,"Zzz":"z"` })
			}
			var leaf string
			if v.kind == 0 && json.Unmarshal([]byte(own), &leaf) == nil {
				if id, ok := f.other(path, leaf); ok {
					quoted, _ := json.Marshal(id)
					put("another id of", func() string { return named(v.name, string(quoted)) })
				}
				if strings.HasPrefix(leaf, "{") && !f.policy {
					g := &family{x: f.x, policy: true}
					g.json([]byte(leaf), path, func(changed []byte) []byte {
						quoted, _ := json.Marshal(string(changed))
						return out([]byte(root.text(v, named(v.name, string(quoted)))))
					})
					f.list = append(f.list, g.list...)
				}
			}
		}
		for _, c := range v.in {
			visit(c)
		}
	}
	visit(root)
}

// leaves are the values of a document by their paths.
func leaves(text []byte) map[string][]string {
	all := map[string][]string{}
	if len(text) > 0 && text[0] == '{' {
		var visit func(*value)
		visit = func(v *value) {
			var leaf string
			if v.kind == 0 && json.Unmarshal([]byte(v.raw), &leaf) == nil {
				all[v.path] = append(all[v.path], leaf)
			}
			for _, c := range v.in {
				visit(c)
			}
		}
		if root := parseJSON(text); root != nil {
			visit(root)
		}
		return all
	}
	for _, s := range spans(text) {
		if s.leaf && s.text != "" {
			all[s.path] = append(all[s.path], s.text)
		}
	}
	return all
}

// TestChanges: a change changes what it says, and nothing else.
func TestChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, what, path, want string }{
		{`<A x="1"><B>b</B><C/></A>`, "dropped", "A/B", `<A x="1"><C/></A>`},
		{`<A x="1"><B>b</B><C/></A>`, "dropped", "A/C", `<A x="1"><B>b</B></A>`},
		{`<A x="1"><B>b</B><C/></A>`, "renamed", "A", `<A2 x="1"><B>b</B><C/></A2>`},
		{`<A x="1"><B>b</B><C/></A>`, "in another case", "A/B", `<A x="1"><b>b</b><C/></A>`},
		{`<A x="1"><B>b</B><C/></A>`, "unknown child of", "A/C", `<A x="1"><B>b</B><C><Zzz>z</Zzz></C></A>`},
		{`<A><B>%7B%22S%22:1%7D</B></A>`, "dropped", "A/B/S", `<A><B>%7B%7D</B></A>`},
		{`{"A":[{"B":"b"},{"B":"c"}],"N":1.50}`, "dropped", "A", `{"N":1.50}`},
		{`{"A":[{"B":"b"}],"N":1.50}`, "renamed", "A/B", `{"A":[{"B2":"b"}],"N":1.50}`},
		{`{"A":[{"B":"b"}],"N":1.50}`, "doubled", "N", `{"A":[{"B":"b"}],"N":1.50,"N":1.50}`},
		{`{"P":"{\"S\":[1,2]}"}`, "emptied", "P/S", `{"P":"{\"S\":[]}"}`},
	} {
		x := &exchange{api: "x:Y", status: 200, header: http.Header{"Content-Type": {"text/plain"}}, body: []byte(c.body)}
		found := false
		for _, change := range changesOf(x, nil, nil) {
			if change.what != c.what || change.path != c.path || found {
				continue
			}
			found = true
			res := &http.Response{StatusCode: http.StatusOK, Header: x.header.Clone()}
			change.make(res)
			if got, _ := io.ReadAll(res.Body); string(got) != c.want {
				t.Errorf("%s %s of %s: %s, want %s", c.what, c.path, c.body, got, c.want)
			}
		}
		if !found {
			t.Errorf("nothing is %s at %s of %s", c.what, c.path, c.body)
		}
	}
}
