package fix_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/overlay"
	"crosscheck/scanner/fact"
)

const (
	account1 = "111111111111"
	account2 = "222222222222"
	theRole  = "arn:aws:iam::111111111111:role/service-role/repl"
	theSrc   = "arn:aws:s3:::src"
	theDst   = "arn:aws:s3:::dst"
	aKey     = "arn:aws:kms:us-east-1:111111111111:key/a"
	bKey     = "arn:aws:kms:eu-west-1:222222222222:key/b"
)

// engine judges as a scan does. It is compiled once.
var engine = sync.OnceValues(func() (*rules.Engine, error) { return rules.New(rules.Options{}) })

func judge(ctx context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
	e, err := engine()
	if err != nil {
		return nil, nil, err
	}
	r, err := e.Anew().Eval(ctx, doc)
	return r.Links, r.Findings, err
}

// world is a document with one link of two accounts that works, under KMS, and with Object
// Lock; a test spoils it.
type world struct{ *fact.Document }

func newWorld() *world {
	bucket := func(name, account, region, key string) fact.Bucket {
		return fact.Bucket{
			Name: name, ARN: "arn:aws:s3:::" + name, AccountID: account, Region: region,
			Replication: fact.None[fact.Replication](), Versioning: fact.Of(fact.Versioning{Status: "Enabled"}), Policy: fact.None[fact.Policy](),
			Ownership: fact.Of("BucketOwnerEnforced"), Encryption: fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: key}),
			ObjectLock: fact.Of(fact.ObjectLock{Enabled: true}), Lifecycle: fact.None[[]fact.LifecycleRule](),
			Notification: fact.Of(fact.Notification{Events: []string{"s3:Replication:*"}}), RequestPayment: fact.Of("BucketOwner"),
			PublicAccessBlock: fact.None[fact.PublicAccessBlock](), Tags: fact.None[map[string]string](), ABAC: fact.Of("Disabled"), Alarms: fact.Of([]fact.Alarm{}),
		}
	}
	account := func(id string) fact.Account {
		return fact.Account{
			ID: id, InOrganization: fact.Of(false), Path: fact.None[[]string](), SCPs: fact.None[[]fact.PolicyLevel](), RCPs: fact.None[[]fact.PolicyLevel](),
			PublicAccessBlock: fact.None[fact.PublicAccessBlock](),
		}
	}
	key := func(arn, account, region, more string) fact.Fact[fact.Key] {
		return fact.Of(fact.Key{
			ARN: arn, AccountID: account, Region: region, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS",
			RAMPolicy: fact.None[fact.Policy](), Grants: fact.None[[]fact.Grant](), Aliases: fact.Of([]string{}),
			Policy: fact.Of(fact.Policy{Name: "default", Document: `{"Version":"2012-10-17","Statement":[
				{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}` + more + `]}`}),
		})
	}
	rule := fact.ReplicationRule{
		ID: "all", Schema: "V2", Status: "Enabled", Priority: 1, DeleteMarkers: "Enabled", SSEKMSObjects: "Enabled",
		Destination: fact.Destination{Bucket: theDst, Account: account2, ReplicaKMSKeyID: bKey, Metrics: "Enabled"},
	}
	doc := &fact.Document{
		SchemaVersion: fact.SchemaVersion, Partition: "aws", Organization: fact.None[fact.Organization](),
		Bucket:  bucket("src", account1, "us-east-1", aKey),
		Buckets: map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(bucket("dst", account2, "eu-west-1", bKey))},
		Roles: map[string]fact.Fact[fact.Role]{theRole: fact.Of(fact.Role{
			ARN: theRole, AccountID: account1, Path: "/service-role/", Name: "repl", ID: "AROAEXAMPLEEXAMPLE111",
			Trust: fact.Policy{Name: "trust", Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`},
			Inline: fact.Of([]fact.Policy{{Name: "replicate", Document: `{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Configuration", "Effect": "Allow", "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"], "Resource": "arn:aws:s3:::src"},
    {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
      "s3:GetObjectRetention", "s3:GetObjectLegalHold", "s3:GetObjectVersionAnnotationForReplication"], "Resource": "arn:aws:s3:::src/*"},
    {"Sid": "Write", "Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete"], "Resource": "arn:aws:s3:::dst/*"},
    {"Sid": "Decrypt", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "` + aKey + `"},
    {"Sid": "Encrypt", "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "` + bKey + `"}
  ]
}`}}),
			Attached: fact.None[[]fact.Policy](), Boundary: fact.None[fact.Policy](),
		})},
		Keys: map[string]fact.Fact[fact.Key]{
			aKey: key(aKey, account1, "us-east-1", ""),
			bKey: key(bKey, account2, "eu-west-1", `,{"Sid":"Replicas","Effect":"Allow","Principal":{"AWS":"`+theRole+`"},"Action":"kms:Encrypt","Resource":"*"}`),
		},
		Accounts: map[string]fact.Account{account1: account(account1), account2: account(account2)},
	}
	w := &world{doc}
	w.configure(theRole, rule)
	w.dst(func(b *fact.Bucket) {
		b.Policy = fact.Of(fact.Policy{Name: "dst", Document: `{"Version":"2012-10-17","Statement":[{"Sid":"Replicas","Effect":"Allow","Principal":{"AWS":"` + theRole +
			`"},"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}]}`})
	})
	return w
}

// configure sets the replication configuration, and the links.
func (w *world) configure(role string, rules ...fact.ReplicationRule) {
	w.Bucket.Replication, w.Links = fact.Of(fact.Replication{Role: role, Rules: rules}), nil
	for i := range rules {
		w.Links = append(w.Links, w.LinkOf(&rules[i]))
	}
}

func (w *world) rule(do func(*fact.ReplicationRule)) {
	r := w.Bucket.Replication.Value
	for i := range r.Rules {
		do(&r.Rules[i])
	}
	w.configure(r.Role, r.Rules...)
}

func edit[T any](m map[string]fact.Fact[T], key string, do func(*T)) {
	v := *m[key].Value
	do(&v)
	m[key] = fact.Of(v)
}

func (w *world) dst(do func(*fact.Bucket))          { edit(w.Buckets, "dst", do) }
func (w *world) role(do func(*fact.Role))           { edit(w.Roles, theRole, do) }
func (w *world) key(arn string, do func(*fact.Key)) { edit(w.Keys, arn, do) }
func (w *world) state(key, state string)            { w.key(key, func(k *fact.Key) { k.State = state }) }
func (w *world) inRole(old, now string) {
	w.role(func(r *fact.Role) { r.Inline = fact.Of([]fact.Policy{swap((*r.Inline.Value)[0], old, now)}) })
}
func (w *world) inDst(old, now string) {
	w.dst(func(b *fact.Bucket) { b.Policy = fact.Of(swap(*b.Policy.Value, old, now)) })
}
func (w *world) inTrust(old, now string) {
	w.role(func(r *fact.Role) { r.Trust = swap(r.Trust, old, now) })
}
func (w *world) inKey(arn, old, now string) {
	w.key(arn, func(k *fact.Key) { k.Policy = fact.Of(swap(*k.Policy.Value, old, now)) })
}
func (w *world) plainRule() (r fact.ReplicationRule) {
	r = w.Bucket.Replication.Value.Rules[0]
	r.SSEKMSObjects, r.Destination.ReplicaKMSKeyID = "", ""
	return r
}

// keyless has both buckets encrypt with SSE-S3.
func (w *world) keyless() {
	w.Bucket.Encryption = fact.Of(fact.Encryption{Algorithm: "AES256", BlockedTypes: []string{"SSE-C"}})
	w.dst(func(b *fact.Bucket) { b.Encryption = w.Bucket.Encryption })
}

func swap(p fact.Policy, old, now string) fact.Policy {
	if !strings.Contains(p.Document, old) {
		panic("the policy does not have " + old)
	}
	p.Document = strings.ReplaceAll(p.Document, old, now)
	return p
}

// remedyCase is a world that is spoilt in one way, and what is to be said.
type remedyCase struct {
	name    string
	rule    string // that fails before, "" = none does
	do      func(*world)
	kind    finding.Kind // of the change, "" = none
	has     string       // in what it makes
	summary string       // of one of its edits
	decide  string       // part of a decision, "" = there is none
}

var remedyCases = []remedyCase{
	{name: "nothing is wrong", do: func(*world) {}},
	{"the source keeps no versions", "XC001", func(w *world) { w.Bucket.Versioning = fact.Of(fact.Versioning{Status: "Suspended"}) },
		finding.Versioning, "Enabled", "enable versioning on src", ""},
	{"the destination keeps no versions", "XC004", func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Versioning = fact.Of(fact.Versioning{Status: "Suspended"}) })
	},
		finding.Versioning, "Enabled", "enable versioning on dst", ""},
	{"the destination does not exist", "XC002", func(w *world) { w.Buckets["dst"] = fact.None[fact.Bucket]() },
		"", "", "", "create the bucket dst, or name the bucket that is meant"},
	{"another account owns the destination", "XC003", func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.Destination.Account = "333333333333" }) },
		"", "", "", "whether the data may go to the account that owns dst"},
	{"owners stay", "XC014", func(w *world) { w.dst(func(b *fact.Bucket) { b.Ownership = fact.Of("ObjectWriter") }) },
		finding.Ownership, "BucketOwnerEnforced", "have dst enforce bucket ownership", ""},
	{"no lock at the destination", "XC017", func(w *world) { w.dst(func(b *fact.Bucket) { b.ObjectLock = fact.None[fact.ObjectLock]() }) },
		finding.ObjectLock, "Enabled", "enable Object Lock on dst", ""},
	{"the source key is disabled", "XC022", func(w *world) { w.state(aKey, "Disabled") }, finding.KeyState, "Enabled", "enable the key " + aKey, ""},
	{"the source key is to be deleted", "XC022", func(w *world) { w.state(aKey, "PendingDeletion") }, "", "", "", "aws kms cancel-key-deletion --key-id " + aKey},
	{"the source key is gone", "XC022", func(w *world) { w.Keys[aKey] = fact.None[fact.Key]() }, "", "", "", "the key " + aKey + " does not exist"},
	{"the replica key is disabled", "XC025", func(w *world) { w.state(bKey, "Disabled") }, finding.KeyState, "Enabled", "enable the key " + bKey, ""},
	{"the replica key waits", "XC025", func(w *world) { w.state(bKey, "Unavailable") }, "", "", "", "wait until it is available"},
	{"the replica key is no such key", "XC025", func(w *world) { w.key(bKey, func(k *fact.Key) { k.Spec = "RSA_2048" }) }, "", "", "", "S3 cannot encrypt with " + bKey},
	{"the replica key is gone", "XC024", func(w *world) { w.Keys[bKey] = fact.None[fact.Key]() }, "", "", "", "which key replicas are to be under"},
	{"the requester pays", "XC049", func(w *world) { w.dst(func(b *fact.Bucket) { b.RequestPayment = fact.Of("Requester") }) },
		"", "", "", "put-bucket-request-payment --bucket dst --expected-bucket-owner 222222222222"},

	{"no opt-in", "XC021", func(w *world) { w.configure(theRole, w.plainRule()) }, finding.Replication, `"replica_kms_key_id": "` + bKey + `"`, "with the key of dst", ""},
	{"no opt-in, but a key", "XC021", func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" }) },
		finding.Replication, `"sse_kms_objects": "Enabled"`, "have it replicate objects under KMS", ""},
	{"no opt-in, and no key", "XC021", func(w *world) {
		w.configure(theRole, w.plainRule())
		w.dst(func(b *fact.Bucket) { b.Encryption = fact.Of(fact.Encryption{Algorithm: "AES256"}) })
	}, "", "", "", "which key of the account and Region of dst"},
	{"the replica key is of the source", "XC027", func(w *world) {
		w.Keys["x"], w.Keys["arn:aws:kms:eu-west-1:111111111111:key/c"] = w.Keys[bKey], w.Keys[aKey]
		w.key("arn:aws:kms:eu-west-1:111111111111:key/c", func(k *fact.Key) { k.ARN, k.Region = "arn:aws:kms:eu-west-1:111111111111:key/c", "eu-west-1" })
		w.inRole(`"Action": "kms:Encrypt", "Resource": "`, `"Action": "kms:Encrypt", "Resource": ["arn:aws:kms:eu-west-1:111111111111:key/c", "`)
		w.inRole(bKey+`"}`, bKey+`"]}`)
		w.rule(func(r *fact.ReplicationRule) {
			r.Destination.ReplicaKMSKeyID = "arn:aws:kms:eu-west-1:111111111111:key/c"
		})
	}, finding.Replication, `"replica_kms_key_id": "` + bKey + `"`, "name the key of dst for replicas", ""},
	{"a slash before the prefix", "XC033", func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.Prefix = "/logs/" }) }, "", "", "", "which keys the rule all is to replicate"},
	{"V1", "XC034", func(w *world) {
		w.rule(func(r *fact.ReplicationRule) { r.Schema, r.DeleteMarkers, r.Priority = "V1", "", 0 })
	},
		finding.Replication, `"delete_markers": "Enabled"`, "give all rules of src a Filter", ""},
	{"existing objects", "XC037", func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.ExistingObjects = "Enabled" }) },
		finding.Replication, `"status": "Enabled"`, "take ExistingObjectReplication out", ""},
	{"no metrics", "XC047", func(w *world) {
		w.rule(func(r *fact.ReplicationRule) { r.Destination.Metrics, r.Destination.ReplicationTime = "", "Disabled" })
	}, finding.Replication, `"metrics": "Enabled"`, "enable metrics", ""},
	{"a key that is never used", "XC060", func(w *world) {
		w.keyless()
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "Disabled" })
	}, finding.Replication, `"metrics": "Enabled"`, "take out the key for replicas", ""},
	{"it excludes all", "XC069", func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.Exclude.Prefixes = []string{""} }) }, "", "", "", "which objects the rule all is to exclude"},

	{"the dashes of the guide", "XC056", func(w *world) { w.inTrust("2012-10-17", "2012–10–17") }, finding.TrustPolicy, `"Version":"2012-10-17"`, "there is no", ""},
	{"another date", "XC056", func(w *world) { w.inRole("2012-10-17", "2024-01-01") }, finding.RolePolicy, `"Version": "2012-10-17"`, "write 2012-10-17 as Version", ""},
	{"an old version with dashes", "XC056", func(w *world) { w.inTrust("2012-10-17", "2008—10—17") }, finding.TrustPolicy, `"Version":"2008-10-17"`, "write 2008-10-17", ""},
	{"quotes of a word processor", "XC056", func(w *world) { w.inDst(`"Sid":"Replicas"`, "“Sid”:\u00A0“Replicas”") }, finding.BucketPolicy, `"Sid": "Replicas"`, "in plain characters", ""},
	{"a word of its own", "XC056", func(w *world) { w.inDst(`"Effect":"Allow"`, `"Effect":"Permit"`) }, "", "", "", "what the bucket policy of dst is to say"},
	{"no end", "XC056", func(w *world) { w.inRole("  ]\n}", "  ]\n") }, "", "", "", "what policy replicate of role repl is to say"},

	{"a name that is never sent", "XC029", func(w *world) {
		w.inRole(`"Action": "kms:Decrypt"`, `"Action": "kms:Decrypt", "Condition": {"StringLike": {"kms:EncryptionContext:arn:aws:arn": "arn:aws:s3:::src/*"}}`)
	}, finding.RolePolicy, `"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::src/*"`, "name the context key", ""},
	{"in a key policy", "XC029", func(w *world) {
		w.inKey(bKey, `"Action":"kms:Encrypt"`, `"Action":"kms:Encrypt","Condition":{"ArnLike":{"kms:encryptionContext:arn:aws:arn":"arn:aws:s3:::dst/*"}}`)
	}, finding.KeyPolicy, `"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"`, "name the context key", ""},
	{"in a Deny", "XC029", func(w *world) {
		w.inRole(`"Sid": "Decrypt", "Effect": "Allow", "Action": "kms:Decrypt"`, `"Sid": "No", "Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": `+
			`{"kms:EncryptionContext:arn:aws:arn": "x"}}}, {"Sid": "Decrypt", "Effect": "Allow", "Action": "kms:Decrypt"`)
	}, "", "", "", "whether a statement of policy replicate of role repl that denies"},

	{"the role is gone", "XC005", func(w *world) { w.Roles[theRole] = fact.None[fact.Role]() }, finding.TrustPolicy, `"Service": "s3.amazonaws.com"`, "create the role service-role/repl", ""},
	{"the role is of another account", "XC005", func(w *world) {
		w.Roles["arn:aws:iam::222222222222:role/r"] = fact.None[fact.Role]()
		w.configure("arn:aws:iam::222222222222:role/r", w.Bucket.Replication.Value.Rules...)
	}, "", "", "", "which role of account 111111111111 replicates from src"},

	{"the sample of AWS", "XC043", func(w *world) {
		w.inDst(`"Statement":[`, `"Statement":[{"Sid":"Bucket","Effect":"Allow","Principal":{"AWS":"`+theRole+`"},"Action":["s3:List*","s3:GetBucketVersioning","s3:PutBucketVersioning"],"Resource":"arn:aws:s3:::dst"},`)
	}, finding.BucketPolicy, `"Action":["s3:GetBucketVersioning"]`, "take s3:PutBucketVersioning out of statement Bucket", ""},
	{"a statement for nothing else", "XC044", func(w *world) {
		w.inDst(`"Statement":[`, `"Statement":[{"Sid":"Bucket","Effect":"Allow","Principal":{"AWS":"`+theRole+`"},"Action":"s3:ListBucket","Resource":"arn:aws:s3:::dst"},`)
	}, finding.BucketPolicy, `"Statement":[{"Sid":"Replicas"`, "take s3:ListBucket out of statement Bucket", ""},
	{"all actions", "XC043", func(w *world) { w.inDst(`["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"]`, `"s3:*"`) },
		finding.BucketPolicy, `"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"]`, "take s3:* out of statement Replicas", ""},
	{"all actions, and others may use them", "XC043", func(w *world) {
		w.inDst(`["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"]`, `"s3:*"`)
		w.inTrust(`"s3.amazonaws.com"`, `["s3.amazonaws.com","ec2.amazonaws.com"]`)
	}, "", "", "", "which of its actions are to stay"},
	{"another account may delete", "XC043", func(w *world) {
		w.inDst(`"Statement":[`, `"Statement":[{"Sid":"Clean","Effect":"Allow","Principal":{"AWS":"333333333333"},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::dst/*"},`)
	}, "", "", "", "statement Clean of the bucket policy of dst: whether 333333333333 needs what it allows"},
	{"the whole account", "XC045", func(w *world) { w.inDst(`"AWS":"`+theRole, `"AWS":"arn:aws:iam::111111111111:root`) },
		finding.BucketPolicy, `"Principal":{"AWS":"` + theRole + `"}`, "take all of account 111111111111 out of statement Replicas", ""},
	{"the whole account, for more", "XC045", func(w *world) {
		w.inDst(`"AWS":"`+theRole, `"AWS":"111111111111`)
		w.inDst(`"s3:ReplicateTags"`, `"s3:ReplicateTags","s3:GetObject"`)
	}, "", "", "", "who of the account is to use it"},
	{"a role that was deleted", "XC057", func(w *world) { w.inDst(`{"AWS":"`+theRole+`"}`, `{"AWS":["AROADELETEDDELETED111","`+theRole+`"]}`) },
		finding.BucketPolicy, `"Principal":{"AWS":["` + theRole + `"]}`, "its role or user was deleted", ""},
	{"tags are not named", "XC058", func(w *world) { w.inDst(`,"s3:ReplicateTags"`, ``) }, finding.BucketPolicy, `"s3:ReplicateTags"`, "add s3:ReplicateTags to statement Replicas", ""},
}

