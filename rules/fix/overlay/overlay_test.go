package overlay_test

import (
	"encoding/json"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/overlay"
	"crosscheck/scanner/fact"
)

const (
	roleARN  = "arn:aws:iam::111111111111:role/service-role/r"
	srcARN   = "arn:aws:s3:::src"
	dstARN   = "arn:aws:s3:::dst"
	keyARN   = "arn:aws:kms:eu-west-1:222222222222:key/k"
	policyOf = `{"Version":"2012-10-17","Statement":[]}`
)

func document() *fact.Document {
	rule := fact.ReplicationRule{ID: "all", Schema: "V2", Status: "Enabled", Destination: fact.Destination{Bucket: dstARN}}
	d := &fact.Document{
		Bucket: fact.Bucket{
			Name: "src", ARN: srcARN, Versioning: fact.Of(fact.Versioning{Status: "Enabled"}), Policy: fact.None[fact.Policy](),
			Replication: fact.Of(fact.Replication{Role: roleARN, Rules: []fact.ReplicationRule{rule}}),
		},
		Buckets: map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(fact.Bucket{
			Name: "dst", ARN: dstARN, Versioning: fact.Of(fact.Versioning{Status: "Suspended"}), Policy: fact.None[fact.Policy](),
			Ownership: fact.Of("ObjectWriter"), RequestPayment: fact.Of("Requester"), ObjectLock: fact.None[fact.ObjectLock](),
		})},
		Roles: map[string]fact.Fact[fact.Role]{roleARN: fact.Of(fact.Role{
			ARN: roleARN, Trust: fact.Policy{Name: "trust", Document: policyOf}, Boundary: fact.None[fact.Policy](),
			Inline: fact.Of([]fact.Policy{{Name: "p", Document: policyOf}}), Attached: fact.Of([]fact.Policy{{Name: "m", ARN: "arn:aws:iam::111111111111:policy/m", Document: policyOf}}),
		})},
		Keys: map[string]fact.Fact[fact.Key]{
			"alias/k": fact.Of(fact.Key{ARN: keyARN, State: "Disabled", Policy: fact.Of(fact.Policy{Name: "default", Document: policyOf})}),
			keyARN:    fact.Of(fact.Key{ARN: keyARN, State: "Disabled", Policy: fact.Of(fact.Policy{Name: "default", Document: policyOf})}),
		},
		Accounts: map[string]fact.Account{"222222222222": {ID: "222222222222", SCPs: fact.Of([]fact.PolicyLevel{
			{Target: "r-root", Policies: []fact.Policy{{Name: "full", ARN: "arn:aws:organizations::aws:policy/full", Document: policyOf}}},
		})}},
	}
	d.Links = []fact.Link{d.LinkOf(&rule)}
	return d
}

