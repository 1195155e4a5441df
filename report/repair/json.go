package repair

import (
	"bytes"
	"encoding/json"

	"crosscheck/report/internal/wire"
	"crosscheck/rules/finding"
)

// toJSON writes the repairs as they are, with the documents as JSON beside their texts
// (testdata/schemas/repairs.schema.json).
func toJSON(p *plan, _ bool) ([]file, error) {
	type whole struct {
		finding.Change
		Document json.RawMessage `json:"document"` // the text after the change, null where it is no JSON
	}
	r := wire.Repairs(p.Repairs)
	out := struct {
		Version   string             `json:"schema_version"`
		Changes   []whole            `json:"changes"`
		Fixes     []finding.Fix      `json:"fixes"`
		Decisions []finding.Decision `json:"decisions"`
	}{"1", []whole{}, r.Fixes, r.Decisions}
	for _, c := range r.Changes {
		one := whole{Change: c}
		if after := []byte(c.After); json.Valid(after) {
			one.Document = after
		}
		out.Changes = append(out.Changes, one)
	}
	var line, b bytes.Buffer
	if err := wire.Encode(&line, out); err != nil {
		return nil, err
	}
	if err := json.Indent(&b, line.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	return []file{{"repairs.json", b.String() + "\n"}}, nil
}
