package repair

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// cloudFormation writes a template for each account and Region. CloudFormation has resources of their
// own for policies of buckets and roles only: everything else is a property of a bucket, a
// role or a key, and is described as what to write in the template that has it.
func cloudFormation(p *plan, _ bool) ([]file, error) {
	var all []file
	about := append(append(p.summary(), p.decided()...), p.unfit("these templates")...)
	for _, b := range p.accounts() {
		for _, r := range b.regions() {
			t := stack{block: r, names: map[string]bool{}, roles: map[string]string{}}
			for _, c := range r.changes {
				t.change(c)
			}
			if len(t.resources.Content)+len(t.others) > 0 {
				name := strings.TrimSuffix(r.account+"-"+r.region, "-") + ".yaml"
				if len(t.resources.Content) == 0 {
					name = strings.TrimSuffix(name, ".yaml") + ".txt" // no template, only what to change in others
				}
				all = append(all, file{name, t.text(about)})
			}
		}
	}
	if len(all) == 0 {
		var s strings.Builder
		comment(&s, "#", about...)
		all = []file{{"repairs.yaml", s.String()}}
	}
	return all, nil
}

// stack is a CloudFormation template that is being written.
type stack struct {
	block
	resources yaml.Node
	names     map[string]bool   // logical ids
	roles     map[string]string // logical ids of the roles that the template makes, by ARN
	exists    bool              // a resource is there already
	others    []string          // comments about changes that CloudFormation has no resource for
}

// regions are the changes of an account that can be applied, those in each Region together:
// a stack reaches the buckets of its own. Roles are with the first.
func (b block) regions() []block {
	var all []block
	for _, c := range b.changes {
		if c.why != "" {
			continue
		}
		i := slices.IndexFunc(all, func(x block) bool { return c.region == "" || x.region == "" || x.region == c.region })
		if i < 0 {
			all, i = append(all, block{account: b.account}), len(all)
		}
		all[i].region = cmp.Or(all[i].region, c.region)
		all[i].changes = append(all[i].changes, c)
	}
	return all
}

func (t *stack) text(about []string) string {
	var s strings.Builder
	comment(&s, "#", t.title())
	comment(&s, "#", about...)
	comment(&s, "#", "Deploy the templates that make roles before the others.")
	if len(t.others) > 0 {
		comment(&s, "#", "", "To change where the bucket, role or key is defined, since CloudFormation has no resource for it alone:")
		comment(&s, "#", t.others...)
	}
	if len(t.resources.Content) == 0 {
		return s.String()
	}
	if t.exists {
		comment(&s, "#", "", "What is not new must be imported into the stack first, or be changed in the template that has it:",
			"CloudFormation does not create what is there already.")
	}
	t.resources.Kind = yaml.MappingNode
	root := mapping("AWSTemplateFormatVersion", scalar("2010-09-09"), "Description", scalar("Changes that S3 replication needs, found by crosscheck"), "Resources", &t.resources)
	return s.String() + yamlText(root)
}

// change adds the resource of a change, or says what to change elsewhere.
func (t *stack) change(c *change) {
	var document *yaml.Node
	if c.Kind.Document() {
		document = t.document(c, c.After)
		if document == nil {
			return
		}
	}
	switch c.Kind {
	case finding.BucketPolicy:
		t.resource(c, "AWS::S3::BucketPolicy", mapping("Bucket", scalar(c.bucket), "PolicyDocument", document))
	case finding.RolePolicy, finding.ManagedPolicy, finding.Boundary:
		t.rolePolicy(c, document)
	case finding.TrustPolicy:
		if c.made() {
			t.roles[c.roleARN] = t.resource(c, "AWS::IAM::Role", mapping("RoleName", scalar(c.role), "Path", scalar(c.path), "AssumeRolePolicyDocument", document))
			return
		}
		t.property(c, "AWS::IAM::Role", "AssumeRolePolicyDocument", document)
	case finding.KeyPolicy:
		t.property(c, "AWS::KMS::Key", "KeyPolicy", document)
	case finding.KeyState:
		t.property(c, "AWS::KMS::Key", "Enabled", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(c.After == "Enabled")})
	default:
		t.bucket(c)
	}
}

// document is a JSON document of a change, nil where it cannot be in a template, which is said.
func (t *stack) document(c *change, document string) *yaml.Node {
	n, err := fromJSON(document)
	if err != nil {
		t.other(c, "  Not written: "+err.Error())
		return nil
	}
	t.refer(n)
	return n
}

