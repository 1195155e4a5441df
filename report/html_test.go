package report

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

	"crosscheck/canary"
	"crosscheck/rules"
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
	checkHTML(t, render(t, "html", Options{}, sample(t)))
}

func TestHTMLShowsWhatPassed(t *testing.T) {
	page := string(render(t, "html", Options{}, sample(t)))
	if !strings.Contains(page, `<td class="k">XC001</td><td>Source keeps versions</td><td class="n">0</td><td class="n">0</td><td class="n">0</td><td class="n">1</td>`) {
		t.Error("the rule that passed is not counted")
	}
}

var leftOutLinks = regexp.MustCompile(`(\d+) more links`)

// organization is a run with n links over 40 accounts: of ten, three are broken,
// one is unknown.
func organization(t testing.TB, n int) []Message {
	ms := []Message{sample(t)[0]}
	for i := range n {
		account := fmt.Sprintf("%012d", 100000000000+i%39)
		l := link(fmt.Sprintf("team-%02d-service-data-%04d", i%39, i), account, "replicate-everything", fmt.Sprintf("backup-team-%02d-service-data-%04d", i%39, i), rules.Works, "")
		for _, c := range []struct{ layer, action, resource string }{
			{"trust", "sts:AssumeRole", l.RoleARN}, {"source", "s3:GetReplicationConfiguration", arn(l.Source.Bucket)}, {"source", "s3:ListBucket", arn(l.Source.Bucket)},
			{"source", "s3:GetObjectVersionForReplication", arn(l.Source.Bucket) + "/*"}, {"source", "s3:GetObjectVersionAcl", arn(l.Source.Bucket) + "/*"},
			{"source", "s3:GetObjectVersionTagging", arn(l.Source.Bucket) + "/*"}, {"source", "s3:GetObjectVersionAnnotationForReplication", arn(l.Source.Bucket) + "/*"},
			{"destination", "s3:ReplicateObject", arn(l.Destination.Bucket) + "/*"}, {"destination", "s3:ReplicateTags", arn(l.Destination.Bucket) + "/*"},
			{"destination", "s3:ReplicateDelete", arn(l.Destination.Bucket) + "/*"}, {"destination", "s3:ReplicateObjectAnnotation", arn(l.Destination.Bucket) + "/*"},
		} {
			l.Checks = append(l.Checks, rules.Check{Layer: c.layer, Action: c.action, Resource: c.resource, Result: "allowed"})
		}
		f := &rules.Finding{RuleID: "XC012", Title: "The role may write to the destination", Status: rules.Pass, Severity: rules.Critical, AccountID: account,
			Region: l.Source.Region, Resource: arn(l.Source.Bucket), Link: l.ID, Message: "allowed for every object of the rule", Fingerprint: fmt.Sprintf("%032x", i)}
		switch i % 10 {
		case 1, 4, 7:
			l.Verdict, l.FailureCodes = rules.Broken, []string{"DstPutObjectNotPermitted"}
			l.Why = "implicitly denied at resource: no statement allows s3:ReplicateObject; nearest is statement Replica of bucket-policy (resource, line 4): Action matches, Principal `" + l.RoleARN + "` has another path than the caller"
			l.Checks[7].Result, l.Checks[7].FailureCode = "denied", "DstPutObjectNotPermitted"
			l.Checks[7].Deciding = []rules.Statement{{Layer: "resource", Policy: "bucket-policy", Sid: "Replica"}}
			f.Status, f.Message, f.FailureCodes = rules.Fail, l.Why, l.FailureCodes
			f.Remediation = "allow " + l.RoleARN + " `s3:ReplicateObject` on `" + l.Checks[7].Resource + "` in the bucket policy of " + l.Destination.Bucket
		case 5:
			l.Verdict, l.Why = rules.UnknownVerdict, "bucket.policy was not read: s3:GetBucketPolicy answered AccessDenied"
			f.Status, f.Message = rules.Unknown, l.Why
		}
		if i == n-1 {
			ms = append(ms, Message{Measurement: &canary.Measurement{Link: l.ID, Variant: "plain", Outcome: canary.Arrived, LatencyMS: 70,
				Left: []canary.Left{{Bucket: l.Source.Bucket, Key: "crosscheck-canary/1", VersionID: "v1"}}}})
		}
		ms = append(ms, Message{Link: l}, Message{Finding: f}, Message{Finding: &rules.Finding{RuleID: "XC020", Title: "Annotations of objects replicate", Status: rules.Fail,
			Severity: rules.Info, AccountID: account, Region: l.Source.Region, Resource: arn(l.Source.Bucket), Link: l.ID, Fingerprint: fmt.Sprintf("%031xa", i),
			Message:     "no statement allows s3:GetObjectVersionAnnotationForReplication",
			Remediation: "add `s3:GetObjectVersionAnnotationForReplication` on `" + l.Checks[3].Resource + "` to Sid SourceObjects of Replication"}})
	}
	return summarized(t, Policy{}, ms)
}

// A page stays small enough to open, and says what it leaves out.
func TestHTMLSize(t *testing.T) {
	for _, n := range []int{5, 500, 2_000, 10_000} {
		page := render(t, "html", Options{}, organization(t, n))
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
