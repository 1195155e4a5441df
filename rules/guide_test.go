package rules

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// guide is the setup of a widely read how-to: owner override, all objects, the
// policies with the actions it prints. version is that of the bucket policy.
func guide(version string) func(*world) {
	return func(w *world) {
		w.rule(func(r *fact.ReplicationRule) {
			r.DeleteMarkers = "Disabled"
			r.Destination.OwnerOverride, r.Destination.Metrics = true, ""
		})
		w.Bucket.Notification = fact.Of(fact.Notification{})
		w.role(func(r *fact.Role) {
			r.Inline = fact.Of([]fact.Policy{{Name: "replication", Document: `{"Version":"2012-10-17","Statement":[
{"Action":["s3:ListBucket","s3:GetReplicationConfiguration","s3:GetObjectVersionForReplication","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging","s3:GetObjectRetention","s3:GetObjectLegalHold"],
 "Effect":"Allow","Resource":["arn:aws:s3:::src","arn:aws:s3:::src/*","arn:aws:s3:::dst","arn:aws:s3:::dst/*"]},
{"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags","s3:ObjectOwnerOverrideToBucketOwner"],
 "Effect":"Allow","Resource":["arn:aws:s3:::src/*","arn:aws:s3:::dst/*"]}]}`}})
		})
		w.dst(func(b *fact.Bucket) {
			b.Ownership = fact.Of("ObjectWriter")
			b.Versioning = fact.Of(fact.Versioning{Status: "Enabled"})
			b.Policy = fact.Of(fact.Policy{Name: "dst", Document: `{"Version":"` + version + `","Id":"PolicyForDestinationBucket","Statement":[
{"Sid":"Permissions on objects","Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":["s3:ReplicateDelete","s3:ReplicateObject","s3:ObjectOwnerOverrideToBucketOwner"],"Resource":"arn:aws:s3:::dst/*"},
{"Sid":"Permissions on bucket","Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":["s3:List*","s3:GetBucketVersioning","s3:PutBucketVersioning"],"Resource":"arn:aws:s3:::dst"}]}`})
		})
	}
}

// guides are variants of the how-to: what crosscheck must find in each, beside what it
// finds in all; testdata/findings.golden has every finding.
var guides = []struct {
	name    string
	do      func(*world)
	verdict finding.Verdict
	codes   string
	want    map[string]string
}{
	{"as it is meant", guide("2012-10-17"), finding.Works, "", nil},
	{"as it is printed, with en dashes", guide("2012–10–17"), finding.Broken, "DstPutObjectNotPermitted", map[string]string{
		"XC012": "fail critical", "XC013": "fail critical", "XC016": "unknown high", "XC020": "fail info", "XC054": "unknown high", "XC056": "fail high",
	}},
	{"with the storage class changed", func(w *world) {
		guide("2012-10-17")(w)
		w.rule(func(r *fact.ReplicationRule) { r.Destination.StorageClass = "STANDARD_IA" })
	}, finding.Works, "", nil},
	{"with delete markers", func(w *world) {
		guide("2012-10-17")(w)
		w.rule(func(r *fact.ReplicationRule) { r.DeleteMarkers = "Enabled" })
	}, finding.Works, "", nil},
	{"with KMS and nothing else done", func(w *world) {
		kmsWorld(w)
		guide("2012-10-17")(w)
	}, finding.Broken, "DstPutObjectNotPermitted,SrcGetObjectNotPermitted", map[string]string{"XC023": "fail critical", "XC026": "fail critical"}},
	{"with KMS at the source and the option not taken", func(w *world) {
		guide("2012-10-17")(w)
		w.Bucket.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", BlockedTypes: []string{"SSE-C"}})
	}, finding.Broken, "", map[string]string{"XC021": "fail critical"}},
}

// TestGuide says what crosscheck finds in the how-to: it works, and what is wrong with it.
func TestGuide(t *testing.T) {
	t.Parallel()
	e := standard(t)
	always := map[string]string{
		"XC020": "fail info", "XC043": "fail high", "XC044": "fail medium", "XC046": "fail info",
		"XC047": "fail medium", "XC048": "fail low", "XC052": "fail info", "XC058": "fail info",
	}
	for _, c := range guides {
		t.Run(c.name, func(t *testing.T) {
			r := eval(t, e, change(c.do))
			got := map[string]string{}
			for _, f := range r.Findings {
				if f.Status == finding.Fail || f.Status == finding.Unknown && got[f.RuleID] == "" {
					got[f.RuleID] = string(f.Status) + " " + string(f.Severity)
				}
			}
			want := maps.Clone(always)
			maps.Copy(want, c.want)
			for id, w := range want {
				if got[id] != w {
					t.Errorf("%s is %q, want %q", id, got[id], w)
				}
			}
			if l := r.Links[0]; l.Verdict != c.verdict || strings.Join(l.FailureCodes, ",") != c.codes {
				t.Errorf("%s %v: %s", l.Verdict, l.FailureCodes, l.Why)
			}
		})
	}
}

// TestStrict turns what AWS leaves open into failures, and nothing else.
func TestStrict(t *testing.T) {
	t.Parallel()
	open := []struct {
		name, rule string
		do         func(*world)
	}{
		{"another owner than the rule names", "XC003", func(w *world) {
			w.rule(func(r *fact.ReplicationRule) { r.Destination.Account = "333333333333" })
		}},
		{"Deny of lock writes", "XC019", func(w *world) {
			locked(w)
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Deny","Action":"s3:PutObjectRetention","Resource":"*"},{"Sid":"Write"`)
		}},
		{"perimeter by VPC endpoint", "XC012", func(w *world) {
			w.policy(`"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}},`)
		}},
		{"objects without a tag denied", "XC009", denyTags(`"s3:GetObjectVersionAcl"`, `"StringNotEquals":{"s3:ExistingObjectTag/Class":"clean"}`)},
		{"trust with the right source", "XC006", func(w *world) {
			w.role(func(r *fact.Role) {
				r.Trust.Document = replaced(trustPolicy, `"Condition":{}`, `"Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}`)
			})
		}},
		{"bucket keys", "XC028", func(w *world) {
			kmsWorld(w)
			w.Bucket.Encryption.Value.BucketKey = true
			w.dst(func(b *fact.Bucket) { b.Encryption.Value.BucketKey = true })
			w.inPolicy(`"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"`, `"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src"`)
			w.inPolicy(`"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"`, `"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst"`)
		}},
	}
	plain, strict := standard(t), engine(t, Options{Strict: true})
	for _, c := range open {
		doc := change(c.do)
		before, after := eval(t, plain, doc), eval(t, strict, doc)
		if f := find(before.Findings, c.rule)[0]; f.Status != finding.Unknown || before.Links[0].Verdict != finding.UnknownVerdict {
			t.Errorf("%s: %s, the link %s", c.name, f.Status, before.Links[0].Verdict)
		}
		if f := find(after.Findings, c.rule)[0]; f.Status != finding.Fail || after.Links[0].Verdict != finding.Broken {
			t.Errorf("%s, strictly: %s, the link %s", c.name, f.Status, after.Links[0].Verdict)
		}
	}
	for _, doc := range []*fact.Document{working(), change(kmsWorld), change(locked), change(func(w *world) {
		w.dst(func(b *fact.Bucket) {
			b.Versioning = fact.Missing[fact.Versioning](gap("destination.versioning", "AccessDenied"))
		})
	})} {
		if diff := cmp.Diff(eval(t, plain, doc), eval(t, strict, doc)); diff != "" {
			t.Error(diff)
		}
	}
}
