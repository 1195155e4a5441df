package report

import (
	"errors"
	"fmt"
	"strings"

	"crosscheck/rules"
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
	FailOn          rules.Severity // lowest severity of a failing finding that gates; "" is low
	AllowIncomplete bool           // what is unknown does not change the exit status
}

var severities = []rules.Severity{rules.Critical, rules.High, rules.Medium, rules.Low, rules.Info}

// ParseSeverity reads the value of --fail-on.
func ParseSeverity(s string) (rules.Severity, error) {
	for _, v := range severities {
		if s == string(v) {
			return v, nil
		}
	}
	return "", fmt.Errorf("unknown severity %q: use critical, high, medium, low or info", s)
}

// rank orders severities, the worst first. A severity that is not known ranks
// as critical: it must not slip below a gate.
func rank(s rules.Severity) int {
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
type Summarizer struct {
	next   Writer
	policy Policy

	counts     Summary
	faults     bool
	incomplete bool
	covered    bool
	broken     []brokenLink
	waived     map[waivedCode]bool
	onLink     map[string]linkFindings
}

// brokenLink is what a waiver may be held against: not the whole link, whose
// matrix would stay in memory until the end of the run.
type brokenLink struct {
	id, source, destination string
	codes                   []string
}

// waivedCode is a failure code that was waived on a link or a bucket.
type waivedCode struct{ where, code string }

// linkFindings is what is known of the failing findings about one link.
type linkFindings struct{ waived, open bool }

// Summarize puts a Summarizer before next.
func Summarize(next Writer, p Policy) *Summarizer {
	if p.FailOn == "" {
		p.FailOn = rules.Low
	}
	return &Summarizer{next: next, policy: p, waived: map[waivedCode]bool{}, onLink: map[string]linkFindings{}}
}

// Write counts the message and passes it on.
func (s *Summarizer) Write(m Message) error {
	switch {
	case m.Link != nil:
		switch m.Link.Verdict {
		case rules.Works:
			s.counts.Links.Works++
		case rules.Broken:
			s.counts.Links.Broken++
			s.broken = append(s.broken, brokenLink{m.Link.ID, m.Link.Source.Bucket, m.Link.Destination.Bucket, m.Link.FailureCodes})
		default:
			s.counts.Links.Unknown++
			s.incomplete = true
		}
	case m.Finding != nil:
		s.finding(m.Finding)
	case m.Measurement != nil:
		s.faults = s.faults || m.Measurement.Fault()
		s.incomplete = s.incomplete || m.Measurement.Undecided()
	case m.Gap != nil:
		s.incomplete = true
	case m.Coverage != nil:
		s.covered = true
		if !complete(*m.Coverage) {
			s.incomplete = true
		}
	case m.Summary != nil:
		return nil
	}
	return s.next.Write(m)
}

func (s *Summarizer) finding(f *rules.Finding) {
	switch f.Status {
	case rules.Pass:
		s.counts.Findings.Pass++
	case rules.NotApplicable:
	case rules.Fail:
		if f.Link != "" {
			on := s.onLink[f.Link]
			on.waived = on.waived || f.Waiver != nil
			on.open = on.open || f.Waiver == nil && f.Severity != rules.Info
			s.onLink[f.Link] = on
		}
		if f.Waiver == nil {
			s.counts.Findings.Fail++
			s.faults = s.faults || rank(f.Severity) <= rank(s.policy.FailOn)
			return
		}
		s.counts.Findings.Waived++
		where := f.Link
		if where == "" {
			where = bucketOf(f.Resource)
		}
		for _, code := range f.FailureCodes {
			s.waived[waivedCode{where, code}] = true
		}
	default:
		s.counts.Findings.Unknown++
		s.incomplete = true
	}
}

// Summary is the summary of what was written so far.
func (s *Summarizer) Summary() Summary {
	sum := s.counts
	faults := s.faults
	for _, l := range s.broken {
		faults = faults || !s.linkWaived(l)
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
		if !s.waived[waivedCode{l.id, code}] && !s.waived[waivedCode{l.source, code}] && !s.waived[waivedCode{l.destination, code}] {
			return false
		}
	}
	on := s.onLink[l.id]
	return !on.open && (on.waived || len(l.codes) > 0)
}

// Close sends the summary and closes the next writer.
func (s *Summarizer) Close() error {
	sum := s.Summary()
	return errors.Join(s.next.Write(Message{Summary: &sum}), s.next.Close())
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
