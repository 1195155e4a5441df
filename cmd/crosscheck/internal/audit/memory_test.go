//go:build linux

package audit

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crosscheck/scanner"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

const (
	largeAnswer = 60 << 20
	mostMemory  = 300 << 20
)

// repeated is a text, many times.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n, r.at = n+c, (r.at+c)%len(r.text)
	}
	return n, nil
}

// large is a document with much of the same after its beginning.
func large(begin, more string) io.Reader {
	return io.MultiReader(strings.NewReader(begin), io.LimitReader(&repeated{text: more}, largeAnswer))
}

// TestLargeAnswers: the program takes no more than 300 MB, however much AWS answers to all
// questions of one kind at once. It measures a process of its own, which tries a few kinds
// of answers; TestIntegrationLargeAnswers has all.
func TestLargeAnswers(t *testing.T) {
	t.Parallel()
	if which := os.Getenv("XCTEST_LARGE"); which != "" {
		scanLargeAnswers(t, which == "all")
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%s\n", status)
		return
	}
	largeAnswers(t, "few")
}

func largeAnswers(t *testing.T, which string) {
	t.Helper()
	if sandboxtest.Sample(1, 0) == 0 {
		t.Skip("make race: the race detector adds its own memory to what is measured")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLargeAnswers$")
	cmd.Env = append(os.Environ(), "XCTEST_LARGE="+which)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The peak that the system reports of a child counts its parent's memory before it began.
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out)
	if peak == nil {
		t.Fatalf("no peak: %s", out)
	}
	used, err := strconv.Atoi(string(peak[1]))
	if err != nil {
		t.Fatal(err)
	}
	used <<= 10
	if used > mostMemory {
		t.Errorf("%d MB were used, at most %d may be", used>>20, mostMemory>>20)
	}
	t.Logf("%d MB", used>>20)
}

// scanLargeAnswers scans a world of 46 buckets whose answers are endless in many ways.
func scanLargeAnswers(t *testing.T, all bool) {
	t.Helper()
	debug.SetGCPercent(100)
	w := faultWorlds(t)[0]
	whole := w.scan(t, nil, nil, scanner.Options{})
	for name, c := range map[string]struct {
		asked       func(*http.Request) bool
		status      int
		begin, more string
	}{
		"rules":           {query("replication"), http.StatusOK, "<ReplicationConfiguration><Role>r</Role>", "<Rule/>"},
		"comments":        {query("replication"), http.StatusOK, "<ReplicationConfiguration><Role>r</Role>", "<!-- and so on -->"},
		"blanks":          {query("versioning"), http.StatusOK, "<VersioningConfiguration>", "        "},
		"a value":         {query("tagging"), http.StatusOK, "<Tagging><TagSet><Tag><Key>", "k"},
		"an attribute":    {query("encryption"), http.StatusOK, "<ServerSideEncryptionConfiguration a='", "k"},
		"a name":          {query("lifecycle"), http.StatusOK, "<", "k"},
		"a policy":        {query("policy"), http.StatusOK, `{"Id":"`, "k"},
		"statements":      {query("policy"), http.StatusOK, `{"Statement":[`, `{"Effect":"Allow","Principal":"*","Action":"s3:x","Resource":"*"},`},
		"an error":        {query("policy"), http.StatusForbidden, "<Error><Code>", "k"},
		"a server's":      {query("policy"), http.StatusServiceUnavailable, "<Error><Code>", "k"},
		"elements":        {query("notification"), http.StatusOK, "<NotificationConfiguration>", "<New><A/></New>"},
		"a key":           {target("DescribeKey"), http.StatusOK, `{"KeyMetadata":{"Description":"`, "k"},
		"grants":          {target("ListGrants"), http.StatusOK, `{"Grants":[`, `{"GrantId":"x","GranteePrincipal":"p","Operations":["Decrypt"]},`},
		"accounts":        {target("ListAccounts"), http.StatusOK, `{"Accounts":[`, `{"Id":"111111111111","State":"ACTIVE"},`},
		"a role":          {action("GetRole"), http.StatusOK, "<GetRoleResponse><GetRoleResult><Role><Description>", "k"},
		"names":           {action("ListRolePolicies"), http.StatusOK, "<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames>", "<member>k</member>"},
		"a role's policy": {action("GetRolePolicy"), http.StatusOK, "<GetRolePolicyResponse><GetRolePolicyResult><PolicyDocument>", "%20"},
	} {
		if few := []string{"rules", "a value", "a policy", "a key"}; !all && !slices.Contains(few, name) {
			continue
		}
		got := w.scan(t, nil, func(box *sandbox.Sandbox) aws.HTTPClient {
			return doFunc(func(r *http.Request) (*http.Response, error) {
				asked := c.asked(r)
				res, err := box.HTTPClient().Do(r)
				if err == nil && asked {
					res.StatusCode, res.ContentLength = c.status, -1
					res.Header.Del("Content-Length")
					res.Body = io.NopCloser(large(c.begin, c.more))
				}
				return res, err
			})
		}, scanner.Options{})
		outcome, silent, better := got.worse(whole)
		if outcome != "gaps" && outcome != "refused" || len(silent)+len(better) > 0 {
			t.Errorf("%s: %s, %v, %v", name, outcome, silent, better)
		}
	}
}

func query(name string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.URL.Query().Has(name) }
}

func target(name string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+name) }
}

func action(name string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		if r.Body == nil {
			return false
		}
		text, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(text))
		return bytes.Contains(text, []byte("Action="+name+"&"))
	}
}
