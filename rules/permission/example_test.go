package permission_test

import (
	"fmt"

	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// The role may write replicas, and the destination's policy has not heard of it.
func Example() {
	const role = "arn:aws:iam::111111111111:role/repl"
	rule := fact.ReplicationRule{ID: "all", Schema: "V2", Status: "Enabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"}}
	doc := fact.Document{
		Bucket: fact.Bucket{Name: "src", ARN: "arn:aws:s3:::src", AccountID: "111111111111", Region: "us-east-1"},
		Links:  []fact.Link{{ID: fact.LinkID("src", "all", "dst"), Rule: rule, RoleARN: role, Destination: "dst"}},
		Buckets: map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(fact.Bucket{
			Name: "dst", ARN: "arn:aws:s3:::dst", AccountID: "222222222222", Region: "eu-west-1",
			Policy: fact.None[fact.Policy](), PublicAccessBlock: fact.None[fact.PublicAccessBlock](),
		})},
		Roles: map[string]fact.Fact[fact.Role]{role: fact.Of(fact.Role{
			ARN: role, AccountID: "111111111111", Name: "repl", ID: "AROAEXAMPLEEXAMPLE111",
			Inline: fact.Of([]fact.Policy{{Name: "write", Document: `{"Version":"2012-10-17","Statement":
				{"Effect":"Allow","Action":"s3:Replicate*","Resource":"arn:aws:s3:::dst/*"}}`}}),
			Attached: fact.None[[]fact.Policy](), Boundary: fact.None[fact.Policy](),
		})},
		Accounts: map[string]fact.Account{
			"111111111111": {ID: "111111111111", SCPs: fact.None[[]fact.PolicyLevel]()},
			"222222222222": {ID: "222222222222", RCPs: fact.None[[]fact.PolicyLevel](), PublicAccessBlock: fact.None[fact.PublicAccessBlock]()},
		},
	}
	m := permission.Of(&doc, &doc.Links[0], permission.NewPolicies())
	c, _, _ := m.Find(demand.Key{Layer: demand.Destination, Action: "s3:ReplicateObject"})
	fmt.Println(c.Result, c.FailureCode())
	fmt.Println(c.On(permission.RoleSide), c.On(permission.ResourceSide))
	fmt.Println(c.Message)
	fmt.Println(c.Remediation)
	_, why, _ := m.Find(demand.Key{Layer: demand.Destination, Action: "s3:ReplicateDelete"})
	fmt.Println(why)
	// Output:
	// denied DstPutObjectNotPermitted
	// allowed denied
	// the replication role repl may not write replicas to dst (s3:ReplicateObject): dst has no bucket policy, so only its own account may use it (add one that allows `arn:aws:iam::111111111111:role/repl` s3:ReplicateObject)
	// allow arn:aws:iam::111111111111:role/repl `s3:ReplicateObject` on `arn:aws:s3:::dst/*` in the bucket policy of dst
	// the rule does not replicate delete markers
}
