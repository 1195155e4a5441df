// Package scanner reads from AWS the facts that decide S3 replication: it lists the
// accounts of an organization, enters each with an audit role, lists its buckets
// and reads, for every bucket that replicates, everything its links depend on, each
// in the account that owns it. It calls read APIs only; [ask.Permissions] lists them.
//
// What it reads it emits as a stream of [fact.Message]. What it cannot read is a
// gap in that stream, never an absence. A scan that cannot be done at all fails
// with a [client.Error].
package scanner

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/maphash"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/flow"
	"crosscheck/scanner/once"
	"crosscheck/scanner/organization"
)

// Options say what to scan and how. The zero value, with a RoleName, scans the
// caller's whole organization.
type Options struct {
	Accounts        []string // scan these accounts instead of the organization
	ExcludeAccounts []string // of the organization or Accounts, leave these out
	AccountOnly     bool     // scan the caller's own account alone, with the caller's own credentials
	Buckets         string   // glob of bucket names ([path.Match]); "" = all. Destinations are read all the same

	RoleName   string // audit role to assume in each account, with its path if it has one
	ExternalID string // handed over when the role is assumed; "" = none

	// Needs are facts to read beyond those of replication links: "bucket.tags" of
	// every bucket, "source.lifecycle" of every bucket that replicates,
	// "destination.tags" of every destination, "account.path" of every account that
	// owns a bucket.
	Needs []string

	// Wants reports whether a fact of a link's destination, "destination.policy", is to be
	// read, given what is known already: the source bucket, the configuration, facts of
	// the destination that were read before; nil = every fact is. It is called by
	// several goroutines.
	Wants func(name string, doc *fact.Document, link *fact.Link) bool

	// Done reports whether a bucket need not be read, since another scan has, and how
	// many links it was found to have; nil = every bucket is read. Such a bucket is
	// counted as scanned, and no document of it is emitted.
	Done func(account, bucket string) (links int, done bool)

	Concurrency        int           // calls to AWS at a time; 0 = 64
	AccountConcurrency int           // of them in one account; 0 = half, or all while no other account is scanned
	AttemptTimeout     time.Duration // of one attempt of one call; 0 = 20 s
	RunID              string        // "" = made up
	Version            string        // of crosscheck, for the record

	Meter *Meter       // counts calls and progress; nil = they are not counted
	Log   *slog.Logger // gets a record of level debug for every call, without secrets; nil = none

	manyRoles int // in place of the constant; -1 = none is read one by one
}

func (o *Options) concurrency() int {
	if o.Concurrency > 0 {
		return o.Concurrency
	}
	return 64
}

func (o *Options) accountConcurrency() int {
	if o.AccountConcurrency > 0 {
		return o.AccountConcurrency
	}
	return (o.concurrency() + 1) / 2
}

func (o *Options) attemptTimeout() time.Duration {
	if o.AttemptTimeout > 0 {
		return o.AttemptTimeout
	}
	return 20 * time.Second
}

// patience is how long an API may be silent before it is given up: the time of six
// attempts that wait to their end, by default 2 minutes. A shorter interruption gives
// up nothing.
func (o *Options) patience() time.Duration { return 6 * o.attemptTimeout() }

// caches hold what documents share. Each is bounded, so that memory does not grow with
// the organization. Policies make up most of it: a bucket's has at most 20 KB, typically
// 1 KB.
type caches struct {
	buckets  *once.Map[fact.Any]               // facts of buckets, by fact and bucket
	foreign  *once.Map[fact.Fact[fact.Bucket]] // buckets in no scanned account
	accounts *once.Map[fact.Account]
	roles    *once.Map[fact.Fact[fact.Role]]
	policies *once.Map[fact.Fact[fact.Policy]] // managed ones, by account
	keys     *once.Map[fact.Fact[fact.Key]]
	alarms   *once.Map[fact.Fact[[]fact.Alarm]] // on failed replication, by account and Region
}

func newCaches() caches {
	const each = 1 << 12
	return caches{buckets: once.New[fact.Any](1 << 14), foreign: once.New[fact.Fact[fact.Bucket]](each),
		accounts: once.New[fact.Account](each), roles: once.New[fact.Fact[fact.Role]](each),
		policies: once.New[fact.Fact[fact.Policy]](each), keys: once.New[fact.Fact[fact.Key]](each),
		alarms: once.New[fact.Fact[[]fact.Alarm]](each)}
}

