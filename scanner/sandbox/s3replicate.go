package sandbox

import (
	"slices"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

// Replication. A write into a bucket with a replication configuration owes a copy
// to each destination; the copy falls due after the lag and is made (or fails) at
// the next request. What S3 does then is as AWS was recorded doing it; comments
// say where nothing was recorded.

// replicationTask is one operation that S3 owes a destination.
type replicationTask struct {
	due       time.Time
	bucket    string // source
	version   *version
	target    *replicationTarget
	operation string // OBJECT_PUT, …
	requested time.Time
}

// replicationTarget is one destination of a version: the rule that chose it, and
// how far S3 got.
type replicationTarget struct {
	rule   replicationRule // as it stood when the version was written
	open   int             // tasks not yet settled
	failed bool            // the last settled one failed
}

// The operations of a replication event. Only OBJECT_PUT was recorded.
const (
	operationPut    = "OBJECT_PUT"
	operationDelete = "OBJECT_DELETE"
	operationChange = "OBJECT_PUT_TAGGING"
)

// S3's failure codes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-failure-codes.html
const (
	assumeRoleNotPermitted           = "AssumeRoleNotPermitted"
	dstBucketNotFound                = "DstBucketNotFound"
	dstBucketObjectLockConfigMissing = "DstBucketObjectLockConfigMissing"
	dstBucketUnversioned             = "DstBucketUnversioned"
	dstDelObjNotPermitted            = "DstDelObjNotPermitted"
	dstKmsKeyInvalidState            = "DstKmsKeyInvalidState"
	dstKmsKeyNotFound                = "DstKmsKeyNotFound"
	dstPutObjectNotPermitted         = "DstPutObjectNotPermitted"
	dstPutTaggingNotPermitted        = "DstPutTaggingNotPermitted"
	dstVersionNotFound               = "DstVersionNotFound"
	srcBucketNotFound                = "SrcBucketNotFound"
	srcBucketReplicationMissing      = "SrcBucketReplicationConfigMissing"
	srcGetACLNotPermitted            = "SrcGetAclNotPermitted"
	srcGetLegalHoldNotPermitted      = "SrcGetLegalHoldNotPermitted"
	srcGetObjectNotPermitted         = "SrcGetObjectNotPermitted"
	srcGetRetentionNotPermitted      = "SrcGetRetentionNotPermitted"
	srcGetTaggingNotPermitted        = "SrcGetTaggingNotPermitted"
	srcHeadObjectNotPermitted        = "SrcHeadObjectNotPermitted"
	srcKmsKeyInvalidState            = "SrcKmsKeyInvalidState"
	srcVersionNotFound               = "SrcVersionNotFound"
)

// setLag sets the replication lag from now on: of one rule of a bucket, of a
// bucket (rule ""), or of every bucket that has none of its own (bucket ""). What
// is already under way keeps its time. It reports whether bucket and rule exist.
func (s *State) setLag(bucket, rule string, lag time.Duration) bool {
	if bucket == "" {
		s.lag = lag
		return true
	}
	b := s.bucket(bucket)
	switch {
	case b == nil:
		return false
	case rule == "":
		b.lag = &lag
		return true
	case b.replication == nil || !slices.ContainsFunc(b.replication.Rules, func(r replicationRule) bool { return r.ID == rule }):
		return false
	}
	if b.ruleLag == nil {
		b.ruleLag = map[string]time.Duration{}
	}
	b.ruleLag[rule] = lag
	return true
}

func lagOf(s *State, b *bucket, rule string) time.Duration {
	if lag, ok := b.ruleLag[rule]; ok {
		return lag
	}
	if b.lag != nil {
		return *b.lag
	}
	return s.lag
}

// replicateNew starts the replication of a version or delete marker that a caller
// just wrote.
func replicateNew(s *State, b *bucket, v *version) {
	if b.replication == nil || v.id == "null" {
		return
	}
	for _, r := range b.replication.winners(v) {
		if !r.eligible(v) {
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
		for _, r := range b.replication.winners(v) {
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
func (c *replicationConfiguration) winners(v *version) []replicationRule {
	var winners []replicationRule
	for _, r := range c.Rules {
		if !r.matches(v) {
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
func (r *replicationRule) matches(v *version) bool {
	if r.Status != enabled || !strings.HasPrefix(v.key, r.prefix()) {
		return false
	}
	for _, want := range r.tags() {
		if !slices.Contains(v.tags, want) {
			return false
		}
	}
	return true
}

// eligible reports whether S3 replicates such a version by a rule that covers it.
// What is not eligible has no replication status.
func (r *replicationRule) eligible(v *version) bool {
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

// attempt is S3 trying one task.
type attempt struct {
	s                   *State
	task                *replicationTask
	v                   *version
	rule                replicationRule
	source, destination *bucket
	who                 *identity // the role's session
	warning             string    // the object arrived, but FAILED with this code: its tags did not
}

// run does a task and returns the code of its failure, "" if it succeeded.
func (a *attempt) run() string {
	if a.source == nil {
		return srcBucketNotFound
	}
	if a.source.replication == nil {
		return srcBucketReplicationMissing
	}
	if a.source.version(a.v.key, a.v.id) != a.v {
		return srcVersionNotFound
	}
	if !a.assume() {
		return assumeRoleNotPermitted
	}
	a.destination = a.s.bucket(a.rule.destination())
	if a.destination == nil {
		return dstBucketNotFound
	}
	if a.destination.versioning != enabled {
		return dstBucketUnversioned
	}
	// Not recorded: what AWS does at run time where Destination.Account is not the
	// owner (PutBucketReplication takes it). The sandbox does not replicate into a
	// bucket that changed hands.
	if d := a.rule.Destination; d.Account != nil && *d.Account != a.destination.account {
		return dstPutObjectNotPermitted
	}
	switch a.task.operation {
	case operationDelete:
		return a.deleteMarker()
	case operationChange:
		return a.change()
	}
	return a.put()
}

// assume lets S3 assume the replication role. The sandbox sends aws:SourceAccount
// and aws:SourceArn of the source bucket; that AWS does so is not documented, and
// recorded only is that a value of another account is refused.
func (a *attempt) assume() bool {
	s, arn := a.s, a.source.replication.Role
	parsed, _ := parseARN(arn)
	owner := s.accounts[parsed.account]
	name := parsed.resource[strings.LastIndexByte(parsed.resource, '/')+1:]
	if owner == nil || owner.status != "ACTIVE" {
		return false
	}
	r := owner.roles[strings.ToLower(name)]
	if r == nil || r.arn != arn || strings.HasPrefix(r.path, "/aws-service-role/") {
		return false
	}
	service := &identity{principal: iam.Service("s3.amazonaws.com")}
	allowed := s.decide(service, question{
		action: "sts:AssumeRole", resource: r.arn, account: owner.id,
		kind: iam.TrustPolicy, policy: r.trust, name: r.name,
		context: map[string]iam.Value{
			"aws:sourceaccount": iam.One(a.source.account),
			"aws:sourcearn":     iam.One("arn:" + s.partition + ":s3:::" + a.source.name),
		},
	}).Result == iam.Allowed
	if !allowed {
		return false
	}
	a.who = s.sessionIdentity(owner.id, r, "s3-replication")
	return true
}

// decide judges an action of the role's session on an object at either end.
func (a *attempt) decide(b *bucket, action string, context map[string]iam.Value) iam.Decision {
	return a.s.decide(a.who, a.request(b, action, "/"+a.v.key, context))
}

func (a *attempt) may(b *bucket, action string) bool {
	return a.decide(b, action, nil).Result == iam.Allowed
}

// request is an question of the role's session. Where S3's own calls come from
// is not documented, so a policy that depends on the network is undecided, which
// does not permit: AWS names such policies as a cause of failed replication.
func (a *attempt) request(b *bucket, action, key string, context map[string]iam.Value) question {
	all := map[string]iam.Value{"aws:requestedregion": iam.One(b.region)}
	withTags(all, "s3:existingobjecttag/", a.v.tags)
	unknownNetwork(all)
	for k, v := range context {
		all[k] = v
	}
	return a.s.bucketRequest(b, action, "arn:"+a.s.partition+":s3:::"+b.name+key, all)
}

func unknownNetwork(context map[string]iam.Value) {
	for _, k := range []string{"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"} {
		context[k] = iam.Value{}
	}
}

// put replicates an object.
func (a *attempt) put() string {
	v := a.v
	// Symmetry of Object Lock is a matter of each object: one without any lock
	// member goes to a bucket without Object Lock.
	if a.destination.lock == nil && (v.retention != nil || v.legalHold != "") {
		return dstBucketObjectLockConfigMissing
	}
	if code := a.readSource(); code != "" {
		return code
	}
	replica := *v
	replica.replica, replica.status, replica.targets = true, "REPLICA", nil
	replica.tags = slices.Clone(v.tags)
	if code := a.authorizePut(&replica); code != "" {
		return code
	}
	a.copyTags(&replica)
	if class := a.rule.Destination.StorageClass; class != "" {
		if replica.storageClass = class; class == "STANDARD" {
			replica.storageClass = ""
		}
	}
	switch {
	case a.destination.ownership == bucketOwnerEnforced, a.rule.Destination.AccessControlTranslation != nil:
		replica.owner, replica.acl = a.destination.account, ""
	}
	// The destination's default retention is for objects without any lock member;
	// a legal hold that is OFF is one.
	if l := a.destination.lock; l != nil && l.Mode != "" && v.retention == nil && v.legalHold == "" {
		replica.retention = &retention{l.Mode, l.retainUntil(a.task.due)}
	}
	if old := a.destination.version(v.key, v.id); old != nil {
		a.destination.remove(old)
	}
	a.destination.insert(&replica)
	return a.warning
}

// readSource judges what the role must read at the source for the object itself.
func (a *attempt) readSource() string {
	v, b := a.v, a.source
	// Either action suffices, each judged alone; for KMS only the first is documented.
	if !a.may(b, "s3:GetObjectVersionForReplication") && (v.sse.key != "" || !a.may(b, "s3:GetObjectVersion")) {
		return srcGetObjectNotPermitted
	}
	if v.sse.key != "" {
		k := a.s.keys[v.sse.key]
		switch {
		case k == nil || k.state != "Enabled":
			return srcKmsKeyInvalidState
		case !a.mayUseKey(k, "Decrypt", b, v.sse.bucketKey):
			return srcGetObjectNotPermitted
		}
	}
	// An object of another account's needs READ and READ_ACP for the bucket's owner.
	if v.owner != b.account && b.ownership != bucketOwnerEnforced && !v.grantsBucketOwner("s3:GetObjectAcl") {
		return srcGetACLNotPermitted
	}
	if !a.may(b, "s3:GetObjectVersionAcl") {
		return srcGetACLNotPermitted
	}
	if v.retention != nil && !a.may(b, "s3:GetObjectRetention") {
		return srcGetRetentionNotPermitted
	}
	if v.legalHold != "" && !a.may(b, "s3:GetObjectLegalHold") {
		return srcGetLegalHoldNotPermitted
	}
	return ""
}

// mayUseKey judges a cryptographic operation. The encryption context is the
// object at that end, or its bucket with a bucket key.
func (a *attempt) mayUseKey(k *key, operation string, b *bucket, bucketKey bool) bool {
	object := "arn:" + a.s.partition + ":s3:::" + b.name
	if !bucketKey {
		object += "/" + a.v.key
	}
	req := a.s.keyRequest(a.who, k, operation, object)
	unknownNetwork(req.context)
	for _, name := range []string{"aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"} {
		req.context[name] = iam.Value{} // not documented for this call
	}
	return a.s.decide(a.who, req).Result == iam.Allowed
}

// authorizePut judges the write at the destination and sets how the replica is
// encrypted there.
func (a *attempt) authorizePut(replica *version) string {
	d, b := a.rule.Destination, a.destination
	if b.requestPayment == "Requester" && b.account != a.who.account {
		return dstPutObjectNotPermitted // documented: not for Requester Pays of another account
	}
	context := map[string]iam.Value{}
	var k *key
	switch {
	case a.v.sse.keyMD5 != "":
		context["s3:x-amz-server-side-encryption-customer-algorithm"] = iam.One("AES256")
		if slices.Contains(b.encryption.Blocked, "SSE-C") {
			return dstPutObjectNotPermitted // FAILED is recorded, the code is not
		}
	case a.v.sse.key != "":
		// An alias is resolved in the account of the role, which may be a trap.
		k = a.s.s3key(d.EncryptionConfiguration.ReplicaKmsKeyID, a.who.account, b.region)
		if k == nil || k.region != b.region {
			return dstKmsKeyNotFound
		}
		if k.state != "Enabled" {
			return dstKmsKeyInvalidState
		}
		replica.sse.key = k.arn
		context["s3:x-amz-server-side-encryption"] = iam.One(a.v.sse.algorithm)
		context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = iam.One(d.EncryptionConfiguration.ReplicaKmsKeyID)
	default:
		context["s3:x-amz-server-side-encryption"] = iam.One(a.v.sse.algorithm)
	}
	if a.decide(b, "s3:ReplicateObject", context).Result != iam.Allowed {
		return dstPutObjectNotPermitted
	}
	if d.AccessControlTranslation != nil && b.ownership != bucketOwnerEnforced && !a.may(b, "s3:ObjectOwnerOverrideToBucketOwner") {
		return dstPutObjectNotPermitted
	}
	if k != nil {
		// Encrypt suffices without a bucket key; with one, documentation asks for a
		// data key too (not recorded).
		operations := []string{"Encrypt"}
		if replica.sse.bucketKey {
			operations = []string{"Encrypt", "GenerateDataKey", "Decrypt"}
		}
		for _, operation := range operations {
			if !a.mayUseKey(k, operation, b, replica.sse.bucketKey) {
				return dstPutObjectNotPermitted
			}
		}
	}
	return ""
}

// copyTags judges reading and writing of tags. Without it the object arrives all
// the same, untagged, and the source says FAILED.
func (a *attempt) copyTags(replica *version) string {
	code := ""
	switch {
	case len(a.v.tags) == 0:
	case !a.may(a.source, "s3:GetObjectVersionTagging"):
		code = srcGetTaggingNotPermitted
	case a.decide(a.destination, "s3:ReplicateTags", nil).Reason == "explicit_deny":
		// ReplicateObject covers tags unless ReplicateTags is denied.
		code = dstPutTaggingNotPermitted
	}
	if code != "" {
		replica.tags, a.warning = nil, code
	}
	return code
}

// change replicates new tags and lock members of a version that is there already.
func (a *attempt) change() string {
	v := a.v
	replica := a.destination.version(v.key, v.id)
	if replica == nil {
		return dstVersionNotFound
	}
	if a.destination.lock == nil && (v.retention != nil || v.legalHold != "") {
		return dstBucketObjectLockConfigMissing
	}
	if !a.may(a.source, "s3:GetObjectVersionForReplication") && !a.may(a.source, "s3:GetObjectVersion") {
		return srcHeadObjectNotPermitted
	}
	if v.retention != nil && !a.may(a.source, "s3:GetObjectRetention") {
		return srcGetRetentionNotPermitted
	}
	if v.legalHold != "" && !a.may(a.source, "s3:GetObjectLegalHold") {
		return srcGetLegalHoldNotPermitted
	}
	if !slices.Equal(v.tags, replica.tags) {
		switch {
		case !a.may(a.source, "s3:GetObjectVersionTagging"):
			return srcGetTaggingNotPermitted
		case !a.may(a.destination, "s3:ReplicateObject"), a.decide(a.destination, "s3:ReplicateTags", nil).Reason == "explicit_deny":
			return dstPutTaggingNotPermitted
		}
		replica.tags = slices.Clone(v.tags)
	}
	if v.retention != nil {
		replica.retention = v.retention
	}
	if v.legalHold != "" {
		replica.legalHold = v.legalHold
	}
	return ""
}

// deleteMarker replicates a delete marker, with the version id of the source's.
func (a *attempt) deleteMarker() string {
	if !a.may(a.destination, "s3:ReplicateDelete") {
		return dstDelObjNotPermitted
	}
	if a.destination.version(a.v.key, a.v.id) == nil {
		marker := *a.v
		marker.replica, marker.status, marker.targets = true, "REPLICA", nil
		marker.owner = a.destination.account
		a.destination.insert(&marker)
	}
	return ""
}

// ReplicationEvent is S3's notification of a failed replication, as it stands in
// the Records of s3:Replication:OperationFailedReplication.
type ReplicationEvent struct {
	EventVersion string    `json:"eventVersion"`
	EventSource  string    `json:"eventSource"`
	AWSRegion    string    `json:"awsRegion"`
	EventTime    time.Time `json:"eventTime"`
	EventName    string    `json:"eventName"`
	S3           struct {
		Bucket struct {
			Name string `json:"name"`
			ARN  string `json:"arn"`
		} `json:"bucket"`
		Object struct {
			Key       string `json:"key"`
			Size      int    `json:"size"`
			ETag      string `json:"eTag"`
			VersionID string `json:"versionId"`
		} `json:"object"`
	} `json:"s3"`
	ReplicationEventData struct {
		ReplicationRuleID string    `json:"replicationRuleId"`
		DestinationBucket string    `json:"destinationBucket"` // ARN
		S3Operation       string    `json:"s3Operation"`
		RequestTime       time.Time `json:"requestTime"`
		FailureReason     string    `json:"failureReason"`
	} `json:"replicationEventData"`

	// Sent reports whether AWS would have sent the event: only for rules with
	// metrics, and never for tags that could not be read or written.
	Sent bool `json:"-"`
}

// failuresOf are the failures of a source bucket, oldest first; "" for those of all
// buckets.
func (s *State) failuresOf(bucket string) []ReplicationEvent {
	if bucket != "" {
		if b := s.bucket(bucket); b != nil {
			return slices.Clone(b.failures)
		}
		return nil
	}
	var all []ReplicationEvent
	for _, b := range s.buckets {
		all = append(all, b.failures...)
	}
	slices.SortFunc(all, func(a, b ReplicationEvent) int {
		if n := a.EventTime.Compare(b.EventTime); n != 0 {
			return n
		}
		return strings.Compare(a.S3.Bucket.Name+"/"+a.S3.Object.Key+"/"+a.ReplicationEventData.ReplicationRuleID,
			b.S3.Bucket.Name+"/"+b.S3.Object.Key+"/"+b.ReplicationEventData.ReplicationRuleID)
	})
	return all
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
