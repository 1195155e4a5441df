package replicate

import (
	"slices"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/scanner/sandbox/state"
)

// attempt is S3 trying one task.
type attempt struct {
	s                   *state.State
	task                *state.ReplicationTask
	v                   *state.Version
	rule                state.ReplicationRule
	source, destination *state.Bucket
	who                 *state.Identity // the role's session
	warning             string          // the object arrived, but FAILED with this code: its tags did not
}

// run does a task and returns the code of its failure, "" if it succeeded.
func (a *attempt) run() string {
	if a.source == nil {
		return srcBucketNotFound
	}
	if a.source.Replication == nil {
		return srcBucketReplicationMissing
	}
	if a.source.Version(a.v.Key, a.v.ID) != a.v {
		return srcVersionNotFound
	}
	if !a.assume() {
		return assumeRoleNotPermitted
	}
	a.destination = a.s.Bucket(a.rule.DestinationName())
	if a.destination == nil {
		return dstBucketNotFound
	}
	if a.destination.Versioning != state.Enabled {
		return dstBucketUnversioned
	}
	// Not recorded: what AWS does at run time where Destination.Account is not the
	// owner (PutBucketReplication takes it). The sandbox does not replicate into a
	// bucket that changed hands.
	if d := a.rule.Destination; d.Account != nil && *d.Account != a.destination.Account {
		return dstPutObjectNotPermitted
	}
	switch a.task.Operation {
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
	s, arn := a.s, a.source.Replication.Role
	parsed, _ := state.ParseARN(arn)
	owner := s.Accounts[parsed.Account]
	name := parsed.Resource[strings.LastIndexByte(parsed.Resource, '/')+1:]
	if owner == nil || owner.Status != "ACTIVE" {
		return false
	}
	r := owner.Roles[strings.ToLower(name)]
	if r == nil || r.ARN != arn || strings.HasPrefix(r.Path, "/aws-service-role/") {
		return false
	}
	service := &state.Identity{Principal: principal.Service("s3.amazonaws.com")}
	allowed := s.Decide(service, state.Question{
		Action: "sts:AssumeRole", Resource: r.ARN, Account: owner.ID,
		Kind: policy.Trust, Policy: r.Trust, Name: r.Name,
		Context: map[string]contextkey.Value{
			"aws:sourceaccount": contextkey.One(a.source.Account),
			"aws:sourcearn":     contextkey.One("arn:" + s.Partition + ":s3:::" + a.source.Name),
		},
	}).Result == iam.Allowed
	if !allowed {
		return false
	}
	a.who = s.SessionIdentity(owner.ID, r, "s3-replication")
	return true
}

// decide judges an action of the role's session on an object at either end.
func (a *attempt) decide(b *state.Bucket, action string, context map[string]contextkey.Value) iam.Decision {
	return a.s.Decide(a.who, a.request(b, action, "/"+a.v.Key, context))
}

func (a *attempt) may(b *state.Bucket, action string) bool {
	return a.decide(b, action, nil).Result == iam.Allowed
}

// request is an question of the role's session. Where S3's own calls come from
// is not documented, so a policy that depends on the network is undecided, which
// does not permit: AWS names such policies as a cause of failed replication.
func (a *attempt) request(b *state.Bucket, action, key string, context map[string]contextkey.Value) state.Question {
	all := map[string]contextkey.Value{"aws:requestedregion": contextkey.One(b.Region)}
	state.AddTags(all, "s3:existingobjecttag/", a.v.Tags)
	unknownNetwork(all)
	for k, v := range context {
		all[k] = v
	}
	return a.s.BucketQuestion(b, action, "arn:"+a.s.Partition+":s3:::"+b.Name+key, all)
}

func unknownNetwork(context map[string]contextkey.Value) {
	for _, k := range []string{"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"} {
		context[k] = contextkey.Value{}
	}
}

// put replicates an object.
func (a *attempt) put() string {
	v := a.v
	// Symmetry of Object Lock is a matter of each object: one without any lock
	// member goes to a bucket without Object Lock.
	if a.destination.Lock == nil && (v.Retention != nil || v.LegalHold != "" || v.EventHold) {
		return dstBucketObjectLockConfigMissing
	}
	if code := a.readSource(); code != "" {
		return code
	}
	replica := *v
	replica.Replica, replica.Status, replica.Targets = true, "REPLICA", nil
	replica.Tags = slices.Clone(v.Tags)
	if code := a.authorizePut(&replica); code != "" {
		return code
	}
	a.copyTags(&replica)
	if class := a.rule.Destination.StorageClass; class != "" {
		if replica.StorageClass = class; class == "STANDARD" {
			replica.StorageClass = ""
		}
	}
	switch {
	case a.destination.Ownership == state.BucketOwnerEnforced, a.rule.Destination.AccessControlTranslation != nil:
		replica.Owner, replica.ACL = a.destination.Account, ""
	}
	// The destination's default retention is for objects without any lock member;
	// a legal hold that is OFF is one.
	if l := a.destination.Lock; l != nil && l.Mode != "" && v.Retention == nil && v.LegalHold == "" {
		replica.Retention = &state.Retention{Mode: l.Mode, Until: l.RetainUntil(a.task.Due)}
	}
	if old := a.destination.Version(v.Key, v.ID); old != nil {
		a.destination.Remove(old)
	}
	a.destination.Insert(&replica)
	return a.warning
}

// readSource judges what the role must read at the source for the object itself.
func (a *attempt) readSource() string {
	v, b := a.v, a.source
	// Either action suffices, each judged alone; for KMS only the first is documented.
	if !a.may(b, "s3:GetObjectVersionForReplication") && (v.SSE.Key != "" || !a.may(b, "s3:GetObjectVersion")) {
		return srcGetObjectNotPermitted
	}
	if v.SSE.Key != "" {
		k := a.s.Keys[v.SSE.Key]
		switch {
		case k == nil || k.State != "Enabled":
			return srcKmsKeyInvalidState
		case !a.mayUseKey(k, "Decrypt", b, v.SSE.BucketKey):
			return srcGetObjectNotPermitted
		}
	}
	// An object of another account's needs READ and READ_ACP for the bucket's owner.
	if v.Owner != b.Account && b.Ownership != state.BucketOwnerEnforced && !v.GrantsBucketOwner("s3:GetObjectAcl") {
		return srcGetACLNotPermitted
	}
	if !a.may(b, "s3:GetObjectVersionAcl") {
		return srcGetACLNotPermitted
	}
	if v.Retention != nil && !a.may(b, "s3:GetObjectRetention") {
		return srcGetRetentionNotPermitted
	}
	if v.LegalHold != "" && !a.may(b, "s3:GetObjectLegalHold") {
		return srcGetLegalHoldNotPermitted
	}
	return ""
}

// mayUseKey judges a cryptographic operation. The encryption context is the
// object at that end, or its bucket with a bucket key.
func (a *attempt) mayUseKey(k *state.Key, operation string, b *state.Bucket, bucketKey bool) bool {
	object := "arn:" + a.s.Partition + ":s3:::" + b.Name
	if !bucketKey {
		object += "/" + a.v.Key
	}
	req := a.s.KeyQuestion(a.who, k, operation, object)
	unknownNetwork(req.Context)
	for _, name := range []string{"aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"} {
		req.Context[name] = contextkey.Value{} // not documented for this call
	}
	return a.s.Decide(a.who, req).Result == iam.Allowed
}

// authorizePut judges the write at the destination and sets how the replica is
// encrypted there.
func (a *attempt) authorizePut(replica *state.Version) string {
	d, b := a.rule.Destination, a.destination
	if b.RequestPayment == "Requester" && b.Account != a.who.Account {
		return dstPutObjectNotPermitted // documented: not for Requester Pays of another account
	}
	context := map[string]contextkey.Value{}
	var k *state.Key
	switch {
	case a.v.SSE.KeyMD5 != "":
		context["s3:x-amz-server-side-encryption-customer-algorithm"] = contextkey.One("AES256")
		if slices.Contains(b.Encryption.Blocked, "SSE-C") {
			return dstPutObjectNotPermitted // FAILED is recorded, the code is not
		}
	case a.v.SSE.Key != "":
		// An alias is resolved in the account of the role, which may be a trap.
		id := d.EncryptionConfiguration.KeyOf(a.v.SSE.Key, b.Region)
		k = a.s.FindS3Key(id, a.who.Account, b.Region)
		if k == nil || k.Region != b.Region {
			return dstKmsKeyNotFound
		}
		if k.State != "Enabled" {
			return dstKmsKeyInvalidState
		}
		replica.SSE.Key = k.ARN
		context["s3:x-amz-server-side-encryption"] = contextkey.One(a.v.SSE.Algorithm)
		context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = contextkey.One(id)
	default:
		context["s3:x-amz-server-side-encryption"] = contextkey.One(a.v.SSE.Algorithm)
	}
	if a.decide(b, "s3:ReplicateObject", context).Result != iam.Allowed {
		return dstPutObjectNotPermitted
	}
	if d.AccessControlTranslation != nil && b.Ownership != state.BucketOwnerEnforced && !a.may(b, "s3:ObjectOwnerOverrideToBucketOwner") {
		return dstPutObjectNotPermitted
	}
	if k != nil {
		// Encrypt suffices without a bucket key; with one, documentation asks for a
		// data key too (not recorded).
		operations := []string{"Encrypt"}
		if replica.SSE.BucketKey {
			operations = []string{"Encrypt", "GenerateDataKey", "Decrypt"}
		}
		for _, operation := range operations {
			if !a.mayUseKey(k, operation, b, replica.SSE.BucketKey) {
				return dstPutObjectNotPermitted
			}
		}
	}
	return ""
}

// copyTags judges reading and writing of tags. Without it the object arrives all
// the same, untagged, and the source says FAILED.
func (a *attempt) copyTags(replica *state.Version) string {
	code := ""
	switch {
	case len(a.v.Tags) == 0:
	case !a.may(a.source, "s3:GetObjectVersionTagging"):
		code = srcGetTaggingNotPermitted
	case a.decide(a.destination, "s3:ReplicateTags", nil).Reason == "explicit_deny":
		// ReplicateObject covers tags unless ReplicateTags is denied.
		code = dstPutTaggingNotPermitted
	}
	if code != "" {
		replica.Tags, a.warning = nil, code
	}
	return code
}

// change replicates new tags and lock members of a version that is there already.
func (a *attempt) change() string {
	v := a.v
	replica := a.destination.Version(v.Key, v.ID)
	if replica == nil {
		return dstVersionNotFound
	}
	if a.destination.Lock == nil && (v.Retention != nil || v.LegalHold != "" || v.EventHold) {
		return dstBucketObjectLockConfigMissing
	}
	if !a.may(a.source, "s3:GetObjectVersionForReplication") && !a.may(a.source, "s3:GetObjectVersion") {
		return srcHeadObjectNotPermitted
	}
	if v.Retention != nil && !a.may(a.source, "s3:GetObjectRetention") {
		return srcGetRetentionNotPermitted
	}
	if v.LegalHold != "" && !a.may(a.source, "s3:GetObjectLegalHold") {
		return srcGetLegalHoldNotPermitted
	}
	if !slices.Equal(v.Tags, replica.Tags) {
		switch {
		case !a.may(a.source, "s3:GetObjectVersionTagging"):
			return srcGetTaggingNotPermitted
		case !a.may(a.destination, "s3:ReplicateObject"), a.decide(a.destination, "s3:ReplicateTags", nil).Reason == "explicit_deny":
			return dstPutTaggingNotPermitted
		}
		replica.Tags = slices.Clone(v.Tags)
	}
	if v.Retention != nil {
		replica.Retention = v.Retention
	}
	if v.LegalHold != "" {
		replica.LegalHold = v.LegalHold
	}
	return ""
}

// deleteMarker replicates a delete marker, with the version id of the source's.
func (a *attempt) deleteMarker() string {
	if !a.may(a.destination, "s3:ReplicateDelete") {
		return dstDelObjNotPermitted
	}
	if a.destination.Version(a.v.Key, a.v.ID) == nil {
		marker := *a.v
		marker.Replica, marker.Status, marker.Targets = true, "REPLICA", nil
		marker.Owner = a.destination.Account
		a.destination.Insert(&marker)
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
