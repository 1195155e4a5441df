package sandboxtest

import "testing"

// Sample is how many cases of a large family a test tries: all of them, but only few
// with -short. make race sets it: more cases of the same concurrency find no other races,
// and each takes the race detector many times as long.
func Sample(all, few int) int {
	if testing.Short() {
		return few
	}
	return all
}
