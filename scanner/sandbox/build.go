package sandbox

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
	s := &Sandbox{
		partition:  w.Partition,
		accounts:   map[string]*account{},
		awsManaged: map[string]*managedPolicy{},
		buckets:    map[string]*bucket{},
		keys:       map[string]*key{},
		access:     map[string]*identity{},
		lag:        w.Lag,
		created:    time.Now(),
		parsed:     map[parsedKey]*iam.Policy{},
		calls:      map[Call]int{},
		actions:    map[Action]int{},
	}
	for _, p := range append(w.AWSManagedPolicies, administratorAccess) {
		arn := w.policyARN("aws", p)
		if s.awsManaged[arn] == nil {
			s.awsManaged[arn] = s.newManaged(arn, p)
		}
	}
	for i := range w.Accounts {
		s.addAccount(w, &w.Accounts[i])
	}
	if w.Organization != nil {
		s.addOrganization(w)
	}
	s.addDefaultCaller(w)
	for _, c := range w.Callers {
		if err := s.addCaller(c); err != nil {
			return nil, fmt.Errorf("%s: caller %s: %w", w.name, c.AccessKey, err)
		}
	}
	for _, f := range w.Faults {
		if err := s.AddFault(f); err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
	}
	// Buckets last: their policies and replication rules name roles and keys.
	for i := range w.Accounts {
		a := &w.Accounts[i]
		for j := range a.Buckets {
			s.addBucket(a.ID, &a.Buckets[j])
		}
	}
	return s, nil
}

func (s *Sandbox) newManaged(arn string, p worldPolicy) *managedPolicy {
	m := &managedPolicy{arn: arn, name: p.Name, path: p.Path, id: p.ID, document: p.Document, created: s.created}
	set(&m.id, uniqueID("ANPA", arn))
	return m
}

func (s *Sandbox) addAccount(w *World, from *worldAccount) {
	a := &account{
		id: from.ID, name: from.Name, email: from.Email, status: from.Status, canonicalID: from.CanonicalID,
		tags:    from.Tags,
		roles:   map[string]*role{},
		users:   map[string]*user{},
		managed: map[string]*managedPolicy{},
		aliases: map[string]string{},
	}
	set(&a.canonicalID, hex.EncodeToString(digest("canonical user", a.id)))
	if b := from.PublicAccessBlock; b != nil {
		a.publicAccess = &publicAccessBlock{
			blockACLs: b.BlockPublicAcls, ignoreACLs: b.IgnorePublicAcls,
			blockPolicy: b.BlockPublicPolicy, restrict: b.RestrictPublicBuckets,
		}
	}
	s.accounts[a.id] = a
	for _, p := range from.Policies {
		arn := w.policyARN(a.id, p)
		a.managed[arn] = s.newManaged(arn, p)
	}
	for _, r := range from.Roles {
		a.roles[strings.ToLower(r.Name)] = &role{
			entity:      s.newEntity(w, from, "role", "AROA", r.worldEntity),
			trust:       r.Trust,
			description: r.Description,
			maxSession:  r.MaxSessionDuration,
		}
	}
	for _, u := range from.Users {
		a.users[strings.ToLower(u.Name)] = &user{s.newEntity(w, from, "user", "AIDA", u.worldEntity)}
	}
	for _, k := range from.Keys {
		s.addKey(a, k)
	}
}

func (s *Sandbox) newEntity(w *World, a *worldAccount, kind, prefix string, from worldEntity) entity {
	e := entity{
		arn:  "arn:" + s.partition + ":iam::" + a.ID + ":" + kind + from.Path + from.Name,
		path: from.Path, name: from.Name, id: from.ID, tags: from.Tags, created: s.created,
	}
	set(&e.id, uniqueID(prefix, e.arn))
	if from.Boundary != "" {
		e.boundary = w.managedPolicyARN(a, from.Boundary)
	}
	for _, name := range slices.Sorted(maps.Keys(from.Inline)) {
		e.inline = append(e.inline, namedDocument{name, from.Inline[name]})
	}
	for _, ref := range from.Attached {
		e.attached = append(e.attached, w.managedPolicyARN(a, ref))
	}
	return e
}

func (s *Sandbox) addKey(a *account, from worldKey) {
	k := &key{
		arn: "arn:" + s.partition + ":kms:" + from.Region + ":" + a.id + ":key/" + from.ID,
		id:  from.ID, account: a.id, region: from.Region, state: from.State, manager: "CUSTOMER",
		spec: from.Spec, usage: from.Usage, origin: from.Origin, policy: from.Policy, description: from.Description,
		multiRegion: from.MultiRegion, tags: from.Tags, created: s.created,
	}
	set(&k.policy, defaultKeyPolicy(s.partition, a.id))
	for i, g := range from.Grants {
		set(&g.ID, hex.EncodeToString(digest("grant", k.arn, fmt.Sprint(i))))
		k.grants = append(k.grants, grant{id: g.ID, grantee: g.Grantee, operations: g.Operations})
	}
	for _, alias := range from.Aliases {
		a.aliases[from.Region+"/"+alias] = k.arn
	}
	s.keys[k.arn] = k
}

