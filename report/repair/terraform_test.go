package repair_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"crosscheck/report/repair"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// schema is what a block may have. testdata/terraform-aws-6.25.0.json has it for the resources
// that are written, from the bindings of the AWS provider 6.25.0 (npm @cdktf/provider-aws).
type schema map[string]struct {
	Required bool
	Block    schema // nil: an attribute
}

// TestTerraformIsInTheSchema compares configurations with what the provider has.
func TestTerraformIsInTheSchema(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/terraform-aws-6.25.0.json")
	if err != nil {
		t.Fatal(err)
	}
	var resources map[string]schema
	if err := json.Unmarshal(b, &resources); err != nil {
		t.Fatal(err)
	}
	all := sample()
	for i := range 40 {
		after, err := json.Marshal(replications.Example(i))
		if err != nil {
			t.Fatal(err)
		}
		all.Changes = append(all.Changes, finding.Change{Target: bucket(finding.Replication, "111111111111", "us-east-1", fmt.Sprintf("src-%d", i)), Before: "{}", After: string(after)})
	}
	all.Changes = append(all.Changes, finding.Change{Target: role(finding.RolePolicy, newRole, "arn:aws:iam::111111111111:policy/made"), After: s3Trust})
	r := hclReader{t: t, lines: strings.Split(written(t, "terraform", all, repair.Options{}), "\n")}
	seen := map[string]bool{}
	for len(r.lines) > 0 {
		header := strings.Fields(r.next())
		if len(header) < 2 || header[len(header)-1] != "{" {
			continue
		}
		members := r.block()
		if header[0] == "resource" {
			kind := strings.Trim(header[1], `"`)
			if resources[kind] == nil {
				t.Errorf("the provider has no %s", kind)
			}
			seen[kind] = true
			check(t, kind, resources[kind], members, "provider", "lifecycle", "depends_on")
		}
	}
	for kind := range resources {
		if !seen[kind] {
			t.Errorf("no %s is written", kind)
		}
	}
}

// hclReader reads HCL as terraform fmt leaves it: a member a line.
type hclReader struct {
	t     *testing.T
	lines []string
}

// hclMember is a member of a block; blocks have members.
type hclMember struct {
	name  string
	block []hclMember
}

func (r *hclReader) next() string {
	line := r.lines[0]
	r.lines = r.lines[1:]
	return strings.TrimSpace(line)
}

func (r *hclReader) block() (members []hclMember) {
	for len(r.lines) > 0 {
		line := r.next()
		name, value, isAttribute := strings.Cut(line, " = ")
		switch name = strings.TrimSpace(name); {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "}":
			return members
		case isAttribute:
			for value == "<<-JSON" && r.next() != "JSON" {
			}
			members = append(members, hclMember{name: name})
		case strings.HasSuffix(line, " {"):
			members = append(members, hclMember{name: strings.TrimSuffix(line, " {"), block: append([]hclMember{}, r.block()...)})
		default:
			r.t.Fatalf("neither an attribute nor a block: %q", line)
		}
	}
	r.t.Fatal("a block has no end")
	return nil
}

// check compares the members of a block with its schema; some are Terraform's own.
func check(t *testing.T, where string, s schema, members []hclMember, own ...string) {
	t.Helper()
	given := map[string]bool{}
	for _, m := range members {
		if slices.Contains(own, m.name) {
			continue
		}
		given[m.name] = true
		switch of, ok := s[m.name]; {
		case !ok:
			t.Errorf("%s has no %s", where, m.name)
		case (of.Block != nil) != (m.block != nil):
			t.Errorf("%s.%s: a block is an attribute, or the other way round", where, m.name)
		case of.Block != nil:
			check(t, where+"."+m.name, of.Block, m.block)
		}
	}
	for name, of := range s {
		if of.Required && !given[name] {
			t.Errorf("%s lacks %s", where, name)
		}
	}
}

// TestTerraformOrder: what S3 asks for before it takes a configuration is made before it, at both
// ends.
func TestTerraformOrder(t *testing.T) {
	t.Parallel()
	after, err := json.Marshal(fact.Replication{Role: "arn:aws:iam::111111111111:role/r", Rules: []fact.ReplicationRule{
		{ID: "a", Schema: "V2", Status: "Enabled", Priority: 1, DeleteMarkers: "Disabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"}},
		{ID: "b", Schema: "V2", Status: "Enabled", Priority: 2, DeleteMarkers: "Disabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	set := func(kind finding.Kind, account, region, name, value string) finding.Change {
		return finding.Change{Target: bucket(kind, account, region, name), After: value}
	}
	out := written(t, "terraform", &finding.Repairs{Changes: []finding.Change{
		set(finding.Replication, "111111111111", "us-east-1", "src", string(after)),
		set(finding.Versioning, "111111111111", "us-east-1", "src", "Enabled"),
		set(finding.Versioning, "222222222222", "eu-west-1", "dst", "Enabled"),
		set(finding.ObjectLock, "222222222222", "eu-west-1", "dst", "Enabled"),
	}}, repair.Options{})
	for _, want := range []string{
		"depends_on = [aws_s3_bucket_versioning.src, aws_s3_bucket_versioning.dst, aws_s3_bucket_object_lock_configuration.dst]",
		"depends_on = [aws_s3_bucket_versioning.dst]",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("it has no %s:\n%s", want, out)
		}
	}
}
