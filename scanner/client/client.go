// Package client is how crosscheck calls AWS: the configuration and credentials of
// the caller, roles assumed in other accounts, retries, a limit that yields to
// throttling, checks that an answer is whole, and errors in one line.
//
// A [Session] is one caller. [Session.Config] makes the configuration of a client
// that acts as an [Identity]: the caller itself or a role.
package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"crosscheck/scanner/fact"
)

// Loader reads the AWS configuration of a profile, to start from a Region; "" = as the
// environment says. [LoadConfig] is the one of programs.
type Loader func(ctx context.Context, profile, region string) (aws.Config, error)

// In is the loader with a Region to start from.
func (load Loader) In(region string) func(ctx context.Context, profile string) (aws.Config, error) {
	return func(ctx context.Context, profile string) (aws.Config, error) { return load(ctx, profile, region) }
}

// LoadConfig reads the standard AWS environment (AWS_PROFILE, AWS_REGION,
// AWS_ENDPOINT_URL, AWS_CA_BUNDLE, …). A profile and a Region given here take
// precedence; "" = as the environment says. It fails with an [Error].
func LoadConfig(ctx context.Context, profile, region string) (aws.Config, error) {
	return loadConfig(ctx, profile, region, nil)
}

// LoadWithMFA is LoadConfig for profiles with an MFA device too: code asks for its code.
func LoadWithMFA(code func() (string, error)) Loader {
	return func(ctx context.Context, profile, region string) (aws.Config, error) {
		return loadConfig(ctx, profile, region, code)
	}
}

func loadConfig(ctx context.Context, profile, region string, code func() (string, error)) (aws.Config, error) {
	with := []func(*config.LoadOptions) error{
		config.WithHTTPClient(stayingOnHost()),
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = stayingOnHost() }),
	}
	if code != nil {
		with = append(with, config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) { o.TokenProvider = code }))
	}
	if profile != "" {
		with = append(with, config.WithSharedConfigProfile(profile))
	}
	if region != "" {
		with = append(with, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, with...)
	var (
		none   config.SharedConfigProfileNotExistError
		noCode config.AssumeRoleTokenProviderNotSetError
	)
	switch {
	case errors.As(err, &none):
		return cfg, &Error{Kind: BadOptions, Err: err, Problem: fmt.Sprintf("there is no AWS profile %q", none.Profile),
			Hint: "see ~/.aws/config, or set AWS_PROFILE or --profile"}
	case errors.As(err, &noCode):
		return cfg, mfaError(err, cmp.Or(profile, os.Getenv("AWS_PROFILE"), "default"))
	case err != nil:
		return cfg, &Error{Kind: BadOptions, Err: err, Problem: "the AWS configuration cannot be read: " + err.Error(),
			Hint: "check ~/.aws/config and the AWS_… variables of the environment"}
	}
	return cfg, nil
}

// Options say how a [Session] calls AWS. The zero value is usable.
type Options struct {
	SessionName string // of roles, as CloudTrail shows it; "" = crosscheck
	ExternalID  string // sent when a role is assumed; "" = none

	Concurrency        int           // attempts at a time; 0 = 64
	AccountConcurrency int           // of them in one account; 0 = all
	Attempts           int           // of one call; 0 = 16, of which 8 may fail for another reason than throttling
	AttemptTimeout     time.Duration // of one attempt; 0 = none

	// GiveUpAfter is how long an API may leave all attempts in an account and a Region
	// without an answer, or throttle them, before it is not called there any more; 0 = forever.
	GiveUpAfter time.Duration

	// Expired is called when AWS says that the caller's own credentials have expired and
	// there are no others; nil = nothing is to be done. It may be called more than once.
	Expired func(error)

	Meter *Meter       // counts calls; nil = they are not counted
	Log   *slog.Logger // gets a record of level debug for every call, without secrets; nil = none
}

func (o *Options) concurrency() int { return cmp.Or(o.Concurrency, 64) }

