package scanner

import (
	"fmt"
	"strings"

	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// Kinds of a [client.Error] that a scan adds.
const (
	RoleNotAssumed        client.ErrorKind = "role not assumed"        // in none of the accounts
	OrganizationNotListed client.ErrorKind = "organization not listed" // and no account was named
)

// question is one call about one fact: what the gap is about if it fails.
type question struct {
	account  string // the account asked, or that owns the resource
	resource string // ARN where there is one
	fact     string // "bucket.versioning"
	api      string // "s3:GetBucketVersioning"
	absent   string // the code with which AWS says that there is none, "" = there is always one
}

func (q question) gap(err error) fact.Gap {
	code, message := client.Describe(err)
	if action := Action(q.api); action != "" && client.IsDenied(code) && !strings.Contains(message, action) {
		message = fmt.Sprintf("%s (%s is needed)", strings.TrimSuffix(message, "."), action)
	}
	return fact.Gap{AccountID: q.account, Resource: q.resource, Fact: q.fact, API: q.api, Code: client.Short(code), Message: client.Short(message)}
}

// ask makes one call and turns its answer into a fact. The gap, if there is one,
// is noted as a message too.
func ask[T any](n *notes, q question, call func() (T, error)) fact.Fact[T] {
	v, err := call()
	switch {
	case err == nil:
		return fact.Of(v)
	case q.absent != "" && client.Says(err, q.absent):
		return fact.None[T]()
	}
	return fact.Missing[T](n.gap(q, err))
}

// notes collects the gaps that one goroutine's work met, to be sent as messages.
type notes struct{ gaps []fact.Gap }

func (n *notes) gap(q question, err error) fact.Gap {
	g := q.gap(err)
	n.gaps = append(n.gaps, g)
	return g
}
