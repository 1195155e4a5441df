package sandbox

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
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"crosscheck/scanner/sandbox/service"
)

const (
	form  = "application/x-www-form-urlencoded; charset=utf-8"
	json1 = "application/x-amz-json-1.1"
)

// What the sandbox does not know is refused in the form that was asked in.
func TestUnknownRequests(t *testing.T) {
	s := control(t)
	for _, test := range []struct {
		name, service, contentType, target, body string
		status                                   int
		want                                     string
	}{
		{"operation of IAM", "iam", form, "", "Action=DeleteRole&Version=2010-05-08", 501, "<Code>NotImplemented</Code>"},
		{"operation of Organizations", "organizations", json1, "AWSOrganizationsV20161128.LeaveOrganization", "{}", 501, `"__type":"NotImplemented"`},
		{"target of another service", "kms", json1, "AWSOrganizationsV20161128.ListAccounts", "{}", 501, `"__type":"NotImplemented"`},
		{"no target", "kms", json1, "", "{}", 501, `"__type":"NotImplemented"`},
		{"no action", "sts", form, "", "Version=2011-06-15", 400, "<Code>MissingAction</Code>"},
		{"broken form", "sts", form, "", "Action=%zz", 400, "<Code>MalformedQueryString</Code>"},
		{"broken JSON", "organizations", json1, "AWSOrganizationsV20161128.ListAccounts", "{", 400, `"__type":"SerializationException"`},
		{"JSON of another type", "kms", json1, "TrentService.DescribeKey", `{"KeyId": 7}`, 400, `"__type":"SerializationException"`},
		{"a Query service that is not there", "sns", form, "", "Action=ListTopics", 501, "<Code>NotImplemented</Code>"},
		{"a JSON service that is not there", "config", json1, "StarlingDoveService.DescribeConfigRules", "{}", 501, `"__type":"NotImplemented"`},
		{"a REST service that is not there", "lambda", "", "", "", 501, "<Code>NotImplemented</Code>"},
	} {
		res, body := s.post(t, test.service, DefaultAccessKey, test.contentType, test.target, test.body)
		if res.StatusCode != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s, want %d %s", test.name, res.StatusCode, body, test.status, test.want)
		}
	}
	for _, test := range []struct{ service, contentType, target, body, want string }{
		{"sts", form, "", "Action=GetCallerIdentity&Version=2011-06-15", "<Code>MissingAuthenticationToken</Code>"},
		{"iam", form, "", "Action=ListRoles&Version=2010-05-08", "<Code>MissingAuthenticationToken</Code>"},
		{"kms", json1, "TrentService.ListAliases", "{}", `"__type":"MissingAuthenticationToken"`},
	} {
		res, body := s.post(t, test.service, "", test.contentType, test.target, test.body)
		if res.StatusCode != http.StatusForbidden || !strings.Contains(body, test.want) {
			t.Errorf("unsigned %s: %d %s, want %s", test.service, res.StatusCode, body, test.want)
		}
	}
}

