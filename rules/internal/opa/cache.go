package opa

import (
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// refCache keeps what an evaluation has derived so far. OPA's own cache is a
// trie that is built anew for every evaluation and was a sixth of all that an
// evaluation allocated; this one is a flat table that is used again.
type refCache struct {
	frames []*refFrame
	depth  int // frames in use
}

type refFrame struct {
	index   map[int]int32 // by hash of the reference: 1 + the last entry with it
	entries []refEntry
	terms   []*ast.Term // what the references of the entries consist of
}

type refEntry struct {
	ref   []*ast.Term
	value *ast.Term // nil = undefined
	next  int32     // as in index
}

var refCaches = sync.Pool{New: func() any { return new(refCache) }}

// newRefCache takes a cache from the pool; give it back with release.
func newRefCache() *refCache {
	c := refCaches.Get().(*refCache)
	c.Push()
	return c
}

func (c *refCache) release() {
	for c.depth > 0 {
		c.Pop()
	}
	refCaches.Put(c)
}

// Push begins a frame: inside of a `with`, what was derived before does not hold.
func (c *refCache) Push() {
	if c.depth == len(c.frames) {
		c.frames = append(c.frames, &refFrame{index: map[int]int32{}})
	}
	c.depth++
}

// Pop ends the frame.
func (c *refCache) Pop() {
	c.depth--
	f := c.frames[c.depth]
	clear(f.index)
	clear(f.entries)
	clear(f.terms)
	f.entries, f.terms = f.entries[:0], f.terms[:0]
}

// hashRef is of the end of a reference, which tells most apart: what comes before is the
// package.
func hashRef(ref ast.Ref) int {
	h := len(ref)
	for _, t := range ref[max(len(ref)-2, 0):] {
		h = h*31 + t.Hash()
	}
	return h
}

func (f *refFrame) find(hash int, ref ast.Ref) *refEntry {
	for i := f.index[hash]; i > 0; i = f.entries[i-1].next {
		if e := &f.entries[i-1]; slices.EqualFunc(e.ref, ref, func(a, b *ast.Term) bool { return a.Equal(b) }) {
			return e
		}
	}
	return nil
}

// Get gives what is known of a reference, and whether it is known to be undefined.
func (c *refCache) Get(ref ast.Ref) (*ast.Term, bool) {
	if e := c.frames[c.depth-1].find(hashRef(ref), ref); e != nil {
		return e.value, e.value == nil
	}
	return nil, false
}

// Put notes the value of a reference; nil says that it is undefined.
func (c *refCache) Put(ref ast.Ref, value *ast.Term) {
	f, hash := c.frames[c.depth-1], hashRef(ref)
	if e := f.find(hash, ref); e != nil {
		e.value = value
		return
	}
	at := len(f.terms)
	f.terms = append(f.terms, ref...) // the caller goes on to use the slice
	f.entries = append(f.entries, refEntry{ref: f.terms[at:len(f.terms):len(f.terms)], value: value, next: f.index[hash]})
	f.index[hash] = int32(len(f.entries))
}

// Keys lists the references with a value.
func (c *refCache) Keys() []ast.Ref {
	var keys []ast.Ref
	for _, e := range c.frames[c.depth-1].entries {
		if e.value != nil {
			keys = append(keys, ast.Ref(slices.Clone(e.ref)))
		}
	}
	return keys
}

var _ topdown.VirtualCache = (*refCache)(nil)
