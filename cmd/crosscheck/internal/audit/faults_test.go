package audit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	gocmp "github.com/google/go-cmp/cmp"

	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/report"
	"crosscheck/report/output"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/scanner"
	"crosscheck/scanner/ask"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// The tests of this file hold scan and rules together to the first promise of the
// program: a fact that was not read never makes anything look better. What fails
// for a while leaves no trace; what fails for good is a gap, and whatever depends
// on it is unknown.

// root is the root of the repository, from this directory.
var root = filepath.Join("..", "..", "..", "..")

// Exit statuses of reports.
const (
	clean      = 0
	failed     = 1
	incomplete = 3
)

// faultWorld is an organization that faults strike, and how it is scanned.
type faultWorld struct {
	name    string
	text    []byte
	options scanner.Options
	config  *config.Config // nil = nothing is configured
	needs   []string
	wants   func(string, *fact.Document, *fact.Link) bool

	recording *recording
}

// recording is what was recorded of a world, which all tests use.
type recording struct {
	sync.Mutex
	of map[string]*answeredWorld // by bucket
}

// faultWorlds are organizations in which something depends on every fact that a
// scan reads. All tests have the same ones.
func faultWorlds(t testing.TB) []*faultWorld {
	t.Helper()
	worlds, err := theFaultWorlds()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(worlds)
}

// fewWorlds are all worlds but with -short, where they are two small ones: links of all
// kinds between two accounts, and one whose keys refuse.
func fewWorlds(t testing.TB) []*faultWorld {
	t.Helper()
	all := faultWorlds(t)
	if sandboxtest.Sample(1, 0) == 1 {
		return all
	}
	return slices.DeleteFunc(all, func(w *faultWorld) bool { return w.name != "sound" && w.name != "guide-kms" })
}

var theFaultWorlds = sync.OnceValues(func() ([]*faultWorld, error) {
	options := scanner.Options{RoleName: "crosscheck-audit"}
	worlds := []*faultWorld{
		{name: "lossy", text: lossyWorld(), options: options},
		{name: "sound", text: soundWorld(), options: options},
		{name: "restricted", text: restrictedWorld(), options: options},
	}
	for _, path := range []string{"demo.yaml", "guide.yaml", "guide-kms.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "testdata", "worlds", path))
		if err != nil {
			return nil, err
		}
		worlds = append(worlds, &faultWorld{name: strings.TrimSuffix(path, ".yaml"), text: text, options: options})
	}
	text, err := os.ReadFile(filepath.Join(root, "scanner", "testdata", "organization.yaml"))
	if err != nil {
		return nil, err
	}
	actions, err := json.Marshal(ask.Permissions())
	if err != nil {
		return nil, err
	}
	worlds = append(worlds, &faultWorld{name: "organization", text: bytes.ReplaceAll(text, []byte("@ACTIONS@"), actions),
		options: scanner.Options{RoleName: "security/crosscheck-audit", ExternalID: "ticket-7"}})

	// Rules that ask only where a configuration wants something are to ask here.
	c, err := config.Parse("faults", []byte(`
required_replication:
  - tags: {backup: required}
destinations:
  accounts: ["222222222222", "333333333333"]
  other_account: true
  other_region: true
`))
	if err != nil {
		return nil, err
	}
	for _, w := range worlds {
		w.config = c
		engine, err := w.engine()
		if err != nil {
			return nil, err
		}
		w.needs, w.wants = engine.Needs(), engine.Wants
		w.recording = &recording{of: map[string]*answeredWorld{}}
	}
	return worlds, nil
})

// testLink is a replication link of a small world, from bucket s-NAME of account
// 111111111111 through role r-NAME to bucket d-NAME of account 222222222222. What
// is given is YAML to add to its parts.
type testLink struct {
	name                string
	role, inline        string // settings of the role; its inline policies
	source, destination string // settings of the buckets
	rule, target        string // settings of the replication rule and of its Destination
	versioning          string // of the destination; "" = Enabled
	policy              string // statements of the destination's policy, before the one that grants
	trust               string // statements of the trust policy, before the one that grants
	noGrant             bool   // the destination's policy has policy alone
}

// Statements for policies of links.
const (
	denyReplicas    = `{"Sid": "No", "Effect": "Deny", "Action": "s3:ReplicateObject", "Resource": "*"}`
	denyReplicasAll = `{"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "s3:ReplicateObject", "Resource": "arn:aws:s3:::d-%s/*"}`
	allowAll        = `{"Effect": "Allow", "Action": "*", "Resource": "*"}`
)

