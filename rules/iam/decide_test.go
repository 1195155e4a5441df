package iam

import (
	"fmt"
	"strings"
	"testing"
)

const (
	allowEverything = `{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}`
	allowNothing    = `{"Version":"2012-10-17","Statement":[{"Sid":"Else","Effect":"Allow","Action":"ec2:*","Resource":"*"}]}`
	denyEverything  = `{"Version":"2012-10-17","Statement":[{"Sid":"No","Effect":"Deny","Action":"*","Resource":"*"}]}`
	enDash          = `{"Version":"2012–10–17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}`
)

func identityLayer(docs ...string) Layer { return layerOf(IdentityPolicy, docs...) }

func layerOf(kind Kind, docs ...string) Layer {
	var p []*Policy
	for i, d := range docs {
		p = append(p, Parse(kind, fmt.Sprintf("%d", i), []byte(d)))
	}
	return Policies(p...)
}

// bucketPolicy allows every action on every object of dst to a principal.
func bucketPolicy(principal string, more ...string) Layer {
	doc := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Grant","Effect":"Allow","Principal":%s,"Action":"s3:*","Resource":"arn:aws:s3:::dst/*"}%s]}`,
		principal, strings.Join(append([]string{""}, more...), ","))
	return layerOf(BucketPolicy, doc)
}

func keyPolicy(principal string) Layer {
	return layerOf(KeyPolicy, fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":%s,"Action":"kms:*","Resource":"*"}]}`, principal))
}

// open is an input in which nothing stands in the way but the identity policy.
func open() *Input {
	return &Input{
		Identity: identityLayer(), Boundary: Policies(), Session: Policies(), SCPs: NotApplicable(), RCPs: NotApplicable(),
		Resource: Policies(), Grants: False, RestrictPublicBuckets: False,
	}
}

func put(account string, caller Principal) *Request {
	return &Request{Principal: caller, Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::dst/k", ResourceAccount: account}
}

// TestPaths is the table of principal kinds of AWS's evaluation page, in one
// account and between two.
func TestPaths(t *testing.T) {
	const account, role, session, star = `{"AWS":"111111111111"}`, `{"AWS":"arn:aws:iam::111111111111:role/p/R"}`, `{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s3-replication"}`, `"*"`
	const user = `{"AWS":"arn:aws:iam::111111111111:user/U"}`
	none := Layer{known: true}
	capped := layerOf(BoundaryPolicy, allowNothing)
	for _, c := range []struct {
		name       string
		caller     Principal
		identity   Layer
		boundary   Layer
		session    Layer
		resource   Layer
		same, away Result
	}{
		{"identity alone", callerRole, identityLayer(allowEverything), none, none, none, Allowed, Denied},
		{"nothing", callerRole, none, none, none, none, Denied, Denied},
		{"identity under a boundary", callerRole, identityLayer(allowEverything), capped, none, none, Denied, Denied},
		{"account alone", callerRole, none, none, none, bucketPolicy(account), Denied, Denied},
		{"account and identity", callerRole, identityLayer(allowEverything), none, none, bucketPolicy(account), Allowed, Allowed},
		{"account, identity, boundary", callerRole, identityLayer(allowEverything), capped, none, bucketPolicy(account), Denied, Denied},
		{"role alone", callerRole, none, none, none, bucketPolicy(role), Allowed, Denied},
		{"role under a boundary", callerRole, none, capped, none, bucketPolicy(role), Denied, Denied},
		{"role under a session policy", callerRole, none, none, capped, bucketPolicy(role), Denied, Denied},
		{"role and identity", callerRole, identityLayer(allowEverything), none, none, bucketPolicy(role), Allowed, Allowed},
		{"session alone", callerRole, none, none, none, bucketPolicy(session), Allowed, Denied},
		{"session under a boundary", callerRole, none, capped, capped, bucketPolicy(session), Allowed, Denied},
		{"session and identity", callerRole, identityLayer(allowEverything), none, none, bucketPolicy(session), Allowed, Allowed},
		{"star alone", callerRole, none, none, none, bucketPolicy(star), Allowed, Denied},
		{"star under a boundary", callerRole, none, capped, none, bucketPolicy(star), Allowed, Denied},
		{"star, identity, boundary", callerRole, identityLayer(allowEverything), capped, none, bucketPolicy(star), Allowed, Denied},
		{"user alone", callerUser, none, none, none, bucketPolicy(user), Allowed, Denied},
		{"user under a boundary", callerUser, none, capped, none, bucketPolicy(user), Allowed, Denied},
		{"user and identity", callerUser, identityLayer(allowEverything), none, none, bucketPolicy(user), Allowed, Allowed},
		{"root", callerRoot, none, none, none, none, Allowed, Denied},
		{"root and account", callerRoot, none, none, none, bucketPolicy(account), Allowed, Allowed},
		{"anonymous", Anonymous(), none, none, none, bucketPolicy(star), Allowed, Allowed},
		{"anonymous and account", Anonymous(), none, none, none, bucketPolicy(account), Denied, Denied},
		{"service", callerS3, none, none, none, bucketPolicy(`{"Service":"s3.amazonaws.com"}`), Allowed, Allowed},
		{"service without grant", callerS3, none, none, none, bucketPolicy(account), Denied, Denied},
		{"deny of identity", callerRole, identityLayer(allowEverything, denyEverything), none, none, bucketPolicy(session), Denied, Denied},
		{"deny of boundary", callerRole, identityLayer(allowEverything), layerOf(BoundaryPolicy, denyEverything), none, bucketPolicy(session), Denied, Denied},
		{"deny of session", callerRole, identityLayer(allowEverything), none, layerOf(SessionPolicy, denyEverything), bucketPolicy(session), Denied, Denied},
		{"identity not read", callerRole, NotRead("AccessDenied"), none, none, bucketPolicy(role), Undecided, Undecided},
		{"resource not read", callerRole, identityLayer(allowEverything), none, none, NotRead("AccessDenied"), Undecided, Undecided},
		{"resource not read, identity silent", callerRole, none, none, none, NotRead("AccessDenied"), Undecided, Denied},
	} {
		in := open()
		in.Identity, in.Boundary, in.Session, in.Resource = c.identity, c.boundary, c.session, c.resource
		for account, want := range map[string]Result{"111111111111": c.same, "222222222222": c.away} {
			if d := Decide(put(account, c.caller), in); d.Result != want {
				t.Errorf("%s in %s: %v (%s), want %v", c.name, account, d.Result, Explain(put(account, c.caller), in).Message, want)
			}
		}
		// The owner of the resource is not known: only what holds both ways may be said.
		want := c.same
		if c.same != c.away {
			want = Undecided
		}
		if d := Decide(put("", c.caller), in); d.Result != want {
			t.Errorf("%s, owner unknown: %v, want %v", c.name, d.Result, want)
		}
	}
}

func TestKeys(t *testing.T) {
	const root, role = `{"AWS":"arn:aws:iam::111111111111:root"}`, `{"AWS":"arn:aws:iam::111111111111:role/p/R"}`
	none := Layer{known: true}
	full := identityLayer(allowEverything)
	for _, c := range []struct {
		name       string
		action     string
		identity   Layer
		policy     Layer
		grants     Truth
		same, away Result
	}{
		{"no delegation", "kms:Encrypt", full, keyPolicy(`{"AWS":"333333333333"}`), False, Denied, Denied},
		{"delegation", "kms:Encrypt", full, keyPolicy(root), False, Allowed, Allowed},
		{"delegation, identity silent", "kms:Encrypt", none, keyPolicy(root), False, Denied, Denied},
		{"role named", "kms:Encrypt", none, keyPolicy(role), False, Allowed, Denied},
		{"role named and identity", "kms:Encrypt", full, keyPolicy(role), False, Allowed, Allowed},
		{"grant", "kms:Encrypt", none, keyPolicy(`{"AWS":"333333333333"}`), True, Allowed, Undecided},
		{"grant and identity", "kms:Encrypt", full, keyPolicy(`{"AWS":"333333333333"}`), True, Allowed, Allowed},
		{"grants not read", "kms:Encrypt", none, keyPolicy(`{"AWS":"333333333333"}`), Unknown, Undecided, Undecided},
		{"grants not needed", "kms:Encrypt", full, keyPolicy(root), Unknown, Allowed, Allowed},
		{"administration from abroad", "kms:PutKeyPolicy", full, keyPolicy(root), False, Allowed, Denied},
		{"no key policy", "kms:Encrypt", full, none, False, Denied, Denied},
		{"policy of another kind", "kms:Encrypt", full, layerOf(ResourcePolicy, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`), False, Undecided, Undecided},
		{"statement without Resource", "kms:Encrypt", full, layerOf(KeyPolicy, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*"}}`), False, Denied, Denied},
	} {
		in := open()
		in.Identity, in.Resource, in.Grants = c.identity, c.policy, c.grants
		for account, want := range map[string]Result{"111111111111": c.same, "222222222222": c.away} {
			req := &Request{Principal: callerRole, Action: c.action, Resource: "arn:aws:kms:eu-west-1:" + account + ":key/k", ResourceAccount: account}
			if d := Explain(req, in); d.Result != want {
				t.Errorf("%s in %s: %v (%s), want %v", c.name, account, d.Result, d.Message, want)
			}
		}
	}
}

// TestTrust: within an account, too, the trust policy must agree.
func TestTrust(t *testing.T) {
	trust := func(principal string) Layer {
		return layerOf(TrustPolicy, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":`+principal+`,"Action":"sts:AssumeRole"}}`)
	}
	full, none := identityLayer(allowEverything), Layer{known: true}
	for _, c := range []struct {
		name       string
		caller     Principal
		identity   Layer
		trust      Layer
		same, away Result
	}{
		{"service", callerS3, none, trust(`{"Service":"s3.amazonaws.com"}`), Allowed, Allowed},
		{"another service", callerS3, none, trust(`{"Service":"ec2.amazonaws.com"}`), Denied, Denied},
		{"identity alone", callerRole, full, trust(`{"Service":"s3.amazonaws.com"}`), Denied, Denied},
		{"no trust policy", callerRole, full, none, Denied, Denied},
		{"account and identity", callerRole, full, trust(`{"AWS":"111111111111"}`), Allowed, Allowed},
		{"account alone", callerRole, none, trust(`{"AWS":"111111111111"}`), Denied, Denied},
		{"role alone", callerRole, none, trust(`{"AWS":"arn:aws:iam::111111111111:role/p/R"}`), Allowed, Denied},
		{"trust not read", callerRole, full, NotRead("AccessDenied"), Undecided, Undecided},
	} {
		in := open()
		in.Identity, in.Resource = c.identity, c.trust
		for account, want := range map[string]Result{"111111111111": c.same, "222222222222": c.away} {
			req := &Request{Principal: c.caller, Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + account + ":role/Target", ResourceAccount: account}
			if d := Explain(req, in); d.Result != want {
				t.Errorf("%s in %s: %v (%s), want %v", c.name, account, d.Result, d.Message, want)
			}
		}
	}
}

func TestOrganizations(t *testing.T) {
	level := func(target string, docs ...string) Level { return Level{target, layerOf(SCP, docs...)} }
	rcp := func(docs ...string) Levels { return OnPath(Level{"r-root", layerOf(RCP, docs...)}) }
	const stop = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":["s3:*","kms:*","sts:*"],"Resource":"*"}]}`
	linked := RoleSession("arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "", "s")
	maybeLinked, _ := ParsePrincipal("arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForX/s")
	manager := callerRole
	manager.InManagementAccount = true
	for _, c := range []struct {
		name   string
		caller Principal
		scps   Levels
		rcps   Levels
		want   Result
		layer  string
	}{
		{"every level allows", callerRole, OnPath(level("r-root", allowEverything), level("ou-1", allowEverything), level("111111111111", allowNothing, allowEverything)), NotApplicable(), Allowed, ""},
		{"one level is silent", callerRole, OnPath(level("r-root", allowEverything), level("ou-1", allowNothing), level("111111111111", allowEverything)), NotApplicable(), Denied, "scp:ou-1"},
		{"one level is empty", callerRole, OnPath(level("r-root", allowEverything), level("ou-1")), NotApplicable(), Denied, "scp:ou-1"},
		{"one level denies", callerRole, OnPath(level("r-root", allowEverything), level("ou-1", allowEverything, denyEverything)), NotApplicable(), Denied, "scp:ou-1"},
		{"one level is not read", callerRole, OnPath(level("r-root", allowEverything), Level{"ou-1", NotRead("AccessDenied")}), NotApplicable(), Undecided, ""},
		{"one level is not read, another silent", callerRole, OnPath(level("r-root"), Level{"ou-1", NotRead("AccessDenied")}), NotApplicable(), Denied, "scp:r-root"},
		{"path not read", callerRole, LevelsNotRead("AccessDenied"), NotApplicable(), Undecided, ""},
		{"zero value", callerRole, Levels{}, NotApplicable(), Undecided, ""},
		{"management account", manager, OnPath(level("r-root", denyEverything)), NotApplicable(), Allowed, ""},
		{"management account, not read", manager, Levels{}, NotApplicable(), Allowed, ""},
		{"service-linked role", linked, OnPath(level("r-root", denyEverything)), rcp(stop), Allowed, ""},
		{"perhaps a service-linked role", maybeLinked, OnPath(level("r-root", denyEverything)), NotApplicable(), Undecided, ""},
		{"perhaps a service-linked role, rcp", maybeLinked, NotApplicable(), rcp(stop), Undecided, ""},
		{"root user", callerRoot, OnPath(level("r-root", allowNothing)), NotApplicable(), Denied, "scp:r-root"},
		{"rcp denies", callerRole, NotApplicable(), rcp(stop), Denied, "rcp:r-root"},
		{"rcp denies the management account's callers", manager, NotApplicable(), rcp(stop), Denied, "rcp:r-root"},
		{"no rcp", callerRole, NotApplicable(), rcp(), Allowed, ""},
		{"rcp not read", callerRole, NotApplicable(), Levels{}, Undecided, ""},
		{"an SCP that is none", callerRole, OnPath(Level{"r-root", identityLayer(allowEverything)}), NotApplicable(), Undecided, ""},
		{"invalid scp", callerRole, OnPath(level("r-root", enDash)), NotApplicable(), Denied, "scp:r-root"},
		{"invalid scp beside another", callerRole, OnPath(level("r-root", enDash, allowEverything)), NotApplicable(), Undecided, ""},
		{"invalid rcp", callerRole, NotApplicable(), rcp(allowEverything), Undecided, ""},
	} {
		in := open()
		in.Identity, in.SCPs, in.RCPs = identityLayer(allowEverything), c.scps, c.rcps
		d := Explain(put("111111111111", c.caller), in)
		if d.Result != c.want || d.Layer != c.layer {
			t.Errorf("%s: %v at %q (%s), want %v at %q", c.name, d.Result, d.Layer, d.Message, c.want, c.layer)
		}
	}

	// Calls that no RCP restricts, and a service that one does.
	in := open()
	in.Identity, in.RCPs, in.Resource = identityLayer(allowEverything), rcp(stop), keyPolicy(`{"AWS":"111111111111"}`)
	req := &Request{Principal: callerRole, Action: "kms:RetireGrant", Resource: "arn:aws:kms:eu-west-1:111111111111:key/k", ResourceAccount: "111111111111"}
	if d := Decide(req, in); d.Result != Allowed {
		t.Errorf("RetireGrant: %+v", d)
	}
	in.Resource = layerOf(TrustPolicy, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`)
	for resource, want := range map[string]Result{
		"arn:aws:iam::111111111111:role/R":                                    Denied,
		"arn:aws:iam::111111111111:role/aws-service-role/s3.amazonaws.com/XX": Allowed,
	} {
		req := &Request{Principal: callerS3, Action: "sts:AssumeRole", Resource: resource, ResourceAccount: "111111111111"}
		if d := Decide(req, in); d.Result != want {
			t.Errorf("%s: %+v, want %v", resource, d, want)
		}
	}
}

func TestRestrictPublicBuckets(t *testing.T) {
	const public = `{"Sid":"Public","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/public/*"}`
	const doubtful = `{"Sid":"Perhaps","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::dst/public/*","Condition":{"StringEquals":{"aws:PrincipalOrgPaths":"o/r/ou"}}}`
	const account = `{"AWS":["111111111111","arn:aws:iam::111111111111:role/p/R"],"Service":"s3.amazonaws.com"}`
	for _, c := range []struct {
		name     string
		caller   Principal
		policy   Layer
		restrict Truth
		owner    string
		want     Result
	}{
		{"private", callerRole, bucketPolicy(account), True, "222222222222", Allowed},
		{"public", callerRole, bucketPolicy(account, public), True, "222222222222", Denied},
		{"public, off", callerRole, bucketPolicy(account, public), False, "222222222222", Allowed},
		{"public, not read", callerRole, bucketPolicy(account, public), Unknown, "222222222222", Undecided},
		{"private, not read", callerRole, bucketPolicy(account), Unknown, "222222222222", Allowed},
		{"doubtful", callerRole, bucketPolicy(account, doubtful), True, "222222222222", Undecided},
		{"public, owner's caller", callerRole, bucketPolicy(account, public), True, "111111111111", Allowed},
		{"public, service", callerS3, bucketPolicy(account, public), True, "222222222222", Allowed},
		{"public, anonymous", Anonymous(), bucketPolicy(`"*"`), True, "222222222222", Denied},
		{"public, owner unknown", callerRole, bucketPolicy(account, public), True, "", Undecided},
	} {
		in := open()
		in.Identity, in.Resource, in.RestrictPublicBuckets = identityLayer(allowEverything), c.policy, c.restrict
		if d := Explain(put(c.owner, c.caller), in); d.Result != c.want {
			t.Errorf("%s: %v (%s), want %v", c.name, d.Result, d.Message, c.want)
		}
	}
}

// TestZeroInput: whatever is left out was not read, and nothing is allowed by it.
func TestZeroInput(t *testing.T) {
	if d := Decide(&Request{}, &Input{}); d.Result != Undecided {
		t.Errorf("%+v", d)
	}
	full := func() *Input {
		in := open()
		in.Identity, in.Resource = identityLayer(allowEverything), bucketPolicy(`{"AWS":"111111111111"}`)
		return in
	}
	req := put("222222222222", callerRole)
	if d := Decide(req, full()); d.Result != Allowed {
		t.Fatalf("%+v", d)
	}
	for name, forget := range map[string]func(*Input){
		"identity": func(in *Input) { in.Identity = Layer{} },
		"boundary": func(in *Input) { in.Boundary = Layer{} },
		"session":  func(in *Input) { in.Session = Layer{} },
		"scp":      func(in *Input) { in.SCPs = Levels{} },
		"rcp":      func(in *Input) { in.RCPs = Levels{} },
		"resource": func(in *Input) { in.Resource = Layer{} },
	} {
		in := full()
		forget(in)
		d := Decide(req, in)
		if d.Result != Undecided || len(d.UnknownLayers) != 1 || d.UnknownLayers[0] != name {
			t.Errorf("without %s: %+v", name, d)
		}
	}
	for name, layer := range map[string]Layer{"nil": Policies(nil), "of no kind": Policies(&Policy{})} {
		in := full()
		in.Boundary = layer
		if d := Decide(req, in); d.Result == Allowed {
			t.Errorf("a policy %s allows", name)
		}
	}
	for name, spoil := range map[string]func(*Request){
		"caller":       func(r *Request) { r.Principal = Principal{} },
		"action":       func(r *Request) { r.Action = "" },
		"no service":   func(r *Request) { r.Action = "ReplicateObject" },
		"wild action":  func(r *Request) { r.Action = "s3:*" },
		"capital key":  func(r *Request) { r.Context = map[string]Value{"aws:SourceVpce": One("x")} },
		"capital head": func(r *Request) { r.Resource = "arn:aws:S3:::dst/k" },
	} {
		bad := *req
		spoil(&bad)
		if d := Decide(&bad, full()); d.Result == Allowed {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestInvalidTakesPart: a document that AWS would not store allows nothing and is
// never overlooked.
func TestInvalidTakesPart(t *testing.T) {
	duplicate := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Resource":"*"}]}`
	for _, bad := range []string{enDash, duplicate, `{`, ``, `{"Statement":{"Effect":"Deny","Action":"*"}}`} {
		for name, set := range map[string]func(*Input){
			"identity": func(in *Input) { in.Identity = identityLayer(allowEverything, bad) },
			"alone":    func(in *Input) { in.Identity = identityLayer(bad) },
			"boundary": func(in *Input) { in.Boundary = layerOf(BoundaryPolicy, bad) },
			"session":  func(in *Input) { in.Session = layerOf(SessionPolicy, bad) },
			"scp":      func(in *Input) { in.SCPs = OnPath(Level{"r", layerOf(SCP, allowEverything, bad)}) },
			"rcp":      func(in *Input) { in.RCPs = OnPath(Level{"r", layerOf(RCP, bad)}) },
			"resource": func(in *Input) { in.Resource = layerOf(BucketPolicy, bad) },
		} {
			in := open()
			in.Identity = identityLayer(allowEverything)
			set(in)
			d := Explain(put("111111111111", callerRole), in)
			if d.Result == Allowed || d.Reason != reasonInvalid || len(d.Errors) == 0 || d.Errors[0].Line < 1 {
				t.Errorf("%s, %.40q: %+v", name, bad, d)
			}
		}
	}
	// An explicit Deny elsewhere needs no other document.
	in := open()
	in.Identity = identityLayer(enDash, denyEverything)
	if d := Decide(put("111111111111", callerRole), in); d.Result != Denied || d.Reason != reasonExplicitDeny || d.Deciding[0].Sid != "No" {
		t.Errorf("%+v", d)
	}
}

func TestResources(t *testing.T) {
	for _, c := range []struct {
		resource, pattern string
		version           string
		want              Truth
	}{
		{"arn:aws:s3:::b/k", "*", "2012-10-17", True},
		{"arn:aws:s3:::b/k", "arn:aws:s3:::b", "2012-10-17", False},
		{"arn:aws:s3:::b", "arn:aws:s3:::b/*", "2012-10-17", False},
		{"arn:aws:s3:::b", "arn:aws:s3:::b*", "2012-10-17", True},
		{"arn:aws:s3:::bother/k", "arn:aws:s3:::b*", "2012-10-17", True},
		{"arn:aws:s3:::b/k:x/y", "arn:aws:s3:::b/*y", "2012-10-17", True},
		{"arn:aws:s3:::b/K", "arn:aws:s3:::b/k", "2012-10-17", False},
		{"arn:aws:s3:::b/k", "arn:aws:s3:*:*:b/k", "2012-10-17", True},
		{"arn:aws:s3:::b/k", "arn:*:s3:::b/k", "2012-10-17", True},
		{"arn:aws-cn:s3:::b/k", "arn:aws:s3:::b/k", "2012-10-17", False},
		{"arn:aws:s3:::b/k", "arn:aws:s3:::*/k", "2012-10-17", True},
		{"arn:aws:s3:::b/k", "arn:aws:S3:::b/k", "2012-10-17", Unknown}, // letter case before the sixth field
		{"arn:aws:s3:::b/k", "arn:aws:s3*", "2012-10-17", True},
		{"arn:aws:s3:::b/k", "arn:aws:s3:*", "2012-10-17", True},
		{"arn:aws:sqs:::b/k", "arn:aws:s3*", "2012-10-17", False},
		{"arn:aws:s3:::b/k", "arn:aws:s*3", "2012-10-17", Unknown},
		{"arn:aws:s3:::b/111111111111/k", "arn:aws:s3:::b/${aws:PrincipalAccount}/*", "2012-10-17", True},
		{"arn:aws:s3:::b/111111111111/k", "arn:aws:s3:::b/${aws:PrincipalAccount}/*", "2008-10-17", False},
		{"arn:aws:s3:::b/x/k", "arn:aws:s3:::b/${aws:username, 'x'}/*", "2012-10-17", True},
		{"arn:aws:s3:::b/x/k", "arn:aws:s3:::b/${aws:username}/*", "2012-10-17", False},
		{"arn:aws:s3:::b/x/k", "arn:aws:s3:::b/${unknown}/*", "2012-10-17", Unknown},
		{"arn:aws:s3:::c/x/k", "arn:aws:s3:::b/${unknown}/*", "2012-10-17", False},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b/${*}", "2012-10-17", True},
		{"arn:aws:s3:::b/k", "arn:aws:s3:::b/${*}", "2012-10-17", False},
		{"arn:aws:iam::111111111111:role/r", "arn:aws:iam::${aws:PrincipalAccount}:role/r", "2012-10-17", Unknown},
		{"*", "*", "2012-10-17", True},
		{"*", "arn:aws:s3:::*", "2012-10-17", False},
	} {
		doc := fmt.Sprintf(`{"Version":%q,"Statement":[{"Effect":"Allow","Action":"*","Resource":%q},{"Effect":"Allow","Action":"*","NotResource":%q}]}`, c.version, c.pattern, c.pattern)
		p := Parse(IdentityPolicy, "p", []byte(doc))
		e := &evaluation{
			req: &Request{Context: map[string]Value{"aws:principalaccount": One("111111111111"), "unknown": {}}}, in: &Input{},
			resource: newARNValue(c.resource),
		}
		if got := e.resourceMatches(&p.statements[0], IdentityPolicy); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.pattern, c.resource, got, c.want)
		}
		if got := e.resourceMatches(&p.statements[1], IdentityPolicy); got != not(c.want) {
			t.Errorf("NotResource %s of %s: %v, want %v", c.pattern, c.resource, got, not(c.want))
		}
	}
}

func TestActions(t *testing.T) {
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
			p := Parse(IdentityPolicy, "p", fmt.Appendf(nil, `{"Statement":{"Effect":"Allow",%q:["ec2:*",%q],"Resource":"*"}}`, member, c.pattern))
			e := &evaluation{req: &Request{Action: c.action}}
			if got := e.actionMatches(&p.statements[0]); got != want {
				t.Errorf("%s %s of %s: %v, want %v", member, c.pattern, c.action, got, want)
			}
		}
	}
}
