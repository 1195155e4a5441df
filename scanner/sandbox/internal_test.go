package sandbox

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"crosscheck/scanner/sandbox/service"
)

const (
	form  = "application/x-www-form-urlencoded; charset=utf-8"
	json1 = "application/x-amz-json-1.1"
)

func TestCredentialForms(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

// No request makes the sandbox panic or succeed where it knows nothing: the
// seeds run as a test, go test -fuzz goes on from there.
func FuzzControlPlane(f *testing.F) {
	for _, op := range services["organizations"].Operations {
		f.Add("organizations", json1, "AWSOrganizationsV20161128."+op, `{"TargetId":"222222222222","Filter":"","ParentId":"r-ctrl","NextToken":"-1"}`)
	}
	for _, op := range services["kms"].Operations {
		f.Add("kms", json1, "TrentService."+op, `{"KeyId":"arn:aws:kms:us-east-1:222222222222:key/","Limit":0,"Marker":"9"}`)
		f.Add("kms", json1, "TrentService."+op, `{"KeyId":"alias/aws/s3"}`)
		f.Add("kms", json1, "TrentService."+op, `null`)
	}
	for _, op := range services["iam"].Operations {
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

func control(t testing.TB) *Sandbox {
	t.Helper()
	data, err := os.ReadFile("sandboxtest/testdata/control.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, err := Load("control.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(w)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The seed decides which requests of a kind are struck, whatever comes between.
func TestFaultProbability(t *testing.T) {
	t.Parallel()
	const n, p = 4000, 0.25
	strikes := func(seed uint64, disturb bool) (out []bool) {
		s := control(t)
		if err := s.AddFault(Fault{Operation: "iam:*", Kind: Throttling, Probability: p, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		c := &service.Call{Op: "iam:GetRole", Account: "222222222222"}
		for range n {
			if disturb {
				s.strike(&service.Call{Op: "iam:ListRoles", Account: "222222222222"})
			}
			out = append(out, len(s.strike(c)) == 1)
		}
		return out
	}
	one, again, disturbed, other := strikes(1, false), strikes(1, false), strikes(1, true), strikes(2, false)
	count, same := 0, 0
	for i := range one {
		if one[i] != again[i] || one[i] != disturbed[i] {
			t.Fatalf("request %d differs between runs of the same seed", i)
		}
		if one[i] {
			count++
		}
		if one[i] == other[i] {
			same++
		}
	}
	// Five standard deviations of a binomial distribution: 4000 × 0.25 ± 137.
	if count < 863 || count > 1137 {
		t.Errorf("%d of %d requests were struck with probability %v", count, n, p)
	}
	if same == n {
		t.Error("another seed strikes the same requests")
	}
}
