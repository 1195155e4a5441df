package repair

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// terraform writes resources of the AWS provider, with a provider for each account and Region. What Terraform would have to take over whole is described.
func terraform(p *plan, _ bool) ([]file, error) {
	t := hcl{labels: map[string]string{}, roles: map[string]string{}, settings: map[string][]string{}}
	comment(&t.b, "#", p.summary()...)
	comment(&t.b, "#", p.decided()...)
	comment(&t.b, "#", p.unfit("this configuration")...)
	comment(&t.b, "#", "For Terraform 1.5 and version 5 of the AWS provider, or later.",
		"What a configuration of yours manages already is to be changed there: two resources must not manage one thing.")
	accounts := p.accounts()
	for i, b := range accounts {
		b.changes = slices.DeleteFunc(slices.Clone(b.changes), func(c *change) bool { return c.why != "" })
		accounts[i] = b
		for _, c := range b.changes {
			switch c.Kind {
			case finding.TrustPolicy:
				t.roles[c.roleARN] = t.address("aws_iam_role", c)
			case finding.Versioning:
				t.settings[c.bucket] = append(t.settings[c.bucket], t.address("aws_s3_bucket_versioning", c))
			case finding.ObjectLock:
				t.settings[c.bucket] = append(t.settings[c.bucket], t.address("aws_s3_bucket_object_lock_configuration", c))
			}
		}
	}
	for _, b := range accounts {
		t.providers(b)
		for _, c := range b.changes {
			t.b.WriteString("\n")
			comment(&t.b, "#", notes(c)...)
			t.change(c)
		}
	}
	return []file{{"repairs.tf", t.b.String()}}, nil
}

// hcl is a configuration of Terraform that is being written.
type hcl struct {
	b      strings.Builder
	labels map[string]string // what each resource is for, by type and label
	roles  map[string]string // addresses of roles in the configuration, by ARN

	settings map[string][]string // addresses of the settings that a replication configuration needs first, by bucket
}

// providers writes one provider for each Region in which an account has changes.
func (t *hcl) providers(b block) {
	var aliases []string
	for _, c := range b.changes {
		alias, region := provider(c)
		if slices.Contains(aliases, alias) {
			continue
		}
		aliases = append(aliases, alias)
		t.b.WriteString("\n")
		comment(&t.b, "#", b.title()+": give the provider credentials of this account.")
		body{nested(`provider "aws"`, attribute("alias", alias), attribute("region", region),
			body{{name: "allowed_account_ids", value: "[" + hclString(b.account) + "]"}})}.write(&t.b, "")
	}
}

// provider is the alias of the provider of a change, and its Region. IAM has none, so any
// of the partition will do.
func provider(c *change) (alias, region string) {
	region = cmp.Or(c.region, fact.RegionIn(c.partition), "us-east-1")
	return "account_" + c.account + "_" + strings.ReplaceAll(region, "-", "_"), region
}

// resource is the header of a resource and its first members. The same change always has
// the same label.
func (t *hcl) resource(kind string, c *change, parts ...body) member {
	alias, _ := provider(c)
	return nested(fmt.Sprintf("resource %q %q", kind, t.label(kind, c)), append([]body{{{name: "provider", value: "aws." + alias}}}, parts...)...)
}

// address is how other resources refer to that of a change.
func (t *hcl) address(kind string, c *change) string { return kind + "." + t.label(kind, c) }

// label is the label of the resource of a change, the same for a role and its policies.
func (t *hcl) label(kind string, c *change) string {
	id := notInLabels.ReplaceAllString(cmp.Or(c.bucket, c.role, c.keyID), "_")
	if c.policy != "" {
		id = strings.TrimPrefix(id+"_", "_") + notInLabels.ReplaceAllString(c.policy, "_")
	}
	if id[0] >= '0' && id[0] <= '9' || id[0] == '-' {
		id = "_" + id
	}
	for n := 1; ; n++ {
		label := id
		if n > 1 {
			label += "_" + strconv.Itoa(n)
		}
		if owner := t.labels[kind+"."+label]; owner == "" || owner == c.Resource+" "+c.Policy {
			t.labels[kind+"."+label] = c.Resource + " " + c.Policy
			return label
		}
	}
}

