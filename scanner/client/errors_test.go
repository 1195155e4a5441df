package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

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

// TestAbsence: services say in their own ways that there is no such thing.
func TestAbsence(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"NotFoundException": true, "ChildNotFoundException": true, "AWSOrganizationsNotInUseException": true, "AccessDenied": false, "Throttling": false} {
		if got := isAbsence(&smithy.GenericAPIError{Code: code}); got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
	if isAbsence(errors.New("x")) {
		t.Error("no answer is an absence")
	}
}

// TestRetryDelay: a throttled call waits for less than it would if it were alone.
func TestRetryDelay(t *testing.T) {
	t.Parallel()
	r := newRetryer(16)
	var throttled, other time.Duration
	for range 200 {
		for attempt, most := range map[int]time.Duration{1: 200 * time.Millisecond, 3: 800 * time.Millisecond, 10: 5 * time.Second} {
			d, err := r.RetryDelay(attempt, &smithy.GenericAPIError{Code: "SlowDown"})
			if err != nil || d < 0 || d > most {
				t.Errorf("attempt %d: %v, %v", attempt, d, err)
			}
			throttled = max(throttled, d)
		}
		d, err := r.RetryDelay(10, &smithy.GenericAPIError{Code: "InternalError"})
		if err != nil {
			t.Error(err)
		}
		other = max(other, d)
	}
	if throttled < 3*time.Second || other < 6*time.Second {
		t.Errorf("the longest delays are %v and %v", throttled, other)
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
