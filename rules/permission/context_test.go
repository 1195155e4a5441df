package permission_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// absent and notKnown stand for what a key is not.
const (
	absent   = "(absent)"
	notKnown = "(not known)"
)

// abac is a bucket of a layer with the status of its ABAC, and its tags.
func abac(where, status string, tags fact.Fact[map[string]string]) func(world) {
	set := func(b *fact.Bucket) { b.ABAC, b.Tags = fact.Of(status), tags }
	return func(w world) {
		if where == inSource {
			set(&w.Bucket)
			return
		}
		w.dst(set)
	}
}

// TestContext: what is known of the condition keys of S3's requests. A Deny tells: it
// applies to the known value, and to no other.
func TestContext(t *testing.T) {
	t.Parallel()
	cells := map[string]demand.Key{
		inTrust:     {Layer: demand.Trust, Action: "sts:AssumeRole"},
		inSource:    {Layer: demand.Source, Action: "s3:GetObjectVersionAcl"},
		inDst:       {Layer: demand.Destination, Action: "s3:ReplicateObject"},
		inRole:      {Layer: demand.Destination, Action: "s3:ReplicateObject"},
		inSourceKey: {Layer: demand.SourceKey, Action: "kms:Decrypt"},
		inDstKey:    {Layer: demand.DestinationKey, Action: "kms:Encrypt"},
		inSCP:       {Layer: demand.Destination, Action: "s3:ReplicateObject"},
		inRCP:       {Layer: demand.Destination, Action: "s3:ReplicateObject"},
		inBoundary:  {Layer: demand.Destination, Action: "s3:ReplicateObject"},
	}
	resources := map[string]string{inSource: "arn:aws:s3:::src/*", inDst: "arn:aws:s3:::dst/*"}
	for _, c := range []struct {
		where, key, want string
		do               func(world)
	}{
		{inDst, "aws:PrincipalArn", roleARN, nil},
		{inDst, "aws:userid", notKnown, func(w world) { w.role(func(r *fact.Role) { r.ID = "" }) }},
		{inDst, "aws:PrincipalTag/env", notKnown, func(w world) { w.Roles[roleARN] = gap[fact.Role]("role") }},
		{inSCP, "aws:RequestedRegion", "eu-west-1", nil},
		{inRCP, "aws:PrincipalAccount", account1, nil},
		{inBoundary, "aws:ResourceAccount", account2, nil},
		{inRole, "aws:ResourceAccount", account2, nil},
		{inDst, "aws:ResourceAccount", notKnown, func(w world) { w.dst(func(b *fact.Bucket) { b.AccountID = "" }) }},
		{inDst, "aws:PrincipalServiceNamesList", absent, nil},
		{inDst, "aws:PrincipalAccount", account1, nil},
		{inDst, "aws:PrincipalOrgID", "o-example", nil},
		{inDst, "aws:PrincipalType", "AssumedRole", nil},
		{inDst, "aws:userid", "AROAEXAMPLEEXAMPLE111:s3-replication", nil},
		{inDst, "aws:PrincipalIsAWSService", "false", nil},
		{inDst, "aws:PrincipalTag/env", "prod", nil},
		{inDst, "aws:PrincipalTag/other", absent, nil},
		{inDst, "aws:PrincipalTag/env", notKnown, func(w world) {
			w.role(func(r *fact.Role) { r.Tags = map[string]string{"Env": "prod", "ENV": "test"} })
		}},
		{inDst, "aws:username", absent, nil},
		{inDst, "aws:MultiFactorAuthPresent", absent, nil},
		{inDst, "aws:MultiFactorAuthAge", absent, nil},
		{inDst, "aws:FederatedProvider", absent, nil},
		{inDst, "aws:PrincipalServiceName", absent, nil},
		{inDst, "aws:SecureTransport", "true", nil},
		{inDst, "aws:RequestedRegion", "eu-west-1", nil},
		{inSource, "aws:RequestedRegion", "us-east-1", nil},
		{inDst, "aws:RequestedRegion", notKnown, func(w world) { w.dst(func(b *fact.Bucket) { b.Region = "" }) }},
		{inDst, "aws:ResourceAccount", account2, nil},
		{inDst, "s3:ResourceAccount", account2, nil},
		{inSource, "s3:ResourceAccount", account1, nil},
		{inDst, "aws:ResourceOrgID", "o-example", nil},
		{inDst, "aws:ResourceOrgID", notKnown, func(w world) {
			w.account(account2, func(a *fact.Account) { a.InOrganization = fact.Of(false) })
		}},
		{inDst, "aws:PrincipalOrgID", notKnown, func(w world) { w.Organization = gap[fact.Organization]("organization") }},
		{inDst, "aws:SourceIp", notKnown, nil},
		{inDst, "aws:ResourceTag/team", notKnown, nil},
		{inDst, "aws:ResourceTag/team", absent, abac(inDst, "Disabled", fact.Fact[map[string]string]{})},
		{inDst, "s3:BucketTag/team", absent, abac(inDst, "Disabled", fact.Fact[map[string]string]{})},
		{inDst, "s3:BucketTag/team", notKnown, abac(inSource, "Disabled", fact.Fact[map[string]string]{})},
		{inDst, "s3:BucketTag/team", notKnown, abac(inDst, "Perhaps", fact.None[map[string]string]())},
		{inDst, "aws:ResourceTag/team", absent, abac(inDst, "Enabled", fact.None[map[string]string]())},
		{inDst, "aws:ResourceTag/team", notKnown, abac(inDst, "Enabled", fact.Fact[map[string]string]{})},
		{inDst, "aws:ResourceTag/team", "backup", abac(inDst, "Enabled", fact.Of(map[string]string{"team": "backup"}))},
		{inSource, "s3:BucketTag/Team", "backup", abac(inSource, "Enabled", fact.Of(map[string]string{"team": "backup"}))},
		{inRole, "aws:ResourceTag/team", "backup", abac(inDst, "Enabled", fact.Of(map[string]string{"team": "backup"}))},
		{inRCP, "aws:ResourceTag/other", absent, abac(inDst, "Enabled", fact.Of(map[string]string{"team": "backup"}))},
		{inDst, "aws:ResourceTag/team", notKnown, func(w world) {
			w.dst(func(b *fact.Bucket) {
				b.ABAC, b.Tags = gap[string]("abac"), fact.Of(map[string]string{"team": "backup"})
			})
		}},
		{inDst, "s3:x-amz-acl", absent, nil},
		{inDst, "s3:x-amz-bucket-namespace", absent, nil},
		{inSource, "s3:x-amz-bucket-namespace", absent, nil},
		{inDst, "s3:x-amz-grant-full-control", absent, nil},
		{inDst, "s3:DataAccessPointAccount", absent, nil},
		{inSource, "s3:DataAccessPointArn", absent, nil},
		{inDst, "aws:SourceAccount", absent, nil},
		{inDst, "aws:SourceArn", absent, nil},
		{inDst, "aws:SourceOrgID", absent, nil},
		{inSource, "aws:SourceOrgPaths", absent, nil},
		{inDstKey, "aws:SourceArn", notKnown, nil},
		{inDst, "s3:x-amz-server-side-encryption-aws-kms-key-id", absent, func(w world) { w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" }) }},
		{inDst, "s3:x-amz-server-side-encryption", notKnown, func(w world) { w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" }) }},
		{inSource, "s3:x-amz-server-side-encryption", notKnown, nil},
		{inSource, "S3:existingobjecttag/class", "gold", nil},
		{inSource, "s3:ExistingObjectTag/Class", notKnown, nil}, // the object may have both
		{inDst, "s3:ExistingObjectTag/class", notKnown, nil},

		{inDstKey, "kms:ViaService", "s3.eu-west-1.amazonaws.com", nil},
		{inDstKey, "kms:ViaService", "s3.eu-west-1.amazonaws.com.cn", func(w world) { w.in("aws-cn") }},
		{inDstKey, "kms:ViaService", "s3.eu-west-1.amazonaws.eu", func(w world) { w.in("aws-eusc") }},
		{inSourceKey, "kms:ViaService", "s3.us-east-1.amazonaws.com", nil},
		{inDstKey, "kms:CallerAccount", account1, nil},
		{inDstKey, "kms:GrantIsForAWSResource", absent, nil},
		{inDstKey, "kms:GranteePrincipal", absent, nil},
		{inDstKey, "kms:GrantConstraintType", absent, nil},
		{inDstKey, "kms:GrantOperations", absent, nil},
		{inDstKey, "kms:KeySpec", "SYMMETRIC_DEFAULT", nil},
		{inDstKey, "kms:KeyUsage", "ENCRYPT_DECRYPT", nil},
		{inDstKey, "kms:KeyOrigin", "AWS_KMS", nil},
		{inDstKey, "kms:KeyOrigin", notKnown, func(w world) { w.key(dstKey, func(k *fact.Key) { k.Origin = "" }) }},
		{inDstKey, "kms:MultiRegion", "false", nil},
		{inDstKey, "kms:MultiRegion", "true", func(w world) { w.key(dstKey, func(k *fact.Key) { k.MultiRegion = true }) }},
		{inDstKey, "aws:ResourceTag/team", "backup", nil},
		{inDstKey, "aws:ResourceTag/other", absent, nil},
		{inDstKey, "aws:ResourceTag/team", notKnown, func(w world) { w.key(dstKey, func(k *fact.Key) { k.Tags = nil }) }},
		{inDstKey, "kms:Something", notKnown, nil},
		{inRole, "kms:ViaService", notKnown, nil}, // of a request to S3

		{inTrust, "aws:PrincipalIsAWSService", "true", nil},
		{inTrust, "aws:PrincipalServiceName", "s3.amazonaws.com", nil},
		{inTrust, "aws:ResourceAccount", account1, nil},
		{inTrust, "aws:ResourceOrgID", "o-example", nil},
		{inTrust, "aws:SecureTransport", "true", nil},
		{inTrust, "sts:ExternalId", absent, nil},
		{inTrust, "aws:username", absent, nil},
		{inTrust, "aws:PrincipalOrgPaths", absent, nil},
		{inTrust, "aws:MultiFactorAuthPresent", absent, nil},
		{inTrust, "aws:MultiFactorAuthAge", absent, nil},
		{inTrust, "aws:PrincipalArn", absent, nil},
		{inTrust, "aws:PrincipalAccount", absent, nil},
		{inTrust, "aws:PrincipalOrgID", absent, nil},
		{inTrust, "aws:userid", absent, nil},
		{inTrust, "aws:Something", notKnown, nil},
		{inTrust, "aws:SourceAccount", notKnown, nil}, // it is sent or it is not
		{inTrust, "aws:SourceArn", notKnown, nil},
		{inTrust, "aws:SourceOrgID", notKnown, nil},
	} {
		ask := func(operator, value string) iam.Result {
			w := newWorld()
			if c.do != nil {
				c.do(w)
			}
			principal := `"Principal":"*",`
			if c.where == inRole || c.where == inSCP || c.where == inBoundary {
				principal = ""
			}
			w.add(c.where, fmt.Sprintf(`{"Sid":"Key","Effect":"Deny",%s"Action":"%s","Resource":"%s","Condition":{"%s":{"%s":"%s"}}}`,
				principal, cells[c.where].Action, cmp.Or(resources[c.where], "*"), operator, c.key, value))
			m := w.matrix()
			cell, _, _ := m.Find(cells[c.where])
			if cell == nil || len(m.Refused) > 0 {
				t.Fatalf("%s %s: %v, refused %v", c.where, c.key, cell, m.Refused)
			}
			return cell.Result
		}
		isNull, notNull := ask("Null", "true"), ask("Null", "false")
		switch c.want {
		case absent:
			if isNull != iam.Denied || notNull != iam.Allowed {
				t.Errorf("%s %s: absent %s, there %s", c.where, c.key, isNull, notNull)
			}
		case notKnown:
			if isNull != iam.Undecided || notNull != iam.Undecided {
				t.Errorf("%s %s is known: absent %s, there %s", c.where, c.key, isNull, notNull)
			}
		default:
			if got := ask("StringEquals", c.want); got != iam.Denied {
				t.Errorf("%s %s is not %s: %s", c.where, c.key, c.want, got)
			}
			if got := ask("StringNotEquals", c.want); got != iam.Allowed {
				t.Errorf("%s %s may be other than %s: %s", c.where, c.key, c.want, got)
			}
			if got := ask("StringEquals", c.want+"x"); got != iam.Allowed {
				t.Errorf("%s %s may be %sx: %s", c.where, c.key, c.want, got)
			}
		}
	}
}

// TestManyValues: keys with several values at once.
func TestManyValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		where, key, value string
		cell              demand.Key
	}{
		{inDst, "aws:PrincipalOrgPaths", "o-example/r-root/ou-a/", demand.Key{Layer: demand.Destination, Action: "s3:ReplicateObject"}},
		{inDst, "aws:ResourceOrgPaths", "o-example/r-root/ou-a/", demand.Key{Layer: demand.Destination, Action: "s3:ReplicateObject"}},
		{inTrust, "aws:ResourceOrgPaths", "o-example/r-root/ou-a/", demand.Key{Layer: demand.Trust, Action: "sts:AssumeRole"}},
		{inDstKey, "kms:EncryptionContextKeys", "aws:s3:arn", demand.Key{Layer: demand.DestinationKey, Action: "kms:Encrypt"}},
		{inDstKey, "kms:ResourceAliases", "alias/one", demand.Key{Layer: demand.DestinationKey, Action: "kms:Encrypt"}},
	} {
		for value, want := range map[string]iam.Result{c.value: iam.Denied, c.value + "x": iam.Allowed} {
			resource := "*"
			if c.where == inDst {
				resource = "arn:aws:s3:::dst/*"
			}
			w := newWorld()
			w.add(c.where, fmt.Sprintf(`{"Effect":"Deny","Principal":"*","Action":"%s","Resource":"%s","Condition":{"ForAnyValue:StringEquals":{"%s":"%s"}}}`, c.cell.Action, resource, c.key, value))
			m := w.matrix()
			if cell, _, _ := m.Find(c.cell); cell == nil || cell.Result != want {
				t.Errorf("%s %s %s: %+v, want %s", c.where, c.key, value, cell, want)
			}
		}
	}
}

// TestSent: what says from which bucket S3 comes is sent or not, and both is tried.
func TestSent(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]string{
		"aws:SourceAccount": account1, "aws:SourceArn": "arn:aws:s3:::src", "aws:SourceOrgID": "o-example", "aws:SourceOrgPaths": "o-example/r-root/ou-a/",
	} {
		for _, c := range []struct {
			operator, value string
			want            iam.Result
			contested       bool
		}{
			{"StringEquals", value, iam.Undecided, true},
			{"StringEquals", value + "x", iam.Allowed, false},
			{"StringNotEquals", value, iam.Undecided, true},
			{"StringNotEquals", value + "x", iam.Denied, false},
		} {
			if key == "aws:SourceOrgPaths" {
				c.operator = "ForAnyValue:" + c.operator
				if c.operator == "ForAnyValue:StringNotEquals" {
					continue // true of no value at all
				}
			}
			w := newWorld()
			w.add(inTrust, deny("sts:AssumeRole", "*", fmt.Sprintf(`,"Condition":{"%s":{"%s":"%s"}}`, c.operator, key, c.value)))
			m := w.matrix()
			if cell := m.Cells[0]; cell.Result != c.want || cell.Contested != c.contested {
				t.Errorf("%s %s %s: %s, contested %v", c.operator, key, c.value, cell.Result, cell.Contested)
			}
		}
	}
}

// TestDomains: of a key that can have a few values only, each is tried, and those of a class
// of encryption are asked of this class.
func TestDomains(t *testing.T) {
	t.Parallel()
	const sse, keyID = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
	const hold = "s3:object-lock-event-hold"
	kms := func(world) {}
	plain := func(w world) { w.Bucket.Encryption = fact.Of(fact.Encryption{Algorithm: "AES256"}) }
	noKMS := func(w world) {
		plain(w)
		w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "" })
	}
	one := func(operator, key, value string) string { return fmt.Sprintf(`"%s":{"%s":"%s"}`, operator, key, value) }
	for _, c := range []struct {
		do        func(world)
		condition string
		want      string // the classes that are not allowed: "class result", comma separated
	}{
		{noKMS, one("StringEquals", sse, "aws:kms"), ""},                      // never so
		{noKMS, one("StringNotEquals", sse, "aws:kms"), "default denied"},     // always so
		{noKMS, one("StringEqualsIfExists", sse, "AES256"), "default denied"}, // absent or AES256
		{noKMS, one("StringEquals", sse, "AES256"), "default unknown"},        // which of them is not known
		{noKMS, one("StringEquals", keyID, dstKey), ""},                       // absent

		{plain, one("StringEquals", sse, "aws:kms"), "sse-kms denied"},
		{plain, one("StringNotEquals", sse, "aws:kms"), "sse-s3 denied,dsse denied"},
		{plain, one("StringNotEqualsIfExists", sse, "AES256"), "sse-kms denied,sse-s3 unknown,dsse denied"}, // so is a request without it
		{plain, one("StringEquals", sse, "aws:fsx"), ""},                                                    // no object of S3 has it
		{plain, one("StringEquals", sse, "aws:kms:dsse"), "dsse denied"},
		{plain, one("StringLike", sse, "aws:kms:*"), "dsse denied"},
		{plain, one("StringLikeIfExists", sse, "A*"), "sse-s3 denied"},
		{plain, one("StringLikeIfExists", sse, "a*"), "sse-kms denied,sse-s3 unknown,dsse denied"},
		{plain, one("StringLikeIfExists", sse, "*"), "default denied"}, // whatever it is
		{plain, one("StringNotEqualsIfExists", keyID, dstKey), "sse-s3 denied"},
		{plain, one("StringEqualsIfExists", keyID, dstKey), "default denied"},
		{plain, one("StringEquals", sse, "aws:kms") + "," + one("StringNotEquals", keyID, dstKey), ""}, // they belong together
		{plain, one("Null", keyID, "false") + "," + one("StringNotEquals", keyID, dstKey), ""},

		{kms, one("StringNotEquals", sse, "aws:kms"), "sse-s3 denied,dsse denied"},
		{kms, one("StringEquals", sse, "AES256"), "sse-s3 unknown"}, // or the header is absent
		{kms, one("StringEquals", sse, "aws:kms:dsse"), "dsse denied"},
		{kms, one("StringNotEquals", keyID, dstKey), "sse-s3 denied"},
		{kms, one("StringEquals", keyID, dstKey), "sse-kms denied,dsse denied"},
		{kms, one("Null", sse, "true"), "sse-s3 unknown"},

		{kms, one("StringEquals", hold, "ON"), "default unknown"}, // a writer may set it
		{func(w world) { w.Bucket.ObjectLock = fact.None[fact.ObjectLock]() }, one("StringEquals", hold, "ON"), ""},
	} {
		w := newWorld()
		c.do(w)
		w.add(inDst, `{"Sid":"Key","Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*","Condition":{`+c.condition+`}}`)
		m := w.matrix()
		if got := notAllowed(&m, "s3:ReplicateObject"); got != c.want || len(m.Refused) > 0 {
			t.Errorf("%s: %s, want %s, refused %v", c.condition, got, c.want, m.Refused)
		}
	}
	// By an alias it is not known what is sent.
	w := newWorld()
	w.rule(func(r *fact.ReplicationRule) { r.Destination.ReplicaKMSKeyID = "alias/replicas" })
	w.add(inDst, `{"Effect":"Deny","Principal":"*","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*","Condition":{`+one("Null", keyID, "false")+`}}`)
	m := w.matrix()
	if got := notAllowed(&m, "s3:ReplicateObject"); got != "sse-kms unknown,dsse unknown" {
		t.Errorf("by an alias: %s", got)
	}
	// The same of an Allow: it is met by the classes whose requests have the value.
	for condition, want := range map[string]string{
		one("StringEquals", sse, "aws:kms"):         "sse-s3 denied,dsse denied",
		one("StringEquals", keyID, dstKey):          "sse-s3 denied",
		one("StringEqualsIfExists", keyID, dstKey):  "",
		one("StringEquals", keyID, dstKey+"-other"): "default denied",
	} {
		w := newWorld()
		w.dst(func(b *fact.Bucket) {
			b.Policy = fact.Of(fact.Policy{Name: "dst", Document: strings.Replace(b.Policy.Value.Document, `"Effect":"Allow"`, `"Effect":"Allow","Condition":{`+condition+`}`, 1)})
		})
		m := w.matrix()
		if got := notAllowed(&m, "s3:ReplicateObject"); got != want {
			t.Errorf("an Allow with %s: %s, want %s", condition, got, want)
		}
	}
}

