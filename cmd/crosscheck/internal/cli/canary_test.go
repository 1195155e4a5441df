package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"crosscheck/canary/experiment"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report"
	"crosscheck/report/output"
	"crosscheck/report/reporttest"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
	"crosscheck/testdata"
)

// canaryReport is a JSON report, as far as the canary goes.
type canaryReport struct {
	Run          struct{ ID string }
	Measurements []measure.Measurement
	Findings     []struct {
		RuleID   string `json:"rule_id"`
		Status   string
		Severity string
		Link     string
		Message  string
		Evidence map[string]any
	}
	Summary struct {
		ExitStatus int `json:"exit_status"`
	}
}

func (r *canaryReport) own() (ids []string) {
	for _, f := range r.Findings {
		if strings.HasPrefix(f.RuleID, "XC90") {
			ids = append(ids, f.RuleID+" "+f.Status+" "+f.Link)
		}
	}
	slices.Sort(ids)
	return ids
}

// puts counts the objects that were ever put.
func puts(box *sandbox.Sandbox) int {
	n := 0
	for c, count := range box.Calls() {
		if slices.Contains([]string{"s3:PutObject", "s3:CompleteMultipartUpload"}, c.Operation) && c.Code == "" {
			n += count
		}
	}
	return n
}

// nothingLeft checks that no bucket of the demo holds a version.
func nothingLeft(t *testing.T, box *sandbox.Sandbox, world []byte) {
	t.Helper()
	accounts := map[string]string{}
	id := ""
	for l := range strings.Lines(string(world)) {
		if m := regexp.MustCompile(`^  - id: "(\d{12})"`).FindStringSubmatch(l); m != nil {
			id = m[1]
		}
		if m := regexp.MustCompile(`^      - name: (\S+)`).FindStringSubmatch(l); m != nil && strings.Contains(m[1], "-") {
			accounts[m[1]] = id
		}
	}
	seen := 0
	for bucket, account := range accounts {
		for _, region := range []string{"us-east-1", "eu-west-1"} {
			// The canary's role may list; its access key is not known here, so assume it anew.
			cfg := s3.Options{Region: region, UsePathStyle: true, HTTPClient: box.HTTPClient(), Credentials: assumed(t, box, account)}
			out, err := s3.New(cfg).ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
			if err != nil {
				continue // a role's name, or another Region
			}
			seen++
			for _, v := range out.Versions {
				t.Errorf("left in %s: %s", bucket, *v.Key)
			}
			for _, v := range out.DeleteMarkers {
				t.Errorf("left in %s: %s (marker)", bucket, *v.Key)
			}
		}
	}
	if seen < 2 {
		t.Errorf("only %d buckets were looked into", seen)
	}
}

// assumed are credentials of the canary's role.
func assumed(t *testing.T, box *sandbox.Sandbox, account string) credentials.StaticCredentialsProvider {
	t.Helper()
	body := "Action=AssumeRole&Version=2011-06-15&RoleSessionName=test&RoleArn=arn%3Aaws%3Aiam%3A%3A" + account + "%3Arole%2Fcrosscheck-canary"
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sts.us-east-1.amazonaws.com/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+sandbox.DefaultAccessKey+"/20261124/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=x")
	res, err := box.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	field := func(name string) string {
		_, rest, _ := strings.Cut(string(text), "<"+name+">")
		value, _, _ := strings.Cut(rest, "<")
		return value
	}
	return credentials.NewStaticCredentialsProvider(field("AccessKeyId"), field("SecretAccessKey"), field("SessionToken"))
}

const invoices = "orders-invoices/to-backup→backup-invoices"

