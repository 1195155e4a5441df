package scanner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// LoadConfig reads the standard AWS environment (AWS_PROFILE, AWS_REGION,
// AWS_ENDPOINT_URL, AWS_CA_BUNDLE, …); profile and region stand above it, "" =
// as the environment says.
func LoadConfig(ctx context.Context, profile, region string) (aws.Config, error) {
	var with []func(*config.LoadOptions) error
	if profile != "" {
		with = append(with, config.WithSharedConfigProfile(profile))
	}
	if region != "" {
		with = append(with, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, with...)
	var none config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &none):
		return cfg, &Error{Kind: BadOptions, Err: err, Problem: fmt.Sprintf("there is no AWS profile %q", none.Profile),
			Hint: "see ~/.aws/config, or set AWS_PROFILE or --profile"}
	case err != nil:
		return cfg, &Error{Kind: BadOptions, Err: err, Problem: "the AWS configuration cannot be read: " + err.Error(),
			Hint: "check ~/.aws/config and the AWS_… variables of the environment"}
	}
	return cfg, nil
}

// session makes clients: one for each account, Region and service, all over one
// pool of connections.
type session struct {
	cfg       aws.Config
	opts      *Options
	partition string
	caller    *account    // the caller's account, with the caller's own credentials
	arn       string      // the caller's
	abort     func(error) // ends the scan: the caller's credentials have ended
	limits    *limiter

	// Clients by service. No interface must lead to them, neither one that holds a
	// client nor one that holds something with a session in it: the linker would keep
	// all methods of their types, megabytes of the program.
	mu              sync.Mutex
	ofSTS           map[clientKey]*sts.Client
	ofOrganizations map[clientKey]*organizations.Client
	ofS3            map[clientKey]*s3.Client
	ofS3Control     map[clientKey]*s3control.Client
	ofIAM           map[clientKey]*iam.Client
	ofKMS           map[clientKey]*kms.Client
}

type clientKey struct{ account, region string }

// newSession finds out who the caller is. close releases its connections.
func newSession(ctx context.Context, cfg aws.Config, opts *Options) (s *session, close func(), err error) {
	if cfg.Region == "" {
		return nil, nil, &Error{Kind: BadOptions, Problem: "no AWS Region is set", Hint: "set AWS_REGION or --region; any Region of the partition will do"}
	}
	if cfg.Credentials == nil {
		return nil, nil, credentialsError(errors.New("none are configured"))
	}
	if opts.Meter == nil {
		opts.Meter = new(Meter)
	}
	s = &session{cfg: cfg.Copy(), opts: opts, abort: func(error) {},
		ofSTS: map[clientKey]*sts.Client{}, ofOrganizations: map[clientKey]*organizations.Client{}, ofS3: map[clientKey]*s3.Client{},
		ofS3Control: map[clientKey]*s3control.Client{}, ofIAM: map[clientKey]*iam.Client{}, ofKMS: map[clientKey]*kms.Client{}}
	s.caller = &account{creds: cfg.Credentials, own: true}
	s.cfg.HTTPClient, close = httpClient(cfg.HTTPClient, opts.concurrency())
	s.cfg.Retryer = newRetryer
	s.limits = newLimiter(opts.concurrency(), opts.accountConcurrency())
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		close()
		return nil, nil, credentialsError(err)
	}
	// Few attempts, to say soon that an endpoint does not answer; one that throttles does.
	who, err := s.sts().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) { o.RetryMaxAttempts = 3 })
	if retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary {
		who, err = s.sts().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	}
	if err != nil {
		close()
		return nil, nil, callerError(err)
	}
	s.caller.id, s.arn = aws.ToString(who.Account), aws.ToString(who.Arn)
	caller, err := arn.Parse(s.arn)
	if err != nil || !accountID.MatchString(s.caller.id) {
		close()
		return nil, nil, callerError(&answerError{code: "Malformed", message: fmt.Sprintf("the caller is said to be %q of account %q", clip(s.arn), clip(s.caller.id))})
	}
	s.partition = caller.Partition
	return s, close, nil
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// newRetryer makes the retryer of one client. It would rather wait than give up:
// the SDK's own quota is drained by 35 retries, and everything after it would
// be a gap.
//
// It works together with the limiter. Measured by the clock of testing/synctest
// (TestThrottledCallsComeThrough; 128 callers, 64 attempts at a time; the table is
// in docs/benchmarks.md), beside the standard retryer with 8 attempts and 64 at a
// time: a server that takes 50 requests/s answered 1,000 calls after 21 s and
// 1,625 requests, not 35 s, 1,757 and 5 failures; at 300/s, 5,000 calls took 17 s
// and 5,427 requests, not 35 s, 5,715 and 1 failure; at 2/s, 100 calls took 326
// requests and 69 s, not 677, 58 s and 27 failures. Where 30 % are throttled at
// random, whatever the pace, both need 2,836 requests for 2,000 calls, but the
// limiter, which cannot know that, 38 s instead of 30 s. The SDK's adaptive mode
// brought 134 of those 2,000 through in 60 s, and spins in testing/synctest.
func newRetryer() aws.Retryer {
	return retryer{retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = mostAttempts
		o.RateLimiter = ratelimit.None
	})}
}

