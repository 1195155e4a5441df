package scanner

import (
	"net/url"
	"strings"
	"testing"

	"crosscheck/scanner/fact"
)

// TestTagsAreReadWhereAPolicyNamesOne: the two calls are made for the buckets over which a
// policy names a tag, the second only with ABAC enabled, and for no others.
func TestTagsAreReadWhereAPolicyNamesOne(t *testing.T) {
	t.Parallel()
	const named = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}]}`
	const plain = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}]}`
	const inRole = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"s3:BucketTag/team":"a"}}}]}`
	for name, c := range map[string]struct {
		source, destination, role string
		status                    string
		want                      string
	}{
		"none":                 {plain, plain, plain, "Enabled", ""},
		"at the source":        {named, plain, plain, "Enabled", "GET /src?abac GET /src?tagging"},
		"at the destination":   {plain, named, plain, "Enabled", "GET /dst?abac GET /dst?tagging"},
		"in the role's policy": {plain, plain, inRole, "Enabled", "GET /dst?abac GET /dst?tagging GET /src?abac GET /src?tagging"},
		"which nobody sees":    {plain, named, plain, "Disabled", "GET /dst?abac"},
		"or nobody knows":      {plain, named, plain, "", "GET /dst?abac"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := twoBuckets()
			f.answer("GET /src?replication", reply{200, nil, replicationXML(`<Rule><ID>all</ID><Status>Enabled</Status><Priority>1</Priority><Filter/><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination></Rule>`)})
			f.answer("GET /src?policy", reply{200, nil, c.source})
			f.answer("GET /dst?policy", reply{200, nil, c.destination})
			for _, bucket := range []string{"src", "dst"} {
				f.answer("GET /"+bucket+"?abac", reply{200, nil, "<AbacStatus><Status>" + c.status + "</Status></AbacStatus>"})
				f.answer("GET /"+bucket+"?tagging", reply{200, nil, "<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag></TagSet></Tagging>"})
			}
			f.answer("iam:GetRole", reply{200, nil, "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>r</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::111111111111:role/r</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>" + url.QueryEscape(plain) + "</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"})
			f.answer("iam:ListRolePolicies", reply{200, nil, "<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames><member>p</member></PolicyNames><IsTruncated>false</IsTruncated></ListRolePoliciesResult></ListRolePoliciesResponse>"})
			f.answer("iam:ListAttachedRolePolicies", reply{200, nil, "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies/><IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>"})
			f.do("iam:GetRolePolicy", rolePolicy(url.QueryEscape(c.role)))
			doc, _ := f.src(t)
			var got []string
			for _, call := range f.calls {
				if call, _, _ := strings.Cut(call, " @"); strings.Contains(call, "abac") || strings.Contains(call, "tagging") {
					got = append(got, call)
				}
			}
			if text := strings.Join(sorted(got), " "); text != c.want {
				t.Errorf("asked %q, want %q", text, c.want)
			}
			for bucket, b := range map[string]*fact.Bucket{"src": &doc.Bucket, "dst": doc.Buckets["dst"].Value} {
				if asked := strings.Contains(c.want, bucket+"?abac"); asked == b.ABAC.IsZero() {
					t.Errorf("%s: %+v", bucket, b.ABAC)
				}
			}
		})
	}
}
