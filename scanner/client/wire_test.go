package client

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var static = credentials.NewStaticCredentialsProvider("AKIA", "secret", "")

func tagging(bucket string) *s3.GetBucketTaggingInput {
	return &s3.GetBucketTaggingInput{Bucket: &bucket}
}

// answers is an AWS that answers every request alike.
type answers struct {
	status       int
	region, body string
}

func (a answers) Do(r *http.Request) (*http.Response, error) {
	return reply(r, a.status, a.region, a.body)
}

// notS3 is the body of an answer that something on the way to S3 gave.
const notS3 = "not S3"

func reply(r *http.Request, status int, region, body string) (*http.Response, error) {
	res := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
	if region != "" {
		res.Header.Set("X-Amz-Bucket-Region", region)
	}
	if body != notS3 {
		res.Header.Set("X-Amz-Request-Id", "R")
	}
	return res, nil
}

// doFunc is an AWS of one function.
type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

const (
	anAnswer = `<Tagging><TagSet/></Tagging>`
	expired  = `<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>`
)

// TestCaller: who the caller is, or why that is not known.
func TestCaller(t *testing.T) {
	t.Parallel()
	identity := func(arn, account string) string {
		return `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>` + arn + `</Arn><Account>` + account + `</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	}
	for name, c := range map[string]struct {
		status int
		body   string
		creds  aws.CredentialsProvider
		kind   ErrorKind // "" = known
		want   string
		hint   string
	}{
		"known":          {200, identity("arn:aws-cn:iam::111111111111:user/me", "111111111111"), static, "", "", ""},
		"no credentials": {200, "", nil, NoCredentials, "no AWS credentials were found", "set AWS_PROFILE"},
		"expired":        {403, `<ErrorResponse><Error><Code>ExpiredToken</Code><Message>x</Message></Error></ErrorResponse>`, static, ExpiredCredentials, "the session of the AWS credentials has expired (ExpiredToken: x)", "log in again"},
		"invalid":        {403, `<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>x</Message></Error></ErrorResponse>`, static, InvalidCredentials, "AWS does not accept the credentials (InvalidClientTokenId: x)", "check AWS_PROFILE"},
		"refused":        {403, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>x</Message></Error></ErrorResponse>`, static, InvalidCredentials, "AWS does not say who the caller is (AccessDenied: x)", "check the credentials and the Region"},
		"no ARN":         {200, identity("me", "111111111111"), static, NoNetwork, `AWS does not say who the caller is (the answer of sts:GetCallerIdentity has "me" as GetCallerIdentityResponse/GetCallerIdentityResult/Arn, which is not an ARN)`, "check AWS_ENDPOINT_URL"},
		"no account":     {200, identity("arn:aws:iam::111111111111:user/me", "1"), static, NoNetwork, `AWS does not say who the caller is (the answer of sts:GetCallerIdentity has "1" as GetCallerIdentityResponse/GetCallerIdentityResult/Account, which is not the id of an account)`, "check AWS_ENDPOINT_URL"},
	} {
		s := New(aws.Config{Region: "cn-north-1", HTTPClient: answers{c.status, "", c.body}, Credentials: c.creds}, Options{})
		caller, err := s.Caller(t.Context())
		var problem *Error
		switch {
		case c.kind == "":
			if want := (Caller{"arn:aws-cn:iam::111111111111:user/me", "111111111111", "aws-cn"}); err != nil || caller != want || s.Own().Account() != "111111111111" {
				t.Errorf("%s: %+v, %v", name, caller, err)
			}
		case !errors.As(err, &problem) || problem.Kind != c.kind || problem.Problem != c.want || !strings.HasPrefix(problem.Hint, c.hint):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOtherDocument: an answer that is another document is an error of the call.
func TestOtherDocument(t *testing.T) {
	t.Parallel()
	s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: answers{200, "", `<Policy/>`}}, Options{})
	_, err := NewS3(s.Config(s.Own(), "us-east-1")).GetBucketTagging(t.Context(), tagging("b"))
	if code, message := Describe(err); code != "Malformed" || message != `s3:GetBucketTagging is answered with a document "Policy", not Tagging` {
		t.Errorf("%s: %s", code, message)
	}
	err = s.Role("arn:aws:iam::222222222222:role/r").Enter(t.Context())
	if code, message := Describe(err); code != "Malformed" || message != `sts:AssumeRole is answered with a document "Policy", not AssumeRoleResponse` {
		t.Errorf("%s: %s", code, message)
	}
}

