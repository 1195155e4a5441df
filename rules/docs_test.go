package rules

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
	"crosscheck/scanner/ask"
	"crosscheck/scanner/fact"
)

// permissionsFor are those that a scan needs for a fact, by the name that needs of rules use.
func permissionsFor(name string) []string {
	side, rest, _ := strings.Cut(name, ".")
	switch {
	case name == "destination" || rest == "owner":
		return []string{ask.Action("s3:ListBuckets")}
	case name == "organization":
		return []string{ask.Action("organizations:DescribeOrganization")}
	case name == "role":
		return []string{ask.Action("iam:GetRole")}
	case strings.HasSuffix(side, "_key") && rest == "":
		return []string{ask.Action("kms:DescribeKey")}
	case side == "role":
		return actionsOf(fact.RoleFacts, rest)
	case strings.HasSuffix(side, "_key"):
		return actionsOf(fact.KeyFacts, rest)
	case strings.HasSuffix(side, "_account"):
		return actionsOf(fact.AccountFacts, rest)
	}
	return actionsOf(fact.BucketFacts, rest)
}

// actionsOf are the permissions for a fact of a table.
func actionsOf[T any](rows []fact.Row[T], name string) (list []string) {
	for _, row := range rows {
		if row.Name != name {
			continue
		}
		for _, api := range row.APIs {
			list = append(list, ask.Action(api))
		}
	}
	return list
}

// mistakes are the commonest mistakes in setting replication up, with the rules that find them.
var mistakes = []struct {
	what  string
	rules []string
	note  string
}{
	{"the destination is not versioned, or its versioning was suspended later", []string{"XC004"}, ""},
	{"no destination bucket policy, or one for another role (a path left out)", []string{"XC012", "XC057"}, ""},
	{"owner override without its permission on both sides", []string{"XC013"}, ""},
	{"no owner override and no enforced ownership: the destination cannot read its copies", []string{"XC014"}, ""},
	{"KMS by default at the source and no opt-in: nothing replicates, and nothing reports it", []string{"XC021"}, ""},
	{"objects that a writer puts under KMS are left out; a key for replicas or of the destination that is never used", []string{"XC059", "XC060"}, ""},
	{"KMS permissions missing on the role or in a key policy", []string{"XC023", "XC026", "XC028"}, ""},
	{"an AWS managed key, or a key or alias of the source account, for replicas of another account", []string{"XC026", "XC027"}, ""},
	{"an encryption context written for objects while bucket keys are on, or misspelled", []string{"XC026", "XC028", "XC029"}, ""},
	{"existing objects are expected to move", []string{"XC037"}, "what is older than a rule is seen in an inventory only"},
	{"a chain A to B to C", []string{"XC038"}, ""},
	{"a prefix with a wildcard, a leading slash or an address; tags added after the upload", []string{"XC033", "XC035"}, ""},
	{"a V1 rule that replicates deletions unnoticed", []string{"XC034"}, ""},
	{"expirations by lifecycle are expected to replicate", []string{"XC036"}, ""},
	{"source objects that other accounts own", []string{"XC040"}, ""},
	{"Object Lock on one side, or no right to read lock metadata", []string{"XC017", "XC018", "XC019"}, ""},
	{"an SCP, RCP or permissions boundary in the way", []string{"XC006", "XC007", "XC008", "XC009", "XC011", "XC012", "XC015", "XC016"}, ""},
	{"a network perimeter without an exemption for the role", []string{"XC008", "XC011", "XC012", "XC023", "XC026"}, "unknown, and a failure with --strict: AWS documents it as breaking"},
	{"a bucket named where its objects are meant, or the reverse", []string{"XC007", "XC008", "XC011", "XC012"}, ""},
	{"two sources write the same keys into one destination", []string{"XC061"}, ""},
	{"a rule that is disabled or shadowed", []string{"XC030", "XC032"}, ""},
	{"failures go unnoticed", []string{"XC047", "XC048"}, ""},
	{"objects that FAILED are expected to heal", []string{"XC037"}, "the status of objects is seen by the canary and in an inventory, not in the configuration"},
	{"the destination expires copies at once; a destination that was recreated by another account", []string{"XC003", "XC051"}, ""},
	{"the role of a Batch Replication job", nil, "not part of a replication configuration: batchoperations.s3.amazonaws.com must be trusted by the job's own role"},
	{"a Requester Pays destination", []string{"XC049"}, ""},
	{"trust in what the console or a sample generated: whole accounts, PutBucketVersioning, List*", []string{"XC043", "XC044", "XC045", "XC046"}, ""},
}

