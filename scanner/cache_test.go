package scanner

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestCache: what several goroutines ask for is asked for once, and the answers used
// most recently are kept.
func TestCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCache[int](2)
		var loads atomic.Int64
		load := func() int {
			time.Sleep(time.Second)
			return int(loads.Add(1))
		}
		done := make(chan int)
		for range 10 {
			go func() { done <- c.get("a", load) }()
		}
		for range 10 {
			if got := <-done; got != 1 {
				t.Errorf("loaded %d times at once", got)
			}
		}
		c.get("b", load)
		c.get("a", load) // used again: b is now the oldest
		c.get("c", load)
		if n := len(c.entries); n != 2 || c.recent.Len() != 2 {
			t.Errorf("%d entries, want 2", n)
		}
		before := loads.Load()
		c.get("a", load)
		if loads.Load() != before {
			t.Error("the entry used most recently was forgotten")
		}
		c.get("b", load)
		if loads.Load() != before+1 {
			t.Error("the oldest entry was kept")
		}
	})
}
