package scanner

import (
	"fmt"
	"sync"
	"time"
)

// An API is given up in an account and a Region when so many attempts in a row,
// over the time of patience, got no answer: no connection, nothing in time, or
// throttling.
const enoughAttempts = 24

// patience is the time of six attempts that wait to their end, by default 2
// minutes: a shorter interruption gives up nothing.
func (o *Options) patience() time.Duration { return 6 * o.attemptTimeout() }

// silence knows which APIs of a service do not answer in an account and a Region,
// so that a scan ends in spite of an account that hangs: otherwise each of its
// calls would wait through all of its attempts.
//
// Once an API was given up, and as long as nothing else has answered since, the
// first attempt of another one that hears nothing gives up all of the service.
type silence struct {
	account, region string
	patience        time.Duration

	mu      sync.Mutex
	quiet   map[string]quiet // by API, the attempts in a row without an answer
	given   map[string]bool  // APIs that were given up
	all     bool             // the service was given up
	suspect bool             // an API was given up, and nothing has answered since
}

type quiet struct {
	attempts int
	since    time.Time
}

// asked is the error of a call that is not made because its API was given up, or nil.
func (s *silence) asked(api string) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.all && !s.given[api] {
		return nil
	}
	return &notRead{fmt.Sprintf("account %s has not answered in %s for %v; it was not asked again", s.account, s.region, s.patience)}
}

// note remembers what came of an attempt.
func (s *silence) note(api string, o outcome) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o != failed {
		s.suspect = false
	}
	if o == answered {
		delete(s.quiet, api)
		return
	}
	q := s.quiet[api]
	if q.attempts++; q.attempts == 1 {
		q.since = time.Now()
	}
	put(&s.quiet, api, q)
	switch {
	case s.given[api]:
	case s.suspect:
		s.all = true
	case q.attempts >= enoughAttempts && time.Since(q.since) >= s.patience:
		put(&s.given, api, true)
		s.suspect = o == failed
	}
}
