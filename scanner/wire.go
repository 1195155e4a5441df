package scanner

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxBody is the most that an answer may hold. The largest that AWS documents
// is a page of 10,000 buckets, about 3 MB.
const maxBody = 64 << 20

// addWireChecks adds to a client's stack what the SDK leaves open: a bound on the
// attempts that are on their way (a call that waits before it tries again takes
// no slot), a deadline for each, and a look at the body before anything is made
// of it. The SDK takes an empty body, or a document about something else, for an answer
// with nothing in it; here that would turn "could not be read" into "is not there".
func addWireChecks(stack *middleware.Stack, slots chan struct{}, attempt time.Duration) error {
	deadline := middleware.DeserializeMiddlewareFunc("crosscheck.Deadline",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				return middleware.DeserializeOutput{}, middleware.Metadata{}, ctx.Err()
			}
			limited, cancel := context.WithTimeout(ctx, attempt)
			defer cancel()
			out, md, err := next.HandleDeserialize(limited, in)
			if err != nil && limited.Err() != nil && ctx.Err() == nil {
				// Not wrapped: the SDK does not retry what was canceled.
				err = &answerError{code: "Timeout", message: fmt.Sprintf("no answer within %v", attempt), retry: true}
			}
			return out, md, err
		})
	body := middleware.DeserializeMiddlewareFunc("crosscheck.Body",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, md, err := next.HandleDeserialize(ctx, in)
			if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
				err = checkBody(middleware.GetServiceID(ctx), middleware.GetOperationName(ctx), response)
			}
			return out, md, err
		})
	if err := stack.Deserialize.Add(deadline, middleware.Before); err != nil {
		return err
	}
	return stack.Deserialize.Add(body, middleware.After)
}

// answerError is an answer that is none: it did not come, broke off, or is not
// what was asked for.
type answerError struct {
	code    string // Timeout, NoAnswer, Malformed
	message string
	retry   bool
}

func (e *answerError) Error() string        { return e.message }
func (e *answerError) RetryableError() bool { return e.retry }

// checkBody reads the body whole and refuses one that is not the document that
// the operation answers with. Another document is refused for good; one that is
// cut or garbled is worth another attempt.
func checkBody(service, operation string, response *smithyhttp.Response) error {
	kind := bodyOf(service, operation)
	if kind == bodyNone {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	_ = response.Body.Close() // read to its end, or broken
	response.Body = io.NopCloser(bytes.NewReader(data))
	switch {
	case err != nil:
		return &answerError{code: "NoAnswer", message: "the answer broke off: " + innermost(err).Error(), retry: true}
	case len(data) > maxBody:
		return &answerError{code: "Malformed", message: fmt.Sprintf("the answer is longer than %d bytes", maxBody)}
	}
	switch status := response.StatusCode; {
	case status >= 400 && status < 500:
		// An error's code decides between "absent" and "unknown".
		if kind == bodyJSON {
			return wellFormedJSON(data)
		}
		_, err := rootElement(data)
		return err
	case status < 200 || status >= 300:
		return nil
	case kind == bodyJSON:
		return wellFormedJSON(data)
	case kind == bodyPolicy:
		_, err := policyText(string(data))
		return err
	}
	root, err := rootElement(data)
	// Moto names some documents after the operation: an answer to the question all the same.
	if err == nil && root != kind && root != operation+"Response" {
		err = &answerError{code: "Malformed", message: fmt.Sprintf("the answer is a %s document, not a %s", clip(root), kind)}
	}
	return err
}

// Kinds of bodies beside XML documents, which are named by their root element.
const (
	bodyNone   = "none"
	bodyJSON   = "JSON"
	bodyPolicy = "policy"
)

// bodyOf is what an operation answers with: the name of a root element, or one
// of the kinds above. Operations that are not listed are not looked at.
func bodyOf(service, operation string) string {
	switch service {
	case "Organizations", "KMS":
		return bodyJSON
	case "IAM", "STS":
		return operation + "Response"
	case "S3 Control", "S3":
		if kind, ok := rootElements[operation]; ok {
			return kind
		}
	}
	return bodyNone
}

var rootElements = map[string]string{
	"GetBucketEncryption":                "ServerSideEncryptionConfiguration",
	"GetBucketLifecycleConfiguration":    "LifecycleConfiguration",
	"GetBucketNotificationConfiguration": "NotificationConfiguration",
	"GetBucketOwnershipControls":         "OwnershipControls",
	"GetBucketPolicy":                    bodyPolicy,
	"GetBucketReplication":               "ReplicationConfiguration",
	"GetBucketRequestPayment":            "RequestPaymentConfiguration",
	"GetBucketTagging":                   "Tagging",
	"GetBucketVersioning":                "VersioningConfiguration",
	"GetObjectLockConfiguration":         "ObjectLockConfiguration",
	"GetPublicAccessBlock":               "PublicAccessBlockConfiguration",
	"ListBuckets":                        "ListAllMyBucketsResult",
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
			return "", malformed("XML", err)
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
		return "", malformed("XML", io.ErrUnexpectedEOF)
	}
	return root, nil
}

func wellFormedJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return malformed("JSON", errors.New("no object, or not whole"))
	}
	return nil
}

func malformed(kind string, err error) error {
	return &answerError{code: "Malformed", message: fmt.Sprintf("the answer is not well-formed %s: %v", kind, err), retry: true}
}

// policyText is a policy document as AWS stores it: one JSON object. AWS refuses
// to store anything else, so anything else is not the policy.
func policyText(text string) (string, error) {
	if err := wellFormedJSON([]byte(text)); err != nil {
		return "", err
	}
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}

// clip keeps text from outside short in a message.
func clip(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
