package permission_test

import (
	"fmt"
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
)

// TestNearMisses: the message names an exemption that is meant for the role and does not match
// it, and says what to write; both with a condition on the network in the statement and without.
func TestNearMisses(t *testing.T) {
	t.Parallel()
	const id = "AROAEXAMPLEEXAMPLE111"
	write := func(right, wrong string) string {
		return "write " + right + " in place of " + wrong + " in statement Perimeter of "
	}
	for _, c := range []struct{ operator, key, value, remedy string }{
		{"StringNotEquals", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/repl", write(roleARN, "arn:aws:iam::111111111111:role/repl")},
		{"ArnNotLike", "aws:principalarn", "arn:aws:iam::111111111111:role/other/repl", write(roleARN, "arn:aws:iam::111111111111:role/other/repl")},
		{"ArnNotEquals", "aws:PrincipalArn", "arn:aws:sts::111111111111:assumed-role/repl/s3-replication", write(roleARN, "arn:aws:sts::111111111111:assumed-role/repl/s3-replication")},
		{"StringNotLike", "aws:PrincipalArn", "arn:aws:sts::111111111111:assumed-role/repl/*", write(roleARN, "arn:aws:sts::111111111111:assumed-role/repl/*")},
		{"StringNotEquals", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/service-role/*", write(roleARN, "arn:aws:iam::111111111111:role/service-role/*")},
		{"StringNotLike", "aws:PrincipalArn", roleARN + "/*", write(roleARN, roleARN+"/*")},
		{"StringNotLike", "aws:PrincipalArn", strings.ToUpper(roleARN[:3]) + roleARN[3:], write(roleARN, strings.ToUpper(roleARN[:3])+roleARN[3:])},
		{"StringNotLike", "aws:userid", id, write(id+":*", id)},
		{"StringNotLike", "aws:userId", "AROAOTHEROTHEROTHER11:*", write(id+":*", "AROAOTHEROTHEROTHER11:*")},
		{"StringNotEquals", "aws:userid", id + ":*", "write StringNotLike with " + id + ":* in place of StringNotEquals with " + id + ":* in statement Perimeter of "},
		// What fits, what is meant for others, and what is no exemption.
		{"StringNotLike", "aws:PrincipalArn", roleARN, ""},
		{"StringNotEquals", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/admin", ""},
		{"StringNotLike", "aws:PrincipalArn", "arn:aws:iam::222222222222:user/repl", ""},
		{"StringNotLike", "aws:userid", "AIDAEXAMPLE", ""},
		{"StringNotEquals", "aws:PrincipalTag/team", "repl", ""},
		{"ArnLike", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/repl", ""},
	} {
		for _, network := range []string{"", `"StringNotEqualsIgnoreCase":{"aws:SourceVpce":"vpce-1"},`} {
			w := newWorld()
			w.add(inDst, fmt.Sprintf(`{"Sid":"Perimeter","Effect":"Deny","Principal":"*","Action":"s3:Replicate*","Resource":"arn:aws:s3:::dst/*","Condition":{%s%q:{%q:[%q]}}}`,
				network, c.operator, c.key, c.value))
			m := permission.Of(w.Document, &w.Links[0], permission.NewPolicies())
			cell, _, _ := m.Find(demand.Key{Layer: demand.Destination, Action: "s3:ReplicateObject"})
			switch {
			case c.remedy == "":
				if strings.Contains(cell.Message, "misses the role") {
					t.Errorf("%s %s: %s", c.operator, c.value, cell.Message)
				}
			case network == "" && cell.Result != iam.Denied || network != "" && (cell.Result != iam.Undecided || !cell.Contested):
				t.Errorf("%s %s: %s %s", c.operator, c.value, cell.Result, cell.Message)
			case !strings.HasPrefix(cell.Remediation, c.remedy) || !strings.Contains(cell.Message, "the exemption of "+c.value+" by "+c.key+" misses the role: S3's requests have "):
				t.Errorf("%s %s:\n%s\nfix: %s\nwant %s", c.operator, c.value, cell.Message, cell.Remediation, c.remedy)
			}
		}
	}
}

// TestContestedByTheNetwork: only what the network alone leaves open is contested.
func TestContestedByTheNetwork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		conditions string
		want       bool
	}{
		{`"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`, true},
		{`"StringNotEquals":{"aws:SourceVpc":"vpc-1"}`, true},
		{`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, true},
		{`"Null":{"aws:SourceVpce":"true"}`, true},
		{`"StringEquals":{"aws:SourceVpce":"vpce-1"}`, false},
		{`"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`, false},
		{`"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"},"StringEquals":{"aws:SourceVpc":"vpc-1"}`, false},
		{`"Null":{"aws:SourceVpce":"false"}`, false},
		{`"StringNotEquals":{"aws:SourceVpce":"vpce-1","s3:TlsVersion":"1.2"}`, false},
		{`"StringNotEquals":{"aws:SourceVpce":"vpce-1","aws:PrincipalArn":"` + roleARN + `"}`, false},
	} {
		w := newWorld()
		w.add(inDst, `{"Effect":"Deny","Principal":"*","Action":"s3:Replicate*","Resource":"arn:aws:s3:::dst/*","Condition":{`+c.conditions+`}}`)
		m := permission.Of(w.Document, &w.Links[0], permission.NewPolicies())
		cell, _, _ := m.Find(demand.Key{Layer: demand.Destination, Action: "s3:ReplicateObject"})
		if cell.Contested != c.want {
			t.Errorf("%s: contested %v: %s", c.conditions, cell.Contested, cell.Message)
		}
		a, _ := m.Answer(cell.Key(), permission.Whole)
		if cell.Result == iam.Undecided && (len(a.FailureCodes) > 0) != c.want {
			t.Errorf("%s: failure codes %v", c.conditions, a.FailureCodes)
		}
	}
}
