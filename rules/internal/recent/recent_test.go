package recent_test

import (
	"fmt"
	"sync"
	"testing"

	"crosscheck/rules/internal/recent"
)

func Example() {
	m := recent.New[string, int](100)
	length := func(s string) int {
		return m.Get(s, func() int { fmt.Println("counting", s); return len(s) })
	}
	fmt.Println(length("abc"), length("abc"))
	// Output:
	// counting abc
	// 3 3
}

func TestBound(t *testing.T) {
	t.Parallel()
	built := map[int]int{}
	m := recent.New[int, int](3)
	get := func(k int) {
		if got := m.Get(k, func() int { built[k]++; return k * k }); got != k*k {
			t.Errorf("%d: %d", k, got)
		}
	}
	get(0)
	for k := 1; k <= 20; k++ { // a key that is read all the time stays
		get(k)
		get(0)
	}
	if built[0] != 1 {
		t.Errorf("built %d times", built[0])
	}
	get(20)
	get(1)
	if built[20] != 1 || built[1] != 2 {
		t.Errorf("20 was built %d times and 1 %d times: the latest stay, the first is dropped", built[20], built[1])
	}
}

func TestSizeIsKept(t *testing.T) {
	t.Parallel()
	m := recent.New[int, int](2)
	built := 0
	for range 3 { // as many keys as two generations hold
		for k := range 2 {
			m.Get(k, func() int { built++; return k })
		}
	}
	if built != 2 {
		t.Errorf("built %d times", built)
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	m := recent.New[int, string](4)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 1000 {
				if k := i % 13; m.Get(k, func() string { return fmt.Sprint(k) }) != fmt.Sprint(k) {
					t.Error(k)
				}
			}
		})
	}
	group.Wait()
}