// TestThrottledCaller: few attempts are made of the first call, unless AWS throttles.
func TestThrottledCaller(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"Throttling": 16, "InternalFailure": 3} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: doFunc(func(r *http.Request) (*http.Response, error) {
				n++
				return reply(r, 500, "", `<ErrorResponse><Error><Code>`+code+`</Code></Error></ErrorResponse>`)
			})}, Options{})
			if _, err := s.Caller(t.Context()); Code(err) != code || n < want || want == 3 && n > want {
				t.Errorf("%s: %d attempts, %v", code, n, err)
			}
		})
	}
}

// TestOneHost: all buckets of a Region are under one host, so that connections are used
// again.
func TestOneHost(t *testing.T) {
	t.Parallel()
	var at string
	s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: doFunc(func(r *http.Request) (*http.Response, error) {
		at = r.URL.Host + r.URL.Path
		return reply(r, 200, "", anAnswer)
	})}, Options{})
	if _, err := NewS3(s.Config(s.Own(), "eu-west-1")).GetBucketTagging(t.Context(), tagging("b")); err != nil || at != "s3.eu-west-1.amazonaws.com/b" {
		t.Errorf("%s, %v", at, err)
	}
}

// TestExpiredCredentials: a role is assumed again when its credentials have expired before
// their time, and the call repeated once; when the caller's own have, that is reported.
func TestExpiredCredentials(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var reported []error
	calls, assumes, refuse := 0, 0, 1
	s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: doFunc(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPost {
			status, body := assumed(assumes)
			assumes++
			return reply(r, status, "", body)
		}
		if calls++; calls <= refuse {
			return reply(r, 400, "", expired)
		}
		return reply(r, 200, "", anAnswer)
	})}, Options{Expired: func(err error) { reported = append(reported, err) }})
	role := s.Role("arn:aws:iam::222222222222:role/r")
	if _, err := NewS3(s.Config(role, "us-east-1")).GetBucketTagging(t.Context(), tagging("b")); err != nil || calls != 2 || assumes != 2 {
		t.Errorf("%d calls, assumed %d times: %v", calls, assumes, err)
	}
	if len(reported) != 0 {
		t.Errorf("reported %v", reported)
	}
	calls, refuse = 0, 100
	if _, err := NewS3(s.Config(role, "us-east-1")).GetBucketTagging(t.Context(), tagging("b")); Code(err) != "ExpiredToken" || calls != 2 {
		t.Errorf("%d calls: %v", calls, err)
	}
	if len(reported) != 0 {
		t.Errorf("reported of a role: %v", reported)
	}
	calls = 0
	_, err := NewS3(s.Config(s.Own(), "us-east-1")).GetBucketTagging(t.Context(), tagging("b"))
	var problem *Error
	if Code(err) != "ExpiredToken" || len(reported) != 1 || !errors.As(reported[0], &problem) || problem.Kind != ExpiredCredentials {
		t.Errorf("%v, reported %v", err, reported)
	}
}

// TestAttemptTimeout: an attempt that gets no answer in time is repeated, and a call is
// given up with what it waited for; without a limit it waits for its caller.
func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	for _, limit := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: doFunc(func(r *http.Request) (*http.Response, error) {
				if n++; n < 3 {
					select {
					case <-r.Context().Done():
						return nil, r.Context().Err()
					case <-time.After(time.Minute):
					}
				}
				return reply(r, 200, "", anAnswer)
			})}, Options{AttemptTimeout: limit})
			began := time.Now()
			_, err := NewS3(s.Config(s.Own(), "us-east-1")).GetBucketTagging(t.Context(), tagging("b"))
			want := map[time.Duration]int{0: 1, time.Second: 3}[limit]
			if err != nil || n != want || limit > 0 && time.Since(began) > 20*time.Second {
				t.Errorf("limit %v: %d attempts in %v, %v", limit, n, time.Since(began), err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: doFunc(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}, Options{AttemptTimeout: time.Second, Attempts: 2})
		_, err := NewS3(s.Config(s.Own(), "us-east-1")).GetBucketTagging(t.Context(), tagging("b"))
		if code, message := Describe(err); code != "Timeout" || message != "no answer within 1s" {
			t.Errorf("%s: %s", code, message)
		}
	})
}