// TestRemedies: each fault gets the change that mends it, proven, or what a person must
// decide, and nothing else.
func TestRemedies(t *testing.T) {
	t.Parallel()
	for _, c := range remedyCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			c.do(w)
			checkRemedy(t, &c, w.Document)
		})
	}
}

func checkRemedy(t *testing.T, c *remedyCase, doc *fact.Document) {
	t.Helper()
	if _, before, err := judge(t.Context(), doc); err != nil || c.rule != "" && !fails(before, c.rule) {
		t.Fatalf("%s does not fail before: %v", c.rule, err)
	}
	got, err := fix.Find(t.Context(), []*fact.Document{doc}, judge)
	if err != nil {
		t.Fatal(err)
	}
	var has, summary, decided bool
	for _, change := range got.Changes {
		for _, e := range change.Edits {
			summary = summary || strings.Contains(e.Summary, c.summary)
		}
		has = has || change.Kind == c.kind && strings.Contains(change.After, c.has) && change.Proven
	}
	for _, d := range got.Decisions {
		decided = decided || strings.Contains(d.Text, c.decide)
	}
	switch {
	case c.kind == "" && len(got.Changes) > 0, c.kind != "" && !(has && summary), (c.decide != "") != (len(got.Decisions) > 0), c.decide != "" && !decided:
		t.Fatalf("%s", show(got))
	case c.kind == "":
		return
	}
	overlay := overlay.Of(got.Changes)
	after, _, err := overlay.Apply(doc)
	if err != nil {
		t.Fatal(err)
	}
	links, findings, err := judge(t.Context(), after)
	if err != nil || links[0].Verdict != finding.Works || fails(findings, c.rule) {
		t.Errorf("with the changes the link is %s, and %s fails: %v, error %v\n%s", links[0].Verdict, c.rule, fails(findings, c.rule), err, show(got))
	}
}

