package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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

// Policy is when a run fails.
type Policy struct {
	FailOn          finding.Severity // lowest severity of a failing finding that gates; "" is low
	AllowIncomplete bool             // what is unknown does not change the exit status
	Baseline        *Baseline        // nil, or the run that this one is held against
	FailOnNew       bool             // what failed in the baseline already does not gate; without Baseline, the marks that a recorded run carries decide
}

var severities = []finding.Severity{finding.Critical, finding.High, finding.Medium, finding.Low, finding.Info}

// ParseSeverity reads the value of --fail-on.
func ParseSeverity(s string) (finding.Severity, error) {
	for _, v := range severities {
		if s == string(v) {
			return v, nil
		}
	}
	return "", fmt.Errorf("unknown severity %q: use critical, high, medium, low or info", s)
}

// rank orders severities, the worst first. A severity that is not known ranks
// as critical: it must not slip below a gate.
func rank(s finding.Severity) int {
	for i, v := range severities {
		if s == v {
			return i
		}
	}
	return 0
}

// Summarizer is the one place where the exit status of a run is decided. It
// passes all messages on to the next writer, counts them, and sends the summary
// itself when it is closed; a summary that arrives from elsewhere (a replayed
// run) is dropped in favor of its own.
//
// 1 wins over 3, and 3 over 0:
//
//   - 1: a failing finding at or above Policy.FailOn that is not waived, a
//     broken link, or a probe whose measurement is a fault. A link is
//     waived with its findings: if none above info that fails on it is left
//     without a waiver, and each of its failure codes is that of a waived
//     finding about the link or one of its buckets.
//   - 3: a finding or a link is unknown, a measurement is undecided, a fact
//     could not be read, or not every account and bucket was. A run that never
//     said what it covered counts as such.
//   - 0: otherwise.
//
// With a baseline it marks what fails as new or existing, and at the end sends what
// failed there and does not now; marks of an earlier comparison are replaced. What
// failed there and is not known now counts for 3. With Policy.FailOnNew, only what is
// new counts for 1; a broken link is new too if it meets a failure code that it did
// not, or that of a new finding about it or one of its buckets.
type Summarizer struct {
	next   Writer
	policy Policy

	counts     Summary
	faults     bool
	incomplete bool
	covered    bool
	broken     []brokenLink
	waived     map[codeAt]bool
	onLink     map[string]linkFindings
	appeared   map[codeAt]bool // as waived: codes of new findings
	compared   *comparison     // nil without a baseline
}

// brokenLink is what a waiver may be held against: not the whole link, whose
// matrix would stay in memory until the end of the run.
type brokenLink struct {
	id, source, destination string
	codes                   []string
	existing                bool
}

// codeAt is a failure code on a link or a bucket.
type codeAt struct{ where, code string }

// linkFindings is what is known of the failing findings about one link.
type linkFindings struct{ waived, open, appeared bool }

// Summarize puts a Summarizer before next.
func Summarize(next Writer, p Policy) *Summarizer {
	if p.FailOn == "" {
		p.FailOn = finding.Low
	}
	s := &Summarizer{next: next, policy: p, waived: map[codeAt]bool{}, onLink: map[string]linkFindings{}, appeared: map[codeAt]bool{}}
	if p.Baseline != nil {
		s.compared = compareWith(p.Baseline)
	}
	return s
}

// Write counts the message and passes it on.
func (s *Summarizer) Write(m Message) error {
	if s.compared != nil {
		if m.Past != nil {
			return nil
		}
		m = s.compared.mark(m)
	}
	switch {
	case m.Run != nil:
		switch {
		case m.Run.Baseline != nil && s.counts.Baseline == nil:
			s.counts.Baseline = &BaselineCounts{}
		case m.Run.Baseline == nil && s.policy.FailOnNew:
			return errors.New("the run was not held against a baseline, so nothing says what is new: give --baseline RUNFILE")
		}
	case m.Link != nil:
		switch m.Link.Verdict {
		case finding.Works:
			s.counts.Links.Works++
		case finding.Broken:
			s.counts.Links.Broken++
			s.broken = append(s.broken, brokenLink{m.Link.ID, m.Link.Source.Bucket, m.Link.Destination.Bucket, m.Link.FailureCodes, m.Link.Baseline == MarkExisting})
			if b := s.counts.Baseline; b != nil && m.Link.Baseline == MarkNew {
				b.NewLinks++
			}
		default:
			s.counts.Links.Unknown++
			s.incomplete = true
		}
	case m.Finding != nil:
		s.finding(m.Finding)
	case m.Measurement != nil:
		s.faults = s.faults || m.Measurement.Fault() && s.gates(m.Measurement.Baseline)
		if b := s.counts.Baseline; b != nil && m.Measurement.Baseline == MarkNew {
			b.NewProbes++
		}
		s.incomplete = s.incomplete || m.Measurement.Undecided()
	case m.Gap != nil:
		s.incomplete = true
	case m.Coverage != nil:
		s.covered = true
		if !complete(*m.Coverage) {
			s.incomplete = true
		}
	case m.Past != nil:
		s.past(m.Past)
	case m.Summary != nil:
		return nil
	}
	return s.next.Write(m)
}

