package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
)

// TestOneLine: an error is AWS's code and message, or what went wrong without an
// answer, with nothing that differs from run to run.
func TestOneLine(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error {
		return &smithy.OperationError{ServiceID: "S3", OperationName: "ListBuckets", Err: fmt.Errorf("exceeded maximum number of attempts, 3, %w", err)}
	}
	for _, c := range []struct {
		err                 error
		code, message, line string
	}{
		{&smithy.GenericAPIError{Code: "AccessDenied", Message: "User: x\nis not authorized"}, "AccessDenied", "User: x\nis not authorized", "AccessDenied: User: x is not authorized"},
		{&smithy.GenericAPIError{Code: "Forbidden", Message: "Forbidden"}, "Forbidden", "Forbidden", "Forbidden"},
		{&smithy.GenericAPIError{Code: "NotFound"}, "NotFound", "", "NotFound"},
		{Malformed("%d rules", 2), "Malformed", "2 rules", "2 rules"},
		{NotRead("not asked"), "NotRead", "not asked", "not asked"},
		{NoAnswer("nothing"), "NoAnswer", "nothing", "nothing"},
		{context.DeadlineExceeded, "Timeout", "no answer in time", "no answer in time"},
		{context.Canceled, "NoAnswer", "interrupted", "interrupted"},
		{&net.OpError{Op: "dial", Addr: &net.TCPAddr{Port: 5}, Err: syscall.ECONNREFUSED}, "NoAnswer", "connection refused", "connection refused"},
		{&net.DNSError{Name: "s3.local", Server: "10.0.0.1:53", Err: "no such host"}, "NoAnswer", "the name s3.local cannot be resolved", "the name s3.local cannot be resolved"},
		{&smithy.DeserializationError{Err: fmt.Errorf("decode: %w", errors.New("EOF"))}, "Malformed", "the answer cannot be read: EOF", "the answer cannot be read: EOF"},
		{errors.New("odd"), "NoAnswer", "odd", "odd"},
	} {
		for _, err := range []error{c.err, wrap(c.err)} {
			if code, message := Describe(err); code != c.code || message != c.message {
				t.Errorf("%v is described as %s: %s", err, code, message)
			}
			if line := OneLine(err); line != c.line {
				t.Errorf("%v in one line is %q, want %q", err, line, c.line)
			}
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 59)
	for in, want := range map[string]string{"": "", "short": "short", long + "0": long + "0", long + "01": long + "0…", long + "é": long + "…"} {
		if got := Clip(in); got != want {
			t.Errorf("Clip(%q) = %q, want %q", in, got, want)
		}
	}
}
