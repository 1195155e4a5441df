package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"crosscheck/scanner/client/answer"
)

// PolicyText is a policy document as AWS stores it: one JSON object of the members that
// policies have. AWS refuses to store anything else, so anything else is not the policy.
func PolicyText(kind answer.PolicyKind, text string) (string, error) {
	data := bytes.TrimSpace([]byte(text))
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return "", Malformed("the policy is no JSON object, or not whole")
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	var problem *answer.Error
	if errors.As(answer.Policy(kind, text), &problem) {
		return "", &Failure{Code: problem.Code, Message: problem.Message}
	}
	return text, nil
}
