package access

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

// demo is the demo's AWS, and clients that start from a Region with the credentials of
// its management account. The profile "broken" cannot be loaded.
func demo(t *testing.T, region string) (*Clients, *sandbox.Sandbox, *[]string) {
	t.Helper()
	world, err := sandbox.Load("demo.yaml", testdata.DemoWorld)
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(world)
	if err != nil {
		t.Fatal(err)
	}
	var loaded []string
	return New(func(_ context.Context, profile string) (aws.Config, error) {
		loaded = append(loaded, profile)
		if profile == "broken" {
			return aws.Config{}, errors.New("no such profile")
		}
		return aws.Config{
			Region: region, HTTPClient: box.HTTPClient(),
			Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
		}, nil
	}, ""), box, &loaded
}

// withRole is a bucket of the demo and the canary's role in its account.
func withRole(bucket, account, region string) journal.Location {
	return journal.Location{
		Bucket: bucket, AccountID: account, Region: region, Access: journal.Access{RoleName: "crosscheck-canary"},
	}
}

// calls counts the calls of an API.
func calls(box *sandbox.Sandbox, operation string) int {
	n := 0
	for c, count := range box.Calls() {
		if c.Operation == operation {
			n += count
		}
	}
	return n
}

// TestRole acts as the canary's role in the bucket's account, assumes it once for all
// buckets there, and keeps one client for each Region.
func TestRole(t *testing.T) {
	t.Parallel()
	clients, box, loaded := demo(t, "us-east-1")
	var made []bucket.S3
	for _, at := range []journal.Location{
		withRole("orders-invoices", "111111111111", "us-east-1"),
		withRole("orders-ledger", "111111111111", "us-east-1"),
		withRole("backup-invoices", "333333333333", "eu-west-1"),
	} {
		b, err := clients.Bucket(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if b.Name != at.Bucket || b.AccountID != at.AccountID || b.Region != at.Region || b.Access != at.Access {
			t.Errorf("%+v is not at %+v", b.Bucket, at)
		}
		_, err = b.S3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b.Name, ExpectedBucketOwner: &b.AccountID})
		if err != nil {
			t.Errorf("%s: %s", b.Name, client.OneLine(err))
		}
		made = append(made, b.S3)
	}
	if made[0] != made[1] || made[0] == made[2] {
		t.Error("there is not one client for each account and Region")
	}
	if n := calls(box, "sts:AssumeRole"); n != 2 {
		t.Errorf("%d roles were assumed", n)
	}
	if !slices.Equal(*loaded, []string{""}) {
		t.Errorf("profiles %q were loaded", *loaded)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		region string // of the profile
		at     journal.Location
		want   string
	}{
		{"no account", "us-east-1", withRole("b", "", "us-east-1"), "the account of the bucket b is not known, so no role can be assumed"},
		{"no such role", "us-east-1", withRole("b", "999999999999", "us-east-1"), "the role arn:aws:iam::999999999999:role/crosscheck-canary cannot be assumed: "},
		{"no Region", "", journal.Location{Bucket: "b"}, "no AWS Region is set"},
		{"no profile", "us-east-1", journal.Location{Bucket: "b", Access: journal.Access{Profile: "broken"}}, "no such profile"},
	} {
		clients, _, _ := demo(t, test.region)
		if _, err := clients.Bucket(t.Context(), test.at); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestRegionOfServers signs for us-east-1 where only an endpoint is given.
func TestRegionOfServers(t *testing.T) {
	t.Parallel()
	clients, _, _ := demo(t, "")
	b, err := clients.Bucket(t.Context(), journal.Location{Bucket: "b", Access: journal.Access{Endpoint: "http://127.0.0.1:9000"}})
	if err != nil {
		t.Fatal(err)
	}
	o := b.S3.(*s3.Client).Options()
	if o.Region != "us-east-1" || aws.ToString(o.BaseEndpoint) != "http://127.0.0.1:9000" {
		t.Errorf("Region %s, endpoint %v", o.Region, aws.ToString(o.BaseEndpoint))
	}
}

// TestLocate finds the Region of a bucket, and says when there is no such bucket.
func TestLocate(t *testing.T) {
	t.Parallel()
	clients, _, _ := demo(t, "us-east-1")
	b, err := clients.Locate(t.Context(), withRole("backup-invoices", "333333333333", ""))
	if err != nil || b.Region != "eu-west-1" || b.S3.(*s3.Client).Options().Region != "eu-west-1" {
		t.Errorf("%+v, %v", b, err)
	}
	_, err = clients.Locate(t.Context(), journal.Location{Bucket: "no-such-bucket"})
	var problem *client.Error
	if !errors.As(err, &problem) || problem.Problem != "there is no bucket no-such-bucket" || problem.Hint == "" {
		t.Errorf("no bucket: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := clients.Locate(ctx, journal.Location{Bucket: "orders-invoices"}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestUnreachable says that a bucket did not answer.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	clients, box, _ := demo(t, "us-east-1")
	if err := box.AddFault(sandbox.Fault{Operation: "s3:HeadBucket", Kind: sandbox.Reset}); err != nil {
		t.Fatal(err)
	}
	_, err := clients.Locate(t.Context(), journal.Location{Bucket: "orders-invoices"})
	if err == nil || !strings.HasPrefix(err.Error(), "the bucket orders-invoices cannot be reached: ") {
		t.Error(err)
	}
}

// silent never answers.
type silent struct{}

func (silent) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestNoAnswer: a server that does not answer is given up, for a role as for a bucket.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]journal.Location{
		"the bucket b cannot be reached: ":                                              {Bucket: "b"},
		"the role arn:aws:iam::111111111111:role/crosscheck-canary cannot be assumed: ": withRole("b", "111111111111", "us-east-1"),
	} {
		synctest.Test(t, func(t *testing.T) {
			clients := New(func(context.Context, string) (aws.Config, error) {
				return aws.Config{Region: "us-east-1", HTTPClient: silent{},
					Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "")}, nil
			}, "")
			began := time.Now()
			_, err := clients.Locate(t.Context(), at)
			if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "(given up after 1m0s)") || time.Since(began) != reach {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		})
	}
}