func TestCanaryAsks(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	status, out, errs := p.run(t.Context(), "canary", "--dry-run")
	if status != exitClean || strings.Count(out, "s3://") != 8 || !strings.Contains(out, invoices+": s3://orders-invoices/crosscheck-canary/") ||
		!strings.Contains(out, "media-partner/to-partner→partner-archive: nothing: the account of the bucket partner-archive is not known") {
		t.Errorf("dry run: %d\n%s\n%s", status, out, errs)
	}
	status, out, errs = p.run(t.Context(), "canary")
	if status != exitUsage || out != "" || !strings.Contains(errs, "refusing to write to production buckets without confirmation (no terminal); use --yes") {
		t.Errorf("without --yes: %d\n%s\n%s", status, out, errs)
	}
	for typed, want := range map[string]int{"n\n": exitUsage, "\n": exitUsage, "": exitUsage, "maybe\n": exitUsage} {
		if status, _, errs := p.answering(t.Context(), typed, true, "canary"); status != want || !strings.Contains(errs, "Go on? [y/N]") {
			t.Errorf("typed %q: %d\n%s", typed, status, errs)
		}
	}
	if n := puts(p.box); n != 0 {
		t.Errorf("%d objects were put", n)
	}
	p.noJournal(t)
	status, _, errs = p.answering(t.Context(), "y\n", true, "canary", "--link", strings.Replace(invoices, "→", "->", 1), "--variant", "plain", "--accounts", "111111111111,333333333333")
	if n := puts(p.box); status != exitClean || n != 1 {
		t.Errorf("yes: %d, %d objects were put\n%s", status, n, errs)
	}
	nothingLeft(t, p.box, testdata.DemoWorld)
}

// TestCanaryOtherDestinations: the replica that another rule makes is removed, too, though
// the link of that rule is not probed; where its bucket cannot be cleaned, it is left.
func TestCanaryOtherDestinations(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	world := string(testdata.DemoWorld)
	for _, edit := range [][2]string{
		{`  "Resource": "arn:aws:s3:::backup-invoices/*"` + "\n                }", `  "Resource": "arn:aws:s3:::backup-*"` + "\n                }"},
		{"            - ID: to-backup\n              Priority: 1\n              Status: Enabled\n              Filter: {}\n              DeleteMarkerReplication: {Status: Enabled}\n              Destination:\n                Bucket: arn:aws:s3:::backup-invoices\n                Metrics: {Status: Enabled}\n",
			"            - {ID: other, Priority: 2, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Enabled}, Destination: {Bucket: \"arn:aws:s3:::backup-exports\"}}\n"},
		{"      - name: backup-exports\n        region: eu-west-1\n        versioning: Enabled\n",
			`        policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/service-role/replicate-invoices"},"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::backup-exports/*"}]}'` + "\n"},
	} {
		if strings.Count(world, edit[0]) != 1 {
			t.Fatalf("%d times %q", strings.Count(world, edit[0]), edit[0])
		}
		if strings.HasSuffix(edit[0], "\n") {
			edit[1] = edit[0] + edit[1]
		}
		world = strings.Replace(world, edit[0], edit[1], 1)
	}
	for _, kept := range []bool{false, true} {
		p := served(t, []byte(world))
		if kept {
			if err := p.box.AddFault(sandbox.Fault{Operation: "s3:DeleteObject", Bucket: "backup-exports", Kind: sandbox.AccessDenied, Skip: 1}); err != nil {
				t.Fatal(err)
			}
		}
		status, r, errs := p.reported(t, "canary", "--link", invoices, "--yes", "--accounts", "111111111111,333333333333", "--variant", "plain")
		want := map[bool]int{false: exitClean, true: exitFindings}[kept]
		if status != want || len(r.Measurements) != 1 || r.Measurements[0].Outcome != measure.Arrived || (len(r.Measurements[0].Leftovers) == 1) != kept {
			t.Errorf("kept %v: exit %d, %+v\n%s", kept, status, r.Measurements, errs)
		}
		if kept {
			p.box.ClearFaults()
			if status, out, errs := p.run(t.Context(), "canary", "sweep"); status != exitClean || !strings.Contains(out, "1 probes, 1 versions removed, 0 left") {
				t.Errorf("sweep: %d\n%s\n%s", status, out, errs)
			}
		}
		nothingLeft(t, p.box, []byte(world))
		p.noJournal(t)
	}
}

