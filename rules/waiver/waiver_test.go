package waiver

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

var waiverDay = time.Date(2026, 6, 30, 23, 59, 0, 0, time.UTC)

const somePrint = "0123456789abcdef0123456789abcdef"

// waiverFiles are files with what is wrong with them, "" where nothing is. The
// schema must agree, except where beyond is set: it cannot say that.
var waiverFiles = map[string]struct {
	text, want string
	beyond     bool
}{
	"empty":         {"", "", true}, // no document at all
	"comments":      {"# nothing yet\n", "", true},
	"null":          {"waivers:\n", "", false},
	"no entries":    {"waivers: []\n", "", false},
	"whole":         {"waivers:\n  - rule: XC046\n    resource: arn:aws:s3:::logs-*\n    account: \"111111111111\"\n    fingerprint: " + somePrint + "\n    reason: r\n    owner: o\n    ticket: T-1\n    expires: 2026-12-31\n", "", false},
	"quoted day":    {"waivers:\n  - {rule: XC046, reason: r, expires: \"2026-12-31\"}\n", "", false},
	"past":          {"waivers:\n  - {rule: XC046, reason: r, expires: 2020-01-01}\n", "", false},
	"other root":    {"- rule: XC046\n", ":1: not a mapping of keys to values", false},
	"unknown root":  {"waivers: []\nrules: []\n", `:2: unknown key "rules": the file has one key, waivers`, false},
	"no list":       {"waivers:\n  rule: XC046\n", ":2: waivers is not a list", false},
	"no mapping":    {"waivers:\n  - XC046\n", ":2: not a mapping of keys to values", false},
	"unknown key":   {"waivers:\n  - rule: XC046\n    reason: r\n    until: 2026-12-31\n", `:4: unknown key "until": use rule, resource, account, fingerprint, reason, owner, ticket or expires`, false},
	"twice":         {"waivers:\n  - rule: XC046\n    reason: r\n    rule: XC047\n    expires: 2026-12-31\n", `:4: the key "rule" is also in line 2`, true},
	"no reason":     {"waivers:\n  - rule: XC046\n    expires: 2026-12-31\n", ":2: this waiver has no reason", false},
	"no day":        {"waivers:\n  - rule: XC046\n    reason: r\n", ":2: this waiver has no last day: give it expires: YYYY-MM-DD", false},
	"everything":    {"waivers:\n  - reason: r\n    expires: 2026-12-31\n", ":2: this waiver is for everything: give it a rule, resource, account or fingerprint", false},
	"blank reason":  {"waivers:\n  - rule: XC046\n    reason: \"  \"\n    expires: 2026-12-31\n", ":3: reason has no text: give it some or leave the key out", false},
	"null resource": {"waivers:\n  - rule: XC046\n    resource:\n    reason: r\n    expires: 2026-12-31\n", ":3: resource has no text: give it some or leave the key out", false},
	"list reason":   {"waivers:\n  - rule: XC046\n    reason: [r]\n    expires: 2026-12-31\n", ":3: reason has no text: give it some or leave the key out", false},
	"number":        {"waivers:\n  - account: 111111111111\n    reason: r\n    expires: 2026-12-31\n", ":2: account is not text: put it in quotes", false},
	"short account": {"waivers:\n  - account: \"1111\"\n    reason: r\n    expires: 2026-12-31\n", `:2: account "1111" is not an account id of 12 digits`, false},
	"no rule id":    {"waivers:\n  - rule: versioning\n    reason: r\n    expires: 2026-12-31\n", `:2: rule "versioning" is not the id of a rule, such as XC046`, false},
	"short print":   {"waivers:\n  - fingerprint: abc\n    reason: r\n    expires: 2026-12-31\n", `:2: fingerprint "abc" does not have the 32 digits of one`, false},
	"no date":       {"waivers:\n  - rule: XC046\n    reason: r\n    expires: next summer\n", `:4: expires "next summer" is not a date: write YYYY-MM-DD`, false},
	"no such day":   {"waivers:\n  - rule: XC046\n    reason: r\n    expires: 2026-02-30\n", `:4: expires "2026-02-30" is not a date: write YYYY-MM-DD`, false},
	"with time":     {"waivers:\n  - rule: XC046\n    reason: r\n    expires: 2026-02-03T00:00:00Z\n", `:4: expires "2026-02-03T00:00:00Z" is not a date: write YYYY-MM-DD`, false},
	"the same":      {"waivers:\n  - {rule: XC046, reason: r, expires: 2026-12-31}\n  - {rule: XC046, reason: s, expires: 2027-12-31}\n", ":3: line 2 is a waiver for the same: keep one of them", true},
	"two documents": {"waivers: []\n---\nwaivers: []\n", ": more than one YAML document", true},
	"no YAML":       {"waivers: [\n", ":1: did not find expected node content", true},
	"alias":         {"waivers:\n  - &a {rule: XC046, reason: r, expires: 2026-12-31}\n  - {account: \"111111111111\", reason: &r s, owner: *r, expires: 2026-12-31}\n", "", true},
}

