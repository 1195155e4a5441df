package rules

import (
	"reflect"
	"strings"

	"crosscheck/scanner/fact"
)

// The world of the tests: bucket src of account 1 replicates to bucket dst of
// account 2 through role repl. Every test changes one thing in it.
const (
	account1 = "111111111111"
	account2 = "222222222222"
	roleARN  = "arn:aws:iam::111111111111:role/service-role/repl"
)

const rolePolicy = `{"Version":"2012-10-17","Statement":[
{"Sid":"Configuration","Effect":"Allow","Action":["s3:GetReplicationConfiguration","s3:ListBucket"],"Resource":"arn:aws:s3:::src"},
{"Sid":"Read","Effect":"Allow","Action":["s3:GetObjectVersionForReplication","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging","s3:GetObjectVersionAnnotationForReplication"],"Resource":"arn:aws:s3:::src/*"},
{"Sid":"Write","Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}]}`

const dstPolicy = `{"Version":"2012-10-17","Statement":[
{"Sid":"Replica","Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}]}`

const trustPolicy = `{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{}}]}`

const fullAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

const rcpFullAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`

// working is a document with one link that works, every fact of it read.
func working() *fact.Document {
	bucket := func(name, account, region string) fact.Bucket {
		b := fact.Bucket{
			Name: name, ARN: "arn:aws:s3:::" + name, AccountID: account, Region: region,
			Replication:       fact.None[fact.Replication](),
			Versioning:        fact.Of(fact.Versioning{Status: "Enabled"}),
			Policy:            fact.None[fact.Policy](),
			Ownership:         fact.Of("BucketOwnerEnforced"),
			Encryption:        fact.Of(fact.Encryption{Algorithm: "AES256", BlockedTypes: []string{"SSE-C"}}),
			ObjectLock:        fact.None[fact.ObjectLock](),
			Lifecycle:         fact.None[[]fact.LifecycleRule](),
			Notification:      fact.Of(fact.Notification{Events: []string{"s3:Replication:*"}}),
			Alarms:            fact.Of([]fact.Alarm{}),
			RequestPayment:    fact.Of("BucketOwner"),
			PublicAccessBlock: fact.Of(fact.PublicAccessBlock{BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}),
			Tags:              fact.None[map[string]string](),
		}
		for _, row := range fact.BucketFacts {
			if f := row.Of(&b); f.State() == (fact.State{}) { // nothing that the tests look at
				reflect.ValueOf(f).Elem().FieldByName("Absent").SetBool(true)
			}
		}
		return b
	}
	account := func(id string) fact.Account {
		return fact.Account{
			ID: id, Name: "account " + id[:1], InOrganization: fact.Of(true), Path: fact.Of([]string{"r-root", "ou-root-a"}),
			SCPs: fact.Of([]fact.PolicyLevel{
				{Target: "r-root", Policies: []fact.Policy{{Name: "FullAWSAccess", Document: fullAccess}}},
				{Target: "ou-root-a", Policies: []fact.Policy{{Name: "FullAWSAccess", Document: fullAccess}}},
				{Target: id, Policies: []fact.Policy{{Name: "FullAWSAccess", Document: fullAccess}}},
			}),
			RCPs: fact.Of([]fact.PolicyLevel{
				{Target: "r-root", Policies: []fact.Policy{{Name: "RCPFullAWSAccess", ARN: "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess", Document: rcpFullAccess}}},
				{Target: id, Policies: []fact.Policy{{Name: "RCPFullAWSAccess", ARN: "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess", Document: rcpFullAccess}}},
			}),
			PublicAccessBlock: fact.None[fact.PublicAccessBlock](),
		}
	}
	rule := fact.ReplicationRule{
		ID: "all", Schema: "V2", Status: "Enabled", Priority: 1, DeleteMarkers: "Enabled",
		Destination: fact.Destination{Bucket: "arn:aws:s3:::dst", Account: account2, Metrics: "Enabled"},
	}
	src := bucket("src", account1, "us-east-1")
	src.Replication = fact.Of(fact.Replication{Role: roleARN, Rules: []fact.ReplicationRule{rule}})
	dst := bucket("dst", account2, "eu-west-1")
	dst.Policy = fact.Of(fact.Policy{Name: "dst", Document: dstPolicy})
	dst.Versioning = fact.Of(fact.Versioning{Status: "Enabled", MFADelete: "Enabled"})
	return &fact.Document{
		SchemaVersion: fact.SchemaVersion, Partition: "aws",
		Organization: fact.Of(fact.Organization{ID: "o-example", ManagementAccountID: "999999999999", FeatureSet: "ALL", PolicyTypes: []string{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"}}),
		Bucket:       src,
		Links:        []fact.Link{{ID: fact.LinkID("src", "all", "dst"), Rule: rule, RoleARN: roleARN, Destination: "dst"}},
		Buckets:      map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(dst)},
		Roles: map[string]fact.Fact[fact.Role]{roleARN: fact.Of(fact.Role{
			ARN: roleARN, AccountID: account1, Path: "/service-role/", Name: "repl", ID: "AROAEXAMPLEEXAMPLE111",
			Trust:    fact.Policy{Name: "trust", Document: trustPolicy},
			Inline:   fact.Of([]fact.Policy{{Name: "replicate", Document: rolePolicy}}),
			Attached: fact.None[[]fact.Policy](),
			Boundary: fact.None[fact.Policy](),
		})},
		Accounts: map[string]fact.Account{account1: account(account1), account2: account(account2)},
	}
}

// change gives a working document with something done to it.
func change(do func(*world)) *fact.Document {
	w := &world{Document: working()}
	do(w)
	return w.Document
}

// world edits a document, whose parts sit behind maps and pointers.
type world struct{ *fact.Document }

func (w *world) dst(do func(*fact.Bucket)) {
	b := *w.Buckets["dst"].Value
	do(&b)
	w.Buckets["dst"] = fact.Of(b)
}

func (w *world) role(do func(*fact.Role)) {
	r := *w.Roles[roleARN].Value
	do(&r)
	w.Roles[roleARN] = fact.Of(r)
}

func (w *world) account(id string, do func(*fact.Account)) {
	a := w.Accounts[id]
	do(&a)
	w.Accounts[id] = a
}

// rule edits the replication rule, in the configuration and in the link.
func (w *world) rule(do func(*fact.ReplicationRule)) {
	r := &w.Bucket.Replication.Value.Rules[0]
	do(r)
	w.Links[0].Rule = *r
}

// identity replaces text in the role's policy.
func (w *world) identity(old, text string) {
	w.role(func(r *fact.Role) {
		r.Inline = fact.Of([]fact.Policy{{Name: "replicate", Document: replaced(rolePolicy, old, text)}})
	})
}

// policy replaces text in the destination's bucket policy.
func (w *world) policy(old, text string) {
	w.dst(func(b *fact.Bucket) {
		b.Policy = fact.Of(fact.Policy{Name: "dst", Document: replaced(dstPolicy, old, text)})
	})
}

// deny adds a Deny to the role's policy.
func (w *world) deny(action, resource string) {
	w.identity(`{"Sid":"Write"`, `{"Sid":"No","Effect":"Deny","Action":"`+action+`","Resource":"`+resource+`"},{"Sid":"Write"`)
}

func replaced(s, old, text string) string {
	if !strings.Contains(s, old) {
		panic("the policy does not contain " + old)
	}
	return strings.Replace(s, old, text, 1)
}

func gap(fact_, code string) fact.Gap {
	return fact.Gap{AccountID: account2, Resource: "arn:aws:s3:::dst", Fact: fact_, API: "s3:Get", Code: code, Message: code}
}
