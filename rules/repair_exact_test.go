package rules

import (
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

const (
	deletedID = "AROAEXAMPLEDELETED111"
	otherRole = "arn:aws:iam::222222222222:role/app"
)

// inKey replaces text in the policy of a key.
func (w *world) inKey(part, old, text string) {
	w.key(part, func(k *fact.Key) {
		p := *k.Policy.Value
		p.Document = replaced(p.Document, old, text)
		k.Policy = fact.Of(p)
	})
}

const keyRight = `"Principal":{"AWS":"` + roleARN + `"},"Action":"kms:Encrypt"`

// restricted has the policy of the destination public, and RestrictPublicBuckets on.
func restricted(w *world) {
	w.policy(`{"AWS":"`+roleARN+`"}`, `"*"`)
	w.dst(func(b *fact.Bucket) {
		b.PublicAccessBlock = fact.Of(fact.PublicAccessBlock{RestrictPublicBuckets: true})
	})
}

// exactCases are policies in which a statement comes near to what the role needs, but is for
// more, or for others. What a case has is in the policy after the changes: beside what was
// there, or in its place.
var exactCases = []struct {
	name   string
	do     func(*world)
	kind   finding.Kind
	has    []string
	decide string // "" = the link works, and nothing is to decide
}{
	{"all of a key for a deleted role", func(w *world) {
		kmsWorld(w)
		w.inKey("dst-key", keyRight, `"Principal":{"AWS":"`+deletedID+`"},"Action":"kms:*"`)
	}, finding.KeyPolicy, []string{`"Principal":{"AWS":"` + deletedID + `"},"Action":"kms:*"`, `"kms:ViaService"`}, ""},
	{"more of a key for a deleted user", func(w *world) {
		kmsWorld(w)
		w.inKey("dst-key", keyRight, `"Principal":{"AWS":"AIDAEXAMPLEDELETED111"},"Action":["kms:Encrypt","kms:CreateGrant"]`)
	}, finding.KeyPolicy, []string{`"AIDAEXAMPLEDELETED111"},"Action":["kms:Encrypt","kms:CreateGrant"]`, `"kms:ViaService"`}, ""},
	{"all of a key for a session of the role", func(w *world) {
		kmsWorld(w)
		w.inKey("dst-key", keyRight, `"Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/repl/x"},"Action":"kms:*"`)
	}, finding.KeyPolicy, []string{`assumed-role/repl/x"},"Action":"kms:*"`, `"kms:ViaService"`}, ""},
	{"a key for another role, not through S3 alone", func(w *world) {
		kmsWorld(w)
		w.inKey("dst-key", `"Principal":{"AWS":"`+roleARN, `"Principal":{"AWS":"`+otherRole)
	}, finding.KeyPolicy, []string{`"Principal":{"AWS":"` + otherRole + `"}`, `"kms:ViaService"`}, ""},
	{"more of a bucket for a deleted role", func(w *world) {
		w.policy(`{"AWS":"`+roleARN+`"},"Action":[`, `{"AWS":["`+deletedID+`","`+otherRole+`"]},"Action":["s3:GetObject",`)
	}, finding.BucketPolicy, []string{`{"AWS":["` + otherRole + `"]},"Action":["s3:GetObject",`, `"` + roleARN + `"`}, ""},
	{"only what is needed for a deleted role", func(w *world) { w.policy(roleARN, deletedID) },
		finding.BucketPolicy, []string{`"Statement":[{"Sid":"Replica","Effect":"Allow","Principal":{"AWS":"` + roleARN + `"}`}, ""},
	{"only what is needed for another role", func(w *world) { w.policy(roleARN, otherRole) },
		finding.BucketPolicy, []string{otherRole + `","` + roleARN + `"]`}, ""},
	{"more objects than the rule replicates, for another role", func(w *world) {
		w.rule(func(r *fact.ReplicationRule) { r.Prefix = "logs/" })
		w.policy(roleARN, otherRole)
	}, finding.BucketPolicy, []string{`{"AWS":"` + otherRole + `"}`, `arn:aws:s3:::dst/logs/*`}, ""},
	{"more objects than the rule replicates, for the role", func(w *world) {
		w.rule(func(r *fact.ReplicationRule) { r.Prefix = "logs/" })
		w.identity(`"s3:ReplicateDelete",`, ``)
	}, finding.RolePolicy, []string{`["s3:ReplicateObject","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"`, `arn:aws:s3:::dst/logs/*`}, ""},
	{"tags for others too", func(w *world) {
		w.policy(`{"AWS":"`+roleARN+`"},"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"]`, `{"AWS":["`+roleARN+`","arn:aws:iam::111111111111:role/other"]},"Action":["s3:ReplicateObject","s3:ReplicateDelete"]`)
	}, "", nil, "whether all whom it names are to replicate tags"},
	{"more than replication needs, for others too", func(w *world) {
		w.policy(`{"AWS":"`+roleARN+`"},"Action":[`, `{"AWS":["`+roleARN+`","arn:aws:iam::111111111111:role/other"]},"Action":["s3:DeleteObject",`)
	}, "", nil, "which of its actions are to stay"},

	{"S3 is trusted for another account", func(w *world) { w.trust(`{"StringEquals":{"aws:SourceAccount":"999999999999"}}`) },
		"", nil, "the request has `111111111111`; to mend it, change the condition on aws:SourceAccount in the 1st statement of the trust policy of the role; " +
			"the 1st statement of the trust policy of role repl allows it only where StringEquals aws:SourceAccount 999999999999, which does not hold"},
	{"S3 is trusted for another bucket", func(w *world) { w.trust(`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::other"}}`) },
		"", nil, "the request has `arn:aws:s3:::src`"},
	{"another organization", func(w *world) {
		w.policy(`"Resource":"arn:aws:s3:::dst/*"`, `"Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-wrong"}}`)
	}, "", nil, "the request has `o-example`; to mend it, change the condition on aws:PrincipalOrgID"},
	{"another organization, and an action is missing", func(w *world) {
		w.policy(`"s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"`, `"s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-wrong"}}`)
	}, "", nil, "(s3:ReplicateDelete)"},
	{"an encryption that only writing has, and an action is missing", func(w *world) {
		w.policy(`"s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}`, `"s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"},
{"Sid":"Encrypted","Effect":"Allow","Principal":{"AWS":"`+roleARN+`"},"Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"s3:x-amz-server-side-encryption":"AES256"}}}`)
	}, finding.BucketPolicy, []string{`"s3:ReplicateDelete"`}, ""},
	{"another account of the resource", func(w *world) {
		w.identity(`"Resource":"arn:aws:s3:::dst/*"`, `"Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"s3:ResourceAccount":"333333333333"}}`)
	}, "", nil, "the request has `222222222222`; to mend it, change the condition on s3:ResourceAccount"},
	{"another organization in the boundary", func(w *world) {
		w.role(func(r *fact.Role) {
			text := replaced(rolePolicy, `"Resource":"arn:aws:s3:::dst/*"`, `"Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-wrong"}}`)
			r.Boundary = fact.Of(fact.Policy{Name: "b", ARN: "arn:aws:iam::111111111111:policy/b", Document: text})
		})
	}, "", nil, "StringEquals aws:PrincipalOrgID o-wrong, which does not hold"},
	{"another organization in the boundary, and no right", func(w *world) {
		w.role(func(r *fact.Role) {
			text := replaced(rolePolicy, `"Resource":"arn:aws:s3:::dst/*"`, `"Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-wrong"}}`)
			r.Boundary = fact.Of(fact.Policy{Name: "b", ARN: "arn:aws:iam::111111111111:policy/b", Document: text})
			r.Inline = fact.Of([]fact.Policy{{Name: "replicate", Document: rolePolicy[:strings.LastIndex(rolePolicy, ",\n")] + "]}"}})
		})
	}, "", nil, "StringEquals aws:PrincipalOrgID o-wrong, which does not hold"},
	{"an ACL that S3 does not send", func(w *world) {
		w.unlessACL()
	}, finding.BucketPolicy, []string{`"s3:x-amz-acl":"public-read"`, roleARN}, ""},
	{"others of the account, through S3", func(w *world) {
		kmsWorld(w)
		w.inKey("dst-key", `"Principal":{"AWS":"`+roleARN+`"},"Action":"kms:Encrypt","Resource":"*"`,
			`"Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"222222222222"}}`)
	}, finding.KeyPolicy, []string{`"kms:CallerAccount":"222222222222"`, roleARN}, ""},

	{"a public policy that is cut off", restricted, finding.BucketPolicy, []string{`"Sid":"Replica","Effect":"Allow","Principal":{"AWS":"` + roleARN + `"}`}, ""},
}

// unlessACL has the policy of the destination allow to replicate objects only with an ACL that
// S3 does not send.
func (w *world) unlessACL() {
	w.policy(`"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}`,
		`"Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"s3:x-amz-acl":"public-read"}}},
{"Sid":"More","Effect":"Allow","Principal":{"AWS":"`+roleARN+`"},"Action":["s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}`)
}

// trust has the trust policy of the role with a condition.
func (w *world) trust(condition string) {
	w.role(func(r *fact.Role) { r.Trust.Document = replaced(r.Trust.Document, `{}`, condition) })
}

// A change gives the role what the link needs and no other right, and others neither more nor
// less than they had.
func TestRepairsExactly(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for _, c := range exactCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc := change(c.do)
			r := repaired(t, e, doc)
			for _, x := range r.Changes {
				for _, part := range c.has {
					if !strings.Contains(strings.Join(strings.Fields(x.After), ""), part) {
						t.Errorf("no %s in\n%s", part, x.After)
					}
				}
				if x.Kind != c.kind || !x.Proven {
					t.Errorf("proven %v: %+v", x.Proven, x.Edits)
				}
			}
			decided := slices.ContainsFunc(r.Decisions, func(d finding.Decision) bool { return strings.Contains(d.Text, c.decide) })
			if (c.kind == "") != (len(r.Changes) == 0) || len(r.Changes) > 1 || (c.decide == "") != (len(r.Decisions) == 0) || c.decide != "" && !decided {
				t.Errorf("%d changes, decisions %+v", len(r.Changes), r.Decisions)
			}
		})
	}
}

