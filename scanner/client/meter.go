package client

import (
	"cmp"
	"maps"
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
	additions           map[string]bool
}

// Additions are the elements of answers that this version does not know, at places where
// they decide nothing, as far as they were met, each once, sorted: "kms:DescribeKey KeyMetadata/Shade".
func (m *Meter) Additions() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.additions))
}

// mostAdditions bounds what is remembered: AWS adds few elements in a year.
const mostAdditions = 200

func (m *Meter) note(api string, elements []string) {
	if len(elements) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.additions == nil {
		m.additions = map[string]bool{}
	}
	for _, e := range elements {
		if len(m.additions) < mostAdditions {
			m.additions[api+" "+e] = true
		}
	}
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
