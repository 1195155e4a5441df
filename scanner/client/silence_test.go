package client

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestSilenceWaits: an API is given up after many attempts over some time, others
// of the service with it only if nothing answers.
func TestSilenceWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSilence(&Identity{account: "1"}, "r", time.Minute)
		note := func(n int, api string, o outcome) {
			for range n {
				time.Sleep(time.Second)
				s.note(api, o)
			}
		}
		given := func(api string, want bool) {
			t.Helper()
			if got := s.check(api) != nil; got != want {
				t.Errorf("after %v: %s given up is %v, want %v", time.Since(time.Unix(946684800, 0)), api, got, want)
			}
		}
		note(60, "a", failed)
		given("a", false) // 59 s since the first
		note(1, "a", answered)
		note(30, "a", failed)
		given("a", false) // 30 s since the answer
		note(31, "a", failed)
		given("a", true)
		given("b", false)
		note(1, "b", answered)
		note(1, "c", failed)
		given("c", false) // b answers
		note(70, "d", throttled)
		given("d", true)
		note(1, "c", failed)
		given("c", false) // throttling is a sign of life
		note(70, "c", failed)
		given("c", true)
		given("b", false)
		note(1, "b", failed)
		given("b", true)
		given("e", true)
		var none *silence
		none.note("a", failed)
		if none.check("a") != nil {
			t.Error("without a patience an API was given up")
		}
	})
}
