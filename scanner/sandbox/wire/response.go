// Package wire is what the sandbox's services send and read over HTTP: answers and
// errors in AWS's protocols (JSON 1.1, Query, and the XML of S3), and the strict
// reading of request bodies. It knows nothing of any service's state.
package wire

import (
	"net/http"
	"time"
)

// Response is an answer before it is written.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	Pause time.Duration // fault: the body stops so long in its middle
	Cut   bool          // fault: the connection ends in the middle of the body
}

// Error is an error answer; each service has its own wire form for it.
type Error struct {
	Status        int
	Code, Message string
	Header        http.Header       // e.g. x-amz-bucket-region on a 301
	Detail        map[string]string // extra elements of an S3 error, e.g. Endpoint, BucketName
}

// Error is the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Fresh is a copy that its user may change.
func (e Error) Fresh() *Error { return &e }

// NotImplemented is the answer to an operation that the sandbox does not have.
func NotImplemented(op string) *Error {
	return &Error{
		Status:  http.StatusNotImplemented,
		Code:    "NotImplemented",
		Message: "the sandbox does not implement " + op,
	}
}
