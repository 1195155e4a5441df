package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/report/reporttest"
)

// guideWorld is a world of testdata/worlds, with text replaced in pairs that must be there.
func guideWorld(t *testing.T, name string, replaced ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repo, "testdata", "worlds", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(text, replaced[i]) {
			t.Fatalf("%s does not hold %q", name, replaced[i])
		}
		text = strings.ReplaceAll(text, replaced[i], replaced[i+1])
	}
	return []byte(text)
}

func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crosscheck.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStrict: what AWS leaves open is unknown, and fails with --strict or strict:
// true; the flag stands above the file.
func TestStrict(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	// A tag filter without the right to read tags: no source says whether the objects fail, or
	// arrive without their tags.
	p := served(t, guideWorld(t, "guide.yaml", "Filter: {}", "Filter: {Tag: {Key: a, Value: b}}", `                    "s3:GetObjectVersionTagging",`+"\n", ""))
	for _, test := range []struct {
		file    string
		args    []string
		want    int
		verdict string
	}{
		{"", nil, exitFindings, "1 partial"},
		{"", []string{"--strict"}, exitFindings, "1 broken"},
		{"strict: true", nil, exitFindings, "1 broken"},
		{"strict: true", []string{"--strict=false"}, exitFindings, "1 partial"},
		{"strict: false", []string{"--strict"}, exitFindings, "1 broken"},
	} {
		args := append([]string{"scan", "--fail-on", "critical", "--config", configFile(t, test.file)}, test.args...)
		status, stdout, stderr := p.run(t.Context(), args...)
		if status != test.want || !strings.Contains(stdout, test.verdict) {
			t.Errorf("%q %v: exit status %d, want %d and %s\n%s%s", test.file, test.args, status, test.want, test.verdict, stdout, stderr)
		}
	}
}

// TestStrictDrill: a drill predicts as strictly as it is told to.
func TestStrictDrill(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	p := served(t, guideWorld(t, "guide.yaml", "Filter: {}", "Filter: {Tag: {Key: a, Value: b}}", `                    "s3:GetObjectVersionTagging",`+"\n", ""))
	for _, strict := range []bool{false, true} {
		args := []string{"drill", "--yes", "--fail-on", "critical"}
		want := "1 partial"
		if strict {
			args, want = append(args, "--strict"), "1 broken"
		}
		if status, stdout, stderr := p.run(t.Context(), args...); !strings.Contains(stdout, want) {
			t.Errorf("%v: exit status %d, no %s\n%s%s", args, status, want, stdout, stderr)
		}
	}
}

