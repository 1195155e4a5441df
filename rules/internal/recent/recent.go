// Package recent keeps the results of costly work, by key, within a bound.
package recent

import "sync"

// Map is a cache that is safe for concurrent use. It holds at most twice its size:
// entries that were put or read lately, and the generation before them, which is
// dropped when the younger one is full.
type Map[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]V
	size       int
}

// New is an empty map of generations of at most size entries each.
func New[K comparable, V any](size int) *Map[K, V] {
	return &Map[K, V]{young: make(map[K]V), size: size}
}

// Get gives the value of a key. Where the map does not have it, build makes it,
// outside of the lock: two callers at once may both build, and either value is kept.
func (m *Map[K, V]) Get(key K, build func() V) V {
	m.mu.Lock()
	v, ok := m.young[key]
	if !ok {
		if v, ok = m.old[key]; ok {
			m.put(key, v)
		}
	}
	m.mu.Unlock()
	if ok {
		return v
	}
	v = build()
	m.mu.Lock()
	m.put(key, v)
	m.mu.Unlock()
	return v
}

func (m *Map[K, V]) put(key K, v V) {
	if _, ok := m.young[key]; !ok && len(m.young) >= m.size {
		m.young, m.old = make(map[K]V, m.size), m.young
	}
	m.young[key] = v
}
