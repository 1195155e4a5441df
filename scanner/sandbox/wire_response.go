package sandbox

import (
	"net/http"
	"time"
)

// response is an answer before it is written.
type response struct {
	status int
	header http.Header
	body   []byte

	pause time.Duration // fault: the body stops so long in its middle
	cut   bool          // fault: the connection ends in the middle of the body
}

// apiError is an error answer; each service has its own wire form for it.
type apiError struct {
	status        int
	code, message string
	header        http.Header       // e.g. x-amz-bucket-region on a 301
	detail        map[string]string // extra elements of an S3 error, e.g. Endpoint, BucketName
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// fresh is a copy that its user may change.
func (e apiError) fresh() *apiError { return &e }

// notImplemented is the answer to an operation that the sandbox does not have.
func notImplemented(op string) *apiError {
	return &apiError{
		status:  http.StatusNotImplemented,
		code:    "NotImplemented",
		message: "the sandbox does not implement " + op,
	}
}
