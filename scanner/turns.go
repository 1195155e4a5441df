package scanner

import (
	"container/heap"
	"iter"
	"sync"
)

// turns decides which bucket is read next: one of the account of which the fewest
// are being read, and among such accounts of the one that has waited longest. So a
// slow account holds up as many workers as its share, and the others go on.
type turns struct {
	mu    sync.Mutex
	queue turnQueue // accounts with buckets left
	open  int       // accounts with buckets left or being read
	given int       // buckets handed out
	last  func()    // is called when one account is left
	ended func()    // is called at the end of each account
}

// turn is the state of one account.
type turn struct {
	account *account
	left    []string // buckets
	reading int
	given   int // when a bucket was handed out last
	at      int // index in the queue, -1 = nothing is left
}

// target is a bucket to read.
type target struct {
	*turn
	name string
}

// newTurns takes the buckets that each account has to read.
func newTurns(accounts []*account, buckets func(*account) []string, last, ended func()) *turns {
	t := &turns{last: last, ended: ended}
	for _, a := range accounts {
		if left := buckets(a); len(left) > 0 {
			t.queue = append(t.queue, &turn{account: a, left: left, at: len(t.queue)})
		} else {
			ended()
		}
	}
	if t.open = len(t.queue); t.open == 1 {
		last()
	}
	return t
}

// all hands out every bucket. done must be called for each once it was read.
func (t *turns) all() iter.Seq[target] {
	return func(yield func(target) bool) {
		for {
			next, ok := t.next()
			if !ok || !yield(next) {
				return
			}
		}
	}
}

func (t *turns) next() (target, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return target{}, false
	}
	first := t.queue[0]
	bucket := target{first, first.left[0]}
	t.given++
	first.left, first.given, first.reading = first.left[1:], t.given, first.reading+1
	if len(first.left) == 0 {
		heap.Pop(&t.queue)
	} else {
		heap.Fix(&t.queue, 0)
	}
	return bucket, true
}

func (t *turns) done(b target) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b.reading--
	switch {
	case b.at >= 0:
		heap.Fix(&t.queue, b.at)
	case b.reading == 0:
		t.ended()
		if t.open--; t.open == 1 {
			t.last()
		}
	}
}

// turnQueue is a heap of accounts, the next one first.
type turnQueue []*turn

func (q turnQueue) Len() int { return len(q) }
func (q turnQueue) Less(i, j int) bool {
	if q[i].reading != q[j].reading {
		return q[i].reading < q[j].reading
	}
	return q[i].given < q[j].given || q[i].given == q[j].given && q[i].account.id < q[j].account.id
}
func (q turnQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}
func (q *turnQueue) Push(x any) { *q = append(*q, x.(*turn)) }
func (q *turnQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1], last.at = nil, -1
	*q = old[:len(old)-1]
	return last
}
