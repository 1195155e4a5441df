package replicate_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosscheck/scanner/sandbox/state"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox/sandboxtest"
)

// pair is the source and the destination of testdata/s3.yaml with a client for
// each, as its own account has it.
type pair struct {
	*testing.T
	s        *sandboxtest.Sandbox
	src, dst *s3.Client

	meanwhile func() // between the write and its settlement
}

func newPair(t *testing.T) *pair {
	s := sandboxtest.Storage(t)
	return &pair{T: t, s: s, src: s.S3(sandboxtest.SourceAdmin, "us-east-1"), dst: s.S3(sandboxtest.BackupAdmin, "eu-west-1")}
}

// head is a HEAD with checksum mode on, nil when there is nothing.
func (p *pair) head(c *s3.Client, bucket, key string) *s3.HeadObjectOutput {
	p.Helper()
	out, err := c.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key, ChecksumMode: "ENABLED"})
	if code, status := sandboxtest.ErrorCode(err); status != 0 && status != 404 && status != 403 {
		p.Fatalf("HEAD %s/%s: %s %d", bucket, key, code, status)
	}
	if err != nil {
		return nil
	}
	return out
}

func (p *pair) status(key string) string {
	p.Helper()
	if h := p.head(p.src, "src", key); h != nil {
		return string(h.ReplicationStatus)
	}
	return "absent"
}

func (p *pair) tags(c *s3.Client, bucket, key string) string {
	p.Helper()
	out, err := c.GetObjectTagging(context.Background(), &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "absent"
	}
	var tags []string
	for _, t := range out.TagSet {
		tags = append(tags, *t.Key+"="+*t.Value)
	}
	return strings.Join(tags, ",")
}

// role replaces one text in the role's policy.
func (p *pair) role(old, replacement string) {
	p.Helper()
	r := p.s.State.Accounts["111111111111"].Roles["replication"]
	edit(p.T, &r.Inline[0].Document, old, replacement)
}

func (p *pair) trust(policy string) {
	p.s.State.Accounts["111111111111"].Roles["replication"].Trust = policy
}

func (p *pair) policy(bucket, old, replacement string) {
	p.Helper()
	edit(p.T, &p.s.State.Bucket(bucket).Policy, old, replacement)
}

func (p *pair) key(old, replacement string) {
	p.Helper()
	edit(p.T, &p.s.State.Keys["arn:aws:kms:eu-west-1:222222222222:key/22222222-2222-4222-8222-222222222222"].Policy, old, replacement)
}

func (p *pair) rule() *state.ReplicationRule { return &p.s.State.Bucket("src").Replication.Rules[0] }

func edit(t *testing.T, text *string, old, replacement string) {
	t.Helper()
	if !strings.Contains(*text, old) {
		t.Fatalf("no %s in %s", old, *text)
	}
	*text = strings.Replace(*text, old, replacement, 1)
}

// deny puts a Deny statement in front of a policy.
func deny(action, resource string) (old, replacement string) {
	return `"Statement":[`, `"Statement":[{"Sid":"No","Effect":"Deny","Action":"` + action + `","Resource":"` + resource + `"},`
}

func override(p *pair) {
	p.s.State.Bucket("dst").Ownership = state.ObjectWriter
	p.rule().Destination.Account = aws.String("222222222222")
	p.rule().Destination.AccessControlTranslation = &state.AccessControlTranslation{Owner: "Destination"}
}

func grantOverride(p *pair) {
	override(p)
	p.role(`"s3:ReplicateObject"`, `"s3:ReplicateObject","s3:ObjectOwnerOverrideToBucketOwner"`)
	p.policy("dst", `"s3:ReplicateObject"`, `"s3:ReplicateObject","s3:ObjectOwnerOverrideToBucketOwner"`)
}

// The ways to write an object.
type change = func(*s3.PutObjectInput)

func tagged(in *s3.PutObjectInput) { in.Tagging = aws.String("team=dr") }

func withKMS(in *s3.PutObjectInput) {
	in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", aws.String("alias/source")
}

func withCustomerKey(in *s3.PutObjectInput) {
	key := strings.Repeat("k", 32)
	digest := md5.Sum([]byte(key))
	in.SSECustomerAlgorithm, in.SSECustomerKey = aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString([]byte(key)))
	in.SSECustomerKeyMD5 = aws.String(base64.StdEncoding.EncodeToString(digest[:]))
}

func held(in *s3.PutObjectInput) { in.ObjectLockLegalHoldStatus = "ON" }

func released(in *s3.PutObjectInput) { in.ObjectLockLegalHoldStatus = "OFF" }

func retained(in *s3.PutObjectInput) {
	in.ObjectLockMode, in.ObjectLockRetainUntilDate = "GOVERNANCE", aws.Time(time.Now().AddDate(0, 0, 3))
}

