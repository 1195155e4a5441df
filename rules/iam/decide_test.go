package iam_test

import (
	"fmt"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// TestPaths is the table of principal kinds of AWS's evaluation page, in one
// account and between two.
func TestPaths(t *testing.T) {
	t.Parallel()
	const account, role, session, star = `{"AWS":"111111111111"}`, `{"AWS":"arn:aws:iam::111111111111:role/p/R"}`, `{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s3-replication"}`, `"*"`
	const user = `{"AWS":"arn:aws:iam::111111111111:user/U"}`
	none := iam.Policies()
	capped := iamtest.Layer(policy.Boundary, iamtest.AllowNothing)
	for _, c := range []struct {
		name       string
		caller     principal.Caller
		identity   iam.Layer
		boundary   iam.Layer
		session    iam.Layer
		Resource   iam.Layer
		same, away iam.Result
	}{
		{"identity alone", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), none, none, none, iam.Allowed, iam.Denied},
		{"nothing", iamtest.Role, none, none, none, none, iam.Denied, iam.Denied},
		{"identity under a boundary", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), capped, none, none, iam.Denied, iam.Denied},
		{"account alone", iamtest.Role, none, none, none, iamtest.Bucket(account), iam.Denied, iam.Denied},
		{"account and identity", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), none, none, iamtest.Bucket(account), iam.Allowed, iam.Allowed},
		{"account, identity, boundary", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), capped, none, iamtest.Bucket(account), iam.Denied, iam.Denied},
		{"role alone", iamtest.Role, none, none, none, iamtest.Bucket(role), iam.Allowed, iam.Denied},
		{"role under a boundary", iamtest.Role, none, capped, none, iamtest.Bucket(role), iam.Denied, iam.Denied},
		{"role under a session policy", iamtest.Role, none, none, capped, iamtest.Bucket(role), iam.Denied, iam.Denied},
		{"role and identity", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), none, none, iamtest.Bucket(role), iam.Allowed, iam.Allowed},
		{"session alone", iamtest.Role, none, none, none, iamtest.Bucket(session), iam.Allowed, iam.Denied},
		{"session under a boundary", iamtest.Role, none, capped, capped, iamtest.Bucket(session), iam.Allowed, iam.Denied},
		{"session and identity", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), none, none, iamtest.Bucket(session), iam.Allowed, iam.Allowed},
		{"star alone", iamtest.Role, none, none, none, iamtest.Bucket(star), iam.Allowed, iam.Denied},
		{"star under a boundary", iamtest.Role, none, capped, none, iamtest.Bucket(star), iam.Allowed, iam.Denied},
		{"star, identity, boundary", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), capped, none, iamtest.Bucket(star), iam.Allowed, iam.Denied},
		{"user alone", iamtest.User, none, none, none, iamtest.Bucket(user), iam.Allowed, iam.Denied},
		{"user under a boundary", iamtest.User, none, capped, none, iamtest.Bucket(user), iam.Allowed, iam.Denied},
		{"user and identity", iamtest.User, iamtest.Identity(iamtest.AllowEverything), none, none, iamtest.Bucket(user), iam.Allowed, iam.Allowed},
		{"root", iamtest.Root, none, none, none, none, iam.Allowed, iam.Denied},
		{"root and account", iamtest.Root, none, none, none, iamtest.Bucket(account), iam.Allowed, iam.Allowed},
		{"anonymous", principal.Anonymous(), none, none, none, iamtest.Bucket(star), iam.Allowed, iam.Allowed},
		{"anonymous and account", principal.Anonymous(), none, none, none, iamtest.Bucket(account), iam.Denied, iam.Denied},
		{"service", iamtest.S3, none, none, none, iamtest.Bucket(`{"Service":"s3.amazonaws.com"}`), iam.Allowed, iam.Allowed},
		{"service without grant", iamtest.S3, none, none, none, iamtest.Bucket(account), iam.Denied, iam.Denied},
		{"deny of identity", iamtest.Role, iamtest.Identity(iamtest.AllowEverything, iamtest.DenyEverything), none, none, iamtest.Bucket(session), iam.Denied, iam.Denied},
		{"deny of boundary", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), iamtest.Layer(policy.Boundary, iamtest.DenyEverything), none, iamtest.Bucket(session), iam.Denied, iam.Denied},
		{"deny of session", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), none, iamtest.Layer(policy.Session, iamtest.DenyEverything), iamtest.Bucket(session), iam.Denied, iam.Denied},
		{"identity not read", iamtest.Role, iam.NotRead("AccessDenied"), none, none, iamtest.Bucket(role), iam.Undecided, iam.Undecided},
		{"resource not read", iamtest.Role, iamtest.Identity(iamtest.AllowEverything), none, none, iam.NotRead("AccessDenied"), iam.Undecided, iam.Undecided},
		{"resource not read, identity silent", iamtest.Role, none, none, none, iam.NotRead("AccessDenied"), iam.Undecided, iam.Denied},
	} {
		in := iamtest.Open()
		in.Identity, in.Boundary, in.Session, in.Resource = c.identity, c.boundary, c.session, c.Resource
		for account, want := range map[string]iam.Result{"111111111111": c.same, "222222222222": c.away} {
			if d := iam.Decide(iamtest.Put(account, c.caller), in); d.Result != want {
				t.Errorf("%s in %s: %v (%s), want %v", c.name, account, d.Result, explain.Decide(iamtest.Put(account, c.caller), in).Message, want)
			}
		}
		// The owner of the resource is not known: only what holds both ways may be said.
		want := c.same
		if c.same != c.away {
			want = iam.Undecided
		}
		if d := iam.Decide(iamtest.Put("", c.caller), in); d.Result != want {
			t.Errorf("%s, owner unknown: %v, want %v", c.name, d.Result, want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	const root, role = `{"AWS":"arn:aws:iam::111111111111:root"}`, `{"AWS":"arn:aws:iam::111111111111:role/p/R"}`
	none := iam.Policies()
	full := iamtest.Identity(iamtest.AllowEverything)
	for _, c := range []struct {
		name       string
		action     string
		identity   iam.Layer
		policy     iam.Layer
		grants     logic.Truth
		same, away iam.Result
	}{
		{"no delegation", "kms:Encrypt", full, iamtest.Key(`{"AWS":"333333333333"}`), logic.False, iam.Denied, iam.Denied},
		{"delegation", "kms:Encrypt", full, iamtest.Key(root), logic.False, iam.Allowed, iam.Allowed},
		{"delegation, identity silent", "kms:Encrypt", none, iamtest.Key(root), logic.False, iam.Denied, iam.Denied},
		{"role named", "kms:Encrypt", none, iamtest.Key(role), logic.False, iam.Allowed, iam.Denied},
		{"role named and identity", "kms:Encrypt", full, iamtest.Key(role), logic.False, iam.Allowed, iam.Allowed},
		{"grant", "kms:Encrypt", none, iamtest.Key(`{"AWS":"333333333333"}`), logic.True, iam.Allowed, iam.Undecided},
		{"grant and identity", "kms:Encrypt", full, iamtest.Key(`{"AWS":"333333333333"}`), logic.True, iam.Allowed, iam.Allowed},
		{"grants not read", "kms:Encrypt", none, iamtest.Key(`{"AWS":"333333333333"}`), logic.Unknown, iam.Undecided, iam.Undecided},
		{"grants not needed", "kms:Encrypt", full, iamtest.Key(root), logic.Unknown, iam.Allowed, iam.Allowed},
		{"administration from abroad", "kms:PutKeyPolicy", full, iamtest.Key(root), logic.False, iam.Allowed, iam.Denied},
		{"no key policy", "kms:Encrypt", full, none, logic.False, iam.Denied, iam.Denied},
		{"policy of another kind", "kms:Encrypt", full, iamtest.Layer(policy.Resource, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`), logic.False, iam.Undecided, iam.Undecided},
		{"statement without Resource", "kms:Encrypt", full, iamtest.Layer(policy.Key, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*"}}`), logic.False, iam.Denied, iam.Denied},
	} {
		in := iamtest.Open()
		in.Identity, in.Resource, in.Grants = c.identity, c.policy, c.grants
		for account, want := range map[string]iam.Result{"111111111111": c.same, "222222222222": c.away} {
			req := &iam.Request{Principal: iamtest.Role, Action: c.action, Resource: "arn:aws:kms:eu-west-1:" + account + ":key/k", ResourceAccount: account}
			if d := explain.Decide(req, in); d.Result != want {
				t.Errorf("%s in %s: %v (%s), want %v", c.name, account, d.Result, d.Message, want)
			}
		}
	}
}

// TestTrust: within an account, too, the trust policy must agree.
func TestTrust(t *testing.T) {
	t.Parallel()
	trust := func(principal string) iam.Layer {
		return iamtest.Layer(policy.Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":`+principal+`,"Action":"sts:AssumeRole"}}`)
	}
	full, none := iamtest.Identity(iamtest.AllowEverything), iam.Policies()
	for _, c := range []struct {
		name       string
		caller     principal.Caller
		identity   iam.Layer
		trust      iam.Layer
		same, away iam.Result
	}{
		{"service", iamtest.S3, none, trust(`{"Service":"s3.amazonaws.com"}`), iam.Allowed, iam.Allowed},
		{"another service", iamtest.S3, none, trust(`{"Service":"ec2.amazonaws.com"}`), iam.Denied, iam.Denied},
		{"identity alone", iamtest.Role, full, trust(`{"Service":"s3.amazonaws.com"}`), iam.Denied, iam.Denied},
		{"no trust policy", iamtest.Role, full, none, iam.Denied, iam.Denied},
		{"account and identity", iamtest.Role, full, trust(`{"AWS":"111111111111"}`), iam.Allowed, iam.Allowed},
		{"account alone", iamtest.Role, none, trust(`{"AWS":"111111111111"}`), iam.Denied, iam.Denied},
		{"role alone", iamtest.Role, none, trust(`{"AWS":"arn:aws:iam::111111111111:role/p/R"}`), iam.Allowed, iam.Denied},
		{"trust not read", iamtest.Role, full, iam.NotRead("AccessDenied"), iam.Undecided, iam.Undecided},
	} {
		in := iamtest.Open()
		in.Identity, in.Resource = c.identity, c.trust
		for account, want := range map[string]iam.Result{"111111111111": c.same, "222222222222": c.away} {
			req := &iam.Request{Principal: c.caller, Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + account + ":role/Target", ResourceAccount: account}
			if d := explain.Decide(req, in); d.Result != want {
				t.Errorf("%s in %s: %v (%s), want %v", c.name, account, d.Result, d.Message, want)
			}
		}
	}
}

// TestDenyingLayer: the layer of an explicit Deny is the first one that has it.
func TestDenyingLayer(t *testing.T) {
	t.Parallel()
	for layer, set := range map[string]func(*iam.Input){
		"identity": func(in *iam.Input) { in.Identity = iamtest.Identity(iamtest.AllowEverything, iamtest.DenyEverything) },
		"boundary": func(in *iam.Input) { in.Boundary = iamtest.Layer(policy.Boundary, iamtest.DenyEverything) },
		"session":  func(in *iam.Input) { in.Session = iamtest.Layer(policy.Session, iamtest.DenyEverything) },
		"scp:ou": func(in *iam.Input) {
			in.SCPs = iam.OnPath(
				iam.Level{Target: "r", Layer: iamtest.Layer(policy.SCP, iamtest.AllowEverything)},
				iam.Level{Target: "ou", Layer: iamtest.Layer(policy.SCP, iamtest.AllowEverything, iamtest.DenyEverything)})
		},
		"rcp:ou": func(in *iam.Input) {
			in.RCPs = iam.OnPath(iam.Level{Target: "r", Layer: iamtest.Layer(policy.RCP)},
				iam.Level{Target: "ou", Layer: iamtest.Layer(policy.RCP, `{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}`)})
		},
		"resource": func(in *iam.Input) {
			in.Resource = iamtest.Bucket(`"*"`, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}`)
		},
	} {
		in := iamtest.Open()
		in.Identity = iamtest.Identity(iamtest.AllowEverything)
		set(in)
		if d := iam.Decide(iamtest.Put("111111111111", iamtest.Role), in); d.Result != iam.Denied || d.Layer != layer || d.Reason != iam.ReasonExplicitDeny {
			t.Errorf("%s: %v at %q by %s", layer, d.Result, d.Layer, d.Reason)
		}
	}
}

func TestOrganizations(t *testing.T) {
	t.Parallel()
	level := func(target string, docs ...string) iam.Level {
		return iam.Level{Target: target, Layer: iamtest.Layer(policy.SCP, docs...)}
	}
	rcp := func(docs ...string) iam.Levels {
		return iam.OnPath(iam.Level{Target: "r-root", Layer: iamtest.Layer(policy.RCP, docs...)})
	}
	const stop = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":["s3:*","kms:*","sts:*"],"Resource":"*"}]}`
	linked := principal.RoleSession("arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "", "s")
	maybeLinked, _ := principal.Parse("arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForX/s")
	manager := iamtest.Role
	manager.InManagementAccount = true
	for _, c := range []struct {
		name   string
		caller principal.Caller
		scps   iam.Levels
		rcps   iam.Levels
		want   iam.Result
		layer  string
	}{
		{"every level allows", iamtest.Role, iam.OnPath(level("r-root", iamtest.AllowEverything), level("ou-1", iamtest.AllowEverything), level("111111111111", iamtest.AllowNothing, iamtest.AllowEverything)), iam.NotApplicable(), iam.Allowed, ""},
		{"one level is silent", iamtest.Role, iam.OnPath(level("r-root", iamtest.AllowEverything), level("ou-1", iamtest.AllowNothing), level("111111111111", iamtest.AllowEverything)), iam.NotApplicable(), iam.Denied, "scp:ou-1"},
		{"one level is empty", iamtest.Role, iam.OnPath(level("r-root", iamtest.AllowEverything), level("ou-1")), iam.NotApplicable(), iam.Denied, "scp:ou-1"},
		{"one level denies", iamtest.Role, iam.OnPath(level("r-root", iamtest.AllowEverything), level("ou-1", iamtest.AllowEverything, iamtest.DenyEverything)), iam.NotApplicable(), iam.Denied, "scp:ou-1"},
		{"one level is not read", iamtest.Role, iam.OnPath(level("r-root", iamtest.AllowEverything), iam.Level{Target: "ou-1", Layer: iam.NotRead("AccessDenied")}), iam.NotApplicable(), iam.Undecided, ""},
		{"one level is not read, another silent", iamtest.Role, iam.OnPath(level("r-root"), iam.Level{Target: "ou-1", Layer: iam.NotRead("AccessDenied")}), iam.NotApplicable(), iam.Denied, "scp:r-root"},
		{"two levels are silent", iamtest.Role, iam.OnPath(level("r-root", iamtest.AllowEverything), level("ou-1"), level("111111111111")), iam.NotApplicable(), iam.Denied, "scp:ou-1"},
		{"perhaps a service-linked role, and allowed", maybeLinked, iam.OnPath(level("r-root", iamtest.AllowEverything)), iam.NotApplicable(), iam.Allowed, ""},
		{"path not read", iamtest.Role, iam.LevelsNotRead("AccessDenied"), iam.NotApplicable(), iam.Undecided, ""},
		{"zero value", iamtest.Role, iam.Levels{}, iam.NotApplicable(), iam.Undecided, ""},
		{"management account", manager, iam.OnPath(level("r-root", iamtest.DenyEverything)), iam.NotApplicable(), iam.Allowed, ""},
		{"management account, not read", manager, iam.Levels{}, iam.NotApplicable(), iam.Allowed, ""},
		{"service-linked role", linked, iam.OnPath(level("r-root", iamtest.DenyEverything)), rcp(stop), iam.Allowed, ""},
		{"perhaps a service-linked role", maybeLinked, iam.OnPath(level("r-root", iamtest.DenyEverything)), iam.NotApplicable(), iam.Undecided, ""},
		{"perhaps a service-linked role, rcp", maybeLinked, iam.NotApplicable(), rcp(stop), iam.Undecided, ""},
		{"root user", iamtest.Root, iam.OnPath(level("r-root", iamtest.AllowNothing)), iam.NotApplicable(), iam.Denied, "scp:r-root"},
		{"rcp denies", iamtest.Role, iam.NotApplicable(), rcp(stop), iam.Denied, "rcp:r-root"},
		{"rcp denies the management account's callers", manager, iam.NotApplicable(), rcp(stop), iam.Denied, "rcp:r-root"},
		{"no rcp", iamtest.Role, iam.NotApplicable(), rcp(), iam.Allowed, ""},
		{"rcp not read", iamtest.Role, iam.NotApplicable(), iam.Levels{}, iam.Undecided, ""},
		{"an SCP that is none", iamtest.Role, iam.OnPath(iam.Level{Target: "r-root", Layer: iamtest.Identity(iamtest.AllowEverything)}), iam.NotApplicable(), iam.Undecided, ""},
		{"invalid scp", iamtest.Role, iam.OnPath(level("r-root", iamtest.EnDash)), iam.NotApplicable(), iam.Denied, "scp:r-root"},
		{"invalid scp beside another", iamtest.Role, iam.OnPath(level("r-root", iamtest.EnDash, iamtest.AllowEverything)), iam.NotApplicable(), iam.Undecided, ""},
		{"invalid rcp", iamtest.Role, iam.NotApplicable(), rcp(iamtest.AllowEverything), iam.Undecided, ""},
	} {
		in := iamtest.Open()
		in.Identity, in.SCPs, in.RCPs = iamtest.Identity(iamtest.AllowEverything), c.scps, c.rcps
		d := explain.Decide(iamtest.Put("111111111111", c.caller), in)
		if d.Result != c.want || d.Layer != c.layer {
			t.Errorf("%s: %v at %q (%s), want %v at %q", c.name, d.Result, d.Layer, d.Message, c.want, c.layer)
		}
	}

	// Calls that no RCP restricts, and a service that one does.
	in := iamtest.Open()
	in.Identity, in.RCPs, in.Resource = iamtest.Identity(iamtest.AllowEverything), rcp(stop), iamtest.Key(`{"AWS":"111111111111"}`)
	req := &iam.Request{Principal: iamtest.Role, Action: "kms:RetireGrant", Resource: "arn:aws:kms:eu-west-1:111111111111:key/k", ResourceAccount: "111111111111"}
	if d := iam.Decide(req, in); d.Result != iam.Allowed {
		t.Errorf("RetireGrant: %+v", d)
	}
	in.Resource = iamtest.Layer(policy.Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`)
	for resource, want := range map[string]iam.Result{
		"arn:aws:iam::111111111111:role/R":                                    iam.Denied,
		"arn:aws:iam::111111111111:role/aws-service-role/s3.amazonaws.com/XX": iam.Allowed,
	} {
		req := &iam.Request{Principal: iamtest.S3, Action: "sts:AssumeRole", Resource: resource, ResourceAccount: "111111111111"}
		if d := iam.Decide(req, in); d.Result != want {
			t.Errorf("%s: %+v, want %v", resource, d, want)
		}
	}
}

func TestRestrictPublicBuckets(t *testing.T) {
	t.Parallel()
	const public = `{"Sid":"Public","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/public/*"}`
	const doubtful = `{"Sid":"Perhaps","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/public/*","Condition":{"StringEquals":{"aws:PrincipalOrgPaths":"o/r/ou"}}}`
	const account = `{"AWS":["111111111111","arn:aws:iam::111111111111:role/p/R"],"Service":"s3.amazonaws.com"}`
	for _, c := range []struct {
		name     string
		caller   principal.Caller
		policy   iam.Layer
		restrict logic.Truth
		owner    string
		want     iam.Result
	}{
		{"private", iamtest.Role, iamtest.Bucket(account), logic.True, "222222222222", iam.Allowed},
		{"public", iamtest.Role, iamtest.Bucket(account, public), logic.True, "222222222222", iam.Denied},
		{"public, off", iamtest.Role, iamtest.Bucket(account, public), logic.False, "222222222222", iam.Allowed},
		{"public, not read", iamtest.Role, iamtest.Bucket(account, public), logic.Unknown, "222222222222", iam.Undecided},
		{"private, not read", iamtest.Role, iamtest.Bucket(account), logic.Unknown, "222222222222", iam.Allowed},
		{"doubtful", iamtest.Role, iamtest.Bucket(account, doubtful), logic.True, "222222222222", iam.Undecided},
		{"public, owner's caller", iamtest.Role, iamtest.Bucket(account, public), logic.True, "111111111111", iam.Allowed},
		{"public, service", iamtest.S3, iamtest.Bucket(account, public), logic.True, "222222222222", iam.Allowed},
		{"public, anonymous", principal.Anonymous(), iamtest.Bucket(`"*"`), logic.True, "222222222222", iam.Denied},
		{"public, owner unknown", iamtest.Role, iamtest.Bucket(account, public), logic.True, "", iam.Undecided},
	} {
		in := iamtest.Open()
		in.Identity, in.Resource, in.RestrictPublicBuckets = iamtest.Identity(iamtest.AllowEverything), c.policy, c.restrict
		if d := explain.Decide(iamtest.Put(c.owner, c.caller), in); d.Result != c.want {
			t.Errorf("%s: %v (%s), want %v", c.name, d.Result, d.Message, c.want)
		}
	}
}

// TestZeroInput: whatever is left out was not read, and nothing is allowed by it.
func TestZeroInput(t *testing.T) {
	t.Parallel()
	if d := iam.Decide(&iam.Request{}, &iam.Input{}); d.Result != iam.Undecided {
		t.Errorf("%+v", d)
	}
	full := func() *iam.Input {
		in := iamtest.Open()
		in.Identity, in.Resource = iamtest.Identity(iamtest.AllowEverything), iamtest.Bucket(`{"AWS":"111111111111"}`)
		return in
	}
	req := iamtest.Put("222222222222", iamtest.Role)
	if d := iam.Decide(req, full()); d.Result != iam.Allowed {
		t.Fatalf("%+v", d)
	}
	for name, forget := range map[string]func(*iam.Input){
		"identity": func(in *iam.Input) { in.Identity = iam.Layer{} },
		"boundary": func(in *iam.Input) { in.Boundary = iam.Layer{} },
		"session":  func(in *iam.Input) { in.Session = iam.Layer{} },
		"scp":      func(in *iam.Input) { in.SCPs = iam.Levels{} },
		"rcp":      func(in *iam.Input) { in.RCPs = iam.Levels{} },
		"resource": func(in *iam.Input) { in.Resource = iam.Layer{} },
	} {
		in := full()
		forget(in)
		d := iam.Decide(req, in)
		if d.Result != iam.Undecided || len(d.UnknownLayers) != 1 || d.UnknownLayers[0] != name {
			t.Errorf("without %s: %+v", name, d)
		}
	}
	for name, layer := range map[string]iam.Layer{"nil": iam.Policies(nil), "of no kind": iam.Policies(&policy.Policy{})} {
		in := full()
		in.Boundary = layer
		if d := iam.Decide(req, in); d.Result == iam.Allowed {
			t.Errorf("a policy %s allows", name)
		}
	}
	for name, spoil := range map[string]func(*iam.Request){
		"caller":       func(r *iam.Request) { r.Principal = principal.Caller{} },
		"action":       func(r *iam.Request) { r.Action = "" },
		"no service":   func(r *iam.Request) { r.Action = "ReplicateObject" },
		"wild action":  func(r *iam.Request) { r.Action = "s3:*" },
		"capital key":  func(r *iam.Request) { r.Context = map[string]contextkey.Value{"aws:SourceVpce": contextkey.One("x")} },
		"capital A":    func(r *iam.Request) { r.Resource = "arn:Aws:s3:::dst/k" },
		"capital head": func(r *iam.Request) { r.Resource = "arn:aws:S3:::dst/k" },
	} {
		bad := *req
		spoil(&bad)
		for _, glob := range []bool{false, true} {
			bad.ResourceIsGlob = glob
			if d := iam.Decide(&bad, full()); d.Result != iam.Undecided || !d.Unfit {
				t.Errorf("%s, glob %v: %+v", name, glob, d)
			}
		}
	}
}

// TestInvalidTakesPart: a document that AWS would not store allows nothing and is
// never overlooked.
func TestInvalidTakesPart(t *testing.T) {
	t.Parallel()
	duplicate := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Resource":"*"}]}`
	for _, bad := range []string{iamtest.EnDash, duplicate, `{`, ``, `{"Statement":{"Effect":"Deny","Action":"*"}}`} {
		for name, set := range map[string]func(*iam.Input){
			"identity": func(in *iam.Input) { in.Identity = iamtest.Identity(iamtest.AllowEverything, bad) },
			"alone":    func(in *iam.Input) { in.Identity = iamtest.Identity(bad) },
			"boundary": func(in *iam.Input) { in.Boundary = iamtest.Layer(policy.Boundary, bad) },
			"session":  func(in *iam.Input) { in.Session = iamtest.Layer(policy.Session, bad) },
			"scp": func(in *iam.Input) {
				in.SCPs = iam.OnPath(iam.Level{Target: "r", Layer: iamtest.Layer(policy.SCP, iamtest.AllowEverything, bad)})
			},
			"rcp": func(in *iam.Input) {
				in.RCPs = iam.OnPath(iam.Level{Target: "r", Layer: iamtest.Layer(policy.RCP, bad)})
			},
			"resource": func(in *iam.Input) { in.Resource = iamtest.Layer(policy.Bucket, bad) },
		} {
			in := iamtest.Open()
			in.Identity = iamtest.Identity(iamtest.AllowEverything)
			set(in)
			d := explain.Decide(iamtest.Put("111111111111", iamtest.Role), in)
			if d.Result == iam.Allowed || d.Reason != iam.ReasonInvalid || len(d.Errors) == 0 || d.Errors[0].Line < 1 {
				t.Errorf("%s, %.40q: %+v", name, bad, d)
			}
		}
	}
	// An explicit Deny elsewhere needs no other document.
	in := iamtest.Open()
	in.Identity = iamtest.Identity(iamtest.EnDash, iamtest.DenyEverything)
	if d := iam.Decide(iamtest.Put("111111111111", iamtest.Role), in); d.Result != iam.Denied || d.Reason != iam.ReasonExplicitDeny || d.Deciding[0].Sid != "No" {
		t.Errorf("%+v", d)
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		Resource, pattern string
		version           string
		want              logic.Truth
	}{
		{"arn:aws:s3:::b/k", "*", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws:s3:::b", "2012-10-17", logic.False},
		{"arn:aws:s3:::b", "arn:aws:s3:::b/*", "2012-10-17", logic.False},
		{"arn:aws:s3:::b", "arn:aws:s3:::b*", "2012-10-17", logic.True},
		{"arn:aws:s3:::bother/k", "arn:aws:s3:::b*", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k:x/y", "arn:aws:s3:::b/*y", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/K", "arn:aws:s3:::b/k", "2012-10-17", logic.False},
		{"arn:aws:s3:::b/k", "arn:aws:s3:*:*:b/k", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:*:s3:::b/k", "2012-10-17", logic.True},
		{"arn:aws-cn:s3:::b/k", "arn:aws:s3:::b/k", "2012-10-17", logic.False},
		{"arn:aws:s3:::b/k", "arn:aws:s3:::*/k", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws:S3:::b/k", "2012-10-17", logic.Unknown}, // letter case before the sixth field
		{"arn:aws:s3:::b/k", "arn:aws:s3*", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws:s3:*", "2012-10-17", logic.True},
		{"arn:aws:sqs:::b/k", "arn:aws:s3*", "2012-10-17", logic.False},
		{"arn:aws:s3:::b/k", "arn:aws:s*3", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws:s3", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws:s3:", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws-cn", "2012-10-17", logic.False},
		{"arn:aws:s3:::b/k", "arn:aws:s3:us-east-1", "2012-10-17", logic.False},
		{"arn:aws:s3:::b/k", "arn:aws:sqs", "2012-10-17", logic.False},
		{"arn:aws:s3:::b/*", "arn:aws:s3", "2012-10-17", logic.True},
		{"arn:aws:iam::111111111111:role/r", "arn:aws:iam::111111111111", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws:S3", "2012-10-17", logic.Unknown},
		{"arn:aws:s3:::b/111111111111/k", "arn:aws:s3:::b/${aws:PrincipalAccount}/*", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/111111111111/k", "arn:aws:s3:::b/${aws:PrincipalAccount}/*", "2008-10-17", logic.False},
		{"arn:aws:s3:::b/x/k", "arn:aws:s3:::b/${aws:username, 'x'}/*", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/x/k", "arn:aws:s3:::b/${aws:username}/*", "2012-10-17", logic.False},
		{"arn:aws:s3:::b/x/k", "arn:aws:s3:::b/${unknown}/*", "2012-10-17", logic.Unknown},
		{"arn:aws:s3:::c/x/k", "arn:aws:s3:::b/${unknown}/*", "2012-10-17", logic.False},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b/${*}", "2012-10-17", logic.True},
		{"arn:aws:s3:::b/k", "arn:aws:s3:::b/${*}", "2012-10-17", logic.False},
		{"arn:aws:iam::111111111111:role/r", "arn:aws:iam::${aws:PrincipalAccount}:role/r", "2012-10-17", logic.Unknown},
		{"*", "*", "2012-10-17", logic.True},
		{"*", "arn:aws:s3:::*", "2012-10-17", logic.False},
	} {
		doc := fmt.Sprintf(`{"Version":%q,"Statement":[{"Effect":"Allow","Action":"*","Resource":%q},{"Effect":"Allow","Action":"*","NotResource":%q}]}`, c.version, c.pattern, c.pattern)
		p := policy.Parse(policy.Identity, "p", []byte(doc))
		known := &contextkey.Known{Context: map[string]contextkey.Value{"aws:principalaccount": contextkey.One("111111111111"), "unknown": {}}}
		resource := match.NewARN(c.Resource)
		if got := p.Compiled()[0].CoversResource(resource, known); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.pattern, c.Resource, got, c.want)
		}
		if got := p.Compiled()[1].CoversResource(resource, known); got != logic.Not(c.want) {
			t.Errorf("NotResource %s of %s: %v, want %v", c.pattern, c.Resource, got, logic.Not(c.want))
		}
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"*", "s3:GetObject", true},
		{"S3:getobject", "s3:GetObject", true},
		{"s3:Replicate?bject", "s3:ReplicateObject", true},
		{"s3:Replicate*", "s3:ReplicateTags", true},
		{"s3:Get*", "s3:PutObject", false},
		{"s3:GetObject", "s3:GetObjectVersion", false},
		{"s3:*Object", "S3:PUTOBJECT", true},
	} {
		for member, want := range map[string]bool{"Action": c.want, "NotAction": !c.want} {
			p := policy.Parse(policy.Identity, "p", fmt.Appendf(nil, `{"Statement":{"Effect":"Allow",%q:["ec2:*",%q],"Resource":"*"}}`, member, c.pattern))
			if got := p.Compiled()[0].CoversAction(c.action); got != want {
				t.Errorf("%s %s of %s: %v, want %v", member, c.pattern, c.action, got, want)
			}
		}
	}
}
