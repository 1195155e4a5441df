package cli

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"crosscheck/testdata"
)

// TestProgress: what a scan of 65 seconds says of itself, and that nothing is said
// after its end.
func TestProgress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tty, quiet bool
		writes     int
		want       []string // the last ones
	}{
		"log":      {want: []string{"crosscheck: 2 accounts, 299 buckets judged, 598 links, 30s\n", "crosscheck: 2 accounts, 599 buckets judged, 1198 links, 1m0s\n"}, writes: 2},
		"terminal": {tty: true, want: []string{"\rcrosscheck: 2 accounts, 649 buckets judged, 1298 links, 1m5s\x1b[K", "\r\x1b[K"}, writes: 5*65 + 1},
		"quiet":    {quiet: true},
		"both":     {tty: true, quiet: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w lines
				p := (&streams{err: &w, errTTY: test.tty}).watch(test.quiet, false, &logFlags{}, nil)
				for i := range 650 {
					time.Sleep(100*time.Millisecond + time.Microsecond)
					p.judged([]string{"111111111111", "222222222222"}[i%2], 2)
				}
				p.done()
				time.Sleep(time.Hour)
				got := w.all()
				if len(got) != test.writes {
					t.Errorf("%d writes, want %d", len(got), test.writes)
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
		var w lines
		p := (&streams{err: &w, errTTY: true}).watch(false, false, &logFlags{}, nil)
		time.Sleep(rewriteEvery / 2)
		p.done()
		if got := w.all(); got != nil {
			t.Errorf("%q", got)
		}
	})
}

// TestScanTellsItsProgress: a scan that AWS holds up says so on a terminal, leaves
// the terminal clean, and is silent with --quiet.
func TestScanTellsItsProgress(t *testing.T) {
	t.Parallel()
	p := served(t, append(bytes.Clone(testdata.DemoWorld), []byte(`
faults:
  - {operation: "s3:GetBucketReplication", bucket: orders-ledger, kind: latency, delay: 900ms}
`)...))
	for _, quiet := range []bool{false, true} {
		var errs lines
		s, out, _ := p.streams("")
		s.err, s.errTTY = &errs, true
		root := newRootCommand(s)
		args := []string{"scan", "--accounts", "111111111111", "-o", "csv"}
		if quiet {
			args = append(args, "--quiet")
		}
		root.SetArgs(args)
		conclude(s, root.ExecuteContext(t.Context()))
		got := errs.all()
		switch {
		case quiet && got != nil:
			t.Errorf("with --quiet: %q", got)
		case !quiet && (len(got) < 3 || !strings.Contains(got[0], " links, ") || got[len(got)-2] != "\r\x1b[K" || !scannedLine.MatchString(got[len(got)-1])):
			t.Errorf("%q", got)
		}
		if !strings.Contains(out.String(), "orders-ledger") {
			t.Errorf("nothing was scanned: %s", out.String())
		}
	}
}

var scannedLine = regexp.MustCompile(`^crosscheck: \d+ calls to AWS in [\d.]+m?s \(\d+ \w+:\w+, \d+ \w+:\w+, \d+ \w+:\w+, \d+ others\), 0 retries, 0 throttled\n$`)

// lines keeps what is written, each write apart.
type lines struct {
	mu   sync.Mutex
	list []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, string(b))
	return len(b), nil
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list
}
