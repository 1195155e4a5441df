// Package json writes a run as one JSON document, sorted, a message a line.
package json

import (
	"bytes"
	"io"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/wire"
	"crosscheck/rules/finding"
)

// Render writes the JSON document of schema version 2
// (testdata/schemas/report.schema.json): one link, finding, measurement or gap
// a line, sorted, every array present.
func Render(w io.Writer, r *records.Run) error {
	p := wire.Printer{W: w}
	p.Print("{\n  \"schema_version\": ")
	p.Value(report.SchemaVersion)
	p.Print(",\n  \"tool\": ")
	p.Value(r.Tool)
	p.Print(",\n  \"run\": ")
	p.Value(r.Run.JSON())
	p.Print(",\n  \"links\": ")
	p.Walked(r.Links.Texts)
	p.Print(",\n  \"findings\": ")
	p.Walked(r.Findings.Texts)
	repairs(&p, r)
	p.Print(",\n  \"past\": ")
	p.Walked(r.Past.Texts)
	p.Print(",\n  \"measurements\": ")
	wire.Array(&p, "  ", r.Measurements)
	p.Print(",\n  \"coverage\": {\n    \"accounts\": ")
	p.Value(r.Coverage.Accounts)
	p.Print(",\n    \"buckets\": ")
	p.Value(r.Coverage.Buckets)
	p.Print(",\n    \"links\": ")
	p.Value(r.Coverage.Links)
	if a := r.Coverage.Additions; len(a) > 0 {
		p.Print(",\n    \"additions\": ")
		p.Value(a)
	}
	p.Print(",\n    \"gaps\": ")
	wire.Array(&p, "    ", r.Gaps)
	p.Print("\n  },\n  \"summary\": ")
	p.Value(r.Summary)
	p.Print("\n}\n")
	return p.Err
}

// repairs writes the changes, fixes and decisions of all repairs as three lists: indexes of
// changes count through all of them.
func repairs(p *wire.Printer, r *records.Run) {
	var buf bytes.Buffer
	list := func(name string, of func(x *finding.Repairs, before int) []any) {
		p.Print(",\n  \"" + name + "\": ")
		p.Walked(func(f func([]byte) error) error {
			before := 0
			return r.Repairs.Each(func(x *finding.Repairs) error {
				for _, v := range of(x, before) {
					if err := wire.Encode(&buf, v); err != nil {
						return err
					}
					if err := f(buf.Bytes()); err != nil {
						return err
					}
				}
				before += len(x.Changes)
				return nil
			})
		})
	}
	list("changes", func(x *finding.Repairs, _ int) []any { return anys(x.Changes) })
	list("fixes", func(x *finding.Repairs, before int) []any {
		for i := range x.Fixes {
			for k := range x.Fixes[i].Changes {
				x.Fixes[i].Changes[k] += before
			}
		}
		return anys(x.Fixes)
	})
	list("decisions", func(x *finding.Repairs, _ int) []any { return anys(x.Decisions) })
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// The wire types differ from the messages where a nil slice would be null.