type retryer struct{ *retry.Standard }

// RetryDelay is how long a call waits before its next attempt. Throttling slows its
// whole lane down, so one call need not wait as long as if it were alone.
func (r retryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if !isThrottle(err) {
		return r.Standard.RetryDelay(attempt, err)
	}
	most := min(100*time.Millisecond<<attempt, 5*time.Second)
	return rand.N(most), nil
}

// httpClient is the pool of connections. A client that the caller brought along
// (the embedded AWS, say) is used as it is; the SDK's own is made to keep as
// many connections as there are calls at a time, and not to follow redirects.
func httpClient(given aws.HTTPClient, n int) (client aws.HTTPClient, close func()) {
	sdk, ok := given.(*awshttp.BuildableClient)
	switch {
	case given == nil:
		sdk = awshttp.NewBuildableClient()
	case !ok:
		return given, func() {}
	}
	tr := sdk.GetTransport()
	tr.MaxIdleConns, tr.MaxIdleConnsPerHost, tr.MaxConnsPerHost = 0, n, n // 0 = no limit
	dial := tr.DialContext
	if dial == nil {
		dial = sdk.GetDialer().DialContext
	}
	tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, network, withoutAccount(address))
	}
	return &http.Client{
		Transport: tr, Timeout: sdk.GetTimeout(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, tr.CloseIdleConnections
}

// withoutAccount strips the account that S3 Control puts in front of the host,
// where what is left is an endpoint on this machine: 111111111111.127.0.0.1 is no name.
func withoutAccount(address string) string {
	id, rest, ok := strings.Cut(address, ".")
	if !ok || !accountID.MatchString(id) {
		return address
	}
	host, _, err := net.SplitHostPort(rest)
	if err != nil {
		return address
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return rest
	}
	return address
}

// config is the configuration of a client for an account and a Region. Of one whose
// calls are about one account each it is noticed when that account is silent.
func (s *session) config(a *account, region string, about bool) aws.Config {
	cfg := s.cfg.Copy()
	cfg.Region, cfg.Credentials = region, a.creds
	w := &wire{session: s, account: a, region: region}
	if about {
		w.silence = &silence{account: a.id, region: region, patience: s.opts.patience()}
	}
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), w.add)
	return cfg
}

func (s *session) sts() *sts.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{s.caller.id, s.cfg.Region}
	if s.ofSTS[key] == nil {
		s.ofSTS[key] = sts.NewFromConfig(s.config(s.caller, s.cfg.Region, false))
	}
	return s.ofSTS[key]
}

func (s *session) organizations() *organizations.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{s.caller.id, s.cfg.Region}
	if s.ofOrganizations[key] == nil {
		s.ofOrganizations[key] = organizations.NewFromConfig(s.config(s.caller, s.cfg.Region, true))
	}
	return s.ofOrganizations[key]
}

