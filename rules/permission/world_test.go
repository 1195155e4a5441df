package permission_test

import (
	"bytes"
	"encoding/json"
	"strings"

	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// The world of the tests: bucket src of account 1 replicates to bucket dst of account
// 2 with objects under KMS, and S3 has every permission. A test changes one thing.
const (
	account1 = "111111111111"
	account2 = "222222222222"
	roleARN  = "arn:aws:iam::111111111111:role/service-role/repl"
	srcKey   = "arn:aws:kms:us-east-1:111111111111:key/src-key"
	dstKey   = "arn:aws:kms:eu-west-1:222222222222:key/dst-key"
)

type world struct{ *fact.Document }

func newWorld() world {
	allow := func(principal, actions, resource string) string {
		return `{"Sid":"A","Effect":"Allow",` + principal + `"Action":[` + actions + `],"Resource":"` + resource + `"}`
	}
	document := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	role := `"Principal":{"AWS":"` + roleARN + `"},`
	key := func(arn, account, region, policy string) fact.Fact[fact.Key] {
		return fact.Of(fact.Key{
			ARN: arn, AccountID: account, Region: region, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT",
			Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", Tags: map[string]string{"team": "backup"},
			Policy: fact.Of(fact.Policy{Name: "default", Document: policy}), RAMPolicy: fact.None[fact.Policy](), Grants: fact.None[[]fact.Grant](),
			Aliases: fact.Of([]string{"alias/one"}),
		})
	}
	bucket := func(name, account, region, key string) fact.Bucket {
		return fact.Bucket{
			Name: name, ARN: "arn:aws:s3:::" + name, AccountID: account, Region: region,
			Policy: fact.None[fact.Policy](), Ownership: fact.Of("ObjectWriter"), ObjectLock: fact.Of(fact.ObjectLock{Enabled: true}),
			Encryption: fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: key}), PublicAccessBlock: fact.None[fact.PublicAccessBlock](),
		}
	}
	account := func(id string) fact.Account {
		level := func(target string) fact.PolicyLevel {
			return fact.PolicyLevel{Target: target, Policies: []fact.Policy{{
				Name: "FullAWSAccess", ARN: "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", Document: document(allow("", `"*"`, "*")),
			}}}
		}
		return fact.Account{
			ID: id, InOrganization: fact.Of(true), Path: fact.Of([]string{"r-root", "ou-a"}), PublicAccessBlock: fact.None[fact.PublicAccessBlock](),
			SCPs: fact.Of([]fact.PolicyLevel{level("r-root"), level(id)}),
			RCPs: fact.Of([]fact.PolicyLevel{{Target: "r-root", Policies: []fact.Policy{{
				Name: "RCPFullAWSAccess", ARN: "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess",
				Document: document(allow(`"Principal":"*",`, `"*"`, "*")),
			}}}}),
		}
	}
	rule := fact.ReplicationRule{
		ID: "all", Schema: "V2", Status: "Enabled", DeleteMarkers: "Enabled", SSEKMSObjects: "Enabled", Tags: map[string]string{"class": "gold"},
		Destination: fact.Destination{Bucket: "arn:aws:s3:::dst", Account: account2, OwnerOverride: true, ReplicaKMSKeyID: dstKey},
	}
	dst := bucket("dst", account2, "eu-west-1", dstKey)
	dst.Policy = fact.Of(fact.Policy{Name: "dst", Document: document(
		allow(role, `"s3:ReplicateObject","s3:ReplicateDelete","s3:ObjectOwnerOverrideToBucketOwner"`, "arn:aws:s3:::dst/*"))})
	return world{&fact.Document{
		Partition:    "aws",
		Organization: fact.Of(fact.Organization{ID: "o-example"}),
		Bucket:       bucket("src", account1, "us-east-1", srcKey),
		Links: []fact.Link{{
			ID: fact.LinkID("src", "all", "dst"), Rule: rule, RoleARN: roleARN, Destination: "dst", SourceKey: srcKey, ReplicaKey: dstKey,
		}},
		Buckets: map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(dst)},
		Roles: map[string]fact.Fact[fact.Role]{roleARN: fact.Of(fact.Role{
			ARN: roleARN, AccountID: account1, Path: "/service-role/", Name: "repl", ID: "AROAEXAMPLEEXAMPLE111", Tags: map[string]string{"Env": "prod"},
			Trust: fact.Policy{Name: "trust", Document: document(`{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}`)},
			Inline: fact.Of([]fact.Policy{{Name: "replicate", Document: document(
				allow("", `"s3:GetReplicationConfiguration","s3:ListBucket"`, "arn:aws:s3:::src"),
				allow("", `"s3:GetObjectVersionForReplication","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging","s3:GetObjectRetention",`+
					`"s3:GetObjectLegalHold","s3:GetObjectVersionAnnotationForReplication"`, "arn:aws:s3:::src/*"),
				allow("", `"s3:ReplicateObject","s3:ReplicateDelete","s3:ObjectOwnerOverrideToBucketOwner"`, "arn:aws:s3:::dst/*"),
				allow("", `"kms:Decrypt"`, srcKey), allow("", `"kms:Encrypt"`, dstKey))}}),
			Attached: fact.None[[]fact.Policy](), Boundary: fact.None[fact.Policy](),
		})},
		Keys: map[string]fact.Fact[fact.Key]{
			srcKey: key(srcKey, account1, "us-east-1", document(allow(`"Principal":{"AWS":"arn:aws:iam::111111111111:root"},`, `"kms:*"`, "*"))),
			dstKey: key(dstKey, account2, "eu-west-1", document(allow(role, `"kms:Encrypt"`, "*"))),
		},
		Accounts: map[string]fact.Account{account1: account(account1), account2: account(account2)},
	}}
}

