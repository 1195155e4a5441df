package permission

import (
	"cmp"
	"sync"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/internal/recent"
	"crosscheck/scanner/fact"
)

// Policies keeps compiled policies by their content: most links of an organization
// share theirs. It is bounded, and safe for concurrent use.
type Policies struct {
	compiled *recent.Map[policyKey, *Policy]
}

type policyKey struct {
	kind                              policy.Kind
	partition, bucket, name, document string
}

// NewPolicies is an empty cache.
func NewPolicies() *Policies {
	return &Policies{recent.New[policyKey, *Policy](512)}
}

// Policy is a compiled policy with what the matrix wants to know beside it.
type Policy struct {
	*policy.Policy
	contextkey.Named // what it says about condition keys

	kind  policy.Kind
	infos func() []policy.StatementInfo
}

// Get compiles a policy, or finds it compiled. bucket is the bucket that a bucket
// policy belongs to, "" for other kinds; partition is that of AWS, "" = not known.
func (c *Policies) Get(kind policy.Kind, partition, bucket string, doc fact.Policy) *Policy {
	key := policyKey{kind, partition, bucket, cmp.Or(doc.ARN, doc.Name), doc.Document}
	return c.compiled.Get(key, func() *Policy {
		opts := []policy.ParseOption{policy.Stored(), policy.In(partition)}
		if bucket != "" {
			opts = append(opts, policy.ForBucket(bucket))
		}
		p := &Policy{Policy: policy.Parse(kind, key.name, []byte(doc.Document), opts...), kind: kind, Named: contextkey.NamedIn(doc.Document)}
		p.infos = sync.OnceValue(p.Statements)
		return p
	})
}

// allowAll are policies that let everything through, to ask for explicit denies alone.
var allowAll = struct{ identity, scp, key *policy.Policy }{
	identity: policy.Parse(policy.Identity, own, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)),
	key:      policy.Parse(policy.Key, own, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`)),
	scp:      policy.Parse(policy.SCP, own, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)),
}

// own names policies that are made here.
const own = "crosscheck"

// openBucket is a bucket policy that lets everything through.
func (c *Policies) openBucket(b *fact.Bucket) *policy.Policy {
	return c.Get(policy.Bucket, "", b.Name, fact.Policy{Name: own, Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["` +
		b.ARN + `","` + b.ARN + `/*"]}}`}).Policy
}

// accountKey is a key policy that leaves everything to the policies of the account.
func (c *Policies) accountKey(account string) *policy.Policy {
	return c.Get(policy.Key, "", "", fact.Policy{Name: own, Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` +
		account + `"},"Action":"kms:*","Resource":"*"}}`}).Policy
}
