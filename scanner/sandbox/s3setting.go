package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

// The bucket plane: buckets and their settings. Absent settings answer with the
// codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.

func notFound(code, message string, b *bucket) *apiError {
	return &apiError{status: 404, code: code, message: message, detail: map[string]string{"BucketName": b.name}}
}

// read decodes the XML body of a request.
func (c *s3call) read(root string, v any) *apiError {
	body, e := c.payload()
	if e != nil {
		return e
	}
	return strictXML(body, root, v)
}

// listBuckets lists the caller's buckets. As AWS documents it, BucketRegion comes
// only when the request has at least one parameter.
func (c *s3call) listBuckets() (*response, *apiError) {
	type item struct {
		Name         string
		CreationDate string
		BucketRegion string `xml:",omitempty"`
		BucketArn    string `xml:",omitempty"`
	}
	type owner struct{ ID string }
	var answer struct {
		Owner             owner
		Buckets           []item `xml:"Buckets>Bucket"`
		ContinuationToken string `xml:",omitempty"`
		Prefix            string `xml:",omitempty"`
	}
	limit := 10000
	if text := c.query.Get("max-buckets"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10000 {
			return nil, invalidArgument("Argument max-buckets must be an integer between 1 and 10000", "max-buckets", text)
		}
		limit = n
	}
	region := c.query.Get("bucket-region")
	if region != "" && region != c.region {
		return nil, invalidArgument("Argument value "+region+" is not a valid AWS Region for this endpoint", "bucket-region", region)
	}
	after, err := base64.URLEncoding.DecodeString(c.query.Get("continuation-token"))
	if err != nil {
		return nil, invalidArgument("The continuation token provided is incorrect", "continuation-token", c.query.Get("continuation-token"))
	}
	answer.Prefix = c.query.Get("prefix")
	detailed := region != "" || answer.Prefix != "" || c.query.Has("max-buckets") || c.query.Has("continuation-token")
	names := c.s.bucketsOf(c.caller.account)
	at, found := slices.BinarySearch(names, max(string(after), answer.Prefix))
	if found && len(after) > 0 && names[at] == string(after) {
		at++
	}
	for _, name := range names[at:] {
		b := c.s.bucket(name)
		if !strings.HasPrefix(name, answer.Prefix) {
			break
		}
		if region != "" && b.region != region {
			continue
		}
		if len(answer.Buckets) == limit {
			answer.ContinuationToken = base64.URLEncoding.EncodeToString([]byte(answer.Buckets[limit-1].Name))
			break
		}
		i := item{Name: name, CreationDate: isoTime(b.created)}
		if detailed {
			i.BucketRegion, i.BucketArn = b.region, "arn:"+c.s.partition+":s3:::"+name
		}
		answer.Buckets = append(answer.Buckets, i)
	}
	answer.Owner.ID = c.s.canonicalID(c.caller.account)
	return xmlAnswer("ListAllMyBucketsResult", answer)
}

func (s *State) canonicalID(account string) string {
	if a := s.accounts[account]; a != nil {
		return a.canonicalID
	}
	return account
}

