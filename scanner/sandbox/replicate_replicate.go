package sandbox

import (
	"slices"
	"strings"
	"time"
)

// replicateNew starts the replication of a version or delete marker that a caller
// just wrote.
func replicateNew(s *State, b *bucket, v *version) {
	if b.replication == nil || v.id == "null" {
		return
	}
	for _, r := range winners(b.replication, v) {
		if !eligible(&r, v) {
			continue
		}
		t := &replicationTarget{rule: r}
		v.targets = append(v.targets, t)
		operation := operationPut
		if v.marker {
			operation = operationDelete
		}
		owe(s, b, v, t, operation)
	}
}

// replicateChange replicates new tags, retention or legal hold of a version to
// where the version itself went. A replica hands a change on only by a rule with
// replica modification sync.
func replicateChange(s *State, b *bucket, v *version) {
	if b.replication == nil {
		return
	}
	targets := v.targets
	if v.replica {
		targets = nil
		for _, r := range winners(b.replication, v) {
			if c := r.SourceSelectionCriteria; c != nil && c.ReplicaModifications.enabled() {
				targets = append(targets, &replicationTarget{rule: r})
			}
		}
		v.targets = targets
	}
	for _, t := range targets {
		owe(s, b, v, t, operationChange)
	}
}

// owe puts a task where its due time belongs.
func owe(s *State, b *bucket, v *version, t *replicationTarget, operation string) {
	now := time.Now()
	t.open++
	v.status = "PENDING"
	task := &replicationTask{
		due: now.Add(lagOf(s, b, t.rule.ID)), bucket: b.name, version: v, target: t, operation: operation, requested: now,
	}
	at, _ := slices.BinarySearchFunc(s.pending, task.due, func(t *replicationTask, due time.Time) int {
		if t.due.After(due) {
			return 1
		}
		return -1 // equal: behind those that are there
	})
	s.pending = slices.Insert(s.pending, at, task)
}

// winners are the rules that apply to a version: of those that match, the one
// with the highest priority for each destination.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html
func winners(c *replicationConfiguration, v *version) []replicationRule {
	var winners []replicationRule
	for _, r := range c.Rules {
		if !ruleMatches(&r, v) {
			continue
		}
		at := slices.IndexFunc(winners, func(w replicationRule) bool { return w.Destination.Bucket == r.Destination.Bucket })
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
func ruleMatches(r *replicationRule, v *version) bool {
	if r.Status != enabled || !strings.HasPrefix(v.key, r.filterPrefix()) {
		return false
	}
	for _, want := range r.filterTags() {
		if !slices.Contains(v.tags, want) {
			return false
		}
	}
	return true
}

// eligible reports whether S3 replicates such a version by a rule that covers it.
// What is not eligible has no replication status.
func eligible(r *replicationRule, v *version) bool {
	if v.marker {
		// V1 replicates the delete markers that users make, V2 if it is told to.
		return !r.v2() || r.DeleteMarkerReplication.enabled()
	}
	if v.sse.key != "" && (r.SourceSelectionCriteria == nil || !r.SourceSelectionCriteria.SseKmsEncryptedObjects.enabled()) {
		return false
	}
	return !v.archived()
}

// settle does everything that has fallen due, in order of due time. It runs with
// s.mu held, before each request: one that changes a role must not change what was
// due before it.
func settle(s *State) {
	now := time.Now()
	for len(s.pending) > 0 && !s.pending[0].due.After(now) {
		task := s.pending[0]
		s.pending[0] = nil
		s.pending = s.pending[1:]
		settleTask(s, task)
	}
}

func settleTask(s *State, task *replicationTask) {
	v, t := task.version, task.target
	a := &attempt{s: s, task: task, v: v, rule: t.rule, source: s.bucket(task.bucket)}
	code := a.run()
	t.open--
	t.failed = code != ""
	if code != "" {
		recordFailure(s, a, code)
	}
	open, failed := 0, false
	for _, t := range v.targets {
		open += t.open
		failed = failed || t.failed
	}
	switch {
	case open > 0:
	case failed:
		v.status = "FAILED"
	case v.replica:
		v.status = "REPLICA"
	default:
		v.status = "COMPLETED"
	}
}

func recordFailure(s *State, a *attempt, code string) {
	if a.source == nil {
		return // nothing is left to tell it of
	}
	e := ReplicationEvent{
		EventVersion: "2.6", EventSource: "aws:s3", AWSRegion: a.source.region,
		EventTime: a.task.due.UTC().Truncate(time.Millisecond), EventName: "Replication:OperationFailedReplication",
	}
	e.S3.Bucket.Name, e.S3.Bucket.ARN = a.source.name, "arn:"+s.partition+":s3:::"+a.source.name
	e.S3.Object.Key, e.S3.Object.Size, e.S3.Object.ETag, e.S3.Object.VersionID = a.v.key, len(a.v.body), a.v.etag, a.v.id
	d := &e.ReplicationEventData
	d.ReplicationRuleID, d.DestinationBucket, d.S3Operation = a.rule.ID, a.rule.Destination.Bucket, a.task.operation
	d.RequestTime, d.FailureReason = a.task.requested.UTC().Truncate(time.Millisecond), code
	m := a.rule.Destination.Metrics
	e.Sent = m != nil && m.Status == enabled && code != srcGetTaggingNotPermitted && code != dstPutTaggingNotPermitted
	a.source.failures = append(a.source.failures, e)
}

// The operations of a replication event. Only OBJECT_PUT was recorded.
const (
	operationPut    = "OBJECT_PUT"
	operationDelete = "OBJECT_DELETE"
	operationChange = "OBJECT_PUT_TAGGING"
)