// scan is the state of one scan, shared by all of its goroutines.
type scan struct {
	opts      *Options
	session   *session
	org       *organization.Reader
	accounts  map[string]*account // in scope, by id
	index     *index
	cache     caches
	roleLists *roleLists
	needs     map[string][]string
}

// Scan reads what opts ask for and gives it to emit: the run, then gaps and one
// document for each bucket in no promised order, at last the coverage. emit is
// called from one goroutine; what it is given must not be changed, since
// documents share what they refer to. Nothing is emitted before it is known that
// the scan can be done at all; an error after that leaves a stream without its
// coverage. An error of emit ends the scan and is returned. Memory is bounded by
// the documents on their way, about 100 bytes a bucket, and the caches.
//
// cfg comes from [LoadConfig]. A client of another kind than the SDK's own in
// cfg.HTTPClient is used as it is.
func Scan(ctx context.Context, cfg aws.Config, opts Options, emit func(fact.Message) error) error {
	started := time.Now().UTC()
	return begin(ctx, cfg, opts, func(ctx context.Context, s *scan) error {
		return s.run(ctx, started, &output{emit: emit, seed: maphash.MakeSeed(), sent: map[uint64]bool{}})
	})
}

// begin calls do with what a scan needs before it reads anything: options that make
// sense, credentials, and an end to it when the caller's credentials end.
func begin(ctx context.Context, cfg aws.Config, opts Options, do func(context.Context, *scan) error) error {
	needs, err := opts.check()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	session, err := newSession(ctx, cfg, &opts, cancel)
	if err != nil {
		return orCause(ctx, err)
	}
	defer session.Close()

	s := &scan{opts: &opts, session: session, org: organization.New(session.organizations, session.caller.AccountID), accounts: map[string]*account{},
		index: newIndex(), cache: newCaches(), roleLists: newRoleLists(), needs: needs}
	if err := do(ctx, s); err != nil {
		return orCause(ctx, err)
	}
	return nil
}

// orCause is why the context ended, if it did: an error after that is a consequence.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (s *scan) run(ctx context.Context, started time.Time, out *output) error {
	var n ask.Notes
	mode, entered, err := s.list(ctx, &n)
	if err != nil {
		return err
	}

	run := fact.Run{
		SchemaVersion: fact.SchemaVersion, ID: s.opts.RunID, StartedAt: started.Format(time.RFC3339), Tool: strings.TrimSpace("crosscheck " + s.opts.Version),
		Scope:        fact.Scope{Mode: mode, Accounts: sorted(s.opts.Accounts), ExcludeAccounts: sorted(s.opts.ExcludeAccounts), Buckets: s.opts.Buckets},
		Organization: s.org.Fact.Value,
	}
	if run.ID == "" {
		run.ID = started.Format("20060102T150405Z-") + strings.ToLower(rand.Text()[:8])
	}
	if err := out.send(fact.Message{Run: &run}); err != nil {
		return err
	}
	if err := out.gaps(n.Gaps); err != nil {
		return err
	}

	coverage := fact.Coverage{Accounts: fact.AccountCoverage{Listed: len(s.accounts), Scanned: len(entered), Unreadable: len(s.accounts) - len(entered)}}
	meter := s.opts.Meter
	turns := newTurns(entered, func(a *account) []string {
		buckets, links, done := s.left(a)
		coverage.Buckets.Listed += len(buckets) + done
		coverage.Buckets.Scanned += done
		coverage.Links += links
		return buckets
	}, func() {
		if s.opts.AccountConcurrency == 0 {
			s.session.Unshare()
		}
	}, func() { meter.count(func(p *Progress) { p.AccountsDone++ }) })
	meter.count(func(p *Progress) {
		p.AccountsDone += coverage.Accounts.Unreadable
		p.Buckets, p.BucketsDone, p.BucketsKnown = coverage.Buckets.Listed, coverage.Buckets.Scanned, coverage.Buckets.Scanned
	})
	type result struct {
		doc  *fact.Document
		gaps []fact.Gap
	}
	// Twice as many buckets as calls: some wait for what others are reading.
	err = flow.Map(ctx, 2*s.opts.concurrency(), turns.all(),
		func(ctx context.Context, b target) (result, error) {
			v := &visit{scan: s}
			doc := v.document(ctx, b.account, b.name)
			turns.done(b)
			meter.count(func(p *Progress) { p.BucketsDone++ })
			return result{doc, v.Gaps}, context.Cause(ctx)
		},
		func(r result) error {
			if r.doc.Bucket.Replication.Known() {
				coverage.Buckets.Scanned++
			}
			coverage.Links += len(r.doc.Links)
			if err := out.gaps(r.gaps); err != nil {
				return err
			}
			return out.send(fact.Message{Document: r.doc})
		})
	if err != nil {
		return err
	}
	coverage.Additions = meter.Additions()
	return out.send(fact.Message{Coverage: &coverage})
}

