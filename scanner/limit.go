package scanner

import (
	"context"
	"slices"
	"sync"
	"time"
)

// limiter says when an attempt of a call may be made: when few enough are on
// their way altogether, in its account, and in its lane, the calls of one API in
// one account. A lane starts wide open. Throttling halves it, at most once for all
// attempts that were on their way together; what AWS answers widens it by one
// for each round of answers. A lane narrower than one attempt at a time pauses
// between two, so that its pace goes down to an eighth of that.
//
// An attempt gets all three or waits with none, so nobody holds one while waiting
// for another. Those who wait are served in order of arrival, except that nobody
// waits behind one whose account or lane is full.
type limiter struct {
	mu      sync.Mutex
	most    int // attempts at a time
	account int // attempts at a time in one account
	flying  int
	busy    map[string]*int // attempts on their way, by account
	lanes   map[laneKey]*lane
	waiting []*waiter
}

type laneKey struct{ account, api string }

type lane struct {
	account *int // attempts on their way in its account
	flying  int
	window  float64       // how many may be
	cuts    int           // how often the window was cut
	trip    time.Duration // how long an attempt takes, the recent ones counting most
	resting bool          // between two attempts
}

// Bounds of a lane that were measured; see newRetryer.
const (
	narrowest = 1.0 / 8
	regrowth  = 1.5 // of a lane narrower than one, for each answer
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
	failed   outcome = iota // nothing: it went wrong in another way
	answered                // it will take more
	refused                 // it will take less
)

// newLimiter allows most attempts at a time, and account of them in one account.
func newLimiter(most, account int) *limiter {
	return &limiter{most: most, account: account, busy: map[string]*int{}, lanes: map[laneKey]*lane{}}
}

// unshare lets one account have all attempts: no other needs any.
func (l *limiter) unshare() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.account = l.most
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
	if l.busy[account] == nil {
		l.busy[account] = new(int)
	}
	n := &lane{account: l.busy[account], window: float64(l.most)}
	l.lanes[key] = n
	return n
}

// serve starts whoever may start. It runs with l.mu held.
func (l *limiter) serve() {
	var now time.Time
	kept := l.waiting[:0]
	for i, w := range l.waiting {
		if l.flying >= l.most {
			kept = append(kept, l.waiting[i:]...)
			break
		}
		n := w.lane
		if *n.account >= l.account || n.resting || n.flying > 0 && float64(n.flying+1) > n.window {
			kept = append(kept, w)
			continue
		}
		if now.IsZero() {
			now = time.Now()
		}
		l.flying++
		*n.account++
		n.flying++
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
	trip := max(time.Since(w.began), time.Millisecond)
	if n.trip == 0 {
		n.trip = trip
	}
	n.trip += (trip - n.trip) / 8
	switch {
	case o == answered && n.window < 1:
		n.window = min(n.window*regrowth, 1)
	case o == answered:
		n.window = min(n.window+1/n.window, float64(l.most))
	case o == refused && w.cuts == n.cuts:
		n.window = max(min(n.window, float64(n.flying))/2, narrowest)
		n.cuts++
	}
	l.flying--
	*n.account--
	n.flying--
	if n.window < 1 && !n.resting {
		n.resting = true
		time.AfterFunc(time.Duration(float64(n.trip)*(1/n.window-1)), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			n.resting = false
			l.serve()
		})
	}
	l.serve()
}
