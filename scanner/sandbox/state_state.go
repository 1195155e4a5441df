package sandbox

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

// State is what the services of one AWS organization work on. Its user guards it:
// nothing in it is safe for concurrent use.
type State struct {
	partition  string
	org        *organization // nil: no organization
	accounts   map[string]*account
	awsManaged map[string]*managedPolicy // AWS's own managed policies, by ARN
	buckets    map[string]*bucket        // names are global in a partition
	keys       map[string]*key           // by key ARN
	access     map[string]*identity      // access key id → caller
	lag        time.Duration             // default replication lag
	pending    []*replicationTask        // due or not, in order of due time
	seq        uint64                    // source of ids: same requests, same ids
	created    time.Time                 // of everything that was there from the beginning

	parsed map[parsedKey]*iam.Policy
	names  map[string][]string // sorted bucket names by account; nil: to be made again
}

// newState is a state without accounts.
func newState(partition string, lag time.Duration) *State {
	return &State{
		partition:  partition,
		accounts:   map[string]*account{},
		awsManaged: map[string]*managedPolicy{},
		buckets:    map[string]*bucket{},
		keys:       map[string]*key{},
		access:     map[string]*identity{},
		lag:        lag,
		created:    time.Now(),
		parsed:     map[parsedKey]*iam.Policy{},
	}
}

// addBucket adds a bucket whose name is not taken.
func (s *State) addBucket(b *bucket) {
	s.buckets[b.name] = b
	s.names = nil
}

// bucket finds a bucket by name, nil when there is none.
func (s *State) bucket(name string) *bucket { return s.buckets[name] }

// deleteBucket deletes a bucket with all that is in it.
func (s *State) deleteBucket(b *bucket) {
	delete(s.buckets, b.name)
	s.names = nil
}

// bucketsOf is the sorted names of an account's buckets. They are sorted again only
// after buckets came or went: a scan lists every account of a world that does not change.
func (s *State) bucketsOf(account string) []string {
	if s.names == nil {
		s.names = map[string][]string{}
		for name, b := range s.buckets {
			s.names[b.account] = append(s.names[b.account], name)
		}
		for _, names := range s.names {
			slices.Sort(names)
		}
	}
	return s.names[account]
}

func (s *State) canonicalID(account string) string {
	if a := s.accounts[account]; a != nil {
		return a.canonicalID
	}
	return account
}

// newID makes an id of the given kind: different each time, the same for the
// same requests.
func (s *State) newID(kind string) string {
	s.seq++
	return base64.RawURLEncoding.EncodeToString(digest(kind, strconv.FormatUint(s.seq, 10)))[:40]
}

// digest is where ids come from that a world does not give: the same for the same world.
func digest(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return sum[:]
}

// uniqueID is an id as IAM makes them: AROA, AIDA, ANPA, ASIA and 17 characters.
func uniqueID(prefix, of string) string {
	return prefix + base32.StdEncoding.EncodeToString(digest(prefix, of))[:17]
}
