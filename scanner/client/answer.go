package client

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer is the most bytes that an answer may hold. The largest that AWS documents
// is a page of 10,000 buckets, about 3 MB.
const maxAnswer = 64 << 20

// PolicyDocument is the kind of an answer that is a policy, in [Options.Answers].
const PolicyDocument = "policy"

// Kinds of answers that are not named by the root element of an XML document.
const (
	unchecked  = ""
	jsonObject = "JSON"
)

// answerOf is what an operation answers with: the name of a root element, or a kind.
func (o *Options) answerOf(service, operation string) string {
	switch service {
	case "Organizations", "KMS":
		return jsonObject
	case "IAM", "STS":
		return operation + "Response"
	case "S3 Control", "S3":
		return o.Answers[apiName(service, operation)]
	}
	return unchecked
}

// checkAnswer reads the body whole and refuses one that is not the document that
// the operation answers with. Another document is refused for good; one that is
// cut or garbled is worth another attempt.
func (o *Options) checkAnswer(service, operation string, response *smithyhttp.Response) error {
	kind := o.answerOf(service, operation)
	if kind == unchecked {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	_ = response.Body.Close() // read to its end, or broken
	response.Body = io.NopCloser(bytes.NewReader(data))
	switch {
	case err != nil:
		return &Failure{Code: "NoAnswer", Message: "the answer broke off: " + Innermost(err).Error(), retry: true}
	case len(data) > maxAnswer:
		return Malformed("the answer is longer than %d bytes", maxAnswer)
	}
	switch status := response.StatusCode; {
	case status >= 400 && status < 500:
		// An error's code decides between "absent" and "unknown".
		if kind == jsonObject {
			return checkJSON(data)
		}
		_, err := rootElement(data)
		return err
	case status < 200 || status >= 300:
		return nil
	case kind == jsonObject, kind == PolicyDocument:
		return checkJSON(data)
	}
	root, err := rootElement(data)
	// Moto names some documents after the operation: an answer to the question all the same.
	if err == nil && root != kind && root != operation+"Response" {
		err = Malformed("the answer is a %s document, not a %s", Clip(root), kind)
	}
	return err
}

// rootElement reads an XML document to its end and names its root.
func rootElement(data []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	root, depth := "", 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", garbled("XML", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 && root == "" {
				root = t.Name.Local
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
	if root == "" || depth != 0 {
		return "", garbled("XML", io.ErrUnexpectedEOF)
	}
	return root, nil
}

// checkJSON refuses what is not one JSON object.
func checkJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return garbled("JSON", errors.New("no object, or not whole"))
	}
	return nil
}

// garbled is the error of an answer that was damaged on its way: worth another attempt.
func garbled(kind string, err error) error {
	return &Failure{Code: "Malformed", Message: fmt.Sprintf("the answer is not well-formed %s: %v", kind, err), retry: true}
}

// PolicyText is a policy document as AWS stores it: one JSON object. AWS refuses
// to store anything else, so anything else is not the policy.
func PolicyText(text string) (string, error) {
	if err := checkJSON([]byte(text)); err != nil {
		return "", err
	}
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}
