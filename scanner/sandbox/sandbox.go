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
	"net/url"
	"strings"
	"sync"
	"time"

	"crosscheck/rules/iam"
)

// Sandbox is one AWS organization in memory. It is safe for concurrent use.
type Sandbox struct {
	mu sync.Mutex // guards everything below; never held while a fault sleeps

	partition  string
	org        *organization // nil: no organization
	accounts   map[string]*account
	awsManaged map[string]*managedPolicy // AWS's own managed policies, by ARN
	buckets    map[string]*bucket        // names are global in a partition
	keys       map[string]*key           // by key ARN
	access     map[string]*identity      // access key id → caller
	faults     []*Fault
	lag        time.Duration      // default replication lag
	pending    []*replicationTask // due or not, in order of due time
	seq        uint64             // source of ids: same requests, same ids
	requests   uint64             // so many requests were made
	created    time.Time          // of everything that was there from the beginning

	parsed  map[parsedKey]*iam.Policy
	calls   map[Call]int
	actions map[Action]int
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

type publicAccessBlock struct{ blockACLs, ignoreACLs, blockPolicy, restrict bool }

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

// call is one request after routing: who asks which service in which Region.
type call struct {
	r       *http.Request
	body    []byte
	id      string     // request id
	caller  *identity  // nil: anonymous
	service string     // organizations, sts, iam, kms, s3control, s3
	region  string     // from the credential scope, or the host
	op      string     // "s3:GetBucketReplication" once the service's router knows it
	form    url.Values // Query protocol
	account string     // account the operation is about (faults match on it)
	bucket  string
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

// Action is an IAM action that was asked for; [Sandbox.Actions] counts them.
type Action struct {
	Caller string // as in Call
	Action string // as in s3:GetReplicationConfiguration
	Result iam.Result
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

// log counts a call. It takes s.mu.
func (s *Sandbox) log(c *call, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
