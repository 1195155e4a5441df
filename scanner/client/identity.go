package client

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Identity is whom calls are signed for: the caller itself, or a role.
type Identity struct {
	account     string // "" = not known
	credentials aws.CredentialsProvider
	own         bool
}

// Account is the id of the identity's account. That of the caller itself is ""
// before [Session.Caller] has returned.
func (i *Identity) Account() string { return i.account }

// Own is the caller itself.
func (s *Session) Own() *Identity { return s.own }

// Role is a role, by its ARN. It is assumed when its credentials are first needed, and
// again before they expire. A role that could not be assumed the first time is not
// tried again.
func (s *Session) Role(roleARN string) *Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.roles[roleARN]
	if i == nil {
		i = &Identity{account: AccountOf(roleARN), credentials: &role{assume: s.sts().AssumeRole, busy: make(chan struct{}, 1),
			arn: roleARN, session: cmp.Or(s.opts.SessionName, "crosscheck"), externalID: s.opts.ExternalID}}
		s.roles[roleARN] = i
	}
	return i
}

// Enter gets credentials for the identity. Its error is one of AWS, for [OneLine].
func (i *Identity) Enter(ctx context.Context) error {
	_, err := i.credentials.Retrieve(ctx)
	return err
}

// RoleARN is the ARN of a role by its name, with its path if it has one.
func RoleARN(partition, account, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", partition, account, strings.TrimPrefix(name, "/"))
}

// AccountOf is the account in an ARN, "" where there is none.
func AccountOf(text string) string {
	a, err := arn.Parse(text)
	if err != nil {
		return ""
	}
	return a.AccountID
}

const (
	// sessionDuration is how long credentials of a role are good. No role allows less,
	// and none more that is assumed by the credentials of another role.
	sessionDuration = time.Hour

	// refreshBefore is how long before their end credentials are renewed.
	refreshBefore = 5 * time.Minute
)

// role is a role with its credentials, kept and renewed. The SDK's own cache leaves a
// goroutine running when the caller is canceled.
type role struct {
	assume     func(context.Context, *sts.AssumeRoleInput, ...func(*sts.Options)) (*sts.AssumeRoleOutput, error)
	arn        string
	session    string // its name
	externalID string // "" = none

	busy    chan struct{}   // of size 1: full while the role is assumed; guards what follows
	have    aws.Credentials // none before the role was assumed
	assumed bool            // at least once
	refusal error           // why the role could not be assumed the first time
}

// Retrieve gives credentials that are good for some minutes at least.
func (r *role) Retrieve(ctx context.Context) (aws.Credentials, error) {
	select {
	case r.busy <- struct{}{}:
		defer func() { <-r.busy }()
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	}
	now := time.Now()
	if r.refusal != nil {
		return aws.Credentials{}, r.refusal
	}
	if r.have.HasKeys() && now.Before(r.have.Expires.Add(-refreshBefore)) {
		return r.have, nil
	}
	in := &sts.AssumeRoleInput{RoleArn: &r.arn, RoleSessionName: &r.session, DurationSeconds: aws.Int32(int32(sessionDuration / time.Second))}
	if r.externalID != "" {
		in.ExternalId = &r.externalID
	}
	out, err := r.assume(ctx, in)
	if err == nil {
		c := out.Credentials
		if c != nil && c.AccessKeyId != nil && c.SecretAccessKey != nil && c.Expiration != nil {
			r.assumed = true
			r.have = aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: aws.ToString(c.SessionToken),
				CanExpire: true, Expires: *c.Expiration, Source: "crosscheck"}
			return r.have, nil
		}
		err = Malformed("sts:AssumeRole answered without credentials")
	}
	if r.have.HasKeys() && now.Before(r.have.Expires) {
		return r.have, nil // the next call tries again
	}
	err = &lastError{err} // it was tried often enough: not again for each attempt of the call that needs it
	if !r.assumed && ctx.Err() == nil {
		r.refusal = err
	}
	return aws.Credentials{}, err
}

// Invalidate makes the next Retrieve assume the role again.
func (r *role) Invalidate() {
	r.busy <- struct{}{}
	r.have = aws.Credentials{}
	<-r.busy
}