func TestCanaryReport(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	status, r, errs := p.reported(t, "canary", "--link", invoices, "--yes", "--accounts", "111111111111,333333333333", "--count", "4", "--interval", "10ms", "--slo", "10s", "--slo-percentile", "50")
	if status != exitClean || len(r.Measurements) != 12 {
		t.Errorf("%d, %d measurements\n%s", status, len(r.Measurements), errs)
	}
	for _, m := range r.Measurements {
		if m.Outcome != measure.Arrived || m.Predicted != "works" || !strings.HasPrefix(m.Key, "crosscheck-canary/"+r.Run.ID+"/") {
			t.Errorf("%+v", m)
		}
	}
	if own := r.own(); len(own) != 1 || own[0] != "XC903 pass "+invoices {
		t.Errorf("findings %v", own)
	}
	if !regexp.MustCompile(`latency of \S+: p50 \d+ms, p90 \d+ms, max \d+ms \(12 samples\)`).MatchString(errs) {
		t.Errorf("no percentiles in %s", errs)
	}
	if strings.Contains(errs, "p99") {
		t.Errorf("a p99 of 12 samples: %s", errs)
	}
	// One sample carries no p99, so the objective is undecided.
	status, r, _ = p.reported(t, "canary", "--link", invoices, "--yes", "--accounts", "111111111111,333333333333", "--variant", "plain", "--slo", "15m")
	if status != exitIncomplete || r.own()[0] != "XC903 unknown "+invoices {
		t.Errorf("%d, %v", status, r.own())
	}
	// And one that is missed fails.
	status, r, _ = p.reported(t, "canary", "--link", invoices, "--yes", "--accounts", "111111111111,333333333333", "--variant", "plain", "--count", "2", "--slo", "1ms", "--slo-percentile", "50")
	if status != exitFindings || r.own()[0] != "XC903 fail "+invoices {
		t.Errorf("%d, %v", status, r.own())
	}
	// Without the audit's findings in the report, what is proven is said here.
	const exports = "orders-exports/to-backup→backup-exports"
	status, r, _ = p.reported(t, "canary", "--link", exports, "--yes", "--accounts", "111111111111,333333333333", "--variant", "plain")
	if own := r.own(); status != exitFindings || len(own) != 1 || own[0] != "XC902 fail "+exports {
		t.Errorf("%d, %v", status, own)
	}
	nothingLeft(t, p.box, testdata.DemoWorld)
	p.noJournal(t)
}

// TestDrill holds what the audit predicts of the demo against what happens.
func TestDrill(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	status, r, errs := p.reported(t, "drill", "--yes", "--timeout", "20s", "--absence", "200ms")
	if status != exitFindings {
		t.Errorf("exit %d\n%s", status, errs)
	}
	proven := map[string]string{}
	for _, m := range r.Measurements {
		want := map[string]string{"works": "works", "broken": "broken", "unknown": "unknown"}[m.Predicted]
		if m.Proves() != want {
			t.Errorf("%s %s: predicted %s, proven %s: %s", m.Link, m.Variant, m.Predicted, m.Proves(), m.Message)
		}
		if m.Outcome == measure.Failed && len(m.FailureCodes) == 0 {
			t.Errorf("%s: no predicted codes", m.Link)
		}
		proven[m.Link] = m.Proves()
	}
	if len(proven) != 9 {
		t.Errorf("%d links were probed", len(proven))
	}
	if own := r.own(); len(own) != 1 || own[0] != "XC902 unknown media-partner/to-partner→partner-archive" {
		t.Errorf("findings %v", own)
	}
	nothingLeft(t, p.box, testdata.DemoWorld)
	p.noJournal(t)
}

// TestDisagreement: the audit says works, the probe says otherwise.
func TestDisagreement(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	if !p.box.SetLag("orders-invoices", "", time.Hour) {
		t.Fatal("no such bucket")
	}
	dir := t.TempDir()
	sarif, markdown := filepath.Join(dir, "drill.sarif"), filepath.Join(dir, "drill.md")
	status, out, errs := p.run(t.Context(), "drill", "--link", invoices, "--yes", "--timeout", "300ms", "--variant", "plain", "-o", "table", "-o", "sarif="+sarif, "-o", "markdown="+markdown)
	if status != exitFindings {
		t.Errorf("exit %d\n%s", status, errs)
	}
	for name, text := range map[string]string{"table": out, sarif: read(t, sarif), markdown: read(t, markdown)} {
		if !strings.Contains(text, "XC901") {
			t.Errorf("%s does not show the disagreement:\n%s", name, text)
		}
	}
	if !strings.Contains(errs, "may have left probes") {
		t.Errorf("a replica may still come, and nothing says so:\n%s", errs)
	}
	status, out, errs = p.run(t.Context(), "canary", "sweep")
	if status != exitClean || !strings.Contains(out, "1 probes, 0 versions removed, 0 left") {
		t.Errorf("sweep: %d\n%s\n%s", status, out, errs)
	}
	nothingLeft(t, p.box, testdata.DemoWorld)
	p.noJournal(t)
}

