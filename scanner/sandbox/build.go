package sandbox

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/iam"
)

// The caller that every world has: the IAM user "administrator" of the management
// account (of the first account where there is no organization), who has the AWS
// managed policy AdministratorAccess. The keys are those of AWS's documentation.
const (
	DefaultAccessKey = "AKIAIOSFODNN7EXAMPLE"
	DefaultSecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

	defaultUser = "administrator"
)

// New is an AWS that holds what w describes. Its clock is time.Now: everything
// that is there from the beginning was created now.
func New(w *World) (*Sandbox, error) {
	state, err := w.build()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{state: state, calls: map[Call]int{}, actions: map[Action]int{}}
	for _, f := range w.Faults {
		if err := s.AddFault(f); err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return s, nil
}

// builder makes the state that a world describes.
type builder struct {
	*State
	w *World
}

// build makes the state that a checked world describes.
func (w *World) build() (*State, error) {
	b := builder{newState(w.Partition, w.Lag), w}
	for _, p := range append(w.AWSManagedPolicies, administratorAccess) {
		arn := w.policyARN("aws", p)
		if b.awsManaged[arn] == nil {
			b.awsManaged[arn] = b.newManaged(arn, p)
		}
	}
	for i := range w.Accounts {
		b.addAccount(&w.Accounts[i])
	}
	if w.Organization != nil {
		b.addOrganization()
	}
	b.addDefaultCaller()
	for _, c := range w.Callers {
		if err := b.addCaller(c); err != nil {
			return nil, fmt.Errorf("%s: caller %s: %w", w.name, c.AccessKey, err)
		}
	}
	// Buckets last: their policies and replication rules name roles and keys.
	for i := range w.Accounts {
		a := &w.Accounts[i]
		for j := range a.Buckets {
			b.addWorldBucket(a.ID, &a.Buckets[j])
		}
	}
	return b.State, nil
}

func (b builder) newManaged(arn string, p worldPolicy) *managedPolicy {
	m := &managedPolicy{arn: arn, name: p.Name, path: p.Path, id: p.ID, document: p.Document, created: b.created}
	set(&m.id, uniqueID("ANPA", arn))
	return m
}

func (b builder) addAccount(from *worldAccount) {
	a := &account{
		id: from.ID, name: from.Name, email: from.Email, status: from.Status, canonicalID: from.CanonicalID,
		tags:    from.Tags,
		roles:   map[string]*role{},
		users:   map[string]*user{},
		managed: map[string]*managedPolicy{},
		aliases: map[string]string{},
	}
	set(&a.canonicalID, hex.EncodeToString(digest("canonical user", a.id)))
	if from.PublicAccessBlock != nil {
		own := *from.PublicAccessBlock
		a.publicAccess = &own
	}
	b.accounts[a.id] = a
	for _, p := range from.Policies {
		arn := b.w.policyARN(a.id, p)
		a.managed[arn] = b.newManaged(arn, p)
	}
	for _, r := range from.Roles {
		a.roles[strings.ToLower(r.Name)] = &role{
			entity:      b.newEntity(from, "role", "AROA", r.worldEntity),
			trust:       r.Trust,
			description: r.Description,
			maxSession:  r.MaxSessionDuration,
		}
	}
	for _, u := range from.Users {
		a.users[strings.ToLower(u.Name)] = &user{b.newEntity(from, "user", "AIDA", u.worldEntity)}
	}
	for _, k := range from.Keys {
		b.addKey(a, k)
	}
}

func (b builder) newEntity(a *worldAccount, kind, prefix string, from worldEntity) entity {
	e := entity{
		arn:  "arn:" + b.partition + ":iam::" + a.ID + ":" + kind + from.Path + from.Name,
		path: from.Path, name: from.Name, id: from.ID, tags: from.Tags, created: b.created,
	}
	set(&e.id, uniqueID(prefix, e.arn))
	if from.Boundary != "" {
		e.boundary = b.w.managedPolicyARN(a, from.Boundary)
	}
	for _, name := range slices.Sorted(maps.Keys(from.Inline)) {
		e.inline = append(e.inline, namedDocument{name, from.Inline[name]})
	}
	for _, ref := range from.Attached {
		e.attached = append(e.attached, b.w.managedPolicyARN(a, ref))
	}
	return e
}

func (b builder) addKey(a *account, from worldKey) {
	k := &key{
		arn: "arn:" + b.partition + ":kms:" + from.Region + ":" + a.id + ":key/" + from.ID,
		id:  from.ID, account: a.id, region: from.Region, state: from.State, manager: "CUSTOMER",
		spec: from.Spec, usage: from.Usage, origin: from.Origin, policy: from.Policy, description: from.Description,
		multiRegion: from.MultiRegion, tags: from.Tags, created: b.created,
	}
	set(&k.policy, defaultKeyPolicy(b.partition, a.id))
	for i, g := range from.Grants {
		set(&g.ID, hex.EncodeToString(digest("grant", k.arn, fmt.Sprint(i))))
		k.grants = append(k.grants, grant{id: g.ID, grantee: g.Grantee, operations: g.Operations})
	}
	for _, alias := range from.Aliases {
		a.aliases[from.Region+"/"+alias] = k.arn
	}
	b.keys[k.arn] = k
}

func (b builder) addOrganization() {
	from := b.w.Organization
	o := &organization{
		id: from.ID, managementID: from.ManagementAccount, rootID: from.Root, featureSet: from.FeatureSet,
		enabledTypes: map[string]bool{},
		parent:       map[string]string{},
		children:     map[string][]string{},
		unitName:     map[string]string{},
		policies:     map[string]*orgPolicy{},
		attached:     map[string][]string{},
	}
	b.org = o
	for _, t := range from.PolicyTypes {
		o.enabledTypes[t] = true
	}
	for _, p := range []*orgPolicy{
		{id: "p-FullAWSAccess", name: "FullAWSAccess", kind: scpType, description: "Allows access to every operation", document: fullAWSAccess},
		{id: "p-RCPFullAWSAccess", name: "RCPFullAWSAccess", kind: rcpType, description: "Allows access to every operation", document: rcpFullAWSAccess},
	} {
		p.arn = "arn:" + b.partition + ":organizations::aws:policy/" + strings.ToLower(p.kind) + "/" + p.id
		p.awsManaged = true
		o.policies[p.id] = p
	}
	for _, p := range from.Policies {
		o.policies[p.ID] = &orgPolicy{
			id: p.ID, name: p.Name, kind: p.Type, description: p.Description, document: p.Document,
			arn: b.orgARN("policy", strings.ToLower(p.Type), p.ID),
		}
	}
	attach := func(target string, t worldTarget) {
		if t.FullAWSAccess == nil || *t.FullAWSAccess {
			o.attached[target] = append(o.attached[target], "p-FullAWSAccess")
		}
		o.attached[target] = append(o.attached[target], "p-RCPFullAWSAccess")
		for _, ref := range t.SCPs {
			o.attached[target] = append(o.attached[target], b.w.orgPolicy(scpType, ref).ID)
		}
		for _, ref := range t.RCPs {
			o.attached[target] = append(o.attached[target], b.w.orgPolicy(rcpType, ref).ID)
		}
	}
	under := func(parent, child string) {
		o.parent[child] = parent
		o.children[parent] = append(o.children[parent], child)
	}
	attach(o.rootID, from.worldTarget)
	var units func(string, []worldUnit)
	units = func(parent string, list []worldUnit) {
		for _, u := range list {
			o.unitName[u.ID] = u.Name
			under(parent, u.ID)
			attach(u.ID, u.worldTarget)
			units(u.ID, u.Units)
		}
	}
	units(o.rootID, from.Units)
	for i := range b.w.Accounts {
		if a := &b.w.Accounts[i]; a.Parent != outside {
			under(a.Parent, a.ID)
			attach(a.ID, a.worldTarget)
		}
	}
	for _, d := range from.DelegatedAdministrators {
		o.delegated = append(o.delegated, delegated{d.Account, d.Services})
	}
}

func (b builder) addDefaultCaller() {
	home := b.w.Accounts[0].ID
	if b.org != nil {
		home = b.org.managementID
	}
	a := b.accounts[home]
	u := a.users[defaultUser]
	if u == nil {
		arn := "arn:" + b.partition + ":iam::" + home + ":user/" + defaultUser
		u = &user{entity{
			arn: arn, path: "/", name: defaultUser, id: uniqueID("AIDA", arn), created: b.created,
			attached: []string{b.w.policyARN("aws", administratorAccess)},
		}}
		a.users[defaultUser] = u
	}
	b.access[DefaultAccessKey] = b.userIdentity(a, u, DefaultSecretKey)
}

func (b builder) addCaller(c worldCaller) error {
	a := b.accounts[c.Account]
	var who *identity
	switch {
	case c.Role != "":
		who = b.sessionIdentity(a.id, a.roles[strings.ToLower(c.Role)], c.Session)
		who.session = c.SessionPolicy
		who.issued = b.created
	case c.User != "":
		who = b.userIdentity(a, a.users[strings.ToLower(c.User)], "")
	default:
		p, err := iam.ParsePrincipal("arn:" + b.partition + ":iam::" + a.id + ":root")
		if err != nil {
			return err
		}
		p.InManagementAccount = b.isManagement(a.id)
		who = &identity{account: a.id, principal: p}
	}
	who.secret, who.token = c.SecretKey, c.SessionToken
	set(&who.secret, DefaultSecretKey)
	if c.ExpiresIn != 0 {
		who.expires = b.created.Add(c.ExpiresIn)
	}
	b.access[c.AccessKey] = who
	return nil
}

// The policies that AWS attaches everywhere.
const (
	fullAWSAccess = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}`
	rcpFullAWSAccess = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": "*",
      "Action": "*",
      "Resource": "*"
    }
  ]
}`
)