func policyOf(statements ...string) string {
	return `{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ", ") + `]}`
}

// keyOf is the id of a link's key: the first digit tells the source's from the destination's.
func keyOf(side, n int) string { return fmt.Sprintf("%d0000000-0000-4000-8000-%012d", side, n) }

// linkWorld writes a world of two accounts beside the management account. source
// and destination are lines to add to their accounts, keys by account.
func linkWorld(links []testLink, source, destination, sourceKeys, destinationKeys string) []byte {
	const audit = `
      - name: crosscheck-audit
        trust: '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::100000000001:root"}, "Action": "sts:AssumeRole"}]}'
        attached: [AdministratorAccess]`
	var roles, sources, destinations strings.Builder
	for _, l := range links {
		role := "arn:aws:iam::111111111111:role/service-role/r-" + l.name
		trust := `{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}`
		if l.trust != "" {
			trust = l.trust + ", " + trust
		}
		fmt.Fprintf(&roles, `
      - name: r-%s
        path: /service-role/
        trust: '%s'
        %s
        inline:
          %s
          replicate: '%s'`, l.name, policyOf(trust), l.role, l.inline, policyOf(
			`{"Effect": "Allow", "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"], "Resource": "arn:aws:s3:::s-`+l.name+`"}`,
			`{"Effect": "Allow", "Action": ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging", "s3:GetObjectVersionAnnotationForReplication", "s3:GetObjectRetention", "s3:GetObjectLegalHold"], "Resource": "arn:aws:s3:::s-`+l.name+`/*"}`,
			`{"Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"], "Resource": "arn:aws:s3:::d-`+l.name+`/*"}`))
		fmt.Fprintf(&sources, `
      - name: s-%s
        region: us-east-1
        versioning: Enabled
        tags: {backup: required}
        %s
        replication:
          Role: %s
          Rules:
            - ID: all
              Priority: 1
              Status: Enabled
              Filter: {}
              DeleteMarkerReplication: {Status: Enabled}
              %s
              Destination: {Bucket: "arn:aws:s3:::d-%s", Account: "222222222222", Metrics: {Status: Enabled}%s}`, l.name, l.source, role, l.rule, l.name, l.target)
		statements := []string{}
		if l.policy != "" {
			statements = append(statements, l.policy)
		}
		if !l.noGrant {
			statements = append(statements, `{"Effect": "Allow", "Principal": {"AWS": "`+role+`"}, "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"], "Resource": "arn:aws:s3:::d-`+l.name+`/*"}`)
		}
		fmt.Fprintf(&destinations, `
      - name: d-%s
        region: eu-west-1
        versioning: %s
        policy: '%s'
        %s`, l.name, cmp.Or(l.versioning, "Enabled"), policyOf(statements...), l.destination)
	}
	return fmt.Appendf(nil, `
organization:
  management_account: "100000000001"
  policies:
    - {id: p-scpscpscp1, name: NoReplicas, type: SERVICE_CONTROL_POLICY, document: '%s'}
    - {id: p-rcprcprcp1, name: NoReplicasHere, type: RESOURCE_CONTROL_POLICY, document: '%s'}
  units:
    - {id: ou-sand-source01, name: Source, scps: [NoReplicas]}
    - {id: ou-sand-target01, name: Target, rcps: [NoReplicasHere]}
accounts:
  - {id: "100000000001", name: management}
  - id: "111111111111"
    name: source
    parent: ou-sand-source01
    policies:
      - {name: NoReplicas, document: '%s'}
      - {name: AllButReplicas, document: '%s'}
      - {name: All, document: '%s'}
    %s
    roles:%s%s
    keys: [%s]
    buckets:%s
  - id: "222222222222"
    name: target
    parent: ou-sand-target01
    %s
    roles:%s
    keys: [%s]
    buckets:%s
`, policyOf(`{"Effect": "Deny", "Action": "s3:ReplicateObject", "Resource": "arn:aws:s3:::d-scp/*"}`),
		policyOf(fmt.Sprintf(denyReplicasAll, "rcp")), policyOf(denyReplicas), policyOf(allowAll, denyReplicas), policyOf(allowAll),
		source, audit, roles.String(), sourceKeys, sources.String(), destination, audit, destinationKeys, destinations.String())
}

const keyOpen = `{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}`

func keyLines(side, n int, region, more string, statements ...string) string {
	return fmt.Sprintf(`{id: %s, region: %s, policy: '%s'%s}`, keyOf(side, n), region, policyOf(statements...), more)
}

// encrypted makes a link one with a key on either side.
func encrypted(l testLink, n int) testLink {
	l.source += fmt.Sprintf("\n        encryption: {algorithm: \"aws:kms\", key: \"arn:aws:kms:us-east-1:111111111111:key/%s\", blocked: [SSE-C]}", keyOf(1, n))
	l.rule += "\n              SourceSelectionCriteria: {SseKmsEncryptedObjects: {Status: Enabled}}"
	l.target += fmt.Sprintf(`, EncryptionConfiguration: {ReplicaKmsKeyID: "arn:aws:kms:eu-west-1:222222222222:key/%s"}`, keyOf(2, n))
	return l
}

// lossyWorld has one link for each fact that can break a link or fail a rule by
// what it says, and that would let it work by not being there.
func lossyWorld() []byte {
	public := `{"Effect": "Allow", "Principal": "*", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], "Resource": "arn:aws:s3:::d-%s/*"}`
	kms := `kms: '` + policyOf(`{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}`) + `'`
	return linkWorld([]testLink{
		{name: "plain"},
		{name: "boundary", role: "boundary: AllButReplicas"},
		{name: "attached", role: "attached: [NoReplicas]"},
		{name: "inline", inline: "another: '" + policyOf(denyReplicas) + "'"},
		{name: "trust", trust: `{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}`},
		{name: "policy", policy: fmt.Sprintf(denyReplicasAll, "policy")},
		{name: "nogrant", policy: `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::d-nogrant/*"}`, noGrant: true},
		{name: "readpolicy", source: `policy: '` + policyOf(`{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObjectVersionForReplication", "Resource": "arn:aws:s3:::s-readpolicy/*"}`) + `'`},
		{name: "scp"},
		{name: "rcp"},
		{name: "public", policy: fmt.Sprintf(public, "public"), noGrant: true},
		{name: "unversioned", versioning: "Suspended"},
		{name: "lock", source: "object_lock: {mode: GOVERNANCE, days: 1}"},
		{name: "payer", destination: "request_payment: Requester"},
		{name: "expire", destination: "lifecycle: {Rules: [{ID: soon, Status: Enabled, Filter: {}, Expiration: {Days: 1}}]}"},
		{name: "lifecycle", source: "lifecycle: {Rules: [{ID: soon, Status: Enabled, Filter: {}, Expiration: {Days: 9}, NoncurrentVersionExpiration: {NoncurrentDays: 9}}]}"},
		{name: "owner", destination: "ownership: ObjectWriter"},
		encrypted(testLink{name: "disabledkey", inline: kms}, 1),
		encrypted(testLink{name: "deniedkey", inline: kms}, 2),
		encrypted(testLink{name: "nokeygrant"}, 3),
		encrypted(testLink{name: "grantedkey"}, 4),
		{name: "back", destination: `replication:
          Role: arn:aws:iam::222222222222:role/crosscheck-audit
          Rules:
            - {ID: back, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Enabled}, SourceSelectionCriteria: {ReplicaModifications: {Status: Enabled}}, Destination: {Bucket: "arn:aws:s3:::s-back"}}`},
		{name: "chain", destination: `replication:
          Role: arn:aws:iam::222222222222:role/crosscheck-audit
          Rules:
            - {ID: on, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Enabled}, Destination: {Bucket: "arn:aws:s3:::d-plain"}}`},
	}, "", "public_access_block: {block_public_acls: true, ignore_public_acls: true, block_public_policy: true, restrict_public_buckets: true}",
		strings.Join([]string{
			keyLines(1, 1, "us-east-1", ", state: Disabled", keyOpen), keyLines(1, 2, "us-east-1", "", keyOpen), keyLines(1, 3, "us-east-1", "", keyOpen),
			keyLines(1, 4, "us-east-1", `, grants: [{grantee: "arn:aws:iam::111111111111:role/service-role/r-grantedkey", operations: [Decrypt]}]`, strings.Replace(keyOpen, `"*"`, `{"AWS": "arn:aws:iam::111111111111:role/crosscheck-audit"}`, 1)),
		}, ", "),
		strings.Join([]string{
			keyLines(2, 1, "eu-west-1", "", keyOpen),
			keyLines(2, 2, "eu-west-1", "", strings.Replace(strings.Replace(keyOpen, `"kms:*"`, `["kms:Encrypt", "kms:GenerateDataKey"]`, 1), "Allow", "Deny", 1), keyOpen),
			keyLines(2, 3, "eu-west-1", "", strings.Replace(keyOpen, `"*"`, `{"AWS": "arn:aws:iam::222222222222:root"}`, 1)),
			keyLines(2, 4, "eu-west-1", `, grants: [{grantee: "arn:aws:iam::111111111111:role/service-role/r-grantedkey", operations: [Encrypt, GenerateDataKey]}]`, strings.Replace(keyOpen, `"*"`, `{"AWS": "arn:aws:iam::222222222222:role/crosscheck-audit"}`, 1)),
		}, ", "))
}

// soundWorld has links that work, by facts of every kind, and nothing else to find.
func soundWorld() []byte {
	kms := `kms: '` + policyOf(`{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}`) + `'`
	notified := `notification: {TopicConfigurations: [{Id: failures, TopicArn: "arn:aws:sns:us-east-1:111111111111:failures", Events: ["s3:Replication:OperationFailedReplication"]}]}
        `
	return linkWorld([]testLink{
		{name: "sound", source: notified, role: "attached: [All]\n        boundary: All"},
		encrypted(testLink{name: "keys", source: notified, inline: kms, target: ", AccessControlTranslation: {Owner: Destination}"}, 1),
		{name: "locked", source: notified + "object_lock: {mode: GOVERNANCE, days: 1}", destination: "object_lock: {mode: GOVERNANCE, days: 1}"},
	}, "", "", keyLines(1, 1, "us-east-1", "", keyOpen), keyLines(2, 1, "eu-west-1", "", keyOpen))
}

// restrictedWorld has a link that the bucket's own Block Public Access breaks;
// in lossyWorld it is the account's.
func restrictedWorld() []byte {
	return linkWorld([]testLink{{
		name: "restricted", destination: "public_access_block: {restrict_public_buckets: true}",
		policy: `{"Effect": "Allow", "Principal": "*", "Action": "s3:ReplicateObject", "Resource": "arn:aws:s3:::d-restricted/*"}`,
	}}, "", "", "", "")
}

// judgedScan is a report, and what of it must not improve.
type judgedScan struct {
	text     []byte
	status   int
	err      error // the scan could not be done at all
	links    map[string]finding.Link
	findings map[findingKey]finding.Status // the worst of those about the same
	gaps     []fact.Gap
	messages []fact.Message
	news     []string // elements of answers that are not known
}

type findingKey struct{ rule, account, resource, link string }

// world is the world, which is read once.
func (w *faultWorld) world(t *testing.T) *sandbox.World {
	t.Helper()
	load, _ := loadedWorlds.LoadOrStore(w.name+string(w.text), sync.OnceValues(func() (*sandbox.World, error) {
		return sandbox.Load(w.name+".yaml", w.text)
	}))
	world, err := load.(func() (*sandbox.World, error))()
	if err != nil {
		t.Fatal(err)
	}
	return world
}

var loadedWorlds sync.Map // by name and text

// scan scans the world as the client shows it, inside a bubble of its own so that
// waiting costs nothing, and judges what was read outside of it.
func (w *faultWorld) scan(t *testing.T, faults []sandbox.Fault, client func(*sandbox.Sandbox) aws.HTTPClient, opts scanner.Options) *judgedScan {
	t.Helper()
	opts.RunID, opts.RoleName, opts.ExternalID, opts.Needs, opts.Wants = "run", w.options.RoleName, w.options.ExternalID, w.needs, w.wants
	var messages []fact.Message
	var scanErr error
	synctest.Test(t, func(t *testing.T) {
		box, err := sandbox.New(w.world(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			if err := box.AddFault(f); err != nil {
				t.Fatal(err)
			}
		}
		cfg := aws.Config{
			Region: "us-east-1", HTTPClient: box.HTTPClient(),
			Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
		}
		if client != nil {
			cfg.HTTPClient = client(box)
		}
		scanErr = scanner.Scan(t.Context(), cfg, opts, func(m fact.Message) error {
			messages = append(messages, m)
			return nil
		})
	})
	if scanErr != nil {
		return &judgedScan{err: scanErr}
	}
	r := w.judge(t, messages)
	r.messages = messages
	return r
}

// engine is compiled once for each configuration: that costs more than a scan.
func (w *faultWorld) engine() (*rules.Engine, error) {
	engines.Lock()
	defer engines.Unlock()
	if engines.of[w.config] == nil {
		engine, err := cmp.Or(w.config, new(config.Config)).Engine()
		if err != nil {
			return nil, err
		}
		engines.of[w.config] = engine
	}
	return engines.of[w.config].Anew(), nil
}

var engines = struct {
	sync.Mutex
	of map[*config.Config]*rules.Engine
}{of: map[*config.Config]*rules.Engine{}}

// judge makes the report of what was read. Hardly two faults leave the same facts,
// gaps included, so none is kept.
func (w *faultWorld) judge(t *testing.T, messages []fact.Message) *judgedScan {
	t.Helper()
	engine, err := w.engine()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	source := func(_ context.Context, emit func(fact.Message) error) error {
		for _, m := range messages {
			if err := emit(m); err != nil {
				return err
			}
		}
		return nil
	}
	set := &output.Set{Outputs: []output.Output{{Format: "json"}}, Stdout: &out}
	sum, err := set.Run(func(w report.Writer) error {
		return (&Audit{Engine: engine, Version: "test"}).Run(t.Context(), source, w)
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &judgedScan{status: sum.ExitStatus, links: map[string]finding.Link{}, findings: map[findingKey]finding.Status{}}
	r.text = reportTimes.ReplaceAll(out.Bytes(), []byte(`"$1": ""`))
	var told struct {
		Links    []finding.Link    `json:"links"`
		Findings []finding.Finding `json:"findings"`
		Coverage struct {
			Gaps      []fact.Gap `json:"gaps"`
			Additions []string   `json:"additions"`
		} `json:"coverage"`
	}
	if err := json.Unmarshal(r.text, &told); err != nil {
		t.Fatal(err)
	}
	for _, l := range told.Links {
		r.links[l.ID] = l
	}
	for _, f := range told.Findings {
		k := findingKey{f.RuleID, f.AccountID, f.Resource, f.Link}
		if had, ok := r.findings[k]; !ok || goodness[f.Status] < goodness[had] {
			r.findings[k] = f.Status
		}
	}
	r.gaps, r.news = told.Coverage.Gaps, told.Coverage.Additions
	return r
}

var reportTimes = regexp.MustCompile(`"(started_at|finished_at)": *"[^"]*"`)

// goodness orders statuses. From pass to not applicable is an improvement that
// nobody has read a reason for. The other way around is none: what holds whether or
// not the rule is about it holds.
var goodness = map[finding.Status]int{finding.Fail: 0, finding.Unknown: 1, finding.Pass: 2, finding.NotApplicable: 3}

// improvements are what looks better in a scan that met trouble than in one that
// met none. What is missing looks better too, unless its bucket could not be listed or its
// replication configuration not be read, which is a gap of its own.
func (r *judgedScan) improvements(whole *judgedScan) (list []string) {
	unread := map[string]bool{} // accounts, and buckets by ARN
	for _, g := range r.gaps {
		switch g.Fact {
		case "account", "account.buckets":
			unread[g.AccountID] = true
		case "bucket.replication":
			unread[g.Resource] = true
		}
	}
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for id, l := range whole.links {
		now, there := r.links[id]
		if !there && !unread[l.Source.AccountID] && !unread["arn:aws:s3:::"+l.Source.Bucket] {
			add("link %s is gone, and was %s", id, l.Verdict)
		}
		if now.Verdict == finding.Works && l.Verdict != finding.Works {
			add("link %s was %s and now works", id, l.Verdict)
		}
		type cell struct{ layer, action, resource string }
		was := map[cell]finding.Result{}
		for _, c := range l.Checks {
			was[cell{c.Layer, c.Action, c.Resource}] = c.Result
		}
		for _, c := range now.Checks {
			if before, ok := was[cell{c.Layer, c.Action, c.Resource}]; ok && c.Result == "allowed" && before != "allowed" {
				add("link %s: %s %s was %s and is now allowed", id, c.Layer, c.Action, before)
			}
		}
	}
	for id, l := range r.links {
		if _, there := whole.links[id]; !there {
			add("link %s (%s) is new", id, l.Verdict)
		}
	}
	for k, before := range whole.findings {
		now, there := r.findings[k]
		source, _, _ := strings.Cut(k.link, "/")
		switch {
		case there && goodness[now] >= goodness[finding.Pass] && goodness[now] > goodness[before]:
			add("%s %s %s was %s and is now %s", k.rule, k.resource, k.link, before, now)
		case !there && k.rule == finding.NoLink && len(unread) > 0: // what was not read may replicate
		case !there && !unread[k.account] && !(k.link != "" && unread["arn:aws:s3:::"+source]):
			add("%s %s %s is gone, and was %s", k.rule, k.resource, k.link, before)
		}
	}
	slices.Sort(list)
	return list
}

// combination is a fault that lasts, in a world.
type combination struct {
	world *answeredWorld
	fault sandbox.Fault
	page  string // instead of the fault: what is wrong with the pages of a list
}

func (c combination) String() string {
	what := string(c.fault.Kind)
	if c.page != "" {
		what = c.page
	}
	return strings.Join([]string{c.world.name, c.fault.Operation, what, c.fault.Account, c.fault.Bucket, c.world.bucket}, "/")
}

// lastingKinds are the ways in which a call fails for good. Latency is an hour:
// longer than any attempt may take.
var lastingKinds = []sandbox.FaultKind{
	sandbox.AccessDenied, sandbox.NotImplemented, sandbox.Malformed, sandbox.Truncated, sandbox.Throttling,
	sandbox.ServerError, sandbox.Reset, sandbox.Latency, sandbox.ExpiredToken,
}

// place is what is struck: calls of an operation, of those about an account, of those
// about a bucket.
type place struct{ operation, account, bucket string }

// places are those of a recorded scan.
func (a *answeredWorld) places() map[place]bool {
	calls := map[place]bool{}
	for _, x := range a.exchanges {
		calls[place{x.api, "", ""}] = true
		calls[place{x.api, x.account, ""}] = true
		calls[place{x.api, x.account, x.bucket}] = true
	}
	return calls
}

// combinations are the faults of every kind on all calls of each operation, on
// those about each account, and on those about each bucket. The last are scanned with the
// bucket that asks the most of it, in a tenth of the time.
func (w *faultWorld) combinations(t *testing.T) (list []combination) {
	t.Helper()
	whole := w.recorded(t, "")
	calls := whole.places()
	buckets := map[string]bool{}
	for p := range calls {
		if p.bucket != "" {
			buckets[p.bucket] = true
		}
	}
	scope, most := map[place]*answeredWorld{}, map[place]int{}
	for _, bucket := range slices.Sorted(maps.Keys(buckets)) {
		one := w.recorded(t, bucket)
		of := one.places()
		for p := range of {
			if p.bucket != "" && len(of) > most[p] {
				scope[p], most[p] = one, len(of)
			}
		}
	}
	places := slices.SortedFunc(maps.Keys(calls), func(a, b place) int {
		return cmp.Or(strings.Compare(a.operation, b.operation), strings.Compare(a.account, b.account), strings.Compare(a.bucket, b.bucket))
	})
	turn := 0
	for _, p := range places {
		f := sandbox.Fault{Operation: p.operation, Account: p.account, Bucket: p.bucket}
		// How a call fails does not depend on the account or the bucket: of all kinds, which
		// strike everywhere, two strike in each account and one in each bucket, in turn.
		kinds := lastingKinds
		if n := map[bool]int{true: 1, false: 2}[p.bucket != ""]; p.account != "" {
			kinds = slices.Concat(lastingKinds, lastingKinds)[turn%len(lastingKinds):][:n]
			turn += n
		}
		for _, f.Kind = range kinds {
			f.Delay = 0
			if f.Kind == sandbox.Latency {
				f.Delay = time.Hour
			}
			list = append(list, combination{world: cmp.Or(scope[p], whole), fault: f})
		}
		if f.Account == "" && f.Bucket == "" && pagedLists[f.Operation].items != "" {
			wrong := []string{noList, endless}
			if pagedLists[f.Operation].more != "" {
				wrong = append(wrong, noToken, notCut)
			}
			if w.name == "guide-kms" && f.Operation != "organizations:ListPoliciesForTarget" { // 10,000 pages each
				wrong = append(wrong, everNew)
			}
			for _, page := range wrong {
				list = append(list, combination{world: whole, fault: sandbox.Fault{Operation: f.Operation}, page: page})
			}
		}
	}
	return list
}

type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// What can be wrong with the pages of a list.
const (
	noList    = "no_list"    // the answer has no list at all
	endless   = "endless"    // the token of the next page is always the same
	everNew   = "ever_new"   // the token of the next page is always another one
	noToken   = "no_token"   // the list is cut, and there is no token for the rest
	notCut    = "not_cut"    // there is a token for the rest, and the list is not cut
	emptyPage = "empty_page" // the first page is empty, and all the rest is on the next
)

// pagedLists are the operations that answer in pages: the names of the list, of
// the token in the answer, of the token in a request and, where there is
// one, of the element that says that there is more.
var pagedLists = map[string]struct{ items, next, token, more string }{
	"organizations:ListRoots":             {"Roots", "NextToken", "NextToken", ""},
	"organizations:ListAccounts":          {"Accounts", "NextToken", "NextToken", ""},
	"organizations:ListPoliciesForTarget": {"Policies", "NextToken", "NextToken", ""},
	"kms:ListGrants":                      {"Grants", "NextMarker", "Marker", "Truncated"},
	"kms:ListAliases":                     {"Aliases", "NextMarker", "Marker", "Truncated"},
	"kms:ListResourceTags":                {"Tags", "NextMarker", "Marker", "Truncated"},
	"iam:GetAccountAuthorizationDetails":  {"RoleDetailList", "Marker", "Marker", "IsTruncated"},
	"iam:ListRolePolicies":                {"PolicyNames", "Marker", "Marker", "IsTruncated"},
	"iam:ListAttachedRolePolicies":        {"AttachedPolicies", "Marker", "Marker", "IsTruncated"},
	"s3:ListBuckets":                      {"Buckets", "ContinuationToken", "continuation-token", ""},
}

// pages shows the answers of a client with something wrong with the pages of one operation.
func pages(from aws.HTTPClient, operation, what string) aws.HTTPClient {
	const token = "again"
	var n atomic.Int64
	list := pagedLists[operation]
	service, name, _ := strings.Cut(operation, ":")
	return doFunc(func(r *http.Request) (*http.Response, error) {
		body := []byte{}
		if r.Body != nil {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
		}
		r = r.Clone(r.Context())
		query := r.URL.Query()
		// What is asked, and the request without the token, which the sandbox does not know.
		asked, again := false, false
		var document map[string]any
		switch {
		case json.Unmarshal(body, &document) == nil:
			_, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
			given, _ := document[list.token].(string)
			asked, again = target == name, strings.HasPrefix(given, token)
			if again {
				delete(document, list.token)
				body, _ = json.Marshal(document)
			}
		case len(body) > 0:
			form, _ := url.ParseQuery(string(body))
			asked, again = form.Get("Action") == name, strings.HasPrefix(form.Get(list.token), token)
			if again {
				form.Del(list.token)
				body = []byte(form.Encode())
			}
		default:
			asked, again = service == "s3" && query.Get("x-id") == name, strings.HasPrefix(query.Get(list.token), token)
			if again {
				query.Del(list.token)
				r.URL.RawQuery = query.Encode()
			}
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		res, err := from.Do(r)
		if err != nil || !asked || res.StatusCode != http.StatusOK || what == emptyPage && again {
			return res, err
		}
		text, err := io.ReadAll(res.Body)
		if err != nil {
			return nil, err
		}
		next := token
		if what == everNew {
			next = fmt.Sprint(token, n.Add(1))
		}
		if document = nil; json.Unmarshal(text, &document) == nil {
			switch what {
			case noToken:
				document[list.more] = true
			case notCut:
				document[list.next] = next
			case noList:
				document = map[string]any{}
			case emptyPage:
				document[list.items] = []any{}
				fallthrough
			case endless, everNew:
				document[list.next] = next
				if list.more != "" {
					document[list.more] = true
				}
			}
			text, _ = json.Marshal(document)
		} else {
			items := regexp.MustCompile("(?s)<" + list.items + ">.*</" + list.items + ">|<" + list.items + "/>")
			more := "<" + list.next + ">" + next + "</" + list.next + ">"
			if what == noToken {
				more = ""
			}
			if list.more != "" && what != notCut {
				text = regexp.MustCompile("<"+list.more+">false</"+list.more+">").ReplaceAll(text, nil)
				more += "<" + list.more + ">true</" + list.more + ">"
			}
			switch what {
			case noList:
				text = items.ReplaceAll(text, nil)
			case emptyPage:
				text = items.ReplaceAll(text, []byte("<"+list.items+"></"+list.items+">"+more))
			case endless, everNew, noToken, notCut:
				text = items.ReplaceAll(text, []byte("$0"+more))
			}
		}
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		res.Header.Del("Content-Length")
		return res, nil
	})
}

// strikes reports whether the fault is one of the answer to a request.
func (c combination) strikes(x *exchange) bool {
	f := c.fault
	return x.api == f.Operation && (f.Account == "" || f.Account == x.account) && (f.Bucket == "" || f.Bucket == x.bucket)
}

// run scans with the fault, and says what is wrong with the outcome. What the fault does not
// strike is answered as was recorded; but not where it takes hours, which end sessions.
func (c combination) run(t *testing.T) string {
	t.Helper()
	client := func(box *sandbox.Sandbox) aws.HTTPClient { return c.world.replay(box, c.strikes) }
	faults := []sandbox.Fault{c.fault}
	switch {
	case c.page != "":
		client = func(box *sandbox.Sandbox) aws.HTTPClient {
			return pages(c.world.replay(box, never), c.fault.Operation, c.page)
		}
		faults = nil
	case c.fault.Kind == sandbox.Latency:
		client = nil
	}
	outcome, silent, better := c.world.scan(t, faults, client, scanner.Options{Buckets: c.world.bucket}).worse(c.world.whole)
	for _, problem := range append(silent, better...) {
		t.Errorf("%v: %s", c, problem)
	}
	return outcome
}

// sampleSize is how many combinations a test runs that is not told to run all.
func sampleSize() int { return sandboxtest.Sample(150, 15) }

// TestLastingFaults: whatever fails for good, and however, nothing looks better
// for it. It runs a sample; XCTEST_FAULTS=all runs every combination, as make
// integration does, and any other text those whose names contain it.
func TestLastingFaults(t *testing.T) {
	t.Parallel()
	lastingFaults(t, os.Getenv("XCTEST_FAULTS"))
}

func lastingFaults(t *testing.T, which string) {
	var all, chosen []combination
	for _, w := range fewWorlds(t) {
		of := w.combinations(t)
		r := w.scan(t, nil, nil, scanner.Options{})
		if want := map[bool]int{true: clean, false: failed}[w.name == "sound"]; r.status != want {
			t.Errorf("%s: exit status %d without a fault, want %d", w.name, r.status, want)
		}
		verdicts := map[finding.Verdict]int{}
		for _, l := range r.links {
			verdicts[l.Verdict]++
		}
		t.Logf("%s: exit status %d, links %v, %d findings, %d gaps; %d combinations", w.name, r.status, verdicts, len(r.findings), len(r.gaps), len(of))
		all = append(all, of...)
	}
	for _, c := range all {
		h := fnv.New64a()
		fmt.Fprint(h, c, "seed 1")
		switch {
		case which == "all", which != "" && strings.Contains(c.String(), which):
			chosen = append(chosen, c)
		case which == "" && h.Sum64()%uint64(len(all)) < uint64(sampleSize()):
			chosen = append(chosen, c)
		}
	}
	if len(all) < sandboxtest.Sample(2_000, 500) {
		t.Errorf("%d combinations are too few", len(all))
	}
	var mu sync.Mutex
	outcomes := map[string]int{}
	same := map[string]bool{}
	t.Run("group", func(t *testing.T) {
		const shards = 4
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for i := shard; i < len(chosen); i += shards {
					outcome := chosen[i].run(t)
					mu.Lock()
					outcomes[outcome]++
					if outcome == "same" {
						same[chosen[i].fault.Operation+" "+string(chosen[i].fault.Kind)] = true
					}
					mu.Unlock()
				}
			})
		}
	})
	t.Logf("%d of %d combinations: %d with gaps, %d refused as a whole, %d with the same report", len(chosen), len(all), outcomes["gaps"], outcomes["refused"], outcomes["same"])
	if len(same) > 0 {
		t.Logf("the same report in spite of %s", strings.Join(slices.Sorted(maps.Keys(same)), ", "))
	}
}

// TestPassingFaults: whatever fails for a while, the report is the same to the byte.
func TestPassingFaults(t *testing.T) {
	t.Parallel()
	faults := [][]sandbox.Fault{
		{{Kind: sandbox.Throttling, Probability: 0.3, Seed: 1}},
		{{Kind: sandbox.ServerError, Probability: 0.1, Seed: 2}},
		{{Kind: sandbox.Reset, Probability: 0.2, Seed: 3}},
		{{Kind: sandbox.LostReply, Probability: 0.2, Seed: 4}},
		{{Kind: sandbox.Malformed, Probability: 0.2, Seed: 5}},
		{{Kind: sandbox.Truncated, Probability: 0.2, Seed: 6}},
		{{Kind: sandbox.SlowBody, Probability: 0.2, Seed: 7, Delay: time.Hour}}, // longer than an attempt may take
		{{Kind: sandbox.Latency, Probability: 0.2, Seed: 8, Delay: time.Hour}},
		{{Kind: sandbox.ExpiredToken, Operation: "s3:Get*", Account: "111111111111", Count: 1}, {Kind: sandbox.ExpiredToken, Operation: "s3:Get*", Account: "222222222222", Count: 1}},
		{{Kind: sandbox.Throttling, Probability: 0.2, Seed: 9}, {Kind: sandbox.ServerError, Probability: 0.1, Seed: 10},
			{Kind: sandbox.Reset, Probability: 0.05, Seed: 11}, {Kind: sandbox.SlowBody, Probability: 0.1, Seed: 12, Delay: time.Second}},
	}
	for _, w := range fewWorlds(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			// scan counts the requests: a fault that never struck has shown nothing.
			scan := func(faults []sandbox.Fault) (*judgedScan, int64) {
				var requests atomic.Int64
				r := w.scan(t, faults, func(box *sandbox.Sandbox) aws.HTTPClient {
					return doFunc(func(r *http.Request) (*http.Response, error) {
						requests.Add(1)
						return box.HTTPClient().Do(r)
					})
				}, scanner.Options{AttemptTimeout: 2 * time.Second})
				return r, requests.Load()
			}
			whole, least := scan(nil)
			if whole.err != nil {
				t.Fatal(whole.err)
			}
			check := func(what string, got *judgedScan) {
				if got.err != nil {
					t.Errorf("%s: %v", what, got.err)
				} else if diff := gocmp.Diff(string(whole.text), string(got.text)); diff != "" {
					t.Errorf("%s (-untroubled +troubled):\n%s", what, diff)
				}
			}
			for _, f := range faults {
				got, requests := scan(f)
				check(string(f[0].Kind), got)
				if requests <= least {
					t.Errorf("%s: %d requests, and without a fault %d: it struck nothing", f[0].Kind, requests, least)
				}
			}
			for _, operation := range slices.Sorted(maps.Keys(pagedLists)) {
				check("empty page of "+operation, w.scan(t, nil, func(box *sandbox.Sandbox) aws.HTTPClient { return pages(box.HTTPClient(), operation, emptyPage) }, scanner.Options{}))
			}
		})
	}
}

// TestRequiredReplicationOfADestination: a bucket that must replicate, and does not,
// may be the destination of a link that could not be read.
func TestRequiredReplicationOfADestination(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("required", []byte("required_replication: [{name: '*'}]"))
	if err != nil {
		t.Fatal(err)
	}
	w := &faultWorld{name: "required", text: soundWorld(), options: scanner.Options{RoleName: "crosscheck-audit"}, config: c}
	key := findingKey{rule: "XC031", account: "222222222222", resource: "arn:aws:s3:::d-sound"}
	for _, test := range []struct {
		name  string
		fault sandbox.Fault
		want  finding.Status
	}{
		{"all is read", sandbox.Fault{Operation: "s3:GetBucketReplication", Account: "333333333333", Kind: sandbox.AccessDenied}, finding.NotApplicable},
		{"the source", sandbox.Fault{Operation: "s3:GetBucketReplication", Bucket: "s-sound", Kind: sandbox.AccessDenied}, finding.Unknown},
		{"the account of the source", sandbox.Fault{Operation: "sts:AssumeRole", Account: "111111111111", Kind: sandbox.AccessDenied}, finding.Unknown},
		{"its list of buckets", sandbox.Fault{Operation: "s3:ListBuckets", Account: "111111111111", Kind: sandbox.AccessDenied}, finding.Unknown},
	} {
		got := w.scan(t, []sandbox.Fault{test.fault}, nil, scanner.Options{})
		if got.err != nil {
			t.Fatal(got.err)
		}
		if got.findings[key] != test.want {
			t.Errorf("%s: %q, want %s", test.name, got.findings[key], test.want)
		}
	}
}