// TestDrillRefused: the destination refuses the canary's role, which proves nothing; the drill
// names the statement.
func TestDrillRefused(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	const end = "\"arn:aws:s3:::backup-invoices/*\"\n              }\n            ]\n          }\n"
	world := changed(t, end, strings.Replace(end, "              }\n", `              },
              {
                "Sid": "NoReaders", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObjectVersion",
                "Resource": "arn:aws:s3:::backup-invoices/*"
              }
`, 1))
	p := served(t, world)
	_, r, errs := p.reported(t, "drill", "--link", invoices, "--yes", "--timeout", "5s", "--variant", "plain,tagged,tag-change")
	if own := r.own(); len(own) != 1 || own[0] != "XC902 unknown "+invoices {
		t.Errorf("findings %v\n%s", own, errs)
	}
	for _, m := range r.Measurements {
		if m.Outcome != measure.Inconclusive || m.Proves() != "unknown" ||
			!strings.Contains(m.Message, "statement NoReaders of the bucket policy of backup-invoices denies s3:GetObjectVersion to the role arn:aws:iam::333333333333:role/crosscheck-canary") {
			t.Errorf("%s: %s: %s", m.Variant, m.Outcome, m.Message)
		}
	}
	nothingLeft(t, p.box, world)
	p.noJournal(t)
}

// changed is the demo world with all of old made new.
func changed(t *testing.T, pairs ...string) []byte {
	t.Helper()
	text := string(testdata.DemoWorld)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the demo world has no %q", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return []byte(text)
}

