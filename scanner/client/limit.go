package client

import (
	"context"
	"slices"
	"sync"
	"time"
)

// limiter says when an attempt of a call may be made: when few enough are in flight
// altogether, in its account, and in its lane, the calls of one API in one account.
// A lane starts wide open. Throttling halves its window, at most once for all attempts
// that were in flight together; answers widen it by one for each round of answers
// (additive increase, multiplicative decrease). A lane with a window below one attempt
// pauses between two, so that its rate goes down to an eighth of one at a time.
//
// An attempt gets all three or waits with none, so none holds one while it waits for
// another. Those that wait are served in order of arrival, except that none waits
// behind one whose account or lane is full.
type limiter struct {
	mu         sync.Mutex
	most       int // attempts at a time
	perAccount int // attempts at a time in one account
	inFlight   int
	accounts   map[string]*int // attempts in flight, by account
	lanes      map[laneKey]*lane
	waiting    []*waiter
}

type laneKey struct{ account, api string }

// lane is the calls of one API in one account.
type lane struct {
	account  *int // attempts in flight in its account
	inFlight int
	window   float64       // how many may be
	cuts     int           // how often the window was cut
	latency  time.Duration // of an attempt, the recent ones weighing most
	paused   bool          // between two attempts
}

// Bounds of a lane that were measured; see newRetryer.
const (
	minWindow = 1.0 / 8
	growth    = 1.5 // of a window below one, for each answer
)

// waiter is an attempt that waits for its turn, or has had it.
type waiter struct {
	lane  *lane
	cuts  int // of the lane when the attempt began
	began time.Time
	turn  chan struct{} // closed once it is its turn
}

// outcome is what an attempt says about the load that AWS will take.
type outcome int

const (
	failed    outcome = iota // nothing: it went wrong in another way
	answered                 // it will take more
	throttled                // it will take less
)

// newLimiter allows most attempts at a time, and perAccount of them in one account.
func newLimiter(most, perAccount int) *limiter {
	return &limiter{most: most, perAccount: perAccount, accounts: map[string]*int{}, lanes: map[laneKey]*lane{}}
}

// unshare lets one account have all attempts: no other needs any.
func (l *limiter) unshare() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.perAccount = l.most
	l.serve()
}

// enter waits for the turn of an attempt and gives back how to end it. It fails
// only when ctx ends.
func (l *limiter) enter(ctx context.Context, account, api string) (leave func(outcome), err error) {
	l.mu.Lock()
	w := &waiter{lane: l.lane(account, api), turn: make(chan struct{})}
	l.waiting = append(l.waiting, w)
	l.serve()
	l.mu.Unlock()
	select {
	case <-w.turn:
		return func(o outcome) { l.leave(w, o) }, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	i := slices.Index(l.waiting, w)
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	l.mu.Unlock()
	if i < 0 { // its turn came in the same moment
		l.leave(w, failed)
	}
	return nil, ctx.Err()
}

func (l *limiter) lane(account, api string) *lane {
	key := laneKey{account, api}
	if n, ok := l.lanes[key]; ok {
		return n
	}
	if l.accounts[account] == nil {
		l.accounts[account] = new(int)
	}
	n := &lane{account: l.accounts[account], window: float64(l.most)}
	l.lanes[key] = n
	return n
}

// serve starts every attempt that may start. It runs with l.mu held.
func (l *limiter) serve() {
	var now time.Time
	kept := l.waiting[:0]
	for i, w := range l.waiting {
		if l.inFlight >= l.most {
			kept = append(kept, l.waiting[i:]...)
			break
		}
		n := w.lane
		if *n.account >= l.perAccount || n.paused || n.inFlight > 0 && float64(n.inFlight+1) > n.window {
			kept = append(kept, w)
			continue
		}
		if now.IsZero() {
			now = time.Now()
		}
		l.inFlight++
		*n.account++
		n.inFlight++
		w.cuts, w.began = n.cuts, now
		close(w.turn)
	}
	clear(l.waiting[len(kept):])
	l.waiting = kept
}

// leave ends an attempt.
func (l *limiter) leave(w *waiter, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := w.lane
	took := max(time.Since(w.began), time.Millisecond)
	if n.latency == 0 {
		n.latency = took
	}
	n.latency += (took - n.latency) / 8
	switch {
	case o == answered && n.window < 1:
		n.window = min(n.window*growth, 1)
	case o == answered:
		n.window = min(n.window+1/n.window, float64(l.most))
	case o == throttled && w.cuts == n.cuts:
		n.window = max(min(n.window, float64(n.inFlight))/2, minWindow)
		n.cuts++
	}
	l.inFlight--
	*n.account--
	n.inFlight--
	if n.window < 1 && !n.paused {
		n.paused = true
		time.AfterFunc(time.Duration(float64(n.latency)*(1/n.window-1)), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			n.paused = false
			l.serve()
		})
	}
	l.serve()
}
