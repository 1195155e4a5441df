package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"crosscheck/scanner/client/answer"
)

// ErrorKind says why AWS cannot be called at all. Packages that use this one have more.
type ErrorKind string

// Kinds of an [Error] of this package.
const (
	BadOptions         ErrorKind = "bad options"         // the configuration, or what was asked for, makes no sense
	NoCredentials      ErrorKind = "no credentials"      // none are configured
	InvalidCredentials ErrorKind = "invalid credentials" // AWS refuses them
	ExpiredCredentials ErrorKind = "expired credentials" // they have expired, and cannot be renewed
	NoNetwork          ErrorKind = "no network"          // AWS does not answer
)

// Error is why AWS cannot be called at all, in one line with a hint.
type Error struct {
	Kind    ErrorKind
	Problem string // what is wrong
	Hint    string // what to try
	Err     error  // what AWS or the network said, or nil
}

// Error is the problem without the hint.
func (e *Error) Error() string { return e.Problem }

// Unwrap is what AWS or the network said.
func (e *Error) Unwrap() error { return e.Err }

// Failure is a call that has no answer of AWS: none came, it was not one, or the call
// was not made.
type Failure struct {
	Code    string // NoAnswer, Timeout, Malformed, NotUnderstood, NotRead
	Message string // one line
	retry   bool
}

// Error is the message.
func (e *Failure) Error() string { return e.Message }

// RetryableError is whether the SDK should make another attempt.
func (e *Failure) RetryableError() bool { return e.retry }

// Malformed is the error of an answer that is not what was asked for.
func Malformed(format string, args ...any) error {
	return &Failure{Code: "Malformed", Message: fmt.Sprintf(format, args...)}
}

// isMisread is whether something answered, but not as AWS does.
func isMisread(err error) bool {
	var f *Failure
	return errors.As(err, &f) && (f.Code == answer.Malformed || f.Code == answer.NotUnderstood)
}

// NotRead is the error of a call that was not made, because nothing could come of it.
func NotRead(format string, args ...any) error {
	return &Failure{Code: "NotRead", Message: fmt.Sprintf(format, args...)}
}

// NoAnswer is the error of an answer that does not say what was asked.
func NoAnswer(format string, args ...any) error {
	return &Failure{Code: "NoAnswer", Message: fmt.Sprintf(format, args...)}
}

// Codes with which AWS says that credentials have ended, or are not good.
var (
	expiredCodes = []string{"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
	invalidCodes = []string{"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch",
		"AuthFailure", "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "InvalidToken", "RequestExpired"}
)

func isExpired(err error) bool { return slices.Contains(expiredCodes, Code(err)) }

// Code is AWS's code of an error, "" where AWS did not answer.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Says reports whether AWS answered with an error of this code, and with a status that such
// errors have: what a server in trouble or on another way says is no answer to the question.
func Says(err error, code string) bool {
	status, _ := Response(err)
	return Code(err) == code && status >= 400 && status < 500
}

// Response is the answer behind an error; status 0 = there was none.
func Response(err error) (status int, header http.Header) {
	var re *awshttp.ResponseError
	if errors.As(err, &re) && re.Response != nil && re.Response.Response != nil {
		return re.HTTPStatusCode(), re.Response.Header
	}
	return 0, http.Header{}
}

// isAbsence reports whether AWS says that what was asked for is not there.
func isAbsence(err error) bool {
	status, _ := Response(err)
	code := Code(err)
	return status == http.StatusNotFound || strings.Contains(code, "NotFound") || strings.Contains(code, "NotInUse")
}

// IsDenied reports whether a code is one of those with which services say that a
// permission is missing.
func IsDenied(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation":
		return true
	}
	return false
}

// Describe turns an error of the SDK into a code and one line: AWS's own, or those of
// a [Failure]. The line holds nothing that differs from run to run: no request id, no
// port.
func Describe(err error) (code, message string) {
	var api smithy.APIError
	var failure *Failure
	var parse *smithy.DeserializationError
	var dns *net.DNSError
	var errno syscall.Errno
	switch {
	case errors.As(err, &failure):
		return failure.Code, failure.Message
	case errors.As(err, &api):
		return api.ErrorCode(), api.ErrorMessage()
	case errors.As(err, &parse):
		return "Malformed", "the answer cannot be read: " + Innermost(parse.Err).Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "Timeout", "no answer in time"
	case errors.Is(err, context.Canceled):
		return "NoAnswer", "interrupted"
	case errors.As(err, &dns):
		return "NoAnswer", "the name " + dns.Name + " cannot be resolved"
	case errors.As(err, &errno):
		return "NoAnswer", errno.Error()
	}
	return "NoAnswer", Innermost(err).Error()
}

// OneLine is an error for people: "AccessDenied: User … is not authorized …", or
// without a code where AWS did not answer: "connection refused".
func OneLine(err error) string {
	code, message := Describe(err)
	switch {
	case Code(err) == "":
	case message == "" || message == code:
		message = code
	default:
		message = code + ": " + message
	}
	return strings.Join(strings.Fields(message), " ")
}

// Innermost is the error at the end of the chain of those that err wraps.
func Innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// Clip keeps text from outside short in a message: 60 bytes.
func Clip(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// callerError says in one line why the caller's own credentials do not work.
func callerError(err error) error {
	code := Code(err)
	e := &Error{Kind: NoNetwork, Err: err, Problem: "AWS cannot be reached (" + OneLine(err) + ")",
		Hint: "check the network, the proxy and AWS_ENDPOINT_URL"}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case isMisread(err):
		e.Problem, e.Hint = "AWS does not say who the caller is ("+OneLine(err)+")", "check AWS_ENDPOINT_URL and the proxy: what answers may not be AWS"
	case slices.Contains(expiredCodes, code):
		e.Kind, e.Problem = ExpiredCredentials, "the session of the AWS credentials has expired ("+OneLine(err)+")"
		e.Hint = "log in again, for instance with 'aws sso login'"
	case slices.Contains(invalidCodes, code):
		e.Kind, e.Problem = InvalidCredentials, "AWS does not accept the credentials ("+OneLine(err)+")"
		e.Hint = "check AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the clock of this machine"
	case code != "":
		e.Kind, e.Problem = InvalidCredentials, "AWS does not say who the caller is ("+OneLine(err)+")"
		e.Hint = "check the credentials and the Region"
	}
	return e
}
