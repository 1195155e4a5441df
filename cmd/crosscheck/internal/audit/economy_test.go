package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/report/reporttest"
	"crosscheck/rules"
	"crosscheck/scanner"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// everyFact are all facts of buckets that can be read, of both ends of a link.
func everyFact() (needs []string) {
	for _, name := range []string{"alarms", "encryption", "lifecycle", "notification", "object_lock", "ownership", "policy", "public_access_block", "replication", "request_payment", "tags", "versioning"} {
		needs = append(needs, "source."+name, "destination."+name)
	}
	return append(needs, "bucket.tags", "bucket.versioning")
}

// economical holds the report of a scan that reads what the rules want against that
// of one which reads everything, and gives the calls of both.
func economical(t *testing.T, w *faultWorld) (fewer, all int64) {
	t.Helper()
	scan := func(w faultWorld, calls *int64) *judgedScan {
		var n atomic.Int64
		r := w.scan(t, nil, func(box *sandbox.Sandbox) aws.HTTPClient {
			return doFunc(func(r *http.Request) (*http.Response, error) {
				n.Add(1)
				return box.HTTPClient().Do(r)
			})
		}, scanner.Options{})
		if r.err != nil {
			t.Fatal(r.err)
		}
		*calls = n.Load()
		return r
	}
	engine, err := w.engine()
	if err != nil {
		t.Fatal(err)
	}
	thrifty, lavish := *w, *w
	thrifty.needs, thrifty.wants = engine.Needs(), engine.Wants
	lavish.needs, lavish.wants = everyFact(), nil
	got, want := scan(thrifty, &fewer), scan(lavish, &all)
	if !bytes.Equal(got.text, want.text) {
		t.Errorf("%s: the report is another one (-everything read +what is wanted):\n%s", w.name, gocmp.Diff(string(want.text), string(got.text)))
	}
	return fewer, all
}

// TestEconomyChangesNothing: what is not read would have made no difference to any
// finding, verdict or word of the report.
func TestEconomyChangesNothing(t *testing.T) {
	t.Parallel()
	worlds := faultWorlds(t)
	for _, path := range []string{"guide-delete-markers.yaml", "guide-storage-class.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "testdata", "worlds", path))
		if err != nil {
			t.Fatal(err)
		}
		worlds = append(worlds, &faultWorld{name: path, text: text, options: scanner.Options{RoleName: "crosscheck-audit"}})
	}
	for _, w := range worlds[:sandboxtest.Sample(len(worlds), 2)] {
		fewer, all := economical(t, w)
		if fewer >= all {
			t.Errorf("%s: %d calls, and %d for everything", w.name, fewer, all)
		}
		t.Logf("%s: %d calls, %d for everything", w.name, fewer, all)
	}
}

// TestEconomyChangesNothingAnywhere is the same for links of every kind.
func TestEconomyChangesNothingAnywhere(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	var fewer, all int64
	worlds := 0
	rapid.Check(t, func(rt *rapid.T) {
		if worlds++; worlds > 25 && os.Getenv("XCTEST_FAULTS") != "all" {
			return // a quarter of a second each
		}
		text := randomLinks(rt)
		f, a := economical(t, &faultWorld{name: "random", text: text, options: scanner.Options{RoleName: "crosscheck-audit"}})
		if t.Failed() {
			rt.Fatalf("%s", text)
		}
		fewer, all = fewer+f, all+a
	})
	t.Logf("%d calls, %d for everything", fewer, all)
}