// gates reports whether a fault with this mark decides.
func (s *Summarizer) gates(mark string) bool { return !s.policy.FailOnNew || mark != MarkExisting }

func (s *Summarizer) past(p *Past) {
	b := s.counts.Baseline
	if b == nil { // the run does not say what it was held against
		b = &BaselineCounts{}
		s.counts.Baseline = b
	}
	if p.Change == Fixed {
		b.Fixed++
		return
	}
	b.Unknown++
	s.incomplete = true
}

func (s *Summarizer) finding(f *finding.Finding) {
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
			s.faults = s.faults || rank(f.Severity) <= rank(s.policy.FailOn) && s.gates(f.Baseline)
			if b := s.counts.Baseline; b != nil {
				if f.Baseline == MarkExisting {
					b.Existing++
				} else {
					b.New++
				}
			}
			if !s.policy.FailOnNew || f.Baseline == MarkExisting {
				return
			}
			codes = s.appeared
		} else {
			s.counts.Findings.Waived++
		}
		where := f.Link
		if where == "" {
			where = bucketOf(f.Resource)
		}
		for _, code := range f.FailureCodes {
			codes[codeAt{where, code}] = true
		}
	default:
		s.counts.Findings.Unknown++
		s.incomplete = true
	}
}

// Summary is the summary of what was written so far.
func (s *Summarizer) Summary() Summary {
	sum := s.counts
	if b := sum.Baseline; b != nil {
		own := *b
		sum.Baseline = &own
	}
	faults := s.faults
	for _, l := range s.broken {
		faults = faults || !s.linkWaived(l) && (!s.policy.FailOnNew || s.linkNew(l))
	}
	switch {
	case faults:
		sum.ExitStatus = ExitFaults
	case (s.incomplete || !s.covered) && !s.policy.AllowIncomplete:
		sum.ExitStatus = ExitIncomplete
	}
	return sum
}

func (s *Summarizer) linkWaived(l brokenLink) bool {
	for _, code := range l.codes {
		if !l.has(s.waived, code) {
			return false
		}
	}
	on := s.onLink[l.id]
	return !on.open && (on.waived || len(l.codes) > 0)
}

func (s *Summarizer) linkNew(l brokenLink) bool {
	return !l.existing || len(l.codes) == 0 && s.onLink[l.id].appeared ||
		slices.ContainsFunc(l.codes, func(code string) bool { return l.has(s.appeared, code) })
}

// has reports whether a code is among those of the link or of one of its buckets.
func (l brokenLink) has(codes map[codeAt]bool, code string) bool {
	return codes[codeAt{l.id, code}] || codes[codeAt{l.source, code}] || codes[codeAt{l.destination, code}]
}

// Close sends what the baseline had, and the summary, and closes the next writer.
func (s *Summarizer) Close() error {
	var err error
	if s.compared != nil {
		for _, p := range s.compared.past() {
			s.past(p)
			err = errors.Join(err, s.next.Write(Message{Past: p}))
		}
	}
	sum := s.Summary()
	return errors.Join(err, s.next.Write(Message{Summary: &sum}), s.next.Close())
}

// complete reports whether all that was listed was also read.
func complete(c fact.Coverage) bool {
	return c.Accounts.Unreadable == 0 && c.Accounts.Scanned >= c.Accounts.Listed && c.Buckets.Scanned >= c.Buckets.Listed
}

// bucketOf is the name in a bucket's ARN; anything else is returned as it is.
func bucketOf(resource string) string {
	if strings.HasPrefix(resource, "arn:") {
		return resource[strings.LastIndexByte(resource, ':')+1:]
	}
	return resource
}
