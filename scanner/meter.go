package scanner

import (
	"sync"

	"crosscheck/scanner/client"
)

// Meter counts what a scan does, while it does it. The zero value is ready, and
// may be read at any time from any goroutine.
type Meter struct {
	client.Meter

	mu       sync.Mutex
	progress Progress
}

// Progress is how far a scan is.
type Progress struct {
	Accounts, AccountsDone int // in scope; those that nothing more is asked about
	Buckets, BucketsDone   int // in scope, as far as they are listed; read, or known to Options.Done
	BucketsKnown           int // to Options.Done
	Calls, Throttles       int // attempts, and how many AWS refused for their number
}

// Progress is how far the scan is now.
func (m *Meter) Progress() Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.progress
	p.Calls, p.Throttles = m.Attempts()
	return p
}

func (m *Meter) count(f func(*Progress)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.progress)
}
