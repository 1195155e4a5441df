package shared_test

import (
	"fmt"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/shared"
	"crosscheck/scanner/fact"
)

const (
	role = "arn:aws-cn:iam::111111111111:role/r"
	dst  = "arn:aws-cn:s3:::dst"
	key  = "arn:aws-cn:kms:cn-north-1:222222222222:key/k"
)

func link(id string) *finding.Link {
	return &finding.Link{
		ID: id, RoleARN: role, Source: finding.End{Bucket: "src"}, Destination: finding.End{Bucket: "dst"},
		Checks: []finding.Check{{Layer: "destination_key", Resource: key}},
	}
}

func repairs(resource string, op finding.Operation, values ...string) *finding.Repairs {
	target := finding.Target{Resource: resource}
	if strings.Contains(resource, ":policy/") {
		target = finding.Managed(resource)
	}
	return &finding.Repairs{
		Changes: []finding.Change{{Target: target, Edits: []finding.Edit{{Operation: op, Values: values}}, Proven: true}},
		Fixes:   []finding.Fix{{Link: "src/a→dst", Proven: true, Changes: []int{0}}},
	}
}

// A change that may take something from a link that was not judged with it is not proven;
// one that only allows more, or that no other link uses, is.
func TestMark(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		r      *finding.Repairs
		proven bool
	}{
		"another principal":     {repairs(dst, finding.ReplacePrincipal, "x"), false},
		"of the role":           {repairs(role, finding.ReplaceValue, "x"), false},
		"of the key":            {repairs(key, finding.RemoveAction, "x"), false},
		"of the source":         {repairs("arn:aws-cn:s3:::src", finding.Repair, "x"), false},
		"of a policy of roles":  {repairs("arn:aws-cn:iam::111111111111:policy/p", finding.ReplaceValue, "x"), false},
		"of another account":    {repairs("arn:aws-cn:iam::222222222222:policy/p", finding.ReplaceValue, "x"), true},
		"one action more":       {repairs(dst, finding.AddAction, "x"), true},
		"versioning":            {repairs(dst, finding.Set, "Enabled"), true},
		"ownership":             {repairs(dst, finding.Set, "BucketOwnerEnforced"), false},
		"what no other one has": {repairs("arn:aws-cn:s3:::other", finding.ReplacePrincipal, "x"), true},
	} {
		u := shared.New()
		u.Link(link("src/a→dst"))
		u.Link(link("src/b→dst"))
		u.Judged(&fact.Document{Links: []fact.Link{{ID: "src/a→dst"}}})
		u.Mark(tt.r)
		if tt.r.Changes[0].Proven != tt.proven || tt.r.Fixes[0].Proven != tt.proven || (len(tt.r.Changes[0].Rests) == 0) != tt.proven {
			t.Errorf("%s: %+v", name, tt.r)
		}
		if !tt.proven && !strings.HasPrefix(tt.r.Changes[0].Rests[0], "the link src/b→dst may need what this change takes away") {
			t.Errorf("%s: %s", name, tt.r.Changes[0].Rests)
		}
		u.Judged(&fact.Document{Links: []fact.Link{{ID: "src/b→dst"}}})
		if others := u.Of(&tt.r.Changes[0]); others != nil {
			t.Errorf("%s: %v although all were judged", name, others)
		}
	}
}

func Example() {
	u := shared.New()
	u.Link(link("src/b→dst"))
	fmt.Println(u.Of(&repairs(dst, finding.ReplacePrincipal, "x").Changes[0]))
	// Output: [src/b→dst]
}
