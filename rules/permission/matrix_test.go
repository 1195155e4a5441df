package permission_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/rules/permission/rows"
	"crosscheck/scanner/fact"
)

const (
	denyAll = `{"Sid":"No","Effect":"Deny","Action":"*","Resource":"*"}`
	policy  = `{"Version":"2012-10-17","Statement":[%s]}`
)

func deny(action, principal, more string) string {
	if principal != "" {
		principal = `"Principal":"` + principal + `",`
	}
	return `{"Sid":"No","Effect":"Deny",` + principal + `"Action":"` + action + `","Resource":"*"` + more + `}`
}

// edits are worlds that differ in one thing from the one in which all is allowed.
var edits = []struct {
	name string
	do   func(world)
}{
	{"all is allowed", func(world) {}},
	{"no role", func(w world) { w.Roles[roleARN] = fact.None[fact.Role]() }},
	{"no role, no destination, no KMS", func(w world) {
		w.Roles[roleARN], w.Buckets["dst"] = fact.None[fact.Role](), fact.None[fact.Bucket]()
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
	}},
	{"role not read", func(w world) { w.Roles[roleARN] = gap[fact.Role]("role") }},
	{"role of no account", func(w world) { delete(w.Accounts, account1) }},
	{"inline policies not read", func(w world) { w.role(func(r *fact.Role) { r.Inline = gap[[]fact.Policy]("role.inline") }) }},
	{"attached policies not read", func(w world) { w.role(func(r *fact.Role) { r.Attached = gap[[]fact.Policy]("role.attached") }) }},
	{"boundary not read", func(w world) { w.role(func(r *fact.Role) { r.Boundary = gap[fact.Policy]("role.boundary") }) }},
	{"attached policies instead", func(w world) {
		w.role(func(r *fact.Role) { r.Inline, r.Attached = fact.None[[]fact.Policy](), r.Inline })
	}},
	{"no policies of the role", func(w world) { w.role(func(r *fact.Role) { r.Inline = fact.None[[]fact.Policy]() }) }},
	{"boundary that denies tags", func(w world) { w.add(inBoundary, deny("s3:*Tag*", "", "")) }},
	{"boundary without S3", func(w world) {
		w.role(func(r *fact.Role) {
			r.Boundary = fact.Of(fact.Policy{Name: "boundary", Document: fmt.Sprintf(policy, `{"Effect":"Allow","Action":"kms:*","Resource":"*"}`)})
		})
	}},
	{"SCP that denies", func(w world) { w.add(inSCP, denyAll) }},
	{"SCP that denies, over the management account", func(w world) {
		w.add(inSCP, denyAll)
		w.account(account1, func(a *fact.Account) { a.Management = true })
	}},
	{"SCP level without an Allow", func(w world) {
		w.account(account1, func(a *fact.Account) { (*a.SCPs.Value)[1].Policies = nil })
	}},
	{"SCPs not read", func(w world) {
		w.account(account1, func(a *fact.Account) { a.SCPs = gap[[]fact.PolicyLevel]("source_account.scps") })
	}},
	{"no SCPs", func(w world) {
		w.account(account1, func(a *fact.Account) { a.SCPs = fact.None[[]fact.PolicyLevel]() })
	}},
	{"RCP that denies", func(w world) { w.add(inRCP, deny("s3:*", "*", "")) }},
	{"RCP that denies, over the management account", func(w world) {
		w.add(inRCP, deny("s3:*", "*", ""))
		w.account(account2, func(a *fact.Account) { a.Management = true })
	}},
	{"RCPs not read", func(w world) {
		w.account(account2, func(a *fact.Account) { a.RCPs = gap[[]fact.PolicyLevel]("destination_account.rcps") })
	}},
	{"no destination", func(w world) { w.Buckets["dst"] = fact.None[fact.Bucket]() }},
	{"destination not read", func(w world) { w.Buckets["dst"] = gap[fact.Bucket]("destination") }},
	{"destination of an unknown owner", func(w world) { w.dst(func(b *fact.Bucket) { b.AccountID, b.Region = "", "" }) }},
	{"no policy of the destination", func(w world) { w.dst(func(b *fact.Bucket) { b.Policy = fact.None[fact.Policy]() }) }},
	{"policy of the destination not read", func(w world) { w.dst(func(b *fact.Bucket) { b.Policy = gap[fact.Policy]("destination.policy") }) }},
	{"destination in the same account, without a policy", func(w world) {
		w.dst(func(b *fact.Bucket) { b.AccountID, b.Policy = account1, fact.None[fact.Policy]() })
	}},
	{"destination in the same account, which denies", func(w world) {
		w.dst(func(b *fact.Bucket) { b.AccountID = account1 })
		w.add(inDst, `{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
	}},
	{"public destination, restricted", func(w world) {
		w.add(inDst, `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
		w.dst(func(b *fact.Bucket) {
			b.PublicAccessBlock = fact.Of(fact.PublicAccessBlock{RestrictPublicBuckets: true})
		})
	}},
	{"public destination, restricted by the account", func(w world) {
		w.add(inDst, `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
		w.account(account2, func(a *fact.Account) {
			a.PublicAccessBlock = fact.Of(fact.PublicAccessBlock{RestrictPublicBuckets: true})
		})
	}},
	{"public destination, restricted by both, under an S3 policy of the organization perhaps", func(w world) {
		w.add(inDst, `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
		on := fact.Of(fact.PublicAccessBlock{RestrictPublicBuckets: true})
		w.dst(func(b *fact.Bucket) { b.PublicAccessBlock = on })
		w.account(account2, func(a *fact.Account) { a.PublicAccessBlock = on })
		w.Organization.Value.PolicyTypes = append(w.Organization.Value.PolicyTypes, "S3_POLICY")
	}},
	{"public destination, not known whether restricted", func(w world) {
		w.add(inDst, `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
		w.dst(func(b *fact.Bucket) {
			b.PublicAccessBlock = gap[fact.PublicAccessBlock]("destination.public_access_block")
		})
	}},
	{"a policy that AWS would not store", func(w world) {
		w.dst(func(b *fact.Bucket) {
			b.Policy = fact.Of(fact.Policy{Name: "dst", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}`})
		})
	}},
	{"source that denies", func(w world) {
		w.add(inSource, `{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::src","arn:aws:s3:::src/*"]}`)
	}},
	{"policy of the source not read", func(w world) { w.Bucket.Policy = gap[fact.Policy]("bucket.policy") }},
	{"V1 rule", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.Schema, r.DeleteMarkers = "V1", "" })
	}},
	{"no delete markers", func(w world) { w.rule(func(r *fact.ReplicationRule) { r.DeleteMarkers = "Disabled" }) }},
	{"prefix", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.Prefix = "logs/*/" })
		w.add(inRole, `{"Sid":"No","Effect":"Deny","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/other/*"}`)
	}},
	{"some objects denied", func(w world) {
		w.add(inRole, `{"Sid":"No","Effect":"Deny","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/other/*"}`)
	}},
	{"no owner override", func(w world) { w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = false }) }},
	{"ownership enforced", func(w world) { w.dst(func(b *fact.Bucket) { b.Ownership = fact.Of("BucketOwnerEnforced") }) }},
	{"ownership not set, override not allowed", func(w world) {
		w.dst(func(b *fact.Bucket) { b.Ownership = fact.None[string]() })
		w.without(`"s3:ObjectOwnerOverrideToBucketOwner"`)
	}},
	{"ownership not read, override not allowed", func(w world) {
		w.dst(func(b *fact.Bucket) { b.Ownership = gap[string]("destination.ownership") })
		w.without(`"s3:ObjectOwnerOverrideToBucketOwner"`)
	}},
	{"no Object Lock", func(w world) { w.Bucket.ObjectLock = fact.None[fact.ObjectLock]() }},
	{"Object Lock off", func(w world) { w.Bucket.ObjectLock = fact.Of(fact.ObjectLock{}) }},
	{"Object Lock not read, and nothing of it allowed", func(w world) {
		w.Bucket.ObjectLock = gap[fact.ObjectLock]("bucket.object_lock")
		w.without(`"s3:GetObjectRetention"`, `"s3:GetObjectLegalHold"`)
		w.add(inRole, deny("s3:PutObject*", "", ""))
	}},
	{"tags not allowed", func(w world) { w.without(`"s3:GetObjectVersionTagging"`) }},
	{"tags not allowed, and perhaps denied", func(w world) {
		w.without(`"s3:GetObjectVersionTagging"`)
		w.add(inRole, deny("s3:GetObjectVersionTagging", "", `,"Condition":{"StringEquals":{"aws:SourceIp":"1"}}`))
	}},
	{"tags denied", func(w world) { w.add(inRole, deny("s3:*Tag*", "", "")) }},
	{"plain reads, without KMS", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
		w.without(`"s3:GetObjectVersionForReplication"`)
		w.add(inRole, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"*"}`)
	}},
	{"plain reads, with KMS", func(w world) {
		w.without(`"s3:GetObjectVersionForReplication"`)
		w.add(inRole, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"*"}`)
	}},
	{"no reads, without KMS", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
		w.without(`"s3:GetObjectVersionForReplication"`)
	}},
	{"one read denied, the other perhaps, without KMS", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
		w.without(`"s3:GetObjectVersionForReplication"`)
		w.add(inRole, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"v"}}}`)
	}},
	{"reads denied for different objects, without KMS", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
		w.add(inRole, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"*"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersionForReplication","Resource":"arn:aws:s3:::src/a/*"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/b/*"}`)
	}},
	{"reads denied for the same objects, without KMS", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
		w.add(inRole, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"*"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersionForReplication","Resource":"arn:aws:s3:::src/a/*"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/a/b/*"}`)
	}},
	{"one read denied for all, the other for some, without KMS", func(w world) {
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
		w.add(inRole, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"*"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersionForReplication","Resource":"*"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/a/b/*"}`)
	}},
	{"no KMS", func(w world) { w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "Disabled" }) }},
	{"source default not read", func(w world) {
		w.Bucket.Encryption, w.link().SourceKey = gap[fact.Encryption]("bucket.encryption"), ""
	}},
	{"source default is KMS under no known key", func(w world) { w.link().SourceKey = "" }},
	{"source default is SSE-S3", func(w world) {
		w.Bucket.Encryption, w.link().SourceKey = fact.Of(fact.Encryption{Algorithm: "AES256"}), ""
	}},
	{"no source default", func(w world) {
		w.Bucket.Encryption, w.link().SourceKey = fact.None[fact.Encryption](), ""
	}},
	{"no source key", func(w world) { w.Keys[srcKey] = fact.None[fact.Key]() }},
	{"source key not read", func(w world) { w.Keys[srcKey] = gap[fact.Key]("source_key") }},
	{"no replica key named", func(w world) { w.link().ReplicaKey = "" }},
	{"no replica key", func(w world) { w.Keys[dstKey] = fact.None[fact.Key]() }},
	{"no key policy", func(w world) { w.key(dstKey, func(k *fact.Key) { k.Policy = fact.None[fact.Policy]() }) }},
	{"second key policy instead", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy, k.RAMPolicy = fact.Of(fact.Policy{Name: "default", Document: fmt.Sprintf(policy, `{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"kms:*","Resource":"*"}`)}),
				fact.Of(fact.Policy{Name: "AWS_RAM", Document: k.Policy.Value.Document})
		})
	}},
	{"second key policy that denies", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.RAMPolicy = fact.Of(fact.Policy{Name: "AWS_RAM", Document: fmt.Sprintf(policy, deny("kms:*", "*", ""))})
		})
	}},
	{"second key policy not read", func(w world) {
		w.key(dstKey, func(k *fact.Key) { k.RAMPolicy = gap[fact.Policy]("destination_key.ram_policy") })
	}},
	{"second key policy not read, and the first denies", func(w world) {
		w.add(inDstKey, deny("kms:Encrypt", "*", ""))
		w.key(dstKey, func(k *fact.Key) { k.RAMPolicy = gap[fact.Policy]("destination_key.ram_policy") })
	}},
	{"second key policy not read, and the first allows nothing", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy, k.RAMPolicy = fact.None[fact.Policy](), gap[fact.Policy]("destination_key.ram_policy")
		})
	}},
	{"key policy not read", func(w world) {
		w.key(dstKey, func(k *fact.Key) { k.Policy = gap[fact.Policy]("destination_key.policy") })
	}},
	{"grants not read", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy, k.Grants = fact.None[fact.Policy](), gap[[]fact.Grant]("destination_key.grants")
		})
	}},
	{"a grant instead", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy = fact.None[fact.Policy]()
			k.Grants = fact.Of([]fact.Grant{{GranteePrincipal: "other", Operations: []string{"Encrypt"}}, {GranteePrincipal: roleARN, Operations: []string{"Encrypt"}}})
		})
	}},
	{"a grant for something else", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy = fact.None[fact.Policy]()
			k.Grants = fact.Of([]fact.Grant{{GranteePrincipal: roleARN, Operations: []string{"Decrypt"}}})
		})
	}},
	{"a constrained grant", func(w world) {
		w.key(dstKey, func(k *fact.Key) {
			k.Policy = fact.None[fact.Policy]()
			k.Grants = fact.Of([]fact.Grant{{GranteePrincipal: roleARN, Operations: []string{"Encrypt"}, Constrained: true}})
		})
	}},
	{"AWS managed key of the other account", func(w world) { w.key(dstKey, func(k *fact.Key) { k.Manager = "AWS" }) }},
	{"AWS managed key of the account", func(w world) { w.key(srcKey, func(k *fact.Key) { k.Manager = "AWS" }) }},
	{"key of the account, not allowed to the role", func(w world) { w.without(`"kms:Decrypt"`) }},
	{"key policy that denies", func(w world) { w.add(inDstKey, deny("kms:Encrypt", "*", "")) }},
	{"bucket keys", func(w world) { w.dst(func(b *fact.Bucket) { b.Encryption.Value.BucketKey = true }) }},
	{"bucket keys, by what is known", func(w world) { w.Bucket.Encryption = gap[fact.Encryption]("bucket.encryption") }},
	{"bucket keys, with everything allowed", func(w world) {
		w.Bucket.Encryption.Value.BucketKey = true
		w.add(inRole, `{"Effect":"Allow","Action":"kms:*","Resource":"*"}`)
		w.add(inDstKey, `{"Effect":"Allow","Principal":{"AWS":"`+roleARN+`"},"Action":"kms:*","Resource":"*"}`)
	}},
	{"encryption context of objects, with bucket keys", func(w world) {
		w.Bucket.Encryption.Value.BucketKey = true
		w.add(inDstKey, deny("kms:Encrypt", "*", `,"Condition":{"StringNotLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}}`))
	}},
	{"encryption context of the bucket, with bucket keys", func(w world) {
		w.Bucket.Encryption.Value.BucketKey = true
		w.add(inDstKey, deny("kms:Encrypt", "*", `,"Condition":{"StringNotLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"]}}`))
	}},
	{"encryption context of objects, with bucket keys at both ends", func(w world) {
		w.Bucket.Encryption.Value.BucketKey = true
		w.dst(func(b *fact.Bucket) { b.Encryption.Value.BucketKey = true })
		w.add(inDstKey, deny("kms:Encrypt", "*", `,"Condition":{"StringNotLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}}`))
	}},
	{"encryption context of the bucket alone, with bucket keys at both ends", func(w world) {
		w.dst(func(b *fact.Bucket) { b.Encryption.Value.BucketKey = true })
		w.Bucket.Encryption.Value.BucketKey = true
		w.add(inSourceKey, deny("kms:Decrypt", "*", `,"Condition":{"StringNotEquals":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src"}}`))
	}},
	{"encryption context of the bucket, with two layers of KMS", func(w world) {
		w.Bucket.Encryption.Value.BucketKey, w.Bucket.Encryption.Value.Algorithm = true, "aws:kms:dsse"
		w.dst(func(b *fact.Bucket) { b.Encryption.Value.BucketKey = true })
		w.add(inSourceKey, deny("kms:Decrypt", "*", `,"Condition":{"StringNotEquals":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src"}}`))
	}},
	{"encryption context of objects, with a destination that is not read", func(w world) {
		w.dst(func(b *fact.Bucket) { b.Encryption = gap[fact.Encryption]("bucket.encryption") })
		w.add(inDstKey, deny("kms:Encrypt", "*", `,"Condition":{"StringNotLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}}`))
	}},
	{"trust policy for somebody else", func(w world) {
		w.role(func(r *fact.Role) {
			r.Trust.Document = strings.Replace(r.Trust.Document, "s3.amazonaws.com", "ec2.amazonaws.com", 1)
		})
	}},
	{"trust policy with the account of the source", func(w world) {
		w.add(inTrust, deny("sts:AssumeRole", "*", `,"Condition":{"StringNotEqualsIfExists":{"aws:SourceAccount":"111111111111"},"Null":{"aws:SourceAccount":"true"}}`))
		w.add(inTrust, deny("sts:AssumeRole", "*", `,"Condition":{"StringNotEquals":{"aws:SourceAccount":"111111111111"}}`))
	}},
	{"trust policy with the ARN of another source", func(w world) {
		w.add(inTrust, deny("sts:AssumeRole", "*", `,"Condition":{"ArnNotEqualsIfExists":{"aws:SourceArn":"arn:aws:s3:::other"}}`))
	}},
	{"trust policy with something unknown", func(w world) {
		w.role(func(r *fact.Role) {
			r.Trust.Document = strings.Replace(r.Trust.Document, `"sts:AssumeRole"`, `"sts:AssumeRole","Condition":{"StringEquals":{"aws:New":"1"}}`, 1)
		})
	}},
	{"tags not allowed, and not asked for", func(w world) {
		w.without(`"s3:GetObjectVersionTagging"`)
		w.rule(func(r *fact.ReplicationRule) { r.Tags = nil })
	}},
	{"key policy of the account that hands nothing over", func(w world) {
		w.key(srcKey, func(k *fact.Key) { k.Policy = fact.None[fact.Policy]() })
	}},
	{"alias of the replica key", func(w world) {
		w.Keys["alias/replicas"] = w.Keys[dstKey]
		w.link().ReplicaKey = "alias/replicas"
		w.without(`"kms:Encrypt"`)
	}},
	{"encryption context of objects denied, with bucket keys", func(w world) {
		w.Bucket.Encryption.Value.BucketKey = true
		w.add(inDstKey, deny("kms:Encrypt", "*", `,"Condition":{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"}}`))
	}},
	{"policies that AWS would not store, everywhere", func(w world) {
		bad := func(name string) fact.Policy {
			return fact.Policy{Name: name, Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}`}
		}
		w.role(func(r *fact.Role) {
			r.Inline, r.Boundary, r.Trust = fact.Of([]fact.Policy{bad("inline")}), fact.Of(bad("boundary")), bad("trust")
			r.Attached = fact.Of([]fact.Policy{bad("attached")})
		})
		w.Bucket.Policy = fact.Of(bad("source"))
		w.account(account1, func(a *fact.Account) {
			a.SCPs = fact.Of([]fact.PolicyLevel{{Target: "r-root", Policies: []fact.Policy{bad("scp")}}})
			a.RCPs = fact.Of([]fact.PolicyLevel{{Target: "r-root", Policies: []fact.Policy{bad("rcp of the source")}}})
		})
		w.account(account2, func(a *fact.Account) {
			a.RCPs = fact.Of([]fact.PolicyLevel{{Target: "r-root", Policies: []fact.Policy{bad("rcp of the destination")}}})
		})
		w.key(srcKey, func(k *fact.Key) { k.Policy = fact.Of(bad("source key")) })
		w.key(dstKey, func(k *fact.Key) { k.Policy = fact.Of(bad("replica key")) })
	}},
	{"a policy for another bucket", func(w world) {
		w.dst(func(b *fact.Bucket) {
			b.Policy.Value.Document = strings.ReplaceAll(b.Policy.Value.Document, "dst/*", "other/*")
		})
	}},
	{"RCP against the service", func(w world) {
		w.account(account1, func(a *fact.Account) {
			levels := *a.RCPs.Value
			levels[0].Policies = append(levels[0].Policies, fact.Policy{Name: "own", Document: fmt.Sprintf(policy, deny("sts:*", "*", ""))})
		})
	}},
}

// matrixLines are what is decided of every cell, and what the rules make of it.
func matrixLines(t *testing.T, w world) []string {
	t.Helper()
	m := w.matrix()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, p := range m.Refused {
		add("refused: %s", p.Name())
	}
	for _, r := range demand.Requirements() {
		c, why, ok := m.Find(r.Key())
		if !ok {
			t.Fatalf("no %s", r.Key())
		}
		if c == nil {
			add("%s: not needed: %s", r.Key(), why)
			continue
		}
		check := c.Check()
		if check.FailureCode != c.FailureCode() || string(check.Result) != c.Result.String() || check.Layer != string(c.Layer) ||
			check.UnknownKeys == nil || check.Deciding == nil {
			t.Errorf("the check %+v is not the cell %+v", check, c)
		}
		if check.Result == "allowed" {
			add("%s for %s: allowed on %s%s", c.Key(), r.Action, c.Resource, c.FailureCode())
			continue
		}
		line := fmt.Sprintf("%s: %s on %s code=%q reason=%s decider=%s level=%q role=%s resource=%s", c.Key(), c.Result, c.Resource, c.FailureCode(),
			c.Reason, c.Decider, c.Level, c.On(permission.RoleSide), c.On(permission.ResourceSide))
		for _, s := range c.Deciding {
			line += fmt.Sprintf(" [%s %s %s %d]", s.Layer, s.Policy, s.Sid, s.Statement)
		}
		add("%s keys=%v layers=%v witness=%s contested=%v", line, c.UnknownKeys, c.UnknownLayers, c.Witness, c.Contested)
	}
	for _, r := range rows.Rules() {
		for _, a := range r.Answers(&m, w.link()) {
			add("%s: %s %v key=%s contested=%v", r.ID, a.Status, a.FailureCodes, a.Key, a.Contested)
		}
	}
	return lines
}

// TestMatrix keeps what is decided of every world, as far as it is another than that
// of the first. It has no prose: the golden file of package rules has.
func TestMatrix(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	var usual []string
	for _, c := range edits {
		w := newWorld()
		c.do(w)
		fmt.Fprintf(&b, "== %s\n", c.name)
		lines := matrixLines(t, w)
		for _, line := range lines {
			if !slices.Contains(usual, line) {
				b.WriteString(line + "\n")
			}
		}
		if usual == nil {
			usual = lines
		}
	}
	const name = "testdata/matrix.golden"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the matrices changed (UPDATE=1 accepts them): %s", diff)
	}
}

// TestFind: what the table does not have is not found, and the alternative of a
// requirement is found where it was decided.
func TestFind(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
	w.without(`"s3:GetObjectVersionForReplication"`)
	w.add(inRole, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"*"}`)
	m := w.matrix()
	for _, action := range []string{"s3:GetObjectVersion", "s3:GetObjectVersionForReplication"} {
		if c, _, ok := m.Find(demand.Key{Layer: demand.Source, Action: action}); !ok || c == nil || c.Action != "s3:GetObjectVersion" {
			t.Errorf("%s: %+v", action, c)
		}
	}
	if _, _, ok := m.Find(demand.Key{Layer: demand.Trust, Action: "s3:GetObjectVersion"}); ok {
		t.Error("found in another layer")
	}
	if _, ok := m.Answer(demand.Key{Layer: demand.Source, Action: "s3:Nothing"}, permission.Whole); ok {
		t.Error("an answer to what nobody asks")
	}
}

// TestHome: a missing action is added to a statement only where that allows it to
// nobody else and to no other resource.
func TestHome(t *testing.T) {
	t.Parallel()
	role := `"Principal":{"AWS":"` + roleARN + `"},`
	for statement, want := range map[string]string{
		`{"Sid":"Home","Effect":"Allow",` + role + `"Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/*"}`:                                                   "statement Home of the bucket policy of dst",
		`{"Effect":"Allow",` + role + `"Action":"s3:GetObject","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"]}`:                                           "the 1st statement of the bucket policy of dst",
		`{"Sid":"Home","Effect":"Deny",` + role + `"Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/*"}`:                                                    "",
		`{"Sid":"Home","Effect":"Allow",` + role + `"NotAction":"s3:Replicate*","Resource":"arn:aws:s3:::dst/*"}`:                                               "",
		`{"Sid":"Home","Effect":"Allow",` + role + `"Action":"s3:GetObject","NotResource":"arn:aws:s3:::dst/x"}`:                                                "",
		`{"Sid":"Home","Effect":"Allow",` + role + `"Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/x"}`:                                                   "",
		`{"Sid":"Home","Effect":"Allow",` + role + `"Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/*","Condition":{"Bool":{"aws:SecureTransport":true}}}`: "",
		`{"Sid":"Home","Effect":"Allow","Principal":{"AWS":["` + roleARN + `","222222222222"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/*"}`:        "",
		`{"Sid":"Home","Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/*"}`:                            "",
	} {
		w := newWorld()
		w.dst(func(b *fact.Bucket) {
			b.Policy = fact.Of(fact.Policy{Name: "dst", Document: fmt.Sprintf(policy, statement)})
		})
		m := w.matrix()
		c, _, _ := m.Find(demand.Key{Layer: demand.Destination, Action: "s3:ReplicateDelete"})
		what := "`s3:ReplicateDelete` on `arn:aws:s3:::dst/*`"
		todo := "allow " + roleARN + " " + what + " in the bucket policy of dst"
		if want != "" {
			todo = "add " + what + " to " + want
		}
		if c.Remediation != todo {
			t.Errorf("%s\n%q, want\n%q", statement, c.Remediation, todo)
		}
	}
}

// TestStatementText shows the statement behind a denial as the policy has it, up to a bound.
func TestStatementText(t *testing.T) {
	t.Parallel()
	deciding := func(statement string) string {
		w := newWorld()
		w.add(inRole, statement)
		m := w.matrix()
		c, _, _ := m.Find(demand.Key{Layer: demand.Destination, Action: "s3:ReplicateTags"})
		if len(c.Deciding) != 1 {
			t.Fatalf("%d statements decide", len(c.Deciding))
		}
		return c.Deciding[0].Text
	}
	const bound = 4096
	of := func(resource string) string {
		return `{"Sid":"No", "Effect":"Deny",` + "\n" + `  "Action":"s3:ReplicateTags", "Resource":["*","arn:aws:s3:::` + resource + `"]}`
	}
	pad := strings.Repeat("x", bound-len(of("")))
	if got := deciding(of(pad)); got != of(pad) {
		t.Errorf("%d bytes: cut to %d", len(of(pad)), len(got))
	}
	for _, long := range []string{of(pad + "x"), of("x" + strings.Repeat("é", bound))} {
		got := deciding(long)
		if len(got) > bound || len(got) < bound-2 || !utf8.ValidString(got) || !strings.HasSuffix(got, " …") || !strings.HasPrefix(long, strings.TrimSuffix(got, " …")) {
			t.Errorf("%d bytes: cut to %d: %.60s…%s", len(long), len(got), got, got[max(0, len(got)-20):])
		}
	}
}

// TestRestrictedBy: a cell that Block Public Access denies says where the setting is on, and
// who can change it; its fix is a policy that is not public.
func TestRestrictedBy(t *testing.T) {
	t.Parallel()
	on := fact.Of(fact.PublicAccessBlock{RestrictPublicBuckets: true})
	const organization = "; the organization has S3 policies: where one covers the account, the setting is the policy's, and the account cannot change it"
	for want, do := range map[string]func(world){
		"the setting is on for the bucket":          func(w world) { w.dst(func(b *fact.Bucket) { b.PublicAccessBlock = on }) },
		"the setting is on for account " + account2: func(w world) { w.account(account2, func(a *fact.Account) { a.PublicAccessBlock = on }) },
		"the setting is on for the bucket and for account " + account2 + organization: func(w world) {
			w.dst(func(b *fact.Bucket) { b.PublicAccessBlock = on })
			w.account(account2, func(a *fact.Account) { a.PublicAccessBlock = on })
			w.Organization = fact.Of(fact.Organization{ID: "o-example", PolicyTypes: []string{"S3_POLICY"}})
		},
		"the setting is on for account " + account2 + " ": func(w world) { // which another organization may have
			w.account(account2, func(a *fact.Account) { a.PublicAccessBlock, a.InOrganization = on, fact.Of(false) })
			w.Organization = fact.Of(fact.Organization{ID: "o-example", PolicyTypes: []string{"S3_POLICY"}})
		},
	} {
		w := newWorld()
		w.add(inDst, `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
		do(w)
		m := permission.Of(w.Document, w.link(), permission.NewPolicies())
		c, _, _ := m.Find(demand.Key{Layer: demand.Destination, Action: "s3:ReplicateObject"})
		if !strings.HasSuffix(c.Message, "; "+strings.TrimSpace(want)) {
			t.Errorf("%q does not end with %q", c.Message, want)
		}
	}
}
