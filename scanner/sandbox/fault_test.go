package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// putAccountBlock sets the block of the default caller's account.
func putAccountBlock() *s3control.PutPublicAccessBlockInput {
	return &s3control.PutPublicAccessBlockInput{
		AccountId: aws.String("111111111111"), PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)},
	}
}

// assumeAudit assumes the audit role of control.yaml and describes the session.
func assumeAudit(t *testing.T, config aws.Config) string {
	t.Helper()
	out, err := sts.NewFromConfig(config).AssumeRole(context.Background(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::222222222222:role/crosscheck-audit"), RoleSessionName: aws.String("crosscheck"), ExternalId: aws.String("ticket:7+8"),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := out.Credentials
	return strings.Join([]string{*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken, *out.AssumedRoleUser.AssumedRoleId}, " ")
}

func fault(t testing.TB, s *sandboxtest.Sandbox, f sandbox.Fault) {
	t.Helper()
	if err := s.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// probes is one call of every service, which succeeds without a fault.
var probes = map[string]func(aws.Config) error{
	"organizations": func(c aws.Config) error {
		_, err := organizations.NewFromConfig(c).ListAccounts(context.Background(), &organizations.ListAccountsInput{})
		return err
	},
	"sts": func(c aws.Config) error {
		_, err := sts.NewFromConfig(c).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		return err
	},
	"iam": func(c aws.Config) error {
		_, err := iam.NewFromConfig(c).ListRoles(context.Background(), &iam.ListRolesInput{})
		return err
	},
	"kms": func(c aws.Config) error {
		_, err := kms.NewFromConfig(c).ListAliases(context.Background(), &kms.ListAliasesInput{})
		return err
	},
	"s3control": func(c aws.Config) error {
		_, err := s3control.NewFromConfig(c).PutPublicAccessBlock(context.Background(), putAccountBlock())
		return err
	},
	"s3": func(c aws.Config) error {
		_, err := s3.NewFromConfig(c).ListBuckets(context.Background(), &s3.ListBucketsInput{})
		return err
	},
}

// Every service has its own words for a fault, and its SDK must know them.
func TestFaultsInEveryService(t *testing.T) {
	t.Parallel()
	type answer struct {
		code   string
		status int
	}
	for _, test := range []struct {
		fault sandbox.Fault
		want  map[string]answer
	}{
		{sandbox.Fault{Kind: sandbox.Throttling}, map[string]answer{
			"organizations": {"TooManyRequestsException", 400}, "sts": {"Throttling", 400}, "iam": {"Throttling", 400},
			"kms": {"ThrottlingException", 400}, "s3control": {"SlowDown", 503}, "s3": {"SlowDown", 503},
		}},
		{sandbox.Fault{Kind: sandbox.ServerError}, map[string]answer{
			"organizations": {"ServiceException", 500}, "sts": {"InternalFailure", 500}, "iam": {"ServiceFailure", 500},
			"kms": {"KMSInternalException", 500}, "s3control": {"InternalError", 500}, "s3": {"InternalError", 500},
		}},
		{sandbox.Fault{Kind: sandbox.ServerError, Status: 503}, map[string]answer{
			"organizations": {"ServiceUnavailable", 503}, "sts": {"ServiceUnavailable", 503}, "iam": {"ServiceUnavailable", 503},
			"kms": {"ServiceUnavailable", 503}, "s3control": {"ServiceUnavailable", 503}, "s3": {"ServiceUnavailable", 503},
		}},
		{sandbox.Fault{Kind: sandbox.AccessDenied}, map[string]answer{
			"organizations": {"AccessDeniedException", 400}, "sts": {"AccessDenied", 403}, "iam": {"AccessDenied", 403},
			"kms": {"AccessDeniedException", 400}, "s3control": {"AccessDenied", 403}, "s3": {"AccessDenied", 403},
		}},
		{sandbox.Fault{Kind: sandbox.NotImplemented}, map[string]answer{
			"organizations": {"NotImplemented", 501}, "sts": {"NotImplemented", 501}, "iam": {"NotImplemented", 501},
			"kms": {"NotImplemented", 501}, "s3control": {"NotImplemented", 501}, "s3": {"NotImplemented", 501},
		}},
		{sandbox.Fault{Kind: sandbox.ExpiredToken}, map[string]answer{
			"organizations": {"ExpiredTokenException", 400}, "sts": {"ExpiredToken", 403}, "iam": {"ExpiredToken", 403},
			"kms": {"ExpiredTokenException", 400}, "s3control": {"ExpiredToken", 400}, "s3": {"ExpiredToken", 400},
		}},
	} {
		s := sandboxtest.Control(t)
		fault(t, s, test.fault)
		for service, call := range probes {
			want := test.want[service]
			sandboxtest.WantCode(t, fmt.Sprintf("%s %d in %s", test.fault.Kind, test.fault.Status, service), call(s.As(sandbox.DefaultAccessKey, "us-east-1")), want.code, want.status)
		}
		s.ClearFaults()
		for service, call := range probes {
			sandboxtest.WantCode(t, service+" after ClearFaults", call(s.As(sandbox.DefaultAccessKey, "us-east-1")), "", 0)
		}
	}
}

// Broken answers are errors in both doors, never empty successes.
func TestFaultsOfTheConnection(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.Reset, sandbox.LostReply, sandbox.Malformed, sandbox.Truncated} {
		for service, call := range probes {
			if service == "s3control" && (kind == sandbox.Malformed || kind == sandbox.Truncated) {
				continue // its answer has no body
			}
			s := sandboxtest.Control(t)
			server := httptest.NewServer(s)
			fault(t, s, sandbox.Fault{Kind: kind})
			inProcess := s.As(sandbox.DefaultAccessKey, "us-east-1")
			overHTTP := inProcess
			overHTTP.HTTPClient = &rerouted{to: strings.TrimPrefix(server.URL, "http://")}
			for door, config := range map[string]aws.Config{"in process": inProcess, "over HTTP": overHTTP} {
				err := call(config)
				var api interface{ ErrorCode() string }
				if err == nil || errors.As(err, &api) {
					t.Errorf("%s of %s %s: error %v, want one that is not an API error", kind, service, door, err)
				}
				if kind == sandbox.Reset && door == "in process" && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%s of %s %s: error %v is not a reset connection", kind, service, door, err)
				}
			}
			server.Close()
		}
	}
}

// rerouted sends every request to the sandbox's loopback address.
type rerouted struct{ to string }

func (c *rerouted) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	r.URL.Scheme, r.URL.Host = "http", c.to
	return http.DefaultTransport.RoundTrip(r)
}

