// Package flow runs a stream of work in parallel, within a bound.
package flow

import (
	"context"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Map calls f for every item of in, at most n at a time, and gives each result
// to emit. It returns when all of that is done.
//
// Results come in the order in which f finishes, not in the order of in. emit
// runs on the caller's goroutine, one result at a time; f runs on up to n others,
// and in is walked on one of its own. At most 2n items are anywhere between in
// and emit, so a slow emit slows the walk down instead of filling the memory.
//
// The first error of f or emit cancels the context that f is given, and Map
// returns it; a canceled ctx makes Map return its cause. Results that finish
// after that are dropped. Map leaves no goroutine behind: it waits for every f
// that it has called, so f must heed its context, and in must not block.
// n below 1 is taken as 1.
func Map[In, Out any](ctx context.Context, n int, in iter.Seq[In], f func(context.Context, In) (Out, error), emit func(Out) error) error {
	n = max(n, 1)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	group, ctx := errgroup.WithContext(ctx)
	items, results := make(chan In), make(chan Out)

	group.Go(func() error {
		defer close(items)
		for item := range in {
			select {
			case items <- item:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	var workers sync.WaitGroup
	for range n {
		workers.Add(1)
		group.Go(func() error {
			defer workers.Done()
			for item := range items {
				out, err := f(ctx, item)
				if err != nil {
					return err
				}
				select {
				case results <- out:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		workers.Wait()
		close(results)
		return nil
	})

	var stopped error // why results were not emitted
	for out := range results {
		if stopped != nil {
			continue // drain: the workers are on their way out
		}
		if ctx.Err() != nil {
			stopped = context.Cause(ctx)
		} else if err := emit(out); err != nil {
			stopped = err
			cancel(err)
		}
	}
	if err := group.Wait(); err != nil && stopped == nil {
		stopped = context.Cause(ctx) // the first error, or why ctx was canceled
	}
	return stopped
}
