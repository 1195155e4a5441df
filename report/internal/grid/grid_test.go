package grid

import (
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"", 5, ""},
		{"one two three", 7, "one two|three"},
		{"111/a → 222/b", 40, "111/a → 222/b"},
		{"111/a → 222/b", 10, "111/a|→ 222/b"},
		{"s3-replication-role", 15, "s3-replication-|role"},
		{"abcdefghij", 4, "abcd|efgh|ij"},
		{"a/bcdefghij", 8, "a/bcdefg|hij"}, // a separator near the start is no reason to break
		{"名前名前", 4, "名前|名前"},
		{"名", 1, "名"}, // nothing fits: one character a line, never an endless loop
	} {
		if got := strings.Join(wrap(c.in, c.width), "|"); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}
