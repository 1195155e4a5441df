package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	const account = "accounts:\n  - id: \"111111111111\"\n"
	for _, test := range []struct {
		name, world string
		want        []string // in this order
	}{
		{"nothing", "", []string{"w.yaml: empty world"}},
		{"only a comment", "# nothing\n", []string{"w.yaml: empty world"}},
		{"not YAML", "accounts: [", []string{"w.yaml: line 1: did not find"}},
		{"two documents", account + "---\n" + account, []string{"w.yaml: more than one YAML document"}},
		{"a list", "- a\n", []string{"w.yaml:1: cannot unmarshal !!seq into World"}},
		{"unknown fields", account + "    mail: x\nparttion: aws\n", []string{`w.yaml:3: unknown field "mail"`, `w.yaml:4: unknown field "parttion"`}},
		{"unknown field of a bucket", account + "    buckets:\n      - nam: x\n", []string{`w.yaml:4: unknown field "nam"`}},
		{"wrong type", account + "    roles: yes\n", []string{"w.yaml:3: cannot unmarshal !!str `yes` into"}},
		{"wrong duration", "lag: soon\n" + account, []string{"w.yaml:1: cannot unmarshal !!str `soon` into time.Duration"}},
		{"key twice", account + "    name: a\n    name: b\n", []string{`w.yaml:4: mapping key "name" already defined at line 3`}},
		{"no account", "partition: aws\n", []string{"w.yaml:1: accounts: no account"}},
		{"raw answers", "organization:\n  management_account: \"111111111111\"\n  raw: {ListRoot: x}\n" + account + "    raw:\n      GetRole: x\n    roles: [{name: r, trust: x, raw: {GetRoles: x}}]\n    buckets:\n      - name: bbb\n        region: us-east-1\n        raw:\n          GetBucketReplication: x\n          GetReplication: x\n", []string{
			`w.yaml:3: organization.raw.ListRoot: no operation of an organization has this name; use DescribeOrganization, ListAccounts, ListRoots`,
			`w.yaml:7: accounts[0].raw.GetRole: no operation of an account has this name; use DescribeAlarms, GetAccountAuthorizationDetails, `,
			`w.yaml:8: accounts[0].roles[0].raw.GetRoles: no operation of a role has this name; use GetRole, `,
			`w.yaml:14: accounts[0].buckets[0].raw.GetReplication: no operation of a bucket has this name; use GetBucketAbac, GetBucketEncryption, `,
		}},
		{"partition", "partition: mars\n" + account, []string{`w.yaml:1: partition: "mars" is not one of aws, aws-cn, aws-eusc, `}},
		{"account ids", "accounts:\n  - id: 12\n  - id: \"111111111111\"\n  - id: \"111111111111\"\n", []string{
			`w.yaml:2: accounts[0].id: "12" is not an account id`,
			`w.yaml:4: accounts[2].id: account "111111111111" is already at line 3`,
		}},
		{"no such management account", "organization:\n  management_account: \"222222222222\"\n" + account, []string{
			`w.yaml:2: organization.management_account: no account "222222222222"`,
		}},
		{"no such OU", "organization: {management_account: \"111111111111\"}\n" + account + "    parent: ou-ab12-a1b2c3d4\n", []string{
			`w.yaml:4: accounts[0].parent: no root or OU "ou-ab12-a1b2c3d4"`,
		}},
		{"no such SCP", "organization:\n  management_account: \"111111111111\"\n  units:\n    - id: ou-ab12-a1b2c3d4\n      name: U\n      scps: [Missing]\n" + account, []string{
			`w.yaml:6: organization.units[0].scps[0]: no SCP "Missing"`,
		}},
		{"an RCP as an SCP", `
organization:
  management_account: "111111111111"
  policies: [{id: p-a1b2c3d4, name: R, type: RESOURCE_CONTROL_POLICY, document: "{}"}]
  scps: [R]
` + account, []string{`w.yaml:5: organization.scps[0]: no SCP "R"`}},
		{"OU id twice", `
organization:
  management_account: "111111111111"
  units:
    - {id: ou-ab12-a1b2c3d4, name: A, units: [{id: ou-ab12-a1b2c3d4, name: B}]}
` + account, []string{`w.yaml:5: organization.units[0].units[0].id: OU "ou-ab12-a1b2c3d4" is already at line 5`}},
		{"policies over an account outside", account + "    full_aws_access: false\n", []string{"w.yaml:2: accounts[0]: account 111111111111 is outside the organization"}},
		{"delegated administrator", "organization:\n  management_account: \"111111111111\"\n  delegated_administrators:\n    - {account: \"111111111111\"}\n" + account, []string{
			"w.yaml:4: organization.delegated_administrators[0].account: the management account cannot be",
			"w.yaml:4: organization.delegated_administrators[0]: name at least one service",
		}},
		{"roles", account + `    roles:
      - name: no trust
      - name: a
        trust: "{}"
        path: service-role
        attached: [Missing]
        boundary: arn:aws:iam::aws:policy/Missing
        max_session_duration: 13h
      - {name: A, trust: "{}"}
`, []string{
			`w.yaml:4: accounts[0].roles[0].name: "no trust" is not a name`,
			"w.yaml:4: accounts[0].roles[0]: a role needs a trust policy",
			`w.yaml:7: accounts[0].roles[1].path: "service-role" is not a path`,
			`w.yaml:8: accounts[0].roles[1].attached[0]: no managed policy "Missing" in account 111111111111`,
			`w.yaml:9: accounts[0].roles[1].boundary: no managed policy "arn:aws:iam::aws:policy/Missing"`,
			"w.yaml:10: accounts[0].roles[1].max_session_duration: a session lasts at most 1h to 12h",
			`w.yaml:11: accounts[0].roles[2].name: role "a" is already at line 5`,
		}},
		{"keys", account + `    keys:
      - {id: mrk-1, region: home, state: Lost, aliases: [alias/aws/s3]}
      - {id: mrk-00000000111122223333444444444444, region: us-east-1, grants: [{grantee: x}]}
`, []string{
			`w.yaml:4: accounts[0].keys[0].id: "mrk-1" is not a key id`,
			`w.yaml:4: accounts[0].keys[0].region: "home" is not a Region`,
			"w.yaml:4: accounts[0].keys[0].id: exactly the multi-Region keys",
			`w.yaml:4: accounts[0].keys[0].state: "Lost" is not one of Enabled`,
			`w.yaml:4: accounts[0].keys[0].aliases[0]: "alias/aws/s3" is not a name`,
			"w.yaml:5: accounts[0].keys[1].id: exactly the multi-Region keys",
			"w.yaml:5: accounts[0].keys[1].grants[0]: a grant needs a grantee and operations",
		}},
		{"callers", account + `callers:
  - {access_key: short, account: "222222222222", root: true}
  - {access_key: AKIAIOSFODNN7EXAMPLE, account: "111111111111", root: true}
  - {access_key: AKIAIOSFODNN7EXAMPL1, account: "111111111111", role: missing, root: true}
  - {access_key: AKIAIOSFODNN7EXAMPL2, account: "111111111111", root: true, session_policy: "{}"}
`, []string{
			`w.yaml:4: callers[0].access_key: "short" is not an access key id`,
			`w.yaml:4: callers[0].account: no account "222222222222"`,
			`w.yaml:5: callers[1].access_key: access key "AKIAIOSFODNN7EXAMPLE" is already at line`,
			`w.yaml:6: callers[2].role: no role "missing" in account 111111111111`,
			"w.yaml:6: callers[2]: a caller is exactly one of role, user and root",
			"w.yaml:7: callers[3].session_policy: only a role session",
		}},
		{"faults", account + `faults:
  - {kind: explosion}
  - {kind: latency}
  - {kind: reset, delay: 1s}
  - {kind: error, status: 404}
  - {kind: reset, probability: 2}
  - {kind: reset, count: -1}
`, []string{
			`w.yaml:4: faults[0]: unknown kind of fault "explosion"`,
			"w.yaml:5: faults[1]: latency and slow_body need a delay",
			"w.yaml:6: faults[2]: latency and slow_body need a delay",
			"w.yaml:7: faults[3]: status is for kind error",
			"w.yaml:8: faults[4]: probability 2 is not between 0 and 1",
			"w.yaml:9: faults[5]: skip and count are not negative",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := sandbox.Load("w.yaml", []byte(test.world))
			if err == nil {
				t.Fatal("no error")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("%d errors, want %d:\n%v", len(lines), len(test.want), err)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("error %q, want %q…", lines[i], want)
				}
			}
		})
	}
}