// TestGivingUp: an API that does not answer is not called any more.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: doFunc(func(r *http.Request) (*http.Response, error) {
			n++
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}, Options{AttemptTimeout: time.Second, GiveUpAfter: 10 * time.Second})
		c := NewS3(s.Config(s.Own(), "us-east-1"))
		var err error
		for range 10 {
			_, err = c.GetBucketTagging(t.Context(), tagging("b"))
		}
		if code, message := Describe(err); code != "NotRead" || message != "account  has not answered in us-east-1 for 10s; it was not asked again" || n != 24 {
			t.Errorf("%s: %s; %d attempts", code, message, n)
		}
	})
}

// TestMeterAndLog: each call is counted and logged once, with its attempts.
func TestMeterAndLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		meter := new(Meter)
		n := 0
		s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: doFunc(func(r *http.Request) (*http.Response, error) {
			switch n++; {
			case r.Method == http.MethodPost:
				status, body := assumed(0)
				return reply(r, status, "", body)
			case n == 2:
				return reply(r, 503, "", `<Error><Code>SlowDown</Code></Error>`)
			case n == 3:
				return reply(r, 500, "", `<Error><Code>InternalError</Code></Error>`)
			case n == 5:
				return reply(r, 404, "", `<Error><Code>NoSuchTagSet</Code></Error>`)
			case n == 6 || n == 7:
				return reply(r, 403, "", `<Error><Code>AccessDenied</Code></Error>`)
			}
			time.Sleep(10 * time.Millisecond)
			return reply(r, 200, "", anAnswer)
		})}, Options{Meter: meter, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "took_ms" {
				return slog.Attr{}
			}
			return a
		}}))})
		role := s.Role("arn:aws:iam::222222222222:role/r")
		if err := role.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := NewS3(s.Config(role, "eu-west-1"))
		for range 4 {
			_, _ = c.GetBucketTagging(t.Context(), tagging("b"))
		}
		want := `level=DEBUG msg=call account=222222222222 region=us-east-1 api=sts:AssumeRole retries=0 status=200 code=""
level=DEBUG msg=call account=222222222222 region=eu-west-1 api=s3:GetBucketTagging retries=2 status=200 code=""
level=DEBUG msg=call account=222222222222 region=eu-west-1 api=s3:GetBucketTagging retries=0 status=404 code=NoSuchTagSet
level=DEBUG msg=call account=222222222222 region=eu-west-1 api=s3:GetBucketTagging retries=0 status=403 code=AccessDenied
level=DEBUG msg=call account=222222222222 region=eu-west-1 api=s3:GetBucketTagging retries=0 status=403 code=AccessDenied
`
		if log.String() != want {
			t.Errorf("log:\n%s", log.String())
		}
		calls := meter.Calls()
		if len(calls) != 2 || calls[0].API != "s3:GetBucketTagging" || calls[1].API != "sts:AssumeRole" {
			t.Fatalf("%+v", calls)
		}
		got := calls[0]
		if got.Duration < 10*time.Millisecond || got.Duration > time.Minute {
			t.Errorf("took %v", got.Duration)
		}
		got.Duration = 0
		if (got != Calls{API: "s3:GetBucketTagging", Calls: 4, Retries: 2, Throttles: 1, Errors: 2}) {
			t.Errorf("%+v", got)
		}
		if all, throttles := meter.Attempts(); all != 7 || throttles != 1 {
			t.Errorf("%d attempts, %d throttled", all, throttles)
		}
	})
}

// TestQuietLog: a log above level debug costs nothing and gets nothing.
func TestQuietLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := New(aws.Config{Region: "us-east-1", Credentials: static, HTTPClient: answers{200, "", anAnswer}}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if _, err := NewS3(s.Config(s.Own(), s.Region())).GetBucketTagging(t.Context(), tagging("b")); err != nil || log.Len() > 0 {
		t.Errorf("%v, %s", err, log.String())
	}
}
