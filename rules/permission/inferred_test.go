package permission_test

import (
	"fmt"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// TestInferred: what is inferred of S3's requests is named in the answer, and is not known
// where only what is certain counts.
func TestInferred(t *testing.T) {
	t.Parallel()
	key := demand.Key{Layer: demand.Destination, Action: "s3:ReplicateObject"}
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
		if a, _ := m.Answer(key, permission.Whole); strings.Contains(a.Message, "taken for granted: "+c.words) != (c.want != iam.Undecided) {
			t.Errorf("%s: %s", c.condition, a.Message)
		}
		m = permission.Certain(w.Document, w.link(), permission.NewPolicies())
		if cell, _, _ := m.Find(key); cell.Result != iam.Undecided || len(cell.Inferred) > 0 {
			t.Errorf("%s, certainly: %s: %s", c.condition, cell.Result, cell.Message)
		}
	}
	w := newWorld()
	m := permission.Of(w.Document, w.link(), permission.NewPolicies())
	if a, _ := m.Answer(key, permission.Whole); strings.Contains(a.Message, "taken for granted") {
		t.Error(a.Message)
	}
}

// TestInferredTags: no page of AWS says that a request for an object to replicate has the tags
// of the object.
func TestInferredTags(t *testing.T) {
	t.Parallel()
	const words = "taken for granted: S3 compares the tags of the object at s3:GetObjectVersionForReplication"
	for _, c := range []struct {
		action, operator, value string
		want, certain           iam.Result
		words                   bool
	}{
		{"s3:GetObjectVersionForReplication", "StringNotEquals", "gold", iam.Allowed, iam.Undecided, true},
		{"s3:GetObjectVersionForReplication", "StringEquals", "gold", iam.Denied, iam.Undecided, true},
		{"s3:GetObjectVersionForReplication", "StringEquals", "silver", iam.Allowed, iam.Allowed, true},
		{"s3:GetObjectVersionAcl", "StringNotEquals", "gold", iam.Allowed, iam.Allowed, false},
		{"s3:GetObjectVersionAcl", "StringEquals", "gold", iam.Denied, iam.Denied, false},
	} {
		w := newWorld()
		w.add(inSource, fmt.Sprintf(`{"Effect":"Deny","Principal":"*","Action":"%s","Resource":"arn:aws:s3:::src/*","Condition":{"%s":{"s3:ExistingObjectTag/class":"%s"}}}`,
			c.action, c.operator, c.value))
		key := demand.Key{Layer: demand.Source, Action: c.action}
		m := permission.Of(w.Document, w.link(), permission.NewPolicies())
		cell, _, _ := m.Find(key)
		if a, _ := m.Answer(key, permission.Whole); cell.Result != c.want || strings.Contains(a.Message, words) != c.words {
			t.Errorf("%v: %s: %s", c, cell.Result, a.Message)
		}
		m = permission.Certain(w.Document, w.link(), permission.NewPolicies())
		if cell, _, _ := m.Find(key); cell.Result != c.certain || len(cell.Inferred) > 0 {
			t.Errorf("%v, certainly: %s: %s", c, cell.Result, cell.Message)
		}
	}
}

// TestChosenKey: the policies of the keys that writers choose are not read, so that what the
// role may do with them is named as taken for granted, and is not known where only what is
// certain counts.
func TestChosenKey(t *testing.T) {
	t.Parallel()
	key := demand.Key{Layer: demand.SourceKey, Action: "kms:Decrypt"}
	w := newWorld()
	w.Bucket.Encryption = fact.Of(fact.Encryption{Algorithm: "AES256"})
	w.Links[0].SourceKey = ""
	w.add(inRole, `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}`)
	m := permission.Of(w.Document, w.link(), permission.NewPolicies())
	a, _ := m.Answer(key, permission.Whole)
	if a.Status != finding.Pass || !strings.Contains(a.Message, "taken for granted: the policies of the keys that writers choose leave their use to account 111111111111") {
		t.Errorf("%s: %s", a.Status, a.Message)
	}
	m = permission.Certain(w.Document, w.link(), permission.NewPolicies())
	if a, _ := m.Answer(key, permission.Whole); a.Status != finding.Unknown || !strings.Contains(a.Message, "policies of the keys that writers choose were not read") {
		t.Errorf("certainly: %s: %s", a.Status, a.Message)
	}
}
