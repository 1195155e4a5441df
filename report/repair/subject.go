package repair

import (
	"encoding/json"
	"regexp"
	"slices"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// subject is what a change is made to, as the commands and templates of AWS name it. All
// names are ones that AWS takes: no path of a file and no option passes for one.
type subject struct {
	partition, account, region string

	bucket             string
	path, role         string // of a role, the path with slashes around it
	policy             string // name of an inline or managed policy
	policyPath         string // of a managed policy
	policyARN          string // of a managed policy
	roleARN            string
	keyARN, keyID      string
	accountOfPolicyARN string
}

// change is a change with its subject.
type change struct {
	*finding.Change
	subject

	why         string                    // it cannot be applied as it is, "" if it can
	replication *replicationConfiguration // of kind Replication
}

var (
	regionName = regexp.MustCompile(`^(` + fact.RegionName + `)?$`)
	bucketARN  = regexp.MustCompile(`^arn:(aws[a-z-]*):s3:::([A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9])$`)
	roleARN    = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role(/(?:[!-.0-~]+/)*)([\w+=,.@-]{1,64})$`)
	policyARN  = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}|aws):policy(/(?:[!-.0-~]+/)*)([\w+=,.@-]{1,128})$`)
	policyName = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	keyARN     = regexp.MustCompile(`^arn:(aws[a-z-]*):kms:([a-z0-9-]+):([0-9]{12}):key/([A-Za-z0-9-]+)$`)
)

// values are those that settings may be set to.
var values = map[finding.Kind][]string{
	finding.Versioning:     {"Enabled", "Suspended"},
	finding.Ownership:      {"BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"},
	finding.ObjectLock:     {"Enabled"},
	finding.RequestPayment: {"BucketOwner", "Requester"},
	finding.KeyState:       {"Enabled", "Disabled"},
}

// read finds the subject of a change, and whether it can be applied at all.
func read(c *finding.Change) *change {
	out := &change{Change: c}
	out.account, out.region = c.AccountID, c.Region
	switch {
	case !fact.IsAccountID(c.AccountID):
		out.why = "the account that owns it is not known"
	case !regionName.MatchString(c.Region):
		out.why = "its Region is not known"
	case !out.named():
		out.why = "it has a name or ARN that AWS does not have"
	case c.Kind.Document() && !json.Valid([]byte(c.After)):
		out.why = "the new document is not JSON"
	case values[c.Kind] != nil && !slices.Contains(values[c.Kind], c.After):
		out.why = "it cannot be set to " + text.Visible(c.After)
	case c.Kind == finding.Replication:
		r, err := toReplication(c.After)
		if err != nil {
			out.why = text.Visible(err.Error())
		}
		out.replication = r
	case c.Kind == finding.ManagedPolicy && c.Before == "":
		out.why = "crosscheck makes managed policies only for a role"
	case c.Kind == finding.Boundary && c.Before == "" || out.accountOfPolicyARN == "aws":
		out.why = "crosscheck makes no permissions boundaries, and policies of AWS cannot be changed"
	}
	return out
}

// named reads the ARN of the resource and the policy, and reports whether AWS has such names
// in the account and Region of the target.
func (c *change) named() bool {
	arn := func(form *regexp.Regexp, s string) []string {
		if m := form.FindStringSubmatch(s); m != nil {
			c.partition = m[1]
			return m
		}
		return make([]string, 8)
	}
	switch c.Kind {
	case finding.TrustPolicy, finding.RolePolicy, finding.Boundary:
		m := arn(roleARN, c.Resource)
		c.roleARN, c.path, c.role = c.Resource, m[3], m[4]
		if m[2] != c.account {
			return false
		}
		switch p := policyARN.FindStringSubmatch(c.Policy); {
		case c.Kind == finding.TrustPolicy:
			return true
		case p != nil:
			c.policyARN, c.accountOfPolicyARN, c.policyPath, c.policy = c.Policy, p[2], p[3], p[4]
			return p[2] == c.account || p[2] == "aws"
		}
		c.policy = c.Policy
		return c.Kind == finding.RolePolicy && policyName.MatchString(c.Policy)
	case finding.ManagedPolicy:
		m := arn(policyARN, c.Resource)
		c.policyARN, c.accountOfPolicyARN, c.policyPath, c.policy = c.Resource, m[2], m[3], m[4]
		return m[2] == c.account && c.Policy == c.Resource
	case finding.KeyPolicy, finding.KeyState:
		m := arn(keyARN, c.Resource)
		c.keyARN, c.keyID = c.Resource, m[4]
		return m[3] == c.account && m[2] == c.region
	case finding.BucketPolicy, finding.Replication, finding.Versioning, finding.Ownership, finding.ObjectLock, finding.RequestPayment:
		c.bucket = arn(bucketARN, c.Resource)[2]
		return c.bucket != ""
	}
	return false
}

// made reports whether the change makes a role or policy that does not exist yet.
func (c *change) made() bool { return c.Before == "" && c.Kind.Document() }
