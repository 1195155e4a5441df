package canary

import (
	"math/rand/v2"
	"time"
)

// When to look. A look at the destination shows when the replica was not there
// yet, so the time between two looks is the uncertainty of the latency (the slack):
//
//	first look       50 ms after the answer to the PUT
//	up to 250 ms     every 8 ms: with the time of the request, at most 5 % of 200 ms
//	after that       a fifth of the time that has passed, at most 30 s
//
// A replication of 60 ms is measured as one, and one of 15 minutes costs some 85
// looks. The source's status is read less often, since it only matters when it ends
// the wait: at 100 ms, then after 0.6 of the time that has passed, at most 75 s.
const (
	firstLook   = 50 * time.Millisecond
	fineLook    = 8 * time.Millisecond
	fineUntil   = 250 * time.Millisecond
	longestLook = 30 * time.Second

	firstStatus   = 100 * time.Millisecond
	longestStatus = 75 * time.Second
)

// nextLook is when to look at the destination again, as time after the PUT.
func nextLook(elapsed time.Duration) time.Duration {
	switch {
	case elapsed < firstLook:
		return firstLook
	case elapsed < fineUntil:
		return elapsed + jitter(fineLook)
	}
	return elapsed + jitter(min(elapsed/5, longestLook))
}

// nextStatus is when to ask for the source's status again.
func nextStatus(elapsed time.Duration) time.Duration {
	if elapsed < firstStatus {
		return firstStatus
	}
	return elapsed + jitter(min(elapsed*6/10, longestStatus))
}

// jitter shortens d by up to a twentieth, so that probes which began together do not
// keep asking together. It never lengthens: the slack stays what it is said to be.
func jitter(d time.Duration) time.Duration {
	return d - rand.N(d/20+1)
}

// sleep waits until d has passed or ctx ends, and reports whether d has passed.
func sleep(done <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		select {
		case <-done:
			return false
		default:
			return true
		}
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return false
	case <-t.C:
		return true
	}
}
