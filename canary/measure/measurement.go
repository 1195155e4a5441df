// Package measure is what the canary shows, as plain data: the [Measurement] of
// one probe, how it ended ([Outcome]), and the [Latencies] of a link. It knows
// nothing of how probes are made or reported.
package measure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Outcome is how a probe ended. A probe that could not be decided is
// inconclusive, never arrived.
type Outcome string

// The outcomes.
const (
	Arrived      Outcome = "arrived"      // the replica was seen at the destination
	Failed       Outcome = "failed"       // S3 reported FAILED at the source
	Timeout      Outcome = "timeout"      // no replica within the time allowed, and no FAILED
	Inconclusive Outcome = "inconclusive" // the probe could not be put, or the destination not be read
	Differs      Outcome = "differs"      // the replica arrived and is not what the rule promises
	Absent       Outcome = "absent"       // what must not arrive did not, while it was watched
	Unexpected   Outcome = "unexpected"   // what must not arrive did
)

// Measurement is what one probe showed. The field order is the JSON order.
type Measurement struct {
	Link    string  `json:"link"`    // id of the link
	Key     string  `json:"key"`     // key of the probe object
	Variant string  `json:"variant"` // a [Variant]
	Outcome Outcome `json:"outcome"`
	// LatencyMS is the time from the answer to the PUT to the first sight of the replica,
	// in milliseconds; 0 unless it arrived.
	LatencyMS int64 `json:"latency_ms"`
	// SlackMS is how much shorter the latency may have been, in milliseconds: the replica
	// appeared within (latency-slack, latency].
	SlackMS int64 `json:"slack_ms"`
	// SourceStatus is the last x-amz-replication-status of the source: PENDING, COMPLETED,
	// FAILED, or "" = none was seen.
	SourceStatus string `json:"source_status"`
	Message      string `json:"message"` // what went wrong, "" when it arrived

	VersionID   string       `json:"version_id,omitempty"`  // of the probe object
	PutAt       string       `json:"put_at,omitempty"`      // RFC 3339 with milliseconds, UTC, by the local clock
	Transitions []Transition `json:"transitions,omitempty"` // each status of the source when it was first seen
	Checks      []Check      `json:"checks,omitempty"`      // replica compared with source and rule
	// Predicted is the audit's verdict on objects like the probe: works, partial, broken or unknown; "" =
	// not audited.
	Predicted    string   `json:"predicted,omitempty"`
	FailureCodes []string `json:"failure_codes,omitempty"` // that the audit predicts; S3 shows none at the source
	Polls        int      `json:"polls,omitempty"`         // looks at the destination and at the source's status
	// Requests counts all requests of the probe with its clean-up, without the retries of
	// the SDK.
	Requests  int        `json:"requests,omitempty"`
	Leftovers []Leftover `json:"left,omitempty"`     // what could not be removed
	Baseline  string     `json:"baseline,omitempty"` // of a fault: new or existing, "" = compared with no run
}

// Transition is a replication status of the source object and when it was first
// seen, in milliseconds after the answer to the PUT.
type Transition struct {
	Status  string `json:"status"`
	AfterMS int64  `json:"after_ms"`
}

// Check compares one property of the replica with what it has to be.
type Check struct {
	// Name is what is compared: version_id, size, checksum, body, metadata, tags,
	// storage_class, encryption, owner, status, etag, last_modified and others.
	Name   string `json:"name"`
	Result string `json:"result"` // equal, different, unknown, noted
	Want   string `json:"want,omitempty"`
	Got    string `json:"got,omitempty"`
}

// Results of a [Check].
const (
	Equal     = "equal"
	Different = "different"
	Unread    = "unknown" // it could not be read
	Tolerated = "noted"   // different, but AWS does not promise that it is equal
)

// Leftover is a version, delete marker or upload of a probe that was not removed.
type Leftover struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"version_id"` // "" = not known: what is there could not be listed
	Message   string `json:"message"`
}

// Proves is what the measurement says about the link: works, broken or unknown.
func (m *Measurement) Proves() string {
	switch m.Outcome {
	case Arrived, Absent:
		if m.Undecided() {
			return "unknown"
		}
		return "works"
	case Failed, Timeout, Differs, Unexpected:
		return "broken"
	}
	return "unknown"
}

// Fault reports whether the measurement makes the run fail: the link did not do
// what its rule promises, or something was left behind.
func (m *Measurement) Fault() bool {
	switch m.Outcome {
	case Failed, Timeout, Differs, Unexpected:
		return true
	}
	return len(m.Leftovers) > 0
}

// Undecided reports whether the measurement left open what it was made for.
func (m *Measurement) Undecided() bool {
	switch m.Outcome {
	case Failed, Timeout, Differs, Unexpected, Absent:
		return false
	case Arrived:
		return slices.ContainsFunc(m.Checks, func(c Check) bool { return c.Result == Unread })
	}
	return true // inconclusive, or nothing that was ever decided
}

// ChecksWith lists the checks with a result in one sentence, "" if there are none.
func (m *Measurement) ChecksWith(result string) string {
	var parts []string
	for _, c := range m.Checks {
		if c.Result != result {
			continue
		}
		s := c.Name
		if c.Want != "" || c.Got != "" {
			s += fmt.Sprintf(" (wanted %s, got %s)", cmp.Or(c.Want, "none"), cmp.Or(c.Got, "none"))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}
