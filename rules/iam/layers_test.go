package iam_test

import (
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// layersOf are callers and the layers that take part when they ask for an object
// in the bucket of another account.
func layersOf() map[string]struct {
	caller principal.Caller
	layers []string
} {
	type entry = struct {
		caller principal.Caller
		layers []string
	}
	all := []string{"boundary", "identity", "rcp", "resource", "restrictPublicBuckets", "scp", "session"}
	without := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(l string) bool { return slices.Contains(names, l) })
	}
	linked := principal.RoleSession("arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "", "s")
	maybeLinked, _ := principal.Parse("arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForX/s")
	manager := iamtest.Role
	manager.InManagementAccount = true
	return map[string]entry{
		"role":                    {iamtest.Role, all},
		"user":                    {iamtest.User, all},
		"federated user":          {iamtest.Federated, all},
		"root user":               {iamtest.Root, without("identity", "boundary", "session")},
		"service":                 {iamtest.S3, []string{"rcp", "resource"}},
		"anonymous":               {principal.Anonymous(), []string{"rcp", "resource", "restrictPublicBuckets"}},
		"service-linked role":     {linked, without("scp", "rcp")},
		"perhaps service-linked":  {maybeLinked, all},
		"of a management account": {manager, without("scp")},
	}
}

// openToAll allows every caller, and each layer of it is needed for that.
func openToAll() *iam.Input {
	in := iamtest.Open()
	in.Identity, in.Resource = iamtest.Identity(iamtest.AllowEverything), iamtest.Bucket(`"*"`)
	in.SCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.SCP, iamtest.AllowEverything)})
	in.RCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.RCP)})
	return in
}

// TestLayersThatTakePart: a layer that takes part and was not read makes the answer
// unknown and is named; any other layer changes nothing.
func TestLayersThatTakePart(t *testing.T) {
	t.Parallel()
	unreadLevel := iam.Level{Target: "ou", Layer: iam.NotRead("AccessDenied")}
	forget := map[string]func(*iam.Input){
		"identity":              func(in *iam.Input) { in.Identity = iam.Layer{} },
		"boundary":              func(in *iam.Input) { in.Boundary = iam.Layer{} },
		"session":               func(in *iam.Input) { in.Session = iam.Layer{} },
		"scp":                   func(in *iam.Input) { in.SCPs = iam.Levels{} },
		"rcp":                   func(in *iam.Input) { in.RCPs = iam.Levels{} },
		"resource":              func(in *iam.Input) { in.Resource, in.RestrictPublicBuckets = iam.Layer{}, logic.False },
		"restrictPublicBuckets": func(in *iam.Input) { in.RestrictPublicBuckets = logic.Unknown },
		"scp:ou": func(in *iam.Input) {
			in.SCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.SCP, iamtest.AllowEverything)}, unreadLevel)
		},
		"rcp:ou": func(in *iam.Input) {
			in.RCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.RCP)}, unreadLevel)
		},
	}
	for name, c := range layersOf() {
		req := iamtest.Put("222222222222", c.caller)
		if d := iam.Decide(req, openToAll()); d.Result != iam.Allowed || d.UnknownLayers != nil {
			t.Errorf("%s: %+v", name, d)
		}
		if d := iam.Decide(req, &iam.Input{}); d.Result != iam.Undecided || !slices.Equal(d.UnknownLayers, c.layers) {
			t.Errorf("%s, nothing read: %v for want of %q, want %q", name, d.Result, d.UnknownLayers, c.layers)
		}
		for layer, drop := range forget {
			in := openToAll()
			drop(in)
			d := iam.Decide(req, in)
			kind, _, _ := strings.Cut(layer, ":")
			if slices.Contains(c.layers, kind) {
				if d.Result != iam.Undecided || !slices.Equal(d.UnknownLayers, []string{layer}) {
					t.Errorf("%s, %s not read: %v for want of %q", name, layer, d.Result, d.UnknownLayers)
				}
			} else if d.Result != iam.Allowed || d.UnknownLayers != nil {
				t.Errorf("%s, %s not read: %v for want of %q, although it takes no part", name, layer, d.Result, d.UnknownLayers)
			}
		}
	}
}

