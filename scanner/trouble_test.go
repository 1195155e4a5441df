package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/organization"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// TestPassingTroubleLeavesNoTrace: what goes wrong for a while gives the very
// same facts as if nothing had.
func TestPassingTroubleLeavesNoTrace(t *testing.T) {
	t.Parallel()
	whole, err := scanAll(t.Context(), caller(organizationWorld(t, ask.Permissions())), wholeOrganization)
	if err != nil {
		t.Fatal(err)
	}
	want := whole.lines(t)
	for _, f := range []sandbox.Fault{
		{Kind: sandbox.Throttling, Probability: 0.3, Seed: 1},
		{Kind: sandbox.ServerError, Probability: 0.1, Seed: 2},
		{Kind: sandbox.Reset, Probability: 0.2, Seed: 3},
		{Kind: sandbox.LostReply, Probability: 0.2, Seed: 4},
		{Kind: sandbox.Malformed, Probability: 0.2, Seed: 5},
		{Kind: sandbox.Truncated, Probability: 0.2, Seed: 6},
		{Kind: sandbox.SlowBody, Probability: 0.2, Seed: 7, Delay: 3 * time.Second},
		{Kind: sandbox.SlowBody, Probability: 0.2, Seed: 8, Delay: time.Hour}, // longer than an attempt may take
		{Kind: sandbox.Latency, Probability: 0.2, Seed: 9, Delay: time.Hour},
		{Kind: sandbox.ExpiredToken, Operation: "s3:*", Account: "111111111111", Count: 1}, // the role is assumed again
		{Kind: sandbox.ExpiredToken, Operation: "iam:*", Account: "111111111111", Skip: 2, Count: 1},
		{Kind: sandbox.Throttling, Operation: "sts:GetCallerIdentity", Count: 5},
	} {
		t.Run(fmt.Sprintf("%s %v %s", f.Kind, f.Delay, f.Operation), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := organizationWorld(t, ask.Permissions())
				if err := s.AddFault(f); err != nil {
					t.Fatal(err)
				}
				r, err := scanAll(t.Context(), caller(s), wholeOrganization)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, r.lines(t)); diff != "" {
					t.Errorf("-untroubled +troubled\n%s", diff)
				}
			})
		})
	}
}

// TestLastingTroubleIsAGap: whatever API fails for good, and however, the scan
// ends, says which API it was, and knows nothing that it does not know.
func TestLastingTroubleIsAGap(t *testing.T) {
	t.Parallel()
	whole, err := scanAll(t.Context(), caller(organizationWorld(t, ask.Permissions())), wholeOrganization)
	if err != nil {
		t.Fatal(err)
	}
	kinds := []sandbox.FaultKind{sandbox.AccessDenied, sandbox.Throttling, sandbox.ServerError, sandbox.NotImplemented, sandbox.Malformed, sandbox.Truncated, sandbox.Reset, sandbox.Latency, sandbox.ExpiredToken}
	ran := 0
	each := sandboxtest.Sample(len(kinds), 1) // how many kinds of each API, in turn
	for i, api := range ask.APIs() {
		for k, kind := range kinds {
			if (i+k)%len(kinds) >= each {
				continue
			}
			if kind == sandbox.ExpiredToken && !strings.HasPrefix(api, "s3") && !strings.HasPrefix(api, "iam") && !strings.HasPrefix(api, "kms") {
				continue // the caller's own session, which has its own test
			}
			ran++
			t.Run(api+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := organizationWorld(t, ask.Permissions())
					f := sandbox.Fault{Operation: api, Kind: kind}
					if kind == sandbox.Latency {
						f.Delay = time.Hour
					}
					accounts := []string{""}
					if kind == sandbox.ExpiredToken {
						// Not of the management account, which is read with the caller's own session.
						accounts = []string{"111111111111", "222222222222"}
					}
					for _, f.Account = range accounts {
						if err := s.AddFault(f); err != nil {
							t.Fatal(err)
						}
					}
					opts := wholeOrganization
					lists := api == "iam:GetAccountAuthorizationDetails"
					if lists {
						opts = byLists(opts)
					}
					r, err := scanAll(t.Context(), caller(s), opts)
					var problem *client.Error
					switch {
					case errors.As(err, &problem):
						if r.run != nil {
							t.Errorf("failed after it began: %v", err)
						}
						if api != "sts:GetCallerIdentity" && api != "sts:AssumeRole" && api != "organizations:ListAccounts" && api != "organizations:DescribeOrganization" {
							t.Errorf("the scan failed altogether: %v", err)
						}
						return
					case err != nil:
						t.Fatal(err)
					}
					told := slices.ContainsFunc(r.gaps, func(g fact.Gap) bool { return g.API == api })
					switch {
					case lists: // nothing is missing for it, so only what can be put right is told
						if told != (kind == sandbox.AccessDenied) {
							t.Errorf("a gap names the API: %v: %+v", told, r.gaps)
						}
					case !told && api != "s3:HeadBucket":
						t.Errorf("no gap names the API: %+v", r.gaps)
					}
					noWiser(t, whole, r)
				})
			})
		}
	}
	t.Logf("%d combinations", ran)
}