// TestExperiments runs every experiment on a link that is prepared for it. What
// it says is what the sandbox does; only AWS can answer.
func TestExperiments(t *testing.T) {
	t.Parallel()
	status, list, _ := inProcess(t.Context(), "canary", "experiment", "list")
	if status != exitClean {
		t.Fatal(status)
	}
	const ledger = "orders-ledger/to-backup→backup-ledger"
	tests := []struct {
		name, link string
		world      []string // changes to the demo world
		status     int
		want       string
	}{
		{"source-conditions", invoices, []string{
			"- name: replicate-invoices\n        path: /service-role/\n        trust: *s3-trust",
			"- name: replicate-invoices\n        path: /service-role/\n        trust: '" + `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}]}` + "'",
		}, exitClean, "answered: S3 sends the keys"},
		{"kms-bucket-key", ledger, []string{`:key/11111111-2222-3333-4444-555555555555"}`, `:key/11111111-2222-3333-4444-555555555555", bucket_key: true}`},
			exitClean, "answered: what the role has does not suffice with a bucket key"},
		{"multipart", invoices, nil, exitClean, "answered: multipart checksum: equal; multipart etag: equal; multipart parts: equal; multipart body: equal; composite checksum: equal"},
		{"request-context", invoices, []string{
			`"Resource": "arn:aws:s3:::backup-invoices/*"` + "\n              }\n            ]",
			`"Resource": "arn:aws:s3:::backup-invoices/*"` + "\n              }, " + `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111111111111:role/service-role/replicate-invoices"},"Action":"s3:*","Resource":"arn:aws:s3:::backup-invoices/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}` + "\n            ]",
		}, exitClean, "answered: the condition matches replication's requests"},
		{"sse-c-blocked", ledger, nil, exitClean, "answered: the source says FAILED; read failureReason"},
		{"wrong-account", invoices, []string{"Bucket: arn:aws:s3:::backup-invoices", "Bucket: arn:aws:s3:::backup-invoices\n                Account: \"999999999999\""},
			exitClean, "answered: a wrong Destination.Account breaks the link"},
		{"multipart", "media-thumbs/to-backup→backup-thumbs", nil, exitIncomplete, "not answered: not every object arrived"},
	}
	for _, test := range tests[:sandboxtest.Sample(len(tests), 3)] {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(list, test.name+"\n  question ") {
				t.Errorf("the list does not explain it:\n%s", list)
			}
			world := changed(t, test.world...)
			p := served(t, world)
			status, out, errs := p.run(t.Context(), "canary", "experiment", "run", test.name, "--link", test.link, "--yes")
			if status != test.status || !strings.Contains(out, test.want) {
				t.Errorf("%d\n%s%s", status, out, errs)
			}
			nothingLeft(t, p.box, world)
			p.noJournal(t)
		})
	}
	for _, x := range experiment.All() {
		if !strings.Contains(list, x.Name) {
			t.Errorf("%s is not listed", x.Name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestCanaryDirect probes one bucket without a scan.
func TestCanaryDirect(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	status, r, errs := p.reported(t, "canary", "--source", "orders-ledger", "--source-account", "111111111111", "--destination", "backup-ledger", "--destination-account", "333333333333",
		"--role-name", "crosscheck-canary", "--variant", "plain", "--yes")
	if status == exitUsage || len(r.Measurements) != 1 {
		t.Fatalf("%d\n%s", status, errs)
	}
	for c := range p.box.Calls() {
		if !strings.HasPrefix(c.Operation, "s3:") && c.Operation != "sts:AssumeRole" {
			t.Errorf("%s was called", c.Operation)
		}
	}
	nothingLeft(t, p.box, testdata.DemoWorld)
}

func TestCanaryInterrupted(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	p.box.SetLag("", "", time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for puts(p.box) < 3 {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	status, out, errs := p.run(ctx, "canary", "--yes", "--variant", "plain", "-o", "json")
	if status != exitInterrupted || !strings.Contains(errs, "crosscheck: interrupted") {
		t.Errorf("exit %d\n%s", status, errs)
	}
	var r canaryReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Measurements) < 3 {
		t.Errorf("%v: the report of an interrupted run says what it put: %s", err, out)
	}
	nothingLeft(t, p.box, testdata.DemoWorld)
	if status, out, errs := p.run(t.Context(), "canary", "sweep"); status != exitClean {
		t.Errorf("sweep: %d\n%s\n%s", status, out, errs)
	}
	if status, out, _ := p.run(t.Context(), "canary", "sweep"); status != exitClean || out != "nothing to sweep: no canary left a journal\n" {
		t.Errorf("second sweep: %d %s", status, out)
	}
	p.noJournal(t)
}

func TestSweepBucketCommand(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	creds := assumed(t, p.box, "111111111111")
	client := s3.New(s3.Options{Region: "us-east-1", UsePathStyle: true, HTTPClient: p.box.HTTPClient(), Credentials: creds})
	bucket, key := "orders-invoices", "crosscheck-canary/20261124T061200Z-abcdefgh/7"
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	args := []string{"canary", "sweep", "--bucket", bucket, "--account", "111111111111"}
	for _, test := range []struct {
		more []string
		want string
	}{
		{nil, "bucket orders-invoices: 0 probes, 0 versions removed, 0 left\n"}, // younger than a day
		{[]string{"--older-than", "0s", "--prefix", "logs/"}, "bucket orders-invoices: 0 probes, 0 versions removed, 0 left\n"},
		{[]string{"--older-than", "0s", "--dry-run"}, "would remove s3://orders-invoices/crosscheck-canary/20261124T061200Z-abcdefgh/7 "},
		{[]string{"--older-than", "0s"}, "bucket orders-invoices: 1 probes, 1 versions removed, 0 left\n"},
		{[]string{"--older-than", "0s"}, "bucket orders-invoices: 0 probes, 0 versions removed, 0 left\n"},
	} {
		status, out, errs := p.run(t.Context(), append(slices.Clone(args), test.more...)...)
		if status != exitClean || !strings.HasPrefix(out, test.want) {
			t.Errorf("%v: %d %q, want %q\n%s", test.more, status, out, test.want, errs)
		}
	}
}

// TestSweepStatus: a bad journal gives exit status 2, what could not be removed 1, and a
// replica that may still come 3, in this order; everything is said and swept in each case.
func TestSweepStatus(t *testing.T) {
	t.Parallel()
	const key = "crosscheck-canary/r1/1"
	for name, test := range map[string]struct {
		object, denied, pending, bad bool
		want                         int
	}{
		"gone":             {want: exitClean},
		"removed":          {object: true, want: exitClean},
		"pending":          {object: true, pending: true, want: exitIncomplete},
		"left":             {object: true, denied: true, want: exitFindings},
		"left and pending": {object: true, denied: true, pending: true, want: exitFindings},
		"bad":              {object: true, bad: true, want: exitUsage},
		"bad and pending":  {object: true, pending: true, bad: true, want: exitUsage},
		"bad and left":     {object: true, denied: true, bad: true, want: exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := served(t, testdata.DemoWorld)
			dir := filepath.Join(p.state, "crosscheck", "canary")
			bucket := "orders-invoices"
			if lag := map[bool]time.Duration{true: time.Hour}[test.pending]; !p.box.SetLag(bucket, "", lag) {
				t.Fatal("no such bucket")
			}
			j, err := journal.Open(dir, "r1", "crosscheck-canary")
			if err != nil {
				t.Fatal(err)
			}
			role := journal.Access{RoleName: "crosscheck-canary"}
			err = j.Put(journal.Entry{Run: "r1", Key: key,
				Source:      journal.Location{Bucket: bucket, AccountID: "111111111111", Region: "us-east-1", Access: role},
				Destination: journal.Location{Bucket: "backup-invoices", AccountID: "333333333333", Region: "eu-west-1", Access: role}})
			if err := errors.Join(err, j.Close()); err != nil {
				t.Fatal(err)
			}
			if test.object {
				client := s3.New(s3.Options{Region: "us-east-1", UsePathStyle: true, HTTPClient: p.box.HTTPClient(), Credentials: assumed(t, p.box, "111111111111")})
				key := key
				if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
					t.Fatal(err)
				}
				for start := time.Now(); !test.pending && time.Since(start) < 10*time.Second; time.Sleep(time.Millisecond) {
					if out, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err != nil || out.ReplicationStatus == "COMPLETED" {
						break
					}
				}
			}
			if test.denied {
				if err := p.box.AddFault(sandbox.Fault{Operation: "s3:DeleteObject", Kind: sandbox.AccessDenied}); err != nil {
					t.Fatal(err)
				}
			}
			if test.bad {
				if err := os.WriteFile(filepath.Join(dir, "a.jsonl"), []byte("no journal\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			status, out, errs := p.run(t.Context(), "canary", "sweep")
			if status != test.want || !strings.Contains(out, "run r1: 1 probes, ") || test.denied != strings.Contains(out, "left: s3://orders-invoices/"+key) ||
				test.bad != strings.Contains(errs, "line 1 is no journal entry") {
				t.Errorf("exit %d, want %d\n%s%s", status, test.want, out, errs)
			}
			left, err := journal.List(dir)
			if want := len(slices.DeleteFunc([]bool{test.bad, test.denied || test.pending}, func(b bool) bool { return !b })); err != nil || len(left) != want {
				t.Errorf("%d journals left, want %d: %v", len(left), want, err)
			}
		})
	}
}

// TestCanaryBadInput: each is one line with a hint, and nothing is put.
func TestCanaryBadInput(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := t.TempDir()
	if err := os.WriteFile(filepath.Join(bad, "r.jsonl"), []byte("no journal\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string]string{
		`there is no link "orders-invoices/nope→backup-invoices"; there are ` + invoices: "canary --yes --link orders-invoices/nope->backup-invoices",
		`there is no link "nope/a→b"; 'crosscheck scan' lists the links`:                 "canary --yes --link nope/a->b",
		`no link was found to probe`:                                                             "canary --yes --buckets media-scratch",
		`the canary's role and the audit role are both "crosscheck-audit"`:                       "canary --yes --role-name crosscheck-audit",
		`--timeout 10ms is shorter than the first check of the destination; give at least 100ms`: "canary --yes --timeout 10ms",
		`unknown variant "plan": use auto, all, or some of plain`:                                "canary --yes --variant plan",
		`--count: 0 is not a number of probes`:                                                   "canary --yes --count 0",
		`--parallel: 0 is not a number of probes`:                                                "canary --yes --parallel 0",
		`--slo-percentile: 0 is not a percentage`:                                                "canary --yes --slo-percentile 0",
		`--source and --link exclude each other`:                                                 "canary --yes --source a --link b",
		`--destination, --source-account and --destination-account belong to --source`:           "canary --yes --destination b",
		`"12" is not an account id`:                                                              "canary --yes --source a --source-account 12",
		`the prefix "a/b" is not a name`:                                                         "canary --yes --folder a/b",
		`there is no bucket no-such-bucket; check the name`:                                      "canary --yes --source no-such-bucket",
		`no link matches: orders-ledger replicates to backup-ledger, not to elsewhere`:           "canary --yes --source orders-ledger --source-account 111111111111 --role-name crosscheck-canary --destination elsewhere",
		`no link matches: the bucket media-scratch has no replication configuration`:             "canary --yes --source media-scratch --source-account 222222222222 --role-name crosscheck-canary",
		`the canary's journal cannot be written`:                                                 "canary --yes --variant plain --journal " + file,
		`unknown output format "txt"`:                                                            "canary --yes -o txt",
		`--prefix belongs to --bucket`:                                                           "canary sweep --prefix a/",
		`line 1 is no journal entry`:                                                             "canary sweep --journal " + bad,
		`--every 10ms is too short`:                                                              "canary watch --yes --every 10ms",
		`the metrics cannot be served at 256.0.0.1:80`:                                           "canary watch --yes --listen 256.0.0.1:80 --rounds 1",
		`there is no experiment "nope": there are source-conditions`:                             "canary experiment run nope",
		`one experiment is run at a time; 'crosscheck canary experiment list'`:                   "canary experiment run",
		`the experiment request-context needs a link whose destination policy`:                   "canary experiment run request-context --yes",
		`the source's default is not SSE-KMS with a bucket key`:                                  "canary experiment run kms-bucket-key --yes --link orders-ledger/to-backup->backup-ledger",
		`unexpected argument "x"`:                                                                "drill x",
		`--every 1ms`:                                                                            "canary watch --every 1ms",
	} {
		status, out, errs := p.run(t.Context(), strings.Fields(args)...)
		if status != exitUsage || !strings.Contains(errs, want) || out != "" {
			t.Errorf("%s: %d, want %q in\n%s%s", args, status, want, out, errs)
		}
	}
	if n := puts(p.box); n != 0 {
		t.Errorf("%d objects were put", n)
	}
}

// TestWatch serves metrics while it probes, and ends without a trace.
func TestWatch(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("", func(t *testing.T) {
		p := served(t, testdata.DemoWorld)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		read, write := io.Pipe()
		s, _, errs := p.streams("")
		s.Out = write
		cmd := newCanaryCommand(s, p.config)
		cmd.SetArgs([]string{"watch", "--yes", "--every", "1s", "--rediscover", "1s", "--listen", "127.0.0.1:0", "--timeout", "5s"})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		ended := make(chan error, 1)
		go func() {
			ended <- cmd.ExecuteContext(ctx)
			write.Close()
		}()
		var url string
		if _, err := fmt.Fscanf(read, "metrics at %s\n", &url); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, read) }()
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		get := func() string {
			res, err := client.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, _ := io.ReadAll(res.Body)
			if ct := res.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/plain; version=0.0.4; charset=utf-8") {
				t.Errorf("content type %q", ct)
			}
			return string(text)
		}
		text := ""
		for range 600 {
			if text = get(); strings.Contains(text, "crosscheck_rounds_total 2\n") {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("a watch that is interrupted ends well, not with %v\n%s", err, errs.String())
		}
		const (
			proven = `destination_bucket="backup-invoices",link="` + invoices + `",source_bucket="orders-invoices"`
			thumbs = `link="media-thumbs/to-backup→backup-thumbs"`
		)
		for _, want := range []string{
			"# TYPE crosscheck_replication_latency_seconds histogram",
			`crosscheck_replication_latency_seconds_bucket{` + proven + `,le="0.05"} 0`,
			`crosscheck_replication_latency_seconds_count{` + proven + `} 2`,
			`crosscheck_probes_total{destination_bucket="backup-thumbs",` + thumbs + `,outcome="failed",source_bucket="media-thumbs"} 2`,
			`crosscheck_replication_failures_total{code="AssumeRoleNotPermitted",destination_bucket="backup-thumbs",` + thumbs + `,source_bucket="media-thumbs"} 2`,
			`crosscheck_replication_last_success_timestamp_seconds{destination_bucket="backup-thumbs",` + thumbs + `,source_bucket="media-thumbs"} 0`,
			"crosscheck_left_behind_total 0",
		} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		for _, phase := range []string{"preflight", "put", "wait", "clean-up"} {
			if !strings.Contains(errs.String(), "crosscheck: "+phase+": ") {
				t.Errorf("nothing says that the phase %s began:\n%s", phase, errs.String())
			}
		}
		nothingLeft(t, p.box, testdata.DemoWorld)
	})
}

// TestCanaryPhases: the canary says when the first probe enters each phase, unless quiet.
func TestCanaryPhases(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} {
		p := served(t, testdata.DemoWorld)
		args := []string{"canary", "--link", "orders-invoices/to-backup→backup-invoices", "--yes", "--variant", "plain,tagged"}
		if quiet {
			args = append(args, "--quiet")
		}
		status, out, errs := p.run(t.Context(), args...)
		if status != exitIncomplete { // one account of the demo cannot be read
			t.Errorf("exit %d\n%s%s", status, out, errs)
		}
		at := 0
		for _, line := range []string{
			"crosscheck: preflight: checking that probes can be watched and removed, at most 30s each\n",
			"crosscheck: put: putting probes, at most 1m0s each\n",
			"crosscheck: wait: waiting for replicas, at most 15m0s each\n",
			"crosscheck: clean-up: removing probes on both sides, at most 1m0s each\n",
		} {
			next := strings.Index(errs, line)
			if quiet != (next < 0) || !quiet && next < at || strings.Count(errs, line) > 1 {
				t.Errorf("quiet %v: %q is at %d in\n%s", quiet, line, next, errs)
			}
			at = next
		}
	}
}

// TestDemoDrill: the demo's canary proves every prediction, and keeps no journal.
func TestDemoDrill(t *testing.T) {
	t.Parallel()
	p := program{state: t.TempDir()}
	cfg, c, err := demoAWS()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := c.Engine()
	if err != nil {
		t.Fatal(err)
	}
	p.environ = []string{"XDG_STATE_HOME=" + p.state}
	s, out, errs := p.streams("")
	set := &output.Set{Outputs: []output.Output{{Format: "json"}}, Stdout: out}
	if _, err := set.Run(func(w report.Writer) error { return demoDrill(t.Context(), s, cfg, c, engine, w) }); err != nil {
		t.Fatal(err)
	}
	var r canaryReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Measurements) != 9 {
		t.Errorf("%d links were probed", len(r.Measurements))
	}
	for _, m := range r.Measurements {
		if m.Proves() != m.Predicted {
			t.Errorf("%s: predicted %s, proven %s: %s", m.Link, m.Predicted, m.Proves(), m.Message)
		}
	}
	if errs.Len() > 0 {
		t.Errorf("said %s", errs.String())
	}
	p.noJournal(t)
}

// TestCanaryRole prints what the canary needs, by side and in every format.
func TestCanaryRole(t *testing.T) {
	t.Parallel()
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		s := &terminal.Streams{Out: &out, Err: io.Discard}
		cmd := newCanaryRoleCommand(s)
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	for side, want := range map[string]map[string]bool{
		"source":      {"s3:PutObject": true, "s3:GetObjectVersionTagging": false, "kms:GenerateDataKey": true},
		"destination": {"s3:PutObject": false, "s3:GetObjectVersionTagging": true, "kms:GenerateDataKey": false},
		"both":        {"s3:PutObject": true, "s3:GetObjectVersionTagging": true, "kms:GenerateDataKey": true},
	} {
		text, err := run("--side", side)
		var p struct{ Statement []struct{ Resource any } }
		if err := errors.Join(err, json.Unmarshal([]byte(text), &p)); err != nil {
			t.Fatal(err)
		}
		for action, there := range want {
			if strings.Contains(text, `"`+action+`"`) != there {
				t.Errorf("%s: %s is there: %v\n%s", side, action, !there, text)
			}
		}
		if r := p.Statement[1].Resource; r != "arn:aws:s3:::*/*crosscheck-canary/*" {
			t.Errorf("objects: %v", r)
		}
	}
	for _, format := range []string{"cloudformation", "terraform"} {
		if text, err := run("--format", format, "--trust", "100000000001"); err != nil || !strings.Contains(text, "crosscheck-canary") || !strings.Contains(text, "100000000001") {
			t.Errorf("%s: %v\n%s", format, err, text)
		}
	}
	for want, args := range map[string][]string{
		`unknown side "left"`:             {"--side", "left"},
		`unknown partition "aws-xy"`:      {"--partition", "aws-xy"},
		`unknown format "yaml"`:           {"--format", "yaml"},
		`--trust "" is not an account id`: {"--format", "terraform"},
		`the prefix "a/b" is not a name`:  {"--folder", "a/b"},
	} {
		if _, err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if text, err := run("--partition", "aws-cn"); err != nil || !strings.Contains(text, "arn:aws-cn:s3:::*") || !strings.Contains(text, "s3.*.amazonaws.com.cn") {
		t.Errorf("aws-cn: %v\n%s", err, text)
	}
}

// TestDryRunCountsWhatIsPut: a link that nothing is put into is not counted.
func TestDryRunCountsWhatIsPut(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	status, stdout, stderr := p.run(t.Context(), "canary", "--dry-run", "-q")
	if want := "The canary puts 23 probe objects into 8 source buckets"; status != exitClean || !strings.Contains(stdout+stderr, want) {
		t.Errorf("status %d, want %q in\n%s%s", status, want, stdout, stderr)
	}
}
