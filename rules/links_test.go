package rules

import (
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// kmsWorld adds KMS to the working link: a source key by default, a replica key
// of the destination account, and what the role may do with them.
func kmsWorld(w *world) {
	const srcKey, dstKey = "arn:aws:kms:us-east-1:111111111111:key/src-key", "arn:aws:kms:eu-west-1:222222222222:key/dst-key"
	w.Bucket.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: srcKey, BlockedTypes: []string{"SSE-C"}})
	w.dst(func(b *fact.Bucket) {
		b.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: dstKey, BlockedTypes: []string{"SSE-C"}})
	})
	w.rule(func(r *fact.ReplicationRule) {
		r.SSEKMSObjects = "Enabled"
		r.Destination.ReplicaKMSKeyID = dstKey
	})
	w.Links[0].SourceKey, w.Links[0].ReplicaKey = srcKey, dstKey
	key := func(arn, account, region, policy string) fact.Fact[fact.Key] {
		return fact.Of(fact.Key{
			ARN: arn, AccountID: account, Region: region, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS",
			Policy: fact.Of(fact.Policy{Name: "default", Document: policy}), RAMPolicy: fact.None[fact.Policy](), Grants: fact.None[[]fact.Grant](), Aliases: fact.None[[]string](),
		})
	}
	root := `{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%:root"},"Action":"kms:*","Resource":"*"}`
	w.Keys = map[string]fact.Fact[fact.Key]{
		srcKey: key(srcKey, account1, "us-east-1", `{"Version":"2012-10-17","Statement":[`+strings.ReplaceAll(root, "%", account1)+`]}`),
		dstKey: key(dstKey, account2, "eu-west-1", `{"Version":"2012-10-17","Statement":[`+strings.ReplaceAll(root, "%", account2)+
			`,{"Sid":"Replica","Effect":"Allow","Principal":{"AWS":"`+roleARN+`"},"Action":"kms:Encrypt","Resource":"*"}]}`),
	}
	w.identity(`{"Sid":"Write"`, `{"Sid":"Decrypt","Effect":"Allow","Action":"kms:Decrypt","Resource":"`+srcKey+`",
"Condition":{"StringLike":{"kms:ViaService":"s3.us-east-1.amazonaws.com","kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"}}},
{"Sid":"Encrypt","Effect":"Allow","Action":"kms:Encrypt","Resource":"`+dstKey+`",
"Condition":{"StringLike":{"kms:ViaService":"s3.eu-west-1.amazonaws.com","kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}}},
{"Sid":"Write"`)
}

// inPolicy replaces text in the role's policy as it stands.
func (w *world) inPolicy(old, text string) {
	w.role(func(r *fact.Role) {
		p := (*r.Inline.Value)[0]
		p.Document = replaced(p.Document, old, text)
		r.Inline = fact.Of([]fact.Policy{p})
	})
}

func (w *world) key(part string, do func(*fact.Key)) {
	for id, k := range w.Keys {
		if strings.Contains(id, part) {
			v := *k.Value
			do(&v)
			w.Keys[id] = fact.Of(v)
			return
		}
	}
	panic("no key " + part)
}

// link is a document and what its link must be.
type link struct {
	name    string
	do      func(*world)
	verdict finding.Verdict
	codes   string // of the link, separated by commas
	why     string // part of the sentence
}