// randomLinks is a world of a few sources, each with one or two rules to buckets of
// its own account or of another, which others may share. All settings are random.
func randomLinks(rt *rapid.T) []byte {
	const role = "arn:aws:iam::111111111111:role/replicate"
	const key = "arn:aws:kms:eu-west-1:222222222222:key/20000000-0000-4000-8000-000000000001"
	pick := func(name string, choices ...string) string { return rapid.SampledFrom(choices).Draw(rt, name) }
	bucket := func(name, region string) string {
		lock := pick("lock", "", "", ", object_lock: {mode: GOVERNANCE, days: 1}", ", object_lock: {}")
		lifecycle := pick("lifecycle", "", ", lifecycle: {Rules: [{ID: soon, Status: Enabled, Filter: {}, Expiration: {Days: 1}}]}")
		versioning := ", versioning: Enabled"
		if lock == "" && lifecycle == "" {
			versioning = pick("versioning", versioning, versioning, ", versioning: Enabled, mfa_delete: Enabled")
		}
		if lock == "" && strings.HasPrefix(name, "d") {
			versioning = pick("suspended", versioning, versioning, ", versioning: Suspended")
		}
		statement := `{"Effect": "Allow", "Principal": {"AWS": ` + pick("principal", `"`+role+`"`, `"111111111111"`, `"*"`) + `}, "Action": "s3:Replicate*", "Resource": "arn:aws:s3:::` + name + `/*"}`
		return "\n      - {name: " + name + ", region: " + region + versioning + lock + lifecycle +
			pick("ownership", "", ", ownership: ObjectWriter", ", ownership: BucketOwnerEnforced") +
			pick("encryption", "", ", encryption: {algorithm: AES256, blocked: [SSE-C]}", ", encryption: {algorithm: AES256}", `, encryption: {algorithm: "aws:kms", bucket_key: true}`) +
			pick("payer", "", "", ", request_payment: Requester") +
			pick("access", "", ", public_access_block: {restrict_public_buckets: true}", ", public_access_block: {block_public_acls: true}") +
			pick("policy", "", ", policy: '"+policyOf(statement)+"'", ", policy: '"+policyOf(statement)+"'")
	}
	near, far := bucket("d-near", "us-east-1")+"}", bucket("d-far0", "eu-west-1")+"}"+bucket("d-far1", "eu-west-1")+"}"
	for i := range rapid.IntRange(1, 4).Draw(rt, "sources") {
		near += bucket(fmt.Sprintf("s-%d", i), "us-east-1") + ", replication: {Role: " + role + ", Rules: ["
		for k := range rapid.IntRange(1, 2).Draw(rt, "rules") {
			to, account := pick("to", "d-near", "d-far0", "d-far1"), "222222222222"
			if to == "d-near" {
				account = "111111111111"
			}
			near += fmt.Sprintf("{ID: r%d, Priority: %d, Status: %s, Filter: {Prefix: p%[1]d}, DeleteMarkerReplication: {Status: Disabled}", k, k+1, pick("status", "Enabled", "Enabled", "Disabled"))
			encryption := ""
			if rapid.Bool().Draw(rt, "kms") {
				near += ", SourceSelectionCriteria: {SseKmsEncryptedObjects: {Status: Enabled}}"
				encryption = ", EncryptionConfiguration: {ReplicaKmsKeyID: \"" + key + "\"}"
			}
			near += fmt.Sprintf(`, Destination: {Bucket: "arn:aws:s3:::%s", Account: "%s"%s%s}}, `, to, account, encryption, pick("override", "", ", AccessControlTranslation: {Owner: Destination}"))
		}
		near += "]}}"
	}
	const audit = `
      - name: crosscheck-audit
        trust: '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::100000000001:root"}, "Action": "sts:AssumeRole"}]}'
        attached: [AdministratorAccess]`
	return []byte(`
organization: {management_account: "100000000001"}
accounts:
  - {id: "100000000001", name: management}
  - id: "111111111111"
    name: near
    roles:` + audit + `
      - name: replicate
        trust: '` + policyOf(`{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}`) + `'
        inline: {all: '` + policyOf(pick("role", allowAll, allowAll, `{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}`)) + `'}
    buckets:` + near + `
  - id: "222222222222"
    name: far
    ` + pick("account access", "", "public_access_block: {restrict_public_buckets: true}") + `
    roles:` + audit + `
    keys: [{id: 20000000-0000-4000-8000-000000000001, region: eu-west-1, policy: '` + policyOf(keyOpen) + `'}]
    buckets:` + far + `
`)
}

