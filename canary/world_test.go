package canary

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/bucket"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

const (
	sourceAccount      = "111111111111"
	destinationAccount = "333333333333"
	sourceKey          = "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555"
	replicaKey         = "arn:aws:kms:eu-west-1:333333333333:key/66666666-7777-8888-9999-000000000000"
)

// lab is two accounts with a pair of buckets and a rule between them.
type lab struct {
	t   testing.TB
	aws *sandbox.Sandbox
}

// labWorld changes the world that [newLab] makes.
type labWorld struct {
	lag         time.Duration
	rule        string // fields of the rule beside ID, Status and Destination.Bucket, as YAML flow
	destination string // fields of the rule's destination, as YAML flow
	source      string // lines of the source bucket
	target      string // lines of the destination bucket
	actions     string // what the role may do to replicas
	links       int    // so many pairs of buckets, 0 = one
	kept        string // id of the account whose canary's role may not delete versions
	second      string // ARN of a second destination, by a rule of its own
	marks       string // whether that rule replicates delete markers; "" = Disabled
}

func (w labWorld) yaml() string {
	actions := w.actions
	if actions == "" {
		actions = `"s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags","s3:ObjectOwnerOverrideToBucketOwner"`
	}
	rule := w.rule
	if rule == "" {
		rule = "Filter: {}, DeleteMarkerReplication: {Status: Enabled}"
	}
	second := ""
	if w.second != "" {
		second = "\n            - {ID: other, Priority: 2, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: " + cmp.Or(w.marks, "Disabled") + "}, Destination: {Bucket: \"" + w.second + "\"}}"
	}
	var b, d strings.Builder
	for i := range max(w.links, 1) {
		fmt.Fprintf(&b, `
      - name: %[1]s
        region: us-east-1
        versioning: Enabled
        replication:
          Role: arn:aws:iam::111111111111:role/replication
          Rules:
            - {ID: r, Priority: 1, Status: Enabled, %[3]s, Destination: {Bucket: "arn:aws:s3:::%[2]s"%[4]s}}%[6]s%[5]s`,
			bucketName("src", i), bucketName("dst", i), rule, w.destination, indented(w.source), second)
		fmt.Fprintf(&d, `
      - name: %[1]s
        region: eu-west-1
        versioning: Enabled
        policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/replication"},"Action":[%[2]s],"Resource":"arn:aws:s3:::%[1]s/*"}]}'%[3]s`,
			bucketName("dst", i), actions, indented(w.target))
	}
	return `
partition: aws
lag: ` + w.lag.String() + `
callers:
  - {access_key: AKIASOURCEADMINKEY, account: "111111111111", root: true}
  - {access_key: AKIADESTINATIONADMIN, account: "333333333333", root: true}
  - {access_key: AKIASOURCECANARYKEY, account: "111111111111", role: crosscheck-canary}
  - {access_key: AKIADESTINATIONCANARYKEY, account: "333333333333", role: crosscheck-canary}
accounts:
  - id: "111111111111"
    keys: [{id: 11111111-2222-3333-4444-555555555555, region: us-east-1}]
    roles:
      - name: crosscheck-canary
        trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}'
        inline:
          canary: '` + policyJSON(SourceSide) + `'` + w.keeps(sourceAccount) + `
      - name: replication
        trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
        inline:
          replication: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetReplicationConfiguration","s3:ListBucket","s3:GetObjectVersionForReplication","s3:GetObjectRetention","s3:GetObjectLegalHold","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging","s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags","s3:ObjectOwnerOverrideToBucketOwner","kms:Decrypt","kms:Encrypt","kms:GenerateDataKey"],"Resource":"*"}]}'
    buckets:` + b.String() + `
  - id: "333333333333"
    keys:
      - id: 66666666-7777-8888-9999-000000000000
        region: eu-west-1
        policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::333333333333:root","arn:aws:iam::111111111111:role/replication"]},"Action":"kms:*","Resource":"*"}]}'
    roles:
      - name: crosscheck-canary
        trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"sts:AssumeRole"}]}'
        inline:
          canary: '` + policyJSON(DestinationSide) + `'` + w.keeps(destinationAccount) + `
    buckets:` + d.String() + "\n"
}

// keeps is a policy of the canary's role in an account that forbids to delete versions.
func (w labWorld) keeps(account string) string {
	if w.kept != account {
		return ""
	}
	return `
          keep: '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteObjectVersion","Resource":"*"}]}'`
}