func fails(findings []finding.Finding, rule string) bool {
	return slices.ContainsFunc(findings, func(f finding.Finding) bool {
		return f.RuleID == rule && (f.Status == finding.Fail || rule == "XC003" && f.Status == finding.Unknown)
	})
}

func show(r finding.Repairs) string {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "CHANGE %s %s %s, proven %v, rests %v\n%s\n", c.Kind, c.Resource, c.Policy, c.Proven, c.Rests, c.After)
		for _, e := range c.Edits {
			fmt.Fprintf(&b, "  %s; %s\n", e.Summary, e.Optional)
		}
	}
	for _, d := range r.Decisions {
		fmt.Fprintf(&b, "DECIDE %s %s: %s\n", d.Kind, d.Resource, d.Text)
	}
	return b.String()
}

// TestSharedAccount: where two links use what their account may do, each role is named.
func TestSharedAccount(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.inDst(`"AWS":"`+theRole, `"AWS":"arn:aws:iam::111111111111:root`)
	docs := twice(t, w)
	got, err := fix.Find(t.Context(), docs, judge)
	if err != nil {
		t.Fatal(err)
	}
	const both = `"Principal":{"AWS":["` + theRole + `","arn:aws:iam::111111111111:role/service-role/other"]}`
	reversed := `"Principal":{"AWS":["arn:aws:iam::111111111111:role/service-role/other","` + theRole + `"]}`
	if len(got.Changes) != 1 || !strings.Contains(got.Changes[0].After, both) && !strings.Contains(got.Changes[0].After, reversed) || len(got.Changes[0].Links) != 2 || !got.Changes[0].Proven {
		t.Errorf("%s", show(got))
	}
}
