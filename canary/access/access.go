// Package access gives the canary access to the buckets of links: with the canary's
// role in the account of a bucket, or with the credentials of a profile as they are.
package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// LoadProfile reads the AWS configuration of a profile, "" = as the environment says.
type LoadProfile func(ctx context.Context, profile string) (aws.Config, error)

// Clients makes clients of S3 and keeps them: one session for each profile, one client
// for each account, role, Region and endpoint. Its methods may be called by several
// goroutines.
type Clients struct {
	load       LoadProfile
	externalID string

	mu       sync.Mutex
	profiles map[string]profile
	clients  map[journal.Location]*s3.Client // by a location without its bucket
}

// profile is how AWS is called with an AWS profile.
type profile struct {
	region   string // "" = none is set
	endpoint bool   // one is set for all services
	session  *client.Session
}

// New makes Clients that have no client yet. externalID is sent when a role is assumed;
// "" = none.
func New(load LoadProfile, externalID string) *Clients {
	return &Clients{
		load: load, externalID: externalID,
		profiles: map[string]profile{}, clients: map[journal.Location]*s3.Client{},
	}
}

// reach is how long it may take to get access to a bucket.
const reach = time.Minute

// withLimit does something that AWS may leave without an answer.
func withLimit(ctx context.Context, do func(context.Context) (*bucket.Bucket, error)) (*bucket.Bucket, error) {
	limited, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	b, err := do(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w (given up after %s)", err, reach)
	}
	return b, err
}

// Bucket gives access to the bucket at a location. A location without a Region is taken
// to be in that of the profile. It fails where there are no credentials, the role cannot
// be assumed within a minute, or no Region is known; the bucket itself is not called.
func (c *Clients) Bucket(ctx context.Context, at journal.Location) (*bucket.Bucket, error) {
	return withLimit(ctx, func(ctx context.Context) (*bucket.Bucket, error) { return c.bucket(ctx, at) })
}

func (c *Clients) bucket(ctx context.Context, at journal.Location) (*bucket.Bucket, error) {
	// The lock is held while nothing is asked: who waits for it could not be interrupted.
	p, err := c.profile(ctx, at)
	if err != nil {
		return nil, err
	}
	region := cmp.Or(at.Region, p.region)
	as := p.session.Own()
	if at.RoleName != "" {
		if at.AccountID == "" {
			return nil, fmt.Errorf("the account of the bucket %s is not known, so no role can be assumed there", at.Bucket)
		}
		arn := client.RoleARN(fact.PartitionOf(region), at.AccountID, at.RoleName)
		as = p.session.Role(arn)
		if err := as.Enter(ctx); err != nil {
			return nil, fmt.Errorf("the role %s cannot be assumed: %s", arn, client.OneLine(err))
		}
	}
	if region == "" && (at.Endpoint != "" || p.endpoint) {
		region = "us-east-1" // what S3-compatible servers are signed for
	}
	if region == "" {
		return nil, &client.Error{
			Kind: client.BadOptions, Problem: "no AWS Region is set", Hint: "set AWS_REGION or --region",
		}
	}
	return &bucket.Bucket{
		Bucket: fact.Bucket{Name: at.Bucket, AccountID: at.AccountID, Region: at.Region}, Access: at.Access,
		S3: c.client(p.session, as, region, at),
	}, nil
}

// profile is that of a location. Two that are read at the same time give one session.
func (c *Clients) profile(ctx context.Context, at journal.Location) (profile, error) {
	c.mu.Lock()
	known, ok := c.profiles[at.Profile]
	c.mu.Unlock()
	if ok {
		return known, nil
	}
	cfg, err := c.load(ctx, at.Profile)
	if err != nil {
		return profile{}, err
	}
	p := profile{region: cfg.Region, endpoint: cfg.BaseEndpoint != nil}
	if cfg.Region == "" {
		cfg.Region = at.Region // to assume roles
	}
	p.session = client.New(cfg, client.Options{
		SessionName: "crosscheck-canary", ExternalID: c.externalID, Attempts: 4,
		Concurrency: 256, // more than other commands: probes in flight mostly wait
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.profiles[at.Profile]; ok {
		p.session.Close()
		return known, nil
	}
	c.profiles[at.Profile] = p
	return p, nil
}

// client is the client for a location.
func (c *Clients) client(s *client.Session, as *client.Identity, region string, at journal.Location) *s3.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := at
	key.Bucket, key.Region = "", region
	if c.clients[key] == nil {
		c.clients[key] = client.NewS3(s.Config(as, region), func(o *s3.Options) {
			o.DisableLogOutputChecksumValidationSkipped = true // a multipart checksum of parts cannot be checked
			if at.Endpoint != "" {
				o.BaseEndpoint = &at.Endpoint
			}
		})
	}
	return c.clients[key]
}

// Locate gives access to a bucket in the Region where it is, which it asks S3 for. A
// server that does not say is taken to have it in the Region of the location. It gives up
// after a minute.
func (c *Clients) Locate(ctx context.Context, at journal.Location) (*bucket.Bucket, error) {
	return withLimit(ctx, func(ctx context.Context) (*bucket.Bucket, error) { return c.locate(ctx, at) })
}

func (c *Clients) locate(ctx context.Context, at journal.Location) (*bucket.Bucket, error) {
	b, err := c.bucket(ctx, at)
	if err != nil {
		return nil, err
	}
	region, exists, err := client.HeadBucket(ctx, b.S3.(*s3.Client), b.Name, "")
	status, _ := client.Response(err)
	const hint = "check the name, the credentials and the endpoint"
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, ctx.Err()
	case err == nil && !exists:
		return nil, &client.Error{Kind: client.BadOptions, Problem: "there is no bucket " + b.Name, Hint: hint}
	case err != nil && status == 0:
		return nil, &client.Error{
			Kind: client.NoNetwork, Hint: hint,
			Problem: fmt.Sprintf("the bucket %s cannot be reached: %s", b.Name, client.OneLine(err)),
		}
	case region != "" && region != at.Region:
		at.Region = region
		return c.bucket(ctx, at)
	}
	return b, nil
}

// Connect completes a bucket of a link with access to it. Where that fails, the bucket
// has the error.
func (c *Clients) Connect(ctx context.Context, b *bucket.Bucket, a journal.Access) {
	at := journal.Location{Bucket: b.Name, AccountID: b.AccountID, Region: b.Region, Access: a}
	open := c.Bucket
	if b.Region == "" {
		open = c.Locate
	}
	b.Access = a // also where it fails: a sweep may succeed
	found, err := open(ctx, at)
	if err != nil {
		b.Err = err
		return
	}
	b.S3, b.Access, b.Region = found.S3, found.Access, found.Region
}
