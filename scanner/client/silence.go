package client

import (
	"sync"
	"time"
)

// attemptsBeforeGivingUp is how many attempts in a row of one API must get no answer (no
// connection, nothing in time, or throttling) before it is given up.
const attemptsBeforeGivingUp = 24

// silence knows which APIs of a service do not answer in an account and a Region,
// so that work ends in spite of an account that hangs: otherwise each call would wait
// through all of its attempts.
//
// Once an API was given up, and as long as nothing else has answered since, the
// first attempt of another one that hears nothing gives up all of the service.
type silence struct {
	account, region string
	patience        time.Duration // how long the attempts in a row must have lasted

	mu      sync.Mutex
	quiet   map[string]quiet // by API, the attempts in a row without an answer
	givenUp map[string]bool  // APIs
	all     bool             // the service was given up
	suspect bool             // an API was given up, and nothing has answered since
}

type quiet struct {
	attempts int
	since    time.Time
}

// newSilence gives APIs up after a time, never if that is 0.
func newSilence(as *Identity, region string, patience time.Duration) *silence {
	if patience == 0 {
		return nil
	}
	return &silence{account: as.account, region: region, patience: patience, quiet: map[string]quiet{}, givenUp: map[string]bool{}}
}

// check is the error of a call that is not made because its API was given up, or nil.
func (s *silence) check(api string) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.all && !s.givenUp[api] {
		return nil
	}
	return NotRead("account %s has not answered in %s for %v; it was not asked again", s.account, s.region, s.patience)
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
	s.quiet[api] = q
	switch {
	case s.givenUp[api]:
	case s.suspect:
		s.all = true
	case q.attempts >= attemptsBeforeGivingUp && time.Since(q.since) >= s.patience:
		s.givenUp[api] = true
		s.suspect = o == failed
	}
}
