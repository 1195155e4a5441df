package scanner

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// rolesWorld is an organization with one account whose buckets replicate through
// these roles, each a bucket of its own, and lines to add to its policies.
func rolesWorld(t testing.TB, roles []string, policies string) *sandbox.Sandbox {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `organization: {id: o-role000001, management_account: "100000000000", root: r-role}
accounts:
  - {id: "100000000000", name: management}
  - id: "111111111111"
    name: roles
    policies:%s
    roles:
      - name: crosscheck-audit
        trust: '%s'
        attached: [AdministratorAccess]
`, policies, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::100000000000:root"},"Action":"sts:AssumeRole"}]}`)
	for i, role := range roles {
		fmt.Fprintf(&b, "      - {name: r-%d%s}\n", i, role)
	}
	b.WriteString("    buckets:\n      - {name: dst, region: us-east-1, versioning: Enabled}\n")
	for i := range roles {
		fmt.Fprintf(&b, `      - {name: src-%d, region: us-east-1, versioning: Enabled, replication: {Role: "arn:aws:iam::111111111111:role/r-%[1]d", Rules: [{ID: r, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Disabled}, Destination: {Bucket: "arn:aws:s3:::dst"}}]}}
`, i)
	}
	return world(t, []byte(b.String()))
}

const (
	trustS3   = `'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}'`
	trustElse = `'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'`
	readAll   = `'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a b+c%/*"}]}'`
)

// TestRolesAreTheSameEitherWay: what is known of a role does not depend on how it
// was read, nor on how many were.
func TestRolesAreTheSameEitherWay(t *testing.T) {
	t.Parallel()
	policies := `
      - {name: Zeta, path: /team/, document: ` + readAll + `}
      - {name: Alpha, document: ` + readAll + `}
      - {name: Unused, document: ` + readAll + `}`
	listed := 0
	rapid.Check(t, func(rt *rapid.T) {
		role := rapid.Custom(func(rt *rapid.T) string {
			out := ", trust: " + rapid.SampledFrom([]string{trustS3, trustS3, trustElse}).Draw(rt, "trust")
			if names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"z", "a", "m"}), 0, 3, rapid.ID[string]).Draw(rt, "inline"); len(names) > 0 {
				out += ", inline: {"
				for _, name := range names {
					out += name + ": " + readAll + ", "
				}
				out += "}"
			}
			if names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Zeta", "Alpha", "AdministratorAccess"}), 0, 3, rapid.ID[string]).Draw(rt, "attached"); len(names) > 0 {
				out += `, attached: ["` + strings.Join(names, `", "`) + `"]`
			}
			if rapid.Bool().Draw(rt, "bounded") {
				out += ", boundary: Alpha"
			}
			return out
		})
		s := rolesWorld(t, rapid.SliceOfN(role, 1, 8).Draw(rt, "roles"), policies)
		var want []string
		for _, many := range []int{100, 1, -1, 3}[:sandboxtest.Sample(4, 2)] {
			r, err := scanAll(t.Context(), caller(s), Options{RoleName: "crosscheck-audit", RunID: "test", manyRoles: many})
			if err != nil {
				rt.Fatal(err)
			}
			if got := r.lines(t); want == nil {
				want = got
			} else if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("from the %d. role on (-one by one +listed)\n%s", many+1, diff)
			}
		}
		for c, n := range s.Calls() {
			if c.Operation == "iam:GetAccountAuthorizationDetails" {
				listed += n
			}
		}
	})
	if listed == 0 {
		t.Error("no list was ever read")
	}
}

