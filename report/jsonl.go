package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"sync"

	"crosscheck/canary/measure"
	"crosscheck/report/internal/wire"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/exactjson"
	"crosscheck/scanner/fact"
)

// maxLine is the longest line of a run file that is read, in bytes.
const maxLine = 16 << 20

// line is one line of a run file: a message as JSON. Lines with the run also
// say which version of the format they are.
type line struct {
	SchemaVersion string               `json:"schema_version,omitempty"`
	Tool          *Tool                `json:"tool,omitempty"`
	Judge         string               `json:"judge,omitempty"`
	Run           *RunJSON             `json:"run,omitempty"`
	Link          *linkLine            `json:"link,omitempty"`
	Finding       *finding.Finding     `json:"finding,omitempty"`
	Measurement   *measure.Measurement `json:"measurement,omitempty"`
	Gap           *fact.Gap            `json:"gap,omitempty"`
	Facts         json.RawMessage      `json:"facts,omitempty"` // a document as a facts file has it
	Judged        *Judged              `json:"judged,omitempty"`
	Repairs       *finding.Repairs     `json:"repairs,omitempty"`
	Coverage      *fact.Coverage       `json:"coverage,omitempty"`
	Past          *Past                `json:"past,omitempty"`
	Summary       *Summary             `json:"summary,omitempty"`
	Digest        string               `json:"digest,omitempty"` // of a judged bucket and of the summary: see digestName
}

// digestName begins a digest in a run file: the SHA-256 of all lines up to the one that has
// it, each without its digest. The summary has one, and so has each bucket that was judged,
// which proves what an interrupted run left. It is made against accidents, not against forgery.
const digestName = "sha256:"

// ErrDigest is the error of a run file whose lines are not those that were written.
var ErrDigest = errors.New("the digest")

// linkLine adds the sentence that the JSON document leaves to the findings and
// that a replayed table needs.
type linkLine struct {
	*finding.Link
	Why string `json:"why"`
}

// runFile is the format jsonl: the messages themselves, in order of arrival.
type runFile struct {
	w   *bufio.Writer
	buf bytes.Buffer
	sum hash.Hash
}

// NewRunFile writes the format jsonl.
func NewRunFile(w io.Writer) Writer { return &runFile{w: bufio.NewWriter(w), sum: sha256.New()} }

func (f *runFile) write(l line) error {
	if err := wire.Encode(&f.buf, l); err != nil {
		return err
	}
	if (l.Facts != nil || l.Repairs != nil) && f.buf.Len() >= maxLine {
		return nil // the run is complete without
	}
	hashLine(f.sum, f.buf.Bytes())
	if l.Summary != nil || l.Judged != nil {
		f.buf.Truncate(f.buf.Len() - len("}"))
		fmt.Fprintf(&f.buf, `,"digest":%q}`, digestOf(f.sum))
	}
	f.buf.WriteByte('\n')
	_, err := f.w.Write(f.buf.Bytes())
	return err
}

// hashLine adds a line without its end.
func hashLine(sum hash.Hash, b []byte) {
	_, _ = sum.Write(b) // a hash takes everything
	_, _ = sum.Write([]byte{'\n'})
}

func digestOf(sum hash.Hash) string { return digestName + hex.EncodeToString(sum.Sum(nil)) }

func (f *runFile) Run(r *Run) error {
	run := r.JSON()
	return f.write(line{SchemaVersion: SchemaVersion, Tool: &r.Tool, Judge: r.Judge, Run: &run})
}

func (f *runFile) Link(l *finding.Link) error {
	return f.write(line{Link: &linkLine{wire.Link(l), l.Why}})
}

func (f *runFile) Finding(v *finding.Finding) error         { return f.write(line{Finding: wire.Finding(v)}) }
func (f *runFile) Measurement(m *measure.Measurement) error { return f.write(line{Measurement: m}) }
func (f *runFile) Gap(g *fact.Gap) error                    { return f.write(line{Gap: g}) }

// Facts keeps the document, unless it is longer than a line may be.
func (f *runFile) Facts(d *fact.Document) error {
	if err := wire.Encode(&f.buf, d); err != nil {
		return err
	}
	return f.write(line{Facts: bytes.Clone(f.buf.Bytes())})
}

func (f *runFile) Judged(j *Judged) error           { return f.write(line{Judged: j}) }
func (f *runFile) Repairs(r *finding.Repairs) error { return f.write(line{Repairs: wire.Repairs(r)}) }
func (f *runFile) Coverage(c *fact.Coverage) error  { return f.write(line{Coverage: c}) }
func (f *runFile) Past(p *Past) error               { return f.write(line{Past: p}) }
func (f *runFile) Summary(s *Summary) error         { return f.write(line{Summary: s}) }

func (f *runFile) Close() error { return f.w.Flush() }

