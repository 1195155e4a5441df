package html

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// tags gives every start tag of a page, and the text that follows it.
func tags(t *testing.T, page []byte, f func(tag html.Token, text string)) {
	t.Helper()
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(1 << 24)
	var open *html.Token
	for {
		kind := z.Next()
		tok := z.Token()
		if open != nil {
			text := ""
			if kind == html.TextToken {
				text = tok.Data
			}
			f(*open, text)
			open = nil
		}
		switch kind {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			return
		case html.CommentToken:
			t.Errorf("a comment: %.80s", tok.Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			open = &tok
		}
	}
}

// checkHTML holds a page against its template: text of a run makes no element, no
// attribute, and no address.
func checkHTML(t *testing.T, page []byte) {
	t.Helper()
	known := map[string]bool{"style": true, "script": true}
	tags(t, asset("page.html"), func(tag html.Token, _ string) {
		known[tag.Data] = true
		for _, a := range tag.Attr {
			known[tag.Data+" "+a.Key] = true
		}
	})
	policy, ids, targets := "", map[string]bool{}, map[string]bool{}
	tags(t, page, func(tag html.Token, text string) {
		if !known[tag.Data] {
			t.Errorf("element %.80s is not in the template", tag.Data)
		}
		if tag.Data == "style" || tag.Data == "script" {
			sum := sha256.Sum256([]byte(text))
			if want := tag.Data + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
				t.Errorf("%s is not what the policy of the page lets run: %s", want, policy)
			}
		}
		for _, a := range tag.Attr {
			switch key := strings.ToLower(a.Key); {
			case !known[tag.Data+" "+a.Key]:
				t.Errorf("attribute %.80s of %s is not in the template", a.Key, tag.Data)
			case key == "style", strings.HasPrefix(key, "on"), key == "src", key == "srcset", key == "action":
				t.Errorf("attribute %s, which the policy forbids", key)
			case key == "content" && strings.HasPrefix(a.Val, "default-src 'none';"):
				policy = a.Val
			case key == "id":
				if ids[a.Val] {
					t.Errorf("id %s twice", a.Val)
				}
				ids[a.Val] = true
			case key == "href" && strings.HasPrefix(a.Val, "#"):
				targets[a.Val[1:]] = true
			case key == "href" && !strings.HasPrefix(a.Val, "https://") && a.Val != "data:,":
				t.Errorf("address %.80s", a.Val)
			}
		}
	})
	for target := range targets {
		if !ids[target] {
			t.Errorf("nothing is at #%s", target)
		}
	}
	if policy == "" {
		t.Error("the page has no policy")
	}
}

func TestHTMLSample(t *testing.T) {
	t.Parallel()
	checkHTML(t, render(t, Options{}, reporttest.Sample(t)))
}

