package permission_test

import (
	"fmt"
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// TestExclude: what the filter of a rule excludes is no object of it, in resources, tags and
// encryption contexts.
func TestExclude(t *testing.T) {
	t.Parallel()
	tag := func(value string) fact.Exclusions {
		return fact.Exclusions{Tags: []fact.Tag{{Key: "Class", Value: value}}}
	}
	prefixes := func(list ...string) fact.Exclusions { return fact.Exclusions{Prefixes: list} }
	twoCases := fact.Exclusions{Tags: []fact.Tag{{Key: "Class", Value: "secret"}, {Key: "class", Value: "other"}}}
	const (
		replicate = "s3:ReplicateObject"
		read      = "s3:GetObjectVersionForReplication"
		onTag     = `"Resource":"arn:aws:s3:::src/*","Condition":{"%s":{"s3:ExistingObjectTag/Class":"%s"}}`
		inCase    = `"Resource":"arn:aws:s3:::src/*","Condition":{"%s":{"s3:ExistingObjectTag/%s":["secret","other"]}}`
		onContext = `"Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/%s"}}`
	)
	for _, c := range []struct {
		exclude       fact.Exclusions
		where, action string
		rest          string // of a statement that denies
		want          iam.Result
		witness       string
	}{
		{prefixes("secret/"), inDst, replicate, `"Resource":"arn:aws:s3:::dst/secret/*"`, iam.Allowed, ""},
		{prefixes("secret/"), inDst, replicate, `"Resource":"arn:aws:s3:::dst/secret/2026/*"`, iam.Allowed, ""},
		{prefixes("secret/"), inDst, replicate, `"Resource":"arn:aws:s3:::dst/s*"`, iam.Denied, "arn:aws:s3:::dst/s"},
		{prefixes("secret/"), inDst, replicate, `"Resource":"arn:aws:s3:::dst/*.key"`, iam.Denied, "arn:aws:s3:::dst/.key"},
		{prefixes("a", "b"), inDst, replicate, `"Resource":["arn:aws:s3:::dst/a?","arn:aws:s3:::dst/b*"]`, iam.Allowed, ""},
		{prefixes("a", "b"), inDst, replicate, `"Resource":["arn:aws:s3:::dst/c*"]`, iam.Denied, "arn:aws:s3:::dst/c"},
		{prefixes("*"), inDst, replicate, `"Resource":"arn:aws:s3:::dst/x*"`, iam.Denied, "arn:aws:s3:::dst/x"}, // no wildcard
		{tag("secret"), inRole, read, fmt.Sprintf(onTag, "StringEquals", "secret"), iam.Allowed, ""},
		{tag("secret"), inRole, read, fmt.Sprintf(onTag, "StringEquals", "other"), iam.Denied, "an object with the tag Class=other"},
		{tag("secret"), inRole, read, fmt.Sprintf(onTag, "StringNotEquals", "secret"), iam.Denied, ""},
		{tag("secret"), inRole, read, fmt.Sprintf(onTag, "StringLike", "sec*"), iam.Denied, "an object with the tag Class=sec"},
		{tag("secret"), inRole, read, fmt.Sprintf(onTag, "StringEqualsIgnoreCase", "secret"), iam.Undecided, ""},
		{tag("secret"), inRole, read, fmt.Sprintf(onTag, "StringEquals", "${aws:PrincipalTag/Env}"), iam.Denied, "an object with the tag Class=prod"},
		// The filter tells tags apart by case, and the names of condition keys do not.
		{tag("secret"), inRole, read, `"Resource":"arn:aws:s3:::src/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"secret"}}`, iam.Undecided, ""},
		{twoCases, inRole, read, fmt.Sprintf(inCase, "StringEquals", "Class"), iam.Undecided, ""},
		{twoCases, inRole, read, fmt.Sprintf(inCase, "StringEquals", "class"), iam.Undecided, ""},
		{prefixes("secret/"), inDstKey, "kms:Encrypt", fmt.Sprintf(onContext, "secret/*"), iam.Allowed, ""},
		{prefixes("secret/"), inDstKey, "kms:Encrypt", fmt.Sprintf(onContext, "s*"), iam.Denied, "arn:aws:s3:::dst/s"},
	} {
		w := newWorld()
		w.rule(func(r *fact.ReplicationRule) { r.Tags, r.Exclude, r.DeleteMarkers = nil, c.exclude, "Disabled" })
		who := `"Principal":"*",`
		if c.where == inRole {
			who = ""
		}
		w.add(c.where, `{"Sid":"No","Effect":"Deny",`+who+`"Action":"`+c.action+`",`+c.rest+`}`)
		m := w.matrix()
		layer := demand.Destination
		switch {
		case strings.HasPrefix(c.action, "kms:"):
			layer = demand.DestinationKey
		case c.action == read:
			layer = demand.Source
		}
		cell, _, _ := m.Find(demand.Key{Layer: layer, Action: c.action})
		if cell == nil || len(m.Refused) > 0 {
			t.Fatalf("%v %s: %v, refused %v", c.exclude, c.rest, cell, m.Refused)
		}
		if cell.Result != c.want || cell.Witness != c.witness {
			t.Errorf("%v %s: %s with the witness %q, want %s with %q: %s", c.exclude, c.rest, cell.Result, cell.Witness, c.want, c.witness, cell.Message)
		}
	}
}

// TestNothingLeft: a rule that excludes all of its objects needs no permission on them.
func TestNothingLeft(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.rule(func(r *fact.ReplicationRule) { r.Prefix, r.Exclude.Prefixes = "logs/2026/", []string{"logs/"} })
	if m := w.matrix(); len(m.Cells) != 1 || m.Cells[0].Layer != demand.Trust {
		t.Errorf("%+v", m.Cells)
	}
}