func (c *s3call) createBucket() (*response, *apiError) {
	type configuration struct {
		LocationConstraint string `xml:"LocationConstraint"`
		Tags               *struct {
			Tag []tag `xml:"Tag"`
		} `xml:"Tags"`
	}
	var in configuration
	if len(c.body) > 0 {
		if e := c.read("CreateBucketConfiguration", &in); e != nil {
			return nil, e
		}
	}
	region := in.LocationConstraint
	switch {
	case region == "EU":
		region = "eu-west-1"
	case region == "" && c.region == "us-east-1":
		region = c.region
	case region == "" || region != c.region && c.region != "us-east-1":
		constraint := region
		if constraint == "" {
			constraint = "unspecified"
		}
		return nil, &apiError{
			status: 400, code: "IllegalLocationConstraintException",
			message: "The " + constraint + " location constraint is incompatible for the region specific endpoint this request was sent to.",
		}
	case region == "us-east-1" || !regionName.MatchString(region):
		return nil, &apiError{status: 400, code: "InvalidLocationConstraint", message: "The specified location-constraint is not valid"}
	}
	if !bucketName.MatchString(c.bucket) {
		return nil, &apiError{
			status: 400, code: "InvalidBucketName", message: "The specified bucket is not valid.",
			detail: map[string]string{"BucketName": c.bucket},
		}
	}
	if c.caller == nil {
		return nil, accessDenied()
	}
	fresh := newBucket(c.bucket, c.caller.account, region)
	existing := c.b
	c.b = fresh // decides as the owner would be asked
	e := c.allow("s3:CreateBucket", c.bucketARN(), map[string]iam.Value{"s3:locationconstraint": iam.One(region)})
	if e != nil {
		return nil, e
	}
	if existing != nil {
		code, message := "BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
		if existing.account == c.caller.account {
			code, message = "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it."
		}
		return nil, &apiError{status: 409, code: code, message: message, detail: map[string]string{"BucketName": c.bucket}}
	}
	if owner := c.r.Header.Get("X-Amz-Object-Ownership"); owner != "" {
		if !slices.Contains([]string{bucketOwnerEnforced, bucketOwnerPreferred, objectWriter}, owner) {
			return nil, invalidArgument("Invalid x-amz-object-ownership header", "x-amz-object-ownership", owner)
		}
		fresh.ownership = owner
	}
	if acl := c.r.Header.Get("X-Amz-Acl"); acl != "" && acl != "private" {
		if fresh.ownership == bucketOwnerEnforced {
			return nil, &apiError{status: 400, code: "InvalidBucketAclWithObjectOwnership", message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"}
		}
		return nil, notImplemented("CreateBucket with the ACL " + acl)
	}
	if c.r.Header.Get("X-Amz-Bucket-Object-Lock-Enabled") == "true" {
		fresh.versioning, fresh.lock = enabled, &objectLock{}
	}
	if in.Tags != nil {
		setBucketTags(fresh, in.Tags.Tag)
	}
	c.s.addBucket(fresh)
	return &response{status: 200, header: http.Header{
		"Location":         {"/" + c.bucket},
		"X-Amz-Bucket-Arn": {c.bucketARN()},
	}}, nil
}

func (c *s3call) headBucket() (*response, *apiError) {
	return &response{status: 200, header: http.Header{
		"X-Amz-Bucket-Region":      {c.b.region},
		"X-Amz-Bucket-Arn":         {c.bucketARN()},
		"X-Amz-Access-Point-Alias": {"false"},
		"Content-Type":             {"application/xml"},
	}}, nil
}

func (c *s3call) deleteBucket() (*response, *apiError) {
	if len(c.b.keys) > 0 {
		message := "The bucket you tried to delete is not empty"
		if c.b.versioning != "" {
			message += ". You must delete all versions in the bucket."
		}
		return nil, &apiError{status: 409, code: "BucketNotEmpty", message: message, detail: map[string]string{"BucketName": c.bucket}}
	}
	c.s.deleteBucket(c.b)
	return done(204)
}

func (c *s3call) getLocation() (*response, *apiError) {
	type location struct {
		Region string `xml:",chardata"`
	}
	region := c.b.region
	switch region {
	case "us-east-1":
		region = ""
	case "eu-west-1":
		region = "EU"
	}
	return xmlAnswer("LocationConstraint", location{region})
}

// grantee writes the xsi:type attribute that the SDKs of some languages ask for.
type grantee struct {
	XSI  string `xml:"xmlns:xsi,attr"`
	Type string `xml:"xsi:type,attr"`
	ID   string `xml:"ID"`
}

type grantXML struct {
	Grantee    grantee `xml:"Grantee"`
	Permission string  `xml:"Permission"`
}

type aclXML struct {
	OwnerID string     `xml:"Owner>ID"`
	Grants  []grantXML `xml:"AccessControlList>Grant"`
}

func fullControl(ids ...string) []grantXML {
	var grants []grantXML
	for _, id := range ids {
		grants = append(grants, grantXML{grantee{"http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser", id}, "FULL_CONTROL"})
	}
	return grants
}

func (c *s3call) getBucketACL() (*response, *apiError) {
	owner := c.s.canonicalID(c.b.account)
	return xmlAnswer("AccessControlPolicy", aclXML{owner, fullControl(owner)})
}

// ownersOnly refuses the policy operations to callers of other accounts, even
// to those that the policy allows.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
func (c *s3call) ownersOnly() *apiError {
	if c.foreign() {
		return &apiError{
			status: 405, code: "MethodNotAllowed", message: "The specified method is not allowed against this resource.",
			detail: map[string]string{"Method": c.r.Method, "ResourceType": "BUCKETPOLICY"},
		}
	}
	return nil
}

func (c *s3call) noPolicy() *apiError {
	return notFound("NoSuchBucketPolicy", "The bucket policy does not exist", c.b)
}

func (c *s3call) getPolicy() (*response, *apiError) {
	if c.b.policy == "" {
		return nil, c.noPolicy()
	}
	return &response{status: 200, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(c.b.policy)}, nil
}

func (c *s3call) getReplication() (*response, *apiError) {
	if c.b.replication == nil {
		return nil, notFound("ReplicationConfigurationNotFoundError", "The replication configuration was not found", c.b)
	}
	return xmlAnswer("ReplicationConfiguration", c.b.replication)
}

type versioningXML struct {
	Status    string `xml:"Status,omitempty"`
	MfaDelete string `xml:"MfaDelete,omitempty"`
}

func (c *s3call) getVersioning() (*response, *apiError) {
	return xmlAnswer("VersioningConfiguration", versioningXML{c.b.versioning, c.b.mfaDelete})
}

func (c *s3call) putVersioning() (*response, *apiError) {
	var in versioningXML
	if e := c.read("VersioningConfiguration", &in); e != nil {
		return nil, e
	}
	invalidState := func(message string) *apiError {
		return &apiError{status: 409, code: "InvalidBucketState", message: message}
	}
	switch {
	case in.Status != enabled && in.Status != suspended:
		return nil, &apiError{status: 400, code: "IllegalVersioningConfigurationException", message: "The Versioning element must be specified"}
	case in.MfaDelete != "" || c.b.mfaDelete == enabled:
		// Only the root user with an MFA device may; the sandbox has no such device.
		return nil, accessDenied()
	case in.Status == suspended && c.b.replication != nil:
		return nil, invalidState("A replication configuration is present on this bucket, so the versioning state cannot be suspended.")
	case in.Status == suspended && c.b.lock != nil:
		return nil, invalidState("An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")
	}
	c.b.versioning = in.Status
	return done(200)
}

type ownershipXML struct {
	Rules []struct {
		ObjectOwnership string `xml:"ObjectOwnership"`
	} `xml:"Rule"`
}

func (c *s3call) getOwnership() (*response, *apiError) {
	if c.b.ownership == "" {
		return nil, notFound("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", c.b)
	}
	var out ownershipXML
	out.Rules = slices.Grow(out.Rules, 1)[:1]
	out.Rules[0].ObjectOwnership = c.b.ownership
	return xmlAnswer("OwnershipControls", out)
}

func (c *s3call) putOwnership() (*response, *apiError) {
	var in ownershipXML
	if e := c.read("OwnershipControls", &in); e != nil {
		return nil, e
	}
	known := []string{bucketOwnerEnforced, bucketOwnerPreferred, objectWriter}
	if len(in.Rules) != 1 || !slices.Contains(known, in.Rules[0].ObjectOwnership) {
		return nil, malformedXML()
	}
	c.b.ownership = in.Rules[0].ObjectOwnership
	return done(200)
}

type encryptionXML struct {
	Rules []encryptionRuleXML `xml:"Rule"`
}

type encryptionRuleXML struct {
	Default   *encryptionDefaultXML `xml:"ApplyServerSideEncryptionByDefault"`
	BucketKey *bool                 `xml:"BucketKeyEnabled"`
	Blocked   *blockedXML           `xml:"BlockedEncryptionTypes"`
}

type encryptionDefaultXML struct {
	Algorithm string `xml:"SSEAlgorithm"`
	Key       string `xml:"KMSMasterKeyID,omitempty"`
}

type blockedXML struct {
	Types []string `xml:"EncryptionType"`
}

func (c *s3call) getEncryption() (*response, *apiError) {
	e := c.b.encryption
	rule := encryptionRuleXML{Default: &encryptionDefaultXML{e.Algorithm, e.Key}, BucketKey: &e.BucketKey}
	if e.Blocked != nil {
		rule.Blocked = &blockedXML{e.Blocked}
	}
	return xmlAnswer("ServerSideEncryptionConfiguration", encryptionXML{[]encryptionRuleXML{rule}})
}

func (c *s3call) putEncryption() (*response, *apiError) {
	var in encryptionXML
	if e := c.read("ServerSideEncryptionConfiguration", &in); e != nil {
		return nil, e
	}
	if len(in.Rules) != 1 {
		return nil, malformedXML()
	}
	rule, set := in.Rules[0], c.b.encryption
	if d := rule.Default; d != nil {
		switch {
		case !slices.Contains([]string{"AES256", "aws:kms", "aws:kms:dsse"}, d.Algorithm):
			return nil, malformedXML()
		case d.Algorithm == "AES256" && d.Key != "":
			return nil, invalidArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", "KMSMasterKeyID", d.Key)
		}
		set.Algorithm, set.Key, set.BucketKey = d.Algorithm, d.Key, false
	} else if rule.Blocked == nil {
		return nil, malformedXML()
	}
	if rule.BucketKey != nil {
		set.BucketKey = *rule.BucketKey
	}
	if rule.Blocked != nil {
		for _, t := range rule.Blocked.Types {
			if t != "SSE-C" && t != "NONE" {
				return nil, malformedXML()
			}
		}
		if len(rule.Blocked.Types) != 1 {
			return nil, malformedXML()
		}
		set.Blocked = rule.Blocked.Types
	}
	c.b.encryption = set
	return done(200)
}

type objectLockXML struct {
	Enabled string             `xml:"ObjectLockEnabled,omitempty"`
	Rule    *objectLockRuleXML `xml:"Rule"`
}

type objectLockRuleXML struct {
	Default *defaultRetentionXML `xml:"DefaultRetention"`
}

type defaultRetentionXML struct {
	Mode  string `xml:"Mode"`
	Days  int32  `xml:"Days,omitempty"`
	Years int32  `xml:"Years,omitempty"`
}

func (c *s3call) getObjectLock() (*response, *apiError) {
	l := c.b.lock
	if l == nil {
		return nil, notFound("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", c.b)
	}
	out := objectLockXML{Enabled: enabled}
	if l.Mode != "" {
		out.Rule = &objectLockRuleXML{&defaultRetentionXML{l.Mode, l.Days, l.Years}}
	}
	return xmlAnswer("ObjectLockConfiguration", out)
}

func (c *s3call) putObjectLock() (*response, *apiError) {
	var in objectLockXML
	if e := c.read("ObjectLockConfiguration", &in); e != nil {
		return nil, e
	}
	lock := &objectLock{}
	if in.Rule != nil {
		if in.Rule.Default == nil {
			return nil, malformedXML()
		}
		d := in.Rule.Default
		if d.Mode != "GOVERNANCE" && d.Mode != "COMPLIANCE" || (d.Days > 0) == (d.Years > 0) || d.Days < 0 || d.Years < 0 {
			return nil, malformedXML()
		}
		lock = &objectLock{d.Mode, d.Days, d.Years}
	}
	if in.Enabled != enabled {
		return nil, malformedXML()
	}
	if c.b.versioning != enabled {
		return nil, &apiError{status: 409, code: "InvalidBucketState", message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"}
	}
	c.b.lock = lock
	return done(200)
}

func (c *s3call) getLifecycle() (*response, *apiError) {
	rules := lifecycle.of(c.b)
	if rules == nil {
		return nil, notFound("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", c.b)
	}
	res, e := xmlAnswer("LifecycleConfiguration", rules)
	if e == nil {
		res.header.Set("X-Amz-Transition-Default-Minimum-Object-Size", "all_storage_classes_128K")
	}
	return res, e
}

func (c *s3call) putLifecycle() (*response, *apiError) {
	var in lifecycleConfiguration
	if e := c.read("LifecycleConfiguration", &in); e != nil {
		return nil, e
	}
	if len(in.Rules) == 0 || len(in.Rules) > 1000 {
		return nil, malformedXML()
	}
	for i := range in.Rules {
		r := &in.Rules[i]
		acts := r.Expiration != nil || r.Transitions != nil || r.NoncurrentVersionExpiration != nil ||
			r.NoncurrentVersionTransitions != nil || r.AbortIncompleteMultipartUpload != nil
		if r.Status != enabled && r.Status != disabled || (r.Filter == nil) == (r.Prefix == nil) {
			return nil, malformedXML()
		}
		if !acts {
			return nil, invalidRequest("At least one action needs to be specified in a rule")
		}
		if r.ID == "" {
			r.ID = c.s.newID("lifecycle")
		}
	}
	lifecycle.set(c.b, &in)
	return done(200)
}

func (c *s3call) getNotification() (*response, *apiError) {
	targets := notification.of(c.b)
	if targets == nil {
		targets = &notificationConfiguration{}
	}
	return xmlAnswer("NotificationConfiguration", targets)
}

func (c *s3call) putNotification() (*response, *apiError) {
	var in notificationConfiguration
	if e := c.read("NotificationConfiguration", &in); e != nil {
		return nil, e
	}
	target := func(id *string, arn string, events []string) *apiError {
		if !strings.HasPrefix(arn, "arn:") || len(events) == 0 {
			return invalidArgument("The ARN is not well formed", "ARN", arn)
		}
		for _, event := range events {
			if !strings.HasPrefix(event, "s3:") {
				return invalidArgument("The event '"+event+"' is not supported for notifications", "Event", event)
			}
		}
		if *id == "" {
			*id = c.s.newID("notification")
		}
		return nil
	}
	for i := range in.TopicConfigurations {
		t := &in.TopicConfigurations[i]
		if e := target(&t.ID, t.TopicArn, t.Events); e != nil {
			return nil, e
		}
	}
	for i := range in.QueueConfigurations {
		t := &in.QueueConfigurations[i]
		if e := target(&t.ID, t.QueueArn, t.Events); e != nil {
			return nil, e
		}
	}
	for i := range in.LambdaFunctionConfigurations {
		t := &in.LambdaFunctionConfigurations[i]
		if e := target(&t.ID, t.LambdaFunctionArn, t.Events); e != nil {
			return nil, e
		}
	}
	notification.set(c.b, &in)
	return done(200)
}

type requestPaymentXML struct {
	Payer string `xml:"Payer"`
}

func (c *s3call) getRequestPayment() (*response, *apiError) {
	return xmlAnswer("RequestPaymentConfiguration", requestPaymentXML{c.b.requestPayment})
}

func (c *s3call) putRequestPayment() (*response, *apiError) {
	var in requestPaymentXML
	if e := c.read("RequestPaymentConfiguration", &in); e != nil {
		return nil, e
	}
	if in.Payer != "BucketOwner" && in.Payer != "Requester" {
		return nil, malformedXML()
	}
	c.b.requestPayment = in.Payer
	return done(200)
}

type publicAccessXML struct {
	BlockPublicAcls       *bool `xml:"BlockPublicAcls"`
	IgnorePublicAcls      *bool `xml:"IgnorePublicAcls"`
	BlockPublicPolicy     *bool `xml:"BlockPublicPolicy"`
	RestrictPublicBuckets *bool `xml:"RestrictPublicBuckets"`
}

func (c *s3call) getPublicAccess() (*response, *apiError) {
	p := c.b.publicAccess
	if p == nil {
		return nil, notFound("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", c.b)
	}
	return xmlAnswer("PublicAccessBlockConfiguration", p)
}

// putPublicAccess replaces the whole setting: a member left out becomes false.
func (c *s3call) putPublicAccess() (*response, *apiError) {
	var in publicAccessXML
	if e := c.read("PublicAccessBlockConfiguration", &in); e != nil {
		return nil, e
	}
	if in == (publicAccessXML{}) {
		return nil, invalidRequest("Must specify at least one configuration.")
	}
	on := func(b *bool) bool { return b != nil && *b }
	c.b.publicAccess = &publicAccessBlock{
		BlockACLs: on(in.BlockPublicAcls), IgnoreACLs: on(in.IgnorePublicAcls),
		BlockPolicy: on(in.BlockPublicPolicy), Restrict: on(in.RestrictPublicBuckets),
	}
	return done(200)
}

type taggingXML struct {
	TagSet tagSetXML `xml:"TagSet"`
}

type tagSetXML struct {
	Tags []tag `xml:"Tag"`
}

func (c *s3call) getBucketTagging() (*response, *apiError) {
	tags := bucketTags.of(c.b)
	if tags == nil {
		return nil, notFound("NoSuchTagSet", "The TagSet does not exist", c.b)
	}
	return xmlAnswer("Tagging", tags)
}

func (c *s3call) putBucketTagging() (*response, *apiError) {
	var in taggingXML
	if e := c.read("Tagging", &in); e != nil {
		return nil, e
	}
	if e := checkTags(in.TagSet.Tags, 50); e != nil {
		return nil, e
	}
	setBucketTags(c.b, in.TagSet.Tags)
	return done(204)
}

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// checkTags refuses a tag set as S3 does.
func checkTags(tags []tag, most int) *apiError {
	invalid := func(message string, t tag) *apiError {
		return &apiError{status: 400, code: "InvalidTag", message: message, detail: map[string]string{"TagKey": t.Key, "TagValue": t.Value}}
	}
	if len(tags) > most {
		return &apiError{status: 400, code: "BadRequest", message: "Object tags cannot be greater than " + strconv.Itoa(most)}
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || len([]rune(t.Key)) > 128 || !tagText.MatchString(t.Key):
			return invalid("The TagKey you have provided is invalid", t)
		case len([]rune(t.Value)) > 256 || !tagText.MatchString(t.Value):
			return invalid("The TagValue you have provided is invalid", t)
		case strings.HasPrefix(t.Key, "aws:"):
			return invalid("System tags cannot be added/updated by requester", t)
		case seen[t.Key]:
			return invalid("Cannot provide multiple Tags with the same key", t)
		}
		seen[t.Key] = true
	}
	return nil
}

// retainUntil is the end of a default retention that begins now.
func (l *objectLock) retainUntil(now time.Time) time.Time {
	return now.AddDate(int(l.Years), 0, int(l.Days))
}

// lifecycle is the lifecycle configuration of a bucket.
const lifecycle stored[lifecycleConfiguration] = "lifecycle"

// notification is the notification configuration of a bucket.
const notification stored[notificationConfiguration] = "notification"

// bucketTags are the tags of a bucket.
const bucketTags stored[taggingXML] = "tagging"

// setBucketTags sets the tags of a bucket, nil for none.
func setBucketTags(b *bucket, tags []tag) {
	if tags == nil {
		bucketTags.remove(b)
		return
	}
	bucketTags.set(b, &taggingXML{tagSetXML{tags}})
}

func removeOwnership(b *bucket) { b.ownership = "" }

func removePublicAccess(b *bucket) { b.publicAccess = nil }

// removeEncryption puts SSE-S3 back: no bucket is without a default encryption.
func removeEncryption(b *bucket) {
	b.encryption = encryption{Algorithm: "AES256", Blocked: b.encryption.Blocked}
}

func removeReplication(b *bucket) { b.replication = nil }

func removePolicy(b *bucket) { b.policy = "" }

func checkVersioning(w *worldSettings, wrong report) {
	wrong.oneOf(".versioning", w.Versioning, "", enabled, suspended)
	wrong.oneOf(".mfa_delete", w.MFADelete, "", enabled, disabled)
}

func loadVersioning(_ *State, b *bucket, w *worldSettings) {
	b.versioning, b.mfaDelete = w.Versioning, w.MFADelete
}

func checkOwnership(w *worldSettings, wrong report) {
	wrong.oneOf(".ownership", w.Ownership, "", bucketOwnerEnforced, bucketOwnerPreferred, objectWriter)
}

func loadOwnership(_ *State, b *bucket, w *worldSettings) {
	if w.Ownership != "" {
		b.ownership = w.Ownership
	}
}

func checkRequestPayment(w *worldSettings, wrong report) {
	wrong.oneOf(".request_payment", w.RequestPayment, "", "BucketOwner", "Requester")
}

func loadRequestPayment(_ *State, b *bucket, w *worldSettings) {
	if w.RequestPayment != "" {
		b.requestPayment = w.RequestPayment
	}
}

func loadPublicAccess(_ *State, b *bucket, w *worldSettings) {
	if p := w.PublicAccessBlock; p != nil {
		own := *p
		b.publicAccess = &own
	}
}

func checkEncryption(w *worldSettings, wrong report) {
	if e := w.Encryption; e != nil {
		wrong.oneOf(".encryption.algorithm", e.Algorithm, "AES256", "aws:kms", "aws:kms:dsse")
		for i, t := range e.Blocked {
			wrong.oneOf(fmt.Sprintf(".encryption.blocked[%d]", i), t, "SSE-C", "NONE")
		}
	}
}

func loadEncryption(_ *State, b *bucket, w *worldSettings) {
	if w.Encryption != nil {
		b.encryption = *w.Encryption
	}
}

func checkObjectLock(w *worldSettings, wrong report) {
	if l := w.ObjectLock; l != nil {
		wrong.oneOf(".object_lock.mode", l.Mode, "", "GOVERNANCE", "COMPLIANCE")
		if (l.Mode == "") != (l.Days == 0 && l.Years == 0) || l.Days != 0 && l.Years != 0 || l.Days < 0 || l.Years < 0 {
			wrong(".object_lock", "a default retention has a mode and either days or years")
		}
		if w.Versioning != enabled {
			wrong(".object_lock", "Object Lock needs versioning: Enabled")
		}
	}
}

func loadObjectLock(_ *State, b *bucket, w *worldSettings) {
	if l := w.ObjectLock; l != nil {
		own := *l
		b.lock = &own
	}
}

// checkReplication takes a state that PutBucketReplication refuses, such as a
// destination whose versioning was suspended since, but not what no configuration
// can be.
func checkReplication(w *worldSettings, wrong report) {
	if c := w.Replication; c != nil {
		if e := c.check(); e != nil {
			wrong(".replication", "%s: %s", e.code, e.message)
		}
	}
}

func loadReplication(s *State, b *bucket, w *worldSettings) {
	if w.Replication != nil {
		b.replication = &replicationConfiguration{w.Replication.Role, slices.Clone(w.Replication.Rules)}
		nameRules(s, b.replication)
	}
}

func loadPolicy(_ *State, b *bucket, w *worldSettings) { b.policy = w.Policy }
