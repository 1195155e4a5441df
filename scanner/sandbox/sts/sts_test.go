package sts_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	const audit = "arn:aws:iam::222222222222:role/crosscheck-audit"
	external := aws.String("ticket:7+8")
	for _, test := range []struct {
		name, key string
		in        sts.AssumeRoleInput
		code      string
		status    int
		message   string
	}{
		{"with the external id", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external}, "", 0, ""},
		{"without the external id", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit)}, "AccessDenied", 403,
			"User: arn:aws:iam::111111111111:user/administrator is not authorized to perform: sts:AssumeRole on resource: " + audit},
		{"with another external id", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: aws.String("ticket:7")}, "AccessDenied", 403, ""},
		{"from an account that the trust policy does not name", "AKIAREADER0000000000", sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external}, "AccessDenied", 403, ""},
		{"from a role whose policy allows it", "AKIAAUDITOR000000000", sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external}, "", 0, ""},
		{"from a role without policy", "AKIAONLYTRUSTED00000", sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::333333333333:role/reader")}, "AccessDenied", 403, ""},
		{"a role that is not there", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/missing")}, "AccessDenied", 403,
			"sts:AssumeRole on resource: arn:aws:iam::222222222222:role/missing"},
		{"an account that is not there", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::999999999999:role/crosscheck-audit")}, "AccessDenied", 403, ""},
		{"a role without its path", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/s3crr_role")}, "AccessDenied", 403, ""},
		{"a role for a service, with an invalid trust policy", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/service-role/s3crr_role")}, "AccessDenied", 403, ""},
		{"an account that is suspended", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::555555555555:role/crosscheck-audit")}, "AccessDenied", 403, ""},
		{"an account outside the organization that trusts", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::444444444444:role/guest")}, "", 0, ""},
		{"another partition", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws-cn:iam::222222222222:role/crosscheck-audit"), ExternalId: external}, "AccessDenied", 403, ""},
		{"as root", "AKIAROOT000000000000", sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/bounded")}, "AccessDenied", 403, "Roles may not be assumed by root accounts."},
		{"for too long", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, DurationSeconds: aws.Int32(7201)}, "ValidationError", 400, "MaxSessionDuration"},
		{"for two hours by chaining", "AKIAAUDITOR000000000", sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, DurationSeconds: aws.Int32(7200)}, "ValidationError", 400, "role chaining"},
		{"for too short", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, DurationSeconds: aws.Int32(60)}, "ValidationError", 400, "durationSeconds"},
		{"not a role", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:user/alice/")}, "ValidationError", 400, ""},
		{"a session name with a blank", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), RoleSessionName: aws.String("a b")}, "ValidationError", 400, "roleSessionName"},
		{"an invalid session policy", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, Policy: aws.String(`{"Version":"2012–10–17"}`)}, "MalformedPolicyDocument", 400, ""},
		{"session tags, which the sandbox does not have", sandbox.DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, SourceIdentity: aws.String("me")}, "NotImplemented", 501, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sandboxtest.Control(t)
			if test.in.RoleSessionName == nil {
				test.in.RoleSessionName = aws.String("crosscheck")
			}
			out, err := sts.NewFromConfig(s.As(test.key, "us-east-1")).AssumeRole(context.Background(), &test.in)
			sandboxtest.WantCode(t, "AssumeRole", err, test.code, test.status)
			if err != nil {
				if !strings.Contains(err.Error(), test.message) {
					t.Errorf("error %v, want one with %q", err, test.message)
				}
				return
			}
			c := out.Credentials
			if !strings.HasPrefix(*c.AccessKeyId, "ASIA") || len(*c.AccessKeyId) != 20 || len(*c.SecretAccessKey) != 40 {
				t.Errorf("credentials %s %s", *c.AccessKeyId, *c.SecretAccessKey)
			}
			identity := whoIs(t, s, c.AccessKeyId, c.SecretAccessKey, c.SessionToken)
			if *identity.Arn != *out.AssumedRoleUser.Arn || *identity.UserId != *out.AssumedRoleUser.AssumedRoleId {
				t.Errorf("the session is %s %s, AssumeRole said %s %s", *identity.Arn, *identity.UserId, *out.AssumedRoleUser.Arn, *out.AssumedRoleUser.AssumedRoleId)
			}
		})
	}
}

