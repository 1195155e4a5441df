package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// renderJSON writes the JSON document of schema version 1
// (testdata/schemas/report.schema.json): one link, finding, measurement or gap
// a line, sorted, every array present.
func renderJSON(w io.Writer, r *records, _ Options) error {
	p := jsonPrinter{w: w}
	p.print("{\n  \"schema_version\": ")
	p.value(SchemaVersion)
	p.print(",\n  \"tool\": ")
	p.value(r.run.Tool)
	p.print(",\n  \"run\": ")
	p.value(wireRun(r.run))
	p.print(",\n  \"links\": ")
	p.walked(r.links.texts)
	p.print(",\n  \"findings\": ")
	p.walked(r.findings.texts)
	p.print(",\n  \"past\": ")
	p.walked(r.past.texts)
	p.print(",\n  \"measurements\": ")
	array(&p, "  ", r.measurements)
	p.print(",\n  \"coverage\": {\n    \"accounts\": ")
	p.value(r.coverage.Accounts)
	p.print(",\n    \"buckets\": ")
	p.value(r.coverage.Buckets)
	p.print(",\n    \"links\": ")
	p.value(r.coverage.Links)
	p.print(",\n    \"gaps\": ")
	array(&p, "    ", r.gaps)
	p.print("\n  },\n  \"summary\": ")
	p.value(r.summary)
	p.print("\n}\n")
	return p.err
}

// jsonPrinter writes parts of a document until the first error.
type jsonPrinter struct {
	w   io.Writer
	buf bytes.Buffer
	err error
}

func (p *jsonPrinter) print(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

func (p *jsonPrinter) value(v any) {
	if p.err == nil {
		p.err = encode(&p.buf, v)
	}
	if p.err == nil {
		_, p.err = p.w.Write(p.buf.Bytes())
	}
}

func array[T any](p *jsonPrinter, indent string, items []T) {
	p.print("[")
	for i, v := range items {
		p.item(i, indent)
		p.value(v)
	}
	if len(items) > 0 {
		p.print("\n" + indent)
	}
	p.print("]")
}

// walked is an array of the document itself, of texts that are JSON already.
func (p *jsonPrinter) walked(texts func(func([]byte) error) error) {
	p.print("[")
	i := 0
	err := texts(func(text []byte) error {
		p.item(i, "  ")
		i++
		if p.err == nil {
			_, p.err = p.w.Write(text)
		}
		return p.err
	})
	p.err = cmp.Or(p.err, err)
	if i > 0 {
		p.print("\n  ")
	}
	p.print("]")
}

func (p *jsonPrinter) item(i int, indent string) {
	if i > 0 {
		p.print(",")
	}
	p.print("\n  " + indent)
}

// encode puts v into buf as one line of JSON without HTML escapes. Characters
// that are not seen are escaped, also where JSON does not ask for it: a report
// may be read on a terminal.
func encode(buf *bytes.Buffer, v any) error {
	buf.Reset()
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	buf.Truncate(buf.Len() - 1)
	if b := buf.Bytes(); anyUnseen(b) {
		seen := bytes.Clone(b)
		buf.Reset()
		for len(seen) > 0 {
			c, n := utf8.DecodeRune(seen)
			switch {
			case !unseen(c):
				buf.Write(seen[:n])
			case c > 0xFFFF:
				c -= 0x10000
				fmt.Fprintf(buf, `\u%04x\u%04x`, 0xD800+c>>10, 0xDC00+c&0x3FF)
			default:
				fmt.Fprintf(buf, `\u%04x`, c)
			}
			seen = seen[n:]
		}
	}
	return nil
}

// anyUnseen looks for what unseen reports and steps over ASCII, which most text is.
func anyUnseen(b []byte) bool {
	for i := 0; i < len(b); {
		if b[i] < 0x7F {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if unseen(r) {
			return true
		}
		i += n
	}
	return false
}

func unseen(r rune) bool {
	return r >= 0x7F && (!unicode.IsGraphic(r) || ignorable(r))
}

// The wire types differ from the messages where a nil slice would be null.

type runJSON struct {
	ID         string       `json:"id"`
	StartedAt  string       `json:"started_at"`
	FinishedAt string       `json:"finished_at"`
	Scope      scopeJSON    `json:"scope"`
	Baseline   *BaselineRun `json:"baseline,omitempty"`
	Calls      []Calls      `json:"calls"`
}

type scopeJSON struct {
	Mode            string   `json:"mode"`
	Accounts        []string `json:"accounts"`
	ExcludeAccounts []string `json:"exclude_accounts"`
	Buckets         string   `json:"buckets"`
}

func wireRun(r *Run) runJSON {
	return runJSON{ID: r.ID, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Scope: wireScope(r.Scope), Baseline: r.Baseline, Calls: list(r.Calls)}
}

func wireScope(s fact.Scope) scopeJSON {
	return scopeJSON{Mode: s.Mode, Accounts: list(s.Accounts), ExcludeAccounts: list(s.ExcludeAccounts), Buckets: s.Buckets}
}

func (r runJSON) run(t Tool) *Run {
	return &Run{ID: r.ID, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Tool: t, Baseline: r.Baseline, Calls: r.Calls,
		Scope: fact.Scope{Mode: r.Scope.Mode, Accounts: r.Scope.Accounts, ExcludeAccounts: r.Scope.ExcludeAccounts, Buckets: r.Scope.Buckets}}
}

func wireLink(l *finding.Link) *finding.Link {
	c := *l
	c.FailureCodes = list(c.FailureCodes)
	c.Checks = append([]finding.Check{}, c.Checks...)
	for i := range c.Checks {
		c.Checks[i].Deciding = list(c.Checks[i].Deciding)
		c.Checks[i].UnknownKeys = list(c.Checks[i].UnknownKeys)
	}
	return &c
}

func wireFinding(f *finding.Finding) *finding.Finding {
	c := *f
	c.FailureCodes = list(c.FailureCodes)
	c.Controls = list(c.Controls)
	if c.Evidence == nil {
		c.Evidence = map[string]any{}
	}
	return &c
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
