// Package ask makes one call to AWS for one fact, and turns a failure into a gap. It knows every
// call that a scan makes, and the IAM action that each needs.
package ask

import (
	"fmt"
	"strings"

	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// Question is one call about one fact: what the gap is about if it fails.
type Question struct {
	Account  string // the account asked, or that owns the resource
	Resource string // ARN where there is one
	Fact     string // "bucket.versioning"
	API      string // "s3:GetBucketVersioning"
	Absent   string // the code with which AWS says that there is none, "" = there is always one
}

// Gap is the gap that an error leaves. One about a missing permission names the action.
func (q Question) Gap(err error) fact.Gap {
	code, message := client.Describe(err)
	if action := Action(q.API); action != "" && client.IsDenied(code) && !strings.Contains(message, action) {
		message = fmt.Sprintf("%s (%s is needed)", strings.TrimSuffix(message, "."), action)
	}
	return fact.Gap{AccountID: q.Account, Resource: q.Resource, Fact: q.Fact, API: q.API, Code: client.Short(code), Message: client.Short(message)}
}

// Fact makes one call and turns its answer into a fact. The gap, if there is one,
// is noted as a message too.
func Fact[T any](n *Notes, q Question, call func() (T, error)) fact.Fact[T] {
	v, err := call()
	switch {
	case err == nil:
		return fact.Of(v)
	case q.Absent != "" && client.Says(err, q.Absent):
		return fact.None[T]()
	}
	return fact.Missing[T](n.Gap(q, err))
}

// Notes collects the gaps that one goroutine's work met, to be sent as messages.
type Notes struct{ Gaps []fact.Gap }

// Gap notes the gap that an error leaves.
func (n *Notes) Gap(q Question, err error) fact.Gap {
	g := q.Gap(err)
	n.Gaps = append(n.Gaps, g)
	return g
}