// TestCancellation: a scan that is canceled anywhere ends with
// the cause, without its coverage and (see TestMain) without a goroutine.
func TestCancellation(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for _, at := range []int{1, 2, 5, 20, 60, 100, 150} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := organizationWorld(t, ask.Permissions())
				if err := s.AddFault(sandbox.Fault{Kind: sandbox.Latency, Delay: time.Second}); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				cfg := caller(s)
				var calls atomic.Int64
				cfg.HTTPClient = doFunc(func(r *http.Request) (*http.Response, error) {
					if calls.Add(1) == int64(at) {
						cancel(boom)
					}
					return s.HTTPClient().Do(r)
				})
				r, err := scanAll(ctx, cfg, wholeOrganization)
				if !errors.Is(err, boom) {
					t.Errorf("error %v, want %v", err, boom)
				}
				if r.coverage != nil {
					t.Error("a canceled scan has its coverage")
				}
				for _, g := range r.gaps {
					if strings.Contains(g.Message, "context") || strings.Contains(g.Message, "interrupted") {
						t.Errorf("the end of the scan became a gap: %+v", g)
					}
				}
			})
		})
	}
}

type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestEmitCanStopTheScan(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for at := 0; at < 20; at += 20 / sandboxtest.Sample(20, 4) {
		n := 0
		err := Scan(t.Context(), caller(organizationWorld(t, ask.Permissions())), wholeOrganization, func(fact.Message) error {
			if n == at {
				return boom
			}
			n++
			return nil
		})
		if !errors.Is(err, boom) || n != at {
			t.Errorf("stopped at message %d: %v after %d", at, err, n)
		}
	}
}

