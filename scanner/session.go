package scanner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
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
	"github.com/aws/smithy-go/middleware"
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

	mu      sync.Mutex
	clients map[clientKey]any
}

type clientKey struct{ account, region, service string }

// newSession finds out who the caller is. close releases its connections.
func newSession(ctx context.Context, cfg aws.Config, opts *Options) (s *session, close func(), err error) {
	if cfg.Region == "" {
		return nil, nil, &Error{Kind: BadOptions, Problem: "no AWS Region is set", Hint: "set AWS_REGION or --region; any Region of the partition will do"}
	}
	if cfg.Credentials == nil {
		return nil, nil, credentialsError(errors.New("none are configured"))
	}
	s = &session{cfg: cfg.Copy(), opts: opts, clients: map[clientKey]any{}, abort: func(error) {}}
	s.caller = &account{creds: cfg.Credentials, own: true}
	s.cfg.HTTPClient, close = httpClient(cfg.HTTPClient, opts.concurrency())
	s.cfg.Retryer = newRetryer
	slots := make(chan struct{}, opts.concurrency())
	s.cfg.APIOptions = append(append([]func(*middleware.Stack) error{}, cfg.APIOptions...), func(stack *middleware.Stack) error {
		return addWireChecks(stack, slots, opts.attemptTimeout())
	})
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
// The SDK's adaptive mode was measured against it (64 calls at a time, 20 ms
// each, 60 s at most). Where a server allows 50 calls/s, 1,000 calls took 30 s
// and 1,056 requests adaptively, 33 s and 1,787 like this; at 300 calls/s,
// 5,000 calls took 38 s against 20 s; where 30 % of all requests were throttled
// at random, 134 of 2,000 calls came through adaptively, all of them like this
// (46 s, 2,863 requests). It also spins in testing/synctest.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 8
		o.RateLimiter = ratelimit.None
	})
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
	tr.MaxIdleConns, tr.MaxIdleConnsPerHost = 0, n // 0 = no limit
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

// client is the client for an account, a Region and a service.
func client[T any](s *session, a *account, region, service string, make func(aws.Config) T) T {
	key := clientKey{a.id, region, service}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.clients[key]; ok {
		return c.(T)
	}
	cfg := s.cfg.Copy()
	cfg.Region, cfg.Credentials = region, a.creds
	cfg.APIOptions = append(append([]func(*middleware.Stack) error{}, s.cfg.APIOptions...), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(s.refreshExpired(a), middleware.Before)
	})
	c := make(cfg)
	s.clients[key] = c
	return c
}

// refreshExpired repeats a call once with new credentials when AWS says that
// they have ended before their time. When the caller's own have ended for good,
// so has the scan: all that would follow is gaps.
func (s *session) refreshExpired(a *account) middleware.InitializeMiddleware {
	return middleware.InitializeMiddlewareFunc("crosscheck.RefreshExpired",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, md, err := next.HandleInitialize(ctx, in)
			if c, ok := a.creds.(interface{ Invalidate() }); ok && isExpired(err) {
				c.Invalidate()
				out, md, err = next.HandleInitialize(ctx, in)
			}
			if a.own && isExpired(err) {
				s.abort(callerError(err))
			}
			return out, md, err
		})
}

func (s *session) sts() *sts.Client {
	return client(s, s.caller, s.cfg.Region, "sts", func(c aws.Config) *sts.Client { return sts.NewFromConfig(c) })
}

func (s *session) organizations() *organizations.Client {
	return client(s, s.caller, s.cfg.Region, "organizations", func(c aws.Config) *organizations.Client { return organizations.NewFromConfig(c) })
}

func (s *session) s3(a *account, region string) *s3.Client {
	return client(s, a, region, "s3", func(c aws.Config) *s3.Client {
		return s3.NewFromConfig(c, func(o *s3.Options) {
			// One host for all buckets of a Region, so that connections are used
			// again; with a host for each bucket, each would cost a TLS handshake.
			o.UsePathStyle = true
			o.DisableS3ExpressSessionAuth = aws.Bool(true)
		})
	})
}

func (s *session) s3control(a *account) *s3control.Client {
	return client(s, a, s.cfg.Region, "s3control", func(c aws.Config) *s3control.Client { return s3control.NewFromConfig(c) })
}

func (s *session) iam(a *account) *iam.Client {
	return client(s, a, s.cfg.Region, "iam", func(c aws.Config) *iam.Client { return iam.NewFromConfig(c) })
}

func (s *session) kms(a *account, region string) *kms.Client {
	return client(s, a, region, "kms", func(c aws.Config) *kms.Client { return kms.NewFromConfig(c) })
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
	session *session
	arn     string

	busy chan struct{}   // of size 1: full while the role is assumed
	have aws.Credentials // guarded by busy
}

func newRoleCredentials(s *session, account string) *roleCredentials {
	role := fmt.Sprintf("arn:%s:iam::%s:role/%s", s.partition, account, strings.TrimPrefix(s.opts.RoleName, "/"))
	return &roleCredentials{session: s, arn: role, busy: make(chan struct{}, 1)}
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
	if id := r.session.opts.ExternalID; id != "" {
		in.ExternalId = &id
	}
	out, err := r.session.sts().AssumeRole(ctx, in)
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
	return aws.Credentials{}, err
}

// Invalidate makes the next Retrieve assume the role again.
func (r *roleCredentials) Invalidate() {
	r.busy <- struct{}{}
	r.have = aws.Credentials{}
	<-r.busy
}
