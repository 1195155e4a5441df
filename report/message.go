// Package report is the stream of messages that a run is reported as: the messages, the
// run file, and the gate that decides the exit status. Each format is a package below it.
//
// A run is one stream of messages to a [Handler]: the run, then links, findings,
// measurements and gaps in no promised order, the changes that mend links, then the coverage; if a baseline was
// given, the findings that it had and that are now fixed or undetermined; finally
// the summary. The run file (jsonl) holds the stream as it is, and [Replay] reads it
// again. A stream without its summary was cut, and no report is made of it.
//
// What is decided from the stream (the exit status) is decided once, by
// [Summarizer]; writers only show it.
package report

import (
	"errors"
	"fmt"
	"strings"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// SchemaVersion is the version of the JSON document and of the run file.
const SchemaVersion = "2"

// Handler takes the messages of a run, one method for each kind. What it is given
// must not change afterwards, since handlers keep it until the run has ended.
type Handler interface {
	Run(*Run) error
	Link(*finding.Link) error
	Finding(*finding.Finding) error
	Measurement(*measure.Measurement) error
	Gap(*fact.Gap) error
	Facts(*fact.Document) error
	Judged(*Judged) error
	Repairs(*finding.Repairs) error
	Coverage(*fact.Coverage) error
	Past(*Past) error
	Summary(*Summary) error
}

// Writer makes something of one run. Its methods are called from one goroutine;
// Close is called once, and nothing after it.
type Writer interface {
	Handler
	Close() error
}

// Message is one message as a value: exactly one field is set. A line of the run
// file is one.
type Message struct {
	Run         *Run
	Link        *finding.Link
	Finding     *finding.Finding
	Measurement *measure.Measurement
	Gap         *fact.Gap
	Facts       *fact.Document // of a bucket with a link that fails, after its links and findings; only the run file has use for it
	Judged      *Judged
	Repairs     *finding.Repairs // of links that share policies or settings, and of no others; after all findings
	Coverage    *fact.Coverage
	Past        *Past
	Summary     *Summary
}

// Send calls the method of h for the message. It is the one place where the kinds
// of messages are told apart.
func (m Message) Send(h Handler) error {
	switch {
	case m.Run != nil:
		return h.Run(m.Run)
	case m.Link != nil:
		return h.Link(m.Link)
	case m.Finding != nil:
		return h.Finding(m.Finding)
	case m.Measurement != nil:
		return h.Measurement(m.Measurement)
	case m.Gap != nil:
		return h.Gap(m.Gap)
	case m.Facts != nil:
		return h.Facts(m.Facts)
	case m.Judged != nil:
		return h.Judged(m.Judged)
	case m.Repairs != nil:
		return h.Repairs(m.Repairs)
	case m.Coverage != nil:
		return h.Coverage(m.Coverage)
	case m.Past != nil:
		return h.Past(m.Past)
	case m.Summary != nil:
		return h.Summary(m.Summary)
	}
	return nil
}

// Judged ends the messages about one bucket: all its links and findings, and its facts, stand
// between it and the Judged before. Only the run file has use for it: a run that
// was interrupted is continued from there ([Resume]).
type Judged struct {
	AccountID string              `json:"account_id"`
	Bucket    string              `json:"bucket"`
	Links     int                 `json:"links"`
	Whole     bool                `json:"whole"`          // nothing that was asked about it is a gap
	Kept      map[string][]string `json:"kept,omitempty"` // of it, by rules about the organization

	// Additions are the elements of answers that this version does not know and that were
	// met since the bucket before it. They are the coverage's in the end.
	Additions []string `json:"additions,omitempty"`
}

// Run is the first message. It may be sent again, with FinishedAt set, when the
// run has ended; the last one counts.
type Run struct {
	ID         string
	StartedAt  string // RFC 3339, UTC
	FinishedAt string // likewise, "" while the run goes on
	Scope      fact.Scope
	Tool       Tool
	Judge      string       // digest of what judged: a run is continued only by the same; "" = not told. Only the run file has it
	Baseline   *BaselineRun // the run that this one was compared with, or nil
	Calls      []Calls      // to AWS, by API; they differ from run to run as times do
	With       []string     // documents that were judged instead of those of the facts, KIND:NAME=FILE: the run does not say how AWS is
}

// Calls is what the calls of one API came to.
type Calls struct {
	API        string `json:"api"`         // "s3:GetBucketReplication"
	Calls      int    `json:"calls"`       // however often each was tried
	Retries    int    `json:"retries"`     // attempts after the first of a call
	Throttles  int    `json:"throttles"`   // attempts that AWS refused for their number
	Errors     int    `json:"errors"`      // calls that ended in an error other than that there is no such thing
	DurationMS int64  `json:"duration_ms"` // of all of them together, waiting included
}

// Tool is the program that made the run.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Summary is the last message: what was counted, and the exit status.
type Summary struct {
	Links      LinkCounts      `json:"links"`
	Findings   FindingCounts   `json:"findings"`
	Baseline   *BaselineCounts `json:"baseline,omitempty"` // nil where the run was compared with none
	ExitStatus int             `json:"exit_status"`

	// WaivedLinks are the ids of the broken and partial links that do not gate, since their faults
	// are waived. They are decided anew whenever a recorded run is replayed.
	WaivedLinks []string `json:"-"`
}

// LinkCounts counts links by verdict.
type LinkCounts struct {
	Works   int `json:"works"`
	Partial int `json:"partial"`
	Broken  int `json:"broken"`
	Unknown int `json:"unknown"`
}

// Add counts n links of a verdict. One that is not known counts as unknown.
func (c *LinkCounts) Add(v finding.Verdict, n int) {
	switch v {
	case finding.Works:
		c.Works += n
	case finding.Partial:
		c.Partial += n
	case finding.Broken:
		c.Broken += n
	default:
		c.Unknown += n
	}
}

// All is the number of links.
func (c LinkCounts) All() int { return c.Works + c.Partial + c.Broken + c.Unknown }

// Failing is the number of links of which promised objects fail.
func (c LinkCounts) Failing() int { return c.Broken + c.Partial }

// String is the counts as reports show them, the worst first.
func (c LinkCounts) String() string {
	return fmt.Sprintf("%d broken, %d partial, %d unknown, %d working", c.Broken, c.Partial, c.Unknown, c.Works)
}

// FindingCounts counts findings by status; those that do not apply are not
// counted. A failing finding is counted once: waived, or else failing.
type FindingCounts struct {
	Fail    int `json:"fail"`
	Pass    int `json:"pass"`
	Unknown int `json:"unknown"`
	Waived  int `json:"waived"`
}

// Discard is a [Writer] that does nothing. A handler of some kinds of messages
// embeds it for the others.
type Discard struct{}

func (Discard) Run(*Run) error                         { return nil }
func (Discard) Link(*finding.Link) error               { return nil }
func (Discard) Finding(*finding.Finding) error         { return nil }
func (Discard) Measurement(*measure.Measurement) error { return nil }
func (Discard) Gap(*fact.Gap) error                    { return nil }
func (Discard) Facts(*fact.Document) error             { return nil }
func (Discard) Judged(*Judged) error                   { return nil }
func (Discard) Repairs(*finding.Repairs) error         { return nil }
func (Discard) Coverage(*fact.Coverage) error          { return nil }
func (Discard) Past(*Past) error                       { return nil }
func (Discard) Summary(*Summary) error                 { return nil }
func (Discard) Close() error                           { return nil }

// Tee gives every message to every writer, and closes them all. A writer that
// fails does not keep the others from the message.
func Tee(ws ...Writer) Writer { return tee(ws) }

type tee []Writer

func (t tee) all(f func(Writer) error) error {
	var errs []error
	for _, w := range t {
		errs = append(errs, f(w))
	}
	return errors.Join(errs...)
}

func (t tee) Run(v *Run) error {
	return t.all(func(w Writer) error { return w.Run(v) })
}

func (t tee) Link(v *finding.Link) error {
	return t.all(func(w Writer) error { return w.Link(v) })
}

func (t tee) Finding(v *finding.Finding) error {
	return t.all(func(w Writer) error { return w.Finding(v) })
}

func (t tee) Measurement(v *measure.Measurement) error {
	return t.all(func(w Writer) error { return w.Measurement(v) })
}

func (t tee) Gap(v *fact.Gap) error {
	return t.all(func(w Writer) error { return w.Gap(v) })
}

func (t tee) Facts(v *fact.Document) error {
	return t.all(func(w Writer) error { return w.Facts(v) })
}

func (t tee) Judged(v *Judged) error {
	return t.all(func(w Writer) error { return w.Judged(v) })
}

func (t tee) Repairs(v *finding.Repairs) error {
	return t.all(func(w Writer) error { return w.Repairs(v) })
}

func (t tee) Coverage(v *fact.Coverage) error {
	return t.all(func(w Writer) error { return w.Coverage(v) })
}

func (t tee) Past(v *Past) error {
	return t.all(func(w Writer) error { return w.Past(v) })
}

func (t tee) Summary(v *Summary) error {
	return t.all(func(w Writer) error { return w.Summary(v) })
}

func (t tee) Close() error { return t.all(Writer.Close) }

// BaselineRun names the run that another was compared with.
type BaselineRun struct {
	ID        string `json:"id"`
	StartedAt string `json:"started_at"`
}

// Past is a failing finding of the baseline that is none any more, or a link of the baseline
// (rule id [finding.LinkWorks]) that worked and is gone.
type Past struct {
	Change      string           `json:"change"` // Fixed, Gone, or Lost: not known now
	RuleID      string           `json:"rule_id"`
	Title       string           `json:"title"`
	Severity    finding.Severity `json:"severity"`
	AccountID   string           `json:"account_id"`
	Region      string           `json:"region"`
	Resource    string           `json:"resource"`
	Link        string           `json:"link"`
	Fingerprint string           `json:"fingerprint"`
}

// BaselineCounts counts what fails by what the baseline says of it. Findings under
// a waiver are not counted.
type BaselineCounts struct {
	New       int `json:"new"`
	Existing  int `json:"existing"`
	Fixed     int `json:"fixed"`      // failed in the baseline
	Unknown   int `json:"unknown"`    // failed in the baseline, and are not known now
	Gone      int `json:"gone"`       // failed in the baseline, and what they were about is gone
	GoneLinks int `json:"gone_links"` // worked in the baseline, and are gone
	NewLinks  int `json:"new_links"`  // broken or partial, and were not, or for other reasons
	NewProbes int `json:"new_probes"` // failed, and did not
}

// Marks of what fails in a run that is compared with a baseline.
const (
	MarkNew      = "new"      // it did not fail in the baseline, or a waiver excused it there and does not now
	MarkExisting = "existing" // it failed in the baseline
)

// Changes of a finding from one run to the next.
const (
	Appeared = "appeared" // fails now, without a waiver, and did not
	Fixed    = "fixed"    // failed, and what it was about was judged again without it
	Gone     = "gone"     // what it was about is not there any more
	Waived   = "waived"   // gated, and fails under a waiver now
	Lost     = "unknown"  // was decided, or was not there, and is not known now
)

// BucketOf is the name in a bucket's ARN; anything else is returned as it is.
func BucketOf(resource string) string {
	if strings.HasPrefix(resource, "arn:") {
		return resource[strings.LastIndexByte(resource, ':')+1:]
	}
	return resource
}
