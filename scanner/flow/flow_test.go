package flow_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"crosscheck/scanner/flow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// count yields 0, 1, … n-1 and reports how far it was walked.
func count(n int, walked *atomic.Int64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			walked.Store(int64(i + 1))
			if !yield(i) {
				return
			}
		}
	}
}

func double(_ context.Context, i int) (int, error) { return 2 * i, nil }

func TestMapAnswersEveryItemOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		items, workers := rapid.IntRange(0, 200).Draw(t, "items"), rapid.IntRange(-1, 20).Draw(t, "workers")
		var walked atomic.Int64
		var got []int
		err := flow.Map(t.Context(), workers, count(items, &walked), double, func(i int) error {
			got = append(got, i)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		for i, v := range got {
			if v != 2*i {
				t.Fatalf("result %d is %d, want %d", i, v, 2*i)
			}
		}
		if len(got) != items {
			t.Fatalf("%d results, want %d", len(got), items)
		}
	})
}

func TestMapRunsInParallelWithinItsBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const items, workers = 12, 4
		var walked, running, most atomic.Int64
		start := time.Now()
		err := flow.Map(t.Context(), workers, count(items, &walked), func(ctx context.Context, i int) (int, error) {
			now := running.Add(1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			time.Sleep(time.Second)
			running.Add(-1)
			return i, nil
		}, func(int) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != items/workers*time.Second {
			t.Errorf("took %v, want %v", got, items/workers*time.Second)
		}
		if most.Load() != workers {
			t.Errorf("%d at a time, want %d", most.Load(), workers)
		}
	})
}

func TestMapEmitsInTheOrderOfCompletion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		delays := []time.Duration{5 * time.Second, 1 * time.Second, 3 * time.Second}
		var got []time.Duration
		err := flow.Map(t.Context(), len(delays), slices.Values(delays), func(_ context.Context, d time.Duration) (time.Duration, error) {
			time.Sleep(d)
			return d, nil
		}, func(d time.Duration) error {
			got = append(got, d)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(got) || len(got) != len(delays) {
			t.Errorf("emitted %v", got)
		}
	})
}

func TestMapIsHeldBackByASlowEmit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const workers = 3
		var walked atomic.Int64
		emitted := 0
		err := flow.Map(t.Context(), workers, count(100, &walked), double, func(int) error {
			synctest.Wait() // everything that can move has moved
			emitted++
			if ahead := int(walked.Load()) - emitted; ahead > 2*workers {
				return fmt.Errorf("the walk is %d items ahead of emit", ahead)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestMapStops(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	cases := []struct {
		name string
		f    func(context.Context, int) (int, error)
		emit func(int) error
		stop func(context.CancelCauseFunc)
	}{
		{name: "when f fails", f: func(ctx context.Context, i int) (int, error) {
			if i == 7 {
				return 0, boom
			}
			return i, nil
		}},
		{name: "when emit fails", emit: func(i int) error {
			if i == 14 {
				return boom
			}
			return nil
		}},
		{name: "when the context is canceled", stop: func(cancel context.CancelCauseFunc) {
			time.AfterFunc(7*time.Second, func() { cancel(boom) })
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if c.stop != nil {
					c.stop(cancel)
				}
				f, emit := c.f, c.emit
				if f == nil {
					f = func(ctx context.Context, i int) (int, error) {
						select {
						case <-time.After(time.Second):
							return 2 * i, nil
						case <-ctx.Done():
							return 0, ctx.Err()
						}
					}
				}
				if emit == nil {
					emit = func(int) error { return nil }
				}
				var walked atomic.Int64
				err := flow.Map(ctx, 2, count(1_000_000, &walked), f, emit)
				if !errors.Is(err, boom) {
					t.Errorf("error %v, want %v", err, boom)
				}
				if walked.Load() > 100 {
					t.Errorf("walked %d items after the end", walked.Load())
				}
			})
		})
	}
}

// The error of the last emit must not be lost: by then every worker is done.
func TestMapReportsTheErrorOfTheLastEmit(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	var walked atomic.Int64
	err := flow.Map(t.Context(), 4, count(1, &walked), double, func(int) error { return boom })
	if !errors.Is(err, boom) {
		t.Errorf("error %v, want %v", err, boom)
	}
}

func TestMapDoesNotStartAfterTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var walked atomic.Int64
	err := flow.Map(ctx, 4, count(1_000, &walked), double, func(int) error {
		t.Error("emitted after the end")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
