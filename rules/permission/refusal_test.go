package permission_test

import (
	"strings"
	"testing"

	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// TestRefusal names the statement that refuses the role of a canary, where the facts say it.
func TestRefusal(t *testing.T) {
	t.Parallel()
	const canary = "arn:aws:iam::222222222222:role/crosscheck-canary"
	deny := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:*","Resource":["arn:aws:s3:::dst","arn:aws:s3:::dst/*"]},` +
			`{"Sid":"NoReaders","Effect":"Deny","Principal":"*","Action":["s3:GetObject*","s3:DeleteObject*"],"Resource":"arn:aws:s3:::dst/*"` + condition + `}]}`
	}
	read := permission.Ask{Layer: demand.Destination, Action: "s3:GetObjectVersion", Key: "crosscheck-canary/run/1"}
	for name, test := range map[string]struct {
		change func(w world)
		ask    permission.Ask
		want   string
	}{
		"nothing is known of its policies": {ask: read},
		"explicit": {func(w world) {
			w.dst(func(b *fact.Bucket) { b.Policy = fact.Of(fact.Policy{Name: "dst", Document: deny("")}) })
		}, read, "statement NoReaders of the bucket policy of dst denies s3:GetObjectVersion to the role " + canary},
		"another action": {func(w world) {
			w.dst(func(b *fact.Bucket) { b.Policy = fact.Of(fact.Policy{Name: "dst", Document: deny("")}) })
		}, permission.Ask{Layer: demand.Destination, Action: "s3:ListBucketVersions"}, ""},
		"all but one role": {func(w world) {
			w.dst(func(b *fact.Bucket) {
				b.Policy = fact.Of(fact.Policy{Name: "dst", Document: deny(`,"Condition":{"ArnNotLike":{"aws:PrincipalArn":"` + roleARN + `"}}`)})
			})
		}, read, "statement NoReaders of the bucket policy of dst denies"},
		"exempt": {func(w world) {
			w.dst(func(b *fact.Bucket) {
				b.Policy = fact.Of(fact.Policy{Name: "dst", Document: deny(`,"Condition":{"ArnNotLike":{"aws:PrincipalArn":"` + canary + `"}}`)})
			})
		}, read, ""},
		"from where is not known": {func(w world) {
			w.dst(func(b *fact.Bucket) {
				b.Policy = fact.Of(fact.Policy{Name: "dst", Document: deny(`,"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`)})
			})
		}, read, "perhaps statement NoReaders of the bucket policy of dst denies s3:GetObjectVersion to the role " + canary + ", depending on aws:sourcevpce"},
		"SCP": {func(w world) {
			w.account(account2, func(a *fact.Account) {
				levels := *a.SCPs.Value
				levels[1].Policies = append(levels[1].Policies, fact.Policy{Name: "NoDeletes", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteObject*","Resource":"*"}]}`})
				a.SCPs = fact.Of(levels)
			})
		}, permission.Ask{Layer: demand.Destination, Action: "s3:DeleteObjectVersion", Key: "k"}, "the 1st statement of the SCP NoDeletes on 222222222222 denies s3:DeleteObjectVersion to the role " + canary},
		"key policy": {func(w world) {
			w.key(dstKey, func(k *fact.Key) {
				k.Policy = fact.Of(fact.Policy{Name: "default", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}]}`})
			})
		}, permission.Ask{Layer: demand.DestinationKey, Action: "kms:Decrypt"}, "the 1st statement of the policy of the key " + dstKey + " denies kms:Decrypt to the role " + canary},
		"nothing was read": {func(w world) { delete(w.Buckets, "dst"); delete(w.Accounts, account2) }, read, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if test.change != nil {
				test.change(w)
			}
			got := permission.Refusal(w.Document, w.link(), canary, test.ask, permission.NewPolicies()).Clause
			if got != test.want && (test.want == "" || !strings.HasPrefix(got, test.want)) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
