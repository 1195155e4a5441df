package scanner

import (
	"container/list"
	"sync"
)

// cache remembers the answers about things that many documents refer to. Every
// answer is asked for once at a time: whoever comes while it is on its way waits
// for it. Of the answers the most recently used are kept, so that memory does
// not grow with the organization.
type cache struct {
	mu      sync.Mutex
	most    int
	entries map[string]*list.Element
	recent  list.List // of *entry, most recently used first
}

type entry struct {
	key   string
	ready chan struct{} // closed once value is there
	value any
}

// newCache keeps at most most answers.
func newCache(most int) *cache {
	return &cache{most: most, entries: map[string]*list.Element{}}
}

// cached is the answer under key; load asks for it.
func cached[T any](c *cache, key string, load func() T) T {
	c.mu.Lock()
	if e, ok := c.entries[key]; ok {
		c.recent.MoveToFront(e)
		c.mu.Unlock()
		hit := e.Value.(*entry)
		<-hit.ready // load heeds the scan's context, so this ends with it
		return hit.value.(T)
	}
	e := &entry{key: key, ready: make(chan struct{})}
	c.entries[key] = c.recent.PushFront(e)
	for c.recent.Len() > c.most {
		last := c.recent.Back()
		c.recent.Remove(last)
		delete(c.entries, last.Value.(*entry).key)
	}
	c.mu.Unlock()
	value := load()
	e.value = value
	close(e.ready)
	return value
}
