package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary"
	"crosscheck/canary/journal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// reacher gets to buckets: it assumes the canary's role in the bucket's account,
// or uses a profile as it is where no account is known. One session for each profile,
// one client for each account, Region and endpoint.
type reacher struct {
	load       func(ctx context.Context, profile, region string) (aws.Config, error)
	externalID string

	mu       sync.Mutex
	profiles map[string]profile
	clients  map[journal.Location]*s3.Client
}

// profile is how AWS is called with an AWS profile.
type profile struct {
	region   string // "" = none is set
	endpoint bool   // one is set for all services
	session  *client.Session
}

func newReacher(load func(ctx context.Context, profile, region string) (aws.Config, error), externalID string) *reacher {
	return &reacher{load: load, externalID: externalID, profiles: map[string]profile{}, clients: map[journal.Location]*s3.Client{}}
}

// profile is that of a place.
func (r *reacher) profile(ctx context.Context, at journal.Location) (profile, error) {
	if p, ok := r.profiles[at.Profile]; ok {
		return p, nil
	}
	cfg, err := r.load(ctx, at.Profile, "")
	if err != nil {
		return profile{}, err
	}
	p := profile{region: cfg.Region, endpoint: cfg.BaseEndpoint != nil}
	if cfg.Region == "" {
		cfg.Region = at.Region // to assume roles
	}
	// As many calls at a time as there are probes: a thousand are not too many.
	p.session = client.New(cfg, client.Options{SessionName: "crosscheck-canary", ExternalID: r.externalID, Concurrency: 256, Attempts: 4})
	r.profiles[at.Profile] = p
	return p, nil
}

// end reaches one bucket. Where that fails, the end says why.
func (r *reacher) end(ctx context.Context, p journal.Location) (*canary.Bucket, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &canary.Bucket{Bucket: fact.Bucket{Name: p.Bucket, AccountID: p.AccountID, Region: p.Region}, Access: p.Access}
	profile, err := r.profile(ctx, p)
	if err != nil {
		return nil, err
	}
	region := cmp.Or(p.Region, profile.region)
	as := profile.session.Own()
	if p.RoleName != "" {
		if p.AccountID == "" {
			return nil, fmt.Errorf("the account of the bucket %s is not known, so no role can be assumed there", p.Bucket)
		}
		arn := client.RoleARN(fact.PartitionOf(region), p.AccountID, p.RoleName)
		as = profile.session.Role(arn)
		if err := as.Enter(ctx); err != nil {
			return nil, fmt.Errorf("the role %s cannot be assumed: %s", arn, client.OneLine(err))
		}
	}
	if region == "" && (p.Endpoint != "" || profile.endpoint) {
		region = "us-east-1" // what S3-compatible servers are signed for
	}
	if region == "" {
		return nil, usererr.Hint(errors.New("no AWS Region is set"), "set AWS_REGION or --region")
	}
	key := p
	key.Bucket, key.Region = "", region
	if r.clients[key] == nil {
		r.clients[key] = client.NewS3(profile.session.Config(as, region), func(o *s3.Options) {
			o.DisableLogOutputChecksumValidationSkipped = true // a multipart checksum of parts cannot be checked
			if p.Endpoint != "" {
				o.BaseEndpoint = &p.Endpoint
			}
		})
	}
	e.S3 = r.clients[key]
	return e, nil
}

// bucketRegion asks where a bucket is, "" where the server does not say. S3 tells
// the Region to everyone, in its refusals too.
func bucketRegion(ctx context.Context, e *canary.Bucket) (string, error) {
	c, ok := e.S3.(*s3.Client)
	if !ok {
		return e.Region, nil
	}
	region, exists, err := client.HeadBucket(ctx, c, e.Name, "")
	status, _ := client.Response(err)
	switch {
	case err == nil && !exists:
		return "", fmt.Errorf("there is no bucket %s", e.Name)
	case err != nil && status == 0:
		return "", fmt.Errorf("the bucket %s cannot be reached: %s", e.Name, client.OneLine(err))
	}
	return region, nil
}
