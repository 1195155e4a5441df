package scanner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"

	"crosscheck/scanner/fact"
)

// ErrorKind says why a scan could not be done at all.
type ErrorKind string

const (
	BadOptions            ErrorKind = "bad options"
	NoCredentials         ErrorKind = "no credentials"
	InvalidCredentials    ErrorKind = "invalid credentials"
	ExpiredCredentials    ErrorKind = "expired credentials"
	NoNetwork             ErrorKind = "no network"
	RoleNotAssumed        ErrorKind = "role not assumed"
	OrganizationNotListed ErrorKind = "organization not listed"
)

// Error is a scan that could not be done at all, in one line with a hint.
// Everything less than that is a gap.
type Error struct {
	Kind    ErrorKind
	Problem string // what is wrong
	Hint    string // what to try
	Err     error  // what AWS or the network said, or nil
}

func (e *Error) Error() string { return e.Problem }
func (e *Error) Unwrap() error { return e.Err }

// Codes with which AWS says that credentials have ended, or are not good.
var (
	expiredCodes = []string{"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
	invalidCodes = []string{"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch",
		"AuthFailure", "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "InvalidToken", "RequestExpired"}
)

func isExpired(err error) bool { return slices.Contains(expiredCodes, errorCode(err)) }

// errorCode is AWS's code of an error, "" where AWS did not answer.
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// isAbsence reports whether AWS says that what was asked for is not there.
func isAbsence(err error) bool {
	status, _ := responseOf(err)
	code := errorCode(err)
	return status == http.StatusNotFound || strings.Contains(code, "NotFound") || strings.Contains(code, "NotInUse")
}

// describe turns an error of the SDK into a code and one line. The line holds
// nothing that differs from run to run: no request id, no port.
func describe(err error) (code, message string) {
	var api smithy.APIError
	var answer *answerError
	var unread *notRead
	var closed *suspended
	var parse *smithy.DeserializationError
	var dns *net.DNSError
	var errno syscall.Errno
	switch {
	case errors.As(err, &unread):
		return "NotRead", unread.why
	case errors.As(err, &closed):
		return closed.state, closed.Error()
	case errors.As(err, &answer):
		return answer.code, answer.message
	case errors.As(err, &api):
		return api.ErrorCode(), api.ErrorMessage()
	case errors.As(err, &parse):
		return "Malformed", "the answer cannot be read: " + innermost(parse.Err).Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "Timeout", "no answer in time"
	case errors.As(err, &dns):
		return "NoAnswer", "the name " + dns.Name + " cannot be resolved"
	case errors.As(err, &errno):
		return "NoAnswer", errno.Error()
	}
	return "NoAnswer", innermost(err).Error()
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// oneLine is an error in one line: "AccessDenied: User … is not authorized …".
func oneLine(err error) string {
	code, message := describe(err)
	return strings.Join(strings.Fields(code+": "+message), " ")
}

// notRead is the error of a call that was not made, because nothing could come of it.
type notRead struct{ why string }

func (e *notRead) Error() string { return e.why }

// callerError says in one line why the caller's own credentials do not work.
func callerError(err error) error {
	code := errorCode(err)
	e := &Error{Kind: NoNetwork, Err: err, Problem: "AWS cannot be reached (" + oneLine(err) + ")",
		Hint: "check the network, the proxy and AWS_ENDPOINT_URL"}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case slices.Contains(expiredCodes, code):
		e.Kind, e.Problem = ExpiredCredentials, "the session of the AWS credentials has expired ("+oneLine(err)+")"
		e.Hint = "log in again, for instance with 'aws sso login'"
	case slices.Contains(invalidCodes, code):
		e.Kind, e.Problem = InvalidCredentials, "AWS does not accept the credentials ("+oneLine(err)+")"
		e.Hint = "check AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the clock of this machine"
	case code != "":
		e.Kind, e.Problem = InvalidCredentials, "AWS does not say who the caller is ("+oneLine(err)+")"
		e.Hint = "check the credentials and the Region"
	}
	return e
}

// credentialsError says why there are no credentials to begin with.
func credentialsError(err error) error {
	code := errorCode(err)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case slices.Contains(expiredCodes, code) || strings.Contains(err.Error(), "SSO session has expired"):
		return callerError(&smithy.GenericAPIError{Code: "ExpiredToken", Message: innermost(err).Error()})
	case code != "":
		return callerError(err)
	}
	return &Error{Kind: NoCredentials, Err: err, Problem: "no AWS credentials were found",
		Hint: "set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
}

// question is one call about one fact: what the gap is about if it fails.
type question struct {
	account  string // the account asked, or that owns the resource
	resource string // ARN where there is one
	fact     string // "bucket.versioning"
	api      string // "s3:GetBucketVersioning"
	absent   string // the code with which AWS says that there is none, "" = there always is one
}

func (q question) gap(err error) fact.Gap {
	code, message := describe(err)
	if action := actions[q.api]; action != "" && isDenied(code) && !strings.Contains(message, action) {
		message = fmt.Sprintf("%s (%s is needed)", strings.TrimSuffix(message, "."), action)
	}
	return fact.Gap{AccountID: q.account, Resource: q.resource, Fact: q.fact, API: q.api, Code: code, Message: message}
}

func isDenied(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation":
		return true
	}
	return false
}

// ask makes one call and turns its answer into a fact. The gap, if there is one,
// is noted as a message too.
func ask[T any](n *notes, q question, call func() (T, error)) fact.Fact[T] {
	v, err := call()
	switch {
	case err == nil:
		return fact.Of(v)
	case q.absent != "" && errorCode(err) == q.absent:
		return fact.None[T]()
	}
	return fact.Missing[T](n.gap(q, err))
}

// notes collects the gaps that one goroutine's work met, to be sent as messages.
type notes struct{ gaps []fact.Gap }

func (n *notes) gap(q question, err error) fact.Gap {
	g := q.gap(err)
	n.gaps = append(n.gaps, g)
	return g
}