func (s *Sandbox) addOrganization(w *World) {
	from := w.Organization
	o := &organization{
		id: from.ID, managementID: from.ManagementAccount, rootID: from.Root, featureSet: from.FeatureSet,
		enabledTypes: map[string]bool{},
		parent:       map[string]string{},
		children:     map[string][]string{},
		unitName:     map[string]string{},
		policies:     map[string]*orgPolicy{},
		attached:     map[string][]string{},
	}
	s.org = o
	for _, t := range from.PolicyTypes {
		o.enabledTypes[t] = true
	}
	for _, p := range []*orgPolicy{
		{id: "p-FullAWSAccess", name: "FullAWSAccess", kind: scpType, description: "Allows access to every operation", document: fullAWSAccess},
		{id: "p-RCPFullAWSAccess", name: "RCPFullAWSAccess", kind: rcpType, description: "Allows access to every operation", document: rcpFullAWSAccess},
	} {
		p.arn = "arn:" + s.partition + ":organizations::aws:policy/" + strings.ToLower(p.kind) + "/" + p.id
		p.awsManaged = true
		o.policies[p.id] = p
	}
	for _, p := range from.Policies {
		o.policies[p.ID] = &orgPolicy{
			id: p.ID, name: p.Name, kind: p.Type, description: p.Description, document: p.Document,
			arn: s.orgARN("policy", strings.ToLower(p.Type), p.ID),
		}
	}
	attach := func(target string, t worldTarget) {
		if t.FullAWSAccess == nil || *t.FullAWSAccess {
			o.attached[target] = append(o.attached[target], "p-FullAWSAccess")
		}
		o.attached[target] = append(o.attached[target], "p-RCPFullAWSAccess")
		for _, ref := range t.SCPs {
			o.attached[target] = append(o.attached[target], w.orgPolicy(scpType, ref).ID)
		}
		for _, ref := range t.RCPs {
			o.attached[target] = append(o.attached[target], w.orgPolicy(rcpType, ref).ID)
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
	for i := range w.Accounts {
		if a := &w.Accounts[i]; a.Parent != outside {
			under(a.Parent, a.ID)
			attach(a.ID, a.worldTarget)
		}
	}
	for _, d := range from.DelegatedAdministrators {
		o.delegated = append(o.delegated, delegated{d.Account, d.Services})
	}
}

// orgARN is the ARN of a resource of the organization: kind/o-…/rest.
func (s *Sandbox) orgARN(kind string, rest ...string) string {
	return "arn:" + s.partition + ":organizations::" + s.org.managementID + ":" + kind + "/" +
		strings.Join(append([]string{s.org.id}, rest...), "/")
}

func (s *Sandbox) addDefaultCaller(w *World) {
	home := w.Accounts[0].ID
	if s.org != nil {
		home = s.org.managementID
	}
	a := s.accounts[home]
	u := a.users[defaultUser]
	if u == nil {
		arn := "arn:" + s.partition + ":iam::" + home + ":user/" + defaultUser
		u = &user{entity{
			arn: arn, path: "/", name: defaultUser, id: uniqueID("AIDA", arn), created: s.created,
			attached: []string{w.policyARN("aws", administratorAccess)},
		}}
		a.users[defaultUser] = u
	}
	s.access[DefaultAccessKey] = s.userIdentity(a, u, DefaultSecretKey)
}

func (s *Sandbox) userIdentity(a *account, u *user, secret string) *identity {
	return &identity{account: a.id, user: u, secret: secret, principal: iam.Principal{
		Kind: iam.PrincipalUser, ARN: u.arn, Account: a.id, Partition: s.partition, UserID: u.id,
		Boundary: truth(u.boundary != ""), InManagementAccount: s.isManagement(a.id),
	}}
}

// sessionIdentity is a session of a role.
func (s *Sandbox) sessionIdentity(accountID string, r *role, session string) *identity {
	p := iam.RoleSession(r.arn, r.id, session)
	p.Boundary = truth(r.boundary != "")
	p.InManagementAccount = s.isManagement(accountID)
	return &identity{account: accountID, role: r, principal: p}
}

func (s *Sandbox) isManagement(accountID string) bool {
	return s.org != nil && s.org.managementID == accountID
}

func truth(b bool) iam.Truth {
	if b {
		return iam.True
	}
	return iam.False
}

func (s *Sandbox) addCaller(c worldCaller) error {
	a := s.accounts[c.Account]
	var who *identity
	switch {
	case c.Role != "":
		who = s.sessionIdentity(a.id, a.roles[strings.ToLower(c.Role)], c.Session)
		who.session = c.SessionPolicy
		who.issued = s.created
	case c.User != "":
		who = s.userIdentity(a, a.users[strings.ToLower(c.User)], "")
	default:
		p, err := iam.ParsePrincipal("arn:" + s.partition + ":iam::" + a.id + ":root")
		if err != nil {
			return err
		}
		p.InManagementAccount = s.isManagement(a.id)
		who = &identity{account: a.id, principal: p}
	}
	who.secret, who.token = c.SecretKey, c.SessionToken
	set(&who.secret, DefaultSecretKey)
	if c.ExpiresIn != 0 {
		who.expires = s.created.Add(c.ExpiresIn)
	}
	s.access[c.AccessKey] = who
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
