package repair

import (
	"bytes"
	"encoding/json"
	"slices"

	"crosscheck/report/internal/wire"
	"crosscheck/rules/finding"
)

// toJSON writes the repairs as they are, with the documents as JSON beside their texts.
func toJSON(p *plan, _ bool) ([]file, error) {
	type whole struct {
		finding.Change
		Document json.RawMessage `json:"document"` // the text after the change, null where it is no JSON
	}
	out := struct {
		Changes   []whole            `json:"changes"`
		Fixes     []finding.Fix      `json:"fixes"`
		Decisions []finding.Decision `json:"decisions"`
	}{[]whole{}, slices.Clone(wire.List(p.Fixes)), slices.Clone(wire.List(p.Decisions))}
	for _, c := range p.Changes {
		one := whole{Change: c}
		one.Patch, one.Links, one.Rests = wire.List(c.Patch), wire.List(c.Links), wire.List(c.Rests)
		one.Edits = slices.Clone(wire.List(c.Edits))
		for i := range one.Edits {
			one.Edits[i].Values, one.Edits[i].Findings = wire.List(one.Edits[i].Values), wire.List(one.Edits[i].Findings)
		}
		if after := []byte(c.After); json.Valid(after) {
			one.Document = after
		}
		out.Changes = append(out.Changes, one)
	}
	for i := range out.Fixes {
		out.Fixes[i].Changes = wire.List(out.Fixes[i].Changes)
	}
	for i := range out.Decisions {
		out.Decisions[i].Findings = wire.List(out.Decisions[i].Findings)
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