// Replay reads a run file and gives its messages to h. It refuses a file that was
// cut, is of another schema version, or is no run file; h may have received a part
// of it by then.
func Replay(r io.Reader, h Handler) error {
	n, done, err := replay(r, bufio.ScanLines, func(m Message) error { return m.Send(h) })
	switch {
	case err != nil:
		return err
	case !done:
		return fmt.Errorf("run file: it ends after line %d without a summary: the run was interrupted or the file was cut", n)
	}
	return nil
}

// ReadRun reads the beginning of a run file: its run.
func ReadRun(r io.Reader) (*Run, error) {
	var run *Run
	_, _, err := replay(r, bufio.ScanLines, func(m Message) error {
		run = m.Run
		return io.EOF // one is enough
	})
	switch {
	case !errors.Is(err, io.EOF):
		return nil, err
	case run == nil:
		return nil, errors.New("run file, line 1: it does not begin with the run")
	}
	return run, nil
}

// ReplayOnly reads a run file as [Replay] does and gives h the messages of some
// kinds alone, such as "measurement"; other lines are not decoded. The summary is
// among them always.
func ReplayOnly(r io.Reader, h Handler, kinds ...string) error {
	var prefixes [][]byte
	for _, kind := range append(kinds, "summary") {
		prefixes = append(prefixes, []byte(`{"`+kind+`":`))
	}
	in := newLines(r, bufio.ScanLines)
	for in.next() {
		if !slices.ContainsFunc(prefixes, func(p []byte) bool { return bytes.HasPrefix(in.text, p) }) {
			in.pass()
			continue
		}
		if err := in.send(func(m Message) error { return m.Send(h) }); err != nil {
			return err
		}
	}
	switch {
	case in.err() != nil:
		return in.err()
	case !in.done:
		return errors.New("run file: it ends without a summary: the run was interrupted or the file was cut")
	}
	return nil
}

// replay gives the messages of n lines, cut by split, to f; done says that a
// summary ended them, whose digest fits.
func replay(r io.Reader, split bufio.SplitFunc, f func(Message) error) (n int, done bool, err error) {
	in := newLines(r, split)
	for in.next() {
		if in.n == 1 {
			if err := checkHeader(in.text); err != nil {
				return in.n, in.done, in.errorf(err)
			}
		}
		if err := in.send(f); err != nil {
			return in.n, in.done, err
		}
	}
	switch err := in.err(); {
	case err != nil:
		return in.n, in.done, err
	case in.n == 0:
		return in.n, in.done, errors.New("run file: it is empty")
	}
	return in.n, in.done, nil
}

// lines are those of a run file, each in turn.
type lines struct {
	in   *bufio.Scanner
	n    int    // lines so far
	text []byte // the last of them
	sum  hash.Hash
	done bool // it was the summary
}

func newLines(r io.Reader, split bufio.SplitFunc) *lines {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 1<<16), maxLine)
	in.Split(split)
	return &lines{in: in, sum: sha256.New()}
}

func (l *lines) next() bool {
	if !l.in.Scan() {
		return false
	}
	l.n++
	l.text = l.in.Bytes()
	return true
}

// err is why there is no next line, nil at the end.
func (l *lines) err() error {
	switch err := l.in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("run file, line %d: longer than %d MiB: is it a run file?", l.n+1, maxLine>>20)
	case err != nil:
		return fmt.Errorf("run file: %w", err)
	}
	return nil
}

func (l *lines) errorf(err error) error { return fmt.Errorf("run file, line %d: %w", l.n, err) }

// pass goes past a line that is not decoded.
func (l *lines) pass() {
	hashLine(l.sum, withoutDigest(l.text))
	l.done = false
}

// send gives the message of the line to f, a summary only if its digest fits.
func (l *lines) send(f func(Message) error) error {
	m, digest, err := readLine(l.text)
	switch {
	case err != nil:
		return l.errorf(err)
	case l.done:
		return l.errorf(errors.New("something follows the summary: is this two files in one?"))
	case m.Summary == nil && m.Judged == nil && digest != "":
		return l.errorf(errors.New("a digest of something else than a bucket or the summary"))
	case (m.Summary != nil || m.Judged != nil) && digest == "":
		return fmt.Errorf("run file, line %d: %w is missing: it was written by an earlier version of crosscheck, or edited", l.n, ErrDigest)
	}
	hashLine(l.sum, withoutDigest(l.text))
	l.done = m.Summary != nil
	if digest != "" && digest != digestOf(l.sum) {
		return fmt.Errorf("run file, line %d: %w does not fit: the lines up to it are not those that were written", l.n, ErrDigest)
	}
	return f(m)
}

