package sandbox

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestAssumeRole(t *testing.T) {
	const audit = "arn:aws:iam::222222222222:role/crosscheck-audit"
	external := aws.String("ticket:7+8")
	for _, test := range []struct {
		name, key string
		in        sts.AssumeRoleInput
		code      string
		status    int
		message   string
	}{
		{"with the external id", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external}, "", 0, ""},
		{"without the external id", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit)}, "AccessDenied", 403,
			"User: arn:aws:iam::111111111111:user/administrator is not authorized to perform: sts:AssumeRole on resource: " + audit},
		{"with another external id", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: aws.String("ticket:7")}, "AccessDenied", 403, ""},
		{"from an account that the trust policy does not name", "AKIAREADER0000000000", sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external}, "AccessDenied", 403, ""},
		{"from a role whose policy allows it", "AKIAAUDITOR000000000", sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external}, "", 0, ""},
		{"from a role without policy", "AKIAONLYTRUSTED00000", sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::333333333333:role/reader")}, "AccessDenied", 403, ""},
		{"a role that is not there", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/missing")}, "AccessDenied", 403,
			"sts:AssumeRole on resource: arn:aws:iam::222222222222:role/missing"},
		{"an account that is not there", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::999999999999:role/crosscheck-audit")}, "AccessDenied", 403, ""},
		{"a role without its path", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/s3crr_role")}, "AccessDenied", 403, ""},
		{"a role for a service, with an invalid trust policy", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/service-role/s3crr_role")}, "AccessDenied", 403, ""},
		{"an account that is suspended", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::555555555555:role/crosscheck-audit")}, "AccessDenied", 403, ""},
		{"an account outside the organization that trusts", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::444444444444:role/guest")}, "", 0, ""},
		{"another partition", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws-cn:iam::222222222222:role/crosscheck-audit"), ExternalId: external}, "AccessDenied", 403, ""},
		{"as root", "AKIAROOT000000000000", sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/bounded")}, "AccessDenied", 403, "Roles may not be assumed by root accounts."},
		{"for too long", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, DurationSeconds: aws.Int32(7201)}, "ValidationError", 400, "MaxSessionDuration"},
		{"for two hours by chaining", "AKIAAUDITOR000000000", sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, DurationSeconds: aws.Int32(7200)}, "ValidationError", 400, "role chaining"},
		{"for too short", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, DurationSeconds: aws.Int32(60)}, "ValidationError", 400, "durationSeconds"},
		{"not a role", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:user/alice/")}, "ValidationError", 400, ""},
		{"a session name with a blank", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), RoleSessionName: aws.String("a b")}, "ValidationError", 400, "roleSessionName"},
		{"an invalid session policy", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, Policy: aws.String(`{"Version":"2012–10–17"}`)}, "MalformedPolicyDocument", 400, ""},
		{"session tags, which the sandbox does not have", DefaultAccessKey, sts.AssumeRoleInput{RoleArn: aws.String(audit), ExternalId: external, SourceIdentity: aws.String("me")}, "NotImplemented", 501, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := control(t)
			if test.in.RoleSessionName == nil {
				test.in.RoleSessionName = aws.String("crosscheck")
			}
			out, err := sts.NewFromConfig(s.as(test.key, "us-east-1")).AssumeRole(background, &test.in)
			wantCode(t, "AssumeRole", err, test.code, test.status)
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

func whoIs(t *testing.T, s *Sandbox, key, secret, token *string) *sts.GetCallerIdentityOutput {
	t.Helper()
	config := s.as(*key, "us-east-1")
	config.Credentials = credentials.NewStaticCredentialsProvider(*key, *secret, *token)
	out, err := sts.NewFromConfig(config).GetCallerIdentity(background, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGetCallerIdentity(t *testing.T) {
	s := control(t)
	for key, want := range map[string]string{
		DefaultAccessKey:       "111111111111 arn:aws:iam::111111111111:user/administrator AIDA",
		"AKIAAUDITOR000000000": "111111111111 arn:aws:sts::111111111111:assumed-role/auditor/nightly AROA",
		"AKIAROOT000000000000": "222222222222 arn:aws:iam::222222222222:root 222222222222",
		"AKIAALICE00000000000": "222222222222 arn:aws:iam::222222222222:user/alice AIDA",
	} {
		out, err := sts.NewFromConfig(s.as(key, "eu-west-1")).GetCallerIdentity(background, &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if got := *out.Account + " " + *out.Arn + " " + *out.UserId; !strings.HasPrefix(got, want) {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	_, err := sts.NewFromConfig(s.as(DefaultAccessKey, "us-east-1")).GetSessionToken(background, &sts.GetSessionTokenInput{})
	wantCode(t, "an operation that is not there", err, "NotImplemented", 501)
}

func TestSessionPolicyHoldsTheSession(t *testing.T) {
	s := control(t)
	out, err := sts.NewFromConfig(s.as(DefaultAccessKey, "us-east-1")).AssumeRole(background, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::222222222222:role/crosscheck-audit"), RoleSessionName: aws.String("crosscheck"), ExternalId: aws.String("ticket:7+8"),
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	config := s.as(*out.Credentials.AccessKeyId, "us-east-1")
	client := iam.NewFromConfig(config)
	_, err = client.GetRole(background, &iam.GetRoleInput{RoleName: aws.String("bounded")})
	wantCode(t, "what the session policy allows", err, "", 0)
	_, err = client.ListRoles(background, &iam.ListRolesInput{})
	wantCode(t, "what only the role allows", err, "AccessDenied", 403)
	if err == nil || !strings.Contains(err.Error(), "because no session policy allows the iam:ListRoles action") {
		t.Error(err)
	}
}

func TestSessionExpiresByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := control(t)
		out, err := sts.NewFromConfig(s.as(DefaultAccessKey, "us-east-1")).AssumeRole(background, &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::222222222222:role/crosscheck-audit"), RoleSessionName: aws.String("crosscheck"),
			ExternalId: aws.String("ticket:7+8"), DurationSeconds: aws.Int32(900),
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Now().Add(15 * time.Minute); !out.Credentials.Expiration.Equal(want) {
			t.Errorf("expires %v, want %v", out.Credentials.Expiration, want)
		}
		client := iam.NewFromConfig(s.as(*out.Credentials.AccessKeyId, "us-east-1"))
		read := func() error {
			_, err := client.GetRole(background, &iam.GetRoleInput{RoleName: aws.String("bounded")})
			return err
		}
		time.Sleep(15*time.Minute - time.Second)
		wantCode(t, "a second before", read(), "", 0)
		time.Sleep(time.Second)
		wantCode(t, "when it ends", read(), "ExpiredToken", 403)
	})
}

func TestBadCredentials(t *testing.T) {
	for _, test := range []struct {
		name, key, token      string
		query, json           string
		queryStatus, jsonCode int
	}{
		{"unknown key", "AKIAUNKNOWN000000000", "", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400},
		{"expired session", "ASIAEXPIRED000000000", "old", "ExpiredToken", "ExpiredTokenException", 403, 400},
		{"session without its token", "ASIASESSION000000000", "", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400},
		{"session with another token", "ASIASESSION000000000", "tokem", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400},
		{"key with a token that it does not have", DefaultAccessKey, "token", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := control(t)
			config := s.as(test.key, "us-east-1")
			config.Credentials = credentials.NewStaticCredentialsProvider(test.key, "x", test.token)
			_, err := sts.NewFromConfig(config).GetCallerIdentity(background, &sts.GetCallerIdentityInput{})
			wantCode(t, "STS", err, test.query, test.queryStatus)
			_, err = iam.NewFromConfig(config).ListRoles(background, &iam.ListRolesInput{})
			wantCode(t, "IAM", err, test.query, test.queryStatus)
			_, err = organizations.NewFromConfig(config).ListAccounts(background, &organizations.ListAccountsInput{})
			wantCode(t, "Organizations", err, test.json, test.jsonCode)
		})
	}
}

// assumeAudit assumes the audit role of control.yaml and describes the session.
func assumeAudit(t *testing.T, config aws.Config) string {
	t.Helper()
	out, err := sts.NewFromConfig(config).AssumeRole(background, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::222222222222:role/crosscheck-audit"), RoleSessionName: aws.String("crosscheck"), ExternalId: aws.String("ticket:7+8"),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := out.Credentials
	return strings.Join([]string{*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken, *out.AssumedRoleUser.AssumedRoleId}, " ")
}

// A trust policy that names the role itself needs no identity policy in the same
// account, and does not replace one in another.
func TestTrustThatNamesTheCaller(t *testing.T) {
	s := sandboxOf(t, `
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
	client := sts.NewFromConfig(s.as("AKIABARE000000000000", "us-east-1"))
	assume := func(arn string) error {
		_, err := client.AssumeRole(background, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("test")})
		return err
	}
	wantCode(t, "the same account", assume("arn:aws:iam::111111111111:role/near"), "", 0)
	wantCode(t, "another account", assume("arn:aws:iam::222222222222:role/far"), "AccessDenied", 403)
}
