package fact

import (
	_ "embed"
	"encoding/json"
	"sync"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON schema (draft 2020-12) of one line of a facts file.
func Schema() []byte { return schema }

// DocumentSchema is the JSON schema of a [Document] alone, which is what rules
// are given as their input.
var DocumentSchema = sync.OnceValue(func() []byte {
	var whole struct {
		Schema string          `json:"$schema"`
		Defs   json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(schema, &whole); err != nil {
		panic("fact: schema.json: " + err.Error()) // embedded, and tested
	}
	out, err := json.Marshal(map[string]any{"$schema": whole.Schema, "$ref": "#/$defs/document", "$defs": whole.Defs})
	if err != nil {
		panic("fact: schema.json: " + err.Error())
	}
	return out
})