// withoutDigest is a line as it was before its digest was added.
func withoutDigest(text []byte) []byte {
	const name = `,"digest":"` + digestName
	at := len(text) - len(name) - hex.EncodedLen(sha256.Size) - len(`"}`)
	if at > 0 && bytes.HasPrefix(text[at:], []byte(name)) {
		return append(slices.Clone(text[:at]), '}')
	}
	return text
}

var lineShape = sync.OnceValue(exactjson.ShapeOf[line])

// readLine reads a message, and the digest where it has one.
func readLine(b []byte) (Message, string, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	d.UseNumber() // a number of the evidence comes out as it went in
	var l line
	if err := d.Decode(&l); err != nil {
		return Message{}, "", fmt.Errorf("%w: the file may have been cut", err)
	}
	if d.More() {
		return Message{}, "", errors.New("more than one message")
	}
	if err := lineShape().Check(b); err != nil {
		return Message{}, "", err
	}
	m := Message{Finding: l.Finding, Measurement: l.Measurement, Gap: l.Gap, Judged: l.Judged, Repairs: l.Repairs, Coverage: l.Coverage, Past: l.Past, Summary: l.Summary}
	if l.Facts != nil {
		doc, err := fact.DecodeDocument(l.Facts)
		if err != nil {
			return Message{}, "", fmt.Errorf("facts: %w", err)
		}
		m.Facts = doc
	}
	if l.Run != nil {
		if l.SchemaVersion != SchemaVersion || l.Tool == nil {
			return Message{}, "", errors.New("the run lacks its schema version or its tool")
		}
		m.Run = l.Run.run(*l.Tool)
		m.Run.Judge = l.Judge
	}
	if l.Link != nil {
		if l.Link.Link == nil {
			return Message{}, "", errors.New("a link without fields")
		}
		m.Link = l.Link.Link
		m.Link.Why = l.Link.Why
	}
	if fields(m) != 1 {
		return Message{}, "", errors.New("not exactly one message")
	}
	return m, l.Digest, nil
}

// checkHeader refuses files that look like run files and are none.
func checkHeader(b []byte) error {
	var head struct {
		SchemaVersion string `json:"schema_version"`
		Run           *struct {
			SchemaVersion string `json:"schema_version"`
		} `json:"run"`
	}
	err := json.Unmarshal(b, &head)
	switch {
	case err == nil && head.SchemaVersion == SchemaVersion && head.Run != nil:
		return nil
	case err == nil && head.Run != nil && head.Run.SchemaVersion != "":
		return errors.New("this is a facts file: judge it with crosscheck scan --facts FILE")
	case err == nil && head.SchemaVersion != "" && head.Run != nil:
		return fmt.Errorf("schema version %q: this crosscheck reads version %s", text.Visible(head.SchemaVersion), SchemaVersion)
	}
	return errors.New("this is no run file: write one with -o jsonl=FILE")
}

// fields counts the fields of m that are set.
func fields(m Message) int {
	n := 0
	for _, set := range []bool{m.Run != nil, m.Link != nil, m.Finding != nil, m.Measurement != nil, m.Gap != nil, m.Facts != nil, m.Judged != nil, m.Repairs != nil, m.Coverage != nil, m.Past != nil, m.Summary != nil} {
		if set {
			n++
		}
	}
	return n
}

// RunJSON is a run as JSON documents have it, with empty lists in place of nil ones.
type RunJSON struct {
	ID         string       `json:"id"`
	StartedAt  string       `json:"started_at"`
	FinishedAt string       `json:"finished_at"`
	Scope      scopeJSON    `json:"scope"`
	Baseline   *BaselineRun `json:"baseline,omitempty"`
	Calls      []Calls      `json:"calls"`
	With       []string     `json:"with,omitempty"`
}

type scopeJSON struct {
	Mode            string   `json:"mode"`
	Accounts        []string `json:"accounts"`
	ExcludeAccounts []string `json:"exclude_accounts"`
	Buckets         string   `json:"buckets"`
}

// JSON is the run as JSON documents have it.
func (r *Run) JSON() RunJSON {
	return RunJSON{
		ID: r.ID, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Baseline: r.Baseline, Calls: wire.List(r.Calls), With: r.With,
		Scope: scopeJSON{
			Mode: r.Scope.Mode, Accounts: wire.List(r.Scope.Accounts),
			ExcludeAccounts: wire.List(r.Scope.ExcludeAccounts), Buckets: r.Scope.Buckets,
		},
	}
}

// run is the run of a run file, of which other lines have the rest.
func (r RunJSON) run(t Tool) *Run {
	return &Run{
		ID: r.ID, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Tool: t, Baseline: r.Baseline, Calls: r.Calls, With: r.With,
		Scope: fact.Scope{
			Mode: r.Scope.Mode, Accounts: r.Scope.Accounts,
			ExcludeAccounts: r.Scope.ExcludeAccounts, Buckets: r.Scope.Buckets,
		},
	}
}
