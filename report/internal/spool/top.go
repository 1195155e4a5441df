package spool

import (
	"cmp"
	"slices"
)

// Top keeps the first n of what is added: by rank, and then in order of arrival.
type Top[T any] struct {
	N     int
	items []ranked[T]
	All   int // how many were added
}

// Add takes an item; those of a low rank come first.
func (t *Top[T]) Add(rank int, v T) {
	t.All++
	t.items = append(t.items, ranked[T]{rank, v})
	if len(t.items) > 2*t.N+100 {
		t.cut()
	}
}

func (t *Top[T]) cut() {
	slices.SortStableFunc(t.items, func(a, b ranked[T]) int { return cmp.Compare(a.rank, b.rank) })
	if len(t.items) > t.N {
		clear(t.items[t.N:])
		t.items = t.items[:t.N]
	}
}

// List is the first N; All less its length is how many more there were.
func (t *Top[T]) List() []T {
	t.cut()
	out := make([]T, len(t.items))
	for i, item := range t.items {
		out[i] = item.v
	}
	return out
}

type ranked[T any] struct {
	rank int
	v    T
}