func whoIs(t *testing.T, s *sandboxtest.Sandbox, key, secret, token *string) *sts.GetCallerIdentityOutput {
	t.Helper()
	config := s.As(*key, "us-east-1")
	config.Credentials = credentials.NewStaticCredentialsProvider(*key, *secret, *token)
	out, err := sts.NewFromConfig(config).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	for key, want := range map[string]string{
		sandbox.DefaultAccessKey: "111111111111 arn:aws:iam::111111111111:user/administrator AIDA",
		"AKIAAUDITOR000000000":   "111111111111 arn:aws:sts::111111111111:assumed-role/auditor/nightly AROA",
		"AKIAROOT000000000000":   "222222222222 arn:aws:iam::222222222222:root 222222222222",
		"AKIAALICE00000000000":   "222222222222 arn:aws:iam::222222222222:user/alice AIDA",
	} {
		out, err := sts.NewFromConfig(s.As(key, "eu-west-1")).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if got := *out.Account + " " + *out.Arn + " " + *out.UserId; !strings.HasPrefix(got, want) {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	_, err := sts.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1")).GetSessionToken(context.Background(), &sts.GetSessionTokenInput{})
	sandboxtest.WantCode(t, "an operation that is not there", err, "NotImplemented", 501)
}

func TestSessionPolicyHoldsTheSession(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	out, err := sts.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1")).AssumeRole(context.Background(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::222222222222:role/crosscheck-audit"), RoleSessionName: aws.String("crosscheck"), ExternalId: aws.String("ticket:7+8"),
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	config := s.As(*out.Credentials.AccessKeyId, "us-east-1")
	client := iam.NewFromConfig(config)
	_, err = client.GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("bounded")})
	sandboxtest.WantCode(t, "what the session policy allows", err, "", 0)
	_, err = client.ListRoles(context.Background(), &iam.ListRolesInput{})
	sandboxtest.WantCode(t, "what only the role allows", err, "AccessDenied", 403)
	if err == nil || !strings.Contains(err.Error(), "because no session policy allows the iam:ListRoles action") {
		t.Error(err)
	}
}

func TestSessionExpiresByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sandboxtest.Control(t)
		out, err := sts.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1")).AssumeRole(context.Background(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::222222222222:role/crosscheck-audit"), RoleSessionName: aws.String("crosscheck"),
			ExternalId: aws.String("ticket:7+8"), DurationSeconds: aws.Int32(900),
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Now().Add(15 * time.Minute); !out.Credentials.Expiration.Equal(want) {
			t.Errorf("expires %v, want %v", out.Credentials.Expiration, want)
		}
		client := iam.NewFromConfig(s.As(*out.Credentials.AccessKeyId, "us-east-1"))
		read := func() error {
			_, err := client.GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("bounded")})
			return err
		}
		time.Sleep(15*time.Minute - time.Second)
		sandboxtest.WantCode(t, "a second before", read(), "", 0)
		time.Sleep(time.Second)
		sandboxtest.WantCode(t, "when it ends", read(), "ExpiredToken", 403)
	})
}

func TestBadCredentials(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, key, token      string
		query, json           string
		queryStatus, jsonCode int
	}{
		{"unknown key", "AKIAUNKNOWN000000000", "", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400},
		{"expired session", "ASIAEXPIRED000000000", "old", "ExpiredToken", "ExpiredTokenException", 403, 400},
		{"session without its token", "ASIASESSION000000000", "", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400},
		{"session with another token", "ASIASESSION000000000", "tokem", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400},
		{"key with a token that it does not have", sandbox.DefaultAccessKey, "token", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sandboxtest.Control(t)
			config := s.As(test.key, "us-east-1")
			config.Credentials = credentials.NewStaticCredentialsProvider(test.key, "x", test.token)
			_, err := sts.NewFromConfig(config).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
			sandboxtest.WantCode(t, "STS", err, test.query, test.queryStatus)
			_, err = iam.NewFromConfig(config).ListRoles(context.Background(), &iam.ListRolesInput{})
			sandboxtest.WantCode(t, "IAM", err, test.query, test.queryStatus)
			_, err = organizations.NewFromConfig(config).ListAccounts(context.Background(), &organizations.ListAccountsInput{})
			sandboxtest.WantCode(t, "Organizations", err, test.json, test.jsonCode)
		})
	}
}

// A trust policy that names the role itself needs no identity policy in the same
// account, and does not replace one in another.
func TestTrustThatNamesTheCaller(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t, `
accounts:
  - id: "111111111111"
    roles:
      - {name: bare, trust: &trust '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/bare"},"Action":"sts:AssumeRole"}]}'}
      - {name: near, trust: *trust}
  - id: "222222222222"
    roles:
      - {name: far, trust: *trust}
callers:
  - {access_key: AKIABARE000000000000, account: "111111111111", role: bare}
`)
	client := sts.NewFromConfig(s.As("AKIABARE000000000000", "us-east-1"))
	assume := func(arn string) error {
		_, err := client.AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("test")})
		return err
	}
	sandboxtest.WantCode(t, "the same account", assume("arn:aws:iam::111111111111:role/near"), "", 0)
	sandboxtest.WantCode(t, "another account", assume("arn:aws:iam::222222222222:role/far"), "AccessDenied", 403)
}
