package once

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// An answer is loaded once, whoever asks for it.
func ExampleMap() {
	m := New[string](100)
	for range 2 {
		fmt.Println(m.Get("key", func() string { fmt.Println("loading"); return "answer" }))
	}
	// Output:
	// loading
	// answer
	// answer
}

// TestCache: what several goroutines ask for is asked for once, and the answers used
// most recently are kept.
func TestCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New[int](2)
		var loads atomic.Int64
		load := func() int {
			time.Sleep(time.Second)
			return int(loads.Add(1))
		}
		done := make(chan int)
		for range 10 {
			go func() { done <- c.Get("a", load) }()
		}
		for range 10 {
			if got := <-done; got != 1 {
				t.Errorf("loaded %d times at once", got)
			}
		}
		c.Get("b", load)
		c.Get("a", load) // used again: b is now the oldest
		c.Get("c", load)
		if n := len(c.entries); n != 2 || c.recent.Len() != 2 {
			t.Errorf("%d entries, want 2", n)
		}
		before := loads.Load()
		c.Get("a", load)
		if loads.Load() != before {
			t.Error("the entry used most recently was forgotten")
		}
		c.Get("b", load)
		if loads.Load() != before+1 {
			t.Error("the oldest entry was kept")
		}
	})
}