// A reset strikes before the operation, a lost reply after it.
func TestWhatABrokenConnectionLeaves(t *testing.T) {
	t.Parallel()
	for kind, want := range map[sandbox.FaultKind]bool{sandbox.Reset: false, sandbox.LostReply: true} {
		s := sandboxtest.Control(t)
		fault(t, s, sandbox.Fault{Kind: kind})
		if err := probes["s3control"](s.As(sandbox.DefaultAccessKey, "us-east-1")); err == nil {
			t.Errorf("%s: no error", kind)
		}
		if got := s.State.Accounts["111111111111"].PublicAccess != nil; got != want {
			t.Errorf("%s: the operation happened: %v, want %v", kind, got, want)
		}
	}
}

func TestFaultsStrikeWhatTheyMatch(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	list := func(key, region string) error { return probes["kms"](s.As(key, region)) }
	roles := func(key string) error { return probes["iam"](s.As(key, "us-east-1")) }

	fault(t, s, sandbox.Fault{Operation: "kms:*", Account: "1111*", Region: "eu-*", Kind: sandbox.Throttling})
	sandboxtest.WantCode(t, "what matches", list(sandbox.DefaultAccessKey, "eu-west-1"), "ThrottlingException", 400)
	sandboxtest.WantCode(t, "another Region", list(sandbox.DefaultAccessKey, "us-east-1"), "", 0)
	sandboxtest.WantCode(t, "another account", list("AKIAALICE00000000000", "eu-west-1"), "", 0)
	sandboxtest.WantCode(t, "another service", roles(sandbox.DefaultAccessKey), "", 0)
	s.ClearFaults()

	fault(t, s, sandbox.Fault{Operation: "iam:ListRoles", Kind: sandbox.ServerError, Skip: 2, Count: 2})
	for i, want := range []string{"", "", "ServiceFailure", "ServiceFailure", "", ""} {
		status := 0
		if want != "" {
			status = 500
		}
		sandboxtest.WantCode(t, fmt.Sprintf("request %d", i), roles(sandbox.DefaultAccessKey), want, status)
	}

	if err := s.AddFault(sandbox.Fault{Kind: "nonsense"}); err == nil {
		t.Error("an unknown kind is taken")
	}
}

func TestLatencyPassesByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sandboxtest.Control(t)
		fault(t, s, sandbox.Fault{Operation: "iam:*", Kind: sandbox.Latency, Delay: 3 * time.Second})
		fault(t, s, sandbox.Fault{Account: "111111111111", Kind: sandbox.Latency, Delay: time.Second})
		client := iam.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1"))

		start := time.Now()
		if _, err := client.ListRoles(context.Background(), &iam.ListRolesInput{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("took %v, want 4s", took)
		}

		// Nobody waits for another's latency: the lock is not held meanwhile.
		start = time.Now()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if _, err := client.ListRoles(context.Background(), &iam.ListRolesInput{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("ten calls took %v, want 4s", took)
		}

		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		start = time.Now()
		_, err := client.ListRoles(ctx, &iam.ListRolesInput{})
		if took := time.Since(start); took != 500*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call with 500 ms took %v and gave %v", took, err)
		}
	})
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sandboxtest.Control(t)
		fault(t, s, sandbox.Fault{Kind: sandbox.SlowBody, Delay: 5 * time.Second})
		get := func(ctx context.Context) (time.Duration, string, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://sts.amazonaws.com/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+sandbox.DefaultAccessKey+"/20260101/us-east-1/sts/aws4_request")
			res, err := s.HTTPClient().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			start := time.Now()
			body, err := io.ReadAll(res.Body)
			return time.Since(start), string(body), err
		}
		took, body, err := get(context.Background())
		if took != 5*time.Second || err != nil || !strings.HasSuffix(body, "</GetCallerIdentityResponse>") {
			t.Errorf("the body took %v: %v %s", took, err, body)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		took, body, err = get(ctx)
		if took != time.Second || !errors.Is(err, context.DeadlineExceeded) || body == "" || strings.HasSuffix(body, "</GetCallerIdentityResponse>") {
			t.Errorf("the canceled body took %v: %v %s", took, err, body)
		}
	})
}

// The SDK's client is not used here: it closes the body of its request when the
// headers of the answer arrive, and net/http may then close the connection.
func TestSlowBodyOverHTTP(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	fault(t, s, sandbox.Fault{Kind: sandbox.SlowBody, Delay: 20 * time.Millisecond})
	server := httptest.NewServer(s)
	defer server.Close()
	client := &rerouted{to: strings.TrimPrefix(server.URL, "http://")}
	res, body := sandboxtest.PostTo(t, client, "sts", sandbox.DefaultAccessKey, sandboxtest.Form, "", "Action=GetCallerIdentity&Version=2011-06-15")
	if res.StatusCode != http.StatusOK || !strings.HasSuffix(body, "</GetCallerIdentityResponse>") || int64(len(body)) != res.ContentLength {
		t.Errorf("%d %d %s", res.StatusCode, res.ContentLength, body)
	}
}

// The retries of the SDK get over faults that pass; it does not retry a body
// that ends early.
func TestTheSDKRetriesFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, kind := range []sandbox.FaultKind{sandbox.Throttling, sandbox.ServerError, sandbox.Reset, sandbox.LostReply} {
			for service, call := range probes {
				s := sandboxtest.Control(t)
				fault(t, s, sandbox.Fault{Kind: kind, Count: 2})
				config := s.As(sandbox.DefaultAccessKey, "us-east-1")
				config.RetryMaxAttempts = 3
				sandboxtest.WantCode(t, fmt.Sprintf("two of %s in %s", kind, service), call(config), "", 0)
			}
		}
	})
}
