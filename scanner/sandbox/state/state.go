// Package state is the one state behind all services of the sandbox: the
// organization, accounts, roles, keys, buckets and objects, and the decision
// whether a caller may do something with them, which rules/iam makes. It knows no
// HTTP.
//
// Nothing in it is safe for concurrent use; package sandbox guards it.
package state

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam/policy"
)

// State is what the services of one AWS organization work on. Its user guards it:
// nothing in it is safe for concurrent use.
type State struct {
	Partition    string
	Organization *Organization // nil: no organization
	Accounts     map[string]*Account
	AWSManaged   map[string]*ManagedPolicy // AWS's own managed policies, by ARN
	buckets      map[string]*Bucket        // names are global in a partition
	Keys         map[string]*Key           // by key ARN
	Access       map[string]*Identity      // access key id → caller
	lag          time.Duration             // default replication lag
	Pending      []*ReplicationTask        // due or not, in order of due time
	Seq          uint64                    // source of ids: same requests, same ids
	Created      time.Time                 // of everything that was there from the beginning

	parsed map[parsedKey]*policy.Policy
	names  map[string][]string // sorted bucket names by account; nil: to be made again
}

// New is a state without accounts.
func New(partition string, lag time.Duration) *State {
	return &State{
		Partition:  partition,
		Accounts:   map[string]*Account{},
		AWSManaged: map[string]*ManagedPolicy{},
		buckets:    map[string]*Bucket{},
		Keys:       map[string]*Key{},
		Access:     map[string]*Identity{},
		lag:        lag,
		Created:    time.Now(),
		parsed:     map[parsedKey]*policy.Policy{},
	}
}

// AddBucket adds a bucket whose name is not taken.
func (s *State) AddBucket(b *Bucket) {
	s.buckets[b.Name] = b
	s.names = nil
}

// Bucket finds a bucket by name, nil when there is none.
func (s *State) Bucket(name string) *Bucket { return s.buckets[name] }

// DeleteBucket deletes a bucket with all that is in it.
func (s *State) DeleteBucket(b *Bucket) {
	delete(s.buckets, b.Name)
	s.names = nil
}

// BucketsOf is the sorted names of an account's buckets. They are sorted again only
// after buckets came or went: a scan lists every account of a world that does not change.
func (s *State) BucketsOf(account string) []string {
	if s.names == nil {
		s.names = map[string][]string{}
		for name, b := range s.buckets {
			s.names[b.Account] = append(s.names[b.Account], name)
		}
		for _, names := range s.names {
			slices.Sort(names)
		}
	}
	return s.names[account]
}

// CanonicalID is the canonical user id of an account, or the account id where the world has no such account.
func (s *State) CanonicalID(account string) string {
	if a := s.Accounts[account]; a != nil {
		return a.CanonicalID
	}
	return account
}

// NewID makes an id of the given kind: different each time, the same for the
// same requests.
func (s *State) NewID(kind string) string {
	s.Seq++
	return base64.RawURLEncoding.EncodeToString(Digest(kind, strconv.FormatUint(s.Seq, 10)))[:40]
}

// Digest is where ids come from that a world does not give: the same for the same world.
func Digest(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return sum[:]
}

// UniqueID is an id as IAM makes them: AROA, AIDA, ANPA, ASIA and 17 characters.
func UniqueID(prefix, of string) string {
	return prefix + base32.StdEncoding.EncodeToString(Digest(prefix, of))[:17]
}
