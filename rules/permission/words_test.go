package permission_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// Faults of policies, as people make them.
var faults = []struct {
	name   string
	do     func(world)
	layer  demand.Layer
	action string
}{
	{"missing in the role's policy", func(w world) { w.without(`"s3:ObjectOwnerOverrideToBucketOwner"`) }, demand.Destination, "s3:ObjectOwnerOverrideToBucketOwner"},
	{"missing in the bucket policy", func(w world) { w.inDestination(`,"s3:ReplicateDelete"`, "") }, demand.Destination, "s3:ReplicateDelete"},
	{"the bucket instead of its objects", func(w world) { w.inPolicy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst") }, demand.Destination, "s3:ReplicateObject"},
	{"the objects instead of the bucket", func(w world) { w.inPolicy(`"arn:aws:s3:::src"`, `"arn:aws:s3:::src/*"`) }, demand.Source, "s3:ListBucket"},
	{"another prefix", func(w world) { w.inPolicy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/logs/*") }, demand.Destination, "s3:ReplicateObject"},
	{"another prefix than the rule", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.Prefix = "orders/" })
		w.inPolicy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/order/*")
	}, demand.Destination, "s3:ReplicateObject"},
	{"another bucket", func(w world) { w.inPolicy("arn:aws:s3:::dst/*", "arn:aws:s3:::dts/*") }, demand.Destination, "s3:ReplicateObject"},
	{"another partition", func(w world) { w.inPolicy("arn:aws:s3:::dst/*", "arn:aws-cn:s3:::dst/*") }, demand.Destination, "s3:ReplicateObject"},
	{"another partition, in facts that do not say which is theirs", func(w world) {
		w.Partition = ""
		w.inPolicy("arn:aws:s3:::dst/*", "arn:aws-cn:s3:::dst/*")
	}, demand.Destination, "s3:ReplicateObject"},
	{"allowed elsewhere", func(w world) {
		w.inPolicy(`"s3:ReplicateObject",`, "")
		w.add(inRole, `{"Sid":"B","Effect":"Allow","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/x/*"}`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"all but a prefix", func(w world) {
		w.inPolicy(`"s3:ReplicateObject",`, "")
		w.add(inRole, `{"Sid":"B","Effect":"Allow","Action":"s3:ReplicateObject","NotResource":"arn:aws:s3:::dst/private/*"}`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"a misspelt action", func(w world) { w.inPolicy(`"s3:ReplicateObject"`, `"s3:ReplicateObjects"`) }, demand.Destination, "s3:ReplicateObject"},
	{"another role", func(w world) { w.inDestination("role/service-role/repl", "role/service-role/other") }, demand.Destination, "s3:ReplicateObject"},
	{"the destination's account", func(w world) { w.inDestination("111111111111:role/service-role/repl", "222222222222:root") }, demand.Destination, "s3:ReplicateObject"},
	{"the path of the role is missing", func(w world) { w.inDestination("role/service-role/repl", "role/repl") }, demand.Destination, "s3:ReplicateObject"},
	{"a unique id", func(w world) { w.inDestination(roleARN, "AROAOTHEROTHEROTHER11") }, demand.Destination, "s3:ReplicateObject"},
	{"a literal star", func(w world) {
		w.inDestination(`"Resource"`, `"Condition":{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}},"Resource"`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"another organization", func(w world) {
		w.inDestination(`"Resource"`, `"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-another"}},"Resource"`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"another key", func(w world) {
		w.inDestination(`"Resource"`, `"Condition":{"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+srcKey+`"}},"Resource"`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"another encryption", func(w world) {
		w.inDestination(`"Resource"`, `"Condition":{"StringEquals":{"s3:x-amz-server-side-encryption":"AES256"}},"Resource"`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"a header that is not sent", func(w world) {
		w.inDestination(`"Resource"`, `"Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}},"Resource"`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"a Deny in the role's policy", func(w world) { w.add(inRole, deny("s3:Replicate*", "", "")) }, demand.Destination, "s3:ReplicateObject"},
	{"a Deny in the boundary", func(w world) { w.add(inBoundary, deny("s3:Replicate*", "", "")) }, demand.Destination, "s3:ReplicateObject"},
	{"a Deny in an SCP", func(w world) { w.add(inSCP, deny("s3:Replicate*", "", "")) }, demand.Destination, "s3:ReplicateObject"},
	{"a Deny in an RCP", func(w world) { w.add(inRCP, deny("s3:Replicate*", "*", "")) }, demand.Destination, "s3:ReplicateObject"},
	{"a Deny in the bucket policy", func(w world) {
		w.add(inDst, `{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:Replicate*","Resource":"arn:aws:s3:::dst/*"}`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"a Deny in the key policy", func(w world) { w.add(inDstKey, deny("kms:Encrypt", "*", "")) }, demand.DestinationKey, "kms:Encrypt"},
	{"a Deny in the second policy of the key", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.RAMPolicy = fact.Of(fact.Policy{Name: "AWS_RAM", Document: fmt.Sprintf(policy, deny("kms:Encrypt", "*", ""))})
		})
	}, demand.DestinationKey, "kms:Encrypt"},
	{"a Deny with NotPrincipal", func(w world) {
		w.add(inDst, `{"Sid":"Only","Effect":"Deny","NotPrincipal":{"AWS":["`+roleARN+`"]},"Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"a Deny with NotPrincipal, and a boundary", func(w world) {
		w.add(inDst, `{"Sid":"Only","Effect":"Deny","NotPrincipal":{"AWS":["`+roleARN+`"]},"Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
		w.add(inBoundary, deny("s3:None", "", ""))
	}, demand.Destination, "s3:ReplicateObject"},
	{"Denies at both ends", func(w world) {
		w.add(inRole, deny("s3:Replicate*", "", ""))
		w.add(inDst, `{"Effect":"Deny","Principal":"*","Action":"s3:Replicate*","Resource":"arn:aws:s3:::dst/*"}`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"a boundary that lacks an action", func(w world) {
		w.role(func(r *fact.Role) {
			r.Boundary = fact.Of(fact.Policy{Name: "limits", Document: fmt.Sprintf(policy, `{"Sid":"Data","Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"arn:aws:s3:::*"}`)})
		})
	}, demand.Destination, "s3:ReplicateObject"},
	{"a level without an SCP that allows", func(w world) {
		w.account(account1, func(a *fact.Account) {
			(*a.SCPs.Value)[1].Policies = []fact.Policy{{Name: "OnlyEC2", Document: fmt.Sprintf(policy, `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)}}
		})
	}, demand.Destination, "s3:ReplicateObject"},
	{"a key policy that lacks the role", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy = fact.Of(fact.Policy{Name: "default", Document: fmt.Sprintf(policy, `{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:*","Resource":"*"}`)})
		})
	}, demand.DestinationKey, "kms:Encrypt"},
	{"another service in the trust policy", func(w world) {
		w.role(func(r *fact.Role) {
			r.Trust.Document = strings.Replace(r.Trust.Document, "s3.amazonaws.com", "batchoperations.s3.amazonaws.com", 1)
		})
	}, demand.Trust, "sts:AssumeRole"},
	{"a trust policy for another account's buckets", func(w world) {
		w.role(func(r *fact.Role) {
			r.Trust.Document = strings.Replace(r.Trust.Document, `"sts:AssumeRole"`, `"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"333333333333"}}`, 1)
		})
	}, demand.Trust, "sts:AssumeRole"},
	{"RestrictPublicBuckets", func(w world) {
		w.dst(func(b *fact.Bucket) {
			b.Policy = fact.Of(fact.Policy{Name: "dst", Document: fmt.Sprintf(policy, `{"Sid":"Everyone","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)})
			b.PublicAccessBlock = fact.Of(fact.PublicAccessBlock{RestrictPublicBuckets: true})
		})
	}, demand.Destination, "s3:ReplicateObject"},
	{"an invalid bucket policy", func(w world) { w.inDestination("2012-10-17", "2012–10–17") }, demand.Destination, "s3:ReplicateObject"},
	{"two policies of the role", func(w world) {
		w.without(`"s3:ReplicateDelete"`)
		w.role(func(r *fact.Role) {
			r.Attached = fact.Of([]fact.Policy{{
				Name: "ReadOnly", ARN: "arn:aws:iam::aws:policy/job-function/ReadOnly", Document: fmt.Sprintf(policy, `{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}`),
			}})
		})
	}, demand.Destination, "s3:ReplicateDelete"},

	{"own clause", func(w world) { w.Roles[roleARN] = fact.None[fact.Role]() }, demand.Trust, "sts:AssumeRole"},
	{"words of a decision", func(w world) { w.add(inRole, deny("s3:ReplicateTags", "", "")) }, demand.Destination, "s3:ReplicateTags"},
	{"a statement without Sid", func(w world) {
		w.add(inRole, `{"Effect":"Deny","Action":"s3:ReplicateTags","Resource":"*"}`)
	}, demand.Destination, "s3:ReplicateTags"},
	{"an action that is named", func(w world) { w.without(`"s3:ReplicateDelete"`) }, demand.Destination, "s3:ReplicateDelete"},
	{"network", func(w world) {
		w.add(inDst, `{"Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}`)
	}, demand.Destination, "s3:ReplicateObject"},
	{"perhaps", func(w world) {
		w.Bucket.ObjectLock = gap[fact.ObjectLock]("bucket.object_lock")
		w.without(`"s3:GetObjectRetention"`)
	}, demand.Source, "s3:GetObjectRetention"},
	{"perhaps the owner", func(w world) {
		w.dst(func(b *fact.Bucket) { b.Ownership = gap[string]("destination.ownership") })
		w.without(`"s3:ObjectOwnerOverrideToBucketOwner"`)
	}, demand.Destination, "s3:ObjectOwnerOverrideToBucketOwner"},
	{"context of objects", func(w world) {
		w.add(inDstKey, deny("kms:Encrypt", "*", `,"Condition":{"StringNotLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/logs/*"}}`))
	}, demand.DestinationKey, "kms:Encrypt"},
	{"context of objects or the bucket", func(w world) {
		w.dst(func(b *fact.Bucket) { b.Encryption = gap[fact.Encryption]("bucket.encryption") })
		w.add(inDstKey, deny("kms:Encrypt", "*", `,"Condition":{"StringNotLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}}`))
	}, demand.DestinationKey, "kms:Encrypt"},
	{"value of any object", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy = fact.Of(fact.Policy{Name: "default", Document: fmt.Sprintf(policy, `{"Sid":"A","Effect":"Allow","Principal":{"AWS":"`+roleARN+
				`"},"Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::other"}}}`)})
		})
	}, demand.DestinationKey, "kms:Encrypt"},
	{"default key", func(w world) { w.link().SourceKey = "" }, demand.SourceKey, "kms:Decrypt"},
	{"managed key", func(w world) { w.key(dstKey, func(k *fact.Key) { k.Manager = "AWS" }) }, demand.DestinationKey, "kms:Encrypt"},
	{"boundary", func(w world) {
		w.role(func(r *fact.Role) {
			r.Boundary = fact.Of(fact.Policy{Name: "b", Document: fmt.Sprintf(policy, `{"Effect":"Allow","Action":"kms:*","Resource":"*"}`)})
		})
	}, demand.Source, "s3:ListBucket"},
	{"SCP", func(w world) {
		w.account(account1, func(a *fact.Account) { (*a.SCPs.Value)[1].Policies = nil })
	}, demand.Source, "s3:ListBucket"},
	{"no policy of the role", func(w world) { w.role(func(r *fact.Role) { r.Inline = fact.None[[]fact.Policy]() }) }, demand.Source, "s3:ListBucket"},
	{"no policy of the destination", func(w world) { w.dst(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() }) }, demand.Destination, "s3:ReplicateObject"},
	{"role not read", func(w world) { w.Roles[roleARN] = gap[fact.Role]("role") }, demand.Source, "s3:ListBucket"},
	{"inline not read", func(w world) { w.role(func(r *fact.Role) { r.Inline = fact.Fact[[]fact.Policy]{} }) }, demand.Source, "s3:ListBucket"},
	{"attached not read", func(w world) { w.role(func(r *fact.Role) { r.Attached = fact.Fact[[]fact.Policy]{} }) }, demand.Destination, "s3:ReplicateTags"},
	{"boundary not read", func(w world) { w.role(func(r *fact.Role) { r.Boundary = fact.Fact[fact.Policy]{} }) }, demand.Destination, "s3:ReplicateTags"},
	{"SCPs not read", func(w world) {
		w.account(account1, func(a *fact.Account) { a.SCPs = fact.Fact[[]fact.PolicyLevel]{} })
	}, demand.Source, "s3:ListBucket"},
	{"RCPs not read", func(w world) {
		w.account(account2, func(a *fact.Account) { a.RCPs = fact.Fact[[]fact.PolicyLevel]{} })
	}, demand.Destination, "s3:ReplicateTags"},
	{"destination not read", func(w world) { w.Buckets["dst"] = fact.Fact[fact.Bucket]{} }, demand.Destination, "s3:ReplicateTags"},
	{"bucket policy not read", func(w world) { w.dst(func(b *fact.Bucket) { b.Policy = fact.Fact[fact.Policy]{} }) }, demand.Destination, "s3:ReplicateTags"},
	{"key policy not read", func(w world) { w.key(dstKey, func(k *fact.Key) { k.Policy = fact.Fact[fact.Policy]{} }) }, demand.DestinationKey, "kms:Encrypt"},
	{"trust that depends on the source", func(w world) {
		w.add(inTrust, deny("sts:AssumeRole", "*", `,"Condition":{"StringNotEquals":{"aws:SourceAccount":"111111111111"}}`))
	}, demand.Trust, "sts:AssumeRole"},
	{"trust not known", func(w world) {
		w.role(func(r *fact.Role) {
			r.Trust.Document = strings.Replace(r.Trust.Document, `"sts:AssumeRole"`, `"sts:AssumeRole","Condition":{"StringEquals":{"aws:New":"1"}}`, 1)
		})
	}, demand.Trust, "sts:AssumeRole"},
	{"statement of a key policy", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy.Value.Document = strings.Replace(k.Policy.Value.Document, "kms:Encrypt", "kms:DescribeKey", 1)
		})
	}, demand.DestinationKey, "kms:Encrypt"},
	{"statement of the role for everything", func(w world) {
		w.role(func(r *fact.Role) {
			r.Inline = fact.Of([]fact.Policy{{Name: "p", Document: fmt.Sprintf(policy, `{"Sid":"Home","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`)}})
		})
	}, demand.Source, "s3:ListBucket"},
	{"two reads", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
		w.add(inRole, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"*"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersionForReplication","Resource":"arn:aws:s3:::src/a/*"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/${aws:PrincipalTag/Env}/*"}`)
	}, demand.Source, "s3:GetObjectVersionForReplication"},
}

// TestWords keeps the messages and changes that reports print: of the whole, and of each side
// that says something else.
func TestWords(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, c := range faults {
		w := newWorld()
		c.do(w)
		m := w.matrix()
		cell, _, _ := m.Find(demand.Key{Layer: c.layer, Action: c.action})
		if cell == nil {
			t.Fatalf("%s: no such cell", c.name)
		}
		fmt.Fprintf(&b, "%s\n    %s\n", c.name, cell.Message)
		for _, side := range []permission.Side{permission.RoleSide, permission.ResourceSide} {
			if s := cell.MessageOn(side); s != cell.Message && cell.On(side) != iam.Allowed {
				fmt.Fprintf(&b, "    by the %s: %s\n", side, s)
			}
		}
		if cell.Remediation != "" {
			fmt.Fprintf(&b, "    change: %s\n", cell.Remediation)
		}
	}
	const file = "testdata/words.txt"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the words changed (UPDATE=1 accepts them): %s", diff)
	}
}

// inPolicy changes a text in the role's policy.
func (w world) inPolicy(old, text string) {
	w.role(func(r *fact.Role) {
		p := (*r.Inline.Value)[0]
		p.Document = strings.Replace(p.Document, old, text, 1)
		r.Inline = fact.Of([]fact.Policy{p})
	})
}

// inDestination changes a text in the destination's bucket policy.
func (w world) inDestination(old, text string) {
	w.dst(func(b *fact.Bucket) {
		p := *b.Policy.Value
		p.Document = strings.Replace(p.Document, old, text, 1)
		b.Policy = fact.Of(p)
	})
}