var notInLabels = regexp.MustCompile(`[^A-Za-z0-9_]`)

// role refers to the role of a change by reference where the configuration has it.
func (t *hcl) role(c *change) body {
	if address := t.roles[c.roleARN]; address != "" {
		return body{{name: "role", value: address + ".name"}}
	}
	return attribute("role", c.role)
}

// change writes the resources of a change.
func (t *hcl) change(c *change) {
	document := func(name string) body { return body{{name: name, value: hclDocument(c.After, t.roles)}} }
	bucket := attribute("bucket", c.bucket)
	var all body
	switch c.Kind {
	case finding.TrustPolicy:
		all = t.trust(c, document("assume_role_policy"))
	case finding.RolePolicy, finding.ManagedPolicy, finding.Boundary:
		all = t.rolePolicy(c, document("policy"))
	case finding.BucketPolicy:
		all = body{t.resource("aws_s3_bucket_policy", c, bucket, document("policy"))}
	case finding.KeyPolicy:
		all = body{t.resource("aws_kms_key_policy", c, attribute("key_id", c.keyARN), document("policy"))}
	case finding.Versioning:
		all = body{t.resource("aws_s3_bucket_versioning", c, bucket, body{nested("versioning_configuration", attribute("status", c.After))})}
	case finding.Ownership:
		all = body{t.resource("aws_s3_bucket_ownership_controls", c, bucket, body{nested("rule", attribute("object_ownership", c.After))})}
	case finding.ObjectLock:
		all = body{t.resource("aws_s3_bucket_object_lock_configuration", c, bucket, attribute("object_lock_enabled", c.After), t.versioned(c))}
	case finding.RequestPayment:
		all = body{t.resource("aws_s3_bucket_request_payment_configuration", c, bucket, attribute("payer", c.After))}
	case finding.Replication:
		all = t.replication(c, bucket)
	case finding.KeyState:
		comment(&t.b, "#", fmt.Sprintf("  Terraform has this only as a part of the whole key: is_enabled = %t in its aws_kms_key.", c.After == "Enabled"))
	}
	all.write(&t.b, "")
}

// trust is a role. One that exists is taken over as it is, with another trust policy.
func (t *hcl) trust(c *change, document body) body {
	role := t.resource("aws_iam_role", c, attribute("name", c.role), attribute("path", c.path), document)
	if c.made() {
		return body{role}
	}
	comment(&t.b, "#", "  Nothing else of the role is changed.")
	role.block = append(role.block, nested("lifecycle", body{{name: "ignore_changes", value: "[description, force_detach_policies, max_session_duration, permissions_boundary, tags, tags_all]"}}))
	return body{t.imports("aws_iam_role", c, c.role), role}
}

// imports is a block that takes over what exists already.
func (t *hcl) imports(kind string, c *change, id string) member {
	alias, _ := provider(c)
	return nested("import", body{{name: "provider", value: "aws." + alias}, {name: "to", value: t.address(kind, c)}}, attribute("id", id))
}

// rolePolicy is an inline or managed policy.
func (t *hcl) rolePolicy(c *change, document body) body {
	if c.policyARN == "" {
		return body{t.resource("aws_iam_role_policy", c, attribute("name", c.policy), t.role(c), document)}
	}
	managed := t.resource("aws_iam_policy", c, attribute("name", c.policy), attribute("path", c.policyPath), document)
	if c.made() {
		return body{managed, t.resource("aws_iam_role_policy_attachment", c, t.role(c),
			body{{name: "policy_arn", value: t.address("aws_iam_policy", c) + ".arn"}})}
	}
	managed.block = append(managed.block, nested("lifecycle", body{{name: "ignore_changes", value: "[description, tags, tags_all]"}}))
	return body{t.imports("aws_iam_policy", c, c.policyARN), managed}
}