// Changes are shown as a diff with the whole document, that can be read without the script.
func TestHTMLChanges(t *testing.T) {
	t.Parallel()
	page := string(render(t, Options{}, reporttest.Sample(t)))
	_, changes, _ := strings.Cut(page, `<section id="changes"`)
	changes, _, _ = strings.Cut(changes, "</section>")
	for _, want := range []string{
		`<span class="v works">proven</span> Policy of bucket backup-billing-exports in eu-west-1`,
		`<span class="del">-      &#34;Principal&#34;: {&#34;AWS&#34;: &#34;arn:aws:iam::222222222222:role/s3-replication&#34;},`,
		`<span class="add">&#43;      &#34;Principal&#34;: {&#34;AWS&#34;: &#34;arn:aws:iam::222222222222:role/service-role/s3-replication&#34;},`,
		`<details><summary>The whole new document</summary>`, `data-copy="d1" hidden>Copy</button>`, `<pre id="d1" tabindex="0">{`,
		`<span class="v unknown">not proven</span> Versioning of bucket backup-customer-documents`, `the lifecycle of backup-customer-documents was not read`,
		`<h3>To decide</h3>`, `the key is disabled; ask who manages it`,
	} {
		if !strings.Contains(changes, want) {
			t.Errorf("the changes lack %s", want)
		}
	}
	for _, want := range []string{`<b>Proven fix:</b> write arn:aws:iam`, `<b>Fix, not proven:</b> enable versioning`, `<li><a href="#changes">Changes</a></li>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestHTMLShowsWhatPassed(t *testing.T) {
	t.Parallel()
	page := string(render(t, Options{}, reporttest.Sample(t)))
	if !strings.Contains(page, `<td class="k">XC001</td><td>Source keeps versions</td><td class="n">0</td><td class="n">0</td><td class="n">0</td><td class="n">1</td>`) {
		t.Error("the rule that passed is not counted")
	}
}

var leftOutLinks = regexp.MustCompile(`(\d+) more links`)

// organization is a run with n links over 40 accounts: of ten, three are broken,
// one is unknown.
func organization(t testing.TB, n int) []report.Message {
	ms := []report.Message{reporttest.Sample(t)[0]}
	for i := range n {
		account := fmt.Sprintf("%012d", 100000000000+i%39)
		l := reporttest.Link(fmt.Sprintf("team-%02d-service-data-%04d", i%39, i), account, "replicate-everything", fmt.Sprintf("backup-team-%02d-service-data-%04d", i%39, i), finding.Works, "")
		for _, c := range []struct{ layer, action, resource string }{
			{"trust", "sts:AssumeRole", l.RoleARN}, {"source", "s3:GetReplicationConfiguration", reporttest.ARN(l.Source.Bucket)}, {"source", "s3:ListBucket", reporttest.ARN(l.Source.Bucket)},
			{"source", "s3:GetObjectVersionForReplication", reporttest.ARN(l.Source.Bucket) + "/*"}, {"source", "s3:GetObjectVersionAcl", reporttest.ARN(l.Source.Bucket) + "/*"},
			{"source", "s3:GetObjectVersionTagging", reporttest.ARN(l.Source.Bucket) + "/*"}, {"source", "s3:GetObjectVersionAnnotationForReplication", reporttest.ARN(l.Source.Bucket) + "/*"},
			{"destination", "s3:ReplicateObject", reporttest.ARN(l.Destination.Bucket) + "/*"}, {"destination", "s3:ReplicateTags", reporttest.ARN(l.Destination.Bucket) + "/*"},
			{"destination", "s3:ReplicateDelete", reporttest.ARN(l.Destination.Bucket) + "/*"}, {"destination", "s3:ReplicateObjectAnnotation", reporttest.ARN(l.Destination.Bucket) + "/*"},
		} {
			l.Checks = append(l.Checks, finding.Check{Layer: c.layer, Action: c.action, Resource: c.resource, Result: "allowed"})
		}
		f := &finding.Finding{RuleID: "XC012", Title: "The role may write to the destination", Status: finding.Pass, Severity: finding.Critical, AccountID: account,
			Region: l.Source.Region, Resource: reporttest.ARN(l.Source.Bucket), Link: l.ID, Message: "allowed for every object of the rule", Fingerprint: fmt.Sprintf("%032x", i)}
		switch i % 10 {
		case 1, 4, 7:
			l.Verdict, l.FailureCodes = finding.Broken, []string{"DstPutObjectNotPermitted"}
			l.Why = "implicitly denied at resource: no statement allows s3:ReplicateObject; nearest is statement Replica of bucket-policy (resource, line 4): Action matches, Principal `" + l.RoleARN + "` has another path than the caller"
			l.Checks[7].Result, l.Checks[7].FailureCode = "denied", "DstPutObjectNotPermitted"
			l.Checks[7].Deciding = []finding.Statement{{Layer: "resource", Policy: "bucket-policy", Sid: "Replica"}}
			f.Status, f.Message, f.FailureCodes = finding.Fail, l.Why, l.FailureCodes
			f.Remediation = "allow " + l.RoleARN + " `s3:ReplicateObject` on `" + l.Checks[7].Resource + "` in the bucket policy of " + l.Destination.Bucket
		case 5:
			l.Verdict, l.Why = finding.UnknownVerdict, "bucket.policy was not read: s3:GetBucketPolicy answered AccessDenied"
			f.Status, f.Message = finding.Unknown, l.Why
		}
		if i == n-1 {
			ms = append(ms, report.Message{Measurement: &measure.Measurement{Link: l.ID, Variant: "plain", Outcome: measure.Arrived, LatencyMS: 70,
				Leftovers: []measure.Leftover{{Bucket: l.Source.Bucket, Key: "crosscheck-canary/1", VersionID: "v1"}}}})
		}
		ms = append(ms, report.Message{Link: l}, report.Message{Finding: f}, report.Message{Finding: &finding.Finding{RuleID: "XC020", Title: "Annotations of objects replicate", Status: finding.Fail,
			Severity: finding.Info, AccountID: account, Region: l.Source.Region, Resource: reporttest.ARN(l.Source.Bucket), Link: l.ID, Fingerprint: fmt.Sprintf("%031xa", i),
			Message:     "no statement allows s3:GetObjectVersionAnnotationForReplication",
			Remediation: "add `s3:GetObjectVersionAnnotationForReplication` on `" + l.Checks[3].Resource + "` to Sid SourceObjects of Replication"}})
	}
	return reporttest.Summarized(t, report.Gate{}, ms)
}

// A page stays small enough to open, and says what it leaves out.
func TestHTMLSize(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	for _, n := range []int{5, 500, 2_000, 10_000} {
		page := render(t, Options{}, organization(t, n))
		t.Logf("%d links: %d bytes", n, len(page))
		if len(page) > 5_000_000 {
			t.Errorf("%d links: %d bytes", n, len(page))
		}
		checkHTML(t, page)
		if !bytes.Contains(page, []byte("crosscheck-canary/1 v1")) {
			t.Error("what a probe left behind is not shown")
		}
		sections := bytes.Count(page, []byte(`<details class="link"`))
		more := 0
		if m := leftOutLinks.FindSubmatch(page); m != nil {
			_, _ = fmt.Sscan(string(m[1]), &more)
		}
		if sections+more != n || n <= 2_000 && more > 0 {
			t.Errorf("%d links: %d sections and %d more", n, sections, more)
		}
	}
}

// sectionOf is the part of a page from an id to the end of that element's section.
func sectionOf(t *testing.T, page, id, end string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `id="`+id+`"`)
	if !ok {
		t.Fatalf("nothing has the id %s", id)
	}
	part, _, _ := strings.Cut(rest, end)
	return part
}

func TestHTMLContent(t *testing.T) {
	t.Parallel()
	l := reporttest.Link("a", reporttest.Prod, "r", "b", finding.Broken, "no statement allows it", "DstPutObjectNotPermitted")
	l.Baseline = report.MarkNew
	l.Checks = []finding.Check{
		{Layer: "source", Action: "s3:GetObjectVersionForReplication", Resource: reporttest.ARN("a") + "/*", Result: "allowed"},
		{Layer: "source", Action: "s3:GetObjectVersionAcl", Resource: reporttest.ARN("a") + "/*", Result: "allowed"},
		{Layer: "source", Action: "s3:GetObjectVersionAnnotationForReplication", Resource: reporttest.ARN("a") + "/*", Result: "denied", FailureCode: "SrcGetObjectAnnotationNotPermitted",
			Deciding: []finding.Statement{{Layer: "identity", Policy: "p", Text: `{"Sid": "Later"}`}}},
		{Layer: "destination", Action: "s3:ReplicateObject", Resource: reporttest.ARN("b") + "/*", Result: "denied", FailureCode: "DstPutObjectNotPermitted", UnknownKeys: []string{"aws:SourceIp"}, Witness: "a<b",
			Deciding: []finding.Statement{{Layer: "resource", Policy: "bucket-policy", Sid: "Replica", Text: `{"Sid":"Replica","Effect":"Allow","Condition":{"StringLike":{"x":["</pre><script>"]}}}`}}},
	}
	excused := reporttest.Link("c", reporttest.Prod, "r", "d", finding.Broken, "suspended", "DstBucketUnversioned")
	waiver := &finding.Waiver{Reason: "being retired", Owner: "o", Ticket: "T-1", Expires: "2027-01-31"}
	works := reporttest.Link("e", reporttest.Prod, "r", "f", finding.Works, "")
	fix := func(l *finding.Link, st finding.Status, w *finding.Waiver) *finding.Finding {
		return &finding.Finding{RuleID: "XC012", Title: "t", Status: st, Severity: finding.Critical, AccountID: reporttest.Prod, Resource: reporttest.ARN(l.Source.Bucket), Link: l.ID, Message: "m", Remediation: "do `this` to " + l.Source.Bucket,
			FailureCodes: l.FailureCodes, Waiver: w, Baseline: l.Baseline}
	}
	page := string(render(t, Options{Codes: map[string]string{"DstPutObjectNotPermitted": "What decides it."},
		History: []compare.TrendPoint{{ID: "before", StartedAt: "2026-11-20T06:00:00Z", Links: report.LinkCounts{Works: 3}, P99MS: 1500, HasP99: true}}}, reporttest.Summarized(t, report.Gate{}, []report.Message{
		{Run: &report.Run{ID: "now", StartedAt: "2026-11-24T06:00:00Z", Baseline: &report.BaselineRun{ID: "base"}, Calls: []report.Calls{{API: "s3:GetBucketPolicy", Calls: 7, DurationMS: 1500}}}}, {Link: l}, {Link: excused}, {Link: works},
		{Finding: fix(l, finding.Fail, nil)}, {Finding: fix(excused, finding.Fail, waiver)},
		{Finding: &finding.Finding{RuleID: finding.Objective, Title: "Objective", Status: finding.Pass, Severity: finding.Medium, Link: works.ID, Evidence: map[string]any{"slo_ms": int64(900_000), "slo_percentile": 99.5}}},
		{Measurement: &measure.Measurement{Link: works.ID, Variant: "plain", Outcome: measure.Arrived, LatencyMS: 1200, SlackMS: 200}},
		{Measurement: &measure.Measurement{Link: works.ID, Variant: "plain", Outcome: measure.Timeout}},
		{Past: &report.Past{Change: report.Fixed, RuleID: "XC001", Title: "Old", Severity: finding.High, Link: "gone/r→b"}},
	})))
	checkHTML(t, []byte(page))
	for _, c := range []struct{ id, end, want string }{
		{"summary", "</section>", "<h2>What to fix first</h2>"},
		{"summary", "</section>", `<a href="#l1">a → b</a>`},
		{"summary", "</section>", `do <code>this</code> to a`},
		{"l1", "</details>", `<span class="v new">new</span>`},
		{"l1", "</details>", "<code>DstPutObjectNotPermitted</code> What decides it."},
		{"l1", "</details>", "Sid Replica of bucket-policy (resource), for <code>s3:ReplicateObject</code>"},
		{"l1", "</details>", "  &#34;Effect&#34;: &#34;Allow&#34;,\n"},
		{"l1", "</details>", "&lt;/pre&gt;&lt;script&gt;"},
		{"l1", "</details>", "<code>s3:GetObjectVersionForReplication</code> <code>s3:GetObjectVersionAcl</code> <br><span class=\"muted\">on arn:aws:s3:::a/*</span>"},
		{"l1", "</details>", "not known: <code>aws:SourceIp</code>"},
		{"l1", "</details>", "for example <code>a&lt;b</code>"},
		{"l2", "</details>", `<span class="v waived">waived</span>`},
		{"waivers", "</section>", "<td class=\"nowrap\">2027-01-31</td><td>o</td><td>T-1</td><td>being retired</td><td>XC012 </td><td class=\"n\">1</td>"},
		{"past", "</section>", "gone/r→b"},
		{"canary", "</section>", "p99.5 within 15 min 0 s"},
		{"canary", "</section>", `<path class="objective"`},
		{"canary", "</section>", "1 never arrived"},
		{"trend", "</section>", "<td>2026-11-20T06:00:00Z</td><td class=\"n\">0</td><td class=\"n\">0</td><td class=\"n\">0</td><td class=\"n\">3</td><td class=\"n\">1.5 s</td>"},
		{"trend", "</section>", "<td>2026-11-24T06:00:00Z</td><td class=\"n\">2</td>"},
		{"run", "</section>", "<td>s3:GetBucketPolicy</td><td class=\"n\">7</td>"},
		{"coverage", "</section>", "The run does not say what it covered."},
	} {
		if part := sectionOf(t, page, c.id, c.end); !strings.Contains(part, c.want) {
			t.Errorf("#%s has no %q:\n%s", c.id, c.want, part)
		}
	}
	if part := sectionOf(t, page, "l1", "</details>"); strings.Index(part, "Sid Replica of") > strings.Index(part, "statement 0 of p") {
		t.Error("what breaks the link does not come first")
	}
	if part := sectionOf(t, page, "summary", "</section>"); strings.Contains(part, "c → d") {
		t.Error("what is waived stands among what to fix first")
	}
}

// A link is not called waived by a waiver of something else.
func TestHTMLWaivedLink(t *testing.T) {
	t.Parallel()
	l := reporttest.Link("a", reporttest.Prod, "r", "b", finding.Broken, "x", "DstBucketUnversioned", "DstPutObjectNotPermitted")
	waived := &finding.Finding{RuleID: "XC004", Status: finding.Fail, Severity: finding.Critical, Link: l.ID, FailureCodes: []string{"DstBucketUnversioned"}, Waiver: &finding.Waiver{Reason: "r"}}
	page := string(render(t, Options{}, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Link: l}, {Finding: waived}})))
	if !strings.Contains(sectionOf(t, page, "summary", "</section>"), "a → b") || strings.Contains(sectionOf(t, page, "l1", "</summary>"), "waived") {
		t.Error("the link is hidden by a waiver of one of its two faults")
	}
}

// The page says what the exit status says, also where a waiver is about a bucket of
// the link, and where a link has more findings than its section shows.
func TestHTMLWaivedAsTheExitStatus(t *testing.T) {
	t.Parallel()
	l := reporttest.Link("a", reporttest.Prod, "r", "b", finding.Broken, "x", "DstBucketUnversioned")
	onBucket := &finding.Finding{RuleID: "XC004", Status: finding.Fail, Severity: finding.Critical, Resource: reporttest.ARN("b"),
		FailureCodes: []string{"DstBucketUnversioned"}, Waiver: &finding.Waiver{Reason: "r"}}
	onLink := *onBucket
	onLink.Resource, onLink.Link = reporttest.ARN("a"), l.ID
	var unknown []report.Message
	for i := range htmlOnLink + 1 {
		unknown = append(unknown, report.Message{Finding: &finding.Finding{RuleID: fmt.Sprintf("XC1%02d", i), Status: finding.Unknown,
			Severity: finding.High, Resource: reporttest.ARN("a"), Link: l.ID}})
	}
	for name, c := range map[string]struct {
		also   []report.Message
		waiver *finding.Finding
		status int
	}{
		"about a bucket":              {nil, onBucket, report.ExitIncomplete},
		"behind nine unknown answers": {unknown, &onLink, report.ExitIncomplete},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ms := append([]report.Message{{Run: &report.Run{}}, {Link: l}, {Finding: c.waiver}}, c.also...)
			ms = reporttest.Summarized(t, report.Gate{}, ms)
			if got := ms[len(ms)-1].Summary.ExitStatus; got != c.status {
				t.Fatalf("exit status %d", got)
			}
			page := string(render(t, Options{}, ms))
			if strings.Contains(sectionOf(t, page, "summary", "</section>"), "a → b") || !strings.Contains(sectionOf(t, page, "l1", "</summary>"), "waived") {
				t.Error("the page asks to fix a link that is waived")
			}
		})
	}
}

// The page says "clean" of nothing but a run that read all it listed.
func TestHTMLCleanIsNarrow(t *testing.T) {
	t.Parallel()
	const clean = "all that was asked for was read"
	all := fact.Coverage{Accounts: fact.AccountCoverage{Listed: 2, Scanned: 2}, Buckets: fact.BucketCoverage{Listed: 1, Scanned: 1}}
	less := all
	less.Accounts.Scanned, less.Accounts.Unreadable = 1, 1
	works := reporttest.Link("a", reporttest.Prod, "r", "b", finding.Works, "")
	for name, c := range map[string]struct {
		ms   []report.Message
		want bool
	}{
		"all":              {[]report.Message{{Link: works}, {Coverage: &all}}, true},
		"no coverage":      {[]report.Message{{Link: works}}, false},
		"account not read": {[]report.Message{{Link: works}, {Coverage: &less}}, false},
		"gap":              {[]report.Message{{Link: works}, {Coverage: &all}, {Gap: &fact.Gap{}}}, false},
		"undecided probe":  {[]report.Message{{Link: works}, {Coverage: &all}, {Measurement: &measure.Measurement{Outcome: measure.Inconclusive}}}, false},
		"unknown link":     {[]report.Message{{Link: reporttest.Link("a", reporttest.Prod, "r", "b", finding.UnknownVerdict, "")}, {Coverage: &all}}, false},
		"low finding":      {[]report.Message{{Link: works}, {Coverage: &all}, {Finding: &finding.Finding{Status: finding.Fail, Severity: finding.Info}}}, false},
	} {
		page := render(t, Options{}, reporttest.Summarized(t, report.Gate{AllowIncomplete: true}, append([]report.Message{{Run: &report.Run{}}}, c.ms...)))
		if got := bytes.Contains(page, []byte(clean)); got != c.want {
			t.Errorf("%s: clean is %v", name, got)
		}
	}
}

// render writes the messages as a page.
func render(t testing.TB, o Options, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{Checks: true}, func(w io.Writer, r *records.Run) error { return Render(w, r, o) }, ms)
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, s := range reporttest.Hostile {
		t.Run(name, func(t *testing.T) {
			about := map[string]finding.About{s: {ID: s, Title: s, Description: s, Remediation: s, Sources: []string{s}}}
			checkHTML(t, render(t, Options{Rules: about}, reporttest.HostileRun(t, s)))
		})
	}
}