// Session calls AWS as one caller, over one pool of connections and under one limit.
// It assumes each role once. Its methods may be called by several goroutines.
type Session struct {
	cfg    aws.Config
	opts   Options
	own    *Identity
	limits *limiter
	close  func()

	// No interface must lead to a client, neither one that holds a client nor one that
	// holds something with a session in it: the linker would keep all methods of its
	// type, megabytes of the program.
	sts func() *sts.Client

	mu    sync.Mutex
	roles map[string]*Identity // by ARN
}

// Caller is who calls AWS.
type Caller struct {
	ARN       string
	AccountID string
	Partition string // aws, aws-cn, aws-us-gov
}

// New makes a session of a configuration as [LoadConfig] gives it. It calls nothing.
// A client in cfg.HTTPClient that is not the SDK's own is used as it is. cfg.Region is
// where roles are assumed.
func New(cfg aws.Config, opts Options) *Session {
	if opts.Meter == nil {
		opts.Meter = new(Meter)
	}
	s := &Session{cfg: cfg.Copy(), opts: opts, own: &Identity{credentials: cfg.Credentials, own: true}, roles: map[string]*Identity{},
		limits: newLimiter(opts.concurrency(), cmp.Or(opts.AccountConcurrency, opts.concurrency()))}
	s.cfg.HTTPClient, s.close = newHTTPClient(cfg.HTTPClient, opts.concurrency())
	s.cfg.Retryer = func() aws.Retryer { return newRetryer(cmp.Or(opts.Attempts, mostAttempts)) }
	s.sts = sync.OnceValue(func() *sts.Client { return sts.NewFromConfig(s.config(s.own, s.cfg.Region, nil)) })
	return s
}

// Close closes connections that are not in use. It does nothing to a client that was
// given to [New].
func (s *Session) Close() { s.close() }

// Region is the Region of the session's configuration.
func (s *Session) Region() string { return s.cfg.Region }

// Caller asks AWS who the caller is. It fails with an [Error] where there are no
// credentials, AWS refuses them, or does not answer. It is called before anything else,
// or never.
func (s *Session) Caller(ctx context.Context) (Caller, error) {
	if s.own.credentials == nil {
		return Caller{}, credentialsError(&s.cfg, errNone)
	}
	if _, err := s.own.credentials.Retrieve(ctx); err != nil {
		return Caller{}, credentialsError(&s.cfg, err)
	}
	// Few attempts, to say soon that an endpoint does not answer; one that throttles does.
	who, err := s.sts().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) { o.RetryMaxAttempts = 3 })
	if throttles.IsErrorThrottle(err).Bool() {
		who, err = s.sts().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	}
	if err != nil {
		return Caller{}, callerError(err)
	}
	caller := Caller{ARN: aws.ToString(who.Arn), AccountID: aws.ToString(who.Account)}
	parsed, err := arn.Parse(caller.ARN)
	if err != nil || !fact.IsAccountID(caller.AccountID) {
		return Caller{}, callerError(Malformed("the caller is said to be %q of account %q", Clip(caller.ARN), Clip(caller.AccountID)))
	}
	caller.Partition = parsed.Partition
	s.own.account = caller.AccountID
	return caller, nil
}

// Config is the configuration of a client that acts as an identity in a Region. A
// client is to be kept: what it learns about an API that does not answer is its own.
func (s *Session) Config(as *Identity, region string) aws.Config {
	return s.config(as, region, newSilence(as, region, s.opts.GiveUpAfter))
}

func (s *Session) config(as *Identity, region string, silence *silence) aws.Config {
	cfg := s.cfg.Copy()
	cfg.Region, cfg.Credentials = region, as.credentials
	w := &wire{session: s, as: as, region: region, silence: silence}
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), w.add)
	return cfg
}

// Unshare lifts the limit of each account: only one is still called.
func (s *Session) Unshare() { s.limits.unshare() }