// in moves the world into another partition.
func (w world) in(partition string) {
	data, err := json.Marshal(w.Document)
	if err != nil {
		panic(err)
	}
	moved := fact.Document{}
	if err := json.Unmarshal(bytes.ReplaceAll(data, []byte("arn:aws:"), []byte("arn:"+partition+":")), &moved); err != nil {
		panic(err)
	}
	for old := range w.Keys { // by which tests find them
		moved.Keys[old] = moved.Keys[strings.Replace(old, "arn:aws:", "arn:"+partition+":", 1)]
	}
	moved.Links[0].SourceKey, moved.Links[0].ReplicaKey = srcKey, dstKey
	*w.Document = moved
	w.Partition = partition
}

func (w world) link() *fact.Link { return &w.Links[0] }

func (w world) rule(do func(*fact.ReplicationRule)) { do(&w.Links[0].Rule) }

func edit[T any](m map[string]fact.Fact[T], key string, do func(*T)) {
	v := *m[key].Value
	do(&v)
	m[key] = fact.Of(v)
}

func (w world) dst(do func(*fact.Bucket)) { edit(w.Buckets, "dst", do) }
func (w world) role(do func(*fact.Role))  { edit(w.Roles, roleARN, do) }
func (w world) key(id string, do func(*fact.Key)) {
	edit(w.Keys, id, do)
}

func (w world) account(id string, do func(*fact.Account)) {
	a := w.Accounts[id]
	do(&a)
	w.Accounts[id] = a
}

// Where a statement can be added.
const (
	inRole      = "role"
	inTrust     = "trust"
	inSource    = "source"
	inDst       = "destination"
	inSourceKey = "source key"
	inDstKey    = "destination key"
	inSCP       = "scp"
	inRCP       = "rcp"
	inBoundary  = "boundary"
)

// add puts a statement into a policy, before its others.
func (w world) add(where, statement string) {
	into := func(document string) string {
		return strings.Replace(document, `"Statement":[`, `"Statement":[`+statement+`,`, 1)
	}
	const empty = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:None","Resource":"arn:aws:s3:::src"}]}`
	switch where {
	case inRole:
		w.role(func(r *fact.Role) {
			r.Inline = fact.Of([]fact.Policy{{Name: "replicate", Document: into((*r.Inline.Value)[0].Document)}})
		})
	case inTrust:
		// Trust policies may have neither.
		statement = strings.NewReplacer(`,"Resource":"*"`, "", `"Principal":"*"`, `"Principal":{"Service":"s3.amazonaws.com"}`).Replace(statement)
		w.role(func(r *fact.Role) { r.Trust.Document = into(r.Trust.Document) })
	case inBoundary:
		w.role(func(r *fact.Role) {
			r.Boundary = fact.Of(fact.Policy{Name: "boundary", Document: into(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)})
		})
	case inSource:
		w.Bucket.Policy = fact.Of(fact.Policy{Name: "src", Document: into(empty)})
	case inDst:
		w.dst(func(b *fact.Bucket) {
			b.Policy = fact.Of(fact.Policy{Name: "dst", Document: into(b.Policy.Value.Document)})
		})
	case inSourceKey, inDstKey:
		id := map[string]string{inSourceKey: srcKey, inDstKey: dstKey}[where]
		w.key(id, func(k *fact.Key) {
			k.Policy = fact.Of(fact.Policy{Name: "default", Document: into(k.Policy.Value.Document)})
		})
	case inSCP:
		w.account(account1, func(a *fact.Account) {
			levels := *a.SCPs.Value
			levels[1].Policies = append(levels[1].Policies, fact.Policy{Name: "own", Document: `{"Version":"2012-10-17","Statement":[` + statement + `]}`})
		})
	case inRCP:
		w.account(account2, func(a *fact.Account) {
			levels := *a.RCPs.Value
			levels[0].Policies = append(levels[0].Policies, fact.Policy{Name: "own", Document: `{"Version":"2012-10-17","Statement":[` + statement + `]}`})
		})
	}
}

// without removes text from the role's policy.
func (w world) without(texts ...string) {
	w.role(func(r *fact.Role) {
		p := (*r.Inline.Value)[0]
		for _, text := range texts {
			if !strings.Contains(p.Document, text) {
				panic("the policy does not have " + text)
			}
			p.Document = strings.Replace(p.Document, text, `"x:None"`, 1)
		}
		r.Inline = fact.Of([]fact.Policy{p})
	})
}

func (w world) matrix() permission.Matrix {
	return permission.Of(w.Document, w.link(), permission.NewPolicies())
}

func gap[T any](name string) fact.Fact[T] {
	return fact.Missing[T](fact.Gap{AccountID: account2, Fact: name, API: "s3:Get", Code: "AccessDenied"})
}
