package rules

import (
	"slices"
	"strings"

	"crosscheck/rules/iam"
)

// context is what is known of the condition keys of a request that S3 makes as
// the replication role. Only keys that a policy names are filled in; one that is
// named and not known here is unknown, never absent.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (m *matrix) context(s *side, action string, variant int) map[string]iam.Value {
	var out map[string]iam.Value
	for _, list := range [2][]*policy{m.rolePolicies, s.policies} {
		for _, p := range list {
			for _, k := range p.keys {
				if _, ok := out[k]; ok {
					continue
				}
				if out == nil {
					out = map[string]iam.Value{}
				}
				out[k] = m.value(s, action, k, variant)
			}
		}
	}
	return out
}

// value is one condition key of a request of the role's session.
func (m *matrix) value(s *side, action, key string, variant int) iam.Value {
	if name, ok := strings.CutPrefix(key, "aws:principaltag/"); ok {
		return m.roleTag(name)
	}
	switch key {
	case "aws:principalarn":
		if m.role != nil {
			return iam.One(m.role.ARN)
		}
		return iam.One(m.link.RoleARN)
	case "aws:principalaccount":
		if m.principal.Account != "" {
			return iam.One(m.principal.Account)
		}
	case "aws:principalorgid":
		return m.orgID(m.principal.Account)
	case "aws:principalorgpaths":
		return m.orgPaths(m.principal.Account)
	case "aws:principaltype":
		return iam.One("AssumedRole")
	case "aws:userid":
		if m.principal.RoleID != "" {
			return iam.One(m.principal.RoleID + ":" + sessionName)
		}
	case "aws:principalisawsservice":
		return iam.One("false")
	case "aws:username", "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:federatedprovider",
		"aws:principalservicename", "aws:principalservicenameslist":
		return iam.Absent()
	case "aws:securetransport":
		// AWS calls its own endpoints over TLS; it recommends this very condition
		// for buckets that take replicas.
		return iam.One("true")
	case "aws:requestedregion":
		if s.region != "" {
			return iam.One(s.region)
		}
	case "aws:resourceaccount", "s3:resourceaccount":
		if s.account != "" {
			return iam.One(s.account)
		}
	case "aws:resourceorgid":
		return m.orgID(s.account)
	case "aws:resourceorgpaths":
		return m.orgPaths(s.account)
	}
	if s.key != nil {
		return m.keyValue(s, key, variant)
	}
	if tag, ok := strings.CutPrefix(key, "s3:existingobjecttag/"); ok && s.layer == "source" {
		// Objects of the link carry the tags that the rule filters on; of others nothing is known.
		for k, v := range m.link.Rule.Tags {
			if strings.EqualFold(k, tag) {
				return iam.One(v)
			}
		}
	}
	if action == "s3:ReplicateObject" && m.kms && m.sourceDefaultKMS() != "" {
		// With the opt-in and a KMS default at the source, a replica is written
		// under the rule's key.
		switch key {
		case "s3:x-amz-server-side-encryption":
			return iam.One(m.sourceDefaultKMS())
		case "s3:x-amz-server-side-encryption-aws-kms-key-id":
			if id := m.link.Rule.Destination.ReplicaKMSKeyID; strings.Contains(id, ":key/") {
				return iam.One(id) // an alias may be sent as written or resolved
			}
		}
	}
	return iam.Value{}
}

// sourceDefaultKMS is the KMS algorithm of new source objects, "" where the default is not KMS or not known.
func (m *matrix) sourceDefaultKMS() string {
	if e := m.doc.Bucket.Encryption.Value; e != nil && strings.HasPrefix(e.Algorithm, "aws:kms") {
		return e.Algorithm
	}
	return ""
}

// keyValue is one condition key of a request to a KMS key.
func (m *matrix) keyValue(s *side, key string, variant int) iam.Value {
	switch key {
	case "kms:viaservice":
		if s.region != "" {
			suffix := ".amazonaws.com"
			if partition(m.doc) == "aws-cn" {
				suffix = ".amazonaws.com.cn"
			}
			return iam.One("s3." + s.region + suffix)
		}
	case "kms:calleraccount":
		if m.principal.Account != "" {
			return iam.One(m.principal.Account)
		}
	case contextKey:
		if variant < len(s.key.contexts) {
			return m.encryptionContext(s, variant)
		}
	case "kms:encryptioncontextkeys":
		if s.layer == "destination_key" {
			return iam.Many("aws:s3:arn")
		}
	case "kms:grantisforawsresource", "kms:granteeprincipal", "kms:grantconstrainttype", "kms:grantoperations":
		return iam.Absent()
	}
	k := s.key.key
	if k == nil {
		return iam.Value{}
	}
	if name, ok := strings.CutPrefix(key, "aws:resourcetag/"); ok && len(k.Tags) > 0 {
		return tagValue(k.Tags, name)
	}
	switch key {
	case "kms:keyspec":
		return nonEmpty(k.Spec)
	case "kms:keyusage":
		return nonEmpty(k.Usage)
	case "kms:keyorigin":
		return nonEmpty(k.Origin)
	case "kms:multiregion":
		if k.MultiRegion {
			return iam.One("true")
		}
		return iam.One("false")
	case "kms:resourcealiases":
		if k.Aliases.Value != nil && len(*k.Aliases.Value) > 0 {
			return iam.Many(*k.Aliases.Value...)
		}
	}
	return iam.Value{}
}