// linksWorld is an organization of links that share nothing: each has a source and a
// destination of its own, a role and keys. Two accounts have the sources, two others, or
// the same ones, the destinations.
func linksWorld(links int, crossAccount, kms bool, encryption string) []byte {
	const audit = `
      - name: crosscheck-audit
        trust: '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::100000000001:root"}, "Action": "sts:AssumeRole"}]}'
        attached: [AdministratorAccess]`
	roles, keys, buckets := map[int]string{}, map[int]string{}, map[int]string{}
	id := func(account int) string { return strings.Repeat(fmt.Sprint(account+1), 12) }
	key := func(account, n int) string {
		k := fmt.Sprintf("%d0000000-0000-4000-8000-%012d", account+1, n)
		keys[account] += "\n      - " + fmt.Sprintf(`{id: %s, region: us-east-1, policy: '%s'}`, k, policyOf(keyOpen))
		return "arn:aws:kms:us-east-1:" + id(account) + ":key/" + k
	}
	for i := range links {
		from := i % 2
		to := from
		if crossAccount {
			to += 2
		}
		role := fmt.Sprintf("arn:aws:iam::%s:role/r-%d", id(from), i)
		roles[from] += fmt.Sprintf("\n      - {name: r-%d, trust: '%s', inline: {all: '%s'}}", i, policyOf(`{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}`), policyOf(allowAll))
		rule, source := "", encryption
		if kms {
			source = ", encryption: {algorithm: \"aws:kms\", key: \"" + key(from, i) + "\", blocked: [SSE-C]}"
			rule = ", SourceSelectionCriteria: {SseKmsEncryptedObjects: {Status: Enabled}}"
		}
		target := fmt.Sprintf(`Bucket: "arn:aws:s3:::d-%d", Account: "%s"`, i, id(to))
		if kms {
			target += `, EncryptionConfiguration: {ReplicaKmsKeyID: "` + key(to, links+i) + `"}`
		}
		buckets[from] += fmt.Sprintf(`
      - {name: s-%d, region: us-east-1, versioning: Enabled%s, replication: {Role: "%s", Rules: [{ID: r, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Enabled}%s, Destination: {%s}}]}}`, i, source, role, rule, target)
		buckets[to] += fmt.Sprintf(`
      - {name: d-%d, region: us-east-1, versioning: Enabled, policy: '%s'}`, i, policyOf(`{"Effect": "Allow", "Principal": {"AWS": "`+role+`"}, "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], "Resource": "arn:aws:s3:::d-`+fmt.Sprint(i)+`/*"}`))
	}
	var b strings.Builder
	b.WriteString(`organization: {management_account: "100000000001"}
accounts:
  - {id: "100000000001", name: management}`)
	for account := range 4 {
		fmt.Fprintf(&b, `
  - id: "%s"
    name: account-%d
    roles:%s%s
    keys: %s
    buckets:%s
      - {name: idle-%[2]d, region: us-east-1}`, id(account), account, audit, roles[account], cmp.Or(keys[account], "[]"), buckets[account])
	}
	return []byte(b.String())
}

// callsOf counts the calls of a scan, by operation.
func callsOf(t *testing.T, text []byte, opts rules.Options) map[string]int {
	t.Helper()
	engine, err := rules.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	w := &faultWorld{name: "calls", text: text, options: scanner.Options{RoleName: "crosscheck-audit"}, needs: engine.Needs(), wants: engine.Wants}
	var box *sandbox.Sandbox
	if r := w.scan(t, nil, func(b *sandbox.Sandbox) aws.HTTPClient { box = b; return b.HTTPClient() }, scanner.Options{}); r.err != nil || len(r.gaps) > 0 {
		t.Fatal(r.err, r.gaps)
	}
	calls := map[string]int{}
	for c, n := range box.Calls() {
		calls[c.Operation] += n
	}
	return calls
}