// TestCallEconomy: a bucket without a part in replication costs one call, and
// what links share is read once.
func TestCallEconomy(t *testing.T) {
	t.Parallel()
	s := organizationWorld(t, ask.Permissions())
	opts := wholeOrganization
	opts.Needs = nil
	if _, err := scanAll(t.Context(), caller(s), opts); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for c, n := range s.Calls() {
		got[c.Operation] += n
	}
	want := map[string]int{
		"sts:GetCallerIdentity": 1, "sts:AssumeRole": 4, // of five accounts one is suspended
		"organizations:DescribeOrganization": 1, "organizations:ListRoots": 1, "organizations:ListAccounts": 1,
		"organizations:ListPoliciesForTarget": 14, "organizations:DescribePolicy": 5,
		"s3:ListBuckets": 3, "s3:HeadBucket": 5, // four foreign destinations, one of them in another Region
		"s3:GetBucketReplication": 12, // destinations are buckets of the organization too
		"s3:GetBucketVersioning":  10, "s3:GetBucketPolicy": 10, "s3:GetBucketOwnershipControls": 2, "s3:GetBucketEncryption": 10, "s3:GetObjectLockConfiguration": 10,
		"s3:GetBucketRequestPayment": 2, "s3:GetPublicAccessBlock": 2,
		"s3:GetBucketAbac": 1, "s3:GetBucketTagging": 1, // of the one bucket of which a policy names a tag
		"s3control:GetPublicAccessBlock": 2,
		"iam:GetRole":                    4, "iam:ListRolePolicies": 2, "iam:GetRolePolicy": 2, "iam:ListAttachedRolePolicies": 2, "iam:GetPolicy": 3, "iam:GetPolicyVersion": 3,
		"kms:DescribeKey": 3, "kms:GetKeyPolicy": 5, "kms:ListGrants": 3, "kms:ListAliases": 3, "kms:ListResourceTags": 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestPoliciesOfTheOrganizationAreReadOnce: DescribePolicy is allowed twice a second
// for the whole organization, so each policy is asked for once, however many
// accounts, units and goroutines meet it.
func TestPoliciesOfTheOrganizationAreReadOnce(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`organization:
  management_account: "100000000000"
  root: r-once
  policies:
`)
	for i := range 6 {
		kind := []string{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"}[i/3]
		fmt.Fprintf(&b, "    - {id: p-once00000%d, name: P%d, type: %s, document: '%s'}\n", i, i, kind,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny",`+[]string{"", `"Principal":"*",`}[i/3]+`"Action":"s3:DeleteBucket","Resource":"*"}]}`)
	}
	b.WriteString(`  scps: [P0]
  rcps: [P3]
  units: [{id: ou-once-unit0001, name: Unit, scps: [P0, P1], rcps: [P3, P4]}]
accounts:
  - {id: "100000000000", name: management}
`)
	for a := range 30 {
		fmt.Fprintf(&b, `  - id: "2%011d"
    name: account-%[1]d
    parent: ou-once-unit0001
    scps: [P0, P1, P2]
    rcps: [P3, P4, P5]
    roles: [{name: audit, trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::100000000000:root"},"Action":"sts:AssumeRole"}]}', attached: [AdministratorAccess]}]
    buckets: [{name: b-%[1]d, region: us-east-1, versioning: Enabled, replication: {Role: "arn:aws:iam::2%011[1]d:role/none", Rules: [{ID: r, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Disabled}, Destination: {Bucket: "arn:aws:s3:::b-%[2]d"}}]}}]
`, a, (a+1)%30)
	}
	s := world(t, []byte(b.String()))
	var mu sync.Mutex
	asked := map[string]int{}
	cfg := caller(s)
	cfg.HTTPClient = doFunc(func(r *http.Request) (*http.Response, error) {
		if operation(r) == "organizations:DescribePolicy" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			mu.Lock()
			asked[string(body)]++
			mu.Unlock()
		}
		return s.HTTPClient().Do(r)
	})
	r, err := scanAll(t.Context(), cfg, Options{RoleName: "audit"})
	if err != nil {
		t.Fatal(err)
	}
	if l := r.docs["b-7"].Accounts["200000000007"].SCPs.Value; l == nil || len(*l) != 3 || len((*l)[2].Policies) < 3 {
		t.Errorf("the account's policies: %+v", l)
	}
	want := map[string]int{}
	for i := range 6 {
		want[fmt.Sprintf(`{"PolicyId":"p-once00000%d"}`, i)] = 1
	}
	for _, id := range []string{"p-FullAWSAccess", "p-RCPFullAWSAccess"} {
		want[`{"PolicyId":"`+id+`"}`] = 1
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("policies asked for (-want +got):\n%s", diff)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	scan := func(t *testing.T, opts Options) *result {
		t.Helper()
		opts.RunID = "test"
		if !opts.AccountOnly {
			opts.RoleName, opts.ExternalID = wholeOrganization.RoleName, wholeOrganization.ExternalID
		}
		r, err := scanAll(t.Context(), caller(organizationWorld(t, ask.Permissions())), opts)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Run("accounts", func(t *testing.T) {
		r := scan(t, Options{Accounts: []string{"111111111111", "111111111111"}})
		if r.run.Scope.Mode != "accounts" || !slices.Equal(r.run.Scope.Accounts, []string{"111111111111"}) || r.coverage.Accounts.Listed != 1 {
			t.Errorf("%+v %+v", r.run.Scope, r.coverage)
		}
		b := r.docs["src-full"].Buckets["dst-full"].Value
		if b == nil || b.Policy.Gap == nil || b.Policy.Gap.Message != "bucket dst-full is in none of the scanned accounts; account 222222222222 is not scanned: add it to --accounts" {
			t.Errorf("the destination is in an account that was not named: %+v", b)
		}
		// Its place in the organization is known all the same.
		if a := r.docs["src-full"].Accounts["222222222222"]; a.InOrganization.Value == nil || !*a.InOrganization.Value || a.RCPs.Value == nil || a.PublicAccessBlock.Known() {
			t.Errorf("%+v", a)
		}
		if a := r.docs["src-foreign"].Accounts["999999999999"]; a.InOrganization.Value == nil || *a.InOrganization.Value || a.RCPs.Known() {
			t.Errorf("%+v", a)
		}
	})
	t.Run("both accounts", func(t *testing.T) {
		r := scan(t, Options{Accounts: []string{"222222222222", "111111111111"}})
		if b := r.docs["src-full"].Buckets["dst-full"].Value; b == nil || b.Policy.Value == nil || b.AccountID != "222222222222" {
			t.Errorf("%+v", b)
		}
	})
	t.Run("exclude", func(t *testing.T) {
		r := scan(t, Options{ExcludeAccounts: []string{"222222222222"}})
		if b := r.docs["src-full"].Buckets["dst-full"].Value; b.Policy.Gap == nil || !strings.HasSuffix(b.Policy.Gap.Message, "account 222222222222 is left out by --exclude-accounts") {
			t.Errorf("%+v", b.Policy)
		}
		if r.coverage.Accounts.Listed != 4 || r.docs["dst-full"] != nil {
			t.Errorf("%+v", r.coverage)
		}
	})
	t.Run("buckets", func(t *testing.T) {
		r := scan(t, Options{Buckets: "src-[fp]*"})
		if got := slices.Sorted(maps.Keys(r.docs)); !slices.Equal(got, []string{"src-foreign", "src-full", "src-plain"}) || r.coverage.Buckets.Listed != 3 {
			t.Errorf("%v, %+v", got, r.coverage)
		}
		if b := r.docs["src-full"].Buckets["dst-full"].Value; b == nil || b.Policy.Value == nil {
			t.Errorf("the destination is not in the pattern, and is read all the same: %+v", b)
		}
	})
	t.Run("account only", func(t *testing.T) {
		r := scan(t, Options{AccountOnly: true})
		if got := slices.Sorted(maps.Keys(r.docs)); !slices.Equal(got, []string{"management-logs"}) || r.run.Scope.Mode != "account-only" || len(r.gaps) != 0 {
			t.Errorf("%v %+v %+v", got, r.run.Scope, r.gaps)
		}
	})
}

// TestTroubleBeforeTheStart: each way in which a scan cannot be done at all is
// one line with a hint, and nothing is emitted.
func TestTroubleBeforeTheStart(t *testing.T) {
	t.Parallel()
	org := func(t *testing.T) aws.Config { return caller(organizationWorld(t, ask.Permissions())) }
	as := func(key string) func(*testing.T) aws.Config {
		return func(t *testing.T) aws.Config {
			cfg := org(t)
			cfg.Credentials = credentials.NewStaticCredentialsProvider(key, "secret", "")
			return cfg
		}
	}
	fault := func(f sandbox.Fault) func(*testing.T) aws.Config {
		return func(t *testing.T) aws.Config {
			s := organizationWorld(t, ask.Permissions())
			if err := s.AddFault(f); err != nil {
				t.Fatal(err)
			}
			return caller(s)
		}
	}
	cases := []struct {
		name    string
		cfg     func(*testing.T) aws.Config
		opts    Options
		kind    client.ErrorKind
		problem string
	}{
		{"no Region", func(t *testing.T) aws.Config { c := org(t); c.Region = ""; return c }, wholeOrganization, client.BadOptions, "no AWS Region is set"},
		{"no credentials", func(t *testing.T) aws.Config { c := org(t); c.Credentials = nil; return c }, wholeOrganization, client.NoCredentials, "no AWS credentials were found"},
		{"credentials that cannot be got", func(t *testing.T) aws.Config {
			c := org(t)
			c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, errors.New("failed to refresh cached credentials, no EC2 IMDS role found")
			})
			return c
		}, wholeOrganization, client.NoCredentials, "no AWS credentials were found"},
		{"SSO session that has ended", func(t *testing.T) aws.Config {
			c := org(t)
			c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, errors.New("the SSO session has expired or is invalid")
			})
			return c
		}, wholeOrganization, client.ExpiredCredentials, "there is no valid SSO session (the SSO session has expired or is invalid)"},
		{"unknown access key", as("AKIANOBODY0000000000"), wholeOrganization, client.InvalidCredentials, "AWS does not accept the credentials (InvalidClientTokenId: "},
		{"expired session", as("AKIAEXPIRED000000000"), wholeOrganization, client.ExpiredCredentials, "the session of the AWS credentials has expired (ExpiredToken"},
		{"wrong role name", org, Options{RoleName: "crosscheck-audti", ExternalID: "ticket-7"}, RoleNotAssumed, "the role crosscheck-audti cannot be assumed in any of 3 accounts (AccessDenied: "},
		{"wrong external id", org, Options{RoleName: "security/crosscheck-audit", ExternalID: "ticket-8"}, RoleNotAssumed, "the role security/crosscheck-audit cannot be assumed in any of 3 accounts (AccessDenied: "},
		{"a member account", as("AKIAMEMBER0000000000"), wholeOrganization, organization.NotListed, "the organization cannot be listed: arn:aws:sts::111111111111:assumed-role/replicate/caller needs the permission organizations:"},
		{"ListAccounts denied", fault(sandbox.Fault{Operation: "organizations:ListAccounts", Kind: sandbox.AccessDenied}), wholeOrganization, organization.NotListed, "the organization cannot be listed: arn:aws:iam::100000000001:user/administrator needs the permission organizations:ListAccounts (AccessDeniedException: "},
		{"no role name", org, Options{}, client.BadOptions, "no audit role is named"},
		{"not an account", org, Options{RoleName: "r", Accounts: []string{"prod"}}, client.BadOptions, `"prod" is not the id of an account`},
		{"not a pattern", org, Options{RoleName: "r", Buckets: "[a"}, client.BadOptions, `"[a" is not a pattern of bucket names`},
		{"two scopes", org, Options{AccountOnly: true, Accounts: []string{"111111111111"}}, client.BadOptions, "--account-only does not go with --accounts or --exclude-accounts"},
		{"nothing left", org, Options{RoleName: "r", Accounts: []string{"111111111111"}, ExcludeAccounts: []string{"111111111111"}}, client.BadOptions, "no account is left to scan"},
		{"unknown need", org, Options{RoleName: "r", Needs: []string{"bucket.colour"}}, client.BadOptions, `there is no fact "bucket.colour" to read`},
		{"unknown scope of a need", org, Options{RoleName: "r", Needs: []string{"tags"}}, client.BadOptions, `there is no fact "tags" to read`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var problem *client.Error
				err := Scan(t.Context(), c.cfg(t), c.opts, func(m fact.Message) error {
					t.Errorf("emitted %+v", m)
					return nil
				})
				if !errors.As(err, &problem) {
					t.Fatalf("error %v", err)
				}
				if problem.Kind != c.kind || !strings.HasPrefix(problem.Problem, c.problem) || problem.Hint == "" {
					t.Errorf("%q %s; %s\nwant %q %s…", problem.Kind, problem.Problem, problem.Hint, c.kind, c.problem)
				}
				if c.kind == organization.NotListed && (!strings.Contains(problem.Hint, "--accounts") || !strings.Contains(problem.Hint, "--account-only")) {
					t.Errorf("the hint names no way out: %s", problem.Hint)
				}
				if strings.ContainsAny(problem.Error()+problem.Hint, "\n\r") {
					t.Errorf("more than one line: %q", problem)
				}
			})
		})
	}
}

