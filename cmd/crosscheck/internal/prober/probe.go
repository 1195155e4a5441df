package prober

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/canary/prove"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/text"
)

// probe agrees, probes every target and writes measurements and what follows
// from them. A dry run says what it would do.
func (p *prober) probe(ctx context.Context) error {
	plans, err := p.plans()
	if err != nil {
		return err
	}
	if p.o.DryRun {
		p.printPlans(p.s.Out, plans)
		return errDryRun
	}
	if err := p.confirm(ctx, plans); err != nil {
		return err
	}
	j, err := p.openJournal()
	if err != nil {
		return err
	}
	defer p.closeJournal(j)

	o, phases := p.watched(p.o.canary(p.run, j), canary.CountJobs(plans)*p.o.Count)
	defer p.every(10*time.Second, phases.tell)()
	emit := func(m measure.Measurement) error {
		p.measured = append(p.measured, m)
		return p.w.Measurement(&m)
	}
	return canary.RunSeries(ctx, p.o.Parallel, plans, p.o.Count, p.o.Interval, o, emit)
}

var errDryRun = errors.New("dry run")

// every calls f again and again until the returned function is called.
func (p *prober) every(d time.Duration, f func()) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		t := time.NewTicker(d)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				f()
			}
		}
	}()
	return func() { close(done); <-gone }
}

func (p *prober) progress(format string, args ...any) {
	if !p.o.Quiet {
		p.o.Log.Say(p.s, fmt.Sprintf(format, args...))
	}
}

func (p *prober) openJournal() (*journal.Journal, error) {
	if p.o.Forgetful {
		return nil, nil
	}
	dir, err := Journals(p.s, p.o.Journal)
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(dir, p.run, p.o.Folder)
	return j, usererr.Hint(err, "give a writable directory with --journal")
}

func (p *prober) closeJournal(j *journal.Journal) {
	if j == nil {
		return
	}
	path := j.Path()
	if err := j.Close(); err != nil {
		fmt.Fprintf(p.s.Err, "crosscheck: the journal %s cannot be closed: %s\n", text.Visible(path), text.Visible(err.Error()))
	}
	if _, err := usererr.ReadFile(path); err == nil {
		fmt.Fprintf(p.s.Err, "crosscheck: this run may have left probes: 'crosscheck canary sweep' removes it (journal %s)\n", text.Visible(path))
	}
}

// closeReport writes what follows from the measurements, and what was kept back.
func (p *prober) closeReport() error {
	o := prove.Options{Audited: p.o.Whole, Latency: p.o.SLO, Percentile: p.o.Percentile}
	for _, f := range prove.Findings(p.predictions(), p.measured, o) {
		if err := p.w.Finding(&f); err != nil {
			return err
		}
	}
	return p.w.End()
}

// printLatencies says how long links took that were probed more than once.
func (p *prober) printLatencies() {
	if p.o.Quiet || p.o.Count < 2 {
		return
	}
	for _, l := range measure.Group(p.measured) {
		fmt.Fprintf(p.s.Err, "crosscheck: latency of %s: %s\n", text.Visible(l.Link), &l)
	}
}

// Journals is the directory of the journals of canaries: the given one, or that of the
// user if given is "".
func Journals(s *terminal.Streams, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	dir, err := journal.DefaultDirectory(s.Getenv)
	return dir, usererr.Hint(err, "give a directory with --journal")
}
