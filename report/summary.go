package report

import (
	"errors"
	"slices"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Exit statuses that a run can end with; 2 (usage) and 130 (interrupted) are
// the command's own.
const (
	ExitClean      = 0
	ExitFaults     = 1
	ExitIncomplete = 3
)

// Gate says when a run fails.
type Gate struct {
	FailOn          finding.Severity // lowest severity of a failing finding that gates; "" is low
	AllowIncomplete bool             // what is unknown does not change the exit status
	FailOnNew       bool             // only what is marked as new gates
}

// Summarizer is the one place where the exit status of a run is decided. It
// passes all messages on to the next writer, counts them, and sends the summary
// itself when it is closed; a summary that arrives from elsewhere (a replayed
// run) is dropped in favor of its own.
//
// 1 wins over 3, and 3 over 0:
//
//   - 1: a failing finding at or above Gate.FailOn that is not waived, a
//     broken or partial link, or a probe whose measurement is a fault. A link is
//     waived with its findings: if none above info that fails on it is left
//     without a waiver, and each of its failure codes is that of a waived
//     finding about the link or one of its buckets.
//   - 3: a finding or a link is unknown, a measurement is undecided, a fact
//     could not be read, or not every account and bucket was. A run that never
//     said what it covered counts as such.
//   - 0: otherwise.
//
// Messages of a run that was compared with a baseline carry marks ([MarkNew],
// [MarkExisting]). What failed there and is not known now counts for 3, and a link that
// worked there and is gone for 1. With
// Gate.FailOnNew, only what is new counts for 1; a broken or partial link is new too if it meets
// a failure code that it did not, or that of a new finding about it or one of its
// buckets.
type Summarizer struct {
	next Writer
	gate Gate

	counts     Summary
	faults     bool
	incomplete bool
	covered    bool
	failing    []failingLink
	waived     map[codeAt]bool
	onLink     map[string]linkFindings
	appeared   map[codeAt]bool // as waived: codes of new findings
}

// failingLink is what decides whether a broken or partial link is waived: not the whole link, whose
// matrix would stay in memory until the end of the run.
type failingLink struct {
	id, source, destination string
	codes                   []string
	existing                bool
}

// codeAt is a failure code on a link or a bucket.
type codeAt struct{ where, code string }

// linkFindings is what is known of the failing findings about one link.
type linkFindings struct{ waived, open, appeared bool }

// Summarize puts a Summarizer before next.
func Summarize(next Writer, g Gate) *Summarizer {
	if g.FailOn == "" {
		g.FailOn = finding.Low
	}
	return &Summarizer{
		next: next, gate: g,
		waived: map[codeAt]bool{}, onLink: map[string]linkFindings{}, appeared: map[codeAt]bool{},
	}
}

// Run notes whether the run was compared with a baseline.
func (s *Summarizer) Run(r *Run) error {
	switch {
	case r.Baseline != nil && s.counts.Baseline == nil:
		s.counts.Baseline = &BaselineCounts{}
	case r.Baseline == nil && s.gate.FailOnNew:
		return errors.New("the run was not compared with a baseline, so nothing says what is new: give --baseline RUNFILE")
	}
	return s.next.Run(r)
}

// Link counts the link.
func (s *Summarizer) Link(l *finding.Link) error {
	s.counts.Links.Add(l.Verdict, 1)
	switch {
	case l.Verdict.Fails():
		s.failing = append(s.failing, failingLink{l.ID, l.Source.Bucket, l.Destination.Bucket, l.FailureCodes, l.Baseline == MarkExisting})
		if b := s.counts.Baseline; b != nil && l.Baseline == MarkNew {
			b.NewLinks++
		}
	case l.Verdict != finding.Works:
		s.incomplete = true
	}
	return s.next.Link(l)
}

// Measurement counts the probe.
func (s *Summarizer) Measurement(m *measure.Measurement) error {
	s.faults = s.faults || m.Fault() && s.gates(m.Baseline)
	if b := s.counts.Baseline; b != nil && m.Baseline == MarkNew {
		b.NewProbes++
	}
	s.incomplete = s.incomplete || m.Undecided()
	return s.next.Measurement(m)
}

// Gap makes the run incomplete.
func (s *Summarizer) Gap(g *fact.Gap) error {
	s.incomplete = true
	return s.next.Gap(g)
}

// Facts are passed on.
func (s *Summarizer) Facts(d *fact.Document) error { return s.next.Facts(d) }

// Judged is passed on.
func (s *Summarizer) Judged(j *Judged) error { return s.next.Judged(j) }

// Repairs are passed on.
func (s *Summarizer) Repairs(r *finding.Repairs) error { return s.next.Repairs(r) }

// Coverage says whether the run is complete.
func (s *Summarizer) Coverage(c *fact.Coverage) error {
	s.covered = true
	s.incomplete = s.incomplete || !Complete(*c)
	return s.next.Coverage(c)
}

// Past counts what became of a finding of the baseline.
func (s *Summarizer) Past(p *Past) error {
	b := s.counts.Baseline
	if b == nil { // the run does not say what it was compared with
		b = &BaselineCounts{}
		s.counts.Baseline = b
	}
	switch {
	case p.Change == Fixed:
		b.Fixed++
	case p.Change == Gone && p.RuleID == finding.LinkWorks:
		b.GoneLinks++
		s.faults = true
	case p.Change == Gone:
		b.Gone++
	default:
		b.Unknown++
		s.incomplete = true
	}
	return s.next.Past(p)
}

// Summary drops the summary of a replayed run.
func (s *Summarizer) Summary(*Summary) error { return nil }

// gates reports whether a fault with this mark decides.
func (s *Summarizer) gates(mark string) bool { return !s.gate.FailOnNew || mark != MarkExisting }

// Finding counts the finding.
func (s *Summarizer) Finding(f *finding.Finding) error {
	s.count(f)
	return s.next.Finding(f)
}

func (s *Summarizer) count(f *finding.Finding) {
	switch f.Status {
	case finding.Pass:
		s.counts.Findings.Pass++
	case finding.NotApplicable:
	case finding.Fail:
		if f.Link != "" {
			on := s.onLink[f.Link]
			open := f.Waiver == nil && f.Severity != finding.Info
			on.waived = on.waived || f.Waiver != nil
			on.open = on.open || open
			on.appeared = on.appeared || open && f.Baseline != MarkExisting
			s.onLink[f.Link] = on
		}
		codes := s.waived
		if f.Waiver == nil {
			s.counts.Findings.Fail++
			s.faults = s.faults || f.Severity.Rank() <= s.gate.FailOn.Rank() && s.gates(f.Baseline)
			if b := s.counts.Baseline; b != nil {
				if f.Baseline == MarkExisting {
					b.Existing++
				} else {
					b.New++
				}
			}
			if !s.gate.FailOnNew || f.Baseline == MarkExisting {
				return
			}
			codes = s.appeared
		} else {
			s.counts.Findings.Waived++
		}
		where := f.Link
		if where == "" {
			where = BucketOf(f.Resource)
		}
		for _, code := range f.FailureCodes {
			codes[codeAt{where, code}] = true
		}
	default:
		s.counts.Findings.Unknown++
		s.incomplete = true
	}
}

// Result is the summary of what was written so far.
func (s *Summarizer) Result() Summary {
	sum := s.counts
	if b := sum.Baseline; b != nil {
		own := *b
		sum.Baseline = &own
	}
	faults := s.faults
	for _, l := range s.failing {
		if s.linkWaived(l) {
			sum.WaivedLinks = append(sum.WaivedLinks, l.id)
		}
		faults = faults || !s.linkWaived(l) && (!s.gate.FailOnNew || s.linkNew(l))
	}
	switch {
	case faults:
		sum.ExitStatus = ExitFaults
	case (s.incomplete || !s.covered) && !s.gate.AllowIncomplete:
		sum.ExitStatus = ExitIncomplete
	}
	return sum
}

func (s *Summarizer) linkWaived(l failingLink) bool {
	for _, code := range l.codes {
		if !l.has(s.waived, code) {
			return false
		}
	}
	on := s.onLink[l.id]
	return !on.open && (on.waived || len(l.codes) > 0)
}

func (s *Summarizer) linkNew(l failingLink) bool {
	return !l.existing || len(l.codes) == 0 && s.onLink[l.id].appeared ||
		slices.ContainsFunc(l.codes, func(code string) bool { return l.has(s.appeared, code) })
}

// has reports whether a code is among those of the link or of one of its buckets.
func (l failingLink) has(codes map[codeAt]bool, code string) bool {
	return codes[codeAt{l.id, code}] || codes[codeAt{l.source, code}] || codes[codeAt{l.destination, code}]
}

// Close sends the summary and closes the next writer.
func (s *Summarizer) Close() error {
	sum := s.Result()
	return errors.Join(s.next.Summary(&sum), s.next.Close())
}

// Complete reports whether all that was listed was also read.
func Complete(c fact.Coverage) bool {
	return c.Accounts.Unreadable == 0 && c.Accounts.Scanned >= c.Accounts.Listed && c.Buckets.Scanned >= c.Buckets.Listed
}
