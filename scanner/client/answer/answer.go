// Package answer says what a whole answer of every API is that crosscheck calls, and
// reads answers by it. An answer that lacks what it must have, or that holds what this
// version does not know, is not a value: the SDK would drop both without a word.
//
// The tables of the APIs are in s3.go, iam.go, organizations.go and kms.go.
package answer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Error is why an answer is not understood. Its text is one line.
type Error struct {
	Code    string // Malformed or NotUnderstood
	Message string
	// Damaged is whether the answer was cut or garbled on its way: another attempt may
	// go better.
	Damaged bool
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Codes of an [Error].
const (
	// Malformed is the code of an answer that is no whole answer to the question.
	Malformed = "Malformed"
	// NotUnderstood is the code of an answer with an element or a value that this
	// version does not know.
	NotUnderstood = "NotUnderstood"
)

func malformed(format string, args ...any) *Error {
	return &Error{Code: Malformed, Message: fmt.Sprintf(format, args...)}
}

func notUnderstood(format string, args ...any) *Error {
	return &Error{Code: NotUnderstood, Message: fmt.Sprintf(format, args...) + "; see whether a newer version of crosscheck does"}
}

func damaged(kind string, err error) *Error {
	return &Error{Code: Malformed, Damaged: true, Message: fmt.Sprintf("the answer is not well-formed %s: %v", kind, err)}
}

// Bounds of every answer. Tables of lists have larger ones: a page of 10,000 buckets has
// about 3 MB, and a replication configuration at most 2 MB.
const (
	maxBytes = 1 << 20
	maxError = 64 << 10 // of an answer that is an error
	maxDepth = 32       // of elements in each other
	maxItems = 1000     // of a list that has no bound of its own
	maxNotes = 20       // of one answer
)

// An Exchange is one request and its answer.
type Exchange struct {
	API    string // "s3:GetBucketReplication"
	Input  any    // the SDK's input of the call, a pointer to a struct; nil = ids are not compared
	Status int
	Header http.Header
	Body   io.Reader
	AWS    bool // whether the request went to an endpoint of AWS, where no [profile] is used
}

// Read reads the body of an answer to its end and compares it with the table of its
// API. data is what was read. notes are the elements that this version does not know,
// at places where they decide nothing: "ListAllMyBucketsResult/Bucket/Shape". The error
// is an [Error]; data is nil then. The bytes of an object are not read: data is nil, and
// so is the error. An API that no table names is an error.
func Read(x Exchange) (data []byte, notes []string, err error) {
	shape, ok := tables[x.API]
	switch {
	case !ok:
		return nil, nil, malformed("no table says what %s answers", x.API)
	case shape.kind == stream && x.Status < 300:
		return nil, nil, nil
	}
	r := &reader{shape: shape, x: &x, subject: "the answer of " + x.API, limit: maxBytes, profile: profileOf(&x)}
	if shape.limit > 0 {
		r.limit = shape.limit
	}
	if x.Status >= 300 {
		r.limit = maxError
	}
	if err := r.read(); err != nil {
		return nil, nil, err
	}
	return r.data, r.notes, nil
}

// table is what each API answers. Sources: the page of the API in the reference of its
// service, and the service's model in aws-sdk-go-v2.
type table map[string]*shape

var tables = func() table {
	t := table{}
	t.s3()
	t.iam()
	t.organizations()
	t.kms()
	t.cloudWatch()
	t.securityHub()
	return t
}()

// Root is the name of the root element of an API's answer, "" where it is no XML document.
func Root(api string) string {
	if s := tables[api]; s != nil && s.kind == xmlDocument {
		return s.root.name
	}
	return ""
}

// kind is what a body is.
type kind int

const (
	xmlDocument kind = iota
	jsonDocument
	policyDocument // a policy
	empty          // no body
	stream         // bytes of an object, read by the caller
)

// shape is what an API answers.
type shape struct {
	kind    kind
	status  []int // of success; none = 200
	limit   int64 // bytes of the body; 0 = maxBytes
	headers []*node
	root    *node // XML: the root element; JSON: the members of the object
	errors  *node // of an answer that is an error
}

// largeBytes is the size from which on an answer is one of the few large ones that are
// read at a time: 64 calls at a time must not take the bound of an answer each.
const largeBytes = 256 << 10

var largeOnes = make(chan struct{}, 3)

type reader struct {
	shape   *shape
	x       *Exchange
	profile *profile
	limit   int64
	data    []byte // what came of the body
	at      int    // how much of it the document's decoder took
	end     error  // what follows data: io.EOF, the bound, or a connection that broke off
	whole   bool   // whether it is io.EOF
	notes   []string
	subject string // what is read, in messages
	last    string // value that was read last
	text    []byte // of the leaf of XML that is being read
}

// fetch reads the body to its end, or until it is longer than it may be. release lets
// another large answer in; it is to be called once the answer was read.
func (r *reader) fetch() (release func()) {
	release = func() {}
	if n, err := strconv.ParseInt(r.x.Header.Get("Content-Length"), 10, 64); err == nil && n >= 0 && n < largeBytes {
		r.data = make([]byte, 0, n+1) // one more, so that the end is seen without another
	}
	for r.end == nil {
		if len(r.data) == cap(r.data) {
			r.data = slices.Grow(r.data, max(512, len(r.data)))
		}
		n, err := r.x.Body.Read(r.data[len(r.data):cap(r.data)])
		r.data = r.data[:len(r.data)+n]
		if before := len(r.data) - n; before <= largeBytes && len(r.data) > largeBytes {
			largeOnes <- struct{}{}
			release = func() { <-largeOnes }
		}
		switch {
		case int64(len(r.data)) > r.limit:
			r.end = malformed("%s is longer than %d bytes", r.subject, r.limit)
			r.data = r.data[:r.limit]
		case errors.Is(err, io.EOF):
			r.end, r.whole = io.EOF, true
		case err != nil:
			r.end = &brokenOff{err}
		}
	}
	return release
}

// Read gives the next bytes of the body.
func (r *reader) Read(p []byte) (int, error) {
	if r.at == len(r.data) {
		return 0, r.end
	}
	n := copy(p, r.data[r.at:])
	r.at += n
	return n, nil
}

// ReadByte gives the next byte of the body: a decoder of XML needs no buffer then.
func (r *reader) ReadByte() (byte, error) {
	if r.at == len(r.data) {
		return 0, r.end
	}
	r.at++
	return r.data[r.at-1], nil
}

// brokenOff is the error of a connection that ended in the middle of an answer.
type brokenOff struct{ err error }

func (e *brokenOff) Error() string { return "the answer broke off: " + innermost(e.err).Error() }

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// read reads an answer to its end, and checks it.
func (r *reader) read() error {
	defer r.fetch()()
	wrong := r.document()
	var broken *brokenOff
	switch {
	case r.whole && wrong == nil:
		return nil
	case errors.As(r.end, &broken):
		return &Error{Code: "NoAnswer", Damaged: true, Message: broken.Error()}
	case !r.whole:
		return cmp.Or(wrong, r.end)
	}
	// Damage counts first: another attempt may go better.
	return cmp.Or(r.damage(), wrong)
}

// damage is the error of a document that is not well-formed, or nil.
func (r *reader) damage() error {
	isJSON := r.shape.kind == jsonDocument || r.shape.kind == policyDocument
	if r.x.Status >= 300 {
		isJSON = r.shape.errors != nil && r.shape.errors.json
	}
	switch {
	case isJSON && json.Valid(r.data):
	case isJSON:
		return damaged("JSON", io.ErrUnexpectedEOF)
	case r.shape.kind != empty || r.x.Status >= 300:
		d := xml.NewDecoder(bytes.NewReader(r.data))
		for elements, depth := 0, 0; ; {
			token, err := d.Token()
			switch {
			case errors.Is(err, io.EOF) && elements > 0:
				return nil
			case err != nil:
				return r.broken(err)
			}
			switch token.(type) {
			case xml.StartElement:
				elements++
				if depth++; depth > maxDepth {
					return nil // the decoder keeps every open element
				}
			case xml.EndElement:
				depth--
			}
		}
	}
	return nil
}

func (r *reader) document() error {
	s := r.shape
	switch status := r.x.Status; {
	case status >= 400 && status < 500:
		return r.failure()
	case status >= 300:
		return nil // the SDK repeats it, or says what is wrong
	case !r.succeeded(status):
		return malformed("%s is answered with the status %d, which is not one of its answers", r.x.API, status)
	}
	if err := r.checkHeaders(); err != nil {
		return err
	}
	switch s.kind {
	case jsonDocument, policyDocument:
		return r.readJSON(s.root)
	case empty:
		return r.nothing()
	default:
		return r.readXML(s.root)
	}
}

func (r *reader) succeeded(status int) bool {
	if len(r.shape.status) == 0 {
		return status == http.StatusOK
	}
	return slices.Contains(r.shape.status, status)
}

// failure reads an answer that is an error: its code decides between absent and unknown.
func (r *reader) failure() error {
	if r.shape.errors == nil { // of HEAD: no body
		return nil
	}
	if r.shape.errors.json {
		return r.readJSON(r.shape.errors)
	}
	return r.readXML(r.shape.errors)
}

// nothing refuses a body where there is none.
func (r *reader) nothing() error {
	b := make([]byte, 64)
	n, err := io.ReadFull(r, b)
	switch {
	case n > 0:
		return malformed("%s is answered with a document, and has none: %s", r.x.API, quote(string(b[:n])))
	case err != nil && !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// checkHeaders compares the type of the content, and the headers that the table names.
func (r *reader) checkHeaders() error {
	if t := r.x.Header.Get("Content-Type"); t != "" && !r.profile.anyContentType {
		media, _, err := mime.ParseMediaType(t)
		want := map[kind]string{xmlDocument: "xml", jsonDocument: "json", policyDocument: "json"}[r.shape.kind]
		if want != "" && (err != nil || !strings.Contains(media, want)) {
			return malformed("%s is answered with a document of the type %s", r.x.API, quote(t))
		}
	}
	for _, n := range r.shape.headers {
		values := r.x.Header.Values(n.name)
		switch {
		case len(values) == 0 && n.least > 0 && !r.profile.lacks(n.name):
			return malformed("%s has no header %s", r.subject, n.name)
		case len(values) > 1:
			return malformed("%s has the header %s %d times", r.subject, n.name, len(values))
		case len(values) == 1:
			if err := r.checkValue(n, n.name, values[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

// quote shows text from outside in a message, cut to 60 bytes.
func quote(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