// list lists the accounts in scope and the buckets of each; mode is how they were named.
func (s *scan) list(ctx context.Context, n *ask.Notes) (mode string, entered []*account, err error) {
	s.org.Describe(ctx, n)
	mode = "organization"
	switch {
	case s.opts.AccountOnly:
		mode = "account-only"
	case len(s.opts.Accounts) > 0:
		mode = "accounts"
	default:
		if err := s.org.List(ctx, s.session.caller.ARN); err != nil {
			return mode, nil, err
		}
	}
	entered, err = s.enter(ctx, n)
	return mode, entered, err
}

// left are the buckets of an account to read: those in scope that Options.Done does
// not know. Of the others it gives their number and that of their links.
func (s *scan) left(a *account) (buckets []string, links, done int) {
	if s.opts.Buckets == "" && s.opts.Done == nil {
		return a.buckets, 0, 0
	}
	for _, name := range a.buckets {
		if in, _ := path.Match(s.opts.Buckets, name); s.opts.Buckets != "" && !in {
			continue
		}
		if s.opts.Done != nil {
			if n, known := s.opts.Done(a.id, name); known {
				links, done = links+n, done+1
				continue
			}
		}
		buckets = append(buckets, name)
	}
	return buckets, links, done
}

// check refuses options that make no sense, and sorts out what to read of which buckets.
func (o *Options) check() (needs map[string][]string, err error) {
	bad := func(hint, format string, args ...any) (map[string][]string, error) {
		return nil, &client.Error{Kind: client.BadOptions, Problem: fmt.Sprintf(format, args...), Hint: hint}
	}
	for _, id := range slices.Concat(o.Accounts, o.ExcludeAccounts) {
		if !fact.IsAccountID(id) {
			return bad("write the 12 digits of the account", "%q is not the id of an account", id)
		}
	}
	if _, err := path.Match(o.Buckets, ""); err != nil {
		return bad("see 'crosscheck scan --help'", "%q is not a pattern of bucket names", o.Buckets)
	}
	if o.AccountOnly && len(o.Accounts)+len(o.ExcludeAccounts) > 0 {
		return bad("give one of them", "--account-only does not go with --accounts or --exclude-accounts")
	}
	if !o.AccountOnly && o.RoleName == "" {
		return bad("set --audit-role, or scan the caller's own account with --account-only", "no audit role is named")
	}
	needs = map[string][]string{"bucket": nil, "source": slices.Clone(sourceFacts), "destination": slices.Clone(destinationFacts)}
	for _, need := range o.Needs {
		if need == "account.path" {
			needs["account"] = []string{"path"}
			continue
		}
		scope, name, _ := strings.Cut(need, ".")
		if _, ok := needs[scope]; !ok || bucketRows[name].Of == nil {
			return bad(fmt.Sprintf("use bucket, source or destination with one of %s", strings.Join(slices.Sorted(maps.Keys(bucketRows)), ", ")), "there is no fact %q to read", need)
		}
		if need == "source.alarms" { // read at the end, where nothing else tells
			scope = "silent"
		}
		if !slices.Contains(needs[scope], name) {
			needs[scope] = append(needs[scope], name)
		}
	}
	return needs, nil
}

func sorted(list []string) []string {
	out := slices.Sorted(slices.Values(list))
	return slices.Compact(out)
}

// output sends messages, every gap once.
type output struct {
	emit func(fact.Message) error
	seed maphash.Seed
	sent map[uint64]bool // hashes of gaps: what a cache dropped is read again, and fails again
}

func (o *output) send(m fact.Message) error { return o.emit(m) }

func (o *output) gaps(list []fact.Gap) error {
	for _, g := range list {
		h := maphash.Comparable(o.seed, g)
		if o.sent[h] {
			continue
		}
		o.sent[h] = true
		if err := o.emit(fact.Message{Gap: &g}); err != nil {
			return err
		}
	}
	return nil
}
