package cli

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"testing"

	"crosscheck/testdata"
)

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
		s.Err, s.ErrTTY = &errs, true
		root := newRootCommand(s, p.config)
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
