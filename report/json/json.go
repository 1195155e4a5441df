// Package json writes a run as one JSON document, sorted, a message a line.
package json

import (
	"io"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/wire"
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

// The wire types differ from the messages where a nil slice would be null.
