package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"crosscheck/scanner/client/answer"
)

// PolicyText is a policy document as AWS stores it: one JSON object of the members that
// policies have. AWS refuses to store anything else, so anything else is not the policy.
func PolicyText(kind answer.PolicyKind, text string) (string, error) {
	data := bytes.TrimSpace([]byte(text))
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return "", Malformed("the policy is no JSON object, or not whole")
	}
	if !utf8.ValidString(text) {
		return "", Malformed("the policy is not UTF-8, as every policy is that AWS stores")
	}
	var problem *answer.Error
	if errors.As(answer.Policy(kind, text), &problem) {
		return "", &Failure{Code: problem.Code, Message: problem.Message}
	}
	return text, nil
}
