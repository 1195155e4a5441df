package sandbox

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/iam/principal"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
)

// The caller that every world has: the IAM user "administrator" of the management
// account (of the first account where there is no organization), who has the AWS
// managed policy AdministratorAccess. The keys are those of AWS's documentation.
const (
	DefaultAccessKey = "AKIAIOSFODNN7EXAMPLE"
	DefaultSecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

	defaultUser = "administrator"
)

// New is an AWS with what w describes. Its clock is time.Now: everything
// that is there from the beginning was created now. Several may be made of one world, at
// the same time too: none changes it.
func New(w *World) (*Sandbox, error) {
	built, err := w.build()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{state: built, raws: w.raws(), calls: map[Call]int{}, actions: map[service.Action]int{}}
	for _, f := range w.Faults {
		if err := s.AddFault(f); err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return s, nil
}

// builder makes the state that a world describes.
type builder struct {
	*state.State
	w *World
}

// build makes the state that a checked world describes.
func (w *World) build() (*state.State, error) {
	b := builder{state.New(w.Partition, w.Lag), w}
	for _, p := range slices.Concat(w.AWSManagedPolicies, []worldPolicy{administratorAccess}) {
		arn := w.policyARN("aws", p)
		if b.AWSManaged[arn] == nil {
			b.AWSManaged[arn] = b.newManaged(arn, p)
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

func (b builder) newManaged(arn string, p worldPolicy) *state.ManagedPolicy {
	m := &state.ManagedPolicy{ARN: arn, Name: p.Name, Path: p.Path, ID: p.ID, Document: p.Document, Created: b.Created}
	set(&m.ID, state.UniqueID("ANPA", arn))
	return m
}

func (b builder) addAccount(from *worldAccount) {
	a := &state.Account{
		ID: from.ID, Name: from.Name, Email: from.Email, Status: from.Status, CanonicalID: from.CanonicalID,
		Tags:    from.Tags,
		Alarms:  from.Alarms,
		Roles:   map[string]*state.Role{},
		Users:   map[string]*state.User{},
		Managed: map[string]*state.ManagedPolicy{},
		Aliases: map[string]string{},
	}
	set(&a.CanonicalID, hex.EncodeToString(state.Digest("canonical user", a.ID)))
	if from.PublicAccessBlock != nil {
		own := *from.PublicAccessBlock
		a.PublicAccess = &own
	}
	b.Accounts[a.ID] = a
	for _, p := range from.Policies {
		arn := b.w.policyARN(a.ID, p)
		a.Managed[arn] = b.newManaged(arn, p)
	}
	for _, r := range from.Roles {
		a.Roles[strings.ToLower(r.Name)] = &state.Role{
			Entity:      b.newEntity(from, "role", "AROA", r.worldEntity),
			Trust:       r.Trust,
			Description: r.Description,
			MaxSession:  r.MaxSessionDuration,
		}
	}
	for _, u := range from.Users {
		a.Users[strings.ToLower(u.Name)] = &state.User{Entity: b.newEntity(from, "user", "AIDA", u.worldEntity)}
	}
	for _, k := range from.Keys {
		b.addKey(a, k)
	}
}

func (b builder) newEntity(a *worldAccount, kind, prefix string, from worldEntity) state.Entity {
	e := state.Entity{
		ARN:  "arn:" + b.Partition + ":iam::" + a.ID + ":" + kind + from.Path + from.Name,
		Path: from.Path, Name: from.Name, ID: from.ID, Tags: from.Tags, Created: b.Created,
	}
	set(&e.ID, state.UniqueID(prefix, e.ARN))
	if from.Boundary != "" {
		e.Boundary = b.w.managedPolicyARN(a, from.Boundary)
	}
	for _, name := range slices.Sorted(maps.Keys(from.Inline)) {
		e.Inline = append(e.Inline, state.NamedDocument{Name: name, Document: from.Inline[name]})
	}
	for _, ref := range from.Attached {
		e.Attached = append(e.Attached, b.w.managedPolicyARN(a, ref))
	}
	return e
}

func (b builder) addKey(a *state.Account, from worldKey) {
	k := &state.Key{
		ARN: "arn:" + b.Partition + ":kms:" + from.Region + ":" + a.ID + ":key/" + from.ID,
		ID:  from.ID, Account: a.ID, Region: from.Region, State: from.State, Manager: "CUSTOMER",
		Spec: from.Spec, Usage: from.Usage, Origin: from.Origin, Policy: from.Policy, RAMPolicy: from.RAMPolicy, Description: from.Description,
		MultiRegion: from.MultiRegion, Tags: from.Tags, Created: b.Created,
	}
	set(&k.Policy, state.DefaultKeyPolicy(b.Partition, a.ID))
	for i, g := range from.Grants {
		set(&g.ID, hex.EncodeToString(state.Digest("grant", k.ARN, fmt.Sprint(i))))
		k.Grants = append(k.Grants, state.Grant{ID: g.ID, Grantee: g.Grantee, Operations: g.Operations})
	}
	for _, alias := range from.Aliases {
		a.Aliases[from.Region+"/"+alias] = k.ARN
	}
	b.Keys[k.ARN] = k
}

func (b builder) addOrganization() {
	from := b.w.Organization
	o := &state.Organization{
		ID: from.ID, ManagementID: from.ManagementAccount, RootID: from.Root, FeatureSet: from.FeatureSet,
		EnabledTypes: map[string]bool{},
		Parent:       map[string]string{},
		Children:     map[string][]string{},
		UnitName:     map[string]string{},
		Policies:     map[string]*state.OrgPolicy{},
		Attached:     map[string][]string{},
	}
	b.Organization = o
	for _, t := range from.PolicyTypes {
		o.EnabledTypes[t] = true
	}
	o.NoPaths = from.Paths != nil && !*from.Paths
	if on := from.PublicAccessBlock == "all"; on || from.PublicAccessBlock == "none" {
		o.EnabledTypes[state.S3Policy] = true
		o.PublicAccess = &state.PublicAccessBlock{BlockACLs: on, IgnoreACLs: on, BlockPolicy: on, Restrict: on}
	}
	for _, p := range []*state.OrgPolicy{
		{ID: "p-FullAWSAccess", Name: "FullAWSAccess", Kind: state.SCP, Description: "Allows access to every operation", Document: fullAWSAccess},
		{ID: "p-RCPFullAWSAccess", Name: "RCPFullAWSAccess", Kind: state.RCP, Description: "Allows access to every operation", Document: rcpFullAWSAccess},
	} {
		p.ARN = "arn:" + b.Partition + ":organizations::aws:policy/" + strings.ToLower(p.Kind) + "/" + p.ID
		p.AWSManaged = true
		o.Policies[p.ID] = p
	}
	for _, p := range from.Policies {
		o.Policies[p.ID] = &state.OrgPolicy{
			ID: p.ID, Name: p.Name, Kind: p.Type, Description: p.Description, Document: p.Document,
			ARN: b.OrgARN("policy", strings.ToLower(p.Type), p.ID),
		}
	}
	attach := func(target string, t worldTarget) {
		if t.FullAWSAccess == nil || *t.FullAWSAccess {
			o.Attached[target] = append(o.Attached[target], "p-FullAWSAccess")
		}
		o.Attached[target] = append(o.Attached[target], "p-RCPFullAWSAccess")
		for _, ref := range t.SCPs {
			o.Attached[target] = append(o.Attached[target], b.w.orgPolicy(state.SCP, ref).ID)
		}
		for _, ref := range t.RCPs {
			o.Attached[target] = append(o.Attached[target], b.w.orgPolicy(state.RCP, ref).ID)
		}
	}
	under := func(parent, child string) {
		o.Parent[child] = parent
		o.Children[parent] = append(o.Children[parent], child)
	}
	attach(o.RootID, from.worldTarget)
	var units func(string, []worldUnit)
	units = func(parent string, list []worldUnit) {
		for _, u := range list {
			o.UnitName[u.ID] = u.Name
			under(parent, u.ID)
			attach(u.ID, u.worldTarget)
			units(u.ID, u.Units)
		}
	}
	units(o.RootID, from.Units)
	for i := range b.w.Accounts {
		if a := &b.w.Accounts[i]; a.Parent != outside {
			under(a.Parent, a.ID)
			attach(a.ID, a.worldTarget)
		}
	}
	for _, d := range from.DelegatedAdministrators {
		o.Delegated = append(o.Delegated, state.Delegated{Account: d.Account, Services: d.Services})
	}
}

func (b builder) addDefaultCaller() {
	home := b.w.Accounts[0].ID
	if b.Organization != nil {
		home = b.Organization.ManagementID
	}
	a := b.Accounts[home]
	u := a.Users[defaultUser]
	if u == nil {
		arn := "arn:" + b.Partition + ":iam::" + home + ":user/" + defaultUser
		u = &state.User{Entity: state.Entity{
			ARN: arn, Path: "/", Name: defaultUser, ID: state.UniqueID("AIDA", arn), Created: b.Created,
			Attached: []string{b.w.policyARN("aws", administratorAccess)},
		}}
		a.Users[defaultUser] = u
	}
	b.Access[DefaultAccessKey] = b.UserIdentity(a, u, DefaultSecretKey)
}

func (b builder) addCaller(c worldCaller) error {
	a := b.Accounts[c.Account]
	var who *state.Identity
	switch {
	case c.Role != "":
		who = b.SessionIdentity(a.ID, a.Roles[strings.ToLower(c.Role)], c.Session)
		who.Session = c.SessionPolicy
		who.Issued = b.Created
	case c.User != "":
		who = b.UserIdentity(a, a.Users[strings.ToLower(c.User)], "")
	default:
		p, err := principal.Parse("arn:" + b.Partition + ":iam::" + a.ID + ":root")
		if err != nil {
			return err
		}
		p.InManagementAccount = b.IsManagement(a.ID)
		who = &state.Identity{Account: a.ID, Principal: p}
	}
	who.Secret, who.Token = c.SecretKey, c.SessionToken
	set(&who.Secret, DefaultSecretKey)
	if c.ExpiresIn != 0 {
		who.Expires = b.Created.Add(c.ExpiresIn)
	}
	b.Access[c.AccessKey] = who
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
