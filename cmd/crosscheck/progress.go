package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"crosscheck/rules"
	"crosscheck/scanner/fact"
)

const (
	rewriteEvery = 200 * time.Millisecond // on a terminal
	logEvery     = 30 * time.Second       // elsewhere
)

// progress tells how far a scan is: on a terminal in one line that is written anew
// in place and erased at the end, elsewhere in a line of log now and then.
type progress struct {
	w       io.Writer
	inPlace bool
	start   time.Time
	stop    chan struct{}
	stopped sync.WaitGroup

	mu             sync.Mutex
	accounts       map[string]bool // with a bucket that was judged
	buckets, links int
}

// watch begins to tell of a scan on standard error; end it with done.
func (s *streams) watch(quiet bool) *progress {
	p := &progress{w: s.err, inPlace: s.errTTY, start: time.Now(), stop: make(chan struct{}), accounts: map[string]bool{}}
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
					fmt.Fprint(p.w, "\r\x1b[K")
				}
				return
			}
		}
	})
	return p
}

// judged counts a source bucket and its links.
func (p *progress) judged(doc *fact.Document, links []rules.Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts[doc.Bucket.AccountID] = true
	p.buckets++
	p.links += len(links)
}

func (p *progress) write() {
	p.mu.Lock()
	text := fmt.Sprintf("crosscheck: %d accounts, %d buckets judged, %d links, %s", len(p.accounts), p.buckets, p.links, time.Since(p.start).Truncate(time.Second))
	p.mu.Unlock()
	if p.inPlace {
		fmt.Fprint(p.w, "\r"+text+"\x1b[K")
		return
	}
	fmt.Fprintln(p.w, text)
}

// done ends the telling; nothing is written after it.
func (p *progress) done() {
	close(p.stop)
	p.stopped.Wait()
}