func TestParse(t *testing.T) {
	t.Parallel()
	schema := waiverSchema(t)
	for name, test := range waiverFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("w.yaml", []byte(test.text), waiverDay)
			got := ""
			if err != nil {
				got = strings.TrimPrefix(err.Error(), "w.yaml")
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.beyond {
				return
			}
			if err := schema.Validate(yamlAsJSON(t, test.text)); (err == nil) != (test.want == "") {
				t.Errorf("the schema says %v, the parser %q", err, got)
			}
		})
	}
}

func waiverSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "schemas", "waivers.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("waivers.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("waivers.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// yamlAsJSON is the document as an editor shows it to a schema: days are text.
func yamlAsJSON(t *testing.T, text string) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	var days func(*yaml.Node)
	days = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, c := range n.Content {
			days(c)
		}
	}
	days(&n)
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func waiversOf(t testing.TB, text string) *Set {
	t.Helper()
	w, err := Parse("w.yaml", []byte(text), waiverDay)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func someFinding() finding.Finding {
	return finding.Finding{
		RuleID: "XC012", Status: finding.Fail, AccountID: "111111111111", Resource: "arn:aws:s3:::orders-raw",
		Link: "orders-raw/to-backup→backup-raw", Fingerprint: somePrint,
	}
}

func TestSelects(t *testing.T) {
	t.Parallel()
	for selector, want := range map[string]bool{
		"rule: XC012":                                               true,
		"rule: XC0011":                                              false,
		"resource: arn:aws:s3:::orders-raw":                         true,
		"resource: arn:aws:s3:::orders-*":                           true,
		"resource: arn:aws:s3:::order":                              false,
		"resource: ARN:AWS:S3:::ORDERS-RAW":                         false, // letter case matters
		"resource: orders-raw/to-backup→backup-raw":                 true,
		"resource: orders-raw/*":                                    true,
		"resource: orders-raw/to-backup->backup-???":                true,
		"resource: \"*->backup-raw\"":                               true,
		"resource: \"*->backup\"":                                   false,
		"account: \"111111111111\"":                                 true,
		"account: \"222222222222\"":                                 false,
		"fingerprint: " + somePrint:                                 true,
		"fingerprint: " + strings.Repeat("f", 32):                   false,
		"{rule: XC012, resource: \"*\", account: \"222222222222\"}": false,
		"{rule: XC012, fingerprint: " + somePrint + "}":             true,
		"{rule: XC013, fingerprint: " + somePrint + "}":             false,
	} {
		selector = strings.ReplaceAll(strings.Trim(selector, "{}"), ", ", "\n    ")
		w := waiversOf(t, "waivers:\n  - "+selector+"\n    reason: r\n    expires: 2026-12-31\n")
		f := someFinding()
		if got := w.Apply(&f) != nil; got != want {
			t.Errorf("%s: waived %v, want %v", selector, got, want)
		}
	}
}

func TestWaiverOfABucket(t *testing.T) {
	t.Parallel()
	w := waiversOf(t, "waivers:\n  - {resource: \"\\u2192\", reason: r, expires: 2026-12-31}\n  - {resource: \"?\", reason: r, expires: 2026-12-31}\n")
	f := finding.Finding{RuleID: "XC046", Status: finding.Fail, Resource: "arn:aws:s3:::a"}
	if w.Apply(&f) != nil {
		t.Error("a finding without a link was taken for one with the link that it lacks")
	}
}

func TestWaiverExpires(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]bool{"2026-06-29": false, "2026-06-30": true, "2026-07-01": true} {
		w := waiversOf(t, "waivers:\n  - {rule: XC012, reason: r, owner: o, ticket: t, expires: "+day+"}\n")
		f := someFinding()
		waiver := w.Apply(&f)
		if (waiver != nil) != want {
			t.Errorf("%s: %v", day, waiver)
		}
		if diff := cmp.Diff(&finding.Waiver{Reason: "r", Owner: "o", Ticket: "t", Expires: day}, waiver); want && diff != "" {
			t.Error(diff)
		}
		all := w.Findings(Run{Scope: fact.Scope{Mode: "organization"}})
		if want != (len(all) == 0) {
			t.Errorf("%s: %v", day, all)
		}
		if !want && (all[0].RuleID != finding.WaiverExpired || all[0].Status != finding.Fail || all[0].Severity != finding.Low ||
			all[0].Message != "the waiver in line 2 expired on 2026-06-29; failing findings it was for: 1") {
			t.Errorf("%s: %+v", day, all[0])
		}
	}
}