// A new statement says of a condition beside it that it does not hold.
func TestRepairsBesideCondition(t *testing.T) {
	t.Parallel()
	r := repaired(t, standard(t), change(func(w *world) {
		w.unlessACL()
	}))
	const want = "statement Replica of the bucket policy of dst allows it only where StringEquals s3:x-amz-acl public-read, which does not hold and stays"
	if len(r.Changes) != 1 || !strings.HasSuffix(r.Changes[0].Edits[0].Summary, want) {
		t.Errorf("%+v", r.Changes)
	}
}

// Where the best change does harm, the next one is found; rights of others do not make up for
// the harm.
func TestRepairsOtherwise(t *testing.T) {
	t.Parallel()
	e := standard(t)
	private := change(func(w *world) { // whose account replicates into its own bucket by what all may do
		restricted(w)
		w.Bucket.Name, w.Bucket.ARN, w.Bucket.AccountID = "near", "arn:aws:s3:::near", account2
		role := *w.Roles[roleARN].Value
		role.ARN, role.AccountID = strings.Replace(roleARN, account1, account2, 1), account2
		role.Inline = fact.Of([]fact.Policy{{Name: "r", Document: strings.ReplaceAll(rolePolicy[:strings.LastIndex(rolePolicy, ",\n")], ":::src", ":::near") + "]}"}})
		w.Roles = map[string]fact.Fact[fact.Role]{role.ARN: fact.Of(role)}
		replication := *w.Bucket.Replication.Value
		replication.Role = role.ARN
		w.Bucket.Replication = fact.Of(replication)
		w.Links[0].ID, w.Links[0].RoleARN = fact.LinkID("near", "all", "dst"), role.ARN
	})
	if l := eval(t, e, private).Links[0]; l.Verdict != finding.Works {
		t.Fatalf("%s: %s", l.Verdict, l.Why)
	}
	r := repaired(t, e, change(restricted), private)
	if len(r.Changes) > 0 || !slices.ContainsFunc(r.Decisions, func(d finding.Decision) bool {
		return strings.Contains(d.Text, "near/all→dst would be harmed")
	}) {
		t.Errorf("%+v, %+v", r.Changes, r.Decisions)
	}
}