// encryptionContext is the value of the context key for every object of the
// link at once: known only where all policies treat all those objects alike.
func (m *matrix) encryptionContext(s *side, variant int) iam.Value {
	value := s.key.contexts[variant]
	if variant > 0 || !s.key.objects {
		return iam.One(value) // the bucket's ARN: one value
	}
	longest := 0
	for _, list := range [2][]*policy{m.rolePolicies, s.policies} {
		for _, p := range list {
			for _, u := range p.uses {
				if u.key != contextKey {
					continue
				}
				longest = max(longest, len(u.value))
				if !alike(u, value) {
					return iam.Value{}
				}
			}
		}
	}
	return iam.One(value + strings.Repeat(fresh, longest+1))
}

// fresh is a letter outside ASCII: in no pattern that it is compared with.
const fresh = "\u00ff"

// alike reports whether a condition value answers the same for every string that
// begins with prefix.
func alike(u usage, prefix string) bool {
	if strings.Contains(u.value, "${") || !ascii(u.value) || !ascii(prefix) {
		return false
	}
	op := u.operator
	switch {
	case strings.Contains(op, "arn"):
		// Only the sixth field varies.
		pattern := strings.SplitN(u.value, ":", 6)
		text := strings.SplitN(prefix, ":", 6)
		if len(pattern) < 6 || len(text) < 6 {
			return u.value == "*" || len(pattern) < 6
		}
		return covers(pattern[5], text[5]) || !meets(pattern[5], text[5])
	case strings.Contains(op, "like"):
		return covers(u.value, prefix) || !meets(u.value, prefix)
	case strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(op, "forallvalues:"), "foranyvalue:"), "null"):
		return true
	case strings.Contains(op, "equals") && !strings.Contains(op, "ignorecase"):
		return !strings.HasPrefix(u.value, prefix)
	}
	return false
}

// covers reports whether a glob matches every string that begins with prefix.
func covers(pattern, prefix string) bool {
	for n := range len(pattern) + 2 {
		if !iam.Match(pattern, prefix+strings.Repeat(fresh, n)) {
			return false
		}
	}
	return true
}

// meets reports whether a glob matches some string that begins with prefix.
func meets(pattern, prefix string) bool {
	states := map[int]bool{0: true}
	spread := func() {
		for i := range len(pattern) {
			if states[i] && pattern[i] == '*' {
				states[i+1] = true
			}
		}
	}
	spread()
	for i := range len(prefix) {
		next := map[int]bool{}
		for s := range states {
			if s == len(pattern) {
				continue
			}
			switch pattern[s] {
			case '*':
				next[s] = true
			case '?', prefix[i]:
				next[s+1] = true
			}
		}
		states = next
		spread()
	}
	return len(states) > 0
}

// trustContext is what is known of S3's request to assume the role. AWS does not
// say whether the source bucket is sent, so both cases are asked for.
func (m *matrix) trustContext(used []*policy, sent bool) map[string]iam.Value {
	out := map[string]iam.Value{}
	for _, p := range used {
		for _, k := range p.keys {
			out[k] = m.trustValue(k, sent)
		}
	}
	return out
}

func (m *matrix) trustValue(key string, sent bool) iam.Value {
	source := func(v iam.Value) iam.Value {
		if !sent {
			return iam.Absent()
		}
		return v
	}
	account := ""
	if m.role != nil {
		account = m.role.AccountID
	}
	switch key {
	case "aws:sourceaccount":
		return source(nonEmpty(m.sourceAccount))
	case "aws:sourcearn":
		return source(iam.One(m.doc.Bucket.ARN))
	case "aws:sourceorgid":
		return source(m.orgID(m.sourceAccount))
	case "aws:sourceorgpaths":
		return source(m.orgPaths(m.sourceAccount))
	case "aws:principalisawsservice":
		return iam.One("true")
	case "aws:principalservicename":
		return iam.One("s3.amazonaws.com")
	case "aws:resourceaccount":
		return nonEmpty(account)
	case "aws:resourceorgid":
		return m.orgID(account)
	case "aws:resourceorgpaths":
		return m.orgPaths(account)
	case "aws:securetransport":
		return iam.One("true")
	case "sts:externalid", "aws:username", "aws:userid", "aws:principalarn", "aws:principalaccount", "aws:principalorgid",
		"aws:principalorgpaths", "aws:multifactorauthpresent", "aws:multifactorauthage":
		return iam.Absent()
	}
	return iam.Value{}
}

// orgID is the organization of an account; unknown for one outside of the
// scanned organization, which may be in another.
func (m *matrix) orgID(account string) iam.Value {
	a, ok := m.doc.Accounts[account]
	if o := m.doc.Organization.Value; ok && o != nil && a.InOrganization.Value != nil && *a.InOrganization.Value {
		return iam.One(o.ID)
	}
	return iam.Value{}
}

func (m *matrix) orgPaths(account string) iam.Value {
	a, ok := m.doc.Accounts[account]
	if o := m.doc.Organization.Value; ok && o != nil && a.Path.Value != nil && a.InOrganization.Value != nil && *a.InOrganization.Value {
		return iam.Many(strings.Join(slices.Concat([]string{o.ID}, *a.Path.Value), "/") + "/")
	}
	return iam.Value{}
}

func (m *matrix) roleTag(name string) iam.Value {
	if m.role == nil {
		return iam.Value{}
	}
	return tagValue(m.role.Tags, name)
}

// tagValue is a tag as a condition key, whose name is compared without case.
func tagValue(tags map[string]string, name string) iam.Value {
	out, found := iam.Absent(), 0
	for k, v := range tags {
		if strings.EqualFold(k, name) {
			out = iam.One(v)
			found++
		}
	}
	if found > 1 {
		return iam.Value{} // tags that differ in case only
	}
	return out
}

func nonEmpty(s string) iam.Value {
	if s == "" {
		return iam.Value{}
	}
	return iam.One(s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
