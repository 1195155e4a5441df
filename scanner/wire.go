package scanner

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxBody is the most that an answer may hold. The largest that AWS documents
// is a page of 10,000 buckets, about 3 MB.
const maxBody = 64 << 20

// wire is what every call of one client goes through beside what the SDK does.
type wire struct {
	*session
	account *account
	region  string
	silence *silence // nil = it is asked whether it answers or not
}

// call is one call on its way. Its attempts follow each other, so nothing guards it.
type call struct {
	api      string
	attempts int
	refused  int // attempts that were throttled
	failures int // attempts that failed otherwise
}

type callKey struct{}

// How often a call is tried: so often in all, and so often if it fails for other
// reasons than throttling. Where three attempts in ten are throttled, one call in
// 200 million is throttled 16 times; with 8 it is one in 15,000.
const (
	mostAttempts = 16
	mostFailures = 8
)

// add puts the parts of the wire into a client's stack. An attempt starts once it
// is signed for somebody: credentials may be got by a call that waits for its own turn.
func (w *wire) add(stack *middleware.Stack) error {
	return errors.Join(
		stack.Initialize.Add(middleware.InitializeMiddlewareFunc("crosscheck.Refresh", w.refresh), middleware.Before),
		stack.Initialize.Add(middleware.InitializeMiddlewareFunc("crosscheck.Call", w.call), middleware.Before),
		stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("crosscheck.Attempt", w.attempt), "Signing", middleware.Before),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("crosscheck.Body", readBody), middleware.After),
	)
}

// call counts and logs a call.
func (w *wire) call(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, md middleware.Metadata, err error) {
	c := &call{api: apiOf(middleware.GetServiceID(ctx), middleware.GetOperationName(ctx))}
	if err := w.silence.asked(c.api); err != nil {
		return out, md, err
	}
	began := time.Now()
	out, md, err = next.HandleInitialize(context.WithValue(ctx, callKey{}, c), in)
	took := time.Since(began)
	w.opts.Meter.call(c, took, err != nil && !isAbsence(err))
	if log := w.opts.Log; log != nil && log.Enabled(ctx, slog.LevelDebug) {
		account := w.account.id
		if in, ok := in.Parameters.(*sts.AssumeRoleInput); ok {
			account = accountOf(aws.ToString(in.RoleArn)) // whose role it is, not who asks for it
		}
		status, _ := responseOf(err)
		if answer, ok := awsmiddleware.GetRawResponse(md).(*smithyhttp.Response); ok {
			status = answer.StatusCode
		}
		code := ""
		if err != nil {
			code, _ = describe(err)
		}
		log.LogAttrs(ctx, slog.LevelDebug, "call", slog.String("account", account), slog.String("region", w.region), slog.String("api", c.api),
			slog.Float64("took_ms", float64(took.Microseconds())/1000), slog.Int("retries", max(c.attempts-1, 0)), slog.Int("status", status), slog.String("code", code))
	}
	return out, md, err
}

// refresh repeats a call once with new credentials when AWS says that they have
// ended before their time. When the caller's own have ended for good, so has the
// scan: all that would follow is gaps.
func (w *wire) refresh(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	out, md, err := next.HandleInitialize(ctx, in)
	if c, ok := w.account.creds.(interface{ Invalidate() }); ok && isExpired(err) {
		c.Invalidate()
		out, md, err = next.HandleInitialize(ctx, in)
	}
	if w.account.own && isExpired(err) {
		w.abort(callerError(err))
	}
	return out, md, err
}

// attempt waits for its turn, gives AWS a limited time, learns from what comes of
// it, and ends a call that has failed often enough.
func (w *wire) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
	c := ctx.Value(callKey{}).(*call)
	leave, err := w.limits.enter(ctx, w.account.id, c.api)
	if err != nil {
		return out, md, err
	}
	if err := w.silence.asked(c.api); err != nil {
		leave(failed)
		return out, md, err
	}
	limit := w.opts.attemptTimeout()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c.attempts++
	out, md, err = next.HandleFinalize(limited, in)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		// Not wrapped: the SDK does not retry what was canceled.
		err = &answerError{code: "Timeout", message: fmt.Sprintf("no answer within %v", limit), retry: true}
	}
	o := outcomeOf(err)
	leave(o)
	w.opts.Meter.attempt(o)
	if err == nil || ctx.Err() != nil {
		return out, md, err
	}
	w.silence.note(c.api, o)
	switch o {
	case refused:
		c.refused++
	default:
		c.failures++
	}
	if given := w.silence.asked(c.api); given != nil && o != answered {
		err = given
	}
	if c.failures >= mostFailures {
		err = &lastError{err}
	}
	return out, md, err
}

// lastError is an error after which a call is not tried again.
type lastError struct{ error }

func (e *lastError) Unwrap() error        { return e.error }
func (e *lastError) RetryableError() bool { return false }

// outcomeOf is what an attempt says that ended in err.
func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return answered
	case isThrottle(err):
		return refused
	}
	if code, _ := describe(err); code == "Timeout" || code == "NoAnswer" {
		return failed
	}
	return answered
}

// isThrottle reports whether AWS asks for fewer requests. HEAD says it by its
// status alone.
func isThrottle(err error) bool {
	status, _ := responseOf(err)
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || throttles.IsErrorThrottle(err).Bool()
}

var throttles = retry.IsErrorThrottles(retry.DefaultThrottles)

// apiOf names an operation of the SDK as [Permissions] and gaps do.
func apiOf(service, operation string) string {
	return strings.ToLower(strings.ReplaceAll(service, " ", "")) + ":" + operation
}

// readBody looks at a body before anything is made of it. The SDK takes an empty
// one, or a document about something else, for an answer with nothing in it; here
// that would turn "could not be read" into "is not there".
func readBody(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, md, err := next.HandleDeserialize(ctx, in)
	if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
		err = checkBody(middleware.GetServiceID(ctx), middleware.GetOperationName(ctx), response)
	}
	return out, md, err
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
