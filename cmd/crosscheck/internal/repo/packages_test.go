// Package repo_test tests the repository itself: its layout, who may import whom,
// and how large packages may grow.
package repo_test

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the root of the repository, from this directory.
var root = filepath.Join("..", "..", "..", "..")

// pkg is a package of this project.
type pkg struct {
	path    string
	purpose string   // what it is for, in one line
	imports []string // packages of this project that it may import; its tests may import more
}

// packages is the whole table: plain data first, commands last. Imports point up.
var packages = []pkg{
	{"scanner/exactjson", "finds in JSON what encoding/json lets pass: other letter cases, doubled names, text that is not UTF-8", nil},
	{"scanner/fact", "what was read from AWS, as plain data: documents, facts, gaps, and the facts file", []string{"scanner/exactjson"}},
	{"scanner/flow", "one function, Map: a stream of work done in parallel within a bound", nil},
	{"scanner/once", "a bounded cache of answers, each of which is asked for by one goroutine", nil},
	{"rules/finding", "what an audit says, as plain data: links, checks, findings, and the catalog of ids", nil},
	{"canary/measure", "what the canary shows, as plain data: measurements, outcomes, latencies", []string{"rules/finding"}},

	{"rules/iam/logic", "Kleene's three-valued logic", nil},
	{"rules/iam/match", "texts and ARNs against the patterns of policies; the texts of one pattern divided by others", nil},
	{"rules/iam/literal", "the values of condition operators as AWS reads them: numbers, dates, addresses",
		[]string{"rules/iam/match"}},
	{"rules/iam/jsontree", "JSON as a tree with the position of every value", nil},
	{"rules/iam/catalog", "what AWS publishes about its services: actions of S3, keys with several values, services under RCPs",
		[]string{"rules/iam/logic", "rules/iam/match"}},
	{"rules/iam/contextkey", "what is known of the context keys of a request, and what a policy says about them; policy variables",
		[]string{"rules/iam/catalog", "rules/iam/match"}},
	{"rules/iam/condition", "decides one condition of a statement; representative values of a key that is not known",
		[]string{"rules/iam/catalog", "rules/iam/contextkey", "rules/iam/literal", "rules/iam/logic", "rules/iam/match"}},
	{"rules/iam/principal", "who makes a request, and which entries of Principal name that caller",
		[]string{"rules/iam/literal", "rules/iam/logic", "rules/iam/match"}},
	{"rules/iam/statement", "a compiled statement, and which actions and resources it covers",
		[]string{"rules/iam/condition", "rules/iam/contextkey", "rules/iam/logic", "rules/iam/match", "rules/iam/principal"}},
	{"rules/iam/public", "whether S3 Block Public Access calls a bucket policy public",
		[]string{"rules/iam/condition", "rules/iam/literal", "rules/iam/logic", "rules/iam/match", "rules/iam/principal", "rules/iam/statement"}},
	{"rules/iam/policy", "reads policy documents: compiled statements, diagnostics, whether AWS would store them",
		[]string{"rules/iam/catalog", "rules/iam/condition", "rules/iam/contextkey", "rules/iam/jsontree", "rules/iam/literal", "rules/iam/logic", "rules/iam/match", "rules/iam/principal", "rules/iam/public", "rules/iam/statement"}},
	{"rules/iam", "decides AWS policies in three values, over single requests and sets of objects",
		[]string{"rules/iam/catalog", "rules/iam/condition", "rules/iam/contextkey", "rules/iam/logic", "rules/iam/match", "rules/iam/policy", "rules/iam/principal", "rules/iam/statement"}},
	{"rules/spelling", "the word that a misspelled one was meant to be", nil},
	{"rules/iam/explain", "why a request is allowed, denied or unknown",
		[]string{"rules/iam", "rules/iam/catalog", "rules/iam/condition", "rules/iam/contextkey", "rules/iam/logic", "rules/iam/match", "rules/iam/policy", "rules/iam/principal", "rules/iam/statement", "rules/spelling"}},
	{"rules/iam/simulate", "the JSON lines of crosscheck simulate",
		[]string{"rules/iam", "rules/iam/catalog", "rules/iam/contextkey", "rules/iam/explain", "rules/iam/jsontree", "rules/iam/logic", "rules/iam/match", "rules/iam/policy", "rules/iam/principal", "rules/spelling"}},
	{"rules/iam/iamtest", "helpers for tests of decisions",
		[]string{"rules/iam", "rules/iam/contextkey", "rules/iam/logic", "rules/iam/policy", "rules/iam/principal"}},
	{"rules/iam/spec", "tests only: a second reading of AWS's rules, compared with rules/iam", nil},
	{"rules/yamldoc", "reads YAML files strictly, with errors that name the line", nil},
	{"rules/waiver", "reads waivers, applies them to findings, and reports those expired or unused",
		[]string{"rules/finding", "rules/iam/match", "rules/yamldoc", "scanner/fact"}},
	{"rules/internal/recent", "a bounded cache of what is costly to make", nil},
	{"rules/internal/opa", "evaluates Rego with OPA's internals, as fast as many buckets need it", nil},
	{"rules/permission/demand", "which permissions S3 needs to replicate, as a table, and which of them a link needs",
		[]string{"rules/finding", "rules/iam/logic", "scanner/fact"}},
	{"rules/permission", "whether S3 has the permissions that a link needs",
		[]string{"rules/finding", "rules/iam", "rules/iam/contextkey", "rules/iam/explain", "rules/iam/logic", "rules/iam/match", "rules/iam/policy", "rules/iam/principal", "rules/iam/statement", "rules/internal/recent", "rules/permission/demand", "scanner/fact"}},
	{"rules/permission/rows", "the rules that answer from a cell of that table",
		[]string{"rules/finding", "rules/iam", "rules/permission", "rules/permission/demand", "scanner/fact"}},
	{"rules/fix/edit", "changes policy documents as text; what no change needs stays as it is",
		[]string{"rules/finding", "rules/iam/jsontree"}},
	{"rules/fix/words", "says in words what changes are made to, and what edits do",
		[]string{"rules/finding", "rules/fix/edit", "rules/iam/explain"}},
	{"rules/fix/holders", "which roles have a managed policy, which has one text for all of them",
		[]string{"rules/finding", "rules/fix/words", "scanner/fact"}},
	{"rules/fix/shared", "what documents refer to, and the links that use what a change changes and were not judged with it",
		[]string{"rules/finding", "rules/fix/holders", "scanner/fact"}},
	{"rules/fix/near", "how near a statement of a policy comes to giving a right, and what it gives beside it",
		[]string{"rules/fix/edit", "rules/iam/match", "rules/iam/policy", "rules/iam/statement", "scanner/fact"}},
	{"rules/fix/spelt", "mends the text of policies that are not spelt as AWS reads them", []string{"rules/iam/policy", "rules/iam/statement"}},
	{"rules/fix/storable", "makes replication configurations such as S3 stores, of those that it answers with", []string{"scanner/fact"}},
	{"rules/fix/overlay", "lays policy documents and settings over facts, to judge these as if AWS had them", []string{"rules/finding", "scanner/fact"}},
	{"rules/fix/rests", "says in words what the proof of a change rests on: facts that were not read",
		[]string{"rules/finding", "rules/iam", "rules/permission"}},
	{"rules/fix/quota", "which policies AWS would not take as they are to become, since they are too large or too many",
		[]string{"rules/finding", "rules/fix/overlay", "scanner/fact"}},
	{"rules/fix", "the changes that mend the findings of links, proven by judging the links again",
		[]string{"rules/finding", "rules/fix/edit", "rules/fix/holders", "rules/fix/near", "rules/fix/overlay", "rules/fix/quota", "rules/fix/rests", "rules/fix/shared", "rules/fix/spelt", "rules/fix/storable", "rules/fix/words", "rules/iam", "rules/iam/catalog", "rules/iam/match", "rules/iam/policy", "rules/iam/statement", "rules/permission", "rules/permission/demand", "rules/permission/rows", "rules/spelling", "scanner/fact"}},
	{"rules/fix/surplus", "which rights of changes nothing needs",
		[]string{"rules/finding", "rules/fix", "rules/fix/edit", "rules/fix/overlay", "rules/iam/policy", "rules/permission/demand", "scanner/fact"}},
	{"rules/fix/newlink", "writes the policies, settings and configuration of a link that does not exist yet, with the fewest rights",
		[]string{"rules/finding", "rules/fix", "rules/fix/edit", "rules/fix/overlay", "rules/fix/shared", "rules/fix/storable", "scanner/fact"}},
	{"rules/internal/builtin", "the functions that crosscheck adds to Rego: answers, permissions of a link, policies",
		[]string{"rules/finding", "rules/iam", "rules/iam/match", "rules/iam/policy", "rules/iam/simulate", "rules/iam/statement", "rules/internal/opa", "rules/internal/recent", "rules/permission", "rules/permission/demand", "scanner/fact"}},
	{"rules", "the engine: loads, compiles and evaluates rules, and gives links their verdicts",
		[]string{"rules/finding", "rules/iam", "rules/iam/logic", "rules/iam/policy", "rules/internal/builtin", "rules/internal/opa", "rules/internal/recent", "rules/permission", "rules/permission/demand", "rules/permission/rows", "rules/spelling", "scanner/fact"}},

	{"scanner/sandbox/wire", "AWS's protocols: answers, errors, and strict reading of requests", nil},
	{"scanner/sandbox/s3/checksum", "the checksums of S3 objects", nil},
	{"scanner/sandbox/state", "the one state behind all services of the sandbox, and who may do what with it",
		[]string{"rules/iam", "rules/iam/contextkey", "rules/iam/logic", "rules/iam/policy", "rules/iam/principal", "scanner/fact", "scanner/sandbox/s3/checksum"}},
	{"scanner/sandbox/service", "what services have in common: calls, authorization, general errors, tables of operations",
		[]string{"rules/iam", "rules/iam/contextkey", "rules/iam/policy", "rules/iam/principal", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/organizations", "AWS Organizations", []string{"scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/sts", "AWS STS",
		[]string{"rules/iam/contextkey", "rules/iam/policy", "scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/iam", "AWS IAM",
		[]string{"rules/iam/policy", "scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/kms", "AWS KMS",
		[]string{"rules/iam/policy", "scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/cloudwatch", "Amazon CloudWatch", []string{"scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/s3control", "S3 Control", []string{"scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/s3/request", "an S3 request: its bucket, key, operation, permission and checked body",
		[]string{"rules/iam", "rules/iam/contextkey", "scanner/fact", "scanner/sandbox/s3/checksum", "scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/s3/replicate", "the replication engine of S3",
		[]string{"rules/iam", "rules/iam/contextkey", "rules/iam/policy", "rules/iam/principal", "scanner/sandbox/state"}},
	{"scanner/sandbox/s3/listing", "listings of objects, versions and uploads",
		[]string{"scanner/sandbox/s3/request", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/s3/object", "objects: versions, bytes, tags, locks, multipart uploads",
		[]string{"rules/iam/contextkey", "scanner/sandbox/s3/checksum", "scanner/sandbox/s3/replicate", "scanner/sandbox/s3/request", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/s3/setting", "the settings of a bucket, a row and a file for each",
		[]string{"rules/iam/contextkey", "rules/iam/logic", "rules/iam/policy", "scanner/sandbox/s3/request", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox/s3", "Amazon S3: its buckets, and all its operations in one table",
		[]string{"rules/iam/contextkey", "scanner/sandbox/s3/listing", "scanner/sandbox/s3/object", "scanner/sandbox/s3/request", "scanner/sandbox/s3/setting", "scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/wire"}},
	{"scanner/sandbox", "AWS in memory: worlds, faults, an http.Handler and an HTTP client of the SDK",
		[]string{"rules/iam/match", "rules/iam/principal", "scanner/fact", "scanner/sandbox/cloudwatch", "scanner/sandbox/iam", "scanner/sandbox/kms",
			"scanner/sandbox/organizations", "scanner/sandbox/s3", "scanner/sandbox/s3/replicate", "scanner/sandbox/s3/setting",
			"scanner/sandbox/s3control", "scanner/sandbox/service", "scanner/sandbox/state", "scanner/sandbox/sts",
			"scanner/sandbox/wire"}},
	{"scanner/sandbox/sandboxtest", "helps tests of the sandbox's services: organizations, clients, errors",
		[]string{"scanner/sandbox", "scanner/sandbox/state"}},
	{"scanner/client/answer", "what a whole answer of each API is; reads answers, and refuses what is not understood", []string{"scanner/fact"}},
	{"scanner/client", "how AWS is called: credentials, roles, retries, limits, errors", []string{"scanner/client/answer", "scanner/fact"}},
	{"scanner/ask", "one call about one fact, and the gap that it leaves; which permission each call needs", []string{"scanner/client", "scanner/fact"}},
	{"scanner/organization", "reads an organization: its accounts, their places, the policies over them",
		[]string{"scanner/ask", "scanner/client", "scanner/client/answer", "scanner/fact", "scanner/once"}},
	{"scanner/alarm", "which CloudWatch alarms tell of objects that S3 could not replicate", []string{"scanner/client", "scanner/fact"}},
	{"scanner", "reads accounts, buckets, roles and keys of an organization into facts",
		[]string{"scanner/alarm", "scanner/ask", "scanner/client", "scanner/client/answer", "scanner/fact", "scanner/flow", "scanner/once", "scanner/organization"}},

	{"canary/prove", "findings that follow from measurements, compared with what the audit predicts",
		[]string{"canary/measure", "rules/finding", "scanner/fact"}},
	{"canary/journal", "what a canary is about to put, on disk, so that a sweep can remove it after a crash", []string{"scanner/exactjson"}},
	{"canary/bucket", "one bucket as the canary reaches it: whole listings, and removals that a listing proves",
		[]string{"canary/journal", "canary/measure", "scanner/client", "scanner/fact"}},
	{"canary/body", "the content of probe objects, made from a seed and compared with what was read", nil},
	{"canary", "proves links with probe objects and removes them again",
		[]string{"canary/body", "canary/bucket", "canary/journal", "canary/measure", "rules/finding", "scanner/client", "scanner/fact", "scanner/flow"}},
	{"canary/access", "clients of S3 for the buckets of links, with the canary's role in their accounts",
		[]string{"canary/bucket", "canary/journal", "scanner/client", "scanner/fact"}},
	{"canary/experiment", "asks S3 what its documentation does not say, with probes on prepared links",
		[]string{"canary", "canary/measure", "scanner/fact"}},
	{"canary/watch", "probes links on a schedule and keeps what they show as Prometheus metrics", []string{"canary", "canary/measure"}},

	{"report/text", "text of many accounts as it may be shown: on one line, visible, cut, inert", nil},
	{"report/internal/wire", "values as JSON documents have them: no nil lists, nothing invisible",
		[]string{"report/text", "rules/finding"}},
	{"report/internal/spool", "any number of values, sorted, in bounded memory", nil},
	{"report", "the messages of a run, its run file, and the gate that decides its exit status",
		[]string{"canary/measure", "report/text", "report/internal/wire", "rules/finding", "scanner/exactjson", "scanner/fact"}},
	{"report/internal/records", "a whole run as reports show it: in order, counted, with the sentences that formats share",
		[]string{"canary/measure", "report", "report/internal/spool", "report/text", "report/internal/wire", "rules/finding", "scanner/fact"}},
	{"report/internal/grid", "tables for a terminal, and the words and colors in which they show verdicts and measurements",
		[]string{"canary/measure", "report", "report/text", "rules/finding"}},
	{"report/compare", "a run compared with an earlier one: baseline, diff, history",
		[]string{"canary/measure", "report", "report/internal/grid", "report/internal/records", "report/text", "report/internal/wire", "rules/finding", "scanner/fact"}},
	{"report/asff", "the format asff: findings for AWS Security Hub",
		[]string{"report", "report/internal/records", "report/text", "report/internal/wire", "rules/finding", "scanner/fact"}},
	{"report/securityhub", "imports a run into AWS Security Hub, and archives what is resolved",
		[]string{"report", "report/asff", "report/compare", "report/internal/records", "report/text", "rules/finding", "scanner/client"}},
	{"report/csv", "the format csv: a row for each finding, link, class of objects, probe and gap",
		[]string{"report", "report/internal/records", "report/text", "rules/finding"}},
	{"report/repair", "changes that mend findings, in the forms in which people apply them: diff, JSON, aws CLI, Terraform, CloudFormation",
		[]string{"report/internal/wire", "report/text", "rules/finding", "scanner/fact"}},
	{"report/html", "the format html: a self-contained page",
		[]string{"canary/measure", "report", "report/compare", "report/internal/records", "report/internal/spool", "report/repair", "report/text", "rules/finding", "scanner/fact"}},
	{"report/json", "the format json: one document, sorted",
		[]string{"report", "report/internal/records", "report/internal/wire", "rules/finding"}},
	{"report/junit", "the format junit: a test case for each finding, link and probe",
		[]string{"report", "report/internal/records", "report/text", "rules/finding"}},
	{"report/markdown", "the format markdown: a summary that fits a comment",
		[]string{"canary/measure", "report", "report/internal/records", "report/internal/spool", "report/text", "rules/finding"}},
	{"report/ocsf", "the format ocsf: Compliance Finding events",
		[]string{"report", "report/internal/records", "report/text", "report/internal/wire", "rules/finding"}},
	{"report/prometheus", "the format prometheus: metrics for a textfile collector",
		[]string{"canary/measure", "report/internal/records", "report/text", "rules/finding"}},
	{"report/sarif", "the format sarif: results for code scanning",
		[]string{"report", "report/internal/records", "report/internal/spool", "report/text", "rules/finding"}},
	{"report/table", "the format table: links, findings and probes for a terminal",
		[]string{"canary/measure", "report", "report/internal/grid", "report/internal/records", "report/internal/spool", "report/text", "rules/finding"}},
	{"report/atomicfile", "files that appear under their name whole or not at all", nil},
	{"report/output", "the outputs of a run: which formats there are, and the files they go to",
		[]string{"report", "report/asff", "report/atomicfile", "report/compare", "report/csv", "report/html", "report/internal/records", "report/json", "report/junit", "report/markdown", "report/ocsf", "report/prometheus", "report/sarif", "report/table", "rules/finding", "rules/spelling"}},
	{"report/reporttest", "helpers for tests of what makes or takes the messages of a run",
		[]string{"canary/measure", "report", "report/compare", "report/internal/records", "rules/finding", "scanner/fact"}},

	{"testdata", "the demo's world and configuration and the schema of waivers, embedded", nil},

	{"cmd/crosscheck/internal/usererr", "errors as a person reads them: a hint, the path at fault, one line", nil},
	{"cmd/crosscheck/internal/config", "the settings of a run: file, environment, flags, the example file and the schema",
		[]string{"canary", "canary/journal", "cmd/crosscheck/internal/usererr", "report/output", "rules", "rules/finding", "rules/spelling", "rules/yamldoc", "scanner/fact"}},
	{"cmd/crosscheck/internal/setup", "the IAM roles to deploy: policies, CloudFormation, Terraform",
		[]string{"canary", "scanner/ask", "scanner/fact"}},
	{"cmd/crosscheck/internal/audit", "the way of a run: facts, engine, waivers, report; resume and baseline",
		[]string{"canary/measure", "cmd/crosscheck/internal/usererr", "report", "report/atomicfile", "report/compare", "report/output", "report/text", "rules", "rules/finding", "rules/fix", "rules/fix/shared", "rules/fix/overlay", "rules/iam/policy", "rules/spelling", "rules/waiver", "scanner", "scanner/fact", "scanner/flow"}},
	{"cmd/crosscheck/internal/terminal", "the streams, the terminal and the environment of the program; its log", []string{"report/text"}},
	{"cmd/crosscheck/internal/progress", "shows on standard error how far a scan is, and what it took",
		[]string{"cmd/crosscheck/internal/terminal", "report", "report/text", "scanner", "scanner/fact"}},
	{"cmd/crosscheck/internal/completion", "the values of flags and arguments that shells complete",
		[]string{"canary", "cmd/crosscheck/internal/audit", "report", "report/output", "rules", "rules/finding"}},
	{"cmd/crosscheck/internal/mend", "which links and findings of a run or of facts are to be mended, and what becomes of them",
		[]string{"cmd/crosscheck/internal/audit", "cmd/crosscheck/internal/usererr", "report", "report/text", "rules", "rules/finding", "rules/fix", "rules/fix/shared", "rules/fix/newlink", "rules/iam/match", "rules/spelling", "scanner/fact"}},
	{"cmd/crosscheck/internal/prober", "finds links, asks, probes them, and reports: once, on a schedule, or as an experiment",
		[]string{"canary", "canary/access", "canary/bucket", "canary/experiment", "canary/journal", "canary/measure", "canary/prove", "canary/watch", "cmd/crosscheck/internal/audit", "cmd/crosscheck/internal/progress", "cmd/crosscheck/internal/terminal", "cmd/crosscheck/internal/usererr", "report", "report/text", "rules", "rules/finding", "rules/permission", "rules/permission/demand", "scanner", "scanner/client", "scanner/fact"}},
	{"cmd/crosscheck/internal/waive", "entries of a waivers file for findings of a recorded run",
		[]string{"cmd/crosscheck/internal/usererr", "report", "report/atomicfile", "report/text", "rules/finding", "rules/waiver"}},
	{"cmd/crosscheck/internal/cli", "the commands: flags to options, one call each",
		[]string{"canary", "canary/experiment", "canary/journal", "canary/measure", "cmd/crosscheck/internal/audit", "cmd/crosscheck/internal/completion", "cmd/crosscheck/internal/config", "cmd/crosscheck/internal/mend", "cmd/crosscheck/internal/prober", "cmd/crosscheck/internal/progress", "cmd/crosscheck/internal/setup", "cmd/crosscheck/internal/terminal", "cmd/crosscheck/internal/usererr", "cmd/crosscheck/internal/waive", "report", "report/atomicfile", "report/compare", "report/output", "report/repair", "report/securityhub", "report/text", "rules", "rules/finding", "rules/iam/simulate", "rules/spelling", "rules/waiver", "scanner", "scanner/client", "scanner/fact", "scanner/sandbox", "testdata"}},
	{"cmd/crosscheck/internal/repo", "tests of the repository itself", nil},
	{"cmd/crosscheck", "main", []string{"cmd/crosscheck/internal/cli"}},
}

// forTests are packages that tests of any package may import.
var forTests = []string{
	"cmd/crosscheck/internal/config",
	"canary", "canary/measure", "report", "rules", "rules/finding", "rules/iam",
	"scanner", "scanner/ask", "scanner/client", "scanner/client/answer", "scanner/fact", "scanner/sandbox", "scanner/sandbox/sandboxtest", "testdata",
}

// only says which packages alone may import a module. Tests are free.
var only = map[string][]string{
	"github.com/open-policy-agent/opa": {"rules", "rules/internal/builtin", "rules/internal/opa"},
	"github.com/aws/": {
		"scanner", "scanner/alarm", "scanner/client", "scanner/organization", "scanner/sandbox/sandboxtest", "canary", "canary/access", "canary/bucket", "report/securityhub",
		"cmd/crosscheck/internal/cli",
	},
	"github.com/jstemmer/":              {"report/junit"},
	"github.com/prometheus/":            {"canary/watch", "report/prometheus"},
	"github.com/olekukonko/tablewriter": {"report/internal/grid"},
	"github.com/owenrumney/go-sarif":    {"report/sarif"},
	"github.com/spf13/cobra":            {"cmd/crosscheck/internal/cli", "cmd/crosscheck/internal/completion"},
}

// standardOnly are packages that import nothing but the standard library, with all
// below them.
var standardOnly = []string{"scanner/fact", "scanner/flow", "rules/iam", "rules/finding", "canary/measure", "canary/prove"}

// besides is the one module that a package of standardOnly imports all the same.
var besides = map[string]string{
	"scanner/flow":      "golang.org/x/sync/",
	"rules/iam/literal": "golang.org/x/text/",
}

// withoutOPA are packages that must not reach OPA, however many imports away.
var withoutOPA = []string{"report", "canary", "scanner", "rules/finding", "rules/iam", "rules/permission", "rules/waiver"}

const (
	maxLines  = 3000 // of one package, without tests
	maxMedian = 700  // of all packages
)

// source is a Go file of the project.
type source struct {
	path    string // from the root, with slashes
	dir     string
	test    bool
	lines   int
	imports []string
}

func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(rel), test: strings.HasSuffix(path, "_test.go"), lines: bytes.Count(text, []byte("\n"))}
		s.dir = filepath.ToSlash(filepath.Dir(s.path))
		for _, imp := range f.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, p)
		}
		list = append(list, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 100 {
		t.Fatalf("only %d Go files seen", len(list))
	}
	return list
}

// below reports whether dir is one of the packages or below one.
func below(dir string, list []string) bool {
	return slices.ContainsFunc(list, func(d string) bool { return dir == d || strings.HasPrefix(dir, d+"/") })
}

// TestImports holds the table to the code: every package is in it, and imports
// only what the table allows.
func TestImports(t *testing.T) {
	t.Parallel()
	table := map[string]pkg{}
	for _, p := range packages {
		if p.purpose == "" {
			t.Errorf("%s: the table does not say what it is for", p.path)
		}
		if _, ok := table[p.path]; ok {
			t.Errorf("%s is in the table twice", p.path)
		}
		for _, imp := range p.imports {
			if _, ok := table[imp]; !ok {
				t.Errorf("%s may import %s, which stands below it or not at all in the table: imports point up", p.path, imp)
			}
		}
		table[p.path] = p
	}
	seen, used := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		p, ok := table[s.dir]
		seen[s.dir] = true
		if !ok && !strings.HasPrefix(s.dir, "testdata/") {
			t.Errorf("%s: the table has no package %s", s.path, s.dir)
			continue
		}
		for _, imp := range s.imports {
			ours, ok := strings.CutPrefix(imp, "crosscheck/")
			if ok && ours != s.dir {
				switch {
				case s.test && (below(ours, forTests) || slices.Contains(p.imports, ours)):
				case slices.Contains(p.imports, ours):
					used[s.dir+" "+ours] = true
				default:
					t.Errorf("%s imports %s: the table lets %s import only %v of this project", s.path, imp, s.dir, p.imports)
				}
				continue
			}
			if ok || s.test {
				continue
			}
			for prefix, dirs := range only {
				if !strings.HasPrefix(imp, prefix) {
					continue
				}
				used[s.dir+" "+prefix] = true
				if !slices.Contains(dirs, s.dir) {
					t.Errorf("%s imports %s: only %v may", s.path, imp, dirs)
				}
			}
			module, allowed := besides[s.dir]
			external := strings.Contains(strings.SplitN(imp, "/", 2)[0], ".")
			if external && below(s.dir, standardOnly) && !(allowed && strings.HasPrefix(imp, module)) {
				t.Errorf("%s imports %s: %s keeps to the standard library", s.path, imp, s.dir)
			}
		}
	}
	for prefix, dirs := range only {
		for _, dir := range dirs {
			if !used[dir+" "+prefix] {
				t.Errorf("only lets %s import %s, and it does not: remove the entry", dir, prefix)
			}
		}
	}
	for _, p := range packages {
		if !seen[p.path] {
			t.Errorf("the table has %s, and there is no such package", p.path)
		}
		for _, imp := range p.imports {
			if !used[p.path+" "+imp] {
				t.Errorf("the table lets %s import %s, and it does not: remove the entry", p.path, imp)
			}
		}
	}
	// Whoever reports or probes does not carry OPA along.
	reaches := map[string][]string{}
	for _, s := range sources(t) {
		if !s.test {
			reaches[s.dir] = append(reaches[s.dir], s.imports...)
		}
	}
	for _, p := range packages {
		if p.path == "rules" || !below(p.path, withoutOPA) {
			continue
		}
		checked := map[string]bool{}
		var walk func(dir string)
		walk = func(dir string) {
			for _, imp := range reaches[dir] {
				if strings.HasPrefix(imp, "github.com/open-policy-agent/") {
					t.Errorf("%s reaches OPA through %s", p.path, dir)
				}
				if ours, ok := strings.CutPrefix(imp, "crosscheck/"); ok && !checked[ours] {
					checked[ours] = true
					walk(ours)
				}
			}
		}
		walk(p.path)
	}
}

// TestSizes keeps packages small enough to be read at one sitting.
func TestSizes(t *testing.T) {
	t.Parallel()
	lines := map[string]int{}
	for _, s := range sources(t) {
		if !s.test && !strings.HasPrefix(s.dir, "testdata/") {
			lines[s.dir] += s.lines
		}
	}
	var sizes []int
	var all strings.Builder
	for _, p := range packages {
		n := lines[p.path]
		sizes = append(sizes, n)
		fmt.Fprintf(&all, "%6d %s\n", n, p.path)
		if n > maxLines {
			t.Errorf("%s has %d lines without tests, more than %d: split it", p.path, n, maxLines)
		}
	}
	slices.Sort(sizes)
	if median := sizes[len(sizes)/2]; median > maxMedian {
		t.Errorf("the median package has %d lines, more than %d", median, maxMedian)
	}
	t.Logf("lines without tests:\n%s", all.String())
}

// TestTopLevel holds the layout that the project's users fixed.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	want := []string{"cmd", "scanner", "rules", "canary", "report", "testdata", "docs", "bin"}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(want, e.Name()) {
			t.Errorf("unexpected top-level directory %s", e.Name())
		}
	}
}

// TestArchitecturePage compares the table and the picture of docs/architecture.md
// with the table of this file; UPDATE=1 writes them.
func TestArchitecturePage(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- packages: generated, UPDATE=1 go test ./cmd/crosscheck/internal/repo -->\n", "<!-- /packages -->\n"
	path := filepath.Join(root, "docs", "architecture.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("docs/architecture.md has no marks for the generated part")
	}
	want := before + begin + picture() + "\n" + tableOfPackages() + end + after
	if want == string(page) {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatal("docs/architecture.md is not current; run UPDATE=1 go test ./cmd/crosscheck/internal/repo")
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func tableOfPackages() string {
	var b strings.Builder
	b.WriteString("| Package | For |\n|---|---|\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "| `%s` | %s |\n", p.path, p.purpose)
	}
	return b.String()
}

// picture draws the packages as Mermaid: those of one top-level directory together,
// and an arrow from a group to a package, or between two groups, for what is imported.
// Plain data, which everything may import, has no arrows.
func picture() string {
	group := func(path string) string {
		parts := strings.Split(path, "/")
		switch {
		case parts[0] == "cmd":
			return "cmd"
		case len(parts) > 1 && parts[1] == "sandbox":
			return "scanner/sandbox"
		case len(parts) > 1 && parts[1] == "iam":
			return "rules/iam"
		}
		return parts[0]
	}
	var groups []string
	members, arrows := map[string][]string{}, map[string]bool{}
	for _, p := range packages {
		g := group(p.path)
		if members[g] == nil {
			groups = append(groups, g)
		}
		members[g] = append(members[g], p.path)
		for _, imp := range p.imports {
			if to := group(imp); to != g && !below(imp, plainData) {
				arrows[g+" "+to] = true
			}
		}
	}
	id := func(name string) string { return strings.NewReplacer("/", "_").Replace(name) }
	var b strings.Builder
	b.WriteString("```mermaid\nflowchart LR\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "  subgraph g_%s[\"%s\"]\n", id(g), g)
		for _, m := range members[g] {
			name := strings.TrimPrefix(strings.TrimPrefix(m, g), "/")
			if name == "" {
				name = m
			}
			fmt.Fprintf(&b, "    %s[\"%s\"]\n", id(m), name)
		}
		b.WriteString("  end\n")
	}
	for _, a := range slices.Sorted(maps.Keys(arrows)) {
		from, to, _ := strings.Cut(a, " ")
		fmt.Fprintf(&b, "  g_%s --> g_%s\n", id(from), id(to))
	}
	b.WriteString("```\n")
	return b.String()
}

// plainData are packages that everything may import.
var plainData = []string{"scanner/fact", "scanner/flow", "rules/finding", "canary/measure"}
