//go:build integration

package answer

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// model is what botocore knows of a service.
type model struct {
	Operations map[string]struct {
		Output struct{ Shape, ResultWrapper string }
	}
	Shapes map[string]*modelShape
}

type modelShape struct {
	Type     string
	Payload  string
	Enum     []string
	Required []string
	Members  map[string]modelRef
	Member   modelRef
	Flat     bool `json:"flattened"`
}

type modelRef struct {
	Shape, Location, LocationName string
	Flattened                     bool
}

// comparison collects how the tables and a model differ.
type comparison struct {
	m    *model
	json bool
	list []string
}

func (c *comparison) add(parts ...string) { c.list = append(c.list, strings.Join(parts, " ")) }

// structure compares a node with a structure of the model.
func (c *comparison) structure(api, path string, n *node, s *modelShape) {
	if n.quiet || n.each != nil {
		return
	}
	seen := map[*node]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.Members)) {
		ref := s.Members[name]
		if ref.Location == "header" || ref.Location == "headers" || ref.Location == "statusCode" {
			continue
		}
		shape := c.m.Shapes[ref.Shape]
		wire := cmp.Or(ref.LocationName, name)
		if shape.Type == "list" && (shape.Flat || ref.Flattened) && shape.Member.LocationName != "" {
			wire = shape.Member.LocationName
		}
		child, _ := n.find(wire)
		if child == nil {
			c.add("not in the table:", api, join(path, wire))
			continue
		}
		seen[child] = true
		if slices.Contains(s.Required, name) && child.least == 0 {
			c.add("required by the model alone:", api, join(path, wire))
		}
		c.value(api, join(path, wire), child, shape)
	}
	for _, child := range n.children {
		if !seen[child] {
			c.add("not in the model:", api, join(path, child.name))
		}
	}
}

func (c *comparison) value(api, path string, n *node, s *modelShape) {
	switch s.Type {
	case "structure":
		c.structure(api, path, n, s)
	case "list":
		item := c.m.Shapes[s.Member.Shape]
		if c.json || s.Flat || n.quiet {
			c.value(api, path, n, item)
			return
		}
		name := cmp.Or(s.Member.LocationName, "member")
		if len(n.children) == 1 && n.children[0].name == name {
			c.value(api, join(path, name), n.children[0], item)
			return
		}
		c.value(api, path, n, item) // flattened where it is used
	case "string":
		if n.values == nil {
			return
		}
		for _, v := range n.values {
			if !slices.Contains(s.Enum, v) {
				c.add("value of the table alone:", api, path, v)
			}
		}
		for _, v := range s.Enum {
			if !slices.Contains(n.values, v) {
				c.add("value of the model alone:", api, path, v)
			}
		}
	}
}

// known are the differences that are meant, with why.
var known = map[string]string{
	"not in the table: s3:ListMultipartUploads ListMultipartUploadsResult/CommonPrefixes": noDelimiter,
	"not in the table: s3:ListObjectVersions ListVersionsResult/CommonPrefixes":           noDelimiter,

	"not in the model: iam:GetAccountAuthorizationDetails Policies/member/Tags":                           sameElement,
	"not in the model: iam:GetAccountAuthorizationDetails RoleDetailList/member/Description":              sameElement,
	"not in the model: iam:GetAccountAuthorizationDetails RoleDetailList/member/MaxSessionDuration":       sameElement,
	"not in the model: iam:GetAccountAuthorizationDetails RoleDetailList/member/MaxSigninSessionDuration": sameElement,
	"not in the model: iam:GetAccountAuthorizationDetails RoleDetailList/member/SourceRoleTemplate":       sameElement,

	"required by the model alone: iam:GetRole Role/CreateDate":                  "it decides nothing",
	"required by the model alone: sts:AssumeRole AssumedRoleUser/AssumedRoleId": "it decides nothing",
}

const (
	noDelimiter = "crosscheck asks without a delimiter, so its answers have none"
	sameElement = "the lists have the elements of GetRole and GetPolicy; AWS may repeat them there"
)

// TestIntegrationModels: the tables know the elements, values and required members that the
// models of botocore know, but for what is listed.
func TestIntegrationModels(t *testing.T) {
	t.Parallel()
	venv := os.Getenv("XCTEST_VENV")
	if venv == "" {
		t.Skip("XCTEST_VENV is not set: run make integration")
	}
	models := map[string]*model{}
	used := map[string]bool{}
	compared := 0
	for _, api := range slices.Sorted(maps.Keys(tables)) {
		service, operation, _ := strings.Cut(api, ":")
		m := models[service]
		if m == nil {
			m = readModel(t, venv, service)
			models[service] = m
		}
		shape := tables[api]
		output := m.Shapes[m.Operations[operation].Output.Shape]
		if shape.kind != xmlDocument && shape.kind != jsonDocument || output == nil {
			continue
		}
		root, path := shape.root, shape.root.name
		if wrapper := m.Operations[operation].Output.ResultWrapper; wrapper != "" && shape.kind == xmlDocument { // JSON has none
			root, _ = root.find(wrapper)
			path = ""
		}
		if output.Payload != "" {
			output = m.Shapes[output.Members[output.Payload].Shape]
		}
		c := &comparison{m: m, json: shape.kind == jsonDocument}
		c.structure(api, path, root, output)
		compared++
		for _, difference := range c.list {
			used[difference] = true
			if known[difference] == "" {
				t.Errorf("%s", difference)
			}
		}
	}
	for difference := range known {
		if !used[difference] {
			t.Errorf("there is no such difference: %s", difference)
		}
	}
	if compared < 30 {
		t.Errorf("%d APIs were compared", compared)
	}
}

func readModel(t *testing.T, venv, service string) *model {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(venv, "lib", "python3*", "site-packages", "botocore", "data", service, "*", "service-2.json.gz"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no model of %s: %v", service, err)
	}
	f, err := os.Open(paths[len(paths)-1])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	m := new(model)
	if err := json.NewDecoder(z).Decode(m); err != nil {
		t.Fatal(err)
	}
	return m
}