// TestDisabledRules: findings of disabled rules are gone, verdicts stay.
func TestDisabledRules(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	config := configFile(t, "rules: {disable: [XC043, XC044, XC047, XC023, XC026]}\n")
	p := served(t, guideWorld(t, "guide.yaml"))
	status, stdout, stderr := p.run(t.Context(), "scan", "--config", config, "--fail-on", "medium")
	if status != exitClean || strings.Contains(stdout, "XC043") || !strings.Contains(stdout, "XC058") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
	p = served(t, guideWorld(t, "guide-kms.yaml"))
	status, stdout, stderr = p.run(t.Context(), "scan", "--config", config, "--fail-on", "critical")
	if status != exitFindings || !strings.Contains(stdout, "1 broken") || !strings.Contains(stdout, "DstPutObjectNotPermitted") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

// TestDestinations: the parameter reaches the rule, each key of it.
func TestDestinations(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	p := served(t, guideWorld(t, "guide.yaml"))
	for file, want := range map[string]string{
		"":                           "",
		"accounts: ['222222222222']": "",
		"accounts: [222222222222, 333333333333], regions: [eu-west-1]": "",
		"other_account: true":                 "",
		"other_region: true":                  "",
		"accounts: ['333333333333']":          "belongs to account 222222222222, which is not allowed",
		"regions: [eu-central-1]":             "is in eu-west-1, which is not allowed",
		"regions: [us-gov-west-1, us-east-1]": "is in eu-west-1, which is not allowed",
	} {
		if file != "" {
			file = "destinations: {" + file + "}\n"
		}
		_, stdout, stderr := p.run(t.Context(), "scan", "-q", "--config", configFile(t, file), "-o", "csv")
		if !strings.Contains(stdout, want) || strings.Contains(stdout, "not allowed") != (want != "") || stderr != "" {
			t.Errorf("%q: no %q\n%s%s", file, want, stdout, stderr)
		}
	}
	// The same account and Region.
	p = served(t, guideWorld(t, "guide.yaml", "eu-west-1", "us-east-1"))
	_, stdout, _ := p.run(t.Context(), "scan", "--config", configFile(t, "destinations: {other_region: true}\n"), "-o", "csv")
	if !strings.Contains(stdout, "is in the Region of the source") {
		t.Error(stdout)
	}
}

// TestConfigRefuses: what cannot be meant is one line with a hint.
func TestConfigRefuses(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	for file, want := range map[string]string{
		"strict: maybe":                                `:1: strict is "maybe", not true or false`,
		"strikt: true":                                 `unknown key "strikt"`,
		"fail_on: severe":                              `:1: fail_on: unknown severity "severe": use critical`,
		"outputs: table":                               `:1: outputs is "table", not a list; write it in [ and ]`,
		"outputs: [tabel]":                             `:1: outputs[0]: unknown output format "tabel"`,
		"outputs: [table=]":                            `:1: outputs[0]: output "table=" names no file`,
		"\n\nscan:\n  accounts:\n":                     `:4: scan.accounts has no value; give it a value or leave it out`,
		"scan: [x]":                                    ":1: scan is a list, not a mapping",
		"- x":                                          ":1: the configuration is a list, not a mapping",
		"scan: {concurrency: many}":                    `:1: scan.concurrency is "many", not a whole number`,
		"scan: {concurrency: 0}":                       `:1: scan.concurrency: 0 is not a number of calls; use 1 or more`,
		"scan: {accounts: [[x]]}":                      ":1: scan.accounts[0] is a list, not text",
		"scan: {buckets: 'arn:aws:s3:::x'}":            `:1: scan.buckets: "arn:aws:s3:::x" is not a pattern of bucket names; a name has letters`,
		"scan: {role_name: 'arn:aws:iam::1'}":          `:1: scan.role_name: "arn:aws:iam::1" is not the name of a role`,
		"buckets: x":                                   `:1: unknown key "buckets"; did you mean scan.buckets?`,
		"strict: true\nstrict: false":                  `:2: the key "strict" is also in line 1; keep one of them`,
		"strict: true\n---\nstrict: true":              "more than one YAML document",
		"strict: [":                                    ":1: did not find",
		"a: &a [*a]":                                   "",
		"scan: &s {concurrency: 1}\nx: *s":             `:2: unknown key "x"`,
		"? [a]\n: b":                                   ":1: a key is a list, not a word",
		"canary: {slo: soon}":                          `:1: canary.slo: "soon" is not a duration; for example 90s`,
		"canary: {slo_percentile: 101}":                ":1: canary.slo_percentile: 101 is not a percentage",
		"canary: {folder: 'a/b'}":                      ":1: canary.folder: ",
		"rules: {enable: [Links]}":                     `:1: rules.enable[0]: "Links" is not the id of a rule or the name of a pack; crosscheck rules list`,
		"rules:\n  enable:\n  - links\n  - ecnryption": `:4: rules.enable: there is no rule or pack "ecnryption"; did you mean encryption?`,
		"rules: {enable: [links], disable: [links]}":   ":1: rules.disable: links is both enabled and disabled",
		"rules:\n  severity:\n    XC047: high\n    XC999: low":                  `:4: rules.severity: there is no rule "XC999"; `,
		"rules: {severity: {XC004: info}}":                                      ":1: rules.severity: XC004 decides whether links work",
		"rules: {severity: {XC047: severe}}":                                    `:1: rules.severity.XC047: unknown severity "severe"`,
		"rules: {severity: {metrics: low}}":                                     `:1: rules.severity: "metrics" is not the id of a rule`,
		"rules: {parameters: {nothing: 1}}":                                     `:1: rules.parameters: no rule has the parameter "nothing"`,
		"rules: {parameters: {destinations: 1}}":                                ":1: rules.parameters: destinations is a key of its own",
		"rules: {parameters: {x: &x [1], y: [*x]}}":                             "has an alias in it",
		"required_replication: {name: x}":                                       ":1: required_replication is a mapping, not a list",
		"required_replication:\n- {}":                                           ":2: required_replication[0] selects no buckets",
		"required_replication: [{destination: {regions: [eu-west-1]}}]":         ":1: required_replication[0] selects no buckets; give a name pattern",
		"required_replication: [{name: a, destination: {regions: []}}]":         ":1: required_replication[0]: destination asks for nothing; give accounts",
		"required_replication:\n- name: a\n  destination:\n":                    ":3: required_replication[0]: destination asks for nothing",
		"required_replication: [{ous: [prod]}]":                                 `:1: required_replication[0]: ous[0]: "prod" is not the id of a root or an organizational unit; such as ou-`,
		"required_replication: [{name: a, destination: {region: [eu-west-1]}}]": `:1: required_replication[0]: unknown key "region" under destination; did you mean regions?`,
		"required_replication: [{tag: {a: b}}]":                                 `:1: required_replication[0]: unknown key "tag"; did you mean tags?`,
		"required_replication: [{name: '{a,b}-prod'}]":                          `:1: required_replication[0]: name: "{a,b}-prod" is not a pattern of bucket names`,
		"rules: {disable: [XC999]}":                                             `there is no rule or pack "XC999"`,
		"rules: {disable: [metrics]}":                                           `:1: rules.disable: there is no rule or pack "metrics"; crosscheck rules list`,
		"rules: {disabled: [XC001]}":                                            `unknown key "disabled"`,
		"destinations: {}":                                                      "destinations asks for nothing; give accounts, regions",
		"destinations: {accounts: []}":                                          "destinations asks for nothing",
		"destinations: {account: ['1']}":                                        `unknown key "account"`,
		"destinations: {accounts: ['1']}":                                       `destinations.accounts[0]: "1" is not an account id; an account id has 12 digits`,
		"destinations: {regions: [Frankfurt]}":                                  `destinations.regions[0]: "Frankfurt" is not a Region; for example eu-west-1`,
	} {
		status, stdout, stderr := inProcess(t.Context(), "scan", "--config", configFile(t, file))
		if want == "" {
			want = "crosscheck: "
		}
		if status != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit status %d, %q, want %q", file, status, stderr, want)
		}
	}
}
