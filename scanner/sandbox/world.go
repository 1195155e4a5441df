package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox/state"
)

// World is one AWS organization as a world file describes it; docs/worlds.md
// describes every field. Policy documents are kept verbatim, valid or not.
type World struct {
	Partition          string             `yaml:"partition"` // aws (default), aws-cn, …: see fact.Partitions
	Lag                time.Duration      `yaml:"lag"`       // default replication lag
	Organization       *worldOrganization `yaml:"organization"`
	AWSManagedPolicies []worldPolicy      `yaml:"aws_managed_policies"` // in addition to AdministratorAccess
	Accounts           []worldAccount     `yaml:"accounts"`
	Callers            []worldCaller      `yaml:"callers"` // in addition to the default caller
	Faults             []Fault            `yaml:"faults"`

	name  string
	lines map[string]int // YAML path, as in accounts[0].roles[1].name → line
}

type worldOrganization struct {
	ID                      string           `yaml:"id"`
	ManagementAccount       string           `yaml:"management_account"`
	Root                    string           `yaml:"root"`
	FeatureSet              string           `yaml:"feature_set"`         // ALL (default), CONSOLIDATED_BILLING
	PolicyTypes             []string         `yaml:"policy_types"`        // enabled types; left out: those of SCPs and RCPs
	PublicAccessBlock       string           `yaml:"public_access_block"` // an S3 policy at the root: all, none; left out: no such policy
	Paths                   *bool            `yaml:"paths"`               // false: accounts are listed without their paths
	Policies                []worldOrgPolicy `yaml:"policies"`            // in addition to FullAWSAccess and RCPFullAWSAccess
	worldTarget             `yaml:",inline"` // what is attached to the root
	worldRaw                `yaml:",inline"`
	Units                   []worldUnit      `yaml:"units"`
	DelegatedAdministrators []worldDelegated `yaml:"delegated_administrators"`
}

// worldTarget is what is attached to a root, an OU or an account: names or ids
// of policies of the organization, in addition to FullAWSAccess and RCPFullAWSAccess.
type worldTarget struct {
	SCPs          []string `yaml:"scps"`
	RCPs          []string `yaml:"rcps"`
	FullAWSAccess *bool    `yaml:"full_aws_access"` // false: the SCP FullAWSAccess is detached here
}

type worldUnit struct {
	ID          string `yaml:"id"`
	Name        string `yaml:"name"`
	worldTarget `yaml:",inline"`
	Units       []worldUnit `yaml:"units"`
}

type worldOrgPolicy struct {
	ID          string `yaml:"id"`
	Name        string `yaml:"name"`
	Type        string `yaml:"type"` // SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY
	Description string `yaml:"description"`
	Document    string `yaml:"document"`
}

type worldDelegated struct {
	Account  string   `yaml:"account"`
	Services []string `yaml:"services"` // service principals; at least one
}

type worldAccount struct {
	ID                string `yaml:"id"`
	Name              string `yaml:"name"`
	Email             string `yaml:"email"`
	Status            string `yaml:"status"`       // ACTIVE (default), SUSPENDED, PENDING_CLOSURE
	CanonicalID       string `yaml:"canonical_id"` // left out: made from the id
	Parent            string `yaml:"parent"`       // OU or root id; left out: the root; none: outside the organization
	worldTarget       `yaml:",inline"`
	worldRaw          `yaml:",inline"`
	Tags              map[string]string        `yaml:"tags"`
	PublicAccessBlock *state.PublicAccessBlock `yaml:"public_access_block"` // left out: none at account level
	Roles             []worldRole              `yaml:"roles"`
	Users             []worldUser              `yaml:"users"`
	Policies          []worldPolicy            `yaml:"policies"` // customer managed policies
	Keys              []worldKey               `yaml:"keys"`
	Buckets           []worldBucket            `yaml:"buckets"`
	Alarms            []state.Alarm            `yaml:"alarms"` // of CloudWatch
}

// worldEntity is what roles and users share.
type worldEntity struct {
	Name     string            `yaml:"name"`
	Path     string            `yaml:"path"`     // left out: /
	ID       string            `yaml:"id"`       // unique id AROA…, AIDA…; left out: made from the ARN
	Inline   map[string]string `yaml:"inline"`   // policy name → document
	Attached []string          `yaml:"attached"` // managed policies, by ARN or by name in this account
	Boundary string            `yaml:"boundary"` // permissions boundary, by ARN or by name in this account
	Tags     map[string]string `yaml:"tags"`
}

