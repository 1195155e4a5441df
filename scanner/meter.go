package scanner

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Meter counts what a scan does, while it does it. The zero value is ready, and
// may be read at any time from any goroutine.
type Meter struct {
	mu       sync.Mutex
	apis     map[string]*Calls
	progress Progress
}

// Calls is what the calls of one API came to.
type Calls struct {
	API       string        // "s3:GetBucketReplication"
	Calls     int           // questions, however often each was asked
	Retries   int           // attempts after the first of a call
	Throttles int           // attempts that AWS refused for their number
	Errors    int           // calls that ended in an error other than that there is no such thing
	Duration  time.Duration // of all calls, with the waiting for their turn and between attempts
}

// Progress is how far a scan is.
type Progress struct {
	Accounts, AccountsDone int // in scope; those that nothing more is asked about
	Buckets, BucketsDone   int // in scope, as far as they are listed; read, or known to Options.Done
	BucketsKnown           int // to Options.Done
	Calls, Throttles       int // attempts, and how many AWS refused for their number
}

// Calls are the counts by API, sorted by its name.
func (m *Meter) Calls() []Calls {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Calls, 0, len(m.apis))
	for _, c := range m.apis {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Calls) int { return cmp.Compare(a.API, b.API) })
	return all
}

// Progress is how far the scan is now.
func (m *Meter) Progress() Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.progress
}

// call counts a call that has ended.
func (m *Meter) call(c *call, took time.Duration, fault bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.apis[c.api]
	if n == nil {
		n = &Calls{API: c.api}
		put(&m.apis, c.api, n)
	}
	n.Calls++
	n.Retries += max(c.attempts-1, 0)
	n.Throttles += c.refused
	n.Duration += took
	if fault {
		n.Errors++
	}
}

// attempt counts an attempt that has ended.
func (m *Meter) attempt(o outcome) {
	m.count(func(p *Progress) {
		p.Calls++
		if o == refused {
			p.Throttles++
		}
	})
}

func (m *Meter) count(f func(*Progress)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.progress)
}
