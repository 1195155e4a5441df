package fact

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"crosscheck/scanner/exactjson"
)

// Writer writes messages as JSON lines. The stream must begin with the run and
// end with the coverage; every line is written at once, so that what was read
// before a crash is kept.
type Writer struct {
	w    io.Writer
	line bytes.Buffer
	enc  *json.Encoder
	order
	tally
}

// NewWriter writes to w.
func NewWriter(w io.Writer) *Writer {
	fw := &Writer{w: w}
	fw.enc = json.NewEncoder(&fw.line)
	fw.enc.SetEscapeHTML(false)
	return fw
}

// Write writes one message. It refuses one that has no field set or several, and one
// that is out of order.
func (w *Writer) Write(m Message) error {
	if err := w.next(m); err != nil {
		return err
	}
	w.count(m)
	if m.Coverage != nil {
		c := *m.Coverage
		c.Lines = &w.lines
		m.Coverage = &c
	}
	w.line.Reset()
	if err := w.enc.Encode(m); err != nil {
		return err
	}
	_, err := w.w.Write(w.line.Bytes())
	return err
}

// order checks the order of a stream's messages.
type order struct{ begun, ended bool }

func (o *order) next(m Message) error {
	set := 0
	for _, is := range []bool{m.Run != nil, m.Gap != nil, m.Document != nil, m.Coverage != nil} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return errors.New("a message has exactly one of run, gap, document and coverage")
	case o.ended:
		return errors.New("nothing may follow the coverage")
	case !o.begun && m.Run == nil:
		return errors.New("the first line must be the run")
	case o.begun && m.Run != nil:
		return errors.New("there is more than one run")
	case m.Run != nil && m.Run.SchemaVersion != SchemaVersion:
		return versionError(m.Run.SchemaVersion)
	case m.Document != nil && m.Document.SchemaVersion != SchemaVersion:
		return versionError(m.Document.SchemaVersion)
	}
	o.begun, o.ended = true, m.Coverage != nil
	return nil
}

func versionError(v string) error {
	return fmt.Errorf("schema version %q is not %q, the one that this version of crosscheck reads", v, SchemaVersion)
}

// maxLine is the size of the longest line that is read, in bytes.
const maxLine = 16 << 20

// Reader reads a facts file. Its errors name the file and the line. A line longer than
// 16 MiB is an error, which is found while the line is read.
type Reader struct {
	name  string
	r     *bufio.Reader
	long  []byte // a line that is longer than the buffer of r
	line  int
	seen  map[string]int // line of each bucket's document, by ARN
	gaps  once           // that were given
	ready []Message      // to be given before more is read
	order
	tally
}

// NewReader reads from r; errors begin with name.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{name: name, r: bufio.NewReaderSize(r, 1<<16), seen: map[string]int{}, gaps: newOnce()}
}

// Next is the next message, or io.EOF after the coverage. A stream that ends
// without its coverage, or in the middle of a line, was cut: that is an error,
// since what is not there was not judged. What the coverage claims or a document refers
// to, and the file does not have, is a gap, which comes before the coverage or the
// document; what the coverage does not know is an error.
func (r *Reader) Next() (Message, error) {
	if len(r.ready) == 0 {
		m, err := r.read()
		if err != nil {
			return Message{}, err
		}
		if err := r.whole(m); err != nil {
			return Message{}, r.errorf(err)
		}
	}
	m := r.ready[0]
	r.ready = r.ready[1:]
	return m, nil
}

// whole makes a message ready, after the gaps of what it should come with.
func (r *Reader) whole(m Message) (err error) {
	var gaps []Gap
	switch {
	case m.Document != nil:
		if gaps, err = m.Document.agree(); err != nil {
			return err
		}
		r.lost = r.lost || len(gaps) > 0
	case m.Coverage != nil:
		if gaps, err = r.settle(m.Coverage); err != nil {
			return err
		}
	case m.Gap != nil:
		r.gaps.first(m.Gap)
	}
	r.count(m)
	r.ready = r.ready[:0]
	for i := range gaps {
		if r.gaps.first(&gaps[i]) {
			r.ready = append(r.ready, Message{Gap: &gaps[i]})
		}
	}
	r.ready = append(r.ready, m)
	return nil
}