func (s *session) s3(a *account, region string) *s3.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, region}
	if s.ofS3[key] == nil {
		s.ofS3[key] = s3.NewFromConfig(s.config(a, region, true), func(o *s3.Options) {
			// One host for all buckets of a Region, so that connections are used
			// again; with a host for each bucket, each would cost a TLS handshake.
			o.UsePathStyle = true
			o.DisableS3ExpressSessionAuth = aws.Bool(true)
		})
	}
	return s.ofS3[key]
}

func (s *session) s3control(a *account) *s3control.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, s.cfg.Region}
	if s.ofS3Control[key] == nil {
		s.ofS3Control[key] = s3control.NewFromConfig(s.config(a, s.cfg.Region, true))
	}
	return s.ofS3Control[key]
}

func (s *session) iam(a *account) *iam.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, s.cfg.Region}
	if s.ofIAM[key] == nil {
		s.ofIAM[key] = iam.NewFromConfig(s.config(a, s.cfg.Region, true))
	}
	return s.ofIAM[key]
}

func (s *session) kms(a *account, region string) *kms.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, region}
	if s.ofKMS[key] == nil {
		s.ofKMS[key] = kms.NewFromConfig(s.config(a, region, true))
	}
	return s.ofKMS[key]
}

// enter gets credentials for an account: those of the audit role there, or for
// the caller's own account the caller's, where the role cannot be assumed. A
// role that a StackSet deploys is often missing in the management account.
func (s *session) enter(ctx context.Context, a *account) error {
	if a.id == s.caller.id && s.opts.AccountOnly {
		a.creds, a.own = s.caller.creds, true
		return nil
	}
	role := newRoleCredentials(s, a.id)
	_, err := role.Retrieve(ctx)
	switch {
	case err == nil:
		a.creds = role
	case a.id == s.caller.id && ctx.Err() == nil:
		a.creds, a.own = s.caller.creds, true
		return nil
	}
	return err
}

// refreshBefore is how long before their end credentials are renewed.
const refreshBefore = 5 * time.Minute

// roleCredentials are those of an assumed role, kept and renewed. The SDK's own
// cache leaves a goroutine running when the caller is canceled.
type roleCredentials struct {
	assume     func(context.Context, *sts.AssumeRoleInput, ...func(*sts.Options)) (*sts.AssumeRoleOutput, error)
	arn        string
	externalID string // "" = none

	busy chan struct{}   // of size 1: full while the role is assumed
	have aws.Credentials // guarded by busy
}

func newRoleCredentials(s *session, account string) *roleCredentials {
	role := fmt.Sprintf("arn:%s:iam::%s:role/%s", s.partition, account, strings.TrimPrefix(s.opts.RoleName, "/"))
	return &roleCredentials{assume: s.sts().AssumeRole, arn: role, externalID: s.opts.ExternalID, busy: make(chan struct{}, 1)}
}

func (r *roleCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	select {
	case r.busy <- struct{}{}:
		defer func() { <-r.busy }()
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	}
	now := time.Now()
	if r.have.HasKeys() && now.Before(r.have.Expires.Add(-refreshBefore)) {
		return r.have, nil
	}
	in := &sts.AssumeRoleInput{RoleArn: &r.arn, RoleSessionName: aws.String("crosscheck"), DurationSeconds: aws.Int32(3600)}
	if r.externalID != "" {
		in.ExternalId = &r.externalID
	}
	out, err := r.assume(ctx, in)
	switch {
	case err == nil && (out.Credentials == nil || out.Credentials.AccessKeyId == nil || out.Credentials.SecretAccessKey == nil || out.Credentials.Expiration == nil):
		err = &answerError{code: "Malformed", message: "sts:AssumeRole answered without credentials"}
	case err == nil:
		r.have = aws.Credentials{
			AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: aws.ToString(out.Credentials.SessionToken),
			CanExpire: true, Expires: *out.Credentials.Expiration, Source: "crosscheck",
		}
		return r.have, nil
	}
	if r.have.HasKeys() && now.Before(r.have.Expires) {
		return r.have, nil // the next call tries again
	}
	return aws.Credentials{}, &lastError{err} // it was tried often enough: not once more for each attempt of who needs it
}

// Invalidate makes the next Retrieve assume the role again.
func (r *roleCredentials) Invalidate() {
	r.busy <- struct{}{}
	r.have = aws.Credentials{}
	<-r.busy
}
