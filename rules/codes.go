package rules

import (
	_ "embed"
	"encoding/json"
	"slices"
	"sync"
)

//go:embed codes.json
var codesJSON []byte

// Code is one of S3's replication failure codes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-failure-codes.html
type Code struct {
	Code string `json:"code"`
	// Predictable is one or two of Y (configuration decides), P (policies decide), O
	// (depends on the objects), R (a race at run time), B (Batch Replication only).
	Predictable string   `json:"predictable"`
	Decides     string   `json:"decides"`         // what decides it
	With        string   `json:"with,omitempty"`  // the code that S3 gives instead: the same cause, met first
	Rules       []string `json:"rules,omitempty"` // ids of the rules that predict it
}

var readCodes = sync.OnceValues(func() ([]Code, map[string]int) {
	var list []Code
	if err := json.Unmarshal(codesJSON, &list); err != nil {
		panic("rules: codes.json: " + err.Error())
	}
	index := make(map[string]int, len(list))
	for i, c := range list {
		index[c.Code] = i
	}
	return list, index
})

func codeOf(name string) (Code, bool) {
	list, index := readCodes()
	i, ok := index[name]
	if !ok {
		return Code{}, false
	}
	return list[i], true
}

// Codes lists all failure codes, sorted, with the rules of the engine that predict them.
func (e *Engine) Codes() []Code {
	list, _ := readCodes()
	list = slices.Clone(list)
	for i := range list {
		for _, r := range e.rules {
			if slices.Contains(r.FailureCodes, list[i].Code) || list[i].With != "" && slices.Contains(r.FailureCodes, list[i].With) {
				list[i].Rules = append(list[i].Rules, r.ID)
			}
		}
	}
	return list
}