// replication is a replication configuration, after the versioning and the Object Lock of the
// buckets at both ends of its rules.
func (t *hcl) replication(c *change, bucket body) body {
	r := c.replication
	role := attribute("role", r.Role)
	if address := t.roles[r.Role]; address != "" {
		role = body{{name: "role", value: address + ".arn"}}
	}
	parts, after := []body{bucket, role}, slices.Clone(t.settings[c.bucket])
	for i := range r.Rules {
		if r.Rules[i].excludes() || r.Rules[i].Destination.relatedKey() {
			comment(&t.b, "#", "  The provider cannot express what rule "+text.Visible(r.Rules[i].ID)+" excludes, or the related key that it uses: use the form aws-cli.")
			return nil
		}
		parts = append(parts, body{hclRule(&r.Rules[i])})
		arn := r.Rules[i].Destination.Bucket
		for _, address := range t.settings[arn[strings.LastIndexByte(arn, ':')+1:]] {
			if !slices.Contains(after, address) {
				after = append(after, address)
			}
		}
	}
	if len(after) > 0 {
		parts = append(parts, body{{name: "depends_on", value: "[" + strings.Join(after, ", ") + "]"}})
	}
	return body{t.resource("aws_s3_bucket_replication_configuration", c, parts...)}
}

// versioned has what changes Object Lock wait for the versioning of its bucket.
func (t *hcl) versioned(c *change) body {
	for _, address := range t.settings[c.bucket] {
		if strings.HasPrefix(address, "aws_s3_bucket_versioning.") {
			return body{{name: "depends_on", value: "[" + address + "]"}}
		}
	}
	return nil
}

func hclRule(r *replicationRule) member {
	var priority, source body
	if r.Priority != nil {
		priority = body{{name: "priority", value: strconv.Itoa(int(*r.Priority))}}
	}
	if r.Prefix != nil {
		priority = append(priority, member{name: "prefix", value: hclString(*r.Prefix)})
	}
	if f := r.Filter; f != nil {
		source = append(source, hclFilter(f))
	}
	source = append(source, hclStatus("delete_marker_replication", r.DeleteMarkerReplication)...)
	if s := r.SourceSelectionCriteria; s != nil {
		source = append(source, nested("source_selection_criteria",
			hclStatus("sse_kms_encrypted_objects", s.SseKmsEncryptedObjects), hclStatus("replica_modifications", s.ReplicaModifications)))
	}
	return nested("rule", attribute("id", r.ID), priority, attribute("status", r.Status), source, body{hclDestination(&r.Destination)})
}

func hclStatus(name string, s *status) body {
	if s == nil {
		return nil
	}
	return body{nested(name, attribute("status", s.Status))}
}

func hclFilter(f *replicationFilter) member {
	prefix := func(p *string) body {
		if p == nil {
			return nil
		}
		return body{{name: "prefix", value: hclString(*p)}}
	}
	switch {
	case f.And != nil:
		var tags strings.Builder
		for _, t := range f.And.Tags {
			fmt.Fprintf(&tags, "%s = %s, ", hclString(t.Key), hclString(t.Value))
		}
		and := prefix(f.And.Prefix)
		if len(f.And.Tags) > 0 {
			and = append(and, member{name: "tags", value: "{ " + strings.TrimSuffix(tags.String(), ", ") + " }"})
		}
		return nested("filter", body{nested("and", and)})
	case f.Tag != nil:
		return nested("filter", body{nested("tag", body{{name: "key", value: hclString(f.Tag.Key)}, {name: "value", value: hclString(f.Tag.Value)}})})
	}
	return nested("filter", prefix(f.Prefix))
}

func hclDestination(d *destination) member {
	time := func(name string, m *minutes) body {
		if m == nil {
			return nil
		}
		return body{nested(name, body{{name: "minutes", value: strconv.Itoa(int(m.Minutes))}})}
	}
	parts := []body{attribute("bucket", d.Bucket), attribute("account", d.Account), attribute("storage_class", d.StorageClass)}
	if a := d.AccessControlTranslation; a != nil {
		parts = append(parts, body{nested("access_control_translation", attribute("owner", a.Owner))})
	}
	if e := d.EncryptionConfiguration; e != nil {
		parts = append(parts, body{nested("encryption_configuration", attribute("replica_kms_key_id", e.ReplicaKmsKeyID))})
	}
	if r := d.ReplicationTime; r != nil {
		parts = append(parts, body{nested("replication_time", attribute("status", r.Status), time("time", &r.Time))})
	}
	if m := d.Metrics; m != nil {
		parts = append(parts, body{nested("metrics", attribute("status", m.Status), time("event_threshold", m.EventThreshold))})
	}
	return nested("destination", parts...)
}