// ownRules is the part about rules of the user; its example is compiled by TestDocs.
var ownRules = "\n## Rules of your own\n\n" +
	"`--rules DIR` adds the `.rego` files under a directory; `crosscheck rules test DIR` runs the tests in its `_test.rego` files. A rule is one file:\n\n```rego\n" + exampleRule + "```\n\n" + `- The package is crosscheck.rules. and the id in small letters, or crosscheck.rules.PACK.NAME as the embedded rules have it. Helpers go into packages outside of crosscheck.
- scope: **link** (an answer names its link), **bucket** (every bucket), **source** (every bucket with a replication configuration) or **organization**.
- needs: facts without which every answer is unknown, whatever the rule says: ` + "`bucket.X` and `destination.X` with X = " + strings.Join(slices.Sorted(maps.Keys(bucketFacts)), ", ") + "; `role`, `role.inline`, …; `source_key`, `destination_key.policy`, …; `source_account.scps`, …" + `. A need "NAME if PARAMETER" applies only if the parameter is set, "NAME when CONDITION" only if the condition (see when) is not known to be false. A fact of a destination that no rule needs of a link is not read. uses: facts that the rule judges itself; they are named where it gives no answer.
- when: what the rule is for (` + strings.Join(slices.Sorted(maps.Keys(conditions)), ", ") + `, or "parameter NAME"); where it is known not to be so the rule is not applicable and not asked.
- answers: what crosscheck.pass(link, message), crosscheck.not_applicable(link, message), crosscheck.fail(link, message, more) and crosscheck.unknown(link, message, more) give. In a rule of scope bucket or source input.bucket takes the place of link. more is an object, {} if there is no more to say: key, which distinguishes two faults on one subject, severity, failure_codes, evidence, remediation and contested (AWS does not document it: a failure with --strict). Of several answers on one subject the faults are kept and the passes dropped. crosscheck.result(link, faults, message) gives all answers on a link at once: faults is a set of objects with a message and any of these, and where it is empty the link passes. An answer may also be written out as an object with link, status, message and these.
- crosscheck.value(fact, otherwise) is the value of a fact, otherwise where AWS answered that there is none, and undefined where the fact was not read.
- pack: the group, one word, by which the configuration switches the rule on and off; a rule needs none.
- parameters: names and defaults of what the configuration may set under ` + "`rules.parameters`" + ` (a value of the same type); the rule reads data.crosscheck.config.NAME.
- input is the document as ` + "`crosscheck facts`" + ` writes it, and rules are type checked against its schema. There is no network, clock, environment or randomness.
- crosscheck.answer(link_id, "destination/s3:ReplicateObject") is a finished answer about one entry of the permission matrix, crosscheck.checks(link_id) the whole matrix; crosscheck.path(account_id).value the units over an account; iam.decide(request) decides any request in the format of ` + "`crosscheck simulate`" + `; iam.statements(kind, text), iam.grants(kind, text, actions, account) and iam.public(bucket, text) read policies.
- A rule of scope organization keeps records of every document (records contains {…}, with "subject": true, account_id, region, bucket and arn for what it will be asked about) and answers at the end from crosscheck.records("ID"), with a record in the place of the link; crosscheck.unread() are the accounts of whose buckets not all are known.
`

const exampleRule = `# METADATA
# title: Replicas go to Glacier
# description: Copies are kept in a cold storage class.
# custom:
#   id: ACME001
#   severity: low
#   pack: storage
#   scope: link
#   needs: [destination]
#   parameters: {cold_classes: [GLACIER, GLACIER_IR, DEEP_ARCHIVE]}
#   remediation: set Destination.StorageClass to GLACIER_IR in the rule
#   evidence: inferred
package crosscheck.rules.acme001

cold := data.crosscheck.config.cold_classes

answers contains crosscheck.pass(link, "replicas are cold") if {
	some link in input.links
	link.rule.destination.storage_class in cold
}

answers contains crosscheck.fail(link, sprintf("replicas are in storage class %s", [class]), {"evidence": {"storage_class": class}}) if {
	some link in input.links
	class := object.get(link.rule.destination, "storage_class", "STANDARD")
	not class in cold
}
`

