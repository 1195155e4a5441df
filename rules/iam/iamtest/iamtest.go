// Package iamtest has the documents, callers and inputs that tests of decisions share.
package iamtest

import (
	"fmt"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// Documents of one statement. The Version of EnDash has dashes that AWS refuses.
const (
	AllowEverything = `{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}`
	AllowNothing    = `{"Version":"2012-10-17","Statement":[{"Sid":"Else","Effect":"Allow","Action":"ec2:*","Resource":"*"}]}`
	DenyEverything  = `{"Version":"2012-10-17","Statement":[{"Sid":"No","Effect":"Deny","Action":"*","Resource":"*"}]}`
	EnDash          = `{"Version":"2012–10–17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}`
)

// Identity is a layer of identity policies.
func Identity(docs ...string) iam.Layer { return Layer(policy.Identity, docs...) }

// Layer is a layer of policies of a kind, named by their index.
func Layer(kind policy.Kind, docs ...string) iam.Layer {
	var p []*policy.Policy
	for i, d := range docs {
		p = append(p, policy.Parse(kind, fmt.Sprintf("%d", i), []byte(d)))
	}
	return iam.Policies(p...)
}

// Bucket allows every action on every object of dst to a principal.
func Bucket(principal string, more ...string) iam.Layer {
	doc := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Grant","Effect":"Allow","Principal":%s,"Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}%s]}`,
		principal, strings.Join(append([]string{""}, more...), ","))
	return Layer(policy.Bucket, doc)
}

// Key allows every action on a key to a principal.
func Key(principal string) iam.Layer {
	return Layer(policy.Key, fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":%s,"Action":"kms:*","Resource":"*"}]}`, principal))
}

// Open is an input in which only the identity policy can be in the way.
func Open() *iam.Input {
	return &iam.Input{
		Identity: Identity(), Boundary: iam.Policies(), Session: iam.Policies(), SCPs: iam.NotApplicable(), RCPs: iam.NotApplicable(),
		Resource: iam.Policies(), Grants: logic.False, RestrictPublicBuckets: logic.False,
	}
}

// Put asks to replicate an object into dst, a bucket of the account.
func Put(account string, caller principal.Caller) *iam.Request {
	return &iam.Request{Principal: caller, Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::dst/k", ResourceAccount: account}
}

// callers of the tables below.
var (
	Role               = principal.RoleSession("arn:aws:iam::111111111111:role/p/R", "AROAROLEROLEROLEROLE1", "s3-replication")
	RoleWithoutPath    = principal.Caller{Kind: principal.Role, ARN: Role.ARN, Account: "111111111111", Partition: "aws", RoleName: "R", Session: "s3-replication"}
	RoleWithoutSession = principal.RoleSession("arn:aws:iam::111111111111:role/p/R", "", "")
	User               = principal.Caller{Kind: principal.User, ARN: "arn:aws:iam::111111111111:user/U", Account: "111111111111", Partition: "aws", UserID: "AIDAUSERUSERUSERUSER1"}
	Root               = principal.Caller{Kind: principal.Root, ARN: "arn:aws:iam::111111111111:root", Account: "111111111111", Partition: "aws"}
	Federated          = principal.Caller{Kind: principal.Federated, ARN: "arn:aws:sts::111111111111:federated-user/f", Account: "111111111111", Partition: "aws"}
	S3                 = principal.Service("s3.amazonaws.com")
)

// Statements makes an identity policy of Statements whose conditions are given;
// one that begins with ! is of a Deny.
func Statements(conditions ...string) iam.Layer {
	var s []string
	for _, c := range conditions {
		effect := "Allow"
		if rest, deny := strings.CutPrefix(c, "!"); deny {
			effect, c = "Deny", rest
		}
		s = append(s, fmt.Sprintf(`{"Effect":%q,"Action":"*","Resource":"*","Condition":%s}`, effect, c))
	}
	return Layer(policy.Session, `{"Version":"2012-10-17","Statement":[`+strings.Join(s, ",")+`]}`)
}

// UnknownKeys is a context of which the keys are not known.
func UnknownKeys(keys ...string) map[string]contextkey.Value {
	m := map[string]contextkey.Value{}
	for _, k := range keys {
		m[k] = contextkey.Value{}
	}
	return m
}

// Objects makes an identity policy of Allow Statements on resources; ! makes a
// Deny, ~ a NotResource.
func Objects(resources ...string) iam.Layer {
	var s []string
	for _, r := range resources {
		effect, member := "Allow", "Resource"
		r, deny := strings.CutPrefix(r, "!")
		if deny {
			effect = "Deny"
		}
		r, other := strings.CutPrefix(r, "~")
		if other {
			member = "NotResource"
		}
		condition := ""
		if name, c, ok := strings.Cut(r, " if "); ok {
			r, condition = name, `,"Condition":`+c
		}
		s = append(s, fmt.Sprintf(`{"Effect":%q,"Action":"s3:*",%q:"arn:aws:s3:::%s"%s}`, effect, member, r, condition))
	}
	return Identity(`{"Version":"2012-10-17","Statement":[` + strings.Join(s, ",") + `]}`)
}