// An organization that answers with an empty list is not an empty organization:
// moto answers so where AWS refuses.
func TestEmptyOrganizationIsRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"empty": `{"Accounts":[]}`, "missing": `{}`} {
		f := newFake()
		f.answer("organizations:DescribeOrganization", reply{200, nil, `{"Organization":{"Id":"o-1","MasterAccountId":"111111111111","FeatureSet":"ALL"}}`})
		f.answer("organizations:ListRoots", reply{200, nil, `{"Roots":[{"Id":"r-1","PolicyTypes":[]}]}`})
		f.answer("organizations:ListAccounts", reply{200, nil, body})
		_, err := scanAll(t.Context(), f.config(), Options{RoleName: "r"})
		var problem *client.Error
		if !errors.As(err, &problem) || problem.Kind != organization.NotListed {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := newFake()
	_, err := scanAll(t.Context(), f.config(), Options{RoleName: "r"})
	var problem *client.Error
	if !errors.As(err, &problem) || problem.Kind != organization.NotListed || problem.Problem != "account 111111111111 is in no organization" {
		t.Errorf("no organization: %v", err)
	}
}

// TestNoNetwork uses the SDK's own client and a port where nobody listens.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://" + address), HTTPClient: awshttp.NewBuildableClient(),
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	_, err = scanAll(t.Context(), cfg, wholeOrganization)
	var problem *client.Error
	if !errors.As(err, &problem) || problem.Kind != client.NoNetwork || problem.Problem != "AWS cannot be reached (connection refused)" {
		t.Errorf("%v", err)
	}
}

