// Package report writes a run in the formats that people and pipelines read.
//
// A run is one stream of [Message] values: the run, then links, findings,
// measurements and gaps in no promised order, then the coverage and, where it was
// held against a [Baseline], what is past of that; at last the summary. Every format is a [Writer] over that stream, and the stream itself
// is a format (jsonl): a recorded run can be replayed into any other one with
// [Replay]. A stream without its summary was cut, and no writer makes a report
// of it.
//
// What is decided from the stream (the exit status) is decided once, by
// [Summarizer]; writers only show it.
package report

import (
	"errors"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// SchemaVersion is the version of the JSON document and of the run file.
const SchemaVersion = "1"

// Message is one message of a run: exactly one field is set. What it points to
// must not change after it was written, since writers keep it until Close.
type Message struct {
	Run         *Run
	Link        *finding.Link
	Finding     *finding.Finding
	Measurement *measure.Measurement
	Gap         *fact.Gap
	Judged      *Judged
	Coverage    *fact.Coverage
	Past        *Past
	Summary     *Summary
}

// Judged ends the messages about one bucket: all its links and findings stand
// between it and the Judged before. Only the run file has use for it: a run that
// was interrupted is continued from there ([Resume]).
type Judged struct {
	AccountID string              `json:"account_id"`
	Bucket    string              `json:"bucket"`
	Links     int                 `json:"links"`
	Whole     bool                `json:"whole"`          // nothing that was asked about it is a gap
	Kept      map[string][]string `json:"kept,omitempty"` // of it, by rules about the organization
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
	Baseline   *BaselineRun // the run that this one was held against, or nil
	Calls      []Calls      // to AWS, by API; they differ from run to run as times do
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
	Baseline   *BaselineCounts `json:"baseline,omitempty"` // nil where the run was held against none
	ExitStatus int             `json:"exit_status"`
}

// LinkCounts counts links by verdict.
type LinkCounts struct {
	Works   int `json:"works"`
	Broken  int `json:"broken"`
	Unknown int `json:"unknown"`
}

// FindingCounts counts findings by status; those that do not apply are not
// counted. A failing finding is counted once: waived, or else failing.
type FindingCounts struct {
	Fail    int `json:"fail"`
	Pass    int `json:"pass"`
	Unknown int `json:"unknown"`
	Waived  int `json:"waived"`
}

// Writer takes the messages of one run. Write and Close are called from one
// goroutine; nothing is written after Close, and Close is called once.
type Writer interface {
	Write(Message) error
	Close() error
}

// Tee writes every message to every writer. A writer that fails does not keep
// the others from the message.
func Tee(ws ...Writer) Writer { return tee(ws) }

type tee []Writer

func (t tee) Write(m Message) error {
	var errs []error
	for _, w := range t {
		errs = append(errs, w.Write(m))
	}
	return errors.Join(errs...)
}

func (t tee) Close() error {
	var errs []error
	for _, w := range t {
		errs = append(errs, w.Close())
	}
	return errors.Join(errs...)
}
