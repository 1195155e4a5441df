package scanner

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"crosscheck/scanner/alarm"
	"crosscheck/scanner/client"
)

// session makes clients: one for each account, Region and service.
type session struct {
	*client.Session
	caller client.Caller

	// Clients by service. No interface must lead to them, neither one that holds a
	// client nor one that holds something with a session in it: the linker would keep
	// all methods of their types, megabytes of the program.
	organizations *organizations.Client
	mu            sync.Mutex
	ofS3          map[clientKey]*s3.Client
	ofS3Control   map[clientKey]*s3control.Client
	ofIAM         map[clientKey]*iam.Client
	ofKMS         map[clientKey]*kms.Client
	ofCloudWatch  map[clientKey]*cloudwatch.Client
}

type clientKey struct{ account, region string }

// newSession finds out who the caller is. expired is called when the caller's
// credentials have expired. Close releases the connections of the session.
func newSession(ctx context.Context, cfg aws.Config, opts *Options, expired func(error)) (*session, error) {
	if cfg.Region == "" {
		return nil, &client.Error{Kind: client.BadOptions, Problem: "no AWS Region is set",
			Hint: "set AWS_REGION or --region; any Region of the partition will do"}
	}
	if opts.Meter == nil {
		opts.Meter = new(Meter)
	}
	calls := client.New(cfg, client.Options{
		ExternalID: opts.ExternalID, Concurrency: opts.concurrency(), AccountConcurrency: opts.accountConcurrency(),
		AttemptTimeout: opts.attemptTimeout(), GiveUpAfter: opts.patience(), Expired: expired,
		Meter: &opts.Meter.Meter, Log: opts.Log,
	})
	caller, err := calls.Caller(ctx)
	if err != nil {
		calls.Close()
		return nil, err
	}
	return &session{Session: calls, caller: caller,
		organizations: organizations.NewFromConfig(calls.Config(calls.Own(), cfg.Region)),
		ofS3:          map[clientKey]*s3.Client{}, ofS3Control: map[clientKey]*s3control.Client{},
		ofIAM: map[clientKey]*iam.Client{}, ofKMS: map[clientKey]*kms.Client{},
		ofCloudWatch: map[clientKey]*cloudwatch.Client{}}, nil
}

// enter gets credentials for an account: those of the audit role there, or for
// the caller's own account the caller's, where the role cannot be assumed. A
// role that a StackSet deploys is often missing in the management account.
func (s *session) enter(ctx context.Context, a *account, opts *Options) error {
	if a.id == s.caller.AccountID && opts.AccountOnly {
		a.as = s.Own()
		return nil
	}
	role := s.Role(client.RoleARN(s.caller.Partition, a.id, opts.RoleName))
	err := role.Enter(ctx)
	switch {
	case err == nil:
		a.as = role
	case a.id == s.caller.AccountID && ctx.Err() == nil:
		a.as = s.Own()
		return nil
	}
	return err
}

func (s *session) s3(a *account, region string) *s3.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, region}
	if s.ofS3[key] == nil {
		s.ofS3[key] = client.NewS3(s.Config(a.as, region))
	}
	return s.ofS3[key]
}

func (s *session) s3control(a *account) *s3control.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, s.Region()}
	if s.ofS3Control[key] == nil {
		s.ofS3Control[key] = s3control.NewFromConfig(s.Config(a.as, s.Region()))
	}
	return s.ofS3Control[key]
}

func (s *session) iam(a *account) *iam.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, s.Region()}
	if s.ofIAM[key] == nil {
		s.ofIAM[key] = iam.NewFromConfig(s.Config(a.as, s.Region()))
	}
	return s.ofIAM[key]
}

func (s *session) kms(a *account, region string) *kms.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, region}
	if s.ofKMS[key] == nil {
		s.ofKMS[key] = kms.NewFromConfig(s.Config(a.as, region))
	}
	return s.ofKMS[key]
}

func (s *session) cloudwatch(a *account, region string) *cloudwatch.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := clientKey{a.id, region}
	if s.ofCloudWatch[key] == nil {
		s.ofCloudWatch[key] = cloudwatch.NewFromConfig(s.Config(a.as, region), alarm.JSON)
	}
	return s.ofCloudWatch[key]
}