// TestCallersSessionEndsMidway: when the caller's own credentials end, the scan
// fails; everything that would follow is gaps.
func TestCallersSessionEndsMidway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := organizationWorld(t, ask.Permissions())
		if err := s.AddFault(sandbox.Fault{Operation: "organizations:*", Kind: sandbox.ExpiredToken, Skip: 4}); err != nil {
			t.Fatal(err)
		}
		r, err := scanAll(t.Context(), caller(s), wholeOrganization)
		var problem *client.Error
		if !errors.As(err, &problem) || problem.Kind != client.ExpiredCredentials {
			t.Errorf("error %v", err)
		}
		if r.coverage != nil {
			t.Error("the scan has its coverage")
		}
	})
}

// TestRoleIsAssumedAgain: sessions end after an hour, scans may take longer.
func TestRoleIsAssumedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := organizationWorld(t, ask.Permissions())
		if err := s.AddFault(sandbox.Fault{Operation: "s3:Get*", Kind: sandbox.Latency, Delay: 10 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		opts := wholeOrganization
		opts.AttemptTimeout = time.Hour
		r, err := scanAll(t.Context(), caller(s), opts)
		if err != nil {
			t.Fatal(err)
		}
		assumed := 0
		for c, n := range s.Calls() {
			if c.Operation == "sts:AssumeRole" && c.Account == "111111111111" {
				assumed += n
			}
			if c.Code == "ExpiredToken" {
				t.Errorf("called with credentials that had ended: %+v", c)
			}
		}
		if assumed < 2 || len(r.gaps) > 8 {
			t.Errorf("the role was assumed %d times; gaps %v", assumed, r.gaps)
		}
	})
}

