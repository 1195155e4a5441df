// Package progress shows on standard error how far a scan is, and what it took.
package progress

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
)

const (
	rewriteEvery = 200 * time.Millisecond // on a terminal
	logEvery     = 30 * time.Second       // elsewhere
	paceOver     = 5 * time.Second        // the pace is that of so much time, or of up to twice as much
)

// Progress shows how far a scan is: on a terminal in one line that is written anew
// in place and erased at the end, elsewhere in a line of log now and then.
type Progress struct {
	s       *terminal.Streams
	log     *terminal.Log
	meter   *scanner.Meter // nil = AWS is not read
	quiet   bool
	inPlace bool
	start   time.Time
	stop    chan struct{}
	stopped sync.WaitGroup

	mu             sync.Mutex
	accounts       map[string]bool // with a bucket that was judged
	buckets, links int

	older, newer pace
}

// pace is what was done at some time.
type pace struct {
	at             time.Time
	calls, buckets int
}

// Of begins to report the progress of a scan on standard error; end it with Done. If
// results go to the terminal meanwhile, no line stays in place. Without a meter only
// what is judged is counted.
func Of(s *terminal.Streams, log *terminal.Log, quiet, results bool, meter *scanner.Meter) *Progress {
	p := &Progress{s: s, log: log, meter: meter, quiet: quiet, inPlace: s.ErrTTY && !results && log.Format != "json" && !log.Debug,
		start: time.Now(), stop: make(chan struct{}), accounts: map[string]bool{}}
	p.older, p.newer = pace{at: p.start}, pace{at: p.start}
	if quiet {
		return p
	}
	every := logEvery
	if p.inPlace {
		every = rewriteEvery
	}
	p.stopped.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		written := false
		for {
			select {
			case <-ticker.C:
				p.write()
				written = true
			case <-p.stop:
				if written && p.inPlace {
					fmt.Fprint(p.s.Err, "\r\x1b[K")
				}
				return
			}
		}
	})
	return p
}

// Judged counts a source bucket of an account and its links.
func (p *Progress) Judged(account string, links int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts[account] = true
	p.buckets++
	p.links += links
}

// Read counts what was read, where nothing is judged.
func (p *Progress) Read(m fact.Message) {
	if m.Document != nil {
		p.Judged(m.Document.Bucket.AccountID, len(m.Document.Links))
	}
}

func (p *Progress) write() {
	now := time.Now()
	p.mu.Lock()
	accounts, buckets, links := len(p.accounts), p.buckets, p.links
	p.mu.Unlock()
	ran := now.Sub(p.start).Truncate(time.Second)
	if p.meter == nil {
		p.tell(fmt.Sprintf("%d accounts, %d buckets judged, %d links, %s", accounts, buckets, links, ran),
			slog.Int("accounts", accounts), slog.Int("buckets", buckets), slog.Int("links", links), slog.Float64("ran_s", ran.Seconds()))
		return
	}
	m := p.meter.Progress()
	if now.Sub(p.newer.at) >= paceOver {
		p.older, p.newer = p.newer, pace{now, m.Calls, m.BucketsDone - m.BucketsKnown}
	}
	passed := max(now.Sub(p.older.at), time.Millisecond).Seconds()
	calls := float64(m.Calls-p.older.calls) / passed
	text := fmt.Sprintf("%d/%d accounts, %d/%d buckets, %d links, %.0f calls/s", m.AccountsDone, m.Accounts, m.BucketsDone, m.Buckets, links, calls)
	if m.Throttles > 0 {
		text += fmt.Sprintf(", %d throttled", m.Throttles)
	}
	text += fmt.Sprintf(", %s", ran)
	attrs := []slog.Attr{
		slog.Int("accounts_done", m.AccountsDone), slog.Int("accounts", m.Accounts), slog.Int("buckets_done", m.BucketsDone), slog.Int("buckets", m.Buckets),
		slog.Int("links", links), slog.Int("calls", m.Calls), slog.Float64("calls_per_second", calls), slog.Int("throttles", m.Throttles), slog.Float64("ran_s", ran.Seconds()),
	}
	if perSecond := float64(m.BucketsDone-m.BucketsKnown-p.older.buckets) / passed; perSecond > 0 {
		left := time.Duration(float64(m.Buckets-m.BucketsDone) / perSecond * float64(time.Second)).Round(time.Second)
		text += fmt.Sprintf(", about %s left", left)
		attrs = append(attrs, slog.Float64("left_s", left.Seconds()))
	}
	p.tell(text, attrs...)
}

func (p *Progress) tell(text string, attrs ...slog.Attr) {
	switch {
	case p.log.Format == "json":
		p.log.Logger(p.s).LogAttrs(context.Background(), slog.LevelInfo, "progress", attrs...)
	case p.inPlace:
		fmt.Fprint(p.s.Err, "\rcrosscheck: "+text+"\x1b[K")
	default:
		p.log.Say(p.s, text)
	}
}

// Done ends the reports; nothing is written after it, unless by Finished.
func (p *Progress) Done() {
	close(p.stop)
	p.stopped.Wait()
}

// Calls are those that the scan made, by API.
func (p *Progress) Calls() []report.Calls {
	if p.meter == nil {
		return nil
	}
	var all []report.Calls
	for _, c := range p.meter.Calls() {
		all = append(all, report.Calls{API: c.API, Calls: c.Calls, Retries: c.Retries, Throttles: c.Throttles, Errors: c.Errors, DurationMS: c.Duration.Milliseconds()})
	}
	return all
}

// Finished says what the scan took, and which calls most of it were.
func (p *Progress) Finished() {
	if p.quiet || p.meter == nil {
		return
	}
	var sum report.Calls
	apis := p.Calls()
	for _, c := range apis {
		sum.Calls += c.Calls
		sum.Retries += c.Retries
		sum.Throttles += c.Throttles
	}
	took := time.Since(p.start).Round(100 * time.Millisecond)
	if p.log.Format == "json" {
		p.log.Logger(p.s).Info("scanned", "ran_s", took.Seconds(), "calls", sum.Calls, "retries", sum.Retries, "throttles", sum.Throttles, "apis", apis)
		return
	}
	const most = 3
	slices.SortStableFunc(apis, func(a, b report.Calls) int { return cmp.Compare(b.Calls, a.Calls) })
	var named []string
	others := sum.Calls
	for _, c := range apis[:min(most, len(apis))] {
		named = append(named, fmt.Sprintf("%d %s", c.Calls, c.API))
		others -= c.Calls
	}
	if others > 0 {
		named = append(named, text.Count(others, "other"))
	}
	p.log.Say(p.s, fmt.Sprintf("%d calls to AWS in %s (%s), %d retries, %d throttled", sum.Calls, took, strings.Join(named, ", "), sum.Retries, sum.Throttles))
}