func rulesDoc(list []*Rule) []byte {
	var b bytes.Buffer
	b.WriteString("# Rules\n\nThis file is generated from the METADATA of the rules in `rules/policy` and the permission rules in `rules/permission` (`UPDATE=1 go test ./rules -run Docs`).\n\n")
	b.WriteString("A rule answers pass, fail, unknown or not applicable on every bucket, source bucket or link it is asked about; a subject it gives no answer on is unknown, and so is one whose needed facts could not be read. A rule that *decides* breaks the link when it fails. Its evidence is *recorded* (AWS was seen to behave so), *documented* or *inferred*.\n\n")
	b.WriteString("| Rule | Severity | Pack | Scope | Decides | Title |\n|---|---|---|---|---|---|\n")
	yes := map[bool]string{true: "yes"}
	for _, r := range list {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s | %s |\n", r.ID, strings.ToLower(r.ID), r.Severity, r.Pack, r.Scope, yes[r.Decides], r.Title)
	}
	b.WriteString("\n## Which rules find the commonest mistakes\n\n| Mistake | Rules |\n|---|---|\n")
	for _, m := range mistakes {
		found := strings.Join(m.rules, ", ")
		if m.note != "" {
			found = strings.TrimPrefix(found+" ("+m.note+")", " ")
		}
		fmt.Fprintf(&b, "| %s | %s |\n", m.what, found)
	}
	b.WriteString(ownRules)
	for _, r := range list {
		fmt.Fprintf(&b, "\n## %s\n\n**%s**\n\n%s\n\n", r.ID, r.Title, r.Description)
		line := func(name string, values ...string) {
			if len(values) > 0 && values[0] != "" {
				fmt.Fprintf(&b, "- %s: %s\n", name, strings.Join(values, ", "))
			}
		}
		line("Severity", string(r.Severity))
		line("Pack", r.Pack)
		line("Evidence", r.Evidence)
		line("Applies to", append([]string{map[string]string{"link": "every link", "source": "every bucket with a replication configuration", "bucket": "every bucket", "organization": "the organization, at the end"}[r.Scope]}, r.When...)...)
		if r.permission != nil {
			var asks []string
			for _, key := range r.permission.Asks {
				asks = append(asks, "`"+key.String()+"`")
			}
			line("Permission rule", asks...)
		}
		line("Failure codes", r.FailureCodes...)
		line("Fix", r.Remediation)
		calls := map[string]bool{}
		for _, n := range slices.Concat(r.Needs, r.Uses) {
			n, _, _ = strings.Cut(n, " ")
			for _, a := range permissionsFor(n) {
				calls[a] = true
			}
		}
		line("Reads", slices.Sorted(maps.Keys(calls))...)
		line("Controls", r.Controls...)
		line("Sources", r.Sources...)
	}
	return b.Bytes()
}

func codesDoc(list []Code) []byte {
	var b bytes.Buffer
	b.WriteString("# Replication failure codes\n\nThis file is generated from `rules/codes.json` and the rules (`UPDATE=1 go test ./rules -run Docs`); `crosscheck rules codes` prints the same table.\n\n")
	b.WriteString("S3 gives a reason in the event of a failed replication and in the report of a Batch Replication job. Predictable: **Y** configuration decides, **P** policies decide, **O** depends on the objects (alone: a warning at most), **R** a race at run time, **B** Batch Replication only. A code with another one in the column *With* has the same cause as that one, and is met by other operations on the object.\n\n")
	b.WriteString("| Code | Predictable | Rules | With | What decides it |\n|---|---|---|---|---|\n")
	for _, c := range list {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Code, c.Predictable, strings.Join(c.Rules, ", "), c.With, c.Decides)
	}
	return b.Bytes()
}

func TestDocs(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for _, r := range e.Rules() {
		if len(r.Sources) == 0 || r.Remediation == "" || r.Description == "" || len(r.Controls) == 0 || r.Pack == "" {
			t.Errorf("%s lacks a source, a remediation, a description, a control or a pack", r.ID)
		}
		for _, n := range slices.Concat(r.Needs, r.Uses) {
			n, _, _ = strings.Cut(n, " ")
			if list := permissionsFor(n); len(list) == 0 || slices.Contains(list, "") {
				t.Errorf("%s: no permission is known for %s", r.ID, n)
			}
		}
	}
	for _, m := range mistakes {
		for _, id := range m.rules {
			if !slices.ContainsFunc(e.Rules(), func(r *Rule) bool { return r.ID == id }) {
				t.Errorf("%s does not exist", id)
			}
		}
	}
	own, err := with(t, Options{}, exampleRule)
	if err != nil {
		t.Fatal(err)
	}
	if f := find(eval(t, own, working()).Findings, "ACME001"); len(f) != 1 || f[0].Status != finding.Fail {
		t.Errorf("the example says %+v", f)
	}
	for name, want := range map[string][]byte{"../docs/rules.md": rulesDoc(e.Rules()), "../docs/failure-codes.md": codesDoc(e.Codes())} {
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not current; run UPDATE=1 go test ./rules -run Docs: %s", name, diff)
		}
	}
}
