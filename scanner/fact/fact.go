// Package fact holds what was read from AWS, as plain data.
//
// A [Fact] has four states: AWS answered with a value, AWS answered that there is none
// (absent), the read failed (a [Gap]), or AWS was not asked (the zero value). Only the
// first two are knowledge; what depends on the others is unknown.
//
// A scan is a stream of [Message] values, one JSON line each: the run, then gaps
// and one [Document] for every bucket in no promised order, then the coverage.
// A stream without its coverage line was cut. Every gap is a message of its own, once;
// a document repeats it where it lacks the fact, so gaps are counted by messages. [Writer] and [Reader] are the stream as a
// file. The format is versioned by [SchemaVersion] and described by the JSON
// schema in schema.json, which a test writes from the types here: their comments are its
// descriptions.
package fact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// SchemaVersion is the version of the document format.
const SchemaVersion = "1"

// Fact is one thing to know about a resource. The zero value was not read.
type Fact[T any] struct {
	Value  *T   `json:"value,omitempty"`  // what AWS answered
	Absent bool `json:"absent,omitempty"` // AWS answered that there is none
	Gap    *Gap `json:"gap,omitempty"`    // why it could not be read
}

// Of is a fact that was read. A nil slice or map becomes an empty one, since
// JSON's null is no value.
func Of[T any](v T) Fact[T] {
	switch r := reflect.ValueOf(&v).Elem(); {
	case r.Kind() == reflect.Slice && r.IsNil():
		r.Set(reflect.MakeSlice(r.Type(), 0, 0))
	case r.Kind() == reflect.Map && r.IsNil():
		r.Set(reflect.MakeMap(r.Type()))
	}
	return Fact[T]{Value: &v}
}

// None is a fact that AWS says does not exist.
func None[T any]() Fact[T] { return Fact[T]{Absent: true} }

// Missing is a fact that could not be read.
func Missing[T any](g Gap) Fact[T] { return Fact[T]{Gap: &g} }

// Known reports whether AWS answered: with a value or that there is none.
func (f Fact[T]) Known() bool { return f.Value != nil || f.Absent }

// State is what is known of a fact, whatever its type. The zero value is that of a fact
// that was not read.
type State struct {
	Value  bool // there is one
	Absent bool
	Gap    *Gap
}

// Known reports whether AWS answered: with a value or that there is none.
func (s State) Known() bool { return s.Value || s.Absent }

// State is what is known of the fact.
func (f Fact[T]) State() State { return State{Value: f.Value != nil, Absent: f.Absent, Gap: f.Gap} }

// Any is a [Fact] of any type.
type Any interface{ State() State }

// IsZero reports whether the fact was not read at all; encoding/json omits it then.
func (f Fact[T]) IsZero() bool { return f.Value == nil && !f.Absent && f.Gap == nil }

// consistent refuses a fact that says two things at once, wherever v holds one:
// none of them may pass for knowledge. It looks after decoding, since a fact with
// a decoder of its own would be read again on every level it is nested in.
func consistent(v reflect.Value) error {
	return eachFact(v, func(f State) error {
		if f.Value && f.Absent || f.Gap != nil && f.Known() {
			return errors.New("a fact is a value, absent or a gap, not two of them")
		}
		return nil
	})
}

// Whole reports whether nothing in the document is a gap.
func (d *Document) Whole() bool {
	return eachFact(reflect.ValueOf(d), func(f State) error {
		if f.Gap != nil {
			return errors.New("a gap")
		}
		return nil
	}) == nil
}