type worldRole struct {
	worldEntity        `yaml:",inline"`
	worldRaw           `yaml:",inline"`
	Description        string        `yaml:"description"`
	Trust              string        `yaml:"trust"`
	MaxSessionDuration time.Duration `yaml:"max_session_duration"` // left out: 1h
}

type worldUser struct {
	worldEntity `yaml:",inline"`
}

type worldPolicy struct {
	Name     string `yaml:"name"`
	Path     string `yaml:"path"` // left out: /
	ID       string `yaml:"id"`   // ANPA…; left out: made from the ARN
	Document string `yaml:"document"`
}

type worldKey struct {
	worldRaw    `yaml:",inline"`
	ID          string            `yaml:"id"` // UUID, or mrk-… for a multi-Region key
	Region      string            `yaml:"region"`
	State       string            `yaml:"state"` // Enabled (default), Disabled, PendingDeletion, PendingImport, Unavailable
	Description string            `yaml:"description"`
	MultiRegion bool              `yaml:"multi_region"`
	Spec        string            `yaml:"spec"`       // SYMMETRIC_DEFAULT (default), RSA_2048, …
	Usage       string            `yaml:"usage"`      // ENCRYPT_DECRYPT (default), SIGN_VERIFY, …
	Origin      string            `yaml:"origin"`     // AWS_KMS (default), EXTERNAL, …
	Policy      string            `yaml:"policy"`     // left out: KMS's default policy, which delegates to the account
	RAMPolicy   string            `yaml:"ram_policy"` // AWS_RAM; left out: the key is not shared through AWS RAM
	Aliases     []string          `yaml:"aliases"`    // with or without alias/
	Grants      []worldGrant      `yaml:"grants"`
	Tags        map[string]string `yaml:"tags"`
}

type worldGrant struct {
	ID         string   `yaml:"id"`         // left out: made from the key and its position
	Grantee    string   `yaml:"grantee"`    // principal ARN
	Operations []string `yaml:"operations"` // Encrypt, Decrypt, GenerateDataKey, …
}

// worldCaller is an access key and whom it belongs to: exactly one of role, user and root.
type worldCaller struct {
	AccessKey     string        `yaml:"access_key"`
	SecretKey     string        `yaml:"secret_key"`    // left out: the default caller's
	SessionToken  string        `yaml:"session_token"` // given: requests must carry it
	Account       string        `yaml:"account"`
	Role          string        `yaml:"role"` // a session of this role
	User          string        `yaml:"user"`
	Root          bool          `yaml:"root"`
	Session       string        `yaml:"session"` // role session name; left out: caller
	SessionPolicy string        `yaml:"session_policy"`
	ExpiresIn     time.Duration `yaml:"expires_in"` // left out: never; negative: expired
}

// Load reads a world file strictly: an unknown field, a value of the wrong type,
// a key given twice and a reference to something that is not there are errors
// that name the line. All errors of one kind are reported together.
func Load(name string, data []byte) (*World, error) {
	w := &World{name: name, lines: map[string]int{}}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(w); err != nil {
		return nil, w.syntaxError(err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one YAML document; a world is one document", name)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, w.syntaxError(err)
	}
	w.index("", &root)
	w.defaults()
	return w, w.check()
}

// goType is how the YAML package names a Go type in its messages.
var goType = regexp.MustCompile(` (in|into) type sandbox\.\w+| into (\[\]|map\[string\])?(sandbox\.|setting\.|state\.)?`)

func (w *World) syntaxError(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: empty world; give at least one account", w.name)
	}
	var all *yaml.TypeError
	if !errors.As(err, &all) {
		return fmt.Errorf("%s: %s", w.name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var errs []error
	for _, text := range all.Errors {
		line, rest, _ := strings.Cut(strings.TrimPrefix(text, "line "), ": ")
		if field, ok := strings.CutPrefix(rest, "field "); ok {
			field, _, _ = strings.Cut(field, " not found in type")
			rest = fmt.Sprintf("unknown field %q", field)
		}
		errs = append(errs, fmt.Errorf("%s:%s: %s", w.name, line, goType.ReplaceAllString(rest, " into ")))
	}
	return errors.Join(errs...)
}

// index records the line of every node under its path.
func (w *World) index(path string, n *yaml.Node) {
	if n.Kind == yaml.DocumentNode || n.Kind == yaml.AliasNode {
		if n.Kind == yaml.AliasNode {
			w.lines[path] = n.Line
			return
		}
		w.index(path, n.Content[0])
		return
	}
	w.lines[path] = n.Line
	switch n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			w.index(fmt.Sprintf("%s[%d]", path, i), item)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			w.index(strings.TrimPrefix(path+"."+n.Content[i].Value, "."), n.Content[i+1])
		}
	}
}