// read is the next message as the file has it.
func (r *Reader) read() (Message, error) {
	for {
		line, err := r.readLine()
		if errors.Is(err, bufio.ErrTooLong) {
			return Message{}, fmt.Errorf("%s:%d: the line is longer than %d MiB: is it a facts file?", r.name, r.line+1, maxLine>>20)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return Message{}, fmt.Errorf("%s: %w", r.name, err)
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			switch {
			case r.ended:
				return Message{}, io.EOF
			case r.line == 0:
				return Message{}, fmt.Errorf("%s is empty: it is not a facts file", r.name)
			}
			return Message{}, fmt.Errorf("%s was cut: it ends after line %d without its coverage line", r.name, r.line)
		}
		r.line++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var m Message
		if err := decode(line, &m, messageShape()); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return Message{}, fmt.Errorf("%s:%d: the file was cut in the middle of this line", r.name, r.line)
			}
			return Message{}, r.errorf(err)
		}
		if err := r.next(m); err != nil {
			return Message{}, r.errorf(err)
		}
		if err := r.once(m.Document); err != nil {
			return Message{}, r.errorf(err)
		}
		return m, nil
	}
}

var (
	messageShape  = sync.OnceValue(exactjson.WholeShapeOf[Message])
	documentShape = sync.OnceValue(exactjson.WholeShapeOf[Document])
)

// decode reads JSON with facts in it as strictly as they must be read: nothing that is not
// understood may pass for knowledge.
func decode(data []byte, v any, shape *exactjson.Shape) error {
	if err := strict(data, v); err != nil {
		return err
	}
	if err := shape.Check(data); err != nil {
		return err
	}
	if bytes.Contains(data, []byte(`"value":null`)) { // inside a string its quotes would be escaped
		return errors.New("the value of a fact is null: leave it out where nothing was read")
	}
	return consistent(reflect.ValueOf(v))
}

// DecodeDocument reads a document outside of a facts file as strictly as a [Reader] does
// one in it. What the document refers to and does not have is a gap in it.
func DecodeDocument(data []byte) (*Document, error) {
	var d Document
	if err := decode(data, &d, documentShape()); err != nil {
		return nil, errors.New(plain(err))
	}
	if d.SchemaVersion != SchemaVersion {
		return nil, versionError(d.SchemaVersion)
	}
	if _, err := d.agree(); err != nil {
		return nil, err
	}
	return &d, nil
}

// readLine reads up to the next line end. What it gives is valid until the next call.
func (r *Reader) readLine() ([]byte, error) {
	part, err := r.r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return part, err
	}
	r.long = r.long[:0]
	for {
		if r.long = append(r.long, part...); len(r.long) > maxLine {
			return nil, bufio.ErrTooLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return r.long, err
		}
		part, err = r.r.ReadSlice('\n')
	}
}

// once refuses a second document of one bucket.
func (r *Reader) once(d *Document) error {
	if d == nil || d.Bucket.ARN == "" {
		return nil
	}
	if first, ok := r.seen[d.Bucket.ARN]; ok {
		return fmt.Errorf("document.bucket.arn: %q has a document on line %d already", d.Bucket.ARN, first)
	}
	r.seen[d.Bucket.ARN] = r.line
	return nil
}

func (r *Reader) errorf(err error) error {
	return fmt.Errorf("%s:%d: %s", r.name, r.line, plain(err))
}

// plain says what encoding/json found in the words of the file.
func plain(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return "this is not JSON: " + err.Error()
	case errors.As(err, &kind):
		return strings.TrimSpace(fmt.Sprintf("%s cannot be a JSON %s", kind.Field, kind.Value))
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
