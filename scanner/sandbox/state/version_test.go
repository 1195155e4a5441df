package state

import (
	"testing"

	"pgregory.net/rapid"
)

func TestVersionIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seq := rapid.Uint64().Draw(t, "seq")
		id := VersionID(seq)
		if got, ok := VersionSeq(id); got != seq || !ok || len(id) != 32 {
			t.Fatalf("%d became %s, then %d %v", seq, id, got, ok)
		}
		other := []byte(id)
		other[rapid.IntRange(0, 31).Draw(t, "at")] ^= 1
		if _, ok := VersionSeq(string(other)); ok {
			t.Fatalf("%s is taken for a version id", other)
		}
	})
}
