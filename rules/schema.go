package rules

import (
	"encoding/json"
	"sync"

	"crosscheck/scanner/fact"
)

// inputSchema is the JSON schema of a document, against which rules are type
// checked: a misspelled fact is an error and not silence.
var inputSchema = sync.OnceValue(func() any {
	var schema any
	if err := json.Unmarshal(fact.DocumentSchema(), &schema); err != nil {
		panic("rules: the schema of a document is no JSON: " + err.Error())
	}
	return schema
})