// policyJSON is the published policy of one side.
func policyJSON(side Side) string {
	type statement struct {
		Sid, Effect string
		Action      []string
		Resource    string
		Condition   map[string]map[string]string `json:",omitempty"`
	}
	var list []statement
	for _, st := range Policy("aws", Folder, side) {
		list = append(list, statement{st.Sid, "Allow", st.Action, st.Resource, st.Condition})
	}
	data, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
	if err != nil {
		panic(err)
	}
	return string(data)
}

func indented(lines string) string {
	var b strings.Builder
	for l := range strings.Lines(lines) {
		b.WriteString("\n        " + strings.TrimSuffix(l, "\n"))
	}
	return b.String()
}

func bucketName(kind string, i int) string {
	if i == 0 {
		return kind
	}
	return fmt.Sprintf("%s-%d", kind, i)
}

func newLab(t testing.TB, w labWorld) *lab {
	t.Helper()
	world, err := sandbox.Load("lab.yaml", []byte(w.yaml()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(world)
	if err != nil {
		t.Fatal(err)
	}
	return &lab{t, s}
}

// client is a client in process with an access key of the world.
func (l *lab) client(accessKey, region string) *s3.Client {
	return s3.New(s3.Options{
		Region: region, UsePathStyle: true, HTTPClient: l.aws.HTTPClient(),
		Credentials:      credentials.NewStaticCredentialsProvider(accessKey, sandbox.DefaultSecretKey, ""),
		RetryMaxAttempts: 1,
	})
}

// reader is such a client of the source's canary role that keeps the bodies of answers.
func (l *lab) reader() *s3.Client {
	session := client.New(aws.Config{Region: "us-east-1", HTTPClient: l.aws.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider("AKIASOURCECANARYKEY", sandbox.DefaultSecretKey, "")}, client.Options{})
	return client.NewS3(session.Config(session.Own(), "us-east-1"))
}

// target is the link from src to dst, reached with the canary's roles.
func (l *lab) target(i int) *Target {
	src, dst := bucketName("src", i), bucketName("dst", i)
	rule := fact.ReplicationRule{
		ID: "r", Schema: "V2", Status: "Enabled", Priority: 1, DeleteMarkers: "Enabled",
		Destination: fact.Destination{Bucket: "arn:aws:s3:::" + dst},
	}
	return &Target{
		Link: fact.LinkID(src, "r", dst), Rule: rule,
		Source:      bucket.Bucket{Bucket: fact.Bucket{Name: src, AccountID: sourceAccount, Region: "us-east-1"}, S3: l.client("AKIASOURCECANARYKEY", "us-east-1")},
		Destination: bucket.Bucket{Bucket: fact.Bucket{Name: dst, AccountID: destinationAccount, Region: "eu-west-1"}, S3: l.client("AKIADESTINATIONCANARYKEY", "eu-west-1")},
	}
}

// admin are the two ends as their owners see them.
func (l *lab) admin(i int) (source, destination *bucket.Bucket) {
	return &bucket.Bucket{Bucket: fact.Bucket{Name: bucketName("src", i)}, S3: l.client("AKIASOURCEADMINKEY", "us-east-1")},
		&bucket.Bucket{Bucket: fact.Bucket{Name: bucketName("dst", i)}, S3: l.client("AKIADESTINATIONADMIN", "eu-west-1")}
}

// everything lists what is in both buckets.
func (l *lab) everything(i int) []string {
	l.t.Helper()
	source, destination := l.admin(i)
	var all []string
	for _, e := range []*bucket.Bucket{source, destination} {
		err := e.List(l.t.Context(), "", func(key string, v bucket.Version) error {
			all = append(all, fmt.Sprintf("%s %s %s marker=%v", e.Name, key, v.ID, v.DeleteMarker))
			return nil
		})
		if err != nil {
			l.t.Fatal(err)
		}
	}
	return all
}

// empty fails the test if anything is left in the buckets.
func (l *lab) empty(i int) {
	l.t.Helper()
	for _, left := range l.everything(i) {
		l.t.Errorf("left behind: %s", left)
	}
	source, _ := l.admin(i)
	out, err := source.S3.ListMultipartUploads(l.t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(source.Name)})
	if err != nil {
		l.t.Fatal(err)
	}
	if len(out.Uploads) > 0 {
		l.t.Errorf("%d unfinished uploads left behind", len(out.Uploads))
	}
}
