package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// tokens is an STS that gives credentials for an hour, or refuses.
type tokens struct {
	mu       sync.Mutex
	requests []url.Values
	answer   func(n int) (status int, body string) // n requests came before
}

func (s *tokens) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status, text := s.answer(len(s.requests))
	s.requests = append(s.requests, form)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func assumed(n int) (status int, body string) {
	return http.StatusOK, fmt.Sprintf(`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA%d</AccessKeyId>`+
		`<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>%s</Expiration></Credentials>`+
		`</AssumeRoleResult></AssumeRoleResponse>`, n, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

func refusal(status int, code string) (int, string) {
	return status, `<ErrorResponse><Error><Code>` + code + `</Code><Message>no</Message></Error></ErrorResponse>`
}

func stsSession(s *tokens, opts Options) *Session {
	return New(aws.Config{Region: "eu-west-1", HTTPClient: s, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", "")}, opts)
}

// TestRoleIsAssumedOnce: whatever needs a role shares its credentials, which are
// renewed some minutes before they expire.
func TestRoleIsAssumedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		aws := &tokens{answer: assumed}
		s := stsSession(aws, Options{ExternalID: "ticket"})
		key := func() string {
			c, err := s.Role("arn:aws:iam::222222222222:role/r").credentials.Retrieve(t.Context())
			if err != nil {
				t.Error(err)
			}
			return c.AccessKeyID
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { key() })
		}
		all.Wait()
		if n := len(aws.requests); n != 1 {
			t.Fatalf("assumed %d times", n)
		}
		q := aws.requests[0]
		if q.Get("RoleArn") != "arn:aws:iam::222222222222:role/r" || q.Get("ExternalId") != "ticket" || q.Get("RoleSessionName") != "crosscheck" || q.Get("DurationSeconds") != "3600" {
			t.Errorf("%v", q)
		}
		time.Sleep(54 * time.Minute)
		if got := key(); got != "ASIA0" {
			t.Errorf("after 54 minutes the key is %s", got)
		}
		time.Sleep(2 * time.Minute)
		if got := key(); got != "ASIA1" {
			t.Errorf("after 56 minutes the key is %s", got)
		}
		// What fails then is tried again, as long as what there is has not expired.
		aws.answer = func(int) (int, string) { return refusal(http.StatusForbidden, "AccessDenied") }
		time.Sleep(56 * time.Minute)
		if got := key(); got != "ASIA1" {
			t.Errorf("after a refusal the key is %s", got)
		}
		aws.answer = assumed
		if got := key(); got == "ASIA1" {
			t.Error("the role was not assumed again")
		}
	})
}

// TestRefusedRoleIsNotTriedAgain: a role that cannot be assumed costs one call, unless
// the caller gave up while it was on its way.
func TestRefusedRoleIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	aws := &tokens{answer: func(int) (int, string) { return refusal(http.StatusForbidden, "AccessDenied") }}
	s := stsSession(aws, Options{SessionName: "canary"})
	for range 3 {
		err := s.Role("arn:aws:iam::222222222222:role/r").Enter(t.Context())
		if err == nil || OneLine(err) != "AccessDenied: no" {
			t.Errorf("%v", err)
		}
	}
	if n := len(aws.requests); n != 1 || aws.requests[0].Get("RoleSessionName") != "canary" || aws.requests[0].Has("ExternalId") {
		t.Errorf("%d requests, the first %v", n, aws.requests[0])
	}
}

// TestRoleThatIsRefusedLater: a role that was assumed once is tried again, whatever
// became of its credentials, and so is one whose first caller went away.
func TestRoleThatIsRefusedLater(t *testing.T) {
	t.Parallel()
	sts := &tokens{answer: assumed}
	role := stsSession(sts, Options{}).Role("arn:aws:iam::222222222222:role/r")
	if err := role.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	role.credentials.(interface{ Invalidate() }).Invalidate()
	sts.answer = func(int) (int, string) { return refusal(http.StatusForbidden, "AccessDenied") }
	if err := role.Enter(t.Context()); Code(err) != "AccessDenied" {
		t.Errorf("%v", err)
	}
	sts.answer = assumed
	if err := role.Enter(t.Context()); err != nil {
		t.Errorf("the refusal was remembered: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	sts.answer = func(int) (int, string) {
		cancel()
		return refusal(http.StatusForbidden, "AccessDenied")
	}
	role = stsSession(sts, Options{}).Role("arn:aws:iam::222222222222:role/r")
	if err := role.Enter(ctx); err == nil {
		t.Error("no error")
	}
	sts.answer = assumed
	if err := role.Enter(t.Context()); err != nil {
		t.Errorf("the end of the first caller was remembered: %v", err)
	}
}

// TestCredentialsThatAreNone: an answer without one part of the credentials is refused.
func TestCredentialsThatAreNone(t *testing.T) {
	t.Parallel()
	_, whole := assumed(0)
	for _, part := range []string{"Credentials", "AccessKeyId", "SecretAccessKey", "Expiration"} {
		body := regexp.MustCompile("<"+part+">.*</"+part+">").ReplaceAllString(whole, "")
		s := stsSession(&tokens{answer: func(int) (int, string) { return http.StatusOK, body }}, Options{})
		if err := s.Role("arn:aws:iam::222222222222:role/r").Enter(t.Context()); err == nil || !strings.HasPrefix(OneLine(err), "the answer of sts:AssumeRole has no AssumeRoleResponse/AssumeRoleResult/Credentials") {
			t.Errorf("without %s: %v", part, err)
		}
	}
}

// TestAttempts: a call is tried as often as the options say, and half of 16 times where
// they say nothing and it is not throttled.
func TestAttempts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attempts, status int
		code             string
		want             int
	}{
		{0, http.StatusServiceUnavailable, "Throttling", 16}, {0, http.StatusInternalServerError, "InternalFailure", 8},
		{4, http.StatusServiceUnavailable, "Throttling", 4}, {4, http.StatusInternalServerError, "InternalFailure", 4},
	} {
		t.Run(fmt.Sprintf("%d %s", c.attempts, c.code), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				aws := &tokens{answer: func(int) (int, string) { return refusal(c.status, c.code) }}
				if err := stsSession(aws, Options{Attempts: c.attempts}).Role("arn:aws:iam::222222222222:role/r").Enter(t.Context()); Code(err) != c.code {
					t.Errorf("%v", err)
				}
				if n := len(aws.requests); n != c.want {
					t.Errorf("%d attempts, want %d", n, c.want)
				}
			})
		})
	}
}

func TestRoleARN(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"audit": "audit", "/audit": "audit", "team/audit": "team/audit"} {
		if got := RoleARN("aws-cn", "111111111111", name); got != "arn:aws-cn:iam::111111111111:role/"+want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := AccountOf("arn:aws:iam::222222222222:role/x") + AccountOf("alias/x") + AccountOf("arn:aws:s3:::b"); got != "222222222222" {
		t.Errorf("%s", got)
	}
}
