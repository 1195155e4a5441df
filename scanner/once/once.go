// Package once is a bounded cache of answers, each of which is asked for by one goroutine
// while others wait.
package once

import (
	"container/list"
	"sync"
)

// Map remembers answers that many documents share. Each is asked for by one goroutine
// at a time: others that need it wait. The most recently used answers are kept, so that
// memory does not grow with the organization.
type Map[V any] struct {
	mu      sync.Mutex
	most    int // answers to keep
	entries map[string]*list.Element
	recent  list.List // of *entry[V], most recently used first
}

type entry[V any] struct {
	key   string
	ready chan struct{} // closed once value is there
	value V
}

// New keeps at most most answers.
func New[V any](most int) *Map[V] {
	return &Map[V]{most: most, entries: map[string]*list.Element{}}
}

// Get is the answer under key; load asks for it. load must end with the context of the
// scan, since others wait for it without one.
func (c *Map[V]) Get(key string, load func() V) V {
	c.mu.Lock()
	if e, ok := c.entries[key]; ok {
		c.recent.MoveToFront(e)
		c.mu.Unlock()
		hit := e.Value.(*entry[V])
		<-hit.ready
		return hit.value
	}
	e := &entry[V]{key: key, ready: make(chan struct{})}
	c.entries[key] = c.recent.PushFront(e)
	for c.recent.Len() > c.most {
		last := c.recent.Back()
		c.recent.Remove(last)
		delete(c.entries, last.Value.(*entry[V]).key)
	}
	c.mu.Unlock()
	e.value = load()
	close(e.ready)
	return e.value
}
