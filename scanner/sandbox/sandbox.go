// Package sandbox is AWS in memory: Organizations, STS, IAM, KMS, S3 Control and
// S3 over one state, speaking AWS's wire protocols so that the unmodified SDK,
// the aws CLI and boto3 work against it.
//
// It has two doors: [Sandbox.HTTPClient] answers in process, without a socket, and
// works inside a testing/synctest bubble; [Sandbox.ServeHTTP] serves on loopback.
// It starts no goroutine: replication falls due by the clock and is settled at
// the next request. An operation that it does not know answers 501
// NotImplemented, never an empty success. Signatures are not verified; the
// access key says who calls.
package sandbox

import (
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"crosscheck/rules/iam"
)

// Sandbox is one AWS organization in memory. It is safe for concurrent use.
type Sandbox struct {
	mu sync.Mutex // guards everything below; never held while a fault sleeps

	state    *State
	faults   []*Fault
	requests uint64 // so many requests were made
	calls    map[Call]int
	actions  map[Action]int
}

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

// organization is the tree of OUs over the accounts.
type organization struct {
	id, managementID, rootID, featureSet string
	enabledTypes                         map[string]bool   // SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY
	parent                               map[string]string // account or OU id → parent id
	children                             map[string][]string
	unitName                             map[string]string // OU id → name
	policies                             map[string]*orgPolicy
	attached                             map[string][]string // target id → policy ids, in order
	delegated                            []delegated
}

// delegated is a delegated administrator and the services it administers.
type delegated struct {
	account  string
	services []string
}

type orgPolicy struct {
	id, arn, name, description, kind, document string
	awsManaged                                 bool
}

// account is an AWS account with its IAM entities.
type account struct {
	id, name, email, status string                    // status: ACTIVE, SUSPENDED, PENDING_CLOSURE
	canonicalID             string                    // owner id in ACLs and version listings
	tags                    map[string]string         // in Organizations
	roles                   map[string]*role          // by lower-case name
	users                   map[string]*user          // by lower-case name
	managed                 map[string]*managedPolicy // by ARN
	aliases                 map[string]string         // region/alias name → key ARN
	publicAccess            *publicAccessBlock        // nil: absent
}

// entity is what roles and users share.
type entity struct {
	arn, path, name, id, boundary string // boundary: policy ARN
	tags                          map[string]string
	inline                        []namedDocument
	attached                      []string // managed policy ARNs
	created                       time.Time
}

type role struct {
	entity
	trust, description string
	maxSession         time.Duration
}

type user struct{ entity }

type namedDocument struct{ name, document string }

type managedPolicy struct {
	arn, name, path, id, document string
	created                       time.Time
}

type key struct {
	arn, id, account, region, state, manager, spec, usage, origin, policy, description string
	multiRegion                                                                        bool
	grants                                                                             []grant
	tags                                                                               map[string]string
	created                                                                            time.Time
}

type grant struct {
	id, grantee string
	operations  []string
}

// publicAccessBlock is S3 Block Public Access of an account or a bucket.
type publicAccessBlock struct {
	BlockACLs   bool `xml:"BlockPublicAcls" yaml:"block_public_acls"`
	IgnoreACLs  bool `xml:"IgnorePublicAcls" yaml:"ignore_public_acls"`
	BlockPolicy bool `xml:"BlockPublicPolicy" yaml:"block_public_policy"`
	Restrict    bool `xml:"RestrictPublicBuckets" yaml:"restrict_public_buckets"`
}

// identity is a caller: who an access key belongs to.
type identity struct {
	account       string
	principal     iam.Principal
	role          *role     // of a role session
	user          *user     // of an IAM user; neither: root, a service or anonymous
	session       string    // session policy document, "" = none
	issued        time.Time // of a session; zero for long-term keys
	expires       time.Time // zero = never
	secret, token string
}

// response is an answer before it is written.
type response struct {
	status int
	header http.Header
	body   []byte

	pause time.Duration // fault: the body stops so long in its middle
	cut   bool          // fault: the connection ends in the middle of the body
}

// apiError is an error answer; each service has its own wire form for it.
type apiError struct {
	status        int
	code, message string
	header        http.Header       // e.g. x-amz-bucket-region on a 301
	detail        map[string]string // extra elements of an S3 error, e.g. Endpoint, BucketName
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// Call is a kind of request; [Sandbox.Calls] counts them.
type Call struct {
	Operation string // service:Operation, as in s3:GetBucketReplication
	Account   string // account that the operation is about, "" where there is none
	Caller    string // ARN of the role or user or root, "" when anonymous or unknown
	Code      string // error code; "" = success, network = connection broken by a fault
}

// Calls counts the requests since the sandbox was made.
func (s *Sandbox) Calls() map[Call]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Actions counts the IAM actions that requests were judged for. A policy that
// allows exactly these is the least that the caller can do with.
func (s *Sandbox) Actions() map[Action]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.actions)
}

// SetLag sets the replication lag from now on: of one rule of a bucket, of a
// bucket (rule ""), or of every bucket that has none of its own (bucket ""). What
// is already under way keeps its time. It reports whether bucket and rule exist.
func (s *Sandbox) SetLag(bucket, rule string, lag time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.setLag(bucket, rule, lag)
}

// ReplicationFailures are the failures of a source bucket until now, oldest first;
// "" for those of all buckets.
func (s *Sandbox) ReplicationFailures(bucket string) []ReplicationEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	settle(s.state)
	return s.state.failuresOf(bucket)
}

// log counts a call and the actions that it asked for. It takes s.mu.
func (s *Sandbox) log(c *call, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range c.asked {
		s.actions[a]++
	}
	s.calls[Call{Operation: c.op, Account: c.account, Caller: c.caller.lasting(), Code: code}]++
}

// lasting is the ARN of a caller without what changes from session to session.
func (who *identity) lasting() string {
	switch {
	case who == nil:
		return ""
	case who.role != nil:
		return who.role.arn
	}
	return who.principal.ARN
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
