package scanner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/flow"
)

// RoleNotAssumed is the kind of a [client.Error] of a scan whose audit role could be assumed
// in none of the accounts.
const RoleNotAssumed client.ErrorKind = "role not assumed"

// account is an account in scope.
type account struct {
	id, name string
	as       *client.Identity // nil = not entered
	buckets  []string
	complete bool // the list of buckets is whole
}

// listing is what came of entering an account and listing its buckets.
type listing struct {
	account   *account
	suspended bool
	err       error // the account is suspended, or could not be entered
	buckets   []listed
	cut       error // the buckets could not be listed, or not all of them
}

// enter finds the accounts in scope, gets credentials for each and lists its
// buckets. It gives back those whose buckets could be listed, sorted by id.
func (s *scan) enter(ctx context.Context, n *ask.Notes) ([]*account, error) {
	if err := s.scope(); err != nil {
		return nil, err
	}
	listings, err := s.listAll(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.checkRole(listings); err != nil {
		return nil, err
	}
	var entered []*account
	for _, l := range listings {
		q := ask.Question{Account: l.account.id, Resource: l.account.id, Fact: "account", API: "sts:AssumeRole"}
		if l.err == nil && l.cut == nil {
			l.cut = s.index.disputed(l.buckets)
		}
		switch {
		case l.suspended:
			q.API = "organizations:ListAccounts"
			n.Gap(q, l.err)
		case l.err != nil:
			n.Gap(q, l.err)
		case l.cut != nil:
			q.Fact, q.API = "account.buckets", "s3:ListBuckets"
			n.Gap(q, l.cut)
		}
		if l.err != nil || l.cut != nil && len(l.buckets) == 0 {
			continue
		}
		l.account.complete = l.cut == nil
		s.index.add(l.account, l.buckets)
		entered = append(entered, l.account)
	}
	return entered, nil
}

// scope finds the accounts in scope.
func (s *scan) scope() error {
	ids := s.opts.Accounts
	switch {
	case s.opts.AccountOnly:
		ids = []string{s.session.caller.AccountID}
	case len(ids) == 0:
		ids = slices.Collect(maps.Keys(s.org.Members))
	}
	for _, id := range ids {
		if !slices.Contains(s.opts.ExcludeAccounts, id) {
			s.accounts[id] = &account{id: id, name: s.org.Members[id].Name}
		}
	}
	if len(s.accounts) == 0 {
		return &client.Error{Kind: client.BadOptions, Problem: "no account is left to scan", Hint: "check --accounts and --exclude-accounts"}
	}
	s.opts.Meter.count(func(p *Progress) { p.Accounts = len(s.accounts) })
	return nil
}

// listAll enters all accounts in scope and lists their buckets. It is sorted by id.
func (s *scan) listAll(ctx context.Context) ([]listing, error) {
	var listings []listing
	err := flow.Map(ctx, s.opts.concurrency(), slices.Values(slices.Sorted(maps.Keys(s.accounts))),
		func(ctx context.Context, id string) (listing, error) {
			l := listing{account: s.accounts[id]}
			if m, ok := s.org.Members[id]; ok && m.State != "ACTIVE" {
				l.suspended, l.err = true, &client.Failure{Code: m.State, Message: "the account is " + m.State}
				return l, nil
			}
			if l.err = s.session.enter(ctx, l.account, s.opts); l.err == nil {
				l.buckets, l.cut = listBuckets(ctx, s.session.s3(l.account, s.session.Region()))
			}
			return l, context.Cause(ctx)
		},
		func(l listing) error {
			listings = append(listings, l)
			s.opts.Meter.count(func(p *Progress) { p.Buckets += len(l.buckets) })
			return nil
		})
	slices.SortFunc(listings, func(a, b listing) int { return strings.Compare(a.account.id, b.account.id) })
	return listings, err
}

// checkRole is an error where the audit role could be assumed in no account: then its
// name or its trust policy is wrong, and gaps alone would not say so.
func (s *scan) checkRole(listings []listing) error {
	tried, assumed := 0, 0
	var refusal error
	for _, l := range listings {
		switch {
		case l.suspended, l.account.as == s.session.Own():
		case l.err != nil:
			tried++
			refusal = cmp.Or(refusal, l.err)
		default:
			tried++
			assumed++
		}
	}
	if tried == 0 || assumed > 0 {
		return nil
	}
	return &client.Error{Kind: RoleNotAssumed, Err: refusal,
		Problem: fmt.Sprintf("the role %s cannot be assumed in any of %d accounts (%s)", s.opts.RoleName, tried, client.OneLine(refusal)),
		Hint:    "check --audit-role, --external-id and the trust policy of the role; --account-only scans the caller's own account without it"}
}

// whyUnread says why an account's resources cannot be read, and what to do.
func (s *scan) whyUnread(id string) string {
	if _, in := s.accounts[id]; in {
		return fmt.Sprintf("account %s could not be entered", id)
	}
	switch {
	case slices.Contains(s.opts.ExcludeAccounts, id):
		return fmt.Sprintf("account %s is left out by --exclude-accounts", id)
	case s.org.Members != nil:
		return fmt.Sprintf("account %s is not in the organization: add it with --accounts and an audit role there", id)
	}
	return fmt.Sprintf("account %s is not scanned: add it to --accounts", id)
}

// reader is the account to read in, or the error of one that is not entered.
func (s *scan) reader(id string) (*account, error) {
	if a := s.accounts[id]; a != nil && a.as != nil {
		return a, nil
	}
	return nil, client.NotRead("%s", s.whyUnread(id))
}

// account is all that is known of an account.
func (v *visit) account(ctx context.Context, id string) fact.Account {
	return v.cache.accounts.Get(id, func() fact.Account {
		a := v.org.Account(ctx, &v.Notes, id)
		a.PublicAccessBlock = ask.Fact(&v.Notes, ask.Question{Account: id, Resource: id, Fact: "account.public_access_block",
			API: "s3control:GetPublicAccessBlock", Absent: "NoSuchPublicAccessBlockConfiguration"},
			func() (p fact.PublicAccessBlock, err error) {
				in, err := v.reader(id)
				if err != nil {
					return p, err
				}
				out, err := v.session.s3control(in).GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &id})
				if err != nil {
					return p, err
				}
				c := cmp.Or(out.PublicAccessBlockConfiguration, &types.PublicAccessBlockConfiguration{})
				return publicAccessBlock(c.BlockPublicAcls, c.IgnorePublicAcls, c.BlockPublicPolicy, c.RestrictPublicBuckets)
			})
		return a
	})
}

// publicAccessBlock makes a fact of the four settings. AWS returns all of them: one that
// is left out is off, but an answer without any of them is refused.
func publicAccessBlock(blockACLs, ignoreACLs, blockPolicy, restrict *bool) (fact.PublicAccessBlock, error) {
	var err error
	if cmp.Or(blockACLs, ignoreACLs, blockPolicy, restrict) == nil {
		err = client.Malformed("the answer has none of the four settings")
	}
	return fact.PublicAccessBlock{BlockPublicAcls: aws.ToBool(blockACLs), IgnorePublicAcls: aws.ToBool(ignoreACLs),
		BlockPublicPolicy: aws.ToBool(blockPolicy), RestrictPublicBuckets: aws.ToBool(restrict)}, err
}