// TestOverHTTP: the SDK's own client over loopback reads the same, S3 Control's
// host of account and address included, and leaves no connection behind.
func TestOverHTTP(t *testing.T) {
	direct, err := scanAll(t.Context(), caller(organizationWorld(t, ask.Permissions())), wholeOrganization)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(organizationWorld(t, ask.Permissions()))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", sandbox.DefaultAccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", sandbox.DefaultSecretKey)
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	cfg, err := client.LoadConfig(t.Context(), "", "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	r, err := scanAll(t.Context(), cfg, wholeOrganization)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(direct.lines(t), r.lines(t)); diff != "" {
		t.Errorf("-in process +over HTTP\n%s", diff)
	}
}

// TestPartitions: names and endpoints follow the caller's partition.
func TestPartitions(t *testing.T) {
	t.Parallel()
	for partition, region := range map[string]string{"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"} {
		f := newFake()
		f.answer("sts:GetCallerIdentity", reply{200, nil, fmt.Sprintf(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:%s:iam::111111111111:user/me</Arn><UserId>AIDA</UserId><Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, partition)})
		var asked []string
		f.do("sts:AssumeRole", func(r *http.Request) reply {
			r.ParseForm()
			asked = append(asked, r.PostForm.Get("RoleArn"))
			return reply{403, nil, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`}
		})
		cfg := f.config()
		cfg.Region = region
		_, err := scanAll(t.Context(), cfg, Options{Accounts: []string{"222222222222"}, RoleName: "/path/audit"})
		if want := []string{"arn:" + partition + ":iam::222222222222:role/path/audit"}; err == nil || !slices.Equal(asked, want) {
			t.Errorf("assumed %v, want %v; %v", asked, want, err)
		}
		f.answer("GET /", reply{200, nil, buckets(`<Bucket><Name>src</Name><BucketRegion>` + region + `</BucketRegion></Bucket>`)})
		f.answer("GET /src?replication", s3Error(404, "ReplicationConfigurationNotFoundError", ""))
		r, err := scanAll(t.Context(), cfg, Options{AccountOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if d := r.docs["src"]; d.Partition != partition || d.Bucket.ARN != "arn:"+partition+":s3:::src" {
			t.Errorf("%s: %+v", partition, d)
		}
	}
}

// Answers of the JSON services that have nothing in them are no answers.
func TestOtherServicesWithNothingToSay(t *testing.T) {
	t.Parallel()
	whole, err := scanAll(t.Context(), caller(organizationWorld(t, ask.Permissions())), wholeOrganization)
	if err != nil {
		t.Fatal(err)
	}
	each := sandboxtest.Sample(3, 1) // how many answers of each API, in turn
	for i, api := range []string{"iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:GetRolePolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole",
		"kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants", "kms:ListAliases", "kms:ListResourceTags",
		"organizations:ListRoots", "organizations:ListParents", "organizations:ListPoliciesForTarget", "organizations:DescribePolicy", "s3control:GetPublicAccessBlock"} {
		for k, answer := range [][2]string{{"empty", ""}, {"object", "{}"}, {"envelope", "<" + api[strings.IndexByte(api, ':')+1:] + "Response/>"}} {
			if (i+k)%3 >= each {
				continue
			}
			what, body := answer[0], answer[1]
			t.Run(api+"/"+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := organizationWith(t, ask.Permissions(), "paths: "+map[bool]string{true: "false", false: "true"}[api == "organizations:ListParents"])
					cfg := caller(s)
					cfg.HTTPClient = doFunc(func(r *http.Request) (*http.Response, error) {
						if operation(r) == api {
							f := fake{answers: map[string]func(*http.Request) reply{api: func(*http.Request) reply { return reply{200, nil, body} }}}
							return f.Do(r)
						}
						return s.HTTPClient().Do(r)
					})
					r, err := scanAll(t.Context(), cfg, wholeOrganization)
					if err != nil {
						t.Fatal(err)
					}
					if !slices.ContainsFunc(r.gaps, func(g fact.Gap) bool { return g.API == api && g.Code == "Malformed" }) {
						t.Errorf("no gap: %+v", r.gaps)
					}
					noWiser(t, whole, r)
				})
			})
		}
	}
}

// What a scan says depends on what AWS says, not on the order of its answers.
func TestSameInputSameOutput(t *testing.T) {
	t.Parallel()
	var first []string
	for i := range 5 {
		opts := wholeOrganization
		opts.Concurrency = 1 + 7*i
		r, err := scanAll(t.Context(), caller(organizationWorld(t, ask.Permissions())), opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.lines(t); first == nil {
			first = got
		} else if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("with %d at a time (-1 +%[1]d):\n%s", opts.Concurrency, diff)
		}
	}
}