// What AWS would refuse, a world can hold.
func TestLoadKeepsPoliciesVerbatim(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t, `
accounts:
  - id: "111111111111"
    roles:
      - name: a
        trust: &text |
          {"Version": "2012–10–17",   "Statement": "not even a list"
      - name: b
        trust: *text
`)
	want := "{\"Version\": \"2012–10–17\",   \"Statement\": \"not even a list\"\n"
	for _, name := range []string{"a", "b"} {
		if got := s.State.Accounts["111111111111"].Roles[name].Trust; got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestDefaultsOfAWorld(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t, `
partition: aws-us-gov
accounts:
  - id: 011111111111
    roles: [{name: a, trust: "{}"}]
    keys: [{id: 00000000-1111-2222-3333-444444444444, region: us-gov-west-1, aliases: [k]}]
`)
	a := s.State.Accounts["011111111111"]
	if a == nil || a.Name != "account-011111111111" || a.Email != "account-011111111111@example.com" || a.Status != "ACTIVE" || len(a.CanonicalID) != 64 {
		t.Fatalf("account %+v", a)
	}
	if r := a.Roles["a"]; r.ARN != "arn:aws-us-gov:iam::011111111111:role/a" || len(r.ID) != 21 {
		t.Errorf("role %+v", r)
	}
	if arn := a.Aliases["us-gov-west-1/alias/k"]; s.State.Keys[arn] == nil {
		t.Errorf("aliases %v", a.Aliases)
	}
	if who := s.State.Access[sandbox.DefaultAccessKey]; who.Principal.ARN != "arn:aws-us-gov:iam::011111111111:user/administrator" {
		t.Errorf("default caller %+v", who.Principal)
	}
}