func TestCredentialForms(t *testing.T) {
	for _, test := range []struct {
		name, url, authorization string
		want                     credential
	}{
		{"header", "https://iam.amazonaws.com/", "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/iam/aws4_request, SignedHeaders=host, Signature=0", credential{"AKIA", "eu-west-1", "iam", ""}},
		{"header without blanks", "https://iam.amazonaws.com/", "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/iam/aws4_request,SignedHeaders=host,Signature=0", credential{"AKIA", "eu-west-1", "iam", ""}},
		{"header of version 4a", "https://b.s3.amazonaws.com/", "AWS4-ECDSA-P256-SHA256 Credential=AKIA/20260101/s3/aws4_request, SignedHeaders=host, Signature=0", credential{"AKIA", "us-east-1", "s3", ""}},
		{"header of version 2", "https://b.s3.eu-west-1.amazonaws.com/", "AWS AKIA:c2ln", credential{"AKIA", "eu-west-1", "", ""}},
		{"presigned", "https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Credential=AKIA%2F20260101%2Feu-west-2%2Fs3%2Faws4_request&X-Amz-Security-Token=t", "", credential{"AKIA", "eu-west-2", "s3", "t"}},
		{"presigned with version 2", "https://s3-eu-west-1.amazonaws.com/b/k?AWSAccessKeyId=AKIA&x-amz-security-token=t", "", credential{"AKIA", "eu-west-1", "", "t"}},
		{"unsigned", "https://b.s3.dualstack.eu-west-1.amazonaws.com/k", "", credential{"", "eu-west-1", "", ""}},
		{"unsigned on loopback", "http://127.0.0.1:8080/b/k", "", credential{"", "us-east-1", "", ""}},
		{"garbage", "http://127.0.0.1:8080/", "AWS4-HMAC-SHA256 Credential=a/b", credential{"a", "us-east-1", "", ""}},
	} {
		r := httptest.NewRequest(http.MethodGet, test.url, nil)
		if test.authorization != "" {
			r.Header.Set("Authorization", test.authorization)
		}
		if got := parseCredential(r); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

// The form of a request decides only where the signature does not.
func TestServiceOfARequest(t *testing.T) {
	for _, test := range []struct {
		name, method, url, service, contentType, target, body, want string
	}{
		{"signed for IAM", "POST", "https://h/", "iam", form, "", "Action=X", "iam"},
		{"an object that looks like a form", "POST", "https://h/bucket/key", "s3", form, "", "Action=X", "s3"},
		{"S3 Control, which signs as S3", "GET", "https://h/v20180820/configuration/publicAccessBlock", "s3", "", "", "", "s3control"},
		{"unsigned JSON", "POST", "https://h/", "", json1, "TrentService.ListKeys", "{}", "kms"},
		{"unsigned form of STS", "POST", "https://h/", "", form, "", "Action=X&Version=2011-06-15", "sts"},
		{"unsigned form of IAM", "POST", "https://h/", "", form, "", "Action=X&Version=2010-05-08", "iam"},
		{"unsigned form to a bucket", "POST", "https://h/bucket", "", form, "", "Action=X", "s3"},
		{"anonymous GET", "GET", "https://h/bucket/key", "", "", "", "", "s3"},
	} {
		c := &service.Call{HTTP: httptest.NewRequest(test.method, test.url, nil), Body: []byte(test.body)}
		c.HTTP.Header.Set("Content-Type", test.contentType)
		c.HTTP.Header.Set("X-Amz-Target", test.target)
		if got := serviceOf(c, credential{service: test.service}); got != test.want {
			t.Errorf("%s goes to %s, want %s", test.name, got, test.want)
		}
	}
}

func TestInProcessClientHonorsTheContext(t *testing.T) {
	s := control(t)
	ctx, cancel := context.WithCancel(background)
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
func (c *closing) Close() error           { c.closed = true; return nil }

// Both doors give the same answers to the same sequence of requests.
func TestBothDoorsAndEveryRunAgree(t *testing.T) {
	run := func(overHTTP bool) string {
		s := control(t)
		config := s.as(DefaultAccessKey, "us-east-1")
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
		_, err := iam.NewFromConfig(config).GetRole(background, &iam.GetRoleInput{RoleName: aws.String("missing")})
		wantCode(t, "GetRole", err, "NoSuchEntity", 404)
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
	s := control(t)
	config := s.as(DefaultAccessKey, "us-east-1")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, call := range probes {
				if err := call(config); err != nil {
					t.Error(err)
				}
			}
			if err := s.AddFault(Fault{Operation: "nothing:*", Kind: Reset}); err != nil {
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

func BenchmarkListAccounts(b *testing.B) {
	s := control(b)
	client := organizations.NewFromConfig(s.as(DefaultAccessKey, "us-east-1"))
	for b.Loop() {
		if _, err := client.ListAccounts(background, &organizations.ListAccountsInput{}); err != nil {
			b.Fatal(err)
		}
	}
}

// No request makes the sandbox panic or succeed where it knows nothing: the
// seeds run as a test, go test -fuzz goes on from there.
func FuzzControlPlane(f *testing.F) {
	for _, op := range services["organizations"].Operations {
		f.Add("organizations", json1, "AWSOrganizationsV20161128."+op, `{"TargetId":"222222222222","Filter":"","ParentId":"r-ctrl","NextToken":"-1"}`)
	}
	for _, op := range services["organizations"].Operations {
		f.Add("kms", json1, "TrentService."+op, `{"KeyId":"arn:aws:kms:us-east-1:222222222222:key/","Limit":0,"Marker":"9"}`)
		f.Add("kms", json1, "TrentService."+op, `{"KeyId":"alias/aws/s3"}`)
		f.Add("kms", json1, "TrentService."+op, `null`)
	}
	for _, op := range services["organizations"].Operations {
		f.Add("iam", form, "", "Action="+op+"&RoleName=%00&MaxItems=x&Marker=1")
		f.Add("iam", form, "", "Action="+op+"&PolicyArn=arn:aws:iam::aws:policy/&RoleName=auditor&PolicyDocument={}&PolicyName=x")
	}
	f.Add("sts", form, "", "Action=AssumeRole&RoleArn=arn:aws:iam::222222222222:role/&RoleSessionName=ab")
	f.Add("sts", form, "", "Action=AssumeRole&RoleArn=:::::&RoleSessionName=ab&DurationSeconds=99999999999999999999")
	s := control(f)
	f.Fuzz(func(t *testing.T, service, contentType, target, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+DefaultAccessKey+"/20260101/us-east-1/"+service+"/aws4_request")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == http.StatusOK && w.Body.Len() == 0 && services[service] != nil && service != "s3" && service != "s3control" {
			t.Errorf("an empty success of %s %s %s", service, target, body)
		}
	})
}