// notAllowed are the classes of the cells of an action that are not allowed, and the results.
func notAllowed(m *permission.Matrix, action string) string {
	var list []string
	for i := range m.Cells {
		if c := &m.Cells[i]; c.Requirement.Action == action && c.Result != iam.Allowed {
			list = append(list, fmt.Sprintf("%s %s", c.Class, c.Result))
		}
	}
	return strings.Join(list, ",")
}

// TestBucketKeys: with bucket keys the encryption context is the bucket's ARN, but of objects
// under two layers of KMS, which have no bucket keys, that of the object.
func TestBucketKeys(t *testing.T) {
	t.Parallel()
	for context, want := range map[string]string{
		"arn:aws:s3:::dst":   "dsse denied",
		"arn:aws:s3:::dst/*": "sse-kms denied",
		"arn:aws:s3:::dst*":  "",
	} {
		w := newWorld()
		w.Bucket.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: srcKey, BucketKey: true})
		w.dst(func(b *fact.Bucket) {
			b.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: dstKey, BucketKey: true})
		})
		w.key(dstKey, func(k *fact.Key) {
			k.Policy = fact.Of(fact.Policy{Name: "default", Document: strings.Replace(k.Policy.Value.Document, `"Effect":"Allow"`,
				`"Effect":"Allow","Condition":{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"`+context+`"}}`, 1)})
		})
		m := w.matrix()
		if got := notAllowed(&m, "kms:Encrypt"); got != want {
			t.Errorf("%s: %s, want %s", context, got, want)
		}
	}
}