// TestReplicationOutcomes: each row breaks (or bends) one thing of a link that
// works, and says what becomes of an object. Rows that recordings show say
// "recorded"; the others follow documentation.
func TestReplicationOutcomes(t *testing.T) {
	t.Parallel()
	const locked, unlocked = "locked", "unlocked"
	lock := func(src, dst string) func(*pair) {
		return func(p *pair) {
			for bucket, how := range map[string]string{"src": src, "dst": dst} {
				if how == locked {
					p.s.State.Bucket(bucket).Lock = &state.ObjectLock{}
				}
			}
		}
	}
	for _, test := range []struct {
		name   string
		setup  func(*pair)
		object change
		status string // of the source
		code   string
		tags   string // of the replica; "absent": nothing arrived
	}{
		{"as it is (recorded)", nil, nil, "COMPLETED", "", ""},
		{"with tags; ReplicateTags granted nowhere (recorded)", nil, tagged, "COMPLETED", "", "team=dr"},
		{"GetObjectVersion instead of …ForReplication (recorded)", func(p *pair) { p.role("GetObjectVersionForReplication", "GetObjectVersion") }, nil, "COMPLETED", "", ""},
		{"both reads allowed, one denied (recorded)", func(p *pair) {
			p.role(`"s3:GetObjectVersionForReplication"`, `"s3:GetObjectVersionForReplication","s3:GetObjectVersion"`)
			p.role(deny("s3:GetObjectVersion", "*"))
		}, nil, "COMPLETED", "", ""},
		{"both reads denied (recorded)", func(p *pair) {
			p.role(deny("s3:GetObjectVersion", "*"))
			p.role(deny("s3:GetObjectVersionForReplication", "*"))
		}, nil, "FAILED", "SrcGetObjectNotPermitted", "absent"},
		{"no read (recorded)", func(p *pair) { p.role("GetObjectVersionForReplication", "GetObjectTorrent") }, nil, "FAILED", "SrcGetObjectNotPermitted", "absent"},
		{"source bucket policy denies (recorded)", func(p *pair) {
			p.s.State.Bucket("src").Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObjectVersionForReplication","Resource":"arn:aws:s3:::src/*"}]}`
		}, nil, "FAILED", "SrcGetObjectNotPermitted", "absent"},
		{"no ACL read (recorded)", func(p *pair) { p.role("GetObjectVersionAcl", "GetObjectTorrent") }, nil, "FAILED", "SrcGetAclNotPermitted", "absent"},
		{"tag read denied, tagged (recorded)", func(p *pair) { p.role(deny("s3:GetObjectVersionTagging", "*")) }, tagged, "FAILED", "SrcGetTaggingNotPermitted", ""},
		{"tag read denied, untagged", func(p *pair) { p.role(deny("s3:GetObjectVersionTagging", "*")) }, nil, "COMPLETED", "", ""},
		{"ReplicateTags denied to the role (recorded)", func(p *pair) { p.role(deny("s3:ReplicateTags", "*")) }, tagged, "FAILED", "DstPutTaggingNotPermitted", ""},
		{"ReplicateTags denied by the destination (recorded)", func(p *pair) { p.denyAtDestination("s3:ReplicateTags") }, tagged, "FAILED", "DstPutTaggingNotPermitted", ""},
		{"ReplicateTags denied, untagged", func(p *pair) { p.role(deny("s3:ReplicateTags", "*")) }, nil, "COMPLETED", "", ""},
		{"no ReplicateObject in the role (recorded)", func(p *pair) { p.role("s3:ReplicateObject", "s3:PutObject") }, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"no ReplicateObject in the destination policy", func(p *pair) { p.policy("dst", "s3:ReplicateObject", "s3:PutObject") }, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"role ARN without its path in the destination policy", func(p *pair) { p.policy("dst", "role/service-role/replication", "role/replication") }, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"no destination policy", func(p *pair) { p.s.State.Bucket("dst").Policy = "" }, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"PutObject alone denied at the destination", func(p *pair) { p.denyAtDestination("s3:PutObject") }, nil, "COMPLETED", "", ""},
		{"insecure transport denied at the destination", func(p *pair) {
			p.policy("dst", `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},`)
		}, nil, "COMPLETED", "", ""},
		{"other VPC endpoints denied at the destination (documented as breaking)", func(p *pair) {
			p.policy("dst", `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}},`)
		}, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"other addresses denied at the destination: where S3 calls from is not known", func(p *pair) {
			p.policy("dst", `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*","Condition":{"NotIpAddress":{"aws:SourceIp":"127.0.0.0/8"}}},`)
		}, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"a public destination policy under RestrictPublicBuckets", func(p *pair) {
			p.policy("dst", `"Statement":[`, `"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/*"},`)
		}, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"SCP over the source account denies", func(p *pair) {
			p.s.State.Organization.Policies["p-FullAWSAccess"].Document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:Replicate*","Resource":"*"}]}`
			p.s.State.Organization.ManagementID = "222222222222"
		}, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"RCP over the destination account denies", func(p *pair) {
			p.s.State.Organization.Policies["p-rcp00000"] = &state.OrgPolicy{ID: "p-rcp00000", Name: "perimeter", Kind: state.RCP, Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"*"}]}`}
			p.s.State.Organization.Attached["222222222222"] = append(p.s.State.Organization.Attached["222222222222"], "p-rcp00000")
		}, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"permissions boundary leaves ReplicateTags out (recorded)", func(p *pair) { p.boundary(`"Action":["s3:Get*","s3:ReplicateObject"]`) }, tagged, "COMPLETED", "", "team=dr"},
		{"permissions boundary denies ReplicateTags (recorded)", func(p *pair) {
			p.boundary(`"Action":["s3:*"]`)
			a := p.s.State.Accounts["111111111111"]
			m := a.Managed["arn:aws:iam::111111111111:policy/boundary"]
			edit(p.T, &m.Document, `"Statement":[`, `"Statement":[{"Effect":"Deny","Action":"s3:ReplicateTags","Resource":"*"},`)
		}, tagged, "FAILED", "DstPutTaggingNotPermitted", ""},
		{"permissions boundary leaves ReplicateObject out", func(p *pair) { p.boundary(`"Action":["s3:Get*"]`) }, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"destination unversioned (recorded)", func(p *pair) { p.s.State.Bucket("dst").Versioning = state.Suspended }, nil, "FAILED", "DstBucketUnversioned", "absent"},
		{"destination gone", func(p *pair) { p.s.State.DeleteBucket(p.s.State.Bucket("dst")) }, nil, "FAILED", "DstBucketNotFound", "absent"},
		{"destination of another account than it says", func(p *pair) { p.rule().Destination.Account = aws.String("333333333333") }, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"destination in Requester Pays", func(p *pair) { p.s.State.Bucket("dst").RequestPayment = "Requester" }, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"role gone", func(p *pair) { delete(p.s.State.Accounts["111111111111"].Roles, "replication") }, nil, "FAILED", "AssumeRoleNotPermitted", "absent"},
		{"trust for another service (recorded)", func(p *pair) {
			p.trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"batchoperations.s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
		}, nil, "FAILED", "AssumeRoleNotPermitted", "absent"},
		{"trust for another source account (recorded)", func(p *pair) {
			p.trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"222222222222"}}}]}`)
		}, nil, "FAILED", "AssumeRoleNotPermitted", "absent"},
		{"trust for this source bucket", func(p *pair) {
			p.trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::src"}}}]}`)
		}, nil, "COMPLETED", "", ""},
		{"session policy name in the destination policy", func(p *pair) {
			p.policy("dst", "arn:aws:iam::111111111111:role/service-role/replication", "arn:aws:sts::111111111111:assumed-role/replication/s3-replication")
		}, nil, "COMPLETED", "", ""},
		{"configuration removed meanwhile", func(p *pair) { p.meanwhile = func() { p.s.State.Bucket("src").Replication = nil } }, nil, "FAILED", "SrcBucketReplicationConfigMissing", "absent"},

		{"owner override without its permission", override, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"owner override with its permission (recorded)", grantOverride, nil, "COMPLETED", "", ""},
		{"owner override granted by the role only", func(p *pair) {
			override(p)
			p.role(`"s3:ReplicateObject"`, `"s3:ReplicateObject","s3:ObjectOwnerOverrideToBucketOwner"`)
		}, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"owner override into BucketOwnerEnforced without permission", func(p *pair) {
			override(p)
			p.s.State.Bucket("dst").Ownership = state.BucketOwnerEnforced
		}, nil, "COMPLETED", "", ""},

		{"KMS (recorded)", nil, withKMS, "COMPLETED", "", ""},
		{"KMS without opt-in: not eligible", func(p *pair) {
			p.rule().SourceSelectionCriteria, p.rule().Destination.EncryptionConfiguration = nil, nil
		}, withKMS, "", "", "absent"},
		{"KMS read by GetObjectVersion alone", func(p *pair) { p.role("GetObjectVersionForReplication", "GetObjectVersion") }, withKMS, "FAILED", "SrcGetObjectNotPermitted", "absent"},
		{"no kms:Decrypt (recorded)", func(p *pair) { p.role("kms:Decrypt", "kms:DescribeKey") }, withKMS, "FAILED", "SrcGetObjectNotPermitted", "absent"},
		{"no kms:Encrypt (recorded)", func(p *pair) { p.role("kms:Encrypt", "kms:DescribeKey") }, withKMS, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"key policy without the role (recorded)", func(p *pair) { p.key(`"kms:Encrypt"`, `"kms:Decrypt"`) }, withKMS, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"key policy by ViaService and the destination object (recorded)", func(p *pair) {
			p.key(`"Action":"kms:Encrypt"`, `"Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"},"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}},"Action":"kms:Encrypt"`)
		}, withKMS, "COMPLETED", "", ""},
		{"key policy by the source object", func(p *pair) {
			p.key(`"Action":"kms:Encrypt"`, `"Condition":{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"}},"Action":"kms:Encrypt"`)
		}, withKMS, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"destination key disabled", func(p *pair) {
			p.s.State.Keys["arn:aws:kms:eu-west-1:222222222222:key/22222222-2222-4222-8222-222222222222"].State = "Disabled"
		}, withKMS, "FAILED", "DstKmsKeyInvalidState", "absent"},
		{"destination key gone", func(p *pair) {
			delete(p.s.State.Keys, "arn:aws:kms:eu-west-1:222222222222:key/22222222-2222-4222-8222-222222222222")
		}, withKMS, "FAILED", "DstKmsKeyNotFound", "absent"},
		{"destination key in the source Region", func(p *pair) {
			p.rule().Destination.EncryptionConfiguration.ReplicaKmsKeyID = "arn:aws:kms:us-east-1:111111111111:key/11111111-1111-4111-8111-111111111111"
		}, withKMS, "FAILED", "DstKmsKeyNotFound", "absent"},
		{"destination key is aws/s3 of the destination account", func(p *pair) {
			p.rule().Destination.EncryptionConfiguration.ReplicaKmsKeyID = "arn:aws:kms:eu-west-1:222222222222:alias/aws/s3"
		}, withKMS, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"source key disabled", func(p *pair) {
			p.meanwhile = func() {
				p.s.State.Keys["arn:aws:kms:us-east-1:111111111111:key/11111111-1111-4111-8111-111111111111"].State = "Disabled"
			}
		}, withKMS, "FAILED", "SrcKmsKeyInvalidState", "absent"},
		{"bucket key, Encrypt alone (documented)", nil, func(in *s3.PutObjectInput) { withKMS(in); in.BucketKeyEnabled = aws.Bool(true) }, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"bucket key with a data key (documented)", func(p *pair) {
			p.role(`"kms:Encrypt"`, `"kms:Encrypt","kms:GenerateDataKey"`)
			p.key(`"kms:Encrypt"`, `["kms:Encrypt","kms:GenerateDataKey","kms:Decrypt"]`)
		}, func(in *s3.PutObjectInput) { withKMS(in); in.BucketKeyEnabled = aws.Bool(true) }, "COMPLETED", "", ""},
		{"destination policy demands the key", func(p *pair) {
			p.policy("dst", `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:eu-west-1:222222222222:key/22222222-2222-4222-8222-222222222222"}}},`)
		}, withKMS, "COMPLETED", "", ""},
		{"destination policy demands KMS, SSE-S3 comes", func(p *pair) {
			p.policy("dst", `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}},`)
		}, nil, "FAILED", "DstPutObjectNotPermitted", "absent"},
		{"SSE-C (recorded)", nil, withCustomerKey, "COMPLETED", "", ""},
		{"SSE-C where the destination blocks it (recorded but for the code)", func(p *pair) { p.s.State.Bucket("dst").Encryption.Blocked = []string{"SSE-C"} }, withCustomerKey, "FAILED", "DstPutObjectNotPermitted", "absent"},

		{"GLACIER is not eligible (recorded)", nil, func(in *s3.PutObjectInput) { in.StorageClass = "GLACIER" }, "", "", "absent"},
		{"GLACIER_IR is", nil, func(in *s3.PutObjectInput) { in.StorageClass = "GLACIER_IR" }, "COMPLETED", "", ""},
		{"source suspended", func(p *pair) { p.s.State.Bucket("src").Versioning = state.Suspended }, nil, "", "", "absent"},
		{"rule disabled", func(p *pair) { p.rule().Status = state.Disabled }, nil, "", "", "absent"},
		{"another prefix", func(p *pair) { p.rule().Filter.Prefix = aws.String("logs/") }, nil, "", "", "absent"},
		{"this prefix", func(p *pair) { p.rule().Filter.Prefix = aws.String("ob") }, nil, "COMPLETED", "", ""},
		{"tag filter, tagged", func(p *pair) { p.rule().Filter.Tag = &state.Tag{Key: "team", Value: "dr"} }, tagged, "COMPLETED", "", "team=dr"},
		{"tag filter, untagged", func(p *pair) { p.rule().Filter.Tag = &state.Tag{Key: "team", Value: "dr"} }, nil, "", "", "absent"},
		{"tag filter, another value", func(p *pair) { p.rule().Filter.Tag = &state.Tag{Key: "team", Value: "qa"} }, tagged, "", "", "absent"},
		{"and filter", func(p *pair) {
			p.rule().Filter.And = &state.ReplicationAnd{Prefix: aws.String("ob"), Tags: []state.Tag{{Key: "team", Value: "dr"}}}
		}, tagged, "COMPLETED", "", "team=dr"},
		{"and filter with one tag missing", func(p *pair) {
			p.rule().Filter.And = &state.ReplicationAnd{Prefix: nil, Tags: []state.Tag{{Key: "team", Value: "dr"}, {Key: "env", Value: "prod"}}}
		}, tagged, "", "", "absent"},
		{"V1", func(p *pair) {
			*p.rule() = state.ReplicationRule{ID: "all", Prefix: aws.String("ob"), Status: state.Enabled, Destination: p.rule().Destination}
		}, nil, "COMPLETED", "", ""},

		{"locked source, unlocked destination, plain object (recorded)", lock(locked, unlocked), nil, "COMPLETED", "", ""},
		{"… with retention (recorded)", lock(locked, unlocked), retained, "FAILED", "DstBucketObjectLockConfigMissing", "absent"},
		{"… with a legal hold (recorded)", lock(locked, unlocked), held, "FAILED", "DstBucketObjectLockConfigMissing", "absent"},
		{"… with a legal hold that is OFF (recorded)", lock(locked, unlocked), released, "FAILED", "DstBucketObjectLockConfigMissing", "absent"},
		{"both locked, with retention and only source reads (recorded)", lock(locked, locked), retained, "COMPLETED", "", ""},
		{"both locked, with a legal hold (recorded)", lock(locked, locked), held, "COMPLETED", "", ""},
		{"retention read denied (recorded)", func(p *pair) { lock(locked, locked)(p); p.role(deny("s3:GetObjectRetention", "*")) }, retained, "FAILED", "SrcGetRetentionNotPermitted", "absent"},
		{"legal hold read denied (recorded)", func(p *pair) { lock(locked, locked)(p); p.role(deny("s3:GetObjectLegalHold", "*")) }, held, "FAILED", "SrcGetLegalHoldNotPermitted", "absent"},
		{"lock reads denied, plain object", func(p *pair) { lock(locked, locked)(p); p.role(deny("s3:GetObjectRetention", "*")) }, nil, "COMPLETED", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				if test.setup != nil {
					test.setup(p)
				}
				object := test.object
				if object == nil {
					object = func(*s3.PutObjectInput) {}
				}
				id := sandboxtest.Put(t, p.src, "src", "object", "hello", object)
				if v := p.s.State.Bucket("src").Current("object"); (v.Status == "PENDING") != (test.status != "") {
					t.Errorf("status right after: %q", v.Status)
				}
				if dst := p.s.State.Bucket("dst"); dst != nil && dst.Current("object") != nil {
					t.Error("there before its time")
				}
				p.settleAfter()
				v := p.s.State.Bucket("src").Current("object")
				if v.Status != test.status {
					t.Errorf("source status %q, want %q", v.Status, test.status)
				}
				code := ""
				if f := p.s.ReplicationFailures("src"); len(f) == 1 {
					code = f[0].ReplicationEventData.FailureReason
				}
				if code != test.code {
					t.Errorf("failure code %q, want %q", code, test.code)
				}
				var replica *state.Version
				if dst := p.s.State.Bucket("dst"); dst != nil {
					replica = dst.Version("object", id)
				}
				if (replica == nil) != (test.tags == "absent") {
					t.Fatalf("replica %v, want %s", replica, test.tags)
				}
				if replica == nil {
					return
				}
				var tags []string
				for _, tag := range replica.Tags {
					tags = append(tags, tag.Key+"="+tag.Value)
				}
				if got := strings.Join(tags, ","); got != test.tags {
					t.Errorf("tags of the replica %q, want %q", got, test.tags)
				}
				if replica.Status != "REPLICA" || replica.ETag != v.ETag || !replica.Modified.Equal(v.Modified) || replica.Checksum != v.Checksum {
					t.Errorf("replica %+v\nsource %+v", replica, v)
				}
			})
		})
	}
}

// denyAtDestination denies everyone an action in the destination's policy.
func (p *pair) denyAtDestination(action string) {
	p.policy("dst", `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"`+action+`","Resource":"arn:aws:s3:::dst/*"},`)
}

// boundary gives the role a permissions boundary with one Allow.
func (p *pair) boundary(action string) {
	a := p.s.State.Accounts["111111111111"]
	arn := "arn:aws:iam::111111111111:policy/boundary"
	a.Managed[arn] = &state.ManagedPolicy{ARN: arn, Name: "boundary", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + action + `,"Resource":"*"}]}`}
	a.Roles["replication"].Boundary = arn
}

// settleAfter lets the lag pass and makes a request that settles what is due.
func (p *pair) settleAfter() {
	if p.meanwhile != nil {
		p.meanwhile()
	}
	time.Sleep(2 * time.Second)
	p.s.ReplicationFailures("")
}

// TestReplicaShape compares the two ends as a canary sees them.
func TestReplicaShape(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		sandboxtest.Put(t, p.src, "src", "k", "hello", tagged, func(in *s3.PutObjectInput) {
			in.Metadata, in.ChecksumAlgorithm, in.StorageClass = map[string]string{"m": "v"}, "SHA256", "STANDARD_IA"
		})
		colder := *p.rule().Destination
		colder.StorageClass = "GLACIER_IR"
		p.rule().Destination = &colder // too late for this object: its rule was chosen when it was written
		before := p.head(p.src, "src", "k")
		if before.ReplicationStatus != "PENDING" || *before.TagCount != 1 || p.head(p.dst, "dst", "k") != nil {
			t.Errorf("before: %+v", before)
		}
		time.Sleep(2*time.Second - 1)
		if p.head(p.dst, "dst", "k") != nil {
			t.Error("there before the lag has passed")
		}
		time.Sleep(time.Nanosecond)
		replica, source := p.head(p.dst, "dst", "k"), p.head(p.src, "src", "k")
		if replica == nil {
			t.Fatal("not there after the lag")
		}
		if source.ReplicationStatus != "COMPLETED" || replica.ReplicationStatus != "REPLICA" {
			t.Errorf("source %s, replica %s", source.ReplicationStatus, replica.ReplicationStatus)
		}
		for _, h := range []*s3.HeadObjectOutput{replica, source} {
			h.ReplicationStatus = ""
			h.ResultMetadata.Set("x", nil)
		}
		ignore := cmp.FilterPath(func(p cmp.Path) bool {
			return p.Last().String() == ".ResultMetadata" || p.Last().String() == ".noSmithyDocumentSerde"
		}, cmp.Ignore())
		if diff := cmp.Diff(source, replica, ignore); diff != "" {
			t.Errorf("(-source +replica):\n%s", diff)
		}
		if got := p.tags(p.dst, "dst", "k"); got != "team=dr" {
			t.Errorf("tags %s", got)
		}
		out, err := p.dst.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("dst"), Key: aws.String("k")})
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(out.Body); string(body) != "hello" || err != nil {
			t.Errorf("body %q, %v", body, err)
		}

		sandboxtest.Put(t, p.src, "src", "by rule", "x")
		p.settleAfter()
		if got := p.head(p.dst, "dst", "by rule"); got.StorageClass != "GLACIER_IR" {
			t.Errorf("storage class %s", got.StorageClass)
		}
	})
}

func TestReplicaEncryption(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		sandboxtest.Put(t, p.src, "src", "k", "x", withKMS)
		p.settleAfter()
		source, replica := p.head(p.src, "src", "k"), p.head(p.dst, "dst", "k")
		if replica == nil {
			t.Fatal(p.s.ReplicationFailures(""))
		}
		if *replica.SSEKMSKeyId != "arn:aws:kms:eu-west-1:222222222222:key/22222222-2222-4222-8222-222222222222" || replica.ServerSideEncryption != "aws:kms" || *replica.ETag != *source.ETag {
			t.Errorf("replica %+v", replica)
		}
	})
}

// TestReplicaOwner: who owns a replica, and who may read it (recorded).
func TestReplicaOwner(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		setup       func(*pair)
		owner       string
		destination bool // the destination account may read
	}{
		{"ObjectWriter, no override", func(p *pair) { p.s.State.Bucket("dst").Ownership = state.ObjectWriter }, "111111111111", false},
		{"override", grantOverride, "222222222222", true},
		{"BucketOwnerEnforced", func(*pair) {}, "222222222222", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				test.setup(p)
				sandboxtest.Put(t, p.src, "src", "k", "x", tagged)
				p.settleAfter()
				if got := p.s.State.Bucket("dst").Current("k").Owner; got != test.owner {
					t.Errorf("owner %s, want %s", got, test.owner)
				}
				if got := p.head(p.dst, "dst", "k") != nil; got != test.destination {
					t.Errorf("the destination account reads: %v", got)
				}
				// Tags are the bucket owner's to read, whoever owns the object.
				if got := p.tags(p.dst, "dst", "k"); got != "team=dr" {
					t.Errorf("tags as the destination account: %s", got)
				}
				if test.owner == "111111111111" {
					abroad := p.s.S3(sandboxtest.SourceAdmin, "eu-west-1")
					h := p.head(abroad, "dst", "k")
					if h == nil || h.TagCount != nil {
						t.Errorf("the source account's HEAD of its replica: %+v", h)
					}
					if got := p.tags(abroad, "dst", "k"); got != "absent" {
						t.Errorf("tags as the source account: %s", got)
					}
				}
			})
		})
	}
}

// TestReplicaDefaultRetention: the destination's default retention counts from
// arrival, and only for objects without any lock member (recorded).
func TestReplicaDefaultRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.s.State.Bucket("src").Lock = &state.ObjectLock{}
		p.s.State.Bucket("dst").Lock = &state.ObjectLock{Mode: "GOVERNANCE", Days: 7}
		sandboxtest.Put(t, p.src, "src", "plain", "x")
		sandboxtest.Put(t, p.src, "src", "off", "x", released)
		sandboxtest.Put(t, p.src, "src", "on", "x", held)
		sandboxtest.Put(t, p.src, "src", "own", "x", retained)
		arrival := time.Now().Add(2 * time.Second)
		p.settleAfter()
		if h := p.head(p.dst, "dst", "plain"); h.ObjectLockRetainUntilDate == nil || !h.ObjectLockRetainUntilDate.Equal(arrival.AddDate(0, 0, 7)) {
			t.Errorf("plain: %v", h.ObjectLockRetainUntilDate)
		}
		for key, hold := range map[string]types.ObjectLockLegalHoldStatus{"off": "OFF", "on": "ON"} {
			if h := p.head(p.dst, "dst", key); h.ObjectLockMode != "" || h.ObjectLockLegalHoldStatus != hold {
				t.Errorf("%s: %s %s", key, h.ObjectLockMode, h.ObjectLockLegalHoldStatus)
			}
		}
		if h := p.head(p.dst, "dst", "own"); !h.ObjectLockRetainUntilDate.Equal(*p.head(p.src, "src", "own").ObjectLockRetainUntilDate) {
			t.Errorf("own: %v", h.ObjectLockRetainUntilDate)
		}
	})
}

// TestReplicationLag: 13 minutes pass on the bubble's clock, and the lag of a rule
// stands above that of its bucket, which stands above the world's.
func TestReplicationLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		arrives := func(want time.Duration) {
			t.Helper()
			sandboxtest.Put(t, p.src, "src", "k", "x")
			id := p.s.State.Bucket("src").Current("k").ID
			time.Sleep(want - 1)
			if p.s.ReplicationFailures(""); p.s.State.Bucket("dst").Version("k", id) != nil {
				t.Errorf("there before %v", want)
			}
			time.Sleep(time.Nanosecond)
			if p.s.ReplicationFailures(""); p.s.State.Bucket("dst").Version("k", id) == nil {
				t.Errorf("not there after %v", want)
			}
		}
		arrives(2 * time.Second)
		set := func(bucket, rule string, lag time.Duration) {
			t.Helper()
			if !p.s.SetLag(bucket, rule, lag) {
				t.Errorf("no bucket %q or rule %q", bucket, rule)
			}
		}
		set("", "", 50*time.Millisecond)
		arrives(50 * time.Millisecond)
		set("src", "", 13*time.Minute)
		arrives(13 * time.Minute)
		set("src", "all", 8*time.Second)
		arrives(8 * time.Second)
		set("", "", 0)
		arrives(8 * time.Second)
		if p.s.SetLag("none", "", 0) || p.s.SetLag("src", "none", 0) || p.s.SetLag("dst", "all", 0) {
			t.Error("a lag for what is not there")
		}
		set("src", "all", 0)
		sandboxtest.Put(t, p.src, "src", "now", "x")
		if p.head(p.dst, "dst", "now") == nil {
			t.Error("without a lag it is there at the next request")
		}
	})
}

// TestDeleteMarkers: V1 replicates delete markers unasked, V2 when it is told to;
// deletions of versions never travel.
func TestDeleteMarkers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		setup   func(*pair)
		arrives bool
		code    string
	}{
		{"V2 enabled", func(*pair) {}, true, ""},
		{"V2 disabled", func(p *pair) { p.rule().DeleteMarkerReplication.Status = state.Disabled }, false, ""},
		{"V1", func(p *pair) {
			*p.rule() = state.ReplicationRule{ID: "all", Prefix: aws.String(""), Status: state.Enabled, Destination: p.rule().Destination}
		}, true, ""},
		{"without ReplicateDelete", func(p *pair) { p.role("s3:ReplicateDelete", "s3:DeleteObject") }, false, "DstDelObjNotPermitted"},
		{"without ReplicateDelete at the destination", func(p *pair) { p.policy("dst", "s3:ReplicateDelete", "s3:DeleteObject") }, false, "DstDelObjNotPermitted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				test.setup(p)
				id := sandboxtest.Put(t, p.src, "src", "k", "x")
				out, err := p.src.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String("src"), Key: aws.String("k")})
				if err != nil {
					t.Fatal(err)
				}
				p.settleAfter()
				marker := p.s.State.Bucket("dst").Version("k", *out.VersionId)
				if (marker != nil && marker.Marker) != test.arrives {
					t.Errorf("marker at the destination: %+v", marker)
				}
				code := ""
				if f := p.s.ReplicationFailures("src"); len(f) > 0 {
					code = f[0].ReplicationEventData.FailureReason
				}
				if code != test.code {
					t.Errorf("code %q, want %q", code, test.code)
				}
				for _, id := range []string{id, *out.VersionId} {
					if _, err := p.src.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String("src"), Key: aws.String("k"), VersionId: &id}); err != nil {
						t.Fatal(err)
					}
				}
				p.settleAfter()
				if p.s.State.Bucket("dst").Version("k", id) == nil {
					t.Error("the deletion of a version went along")
				}
			})
		})
	}
}

// TestTagChanges: new tags travel to the same version, and a new write of tags is
// what repairs a replica whose tags failed (recorded).
func TestTagChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		retag := func(value string) {
			t.Helper()
			_, err := p.src.PutObjectTagging(context.Background(), &s3.PutObjectTaggingInput{Bucket: aws.String("src"), Key: aws.String("k"), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("team"), Value: &value}}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		expect := func(what, status, tags string) {
			t.Helper()
			if got := p.status("k"); got != status {
				t.Errorf("%s: status %s, want %s", what, got, status)
			}
			if got := p.tags(p.dst, "dst", "k"); got != tags {
				t.Errorf("%s: tags %s, want %s", what, got, tags)
			}
		}
		id := sandboxtest.Put(t, p.src, "src", "k", "x", tagged)
		p.settleAfter()
		arrived := p.head(p.dst, "dst", "k")
		expect("at first", "COMPLETED", "team=dr")
		time.Sleep(time.Minute)
		retag("two")
		expect("changed", "PENDING", "team=dr")
		p.settleAfter()
		expect("arrived", "COMPLETED", "team=two")
		if h := p.head(p.dst, "dst", "k"); *h.VersionId != id || !h.LastModified.Equal(*arrived.LastModified) {
			t.Errorf("the replica is another: %+v", h)
		}
		p.role(deny("s3:ReplicateTags", "*"))
		retag("three")
		p.settleAfter()
		expect("denied", "FAILED", "team=two")
		p.role(strings.TrimPrefix(second(deny("s3:ReplicateTags", "*")), `"Statement":[`), "")
		time.Sleep(time.Hour)
		expect("repaired, but FAILED is for good", "FAILED", "team=two")
		retag("four")
		p.settleAfter()
		expect("a new change", "COMPLETED", "team=four")

		// Both tag changes under way: the last one stands.
		retag("five")
		time.Sleep(time.Second)
		retag("six")
		time.Sleep(time.Second)
		expect("the first has arrived", "PENDING", "team=six")
		time.Sleep(time.Second)
		expect("both have", "COMPLETED", "team=six")

		// A version that never arrived cannot be retagged there.
		p.role("s3:ReplicateObject", "s3:PutObject")
		sandboxtest.Put(t, p.src, "src", "k", "y")
		p.settleAfter()
		p.role("s3:PutObject", "s3:ReplicateObject")
		retag("seven")
		p.settleAfter()
		f := p.s.ReplicationFailures("src")
		if got := f[len(f)-1].ReplicationEventData.FailureReason; got != "DstVersionNotFound" || p.status("k") != "FAILED" {
			t.Errorf("code %s, status %s", got, p.status("k"))
		}
	})
}

func second(_, b string) string { return b }

// TestFailureEvent is the notification's shape, and when AWS sends one.
func TestFailureEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.s.State.Bucket("dst").Versioning = state.Suspended
		written := time.Now().UTC().Truncate(time.Millisecond)
		id := sandboxtest.Put(t, p.src, "src", "k", "hello")
		p.settleAfter()
		events := p.s.ReplicationFailures("")
		if len(events) != 1 || !events[0].Sent {
			t.Fatalf("%+v", events)
		}
		got, err := json.Marshal(events[0])
		if err != nil {
			t.Fatal(err)
		}
		want := `{"eventVersion":"2.6","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"` + written.Add(2*time.Second).Format(time.RFC3339Nano) + `",` +
			`"eventName":"Replication:OperationFailedReplication","s3":{"bucket":{"name":"src","arn":"arn:aws:s3:::src"},` +
			`"object":{"key":"k","size":5,"eTag":"` + sandboxtest.MD5("hello") + `","versionId":"` + id + `"}},` +
			`"replicationEventData":{"replicationRuleId":"all","destinationBucket":"arn:aws:s3:::dst","s3Operation":"OBJECT_PUT","requestTime":"` + written.Format(time.RFC3339Nano) + `","failureReason":"DstBucketUnversioned"}}`
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		p.rule().Destination.Metrics = nil
		sandboxtest.Put(t, p.src, "src", "k", "hello")
		p.settleAfter()
		if events := p.s.ReplicationFailures("src"); len(events) != 2 || events[1].Sent {
			t.Error("no metrics, no event")
		}
	})
}

// TestManyDestinations: a version is COMPLETED when all destinations have it, and
// FAILED if one has not; for one destination the highest priority decides.
func TestManyDestinations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		rules := &p.s.State.Bucket("src").Replication.Rules
		second := (*rules)[0]
		second.ID, second.Priority = "second", aws.Int32(2)
		second.Destination = &state.ReplicationDestination{Bucket: "arn:aws:s3:::dst2"}
		second.SourceSelectionCriteria = nil
		low := (*rules)[0]
		low.ID, low.Priority = "low", aws.Int32(0)
		low.Destination = &state.ReplicationDestination{Bucket: "arn:aws:s3:::dst", StorageClass: "ONEZONE_IA"}
		*rules = append([]state.ReplicationRule{low}, append(*rules, second)...)
		p.s.SetLag("src", "second", 5*time.Second)

		sandboxtest.Put(t, p.src, "src", "k", "x")
		time.Sleep(2 * time.Second)
		if got := p.head(p.dst, "dst", "k"); got == nil || got.StorageClass != "" || p.status("k") != "PENDING" {
			t.Errorf("after the first: %+v, %s", got, p.status("k"))
		}
		time.Sleep(3 * time.Second)
		if got := p.status("k"); got != "COMPLETED" || p.s.State.Bucket("dst2").Current("k") == nil {
			t.Errorf("after both: %s", got)
		}
		p.s.State.Bucket("dst2").Versioning = state.Suspended
		sandboxtest.Put(t, p.src, "src", "k2", "x")
		time.Sleep(2 * time.Second)
		if got := p.status("k2"); got != "PENDING" {
			t.Errorf("one is out: %s", got)
		}
		time.Sleep(3 * time.Second)
		if got := p.status("k2"); got != "FAILED" || p.head(p.dst, "dst", "k2") == nil {
			t.Errorf("one failed: %s", got)
		}
		if f := p.s.ReplicationFailures("src"); len(f) != 1 || f[0].ReplicationEventData.ReplicationRuleID != "second" {
			t.Errorf("failures %+v", f)
		}
	})
}

// TestReplicasDoNotChain: what arrived as a replica is not replicated on, unless
// its tags change under replica modification sync.
func TestReplicasDoNotChain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		back := *p.rule()
		back.ID = "back"
		back.Destination = &state.ReplicationDestination{Bucket: "arn:aws:s3:::src"}
		back.SourceSelectionCriteria = &state.SourceSelectionCriteria{ReplicaModifications: &state.Status{Status: state.Enabled}}
		p.s.State.Bucket("dst").Replication = &state.ReplicationConfiguration{Role: "arn:aws:iam::111111111111:role/service-role/replication", Rules: []state.ReplicationRule{back}}
		p.role(`"s3:GetObjectVersionForReplication"`, `"s3:ReplicateObject","s3:GetObjectVersionForReplication"`)
		p.role(`"Resource":"arn:aws:s3:::src/*"`, `"Resource":["arn:aws:s3:::src/*","arn:aws:s3:::dst/*"]`)
		p.policy("dst", `"s3:ReplicateObject"`, `"s3:GetObjectVersionForReplication","s3:GetObjectVersionTagging","s3:ReplicateObject"`)

		sandboxtest.Put(t, p.src, "src", "k", "x")
		p.settleAfter()
		p.settleAfter()
		if got := p.head(p.dst, "dst", "k").ReplicationStatus; got != "REPLICA" {
			t.Errorf("replica %s", got)
		}
		if n := len(p.s.State.Bucket("src").Objects["k"].Versions); n != 1 {
			t.Errorf("%d versions at the source", n)
		}
		retag := func() {
			t.Helper()
			_, err := p.dst.PutObjectTagging(context.Background(), &s3.PutObjectTaggingInput{Bucket: aws.String("dst"), Key: aws.String("k"), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		retag()
		if got := p.head(p.dst, "dst", "k").ReplicationStatus; got != "PENDING" {
			t.Errorf("replica under way %s", got)
		}
		p.settleAfter()
		if got := p.tags(p.src, "src", "k"); got != "a=b" || p.head(p.dst, "dst", "k").ReplicationStatus != "REPLICA" {
			t.Errorf("tags at the source %s, failures %+v", got, p.s.ReplicationFailures(""))
		}
		p.settleAfter()
		if len(p.s.State.Pending) != 0 || len(p.s.ReplicationFailures("")) != 0 {
			t.Errorf("still pending %d, failures %+v", len(p.s.State.Pending), p.s.ReplicationFailures(""))
		}
		p.s.State.Bucket("dst").Replication.Rules[0].SourceSelectionCriteria = nil
		_, err := p.dst.DeleteObjectTagging(context.Background(), &s3.DeleteObjectTaggingInput{Bucket: aws.String("dst"), Key: aws.String("k")})
		if err != nil {
			t.Fatal(err)
		}
		p.settleAfter()
		if got := p.tags(p.src, "src", "k"); got != "a=b" {
			t.Errorf("without the sync, tags at the source %s", got)
		}
	})
}

// TestMultipartReplication: the joined object travels with its ETag and checksum,
// and so does a copy.
func TestMultipartReplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		b, k := aws.String("src"), aws.String("k")
		created, err := p.src.CreateMultipartUpload(context.Background(), &s3.CreateMultipartUploadInput{Bucket: b, Key: k, ChecksumAlgorithm: "CRC64NVME"})
		if err != nil {
			t.Fatal(err)
		}
		part, err := p.src.UploadPart(context.Background(), &s3.UploadPartInput{Bucket: b, Key: k, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("hello"), ChecksumAlgorithm: "CRC64NVME"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.src.CompleteMultipartUpload(context.Background(), &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{
			Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumCRC64NVME: part.ChecksumCRC64NVME}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.src.CopyObject(context.Background(), &s3.CopyObjectInput{Bucket: b, Key: aws.String("copy"), CopySource: aws.String("src/k")}); err != nil {
			t.Fatal(err)
		}
		p.settleAfter()
		for _, key := range []string{"k", "copy"} {
			source, replica := p.head(p.src, "src", key), p.head(p.dst, "dst", key)
			if replica == nil || *replica.ETag != *source.ETag || *replica.ChecksumCRC64NVME != *source.ChecksumCRC64NVME {
				t.Errorf("%s: %+v", key, replica)
			}
		}
	})
}

// TestReplicasOutOfOrder: versions that arrive in another order than they were
// written in still stand in the order of their writing.
func TestReplicasOutOfOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.s.SetLag("src", "", 10*time.Second)
		first := sandboxtest.Put(t, p.src, "src", "k", "old")
		p.s.SetLag("src", "", time.Second)
		second := sandboxtest.Put(t, p.src, "src", "k", "new")
		time.Sleep(10 * time.Second)
		out, err := p.dst.ListObjectVersions(context.Background(), &s3.ListObjectVersionsInput{Bucket: aws.String("dst")})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, v := range out.Versions {
			ids = append(ids, *v.VersionId)
		}
		if !slices.Equal(ids, []string{second, first}) || !*out.Versions[0].IsLatest {
			t.Errorf("versions %v, want %s before %s", ids, second, first)
		}
	})
}
