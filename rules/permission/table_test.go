package permission_test

import (
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/permission/demand"
	"crosscheck/rules/permission/rows"
)

// TestTable: the table says of every permission all that is needed to decide it.
func TestTable(t *testing.T) {
	t.Parallel()
	seen := map[demand.Key]bool{}
	var layers []demand.Layer
	for _, r := range demand.Requirements() {
		if seen[r.Key()] {
			t.Errorf("%s is there twice", r.Key())
		}
		seen[r.Key()] = true
		if !slices.Contains(layers, r.Layer) {
			layers = append(layers, r.Layer)
		} else if layers[len(layers)-1] != r.Layer {
			t.Errorf("%s is apart from the others of its layer, which is read once", r.Key())
		}
		if r.Class == "" || (r.Mode == demand.Either) != (r.Alternative != "") {
			t.Errorf("%s: class %q, alternative %q", r.Key(), r.Class, r.Alternative)
		}
		if demand.Lookup(r.Key()) != r {
			t.Errorf("%s is not found", r.Key())
		}
		asked := slices.ContainsFunc(rows.Rules(), func(rule *rows.Rule) bool {
			return slices.Contains(rule.Asks, r.Key()) && (rule.Decides || !r.Required)
		})
		if !asked {
			t.Errorf("no rule asks for %s, or it is required and no deciding rule does", r.Key())
		}
	}
	if want := []demand.Layer{demand.Trust, demand.Source, demand.Destination, demand.SourceKey, demand.DestinationKey}; !slices.Equal(layers, want) {
		t.Errorf("layers %v", layers)
	}
	if demand.Lookup(demand.Key{Layer: demand.Source, Action: "s3:Nothing"}) != nil {
		t.Error("a permission that is not in the table was found")
	}
}

// TestRules: every permission rule can be shown and asked.
func TestRules(t *testing.T) {
	t.Parallel()
	list := rows.Rules()
	if !slices.IsSortedFunc(list, func(a, b *rows.Rule) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("not sorted by id")
	}
	w := newWorld()
	m := w.matrix()
	for _, r := range list {
		if r.Title == "" || r.Description == "" || r.Pack == "" || r.Remediation == "" || r.Evidence == "" ||
			len(r.Asks) == 0 || len(r.Controls) == 0 || len(r.Sources) == 0 || len(r.Uses()) == 0 {
			t.Errorf("%s lacks something: %+v", r.ID, r)
		}
		text := r.String()
		for _, key := range r.Asks {
			if q := demand.Lookup(key); q == nil || !strings.Contains(text, string(q.Layer)) || !strings.Contains(text, q.Action) || !strings.Contains(text, string(q.Class)) {
				t.Errorf("%s does not show %s:\n%s", r.ID, key, text)
			}
		}
		if got := r.Answers(&m, w.link()); len(got) != len(r.Asks) {
			t.Errorf("%s has %d answers", r.ID, len(got))
		}
	}
}

// TestRuleFacts: what a rule reads and predicts follows from the table.
func TestRuleFacts(t *testing.T) {
	t.Parallel()
	rule := func(id string) *rows.Rule {
		for _, r := range rows.Rules() {
			if r.ID == id {
				return r
			}
		}
		t.Fatalf("no rule %s", id)
		return nil
	}
	for id, want := range map[string]string{
		"XC006": "role role_account.rcps",
		"XC007": "role.inline role.attached role.boundary role_account.scps bucket.policy source_account.rcps",
		"XC011": "role.inline role.attached role.boundary role_account.scps",
		"XC012": "destination.policy destination_account.rcps destination.public_access_block when public_policy destination_account.public_access_block",
		"XC018": "role.inline role.attached role.boundary role_account.scps bucket.policy source_account.rcps bucket.object_lock",
		"XC023": "role.inline role.attached role.boundary role_account.scps source_key source_key.policy source_key.ram_policy source_key.grants bucket.encryption",
	} {
		if got := strings.Join(rule(id).Uses(), " "); got != want {
			t.Errorf("%s uses %s, want %s", id, got, want)
		}
	}
	for id, want := range map[string]string{
		"XC007": "", "XC018": "SrcGetRetentionNotPermitted SrcGetLegalHoldNotPermitted", "XC028": "DstPutObjectNotPermitted",
	} {
		if got := rule(id).FailureCodes(); strings.Join(got, " ") != want || slices.Contains(got, "") {
			t.Errorf("%s predicts %q, want %s", id, got, want)
		}
	}
	for id, want := range map[string]string{
		"XC008": "an Allow, or of s3:GetObjectVersion without KMS", "XC011": "an Allow by the role's policies",
		"XC012": "an Allow by the resource's policies", "XC016": "no Deny ", "XC007": "none", "XC006": "the role ",
		"XC009": "its objects", "XC026": "the key ", "XC013": "LAYER ",
	} {
		if got := rule(id).String(); !strings.Contains(got, want) {
			t.Errorf("%s shows\n%s, want %q", id, got, want)
		}
	}
}