// TestDenyOfEveryLayer: where every layer denies, the answer names a Deny of each
// layer that takes part and of no other; the same holds for documents that are not valid.
func TestDenyOfEveryLayer(t *testing.T) {
	t.Parallel()
	const deny = `{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`
	for name, c := range layersOf() {
		in := openToAll()
		in.Identity = iamtest.Identity(iamtest.DenyEverything)
		in.Boundary, in.Session = iamtest.Layer(policy.Boundary, iamtest.DenyEverything), iamtest.Layer(policy.Session, iamtest.DenyEverything)
		in.SCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.SCP, iamtest.AllowEverything, iamtest.DenyEverything)})
		in.RCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.RCP, `{"Version":"2012-10-17","Statement":[`+deny+`]}`)})
		in.Resource = iamtest.Bucket(`"*"`, strings.Replace(deny, `"Resource":"*"`, `"Resource":"arn:aws:s3:::dst/*"`, 1))
		d := iam.Decide(iamtest.Put("222222222222", c.caller), in)
		var named []string
		for _, s := range d.Deciding {
			kind, target, _ := strings.Cut(s.Layer, ":")
			named = append(named, kind)
			if s.Sid != "No" || (kind == "scp" || kind == "rcp") != (target == "root") {
				t.Errorf("%s: %+v", name, s)
			}
		}
		slices.Sort(named)
		want := slices.DeleteFunc(slices.Clone(c.layers), func(l string) bool { return l == "restrictPublicBuckets" })
		if d.Result != iam.Denied || d.Reason != iam.ReasonExplicitDeny || !slices.Equal(named, want) {
			t.Errorf("%s: %v by %q, want %q", name, d.Result, named, want)
		}

		for layer, spoil := range map[string]func(*iam.Input){
			"identity": func(in *iam.Input) { in.Identity = iamtest.Identity(iamtest.EnDash) },
			"boundary": func(in *iam.Input) { in.Boundary = iamtest.Layer(policy.Boundary, iamtest.EnDash) },
			"session":  func(in *iam.Input) { in.Session = iamtest.Layer(policy.Session, iamtest.EnDash) },
			"scp": func(in *iam.Input) {
				in.SCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.SCP, iamtest.EnDash)})
			},
			"rcp": func(in *iam.Input) {
				in.RCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.RCP, iamtest.EnDash)})
			},
		} {
			in := openToAll()
			spoil(in)
			d := iam.Decide(iamtest.Put("222222222222", c.caller), in)
			part := slices.Contains(c.layers, layer)
			if part == (d.Result == iam.Allowed) || part != (len(d.Errors) > 0) {
				t.Errorf("%s, %s not valid: %v, %d errors", name, layer, d.Result, len(d.Errors))
			}
		}
	}
}

// TestErrorsNameTheirPolicy: the error of a document begins with its name, if it has one.
func TestErrorsNameTheirPolicy(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{"": "", "Backup": "policy Backup: "} {
		p := policy.Parse(policy.Identity, name, []byte(iamtest.EnDash))
		in := openToAll()
		in.Identity = iam.Policies(p)
		d := iam.Decide(iamtest.Put("222222222222", iamtest.Role), in)
		if len(d.Errors) == 0 || d.Errors[0].Message != prefix+p.Diagnostics()[0].Message {
			t.Errorf("%q: %+v", name, d.Errors)
		}
	}
}