// refer refers to roles of the template where their ARNs are.
func (t *stack) refer(n *yaml.Node) {
	if id := t.roles[n.Value]; id != "" && n.Kind == yaml.ScalarNode {
		n.Tag, n.Value = "!GetAtt", id+".Arn"
	}
	for _, child := range n.Content {
		t.refer(child)
	}
}

// role is the name of the role of a change, or a reference to it.
func (t *stack) role(c *change) *yaml.Node {
	n := scalar(c.role)
	if id := t.roles[c.roleARN]; id != "" {
		n.Tag, n.Value = "!Ref", id
	}
	return n
}

func (t *stack) rolePolicy(c *change, document *yaml.Node) {
	switch {
	case c.policyARN == "":
		t.resource(c, "AWS::IAM::RolePolicy", mapping("RoleName", t.role(c), "PolicyName", scalar(c.policy), "PolicyDocument", document))
	case c.made():
		t.resource(c, "AWS::IAM::ManagedPolicy", mapping("ManagedPolicyName", scalar(c.policy), "Path", scalar(c.policyPath),
			"Roles", sequence(t.role(c)), "PolicyDocument", document))
	default: // a resource would also say which roles it is attached to
		t.property(c, "AWS::IAM::ManagedPolicy", "PolicyDocument", document)
	}
}

// bucket describes a setting of a bucket.
func (t *stack) bucket(c *change) {
	const bucket = "AWS::S3::Bucket"
	switch c.Kind {
	case finding.Versioning:
		t.property(c, bucket, "VersioningConfiguration", mapping("Status", scalar(c.After)))
	case finding.Ownership:
		t.property(c, bucket, "OwnershipControls", mapping("Rules", sequence(mapping("ObjectOwnership", scalar(c.After)))))
	case finding.ObjectLock:
		t.property(c, bucket, "ObjectLockEnabled", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
	case finding.Replication:
		for i := range c.replication.Rules {
			if r := &c.replication.Rules[i]; r.excludes() || r.Destination.relatedKey() {
				t.other(c, "  CloudFormation cannot express what rule "+text.Visible(r.ID)+" says of exclusions or related keys: use the form aws-cli.")
				return
			}
		}
		if n := t.document(c, marshal(c.replication)); n != nil {
			rename(n, map[string]string{"ID": "Id", "Tag": "TagFilter", "Tags": "TagFilters"})
			t.property(c, bucket, "ReplicationConfiguration", n)
		}
	case finding.RequestPayment:
		t.other(c, "  CloudFormation has no property for it: use the form aws-cli.")
	}
}

// rename gives members of objects other names.
func rename(n *yaml.Node, names map[string]string) {
	for i, child := range n.Content {
		if name := names[child.Value]; n.Kind == yaml.MappingNode && i%2 == 0 && name != "" {
			child.Value = name
		}
		rename(child, names)
	}
}

// other adds a comment about a change that CloudFormation has no resource for.
func (t *stack) other(c *change, lines ...string) {
	t.others = append(append(append(t.others, ""), notes(c)...), lines...)
}

// property describes a property of a resource that is defined elsewhere.
func (t *stack) property(c *change, resource, name string, value *yaml.Node) {
	lines := []string{"  in Properties of its " + resource + ":"}
	for line := range strings.Lines(yamlText(mapping(name, value))) {
		lines = append(lines, "    "+strings.TrimSuffix(line, "\n"))
	}
	t.other(c, lines...)
}

// resource adds a resource with its notes above it, and gives its logical id.
func (t *stack) resource(c *change, kind string, properties *yaml.Node) string {
	id := scalar(t.name(c))
	var s strings.Builder
	comment(&s, "#", notes(c)...)
	id.HeadComment = strings.TrimSuffix(s.String(), "\n")
	t.exists = t.exists || !c.made()
	t.resources.Content = append(t.resources.Content, id,
		mapping("Type", scalar(kind), "DeletionPolicy", scalar("Retain"), "UpdateReplacePolicy", scalar("Retain"), "Properties", properties))
	return id.Value
}

// name is the logical id of a resource: letters and digits.
func (t *stack) name(c *change) string {
	var id strings.Builder
	kind := string(c.Kind)
	if c.Kind == finding.TrustPolicy {
		kind = "role"
	}
	for _, word := range strings.FieldsFunc(cmp.Or(c.bucket, c.role)+" "+c.policy+" "+kind, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		id.WriteString(capital(word))
	}
	name := id.String()
	for n := 2; t.names[name]; n++ {
		name = id.String() + strconv.Itoa(n)
	}
	t.names[name] = true
	return name
}