// eachFact calls f for every fact in v, until it gives an error.
func eachFact(v reflect.Value, f func(State) error) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return eachFact(v.Elem(), f)
		}
	case reflect.Struct:
		if fact, ok := v.Addr().Interface().(Any); ok {
			if err := f(fact.State()); err != nil {
				return err
			}
		}
		for i := range v.NumField() {
			if field := v.Field(i); field.Kind() != reflect.String && field.Kind() != reflect.Bool {
				if err := eachFact(field, f); err != nil {
					return err
				}
			}
		}
	case reflect.Slice:
		if holdsFacts(v.Type().Elem()) {
			for i := range v.Len() {
				if err := eachFact(v.Index(i), f); err != nil {
					return err
				}
			}
		}
	case reflect.Map:
		if holdsFacts(v.Type().Elem()) {
			for it := v.MapRange(); it.Next(); {
				item := reflect.New(v.Type().Elem()).Elem() // what a map holds has no address
				item.Set(it.Value())
				if err := eachFact(item, f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func holdsFacts(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Pointer
}

// strict decodes one JSON value and refuses unknown fields.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value on the line")
	}
	return nil
}

// Gap is a fact that could not be read, and why.
type Gap struct {
	AccountID string `json:"account_id"`
	Resource  string `json:"resource"` // ARN where there is one
	Fact      string `json:"fact"`     // e.g. "bucket.versioning", "account"
	API       string `json:"api"`      // e.g. "s3:GetBucketVersioning"
	Code      string `json:"code"`     // AWS error code, or NotRead, Timeout, NoAnswer, Malformed
	Message   string `json:"message"`
}

// Message is one line of a facts file: exactly one field is set.
type Message struct {
	Run      *Run      `json:"run,omitempty"`
	Gap      *Gap      `json:"gap,omitempty"`
	Document *Document `json:"document,omitempty"`
	Coverage *Coverage `json:"coverage,omitempty"`
}

// Run is the first message: what was scanned, when and by which version.
type Run struct {
	SchemaVersion string        `json:"schema_version" enum:"1"`
	ID            string        `json:"id"`
	StartedAt     string        `json:"started_at" format:"date-time"` // RFC 3339, UTC
	Tool          string        `json:"tool"`                          // "crosscheck 1.2.3"
	Scope         Scope         `json:"scope"`
	Organization  *Organization `json:"organization,omitempty"` // absent when only accounts were named
}

// Scope is what the run was asked to look at.
type Scope struct {
	Mode            string   `json:"mode" enum:"organization,accounts,account-only"`
	Accounts        []string `json:"accounts,omitempty"`
	ExcludeAccounts []string `json:"exclude_accounts,omitempty"`
	Buckets         string   `json:"buckets,omitempty"` // glob of bucket names, "" = all
}

// Coverage is the last message: what was reached and what was not.
type Coverage struct {
	Accounts  AccountCoverage `json:"accounts"`
	Buckets   BucketCoverage  `json:"buckets"`
	Links     int             `json:"links" minimum:"0"`
	Additions []string        `json:"additions,omitempty"` // elements of AWS's answers that this version does not know and that decide nothing, each once, sorted: "kms:DescribeKey KeyMetadata/Shade"
	Lines     *Lines          `json:"lines,omitempty"`     // of the facts file; nil anywhere else
}

// Lines counts the lines before the coverage of a facts file, so that one that was lost is
// not taken for nothing to see. A [Writer] writes it and a [Reader] takes it out.
type Lines struct {
	Documents map[string]int `json:"documents"`        // buckets by account id
	Gaps      int            `json:"gaps" minimum:"0"` // gaps that are lines of their own
}

// AccountCoverage is the number of accounts in scope. Suspended accounts are listed and unreadable.
type AccountCoverage struct {
	Listed     int `json:"listed" minimum:"0"`
	Scanned    int `json:"scanned" minimum:"0"`
	Unreadable int `json:"unreadable" minimum:"0"`
}

// BucketCoverage is the number of general purpose buckets in scope; a bucket is scanned
// when its replication configuration was read.
type BucketCoverage struct {
	Listed  int `json:"listed" minimum:"0"`
	Scanned int `json:"scanned" minimum:"0"`
}

// Organization is what DescribeOrganization and ListRoots answer.
type Organization struct {
	ID                  string   `json:"id"`
	ManagementAccountID string   `json:"management_account_id"`
	FeatureSet          string   `json:"feature_set"`            // ALL or CONSOLIDATED_BILLING
	PolicyTypes         []string `json:"policy_types,omitempty"` // enabled ones: SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY
}

// Document is everything that is judged together: one source bucket with its
// links and all that they refer to. References are by name or ARN into the
// maps, so that a role shared by ten links is here once.
type Document struct {
	SchemaVersion string                  `json:"schema_version" enum:"1"`
	Partition     string                  `json:"partition"` // aws, aws-cn, aws-us-gov
	Organization  Fact[Organization]      `json:"organization,omitzero"`
	Bucket        Bucket                  `json:"bucket"`
	Links         []Link                  `json:"links,omitempty"`
	Buckets       map[string]Fact[Bucket] `json:"buckets,omitempty"`  // destinations by name; absent = no such bucket
	Roles         map[string]Fact[Role]   `json:"roles,omitempty"`    // by ARN as written in the configuration
	Keys          map[string]Fact[Key]    `json:"keys,omitempty"`     // by id, ARN or alias as written
	Accounts      map[string]Account      `json:"accounts,omitempty"` // every account that owns one of the above, by id
}

// Account is an account that owns a bucket, role or key of the document.
type Account struct {
	ID                string                  `json:"id"`
	Name              string                  `json:"name,omitempty"`
	Management        bool                    `json:"management,omitempty"`                                                                 // the organization's management account
	InOrganization    Fact[bool]              `json:"in_organization,omitzero" api:"organizations:ListAccounts"`                            // member of the scanned organization
	Path              Fact[[]string]          `json:"path,omitzero" api:"organizations:ListAccounts,organizations:ListParents"`             // ids: root, OUs …, parent of the account
	SCPs              Fact[[]PolicyLevel]     `json:"scps,omitzero" api:"organizations:ListPoliciesForTarget,organizations:DescribePolicy"` // root first, the account last; absent = the type does not apply
	RCPs              Fact[[]PolicyLevel]     `json:"rcps,omitzero" api:"organizations:ListPoliciesForTarget,organizations:DescribePolicy"` // root first, the account last; absent = the type does not apply
	PublicAccessBlock Fact[PublicAccessBlock] `json:"public_access_block,omitzero" api:"s3control:GetPublicAccessBlock"`                    // account level
}

// PolicyLevel is one level of the organization with the policies attached to it.
type PolicyLevel struct {
	Target   string   `json:"target"` // id of the root, OU or account
	Policies []Policy `json:"policies"`
}

// Policy is a policy document as AWS returned it, URL-decoded, otherwise verbatim.
type Policy struct {
	Name     string `json:"name"`
	ARN      string `json:"arn,omitempty"`
	Document string `json:"document"`
}

// Bucket is a general purpose bucket. The account and Region of a bucket outside the
// scanned accounts may not be known.
type Bucket struct {
	Name              string                  `json:"name"`
	ARN               string                  `json:"arn"`
	AccountID         string                  `json:"account_id,omitempty"`
	Region            string                  `json:"region,omitempty"`
	Replication       Fact[Replication]       `json:"replication,omitzero" api:"s3:GetBucketReplication"`
	Versioning        Fact[Versioning]        `json:"versioning,omitzero" api:"s3:GetBucketVersioning"`
	Policy            Fact[Policy]            `json:"policy,omitzero" api:"s3:GetBucketPolicy"`
	Ownership         Fact[string]            `json:"ownership,omitzero" api:"s3:GetBucketOwnershipControls"` // BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter
	Encryption        Fact[Encryption]        `json:"encryption,omitzero" api:"s3:GetBucketEncryption"`
	ObjectLock        Fact[ObjectLock]        `json:"object_lock,omitzero" api:"s3:GetObjectLockConfiguration"`
	Lifecycle         Fact[[]LifecycleRule]   `json:"lifecycle,omitzero" api:"s3:GetBucketLifecycleConfiguration"`
	Notification      Fact[Notification]      `json:"notification,omitzero" api:"s3:GetBucketNotificationConfiguration"`
	RequestPayment    Fact[string]            `json:"request_payment,omitzero" api:"s3:GetBucketRequestPayment"` // BucketOwner, Requester
	PublicAccessBlock Fact[PublicAccessBlock] `json:"public_access_block,omitzero" api:"s3:GetPublicAccessBlock"`
	Tags              Fact[map[string]string] `json:"tags,omitzero" api:"s3:GetBucketTagging"`         // read only where a rule needs them, and with ABAC
	ABAC              Fact[string]            `json:"abac,omitzero" api:"s3:GetBucketAbac"`            // Enabled, Disabled: whether policies see the bucket's tags; read only where a policy over a link names one
	Alarms            Fact[[]Alarm]           `json:"alarms,omitzero" api:"cloudwatch:DescribeAlarms"` // on failed replication; read only of buckets with links whose notifications do not tell of it
}

// Alarm is a CloudWatch alarm on replication that fails.
type Alarm struct {
	Name        string `json:"name"`
	Source      string `json:"source,omitempty"`      // dimension SourceBucket; "" = not known
	Destination string `json:"destination,omitempty"` // dimension DestinationBucket
	RuleID      string `json:"rule_id,omitempty"`     // dimension RuleId
	Tells       string `json:"tells" enum:"yes,no,unknown"`
	Why         string `json:"why,omitempty"` // it tells nothing, or why that is not known
}

// FailureEvents are the names of events that tell of replication that fails.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
var FailureEvents = []string{"s3:Replication:*", "s3:Replication:OperationFailedReplication"}

// NotifiesFailures reports whether the bucket is known to send notifications of failed replication.
func (b *Bucket) NotifiesFailures() bool {
	n := b.Notification.Value
	return n != nil && slices.ContainsFunc(n.Events, func(e string) bool { return slices.Contains(FailureEvents, e) })
}

// Versioning is the answer of GetBucketVersioning.
type Versioning struct {
	Status    string `json:"status" enum:"Enabled,Suspended,"` // Enabled, Suspended, or "" = never enabled
	MFADelete string `json:"mfa_delete,omitempty" enum:"Enabled,Disabled"`
}

// Encryption is the default encryption of a bucket.
type Encryption struct {
	Algorithm    string   `json:"algorithm"`        // AES256, aws:kms, aws:kms:dsse
	KeyID        string   `json:"key_id,omitempty"` // as written; "" with aws:kms = the AWS managed key aws/s3
	BucketKey    bool     `json:"bucket_key,omitempty"`
	BlockedTypes []string `json:"blocked_types,omitempty"` // SSE-C, NONE
}

// ObjectLock is the answer of GetObjectLockConfiguration.
type ObjectLock struct {
	Enabled      bool   `json:"enabled"`
	DefaultMode  string `json:"default_mode,omitempty"` // GOVERNANCE, COMPLIANCE
	EventHold    bool   `json:"event_hold,omitempty"`   // new objects have an event hold (DefaultEventHold)
	DefaultDays  int32  `json:"default_days,omitempty"`
	DefaultYears int32  `json:"default_years,omitempty"`
}

// LifecycleRule is the part of a lifecycle rule that bears on replicas.
type LifecycleRule struct {
	ID                        string            `json:"id,omitempty"`
	Status                    string            `json:"status" enum:"Enabled,Disabled"`
	Prefix                    string            `json:"prefix,omitempty"`
	Tags                      map[string]string `json:"tags,omitempty"`
	ExpirationDays            int32             `json:"expiration_days,omitempty"`
	ExpirationDate            string            `json:"expiration_date,omitempty"`
	ExpiredObjectDeleteMarker bool              `json:"expired_object_delete_marker,omitempty"`
	NoncurrentDays            int32             `json:"noncurrent_days,omitempty"`
	TransitionDays            int32             `json:"transition_days,omitempty"`   // smallest
	SizeGreaterThan           int64             `json:"size_greater_than,omitempty"` // bytes; 0 = no lower bound
	SizeLessThan              int64             `json:"size_less_than,omitempty"`    // bytes; 0 = no upper bound
}

// Notification is the event names that targets subscribed to.
type Notification struct {
	Events      []string `json:"events,omitempty"` // of all SNS, SQS and Lambda targets, sorted
	EventBridge bool     `json:"event_bridge,omitempty"`
}

// PublicAccessBlock is a public access block configuration.
type PublicAccessBlock struct {
	BlockPublicAcls       bool `json:"block_public_acls"`
	IgnorePublicAcls      bool `json:"ignore_public_acls"`
	BlockPublicPolicy     bool `json:"block_public_policy"`
	RestrictPublicBuckets bool `json:"restrict_public_buckets"`
}

// Replication is a replication configuration.
type Replication struct {
	Role  string            `json:"role"`
	Rules []ReplicationRule `json:"rules"`
}

// ReplicationRule is one rule of a replication configuration.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html
type ReplicationRule struct {
	ID       string            `json:"id"`
	Schema   string            `json:"schema" enum:"V1,V2"` // V1 (no Filter element) or V2
	Status   string            `json:"status" enum:"Enabled,Disabled"`
	Priority int32             `json:"priority,omitempty"`
	Prefix   string            `json:"prefix,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"` // all must match
	Exclude  Exclusions        `json:"exclude,omitzero"`

	DeleteMarkers        string `json:"delete_markers,omitempty" enum:"Enabled,Disabled"`        // V2: Enabled, Disabled; "" in V1, which replicates them
	ExistingObjects      string `json:"existing_objects,omitempty" enum:"Enabled,Disabled"`      // Enabled, Disabled, "" = element absent
	ReplicaModifications string `json:"replica_modifications,omitempty" enum:"Enabled,Disabled"` // Enabled, Disabled, "" = element absent
	SSEKMSObjects        string `json:"sse_kms_objects,omitempty" enum:"Enabled,Disabled"`       // Enabled, Disabled, "" = element absent

	Destination Destination `json:"destination"`
}

// Exclusions are objects that the filter of a rule leaves out: those that match any of these.
type Exclusions struct {
	Prefixes []string `json:"prefixes,omitempty"` // "" = every key
	Tags     []Tag    `json:"tags,omitempty"`
}

// Tag is a tag of an object.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Destination is the destination element of a rule; "" = element absent.
type Destination struct {
	Bucket          string `json:"bucket"` // ARN
	Account         string `json:"account,omitempty"`
	StorageClass    string `json:"storage_class,omitempty"`
	OwnerOverride   bool   `json:"owner_override,omitempty"` // AccessControlTranslation.Owner = Destination
	ReplicaKMSKeyID string `json:"replica_kms_key_id,omitempty"`
	RelatedKey      bool   `json:"related_key,omitempty"` // UseSourceMultiRegionKey is Enabled: replicas are under the key related to that of the object
	ReplicationTime string `json:"replication_time,omitempty" enum:"Enabled,Disabled"`
	Metrics         string `json:"metrics,omitempty" enum:"Enabled,Disabled"`
}

// Link is one enabled replication rule joined with its ends.
type Link struct {
	ID          string          `json:"id"` // source-bucket/rule-id→destination-bucket
	Rule        ReplicationRule `json:"rule"`
	RoleARN     string          `json:"role_arn"`
	Destination string          `json:"destination"`           // bucket name, key of the document's buckets
	ReplicaKey  string          `json:"replica_key,omitempty"` // key of the document's keys
	SourceKey   string          `json:"source_key,omitempty"`  // the source bucket's default key, key of the document's keys; alias/aws/s3 = the AWS managed key
}

// LinkID is the id of the link of a rule.
func LinkID(source, ruleID, destination string) string {
	return source + "/" + ruleID + "→" + destination
}

// AccountID is the form of an AWS account id, as a regular expression.
const AccountID = `[0-9]{12}`

var accountID = regexp.MustCompile(`^` + AccountID + `$`)

// IsAccountID reports whether a text has the form of an AWS account id: 12 digits.
func IsAccountID(s string) bool { return accountID.MatchString(s) }

// partitions are those of AWS, with what their Regions begin with, one of these, and the
// domains of the endpoints in it, the second with IPv6.
// https://docs.aws.amazon.com/general/latest/gr/rande.html
var partitions = []struct{ name, prefix, region, domain, dualstack string }{
	{"aws-cn", "cn-", "cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"aws-us-gov", "us-gov-", "us-gov-west-1", "amazonaws.com", "api.aws"},
	{"aws-eusc", "eusc-", "eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"aws-iso", "us-iso-", "us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"},
	{"aws-iso-b", "us-isob-", "us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"},
	{"aws-iso-e", "eu-isoe-", "eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"aws-iso-f", "us-isof-", "us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"aws", "", "us-east-1", "amazonaws.com", "api.aws"}, // the last, since every name begins with its prefix
}

// RegionName is the form of a Region's name, as a regular expression.
const RegionName = `[a-z]{2,4}(?:-[a-z]+)+-[0-9]`

// Domain is the domain of the endpoints of a partition: s3.REGION.DOMAIN. It is that of
// aws where the partition is not known.
func Domain(partition string) string {
	for _, p := range partitions {
		if p.name == partition {
			return p.domain
		}
	}
	return "amazonaws.com"
}

// Domains are the domains of the endpoints of all partitions, sorted.
func Domains() []string {
	var names []string
	for _, p := range partitions {
		names = append(names, p.domain, p.dualstack)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Partitions are the names of the partitions of AWS, sorted.
func Partitions() []string {
	names := make([]string, len(partitions))
	for i, p := range partitions {
		names[i] = p.name
	}
	slices.Sort(names)
	return names
}

// PartitionOf is the partition of a Region, aws where the Region is not known.
func PartitionOf(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.name
		}
	}
	return "aws"
}

// RegionIn is a Region of a partition, "" where the partition is not known.
func RegionIn(partition string) string {
	for _, p := range partitions {
		if p.name == partition {
			return p.region
		}
	}
	return ""
}

// Role is an IAM role with everything that decides what it may do.
type Role struct {
	ARN       string            `json:"arn"`
	AccountID string            `json:"account_id"`
	Path      string            `json:"path"`
	Name      string            `json:"name"`
	ID        string            `json:"id"` // AROA…
	Tags      map[string]string `json:"tags,omitempty"`
	Trust     Policy            `json:"trust"`
	Inline    Fact[[]Policy]    `json:"inline,omitzero" api:"iam:ListRolePolicies,iam:GetRolePolicy"`
	Attached  Fact[[]Policy]    `json:"attached,omitzero" api:"iam:ListAttachedRolePolicies,iam:GetPolicy,iam:GetPolicyVersion"`
	Boundary  Fact[Policy]      `json:"boundary,omitzero" api:"iam:GetRole,iam:GetPolicy,iam:GetPolicyVersion"`
}

// Key is a KMS key.
type Key struct {
	ARN         string            `json:"arn"`
	AccountID   string            `json:"account_id"`
	Region      string            `json:"region"`
	State       string            `json:"state"` // Enabled, Disabled, PendingDeletion, …
	Manager     string            `json:"manager" enum:"AWS,CUSTOMER"`
	Spec        string            `json:"spec,omitempty"`
	Usage       string            `json:"usage,omitempty"`
	Origin      string            `json:"origin,omitempty"`
	MultiRegion bool              `json:"multi_region,omitempty"`
	Policy      Fact[Policy]      `json:"policy,omitzero" api:"kms:GetKeyPolicy"`
	RAMPolicy   Fact[Policy]      `json:"ram_policy,omitzero" api:"kms:GetKeyPolicy"` // AWS_RAM, the second policy of a key that is shared through AWS RAM
	Grants      Fact[[]Grant]     `json:"grants,omitzero" api:"kms:ListGrants"`
	Aliases     Fact[[]string]    `json:"aliases,omitzero" api:"kms:ListAliases"`
	Tags        map[string]string `json:"tags,omitzero"` // absent = not read, empty = the key has none
}

// Grant is a KMS grant.
type Grant struct {
	ID               string   `json:"id"`
	GranteePrincipal string   `json:"grantee_principal"`
	Operations       []string `json:"operations"`
	Constrained      bool     `json:"constrained,omitempty"` // has encryption context constraints
}