// TestManyRoles: an account with 200 roles, each with a policy of either kind as
// the console makes them, read one by one and at one go.
func TestManyRoles(t *testing.T) {
	t.Parallel()
	var roles []string
	policies := ""
	many := sandboxtest.Sample(200, 50)
	for i := range many {
		roles = append(roles, fmt.Sprintf(", path: /, trust: %s, inline: {copy: %s}, attached: [P-%d]", trustS3, readAll, i))
		policies += fmt.Sprintf("\n      - {name: P-%d, document: %s}", i, readAll)
	}
	var docs []string
	for _, c := range []struct {
		many int
		want map[string]int
	}{
		{1 << 30, map[string]int{"GetRole": many, "ListRolePolicies": many, "GetRolePolicy": many, "ListAttachedRolePolicies": many, "GetPolicy": many, "GetPolicyVersion": many}},
		{0, map[string]int{"GetRole": many, "ListRolePolicies": 16, "GetRolePolicy": 16, "ListAttachedRolePolicies": 16, "GetPolicy": 16, "GetPolicyVersion": 16,
			"GetAccountAuthorizationDetails": sandboxtest.Sample(3, 2)}}, // pages: one role more than policies
	} {
		synctest.Test(t, func(t *testing.T) {
			s := rolesWorld(t, roles, policies)
			cfg := caller(s)
			cfg.HTTPClient = doFunc(func(r *http.Request) (*http.Response, error) {
				time.Sleep(50 * time.Millisecond)
				return s.HTTPClient().Do(r)
			})
			started := time.Now()
			r, err := scanAll(t.Context(), cfg, Options{RoleName: "crosscheck-audit", RunID: "test", manyRoles: c.many})
			if err != nil || len(r.gaps) > 0 {
				t.Fatal(err, r.gaps)
			}
			took := time.Since(started)
			got, all := map[string]int{}, 0
			for c, n := range s.Calls() {
				all += n
				if op, ok := strings.CutPrefix(c.Operation, "iam:"); ok {
					got[op] += n
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if lines := r.lines(t); docs == nil {
				docs = lines
			} else if !slices.Equal(docs, lines) {
				t.Error("the facts are not the same")
			}
			t.Logf("at most %d roles one by one: %d calls, %v at 50 ms a call", c.many, all, took)
		})
	}
}

// What is wrong with a list is never taken for an answer: its roles are read one by one.
func TestRoleLists(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:iam::111111111111:role/r"
	form := func(r *http.Request, key string) string { r.ParseForm(); return r.PostForm.Get(key) }
	policy := url.PathEscape(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:x","Resource":"*"}]}`)
	trust := func(service string) string {
		return "<AssumeRolePolicyDocument>" + url.PathEscape(`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"`+service+`"}}}`) + "</AssumeRolePolicyDocument>"
	}
	const inline = "<RolePolicyList><member><PolicyName>listed</PolicyName><PolicyDocument>%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22s3%3Ax%22%2C%22Resource%22%3A%22*%22%7D%5D%7D</PolicyDocument></member></RolePolicyList>"
	const attached = "<AttachedManagedPolicies/>"
	detail := func(id, parts string) string {
		return "<member><Arn>" + arn + "</Arn><RoleId>" + id + "</RoleId><RoleName>r</RoleName><Path>/</Path>" + parts + "</member>"
	}
	page := func(roles, rest string) reply {
		if rest == "" {
			rest = "<IsTruncated>false</IsTruncated>"
		}
		return reply{200, nil, "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>" + roles + rest + "</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"}
	}
	one := func(roles, rest string) func(*http.Request) reply {
		return func(*http.Request) reply { return page(roles, rest) }
	}
	list := func(roles ...string) string {
		return "<RoleDetailList>" + strings.Join(roles, "") + "</RoleDetailList>"
	}
	good := detail("AROA1", trust("s3.amazonaws.com")+inline+attached)
	for name, c := range map[string]struct {
		answer func(*http.Request) reply
		want   string // name of the inline policy
		calls  int
	}{
		"as it should be": {one(list(good), ""), "listed", 1},
		"two pages": {func(r *http.Request) reply {
			if form(r, "Filter.member.1") != "Role" || form(r, "MaxItems") != "200" {
				t.Errorf("asked for %v", r.PostForm)
			}
			if form(r, "Marker") == "m" {
				return page(list(good), "<IsTruncated>false</IsTruncated>")
			}
			return page(list(), "<IsTruncated>true</IsTruncated><Marker>m</Marker>")
		}, "listed", 2},
		"cut without a marker":   {one(list(good), "<IsTruncated>true</IsTruncated>"), "alone", 1},
		"round and round":        {one(list(good), "<IsTruncated>true</IsTruncated><Marker>m</Marker>"), "alone", 2},
		"no list":                {one("", ""), "alone", 1},
		"a role made again":      {one(list(detail("AROA2", trust("s3.amazonaws.com")+inline+attached)), ""), "alone", 1},
		"a role of others":       {one(list(detail("AROA1", trust("ec2.amazonaws.com")+inline+attached)), ""), "alone", 1},
		"no inline policies":     {one(list(detail("AROA1", trust("s3.amazonaws.com")+attached)), ""), "alone", 1},
		"no attached policies":   {one(list(detail("AROA1", trust("s3.amazonaws.com")+inline)), ""), "alone", 1},
		"a policy without name":  {one(list(detail("AROA1", trust("s3.amazonaws.com")+strings.Replace(inline, "<PolicyName>listed</PolicyName>", "", 1)+attached)), ""), "alone", 1},
		"a policy that is none":  {one(list(detail("AROA1", trust("s3.amazonaws.com")+strings.Replace(inline, "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22s3%3Ax%22%2C%22Resource%22%3A%22*%22%7D%5D%7D", "%7B", 1)+attached)), ""), "alone", 1},
		"not one of the account": {one(list(), ""), "alone", 1},
		"refused": {func(*http.Request) reply {
			return reply{403, nil, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"}
		}, "alone", 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.answer("iam:GetRole", roleXML(arn))
			f.answer("iam:ListRolePolicies", reply{200, nil, `<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames><member>alone</member></PolicyNames><IsTruncated>false</IsTruncated></ListRolePoliciesResult></ListRolePoliciesResponse>`})
			f.do("iam:GetRolePolicy", rolePolicy(policy))
			f.answer("iam:ListAttachedRolePolicies", reply{200, nil, `<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies/><IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>`})
			f.do("iam:GetAccountAuthorizationDetails", c.answer)
			r, err := scanAll(t.Context(), f.config(), Options{AccountOnly: true, manyRoles: -1})
			if err != nil {
				t.Fatal(err)
			}
			role := r.docs["src"].Roles[arn].Value
			if role == nil || role.Inline.Value == nil || len(*role.Inline.Value) != 1 || (*role.Inline.Value)[0].Name != c.want || !role.Attached.Known() {
				t.Errorf("%+v; gaps %v", role, r.gaps)
			}
			if n := f.count("iam:GetAccountAuthorizationDetails"); n != c.calls {
				t.Errorf("%d calls, want %d", n, c.calls)
			}
			if told := slices.ContainsFunc(r.gaps, func(g fact.Gap) bool { return g.API == "iam:GetAccountAuthorizationDetails" }); told != (name == "refused") {
				t.Errorf("gaps: %v", r.gaps)
			}
		})
	}
}

// What finds no room is read by itself, and what was used makes room.
func TestRoleListsAreBounded(t *testing.T) {
	t.Parallel()
	box := rolesWorld(t, slices.Repeat([]string{", trust: " + trustS3 + ", attached: [P], inline: {x: " + readAll + "}"}, 6), "\n      - {name: P, document: "+readAll+"}")
	opts := Options{RoleName: "crosscheck-audit", manyRoles: -1}
	session, err := newSession(t.Context(), caller(box), &opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	in := &account{id: "111111111111"}
	if err := session.enter(t.Context(), in, &opts); err != nil {
		t.Fatal(err)
	}
	v := &visit{scan: &scan{opts: &opts, session: session, accounts: map[string]*account{in.id: in}, cache: newCaches(), roleLists: newRoleLists()}}
	v.roleLists.room = 3
	for i := range 6 {
		r := v.role(t.Context(), fmt.Sprintf("arn:aws:iam::111111111111:role/r-%d", i))
		if r.Value == nil || len(*r.Value.Inline.Value) != 1 || len(*r.Value.Attached.Value) != 1 {
			t.Errorf("role %d: %+v", i, r)
		}
	}
	calls := map[string]int{}
	for c, n := range box.Calls() {
		calls[c.Operation] += n
	}
	if calls["iam:ListRolePolicies"] != 3 || calls["iam:GetPolicy"] != 1 || v.roleLists.room != 3 {
		t.Errorf("room for %d; %v", v.roleLists.room, calls)
	}
}
