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
	"maps"
	"sync"
	"time"

	"crosscheck/scanner/sandbox/s3/replicate"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
)

// Sandbox is one AWS organization in memory. It is safe for concurrent use.
type Sandbox struct {
	mu sync.Mutex // guards everything below; never held while a fault sleeps

	state    *state.State
	faults   []*Fault
	raws     map[rawKey]string
	requests uint64 // so many requests were made
	calls    map[Call]int
	actions  map[service.Action]int
}

// Call is a kind of request; [Sandbox.Calls] counts them.
type Call struct {
	Operation string // service:Operation, as in s3:GetBucketReplication
	Account   string // account that the operation is about, "" where there is none
	Caller    string // ARN of the role or user or root, "" when anonymous or unknown
	Code      string // error code; "" = success, network = connection broken by a fault
}

// State is the state behind the sandbox, for what no request can change. It must
// not be used while a request is answered.
func (s *Sandbox) State() *state.State { return s.state }

// Calls counts the requests since the sandbox was made.
func (s *Sandbox) Calls() map[Call]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Actions counts the IAM actions that requests were judged for. A policy that
// allows exactly these is the least that the caller can do with.
func (s *Sandbox) Actions() map[service.Action]int {
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
	return s.state.SetLag(bucket, rule, lag)
}

// ReplicationFailures are the failures of a source bucket until now, oldest first;
// "" for those of all buckets.
func (s *Sandbox) ReplicationFailures(bucket string) []state.ReplicationEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	replicate.Settle(s.state)
	return s.state.FailuresOf(bucket)
}

// log counts a call and the actions that it asked for. It takes s.mu.
func (s *Sandbox) log(c *service.Call, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range c.Asked {
		s.actions[a]++
	}
	s.calls[Call{Operation: c.Op, Account: c.Account, Caller: c.Caller.PrincipalARN(), Code: code}]++
}