// line is the line of the node at path, or of the nearest node around it.
func (w *World) line(path string) int {
	for path != "" {
		if n, ok := w.lines[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return w.lines[""]
}

// problems collects what is wrong with a world.
type problems struct {
	w    *World
	errs []error
}

// add reports a problem of the node at path, as in accounts[0].buckets[2].name.
func (p *problems) add(path, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s: %s", p.w.name, p.w.line(path), path, fmt.Sprintf(format, args...)))
}

// oneOf reports a value that is not among those AWS knows.
func (p *problems) oneOf(path, value string, known ...string) {
	if !slices.Contains(known, value) {
		p.add(path, "%q is not one of %s", value, strings.Join(known, ", "))
	}
}

// defaults fills in what a world leaves out.
func (w *World) defaults() {
	set(&w.Partition, "aws")
	if o := w.Organization; o != nil {
		set(&o.FeatureSet, "ALL")
		set(&o.ID, "o-sandbox001")
		set(&o.Root, "r-sand")
		if o.PolicyTypes == nil {
			o.PolicyTypes = []string{state.SCP, state.RCP}
		}
	}
	for i := range w.AWSManagedPolicies {
		set(&w.AWSManagedPolicies[i].Path, "/")
	}
	for i := range w.Accounts {
		a := &w.Accounts[i]
		set(&a.Name, "account-"+a.ID)
		set(&a.Email, a.Name+"@example.com")
		set(&a.Status, "ACTIVE")
		if w.Organization == nil {
			set(&a.Parent, outside)
		} else {
			set(&a.Parent, w.Organization.Root)
		}
		for j := range a.Roles {
			set(&a.Roles[j].Path, "/")
			if a.Roles[j].MaxSessionDuration == 0 {
				a.Roles[j].MaxSessionDuration = time.Hour
			}
		}
		for j := range a.Users {
			set(&a.Users[j].Path, "/")
		}
		for j := range a.Alarms {
			set(&a.Alarms[j].Namespace, "AWS/S3")
			set(&a.Alarms[j].Metric, "OperationsFailedReplication")
			set(&a.Alarms[j].Statistic, "Sum")
			set(&a.Alarms[j].Comparison, "GreaterThanThreshold")
		}
		for j := range a.Policies {
			set(&a.Policies[j].Path, "/")
		}
		for j := range a.Keys {
			k := &a.Keys[j]
			set(&k.State, "Enabled")
			set(&k.Spec, "SYMMETRIC_DEFAULT")
			set(&k.Usage, "ENCRYPT_DECRYPT")
			set(&k.Origin, "AWS_KMS")
			for n, alias := range k.Aliases {
				if !strings.HasPrefix(alias, "alias/") {
					k.Aliases[n] = "alias/" + alias
				}
			}
		}
	}
	for i := range w.Callers {
		set(&w.Callers[i].Session, "caller")
	}
}

// outside is the parent of an account that is in no organization.
const outside = "none"

func set(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

var (
	iamName   = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	iamPath   = regexp.MustCompile(`^/([\x21-\x7e]+/)?$`)
	keyID     = regexp.MustCompile(`^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	accessKey = regexp.MustCompile(`^\w{16,128}$`)
)

func (p *problems) match(path, value string, form func(string) bool, what string) {
	if !form(value) {
		p.add(path, "%q is not %s", value, what)
	}
}

// unique reports a name that was seen before.
func (p *problems) unique(path, what, name string, seen map[string]string) {
	if first, ok := seen[name]; ok {
		p.add(path, "%s %q is already at line %d", what, name, p.w.line(first))
		return
	}
	seen[name] = path
}

func (w *World) check() error {
	p := &problems{w: w}
	p.oneOf("partition", w.Partition, fact.Partitions()...)
	if w.Lag < 0 {
		p.add("lag", "a replication lag is not negative")
	}
	if len(w.Accounts) == 0 {
		p.add("accounts", "no account; give at least one")
	}
	awsManaged := map[string]string{}
	for i, m := range w.AWSManagedPolicies {
		at := fmt.Sprintf("aws_managed_policies[%d]", i)
		p.policy(at, m)
		p.unique(at+".name", "policy", m.Name, awsManaged)
	}
	parents := w.checkOrganization(p)

	accounts := map[string]string{}
	buckets, keys := map[string]string{}, map[string]string{}
	for i := range w.Accounts {
		a, at := &w.Accounts[i], fmt.Sprintf("accounts[%d]", i)
		p.match(at+".id", a.ID, state.IsAccountID, "an account id of 12 digits")
		p.unique(at+".id", "account", a.ID, accounts)
		p.oneOf(at+".status", a.Status, "ACTIVE", "SUSPENDED", "PENDING_CLOSURE")
		if a.Parent != outside && !parents[a.Parent] {
			p.add(at+".parent", "no root or OU %q in the organization; %q puts the account outside it", a.Parent, outside)
		}
		p.attached(at, a.worldTarget)
		p.raw(at, "account", a.Raw)
		if a.Parent == outside && (a.SCPs != nil || a.RCPs != nil || a.FullAWSAccess != nil) {
			p.add(at, "account %s is outside the organization: scps, rcps and full_aws_access have no meaning", a.ID)
		}
		p.iam(at, a)
		for j, alarm := range a.Alarms {
			p.match(fmt.Sprintf("%s.alarms[%d].region", at, j), alarm.Region, state.IsRegion, "a Region such as us-east-1")
			if alarm.Name == "" {
				p.add(fmt.Sprintf("%s.alarms[%d]", at, j), "an alarm needs a name")
			}
		}
		for j, k := range a.Keys {
			p.key(fmt.Sprintf("%s.keys[%d]", at, j), a, k, keys)
		}
		for j := range a.Buckets {
			at := fmt.Sprintf("%s.buckets[%d]", at, j)
			p.bucket(at, &a.Buckets[j])
			p.unique(at+".name", "bucket", a.Buckets[j].Name, buckets)
		}
	}
	if o := w.Organization; o != nil {
		a := w.account(o.ManagementAccount)
		switch {
		case a == nil:
			p.add("organization.management_account", "no account %q in this world", o.ManagementAccount)
		case a.Parent == outside:
			p.add("organization.management_account", "account %s has parent %q", a.ID, outside)
		}
		for i, d := range o.DelegatedAdministrators {
			at := fmt.Sprintf("organization.delegated_administrators[%d]", i)
			switch a := w.account(d.Account); {
			case a == nil || a.Parent == outside:
				p.add(at+".account", "no account %q in the organization", d.Account)
			case d.Account == o.ManagementAccount:
				p.add(at+".account", "the management account cannot be a delegated administrator")
			}
			if len(d.Services) == 0 {
				p.add(at, "name at least one service, such as config.amazonaws.com")
			}
		}
	}
	callers := map[string]string{DefaultAccessKey: ""}
	for i, c := range w.Callers {
		p.caller(fmt.Sprintf("callers[%d]", i), c, callers)
	}
	for i := range w.Faults {
		if err := w.Faults[i].check(); err != nil {
			p.add(fmt.Sprintf("faults[%d]", i), "%v", err)
		}
	}
	return errors.Join(p.errs...)
}

// checkOrganization returns the ids that an account may have as its parent.
func (w *World) checkOrganization(p *problems) map[string]bool {
	o, parents := w.Organization, map[string]bool{}
	if o == nil {
		return parents
	}
	parents[o.Root] = true
	p.match("organization.id", o.ID, regexp.MustCompile(`^o-[a-z0-9]{10,32}$`).MatchString, "an organization id such as o-a1b2c3d4e5")
	p.match("organization.root", o.Root, regexp.MustCompile(`^r-[a-z0-9]{4,32}$`).MatchString, "a root id such as r-ab12")
	p.oneOf("organization.feature_set", o.FeatureSet, "ALL", "CONSOLIDATED_BILLING")
	for i, t := range o.PolicyTypes {
		p.oneOf(fmt.Sprintf("organization.policy_types[%d]", i), t, state.SCP, state.RCP, state.S3Policy)
	}
	p.oneOf("organization.public_access_block", o.PublicAccessBlock, "", "all", "none")
	seen := map[string]string{}
	for i, d := range o.Policies {
		at := fmt.Sprintf("organization.policies[%d]", i)
		p.match(at+".id", d.ID, regexp.MustCompile(`^p-[0-9a-zA-Z_]{8,128}$`).MatchString, "a policy id such as p-a1b2c3d4")
		p.oneOf(at+".type", d.Type, state.SCP, state.RCP)
		if d.Name == "" || d.Document == "" {
			p.add(at, "a policy needs a name and a document")
		}
		p.unique(at+".id", "policy", d.ID, seen)
		p.unique(at+".name", "policy", d.Name, seen)
	}
	p.attached("organization", o.worldTarget)
	p.raw("organization", "organization", o.Raw)
	units := map[string]string{o.Root: "organization.root"}
	var walk func(string, []worldUnit)
	walk = func(at string, list []worldUnit) {
		for i, u := range list {
			at := fmt.Sprintf("%s.units[%d]", at, i)
			p.match(at+".id", u.ID, regexp.MustCompile(`^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$`).MatchString, "an OU id such as ou-ab12-a1b2c3d4")
			p.unique(at+".id", "OU", u.ID, units)
			if u.Name == "" {
				p.add(at, "an OU needs a name")
			}
			parents[u.ID] = true
			p.attached(at, u.worldTarget)
			walk(at, u.Units)
		}
	}
	walk("organization", o.Units)
	return parents
}

func (w *World) account(id string) *worldAccount {
	for i := range w.Accounts {
		if w.Accounts[i].ID == id {
			return &w.Accounts[i]
		}
	}
	return nil
}

// orgPolicy finds a policy of the organization by id or name.
func (w *World) orgPolicy(kind, ref string) *worldOrgPolicy {
	if w.Organization == nil {
		return nil
	}
	for i, d := range w.Organization.Policies {
		if d.Type == kind && (d.ID == ref || d.Name == ref) {
			return &w.Organization.Policies[i]
		}
	}
	return nil
}

func (p *problems) attached(at string, t worldTarget) {
	for i, ref := range t.SCPs {
		if p.w.orgPolicy(state.SCP, ref) == nil {
			p.add(fmt.Sprintf("%s.scps[%d]", at, i), "no SCP %q in organization.policies", ref)
		}
	}
	for i, ref := range t.RCPs {
		if p.w.orgPolicy(state.RCP, ref) == nil {
			p.add(fmt.Sprintf("%s.rcps[%d]", at, i), "no RCP %q in organization.policies", ref)
		}
	}
}

func (p *problems) iam(at string, a *worldAccount) {
	roles, users, policies := map[string]string{}, map[string]string{}, map[string]string{}
	for i, m := range a.Policies {
		at := fmt.Sprintf("%s.policies[%d]", at, i)
		p.policy(at, m)
		p.unique(at+".name", "policy", strings.ToLower(m.Name), policies)
	}
	for i, r := range a.Roles {
		at := fmt.Sprintf("%s.roles[%d]", at, i)
		p.entity(at, a, r.worldEntity)
		p.raw(at, "role", r.Raw)
		p.unique(at+".name", "role", strings.ToLower(r.Name), roles)
		if r.Trust == "" {
			p.add(at, "a role needs a trust policy")
		}
		if r.MaxSessionDuration < time.Hour || r.MaxSessionDuration > 12*time.Hour {
			p.add(at+".max_session_duration", "a session lasts at most 1h to 12h")
		}
	}
	for i, u := range a.Users {
		at := fmt.Sprintf("%s.users[%d]", at, i)
		p.entity(at, a, u.worldEntity)
		p.unique(at+".name", "user", strings.ToLower(u.Name), users)
	}
}

func (p *problems) policy(at string, m worldPolicy) {
	p.match(at+".name", m.Name, iamName.MatchString, "a policy name")
	p.match(at+".path", m.Path, iamPath.MatchString, "a path such as /service-role/")
	if m.Document == "" {
		p.add(at, "a policy needs a document")
	}
}

func (p *problems) entity(at string, a *worldAccount, e worldEntity) {
	p.match(at+".name", e.Name, iamName.MatchString, "a name of letters, digits and +=,.@_-")
	p.match(at+".path", e.Path, iamPath.MatchString, "a path such as /service-role/")
	for i, ref := range e.Attached {
		if p.w.managedPolicyARN(a, ref) == "" {
			p.add(fmt.Sprintf("%s.attached[%d]", at, i), "no managed policy %q in account %s", ref, a.ID)
		}
	}
	if e.Boundary != "" && p.w.managedPolicyARN(a, e.Boundary) == "" {
		p.add(at+".boundary", "no managed policy %q in account %s", e.Boundary, a.ID)
	}
	for name, text := range e.Inline {
		if text == "" {
			p.add(at+".inline."+name, "a policy needs a document")
		}
	}
}

// managedPolicyARN finds a managed policy by ARN or name: the account's own
// before AWS's; "" when there is none.
func (w *World) managedPolicyARN(a *worldAccount, ref string) string {
	for _, m := range a.Policies {
		arn := w.policyARN(a.ID, m)
		if ref == m.Name || ref == arn {
			return arn
		}
	}
	for _, m := range slices.Concat(w.AWSManagedPolicies, []worldPolicy{administratorAccess}) {
		arn := w.policyARN("aws", m)
		if ref == m.Name || ref == arn {
			return arn
		}
	}
	return ""
}

func (w *World) policyARN(account string, m worldPolicy) string {
	return "arn:" + w.Partition + ":iam::" + account + ":policy" + m.Path + m.Name
}

// administratorAccess is the AWS managed policy that every world has.
var administratorAccess = worldPolicy{
	Name: "AdministratorAccess",
	Path: "/",
	Document: `{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}`,
}

func (p *problems) key(at string, a *worldAccount, k worldKey, keys map[string]string) {
	p.match(at+".id", k.ID, keyID.MatchString, "a key id: a UUID, or mrk- and 32 hexadecimal digits")
	p.match(at+".region", k.Region, state.IsRegion, "a Region such as us-east-1")
	p.unique(at+".id", "key", a.ID+"/"+k.Region+"/"+k.ID, keys)
	if k.MultiRegion != strings.HasPrefix(k.ID, "mrk-") {
		p.add(at+".id", "exactly the multi-Region keys have an id that begins with mrk-")
	}
	p.raw(at, "key", k.Raw)
	p.oneOf(at+".state", k.State, "Enabled", "Disabled", "PendingDeletion", "PendingImport", "Unavailable")
	for i, alias := range k.Aliases {
		at := fmt.Sprintf("%s.aliases[%d]", at, i)
		if name := strings.TrimPrefix(alias, "alias/"); name == "" || strings.HasPrefix(name, "aws/") {
			p.add(at, "%q is not a name for an alias; those that begin with aws/ are AWS's own", alias)
		}
		p.unique(at, "alias", a.ID+"/"+k.Region+"/"+alias, keys)
	}
	for i, g := range k.Grants {
		if g.Grantee == "" || len(g.Operations) == 0 {
			p.add(fmt.Sprintf("%s.grants[%d]", at, i), "a grant needs a grantee and operations")
		}
	}
}

func (p *problems) caller(at string, c worldCaller, seen map[string]string) {
	p.match(at+".access_key", c.AccessKey, accessKey.MatchString, "an access key id of 16 to 128 letters and digits")
	p.unique(at+".access_key", "access key", c.AccessKey, seen)
	a := p.w.account(c.Account)
	if a == nil {
		p.add(at+".account", "no account %q in this world", c.Account)
		return
	}
	given := 0
	if c.Root {
		given++
	}
	if c.Role != "" {
		given++
		if !slices.ContainsFunc(a.Roles, func(r worldRole) bool { return r.Name == c.Role }) {
			p.add(at+".role", "no role %q in account %s", c.Role, a.ID)
		}
	}
	if c.User != "" {
		given++
		if !slices.ContainsFunc(a.Users, func(u worldUser) bool { return u.Name == c.User }) {
			p.add(at+".user", "no user %q in account %s", c.User, a.ID)
		}
	}
	if given != 1 {
		p.add(at, "a caller is exactly one of role, user and root")
	}
	if c.SessionPolicy != "" && c.Role == "" {
		p.add(at+".session_policy", "only a role session has a session policy")
	}
}
