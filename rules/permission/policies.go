package permission

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

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
	kind policy.Kind
	keys []string // lower-case condition keys and variables that it names, sorted
	uses []usage  // every value compared with a condition key

	variables []string // the policy variables among the keys
	names     []string // the same keys as they are written

	infos func() []policy.StatementInfo
}

// usage is one condition value: key and operator in lower case.
type usage struct{ key, operator, value string }

// Get compiles a policy, or finds it compiled. bucket is the bucket that a bucket
// policy belongs to, "" for other kinds; partition is that of AWS, "" = not known.
func (c *Policies) Get(kind policy.Kind, partition, bucket string, doc fact.Policy) *Policy {
	key := policyKey{kind, partition, bucket, cmp.Or(doc.ARN, doc.Name), doc.Document}
	return c.compiled.Get(key, func() *Policy {
		opts := []policy.ParseOption{policy.Stored(), policy.In(partition)}
		if bucket != "" {
			opts = append(opts, policy.ForBucket(bucket))
		}
		p := &Policy{Policy: policy.Parse(kind, key.name, []byte(doc.Document), opts...), kind: kind}
		c := conditionKeys(doc.Document)
		p.keys, p.variables, p.names, p.uses = slices.Sorted(maps.Keys(c.keys)), c.variables, c.names, c.uses
		p.infos = sync.OnceValue(p.Statements)
		return p
	})
}

var variablePattern = regexp.MustCompile(`\$\{([^},]+)`)

// conditionKeys lists the condition keys and policy variables that a document
// names, in lower case, and the values it compares keys with.
func conditionKeys(document string) conditions {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	var v any
	c := conditions{keys: map[string]bool{}}
	if d.Decode(&v) == nil { // else package iam reports the document
		c.walk(v)
	}
	return c
}

// conditions collects what a document says about condition keys.
type conditions struct {
	keys      map[string]bool
	variables []string
	names     []string
	uses      []usage
}

// name notes a condition key, and gives it in lower case.
func (c *conditions) name(s string) string {
	key := strings.ToLower(s)
	c.keys[key] = true
	if !slices.Contains(c.names, s) {
		c.names = append(c.names, s)
	}
	return key
}

func (c *conditions) walk(v any) {
	switch v := v.(type) {
	case string:
		for _, m := range variablePattern.FindAllStringSubmatch(v, -1) {
			c.variables = append(c.variables, c.name(strings.TrimSpace(m[1])))
		}
	case []any:
		for _, x := range v {
			c.walk(x)
		}
	case map[string]any:
		for k, x := range v {
			if k == "Condition" {
				c.element(x)
			}
			c.walk(x)
		}
	}
}

// element reads a Condition element: {operator: {key: value or list of values}}.
func (c *conditions) element(v any) {
	operators, _ := v.(map[string]any)
	for op, x := range operators {
		keys, _ := x.(map[string]any)
		for key, values := range keys {
			key, op := c.name(key), strings.ToLower(op)
			list, ok := values.([]any)
			if !ok {
				list = []any{values}
			}
			for _, value := range list {
				c.uses = append(c.uses, usage{key, op, fmt.Sprint(value)})
			}
		}
	}
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
