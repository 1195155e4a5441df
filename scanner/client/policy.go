package client

import (
	"bytes"
	"encoding/json"
	"strings"
)

// PolicyText is a policy document as AWS stores it: one JSON object. AWS refuses
// to store anything else, so anything else is not the policy.
func PolicyText(text string) (string, error) {
	data := bytes.TrimSpace([]byte(text))
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return "", Malformed("the policy is no JSON object, or not whole")
	}
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}
