// Package replicate is S3 Replication. A write into a bucket with a replication
// configuration owes a copy to each destination; the copy is due after the lag and is
// made, or fails with one of S3's failure codes, when [Settle] is called. Comments say
// what was recorded from AWS; the rest follows its documentation.
package replicate

import (
	"slices"
	"time"

	"crosscheck/scanner/sandbox/state"
)

// New starts the replication of a version or delete marker that a caller
// just wrote.
func New(s *state.State, b *state.Bucket, v *state.Version) {
	if b.Replication == nil || v.ID == "null" {
		return
	}
	for _, r := range winners(b.Replication, v) {
		if !eligible(&r, v) {
			continue
		}
		t := &state.ReplicationTarget{Rule: r}
		v.Targets = append(v.Targets, t)
		operation := operationPut
		if v.Marker {
			operation = operationDelete
		}
		owe(s, b, v, t, operation)
	}
}

// Change replicates new tags, retention or legal hold of a version to
// where the version itself went. A replica hands a change on only by a rule with
// replica modification sync.
func Change(s *state.State, b *state.Bucket, v *state.Version) {
	if b.Replication == nil {
		return
	}
	targets := v.Targets
	if v.Replica {
		targets = nil
		for _, r := range winners(b.Replication, v) {
			if c := r.SourceSelectionCriteria; c != nil && c.ReplicaModifications.Enabled() {
				targets = append(targets, &state.ReplicationTarget{Rule: r})
			}
		}
		v.Targets = targets
	}
	for _, t := range targets {
		owe(s, b, v, t, operationChange)
	}
}

// owe puts a task where its due time belongs.
func owe(s *state.State, b *state.Bucket, v *state.Version, t *state.ReplicationTarget, operation string) {
	now := time.Now()
	t.Open++
	v.Status = "PENDING"
	task := &state.ReplicationTask{
		Due: now.Add(s.LagOf(b, t.Rule.ID)), Bucket: b.Name, Version: v, Target: t, Operation: operation, Requested: now,
	}
	at, _ := slices.BinarySearchFunc(s.Pending, task.Due, func(t *state.ReplicationTask, due time.Time) int {
		if t.Due.After(due) {
			return 1
		}
		return -1 // equal: behind those that are there
	})
	s.Pending = slices.Insert(s.Pending, at, task)
}

// winners are the rules that apply to a version: of those that match, the one
// with the highest priority for each destination.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html
func winners(c *state.ReplicationConfiguration, v *state.Version) []state.ReplicationRule {
	var winners []state.ReplicationRule
	for _, r := range c.Rules {
		if !ruleMatches(&r, v) {
			continue
		}
		at := slices.IndexFunc(winners, func(w state.ReplicationRule) bool { return w.Destination.Bucket == r.Destination.Bucket })
		switch {
		case at < 0:
			winners = append(winners, r)
		case r.Priority != nil && winners[at].Priority != nil && *r.Priority > *winners[at].Priority:
			winners[at] = r
		}
	}
	return winners
}

// matches reports whether an enabled rule's filter covers a version.
func ruleMatches(r *state.ReplicationRule, v *state.Version) bool {
	return r.Status == state.Enabled && r.Takes(v.Key, v.Tags)
}

// eligible reports whether S3 replicates such a version by a rule that covers it.
// What is not eligible has no replication status.
func eligible(r *state.ReplicationRule, v *state.Version) bool {
	if v.Marker {
		// V1 replicates the delete markers that users make, V2 if it is told to.
		return !r.V2() || r.DeleteMarkerReplication.Enabled()
	}
	if v.SSE.Key != "" && (r.SourceSelectionCriteria == nil || !r.SourceSelectionCriteria.SseKmsEncryptedObjects.Enabled()) {
		return false
	}
	return !v.Archived()
}

// Settle does everything that has fallen due, in order of due time. It runs with
// s.mu held, before each request: one that changes a role must not change what was
// due before it.
func Settle(s *state.State) {
	now := time.Now()
	for len(s.Pending) > 0 && !s.Pending[0].Due.After(now) {
		task := s.Pending[0]
		s.Pending[0] = nil
		s.Pending = s.Pending[1:]
		settleTask(s, task)
	}
}

func settleTask(s *state.State, task *state.ReplicationTask) {
	v, t := task.Version, task.Target
	a := &attempt{s: s, task: task, v: v, rule: t.Rule, source: s.Bucket(task.Bucket)}
	code := a.run()
	t.Open--
	t.Failed = code != ""
	if code != "" {
		recordFailure(s, a, code)
	}
	open, failed := 0, false
	for _, t := range v.Targets {
		open += t.Open
		failed = failed || t.Failed
	}
	switch {
	case open > 0:
	case failed:
		v.Status = "FAILED"
	case v.Replica:
		v.Status = "REPLICA"
	default:
		v.Status = "COMPLETED"
	}
}

func recordFailure(s *state.State, a *attempt, code string) {
	if a.source == nil {
		return // there is no bucket to notify
	}
	e := state.ReplicationEvent{
		EventVersion: "2.6", EventSource: "aws:s3", AWSRegion: a.source.Region,
		EventTime: a.task.Due.UTC().Truncate(time.Millisecond), EventName: "Replication:OperationFailedReplication",
	}
	e.S3.Bucket.Name, e.S3.Bucket.ARN = a.source.Name, "arn:"+s.Partition+":s3:::"+a.source.Name
	e.S3.Object.Key, e.S3.Object.Size, e.S3.Object.ETag, e.S3.Object.VersionID = a.v.Key, len(a.v.Body), a.v.ETag, a.v.ID
	d := &e.ReplicationEventData
	d.ReplicationRuleID, d.DestinationBucket, d.S3Operation = a.rule.ID, a.rule.Destination.Bucket, a.task.Operation
	d.RequestTime, d.FailureReason = a.task.Requested.UTC().Truncate(time.Millisecond), code
	m := a.rule.Destination.Metrics
	e.Sent = m != nil && m.Status == state.Enabled && code != srcGetTaggingNotPermitted && code != dstPutTaggingNotPermitted
	a.source.Failures = append(a.source.Failures, e)
}

// The operations of a replication event. Only OBJECT_PUT was recorded.
const (
	operationPut    = "OBJECT_PUT"
	operationDelete = "OBJECT_DELETE"
	operationChange = "OBJECT_PUT_TAGGING"
)