// TestCallsPerLink is the price of a link that shares nothing with another, and of a bucket
// that has no part in replication: docs/benchmarks.md says why it is no less.
func TestCallsPerLink(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	links := 40
	if os.Getenv("XCTEST_FAULTS") == "all" {
		links = 1000
	}
	share := func(n int) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(links)), ".0") }
	perLink := func(calls map[string]int) map[string]string {
		out := map[string]string{}
		for op, n := range calls {
			if service, _, _ := strings.Cut(op, ":"); op != "s3:ListBuckets" && (service == "s3" || service == "kms" || op == "iam:GetRole") {
				if op == "s3:GetBucketReplication" {
					n -= 4 // the buckets that have no part in replication: one call each
				}
				out[op] = share(n)
			}
		}
		return out
	}
	both := []string{"s3:GetBucketReplication", "s3:GetBucketVersioning", "s3:GetBucketPolicy", "s3:GetObjectLockConfiguration", "s3:GetBucketLifecycleConfiguration"}
	price := func(more map[string]string, twice ...string) map[string]string {
		want := map[string]string{"iam:GetRole": "1"}
		for _, op := range append(both, twice...) {
			want[op] = "2"
		}
		maps.Copy(want, more)
		return want
	}
	own := share(2) // S3's own key, once in each account that has sources
	const sseC = ", encryption: {algorithm: AES256, blocked: [SSE-C]}"
	for _, c := range []struct {
		name     string
		text     []byte
		disabled []string
		want     map[string]string
	}{
		{"between accounts", linksWorld(links, true, false, sseC), nil,
			price(map[string]string{"s3:GetBucketNotificationConfiguration": "1", "s3:GetBucketRequestPayment": "1"}, "s3:GetBucketOwnershipControls", "s3:GetBucketEncryption")},
		{"between accounts, KMS left out and SSE-C refused", linksWorld(links, true, false, ", encryption: {algorithm: \"aws:kms\", blocked: [SSE-C]}"), nil,
			price(map[string]string{"s3:GetBucketEncryption": "1", "s3:GetBucketNotificationConfiguration": "1", "s3:GetBucketRequestPayment": "1",
				"kms:DescribeKey": own, "kms:GetKeyPolicy": own, "kms:ListGrants": own, "kms:ListAliases": own}, "s3:GetBucketOwnershipControls")},
		{"in one account", linksWorld(links, false, false, sseC), nil,
			price(map[string]string{"s3:GetBucketNotificationConfiguration": "1", "s3:GetBucketOwnershipControls": "1"}, "s3:GetBucketEncryption")},
		{"under keys", linksWorld(links, true, true, ""), nil,
			price(map[string]string{"s3:GetBucketNotificationConfiguration": "1", "s3:GetBucketRequestPayment": "1", "kms:GetKeyPolicy": "4"}, // default and AWS_RAM
				"s3:GetBucketOwnershipControls", "s3:GetBucketEncryption", "kms:DescribeKey", "kms:ListGrants", "kms:ListAliases", "kms:ListResourceTags")},
		{"verdicts alone", linksWorld(links, true, false, sseC), []string{"XC014", "XC036", "XC038", "XC039", "XC040", "XC048", "XC051", "XC052", "XC060"},
			map[string]string{"iam:GetRole": "1", "s3:GetBucketReplication": "2", "s3:GetBucketVersioning": "2", "s3:GetBucketPolicy": "2", "s3:GetObjectLockConfiguration": "1", "s3:GetBucketEncryption": "1", "s3:GetBucketRequestPayment": "1"}},
	} {
		got := perLink(callsOf(t, c.text, rules.Options{Disabled: c.disabled}))
		if diff := gocmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		s3 := 0
		for op, n := range got {
			if strings.HasPrefix(op, "s3:") {
				k, err := strconv.Atoi(n)
				if err != nil {
					t.Error(err)
				}
				s3 += k
			}
		}
		t.Logf("%s: %d calls to S3 a link", c.name, s3)
	}
}

// TestCallsOfABucketAlone: what has no part in replication costs one call, two where
// a rule asks for tags of every bucket.
func TestCallsOfABucketAlone(t *testing.T) {
	t.Parallel()
	text := linksWorld(0, true, false, "")
	for _, c := range []struct {
		params map[string]any
		want   int
	}{
		{nil, 4},
		{map[string]any{"required_replication": []any{map[string]any{"name": "*"}}}, 4},
		{map[string]any{"required_replication": []any{map[string]any{"tags": map[string]any{"a": "b"}}}}, 8},
	} {
		s3 := 0
		for op, n := range callsOf(t, text, rules.Options{Parameters: c.params}) {
			if strings.HasPrefix(op, "s3:") && op != "s3:ListBuckets" {
				s3 += n
			}
		}
		if s3 != c.want {
			t.Errorf("%v: %d calls about four buckets, want %d", c.params, s3, c.want)
		}
	}
}
