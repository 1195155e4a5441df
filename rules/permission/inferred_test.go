package permission_test

import (
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
)

// TestInferred: what is inferred of S3's requests is named in the answer, and is not known
// where only what is certain counts.
func TestInferred(t *testing.T) {
	t.Parallel()
	key := permission.Key{Layer: permission.Destination, Action: "s3:ReplicateObject"}
	for _, c := range []struct {
		condition, words string
		want             iam.Result
	}{
		{`"Bool":{"aws:SecureTransport":"false"}`, "aws:SecureTransport is true", iam.Allowed},
		{`"NumericLessThan":{"s3:TlsVersion":"1.2"}`, "s3:TlsVersion is 1.2 or 1.3", iam.Allowed},
		{`"NumericLessThan":{"s3:TlsVersion":"1.3"}`, "s3:TlsVersion is 1.2 or 1.3", iam.Undecided},
		{`"NumericGreaterThan":{"s3:TlsVersion":"1.1"}`, "s3:TlsVersion is 1.2 or 1.3", iam.Denied},
	} {
		w := newWorld()
		w.add(inDst, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*","Condition":{`+c.condition+`}}`)
		m := permission.Of(w.Document, w.link(), permission.NewPolicies())
		if cell, _, _ := m.Find(key); cell.Result != c.want {
			t.Errorf("%s: %s: %s", c.condition, cell.Result, cell.Message)
		}
		if a, _ := m.Answer(key, permission.Whole); strings.Contains(a.Message, "inferred of S3's own requests: "+c.words) != (c.want != iam.Undecided) {
			t.Errorf("%s: %s", c.condition, a.Message)
		}
		m = permission.Certain(w.Document, w.link(), permission.NewPolicies())
		if cell, _, _ := m.Find(key); cell.Result != iam.Undecided || len(cell.Inferred) > 0 {
			t.Errorf("%s, certainly: %s: %s", c.condition, cell.Result, cell.Message)
		}
	}
	w := newWorld()
	m := permission.Of(w.Document, w.link(), permission.NewPolicies())
	if a, _ := m.Answer(key, permission.Whole); strings.Contains(a.Message, "inferred") {
		t.Error(a.Message)
	}
}