// Every kind of target can be read, set and read again; nothing else in the document
// changes, and the document that was given stays as it was.
func TestOverlay(t *testing.T) {
	t.Parallel()
	changed := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	for _, tt := range []struct {
		target        finding.Target
		before, after string
	}{
		{finding.Target{Kind: finding.TrustPolicy, Resource: roleARN}, policyOf, changed},
		{finding.Target{Kind: finding.RolePolicy, Resource: roleARN, Policy: "p"}, policyOf, changed},
		{finding.Target{Kind: finding.RolePolicy, Resource: roleARN, Policy: "p"}, policyOf, ""},
		{finding.Target{Kind: finding.RolePolicy, Resource: roleARN, Policy: "other"}, "", changed},
		{finding.Target{Kind: finding.RolePolicy, Resource: roleARN, Policy: "arn:aws:iam::111111111111:policy/m"}, policyOf, changed},
		{finding.Managed("arn:aws:iam::111111111111:policy/m"), policyOf, changed},
		{finding.Target{Kind: finding.Boundary, Resource: roleARN, Policy: "arn:aws:iam::111111111111:policy/b"}, "", changed},
		{finding.Target{Kind: finding.BucketPolicy, Resource: dstARN}, "", changed},
		{finding.Target{Kind: finding.BucketPolicy, Resource: srcARN}, "", changed},
		{finding.Target{Kind: finding.Versioning, Resource: dstARN}, "Suspended", "Enabled"},
		{finding.Target{Kind: finding.Ownership, Resource: dstARN}, "ObjectWriter", "BucketOwnerEnforced"},
		{finding.Target{Kind: finding.RequestPayment, Resource: dstARN}, "Requester", "BucketOwner"},
		{finding.Target{Kind: finding.ObjectLock, Resource: dstARN}, "", "Enabled"},
		{finding.Target{Kind: finding.KeyPolicy, Resource: keyARN}, policyOf, changed},
		{finding.Target{Kind: finding.KeyState, Resource: keyARN}, "Disabled", "Enabled"},
		{finding.Target{Kind: finding.SCP, Resource: "r-root", Policy: "arn:aws:organizations::aws:policy/full"}, policyOf, changed},
	} {
		doc, untouched := document(), document()
		if got, ok := overlay.Value(doc, tt.target); !ok || got != tt.before {
			t.Errorf("%+v: before %q, %v, want %q", tt.target, got, ok, tt.before)
		}
		out, did, err := overlay.Overlay{tt.target: tt.after}.Apply(doc)
		if err != nil || !did {
			t.Fatalf("%+v: changed %v, error %v", tt.target, did, err)
		}
		if got, ok := overlay.Value(out, tt.target); !ok || got != tt.after {
			t.Errorf("%+v: after %q, %v, want %q", tt.target, got, ok, tt.after)
		}
		if text(t, doc) != text(t, untouched) {
			t.Errorf("%+v: the document itself changed", tt.target)
		}
		back, _, err := overlay.Overlay{tt.target: tt.before}.Apply(out)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := overlay.Value(back, tt.target); got != tt.before {
			t.Errorf("%+v: back %q, want %q", tt.target, got, tt.before)
		}
	}
}

func text(t *testing.T, doc *fact.Document) string {
	t.Helper()
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A managed policy has one text, whichever roles have it.
func TestManagedPolicy(t *testing.T) {
	t.Parallel()
	const arn, other = "arn:aws:iam::111111111111:policy/m", "arn:aws:iam::111111111111:role/other"
	changed := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	doc := document()
	doc.Roles[other] = fact.Of(fact.Role{ARN: other, Boundary: fact.Of(fact.Policy{Name: "m", ARN: arn, Document: policyOf})})
	out, _, err := overlay.Overlay{finding.Managed(arn): changed}.Apply(doc)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := (*out.Roles[roleARN].Value.Attached.Value)[0], out.Roles[other].Value.Boundary.Value; a.Document != changed || b.Document != changed || b.Name != "m" {
		t.Errorf("attached %q, as boundary %+v", a.Document, b)
	}
	if _, ok := overlay.Value(doc, finding.Managed(arn+"2")); ok {
		t.Error("a policy that no role has is known")
	}
}

// A role that does not exist is made by its trust policy; what is not in the facts is
// left out, and what was not read stays so.
func TestOverlayEdges(t *testing.T) {
	t.Parallel()
	doc := document()
	doc.Roles[roleARN] = fact.None[fact.Role]()
	out, did, err := overlay.Overlay{
		{Kind: finding.RolePolicy, Resource: roleARN, Policy: "p"}: policyOf,
		{Kind: finding.TrustPolicy, Resource: roleARN}:             policyOf,
	}.Apply(doc)
	if err != nil || !did {
		t.Fatal(did, err)
	}
	role := out.Roles[roleARN].Value
	if role == nil || role.Path != "/service-role/" || role.Name != "r" || len(*role.Inline.Value) != 1 {
		t.Errorf("the role is %+v", role)
	}
	for _, target := range []finding.Target{
		{Kind: finding.BucketPolicy, Resource: "arn:aws:s3:::elsewhere"},
		{Kind: finding.KeyPolicy, Resource: "arn:aws:kms:eu-west-1:222222222222:key/other"},
	} {
		if _, did, err := (overlay.Overlay{target: policyOf}).Apply(document()); did || err != nil {
			t.Errorf("%+v: changed %v, error %v", target, did, err)
		}
	}
}
