package progress

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"crosscheck/cmd/crosscheck/internal/terminal"
)

// TestProgress: what a scan of 65 seconds says of itself, and that nothing is said
// after its end.
func TestProgress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tty, quiet bool
		count      int
		want       []string // the last ones
	}{
		"log":      {want: []string{"crosscheck: 2 accounts, 299 buckets judged, 598 links, 30s\n", "crosscheck: 2 accounts, 599 buckets judged, 1198 links, 1m0s\n"}, count: 2},
		"terminal": {tty: true, want: []string{"\rcrosscheck: 2 accounts, 649 buckets judged, 1298 links, 1m5s\x1b[K", "\r\x1b[K"}, count: 5*65 + 1},
		"quiet":    {quiet: true},
		"both":     {tty: true, quiet: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w writes
				p := Of(&terminal.Streams{Err: &w, ErrTTY: test.tty}, &terminal.Log{}, test.quiet, false, nil)
				for i := range 650 {
					time.Sleep(100*time.Millisecond + time.Microsecond)
					p.Judged([]string{"111111111111", "222222222222"}[i%2], 2)
				}
				p.Done()
				time.Sleep(time.Hour)
				got := w.all()
				if len(got) != test.count {
					t.Errorf("%d writes, want %d", len(got), test.count)
				}
				if diff := cmp.Diff(test.want, got[max(0, len(got)-2):], cmp.Transformer("none", func(s []string) string { return strings.Join(s, "|") })); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestProgressOfShortScan: what is done at once says nothing, not even on a terminal.
func TestProgressOfShortScan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w writes
		p := Of(&terminal.Streams{Err: &w, ErrTTY: true}, &terminal.Log{}, false, false, nil)
		time.Sleep(rewriteEvery / 2)
		p.Done()
		if got := w.all(); got != nil {
			t.Errorf("%q", got)
		}
	})
}

// writes keeps what is written, each write apart.
type writes struct {
	mu   sync.Mutex
	list []string
}

func (l *writes) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, string(b))
	return len(b), nil
}

func (l *writes) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list
}
