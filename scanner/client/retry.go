package client

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// How often a call is tried: so often in all, and so often if it fails for other
// reasons than throttling. Where three attempts in ten are throttled, one call in
// 200 million is throttled 16 times; with 8 it is one in 15,000.
const (
	mostAttempts = 16
	mostFailures = 8
)

// newRetryer makes the retryer of one client. It would rather wait than give up:
// the SDK's own quota is used up by 35 retries, and everything after it would fail.
//
// It works together with the limiter. Measured by the clock of testing/synctest
// (TestThrottledCallsComeThrough; 128 callers, 64 attempts at a time; the table is
// in docs/benchmarks.md), compared with the standard retryer with 8 attempts and 64 at
// a time: a server that takes 50 requests/s answered 1,000 calls after 21 s and
// 1,625 requests, not 35 s, 1,757 and 5 failures; at 300/s, 5,000 calls took 17 s
// and 5,427 requests, not 35 s, 5,715 and 1 failure; at 2/s, 100 calls took 326
// requests and 69 s, not 677, 58 s and 27 failures. Where 30 % are throttled at
// random, whatever the pace, both need 2,836 requests for 2,000 calls, but the
// limiter, which cannot know that, 38 s instead of 30 s. The SDK's adaptive mode
// brought 134 of those 2,000 through in 60 s, and spins in testing/synctest.
func newRetryer(attempts int) aws.Retryer {
	return retryer{retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = ratelimit.None
	})}
}

type retryer struct{ *retry.Standard }

// RetryDelay is how long a call waits before its next attempt. Throttling slows its
// whole lane down, so one call need not wait as long as if it were alone.
func (r retryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if !isThrottle(err) {
		return r.Standard.RetryDelay(attempt, err)
	}
	most := min(100*time.Millisecond<<attempt, 5*time.Second)
	return rand.N(most), nil
}

// isThrottle reports whether AWS asks for fewer requests. HEAD says it by its
// status alone.
func isThrottle(err error) bool {
	status, _ := Response(err)
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || throttles.IsErrorThrottle(err).Bool()
}

var throttles = retry.IsErrorThrottles(retry.DefaultThrottles)

// lastError is an error after which a call is not tried again.
type lastError struct{ error }

func (e *lastError) Unwrap() error        { return e.error }
func (e *lastError) RetryableError() bool { return false }