var links = []link{
	{"as it is", func(*world) {}, finding.Works, "", ""},
	{"under KMS", kmsWorld, finding.Works, "", ""},
	{"V1", func(w *world) {
		w.rule(func(r *fact.ReplicationRule) { r.Schema, r.DeleteMarkers, r.Priority = "V1", "", 0 })
	}, finding.Works, "", ""},
	{"role without a policy for the write", func(w *world) { w.identity(`"s3:ReplicateObject",`, ``) }, finding.Broken, "DstPutObjectNotPermitted", "s3:ReplicateObject"},
	{"destination without a policy", func(w *world) { w.dst(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() }) }, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"destination policy names the role without its path", func(w *world) { w.policy("role/service-role/repl", "role/repl") }, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"destination policy names the bucket instead of its objects", func(w *world) { w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst") }, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"destination policy for a part of the objects", func(w *world) { w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/logs/*") }, finding.Partial, "DstDelObjNotPermitted,DstPutObjectNotPermitted", "keys outside logs/ fail: "},
	{"and a rule for that part", func(w *world) {
		w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/logs/*")
		w.rule(func(r *fact.ReplicationRule) { r.Prefix = "logs/" })
	}, finding.Works, "", ""},
	{"prefix with a star, which is a letter of it", func(w *world) {
		w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/a${*}b/*")
		w.rule(func(r *fact.ReplicationRule) { r.Prefix = "a*b/" })
	}, finding.Works, "", ""},
	{"prefix with a star, and a policy for one key that it would match", func(w *world) {
		w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/axb/*")
		w.rule(func(r *fact.ReplicationRule) { r.Prefix = "a*b/" })
	}, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"public policy under RestrictPublicBuckets", func(w *world) {
		w.policy(`{"AWS":"`+roleARN+`"}`, `"*"`)
	}, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"public policy without RestrictPublicBuckets", func(w *world) {
		w.policy(`{"AWS":"`+roleARN+`"}`, `"*"`)
		w.dst(func(b *fact.Bucket) { b.PublicAccessBlock = fact.None[fact.PublicAccessBlock]() })
	}, finding.Works, "", ""},
	{"everybody of the organization under RestrictPublicBuckets", func(w *world) {
		w.policy(`{"AWS":"`+roleARN+`"}`, `"*"`)
		w.dst(func(b *fact.Bucket) {
			p := *b.Policy.Value
			p.Document = replaced(p.Document, `"Resource"`, `"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-example"}},"Resource"`)
			b.Policy = fact.Of(p)
		})
	}, finding.Works, "", ""},
	{"Requester Pays", func(w *world) { w.dst(func(b *fact.Bucket) { b.RequestPayment = fact.Of("Requester") }) }, finding.Broken, "", "Requester Pays"},
	{"KMS by default and left out", func(w *world) {
		w.Bucket.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms"})
	}, finding.Broken, "", "S3 reports no failure"},
	{"versioning of the source suspended", func(w *world) {
		w.Bucket.Versioning = fact.Of(fact.Versioning{Status: "Suspended"})
	}, finding.Broken, "", "suspended"},
	{"destination in the same account without a policy", func(w *world) {
		w.dst(func(b *fact.Bucket) { b.AccountID, b.Policy = account1, fact.None[fact.Policy]() })
		w.rule(func(r *fact.ReplicationRule) { r.Destination.Account = "" })
	}, finding.Works, "", ""},
	{"plain read instead of the replication read", func(w *world) { w.identity("s3:GetObjectVersionForReplication", "s3:GetObjectVersion") }, finding.Works, "", ""},
	{"plain read under KMS", func(w *world) {
		kmsWorld(w)
		w.inPolicy("s3:GetObjectVersionForReplication", "s3:GetObjectVersion")
	}, finding.Broken, "SrcGetObjectNotPermitted", ""},
	{"Deny of one read", func(w *world) {
		w.identity(`"s3:GetObjectVersionForReplication",`, `"s3:GetObjectVersionForReplication","s3:GetObjectVersion",`)
		w.inPolicy(`{"Sid":"Write"`, `{"Sid":"No","Effect":"Deny","Action":"s3:GetObjectVersionForReplication","Resource":"*"},{"Sid":"Write"`)
	}, finding.Works, "", ""},
	{"no Allow of ReplicateTags", func(w *world) {
		w.identity(`,"s3:ReplicateTags"`, ``)
		w.policy(`,"s3:ReplicateTags"`, ``)
	}, finding.Works, "", ""},
	{"trust with the right source", func(w *world) {
		w.role(func(r *fact.Role) {
			r.Trust.Document = replaced(trustPolicy, `"Condition":{}`, `"Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}`)
		})
	}, finding.UnknownVerdict, "", "aws:SourceArn"},
	{"trust with another source", func(w *world) {
		w.role(func(r *fact.Role) {
			r.Trust.Document = replaced(trustPolicy, `"Condition":{}`, `"Condition":{"StringEquals":{"aws:SourceAccount":"333333333333"}}`)
		})
	}, finding.Broken, "AssumeRoleNotPermitted", ""},
	{"perimeter by VPC endpoint", func(w *world) {
		w.policy(`"Statement":[`, `"Statement":[{"Sid":"Perimeter","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"],"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}},`)
	}, finding.UnknownVerdict, "", ""},
	{"TLS demanded", func(w *world) {
		w.policy(`"Statement":[`, `"Statement":[{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},`)
	}, finding.Works, "", ""},
	{"perimeter by organization", func(w *world) {
		w.policy(`"Statement":[`, `"Statement":[{"Sid":"Org","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"],"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-example"}}},`)
	}, finding.Works, "", ""},
	{"perimeter by another organization", func(w *world) {
		w.policy(`"Statement":[`, `"Statement":[{"Sid":"Org","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"],"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-other"}}},`)
	}, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"key that nobody in this program knows", func(w *world) {
		w.policy(`"Statement":[`, `"Statement":[{"Sid":"New","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"],"Condition":{"StringEquals":{"aws:SomethingNew":"x"}}},`)
	}, finding.UnknownVerdict, "", ""},
	{"SCP that denies other Regions", func(w *world) {
		w.account(account1, func(a *fact.Account) {
			(*a.SCPs.Value)[1].Policies = append((*a.SCPs.Value)[1].Policies, fact.Policy{Name: "Regions", Document: `{"Version":"2012-10-17","Statement":[{"Sid":"Regions","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["us-east-1"]}}}]}`})
		})
	}, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"the same over the management account", func(w *world) {
		w.account(account1, func(a *fact.Account) {
			a.Management = true
			(*a.SCPs.Value)[1].Policies = append((*a.SCPs.Value)[1].Policies, fact.Policy{Name: "Regions", Document: `{"Version":"2012-10-17","Statement":[{"Sid":"Regions","Effect":"Deny","Action":"*","Resource":"*"}]}`})
		})
	}, finding.Works, "", ""},
	{"RCP at the destination", func(w *world) {
		w.account(account2, func(a *fact.Account) {
			(*a.RCPs.Value)[0].Policies = append((*a.RCPs.Value)[0].Policies, fact.Policy{Name: "Own", Document: `{"Version":"2012-10-17","Statement":[{"Sid":"Own","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"222222222222"}}}]}`})
		})
	}, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"boundary without the write", func(w *world) {
		w.role(func(r *fact.Role) {
			r.Boundary = fact.Of(fact.Policy{Name: "boundary", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}`})
		})
	}, finding.Broken, "DstDelObjNotPermitted,DstPutObjectNotPermitted", ""},
	{"KMS without ViaService of the key's Region", func(w *world) {
		kmsWorld(w)
		w.inPolicy("s3.eu-west-1.amazonaws.com", "s3.us-east-1.amazonaws.com")
	}, finding.Broken, "DstPutObjectNotPermitted", "kms:Encrypt"},
	{"KMS with the context of the source at the destination", func(w *world) {
		kmsWorld(w)
		w.inPolicy(`"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"`, `"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"`)
	}, finding.Broken, "DstPutObjectNotPermitted", "kms:Encrypt"},
	{"KMS with the context of some objects", func(w *world) {
		kmsWorld(w)
		w.inPolicy(`"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"`, `"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/logs/*"`)
	}, finding.Partial, "DstPutObjectNotPermitted", "keys such as l fail: "},
	{"bucket keys with the context of objects", func(w *world) {
		kmsWorld(w)
		w.Bucket.Encryption.Value.BucketKey = true
		w.dst(func(b *fact.Bucket) { b.Encryption.Value.BucketKey = true })
	}, finding.Broken, "DstPutObjectNotPermitted,SrcGetObjectNotPermitted", "arn:aws:s3:::src"},
	{"bucket keys at one end with the context of objects", func(w *world) {
		kmsWorld(w)
		w.dst(func(b *fact.Bucket) { b.Encryption.Value.BucketKey = true })
	}, finding.UnknownVerdict, "", "kms:encryptioncontext:aws:s3:arn"},
	{"KMS without the destination key policy", func(w *world) {
		kmsWorld(w)
		w.key("dst-key", func(k *fact.Key) {
			k.Policy.Value.Document = replaced(k.Policy.Value.Document, roleARN, "arn:aws:iam::111111111111:role/other")
		})
	}, finding.Broken, "DstPutObjectNotPermitted", "kms:Encrypt"},
	{"KMS with a grant instead", func(w *world) {
		kmsWorld(w)
		w.key("dst-key", func(k *fact.Key) {
			k.Policy.Value.Document = replaced(k.Policy.Value.Document, roleARN, "arn:aws:iam::111111111111:role/other")
			k.Grants = fact.Of([]fact.Grant{{ID: "g", GranteePrincipal: roleARN, Operations: []string{"Encrypt"}}})
		})
	}, finding.Works, "", ""},
	{"KMS without Decrypt", func(w *world) {
		kmsWorld(w)
		w.inPolicy(`"Action":"kms:Decrypt"`, `"Action":"kms:DescribeKey"`)
	}, finding.Broken, "SrcGetObjectNotPermitted", "kms:Decrypt"},
	{"KMS under an AWS managed key of another account", func(w *world) {
		kmsWorld(w)
		w.key("dst-key", func(k *fact.Key) { k.Manager = "AWS" })
	}, finding.Broken, "DstPutObjectNotPermitted", "AWS managed"},
}

func TestLinks(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for _, c := range links {
		t.Run(c.name, func(t *testing.T) {
			r := eval(t, e, change(c.do))
			l := r.Links[0]
			if l.Verdict != c.verdict || strings.Join(l.FailureCodes, ",") != c.codes || !strings.Contains(l.Why, c.why) {
				t.Errorf("%s %v %q, want %s %s …%s…", l.Verdict, l.FailureCodes, l.Why, c.verdict, c.codes, c.why)
			}
			if (l.Why == "") != (l.Verdict == finding.Works) {
				t.Errorf("%s because %q", l.Verdict, l.Why)
			}
			for _, f := range r.Findings {
				if f.Status == finding.Fail && f.Remediation == "" {
					t.Errorf("%s fails without remediation", f.RuleID)
				}
				if f.Status == finding.Fail && !l.Verdict.Fails() {
					t.Logf("%s %s: %s", f.RuleID, f.Severity, f.Message)
				}
			}
		})
	}
}

// TestRemediation holds the fix of a fault to the exact change.
func TestRemediation(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for _, c := range []struct {
		name, rule, want string
		do               func(*world)
	}{
		{"owner override", "XC013", "add `s3:ObjectOwnerOverrideToBucketOwner` on `arn:aws:s3:::dst/*` to statement Write of its policy replicate; " +
			"add `s3:ObjectOwnerOverrideToBucketOwner` on `arn:aws:s3:::dst/*` to statement Replica of the bucket policy of dst", func(w *world) {
			w.dst(func(b *fact.Bucket) { b.Ownership = fact.Of("ObjectWriter") })
			w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = true })
		}},
		{"no bucket policy", "XC012", "allow " + roleARN + " `s3:ReplicateObject` on `arn:aws:s3:::dst/*` in the bucket policy of dst", func(w *world) {
			w.dst(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() })
		}},
		{"another path", "XC012", "write `" + roleARN + "` instead of `arn:aws:iam::111111111111:role/repl` as Principal in statement Replica of the bucket policy of dst", func(w *world) {
			w.policy("role/service-role/repl", "role/repl")
		}},
		{"deny", "XC016", "exempt " + roleARN + " from the Deny of s3:ReplicateTags in statement No of its policy replicate", func(w *world) {
			w.deny("s3:ReplicateTags", "*")
		}},
		{"two denials, one of a part", "XC012", "exempt " + roleARN + " from the Deny of s3:ReplicateObject in statement One of the bucket policy of dst, statement Two of the bucket policy of dst", func(w *world) {
			w.policy(`"Statement":[`, `"Statement":[{"Sid":"Two","Effect":"Deny","Principal":"*","Action":"s3:Rep*","Resource":"arn:aws:s3:::dst/a/b/*"},`+
				`{"Sid":"One","Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/a/*"},`+
				`{"Sid":"Not","Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/c/*","Condition":{"StringEquals":{"aws:PrincipalArn":"x"}}},`)
		}},
		{"two denials, of different parts", "XC012", "exempt " + roleARN + " from the Deny of s3:ReplicateObject in statement Two of the bucket policy of dst, statement No of its policy replicate", func(w *world) {
			w.policy(`"Statement":[`, `"Statement":[{"Sid":"Two","Effect":"Deny","Principal":"*","Action":"s3:Rep*","NotResource":["arn:aws:s3:::dst/b/*","arn:aws:s3:::dst"]},`)
			w.deny("s3:ReplicateObject", "arn:aws:s3:::dst/b/*")
		}},
		{"a denial of all, and one of a part", "XC016", "exempt " + roleARN + " from the Deny of s3:ReplicateTags in statement No of its policy replicate, statement Part of the bucket policy of dst", func(w *world) {
			w.policy(`"Statement":[`, `"Statement":[{"Sid":"Part","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*.log","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"222222222222"}}},`)
			w.deny("s3:ReplicateTags", "*")
		}},
		{"a denial of some contexts, and of others", "XC026", "exempt " + roleARN + " from the Deny of kms:Encrypt in statement One of the policy of the key arn:aws:kms:eu-west-1:222222222222:key/dst-key, statement Two of the policy of the key arn:aws:kms:eu-west-1:222222222222:key/dst-key", func(w *world) {
			kmsWorld(w)
			w.key("dst-key", func(k *fact.Key) {
				k.Policy.Value.Document = replaced(k.Policy.Value.Document, `"Statement":[`, `"Statement":[`+
					`{"Sid":"One","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/a*"}}},`+
					`{"Sid":"Two","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/b*"}}},`)
			})
		}},
		{"SCP", "XC011", "let an SCP attached to ou-root-a allow `s3:ReplicateObject` on `arn:aws:s3:::dst/*`", func(w *world) {
			w.account(account1, func(a *fact.Account) {
				(*a.SCPs.Value)[1].Policies = []fact.Policy{{Name: "Reads", Document: replaced(fullAccess, `"Action":"*"`, `"Action":"s3:Get*"`)}}
			})
		}},
		{"boundary", "XC011", "add `s3:ReplicateObject` on `arn:aws:s3:::dst/*` to the permissions boundary of " + roleARN, func(w *world) {
			w.role(func(r *fact.Role) {
				r.Boundary = fact.Of(fact.Policy{Name: "boundary", Document: replaced(fullAccess, `"Action":"*"`, `"Action":["s3:Get*","s3:List*"]`)})
			})
		}},
		{"excess grant", "XC043", "remove s3:PutBucketVersioning from statement Bucket of the policy of dst", func(w *world) {
			w.policy(`"Statement":[`, `"Statement":[{"Sid":"Bucket","Effect":"Allow","Principal":{"AWS":"`+roleARN+`"},"Action":"s3:PutBucketVersioning","Resource":"arn:aws:s3:::dst"},`)
		}},
	} {
		f := find(eval(t, e, change(c.do)).Findings, c.rule)
		if len(f) != 1 || f[0].Status != finding.Fail || f[0].Remediation != c.want {
			t.Errorf("%s: got %q, want %q", c.name, f[0].Remediation, c.want)
		}
	}
}

// TestTwoLinks judges each link of a document by itself.
func TestTwoLinks(t *testing.T) {
	t.Parallel()
	doc := change(func(w *world) {
		kmsWorld(w)
		second := w.Bucket.Replication.Value.Rules[0]
		second.ID, second.Priority, second.SSEKMSObjects = "plain", 2, ""
		second.Destination.Bucket, second.Destination.ReplicaKMSKeyID = "arn:aws:s3:::gone", ""
		w.Bucket.Replication.Value.Rules = append(w.Bucket.Replication.Value.Rules, second)
		w.Links = append(w.Links, fact.Link{ID: fact.LinkID("src", "plain", "gone"), Rule: second, RoleARN: roleARN, Destination: "gone", SourceKey: w.Links[0].SourceKey})
		w.Buckets["gone"] = fact.None[fact.Bucket]()
	})
	r := eval(t, standard(t), doc)
	if l := r.Links[0]; l.Verdict != finding.Works {
		t.Errorf("%s: %s", l.ID, l.Why)
	}
	// KMS is the default of the source, so the second link takes nothing even if its bucket came back.
	if l := r.Links[1]; l.Verdict != finding.Broken || !slices.Equal(l.FailureCodes, []string{"DstBucketNotFound"}) {
		t.Errorf("%s: %s %v", l.ID, l.Verdict, l.FailureCodes)
	}
	for _, id := range []string{"XC004", "XC012", "XC024"} {
		var got []finding.Status
		for _, f := range find(r.Findings, id) {
			got = append(got, f.Status)
		}
		if !slices.Equal(got, []finding.Status{finding.Pass, finding.NotApplicable}) {
			t.Errorf("%s says %v", id, got)
		}
	}
	prints := map[string]string{}
	for _, f := range r.Findings {
		if other, ok := prints[f.Fingerprint]; ok {
			t.Errorf("%s and %s have one fingerprint", other, f.RuleID+" "+f.Link)
		}
		prints[f.Fingerprint] = f.RuleID + " " + f.Link
	}
}
