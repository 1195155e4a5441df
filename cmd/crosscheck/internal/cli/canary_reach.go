package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"crosscheck/canary"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/fact"
)

// reacher gets to buckets: it assumes the canary's role in the bucket's account,
// or uses a profile as it is where no account is known. One client for each
// account, Region and endpoint, over one pool of connections.
type reacher struct {
	load       func(ctx context.Context, profile, region string) (aws.Config, error)
	externalID string

	mu      sync.Mutex
	configs map[string]aws.Config
	clients map[canary.Place]*s3.Client
	roles   map[string]roleCredentials
	pool    aws.HTTPClient
}

type roleCredentials struct {
	provider aws.CredentialsProvider
	err      error
}

func newReacher(load func(ctx context.Context, profile, region string) (aws.Config, error), externalID string) *reacher {
	return &reacher{
		load: load, externalID: externalID,
		configs: map[string]aws.Config{}, clients: map[canary.Place]*s3.Client{}, roles: map[string]roleCredentials{},
	}
}

// config is the configuration of a profile, with the shared pool.
func (r *reacher) config(ctx context.Context, profile string) (aws.Config, error) {
	if cfg, ok := r.configs[profile]; ok {
		return cfg, nil
	}
	cfg, err := r.load(ctx, profile, "")
	if err != nil {
		return cfg, err
	}
	// The SDK's own client keeps ten idle connections to a host; a thousand probes
	// would open and close the others all the time. One that was given is used as it is.
	if sdk, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok || cfg.HTTPClient == nil {
		if r.pool == nil {
			if sdk == nil {
				sdk = awshttp.NewBuildableClient()
			}
			r.pool = sdk.WithTransportOptions(func(t *http.Transport) { t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 256 })
		}
		cfg.HTTPClient = r.pool
	}
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.RateLimiter = 4, ratelimit.None
		})
	}
	r.configs[profile] = cfg
	return cfg, nil
}

// end reaches one bucket. Where that fails, the end says why.
func (r *reacher) end(ctx context.Context, p canary.Place) (*canary.End, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &canary.End{Bucket: fact.Bucket{Name: p.Bucket, AccountID: p.AccountID, Region: p.Region}, Reach: p.Reach}
	cfg, err := r.config(ctx, p.Profile)
	if err != nil {
		return nil, err
	}
	if p.RoleName != "" {
		if p.AccountID == "" {
			return nil, fmt.Errorf("the account of the bucket %s is not known, so no role can be assumed there", p.Bucket)
		}
		role, err := r.assume(ctx, cfg, p)
		if err != nil {
			return nil, err
		}
		cfg.Credentials = role
	}
	cfg.Region = cmp.Or(p.Region, cfg.Region)
	if cfg.Region == "" && (p.Endpoint != "" || cfg.BaseEndpoint != nil) {
		cfg.Region = "us-east-1" // what S3-compatible servers are signed for
	}
	if cfg.Region == "" {
		return nil, usererr.Hint(errors.New("no AWS Region is set"), "set AWS_REGION or --region")
	}
	key := p
	key.Bucket, key.Region = "", cfg.Region
	client := r.clients[key]
	if client == nil {
		client = s3.NewFromConfig(cfg, func(o *s3.Options) {
			// One host for all buckets, so that connections are used again.
			o.UsePathStyle = true
			o.DisableS3ExpressSessionAuth = aws.Bool(true)
			o.DisableLogOutputChecksumValidationSkipped = true // a multipart checksum of parts cannot be checked
			if p.Endpoint != "" {
				o.BaseEndpoint = &p.Endpoint
			}
		})
		r.clients[key] = client
	}
	e.S3 = client
	return e, nil
}

// assume gives credentials of the canary's role in a bucket's account. A role
// that could not be assumed is not tried again for every link.
func (r *reacher) assume(ctx context.Context, cfg aws.Config, p canary.Place) (aws.CredentialsProvider, error) {
	key := p.Profile + "\x00" + p.AccountID + "\x00" + p.RoleName
	if known, ok := r.roles[key]; ok {
		return known.provider, known.err
	}
	if cfg.Region == "" {
		cfg.Region = p.Region
	}
	arn := fmt.Sprintf("arn:%s:iam::%s:role/%s", fact.PartitionOf(cmp.Or(p.Region, cfg.Region)), p.AccountID, strings.TrimPrefix(p.RoleName, "/"))
	provider := aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), arn, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "crosscheck-canary"
		if r.externalID != "" {
			o.ExternalID = &r.externalID
		}
	}))
	var err error
	if _, e := provider.Retrieve(ctx); e != nil {
		err = fmt.Errorf("the role %s cannot be assumed: %s", arn, awsError(e))
		if ctx.Err() != nil {
			return nil, err
		}
	}
	r.roles[key] = roleCredentials{provider, err}
	return provider, err
}

// bucketRegion asks where a bucket is, "" where the server does not say. S3 tells
// the Region to everyone, in its refusals too.
func bucketRegion(ctx context.Context, e *canary.End) (string, error) {
	client, ok := e.S3.(*s3.Client)
	if !ok {
		return e.Region, nil
	}
	out, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &e.Name})
	if err == nil {
		return aws.ToString(out.BucketRegion), nil
	}
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		if region := answer.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
			return region, nil
		}
		if answer.HTTPStatusCode() == 404 {
			return "", fmt.Errorf("there is no bucket %s", e.Name)
		}
		return "", nil
	}
	return "", fmt.Errorf("the bucket %s cannot be reached: %s", e.Name, awsError(err))
}

// awsError is an error of the SDK in one line, without request ids.
func awsError(err error) string {
	var api smithy.APIError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &api):
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return innermost(err).Error()
}
