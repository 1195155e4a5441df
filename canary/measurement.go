// Package canary proves links by experiment: it puts probe objects into source
// buckets, watches for their replicas, and removes both again.
package canary

// Outcome is how a probe ended. A probe that could not be decided is
// inconclusive, never arrived.
type Outcome string

const (
	Arrived      Outcome = "arrived"      // the replica was seen at the destination
	Failed       Outcome = "failed"       // S3 reported FAILED at the source
	Timeout      Outcome = "timeout"      // no replica within the time allowed, and no FAILED
	Inconclusive Outcome = "inconclusive" // the probe could not be put, or the destination not be read
)

// Measurement is what one probe showed. The field order is the JSON order.
type Measurement struct {
	Link         string  `json:"link"`    // id of the link
	Key          string  `json:"key"`     // key of the probe object
	Variant      string  `json:"variant"` // plain, …
	Outcome      Outcome `json:"outcome"`
	LatencyMS    int64   `json:"latency_ms"`    // milliseconds from PUT to the first sight of the replica; 0 unless arrived
	SlackMS      int64   `json:"slack_ms"`      // milliseconds; the replica appeared within (latency-slack, latency]
	SourceStatus string  `json:"source_status"` // last x-amz-replication-status of the source: PENDING, COMPLETED, FAILED, or "" = none seen
	Message      string  `json:"message"`       // what went wrong, "" when it arrived
}
