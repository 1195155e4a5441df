package sandbox

import (
	"slices"
	"strings"

	"crosscheck/rules/iam"
)

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
	a.destination = a.s.bucket(a.rule.destinationName())
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
