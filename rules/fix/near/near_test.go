package near_test

import (
	"testing"

	"crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/near"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
)

const role = "arn:aws:iam::111111111111:role/repl"

// A statement is exact if it is about the resource of the right and nothing else that its
// actions can be on.
func TestExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want  string
		has   []string
		exact bool
	}{
		{"arn:aws:s3:::b/*", []string{"arn:aws:s3:::b/*"}, true},
		{"arn:aws:s3:::b/*", []string{"arn:aws:s3:::b", "arn:aws:s3:::b/*"}, true},
		{"arn:aws:s3:::b", []string{"arn:aws:s3:::b", "arn:aws:s3:::b/*"}, true},
		{"arn:aws:s3:::b/logs/*", []string{"arn:aws:s3:::b/*"}, false},
		{"arn:aws:s3:::b/logs/*", []string{"arn:aws:s3:::b/logs/*", "arn:aws:s3:::b/other/*"}, false},
		{"arn:aws:s3:::b/*", []string{"arn:aws:s3:::b/*", "arn:aws:s3:::c/*"}, false},
		{"arn:aws:s3:::b/*", []string{"*"}, false},
		{"arn:aws:s3:::b/*", []string{"arn:aws:s3:::b"}, false},
		{"*", []string{"*"}, true},
		{"arn:aws:kms:eu-west-1:111111111111:key/a", []string{"arn:aws:kms:eu-west-1:111111111111:key/b"}, false},
		{"", nil, true},
	} {
		s := near.Statement{StatementInfo: &policy.StatementInfo{Resources: c.has}, Right: &near.Right{Resource: c.want}}
		if s.Exact() != c.exact {
			t.Errorf("%q for %q: %v", c.has, c.want, !c.exact)
		}
	}
}

// A statement keeps its role out if only its conditions do; one that chooses others by a
// condition does not.
func TestKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		who, key string
		kept     bool
	}{
		{role, "aws:PrincipalOrgID", true},
		{role, "aws:PrincipalArn", true},
		{role, "", false},
		{"*", "aws:PrincipalOrgID", true},
		{"*", "aws:PrincipalArn", false},
		{"*", "kms:CallerAccount", false},
		{"arn:aws:iam::111111111111:root", "aws:SourceIp", true},
		{"arn:aws:iam::222222222222:root", "aws:SourceIp", false},
		{"arn:aws:iam::111111111111:role/other", "aws:SourceIp", false},
	} {
		st := policy.StatementInfo{
			Effect: statement.Allow, Actions: []string{"s3:*"}, Resources: []string{"*"}, Principals: []policy.PrincipalInfo{{Type: "AWS", Value: c.who}},
		}
		if c.key != "" {
			st.Conditions = []policy.ConditionInfo{{Operator: "StringEquals", Key: c.key, Values: []string{"x"}}}
		}
		right := near.Right{Principal: edit.Principal{Type: "AWS", Value: role}, Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::b/*"}
		if s := (near.Statement{StatementInfo: &st, Right: &right}); s.Kept(nil) != c.kept {
			t.Errorf("%s, %s: %v", c.who, c.key, !c.kept)
		}
	}
}

// What is not known to be harmless protects.
func TestProtects(t *testing.T) {
	t.Parallel()
	for key, protects := range map[string]bool{
		"aws:SourceAccount": true, "aws:PrincipalOrgPaths": true, "aws:SecureTransport": true, "aws:SourceVpce": true, "aws:NewKey": true,
		"s3:x-amz-server-side-encryption": true, "s3:x-amz-acl": false, "kms:ViaService": false, "kms:EncryptionContext:aws:s3:arn": false,
	} {
		if near.Protects(key) != protects {
			t.Errorf("%s: %v", key, !protects)
		}
	}
}