// TestPartitionsOfWorlds: a world may be in every partition, with a Region of it.
func TestPartitionsOfWorlds(t *testing.T) {
	t.Parallel()
	for _, partition := range fact.Partitions() {
		s := sandboxtest.New(t, fmt.Sprintf(`
partition: %s
accounts:
  - id: "111111111111"
    roles: [{name: a, trust: "{}"}]
    keys: [{id: 00000000-1111-2222-3333-444444444444, region: %s}]
`, partition, fact.RegionIn(partition)))
		if r := s.State.Accounts["111111111111"].Roles["a"]; r.ARN != "arn:"+partition+":iam::111111111111:role/a" {
			t.Errorf("%s: %s", partition, r.ARN)
		}
	}
}

// The worlds of the repository, and the examples of their documentation, load.
func TestWorldsLoad(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/worlds/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no worlds: %v", err)
	}
	worlds := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, ".crosscheck.yaml") { // the configuration of a scan of that world
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		worlds[file] = string(data)
	}
	doc, err := os.ReadFile("../../docs/worlds.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(doc), -1)
	if len(blocks) != 4 {
		t.Fatalf("%d examples in docs/worlds.md", len(blocks))
	}
	worlds["docs/worlds.md: world"] = blocks[0][1]
	worlds["docs/worlds.md: buckets"] = "accounts:\n  - id: \"222222222222\"\n    " + strings.ReplaceAll(blocks[1][1], "\n", "\n    ")
	worlds["docs/worlds.md: raw answers"] = "accounts:\n  - id: \"222222222222\"\n    " + strings.ReplaceAll(blocks[2][1], "\n", "\n    ")
	worlds["docs/worlds.md: faults"] = "accounts: [{id: \"222222222222\"}]\n" + blocks[3][1]
	for name, text := range worlds {
		w, err := sandbox.Load(name, []byte(text))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if _, err := sandbox.New(w); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestSameWorldSameIDs(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("sandboxtest/testdata/control.yaml")
	if err != nil {
		t.Fatal(err)
	}
	one, two := sandboxtest.New(t, string(data)), sandboxtest.New(t, string(data))
	for id, a := range one.State.Accounts {
		for name, r := range a.Roles {
			if other := two.State.Accounts[id].Roles[name]; r.ID != other.ID {
				t.Errorf("role %s has ids %s and %s", name, r.ID, other.ID)
			}
		}
	}
	seen := map[string]string{}
	for arn := range one.State.Keys {
		if two.State.Keys[arn] == nil {
			t.Errorf("key %s is not in both", arn)
		}
		for _, g := range one.State.Keys[arn].Grants {
			if seen[g.ID] != "" {
				t.Errorf("grant id %s twice", g.ID)
			}
			seen[g.ID] = arn
		}
	}
}
