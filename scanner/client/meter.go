package client

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Meter counts the calls of a session while they are made. The zero value is ready,
// and may be read at any time from any goroutine.
type Meter struct {
	mu                  sync.Mutex
	apis                map[string]*Calls
	attempts, throttles int
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

// Attempts are how many attempts have ended, also of calls that have not, and how many
// of them AWS refused for their number.
func (m *Meter) Attempts() (all, throttles int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.attempts, m.throttles
}

// call counts a call that has ended.
func (m *Meter) call(c *call, took time.Duration, fault bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.apis[c.api]
	if n == nil {
		if m.apis == nil {
			m.apis = map[string]*Calls{}
		}
		n = &Calls{API: c.api}
		m.apis[c.api] = n
	}
	n.Calls++
	n.Retries += max(c.attempts-1, 0)
	n.Throttles += c.throttled
	n.Duration += took
	if fault {
		n.Errors++
	}
}

// attempt counts an attempt that has ended.
func (m *Meter) attempt(o outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attempts++
	if o == throttled {
		m.throttles++
	}
}
