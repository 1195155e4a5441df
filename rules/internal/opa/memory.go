package opa

import (
	"context"
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// MaxMemory is by how many bytes the heap may grow during one evaluation of rules that are
// not trusted.
const MaxMemory = 512 << 20

// memoryInterval is how often an evaluation looks at the heap.
const memoryInterval = 5 * time.Millisecond

// MemoryError says that an evaluation was ended since it used up the memory.
type MemoryError struct{ Why string }

func (e *MemoryError) Error() string { return e.Why }

var errHeap = &MemoryError{fmt.Sprintf("it needs more than %d MiB of memory", MaxMemory>>20)}

// guard ends an evaluation, as its context ends or when the heap has grown too much. The
// evaluator asks it at every step whether to go on, and builtins that loop do too, so it
// looks at the heap itself, and nothing is allocated meanwhile. What one builtin
// allocates in between is bounded by [costs].
type guard struct {
	over   atomic.Bool
	due    atomic.Bool // time to look at the heap
	timer  *time.Timer
	heap   heapWatch
	reason *MemoryError
}

func newGuard() *guard {
	g := &guard{}
	g.timer = time.AfterFunc(memoryInterval, func() { g.due.Store(true) })
	return g
}

func (g *guard) stop() { g.timer.Stop() }

// Cancel ends the evaluation.
func (g *guard) Cancel() { g.over.Store(true) }

// It reports whether the evaluation is to end.
func (g *guard) Cancelled() bool { //nolint:misspell // of topdown.Cancel
	if g.due.Load() && g.reason == nil {
		g.due.Store(false)
		if g.heap.grown() {
			g.exceed(errHeap)
		}
		g.timer.Reset(memoryInterval)
	}
	return g.over.Load()
}

func (g *guard) exceed(reason *MemoryError) {
	g.reason = reason
	g.Cancel()
}

// collecting lets one evaluation at a time collect garbage.
var collecting sync.Mutex

// heapWatch says when the heap has grown too much since it was looked at first.
type heapWatch struct {
	base uint64 // bytes of objects then
	next uint64 // bytes taken from the system at which garbage is given back, to see what is left
}

// grown reports whether what lives in the heap has grown by MaxMemory.
func (w *heapWatch) grown() bool {
	taken, objects := heap()
	switch {
	case w.base == 0:
		w.base, w.next = objects, taken+MaxMemory
		return false
	case taken <= w.next:
		return false
	}
	collecting.Lock()
	defer collecting.Unlock()
	debug.FreeOSMemory()
	taken, objects = heap()
	w.next = max(w.next, taken+MaxMemory/4)
	return objects > w.base+MaxMemory
}

// heap is the bytes that the process has taken from the system, and of all objects in the
// heap; garbage that was not swept is in both.
func heap() (taken, objects uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() - sample[1].Value.Uint64(), sample[2].Value.Uint64()
}

// Guard is a context that ends with a [*MemoryError] when the heap has grown too much, for
// evaluations that this package does not make; stop ends the watch.
func Guard(ctx context.Context) (guarded context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		var watch heapWatch
		for tick := time.NewTicker(memoryInterval); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
				if watch.grown() {
					cancel(errHeap)
				}
			}
		}
	}()
	return ctx, sync.OnceFunc(func() {
		close(done)
		cancel(nil)
	})
}

// limit makes every builtin of [costs] refuse a result that is too large to be made at
// once. OPA has its builtins in one table of the process.
var limit = sync.OnceFunc(func() {
	for name, cost := range costs {
		f := topdown.GetBuiltin(name)
		if f == nil {
			continue // this version of OPA does not have it
		}
		topdown.RegisterBuiltinFunc(name, func(bctx topdown.BuiltinContext, args []*ast.Term, iter func(*ast.Term) error) error {
			if cost(args) <= maxResult {
				return f(bctx, args, iter)
			}
			return topdown.Halt{Err: &MemoryError{fmt.Sprintf("%s would make more than %d MiB at once", name, maxResult>>20)}}
		})
	}
})

// Limit bounds what builtins make at once, in all evaluations of the process.
func Limit() { limit() }