// TestWaiverAfterAnExpired: an expired entry does not keep another from waiving.
func TestWaiverAfterAnExpired(t *testing.T) {
	t.Parallel()
	w := waiversOf(t, "waivers:\n  - {rule: XC012, reason: old, expires: 2025-12-31}\n  - {resource: \"*\", reason: new, expires: 2026-12-31}\n  - {account: \"111111111111\", reason: other, expires: 2026-12-31}\n")
	f := someFinding()
	if waiver := w.Apply(&f); waiver == nil || waiver.Reason != "new" {
		t.Errorf("%v", waiver)
	}
	all := w.Findings(Run{Scope: fact.Scope{Mode: "organization"}})
	if len(all) != 1 || all[0].RuleID != finding.WaiverExpired {
		t.Errorf("%+v", all)
	}
}

func TestOnlyFailingFindingsAreWaived(t *testing.T) {
	t.Parallel()
	for _, status := range []finding.Status{finding.Pass, finding.Unknown, finding.NotApplicable, ""} {
		w := waiversOf(t, "waivers:\n  - {rule: XC012, reason: r, expires: 2026-12-31}\n")
		f := someFinding()
		f.Status = status
		if w.Apply(&f) != nil {
			t.Errorf("%q is waived", status)
		}
		// What is unknown may fail: its waiver is not called unused.
		want := 1
		if status == finding.Unknown {
			want = 0
		}
		if all := w.Findings(Run{Scope: fact.Scope{Mode: "organization"}}); len(all) != want {
			t.Errorf("%q: %+v", status, all)
		}
	}
}

func TestUnused(t *testing.T) {
	t.Parallel()
	organization := fact.Scope{Mode: "organization"}
	for name, test := range map[string]struct {
		selector string
		run      Run
		want     finding.Status
	}{
		"whole run":          {"rule: XC099", Run{Scope: organization}, finding.Fail},
		"incomplete":         {"rule: XC099", Run{Scope: organization, Incomplete: true}, finding.Unknown},
		"some buckets":       {"rule: XC099", Run{Scope: fact.Scope{Mode: "organization", Buckets: "a*"}}, finding.NotApplicable},
		"not judged":         {"rule: XC901", Run{Scope: organization, NotJudged: []string{"XC901"}}, finding.NotApplicable},
		"account of the run": {`rule: XC099, account: "111111111111"`, Run{Scope: fact.Scope{Mode: "accounts"}}, finding.Fail},
		"account elsewhere":  {`account: "222222222222"`, Run{Scope: fact.Scope{Mode: "accounts"}}, finding.NotApplicable},
		"account left out":   {`account: "222222222222"`, Run{Scope: fact.Scope{Mode: "organization", ExcludeAccounts: []string{"222222222222"}}}, finding.NotApplicable},
		"account gone":       {`account: "222222222222"`, Run{Scope: organization}, finding.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := waiversOf(t, "waivers:\n  - {"+test.selector+", reason: r, expires: 2026-12-31}\n")
			f := someFinding()
			w.Apply(&f)
			all := w.Findings(test.run)
			if len(all) != 1 || all[0].RuleID != finding.WaiverUnused || all[0].Status != test.want || all[0].Severity != finding.Low || all[0].Fingerprint == "" {
				t.Errorf("%+v", all)
			}
		})
	}
}

// TestExact: an entry that was made for a finding, written and read again,
// waives that finding and no finding that differs in what identifies it.
func TestExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z*?:"'# →-]{1,12}`)
		f := someFinding()
		f.Resource = "arn:aws:s3:::" + text.Draw(t, "bucket")
		if rapid.Bool().Draw(t, "link") {
			f.Link = text.Draw(t, "source") + "/" + text.Draw(t, "rule") + "→" + text.Draw(t, "destination")
		} else {
			f.Link = ""
		}
		e := Exact(&f)
		e.Reason, e.Expires = "because: "+text.Draw(t, "reason"), "2026-12-31"
		data, err := yaml.Marshal(map[string]any{"waivers": []Entry{e}})
		if err != nil {
			t.Fatal(err)
		}
		w, err := Parse("w.yaml", data, waiverDay)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if waiver := w.Apply(&f); waiver == nil || waiver.Reason != e.Reason {
			t.Fatalf("%+v is not waived by\n%s", f, data)
		}
		other := f
		other.Fingerprint = strings.Repeat("0", 32)
		if w.Apply(&other) != nil {
			t.Fatalf("another fault is waived by\n%s", data)
		}
	})
}