// TestMissingAllow: an implicit denial names the layer where the Allow is missing.
func TestMissingAllow(t *testing.T) {
	t.Parallel()
	for layer, silence := range map[string]func(*iam.Input){
		"identity": func(in *iam.Input) { in.Identity = iamtest.Identity(iamtest.AllowNothing) },
		"boundary": func(in *iam.Input) { in.Boundary = iamtest.Layer(policy.Boundary, iamtest.AllowNothing) },
		"session":  func(in *iam.Input) { in.Session = iamtest.Layer(policy.Session, iamtest.AllowNothing) },
		"scp:root": func(in *iam.Input) {
			in.SCPs = iam.OnPath(iam.Level{Target: "root", Layer: iamtest.Layer(policy.SCP, iamtest.AllowNothing)})
		},
		"resource":              func(in *iam.Input) { in.Resource = iam.Policies() },
		"restrictPublicBuckets": func(in *iam.Input) { in.RestrictPublicBuckets = logic.True },
	} {
		in := openToAll()
		silence(in)
		d := iam.Decide(iamtest.Put("222222222222", iamtest.Role), in)
		if d.Result != iam.Denied || d.Reason != iam.ReasonImplicitDeny || d.Layer != layer || d.Deciding != nil {
			t.Errorf("%s: %v %s at %q", layer, d.Result, d.Reason, d.Layer)
		}
	}
}

// TestUnknownIDs: where entries name the caller by an id or a session that is not
// known, the key that would say it is listed once.
func TestUnknownIDs(t *testing.T) {
	t.Parallel()
	const first, second = `"AROAROLEROLEROLEROLE1"`, `"AROAROLEROLEROLEROLE2"`
	const session = `"arn:aws:sts::111111111111:assumed-role/R/s"`
	for _, c := range []struct {
		caller  principal.Caller
		entries string
		want    []string
	}{
		{iamtest.RoleWithoutPath, first + "," + second, []string{"aws:userid"}},
		{iamtest.RoleWithoutSession, session, []string{"aws:userid"}},
		{iamtest.RoleWithoutSession, session + "," + first, []string{"aws:userid"}},
	} {
		in := openToAll()
		in.Resource = iamtest.Bucket(`{"AWS":[` + c.entries + `]}`)
		d := iam.Decide(iamtest.Put("222222222222", c.caller), in)
		if d.Result != iam.Undecided || !slices.Equal(d.UnknownKeys, c.want) {
			t.Errorf("%s: %v for want of %q, want %q", c.entries, d.Result, d.UnknownKeys, c.want)
		}
	}
}

// TestLayersOfKeysAndRoles: what takes part where the request is about a key or a role.
func TestLayersOfKeysAndRoles(t *testing.T) {
	t.Parallel()
	const key, role = "arn:aws:kms:eu-west-1:222222222222:key/k", "arn:aws:iam::222222222222:role/"
	for _, c := range []struct {
		caller           principal.Caller
		action, resource string
		want             string
	}{
		{iamtest.Role, "kms:Decrypt", key, "boundary grants identity key rcp scp session"},
		{iamtest.S3, "kms:Decrypt", key, "grants key rcp"},
		{principal.Anonymous(), "kms:Decrypt", key, "key rcp"},
		{iamtest.Root, "kms:Decrypt", key, "grants key rcp scp"},
		{iamtest.Role, "kms:RetireGrant", key, "boundary grants identity key scp session"},
		{iamtest.S3, "sts:AssumeRole", role + "R", "rcp trust"},
		{iamtest.S3, "sts:AssumeRole", role + "aws-service-role/s3.amazonaws.com/R", "trust"},
		{iamtest.User, "sts:AssumeRole", role + "R", "boundary identity rcp scp session trust"},
	} {
		req := &iam.Request{Principal: c.caller, Action: c.action, Resource: c.resource, ResourceAccount: "222222222222"}
		if d := iam.Decide(req, &iam.Input{}); d.Result != iam.Undecided || strings.Join(d.UnknownLayers, " ") != c.want {
			t.Errorf("%s of %s by %d: %v for want of %q, want %q", c.action, c.resource, c.caller.Kind, d.Result, d.UnknownLayers, c.want)
		}
	}
}
