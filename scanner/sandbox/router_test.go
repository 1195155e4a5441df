package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// What the sandbox does not know is refused in the form that was asked in.
func TestUnknownRequests(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	for _, test := range []struct {
		name, service, contentType, target, body string
		status                                   int
		want                                     string
	}{
		{"operation of IAM", "iam", sandboxtest.Form, "", "Action=DeleteRole&Version=2010-05-08", 501, "<Code>NotImplemented</Code>"},
		{"operation of Organizations", "organizations", sandboxtest.JSON, "AWSOrganizationsV20161128.LeaveOrganization", "{}", 501, `"__type":"NotImplemented"`},
		{"target of another service", "kms", sandboxtest.JSON, "AWSOrganizationsV20161128.ListAccounts", "{}", 501, `"__type":"NotImplemented"`},
		{"no target", "kms", sandboxtest.JSON, "", "{}", 501, `"__type":"NotImplemented"`},
		{"no action", "sts", sandboxtest.Form, "", "Version=2011-06-15", 400, "<Code>MissingAction</Code>"},
		{"broken form", "sts", sandboxtest.Form, "", "Action=%zz", 400, "<Code>MalformedQueryString</Code>"},
		{"broken JSON", "organizations", sandboxtest.JSON, "AWSOrganizationsV20161128.ListAccounts", "{", 400, `"__type":"SerializationException"`},
		{"JSON of another type", "kms", sandboxtest.JSON, "TrentService.DescribeKey", `{"KeyId": 7}`, 400, `"__type":"SerializationException"`},
		{"a Query service that is not there", "sns", sandboxtest.Form, "", "Action=ListTopics", 501, "<Code>NotImplemented</Code>"},
		{"a JSON service that is not there", "config", sandboxtest.JSON, "StarlingDoveService.DescribeConfigRules", "{}", 501, `"__type":"NotImplemented"`},
		{"a REST service that is not there", "lambda", "", "", "", 501, "<Code>NotImplemented</Code>"},
	} {
		res, body := s.Post(t, test.service, sandbox.DefaultAccessKey, test.contentType, test.target, test.body)
		if res.StatusCode != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s, want %d %s", test.name, res.StatusCode, body, test.status, test.want)
		}
	}
	for _, test := range []struct{ service, contentType, target, body, want string }{
		{"sts", sandboxtest.Form, "", "Action=GetCallerIdentity&Version=2011-06-15", "<Code>MissingAuthenticationToken</Code>"},
		{"iam", sandboxtest.Form, "", "Action=ListRoles&Version=2010-05-08", "<Code>MissingAuthenticationToken</Code>"},
		{"kms", sandboxtest.JSON, "TrentService.ListAliases", "{}", `"__type":"MissingAuthenticationToken"`},
	} {
		res, body := s.Post(t, test.service, "", test.contentType, test.target, test.body)
		if res.StatusCode != http.StatusForbidden || !strings.Contains(body, test.want) {
			t.Errorf("unsigned %s: %d %s, want %s", test.service, res.StatusCode, body, test.want)
		}
	}
}

func TestInProcessClientHonorsTheContext(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://s3.amazonaws.com/", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	body := &closing{}
	r.Body = body
	if _, err := s.HTTPClient().Do(r); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if !body.closed {
		t.Error("the body of the request is left open")
	}
	if len(s.Calls()) != 0 {
		t.Errorf("calls %v", s.Calls())
	}
}

type closing struct{ closed bool }

func (*closing) Read([]byte) (int, error) { return 0, errors.New("read after cancellation") }

func (c *closing) Close() error { c.closed = true; return nil }

// Both doors give the same answers to the same sequence of requests.
func TestBothDoorsAndEveryRunAgree(t *testing.T) {
	t.Parallel()
	run := func(overHTTP bool) string {
		s := sandboxtest.Control(t)
		config := s.As(sandbox.DefaultAccessKey, "us-east-1")
		var log strings.Builder
		var inner aws.HTTPClient = s.HTTPClient()
		if overHTTP {
			server := httptest.NewServer(s)
			defer server.Close()
			inner = &rerouted{to: strings.TrimPrefix(server.URL, "http://")}
		}
		config.HTTPClient = &logging{inner, &log}
		for _, service := range []string{"organizations", "sts", "iam", "kms", "s3control", "s3"} {
			if err := probes[service](config); err != nil {
				t.Fatal(err)
			}
		}
		session := assumeAudit(t, config)
		log.WriteString(session + "\n")
		_, err := iam.NewFromConfig(config).GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("missing")})
		sandboxtest.WantCode(t, "GetRole", err, "NoSuchEntity", 404)
		return log.String()
	}
	first := run(false)
	if again := run(false); again != first {
		t.Errorf("two runs differ:\n%s\n%s", first, again)
	}
	if other := run(true); other != first {
		t.Errorf("the doors differ:\nin process:\n%s\nover HTTP:\n%s", first, other)
	}
}

// logging records what is the same for the same requests: status and ids.
type logging struct {
	inner aws.HTTPClient
	log   *strings.Builder
}

func (c *logging) Do(r *http.Request) (*http.Response, error) {
	res, err := c.inner.Do(r)
	if err == nil {
		h := res.Header
		fmt.Fprintln(c.log, res.StatusCode, h.Get("Content-Type"), h.Get("X-Amzn-Requestid"), h.Get("X-Amz-Request-Id"), h.Get("X-Amz-Id-2"), res.ContentLength)
	}
	return res, err
}

// Concurrent use is safe; go test -race looks.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	config := s.As(sandbox.DefaultAccessKey, "us-east-1")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, call := range probes {
				if err := call(config); err != nil {
					t.Error(err)
				}
			}
			if err := s.AddFault(sandbox.Fault{Operation: "nothing:*", Kind: sandbox.Reset}); err != nil {
				t.Error(err)
			}
			s.Calls()
			s.ClearFaults()
		})
	}
	group.Wait()
	total := 0
	for _, n := range s.Calls() {
		total += n
	}
	if total != 8*len(probes) {
		t.Errorf("%d calls were counted, want %d", total, 8*len(probes))
	}
}