// TestNoAnswerForOthers: a role that is waited for does not keep others from being interrupted.
func TestNoAnswerForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clients := New(func(context.Context, string) (aws.Config, error) {
			return aws.Config{Region: "us-east-1", HTTPClient: silent{},
				Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "")}, nil
		}, "")
		ended := make(chan time.Duration, 10)
		began := time.Now()
		for n := range cap(ended) {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n+1)*time.Second)
				defer cancel()
				if _, err := clients.Bucket(ctx, withRole("b", "111111111111", "us-east-1")); err == nil {
					t.Error("a role was assumed")
				}
				ended <- time.Since(began)
			}()
		}
		for n := range cap(ended) {
			if took := <-ended; took > time.Duration(n+1)*time.Second {
				t.Errorf("number %d ended after %s", n, took)
			}
		}
	})
}

// TestConnect completes a bucket, and leaves the error where it cannot.
func TestConnect(t *testing.T) {
	t.Parallel()
	clients, _, _ := demo(t, "us-east-1")
	role := journal.Access{RoleName: "crosscheck-canary"}
	known := bucket.Bucket{Bucket: fact.Bucket{Name: "orders-invoices", AccountID: "111111111111", Region: "us-east-1"}}
	clients.Connect(t.Context(), &known, role)
	if known.Err != nil || known.S3 == nil || known.Access != role {
		t.Errorf("%+v", known)
	}
	unlocated := bucket.Bucket{Bucket: fact.Bucket{Name: "backup-invoices", AccountID: "333333333333"}}
	clients.Connect(t.Context(), &unlocated, role)
	if unlocated.Err != nil || unlocated.S3 == nil || unlocated.Region != "eu-west-1" {
		t.Errorf("%+v", unlocated)
	}
	foreign := bucket.Bucket{Bucket: fact.Bucket{Name: "partner-archive", Region: "us-east-1"}}
	clients.Connect(t.Context(), &foreign, role)
	if foreign.Err == nil || foreign.S3 != nil {
		t.Errorf("%+v", foreign)
	}
}
