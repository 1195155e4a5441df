package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/journal"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
	"crosscheck/testdata"
)

// tamperer is a proxy in front of S3 that changes some answers at random, from the first PUT
// on, and kills the program at one of them.
type tamperer struct {
	next func(*http.Request) (*http.Response, error)
	kill func() // at the last request; nil = never

	mu     sync.Mutex
	random *rand.Rand
	oneOf  int  // so many answers is changed
	last   int  // requests from the first PUT on until the program is killed
	begun  bool // at the first PUT, or from the beginning
	killed bool
	did    map[string]int
}

// ways are what it does. A way that is not sent answers in place of S3.
var ways = []struct {
	name   string
	sent   bool
	change func(*http.Response, []byte) []byte // the answer and its body
}{
	{"HTML", false, nil},
	{"empty", false, nil},
	{"redirect", false, nil},
	{"refused", false, nil},
	{"not there", false, nil},
	{"lost", true, nil},
	{"cut", true, func(_ *http.Response, body []byte) []byte { return body[:len(body)/2] }},
	{"emptied", true, func(*http.Response, []byte) []byte { return nil }},
	{"said to be refused", true, func(res *http.Response, _ []byte) []byte {
		res.StatusCode = http.StatusForbidden
		return []byte("<html>no</html>")
	}},
	{"unknown element", true, func(_ *http.Response, body []byte) []byte {
		return regexp.MustCompile(`(<[A-Z]\w+[^>]*[^/]>)`).ReplaceAll(body, []byte("$1<Surprise/>"))
	}},
	{"another bucket", true, func(_ *http.Response, body []byte) []byte {
		return regexp.MustCompile(`<(Name|Bucket)>[^<]*<`).ReplaceAll(body, []byte("<$1>elsewhere<"))
	}},
	{"another prefix", true, func(_ *http.Response, body []byte) []byte {
		return regexp.MustCompile(`<Prefix>[^<]*<`).ReplaceAll(body, []byte("<Prefix>elsewhere/<"))
	}},
	{"without end", true, func(_ *http.Response, body []byte) []byte {
		return bytes.ReplaceAll(body, []byte("<IsTruncated>false"), []byte("<IsTruncated>true"))
	}},
	{"another version", true, func(res *http.Response, body []byte) []byte {
		if res.Header.Get("X-Amz-Version-Id") != "" {
			res.Header.Set("X-Amz-Version-Id", "3sL4kqtJlcpXroDTDmJ")
		}
		return body
	}},
}

var errKilled = errors.New("the program was killed")

func (x *tamperer) Do(r *http.Request) (*http.Response, error) {
	x.mu.Lock()
	if x.killed {
		x.mu.Unlock()
		return nil, errKilled
	}
	x.begun = x.begun || r.Method == http.MethodPut
	way, sent := -1, x.random.IntN(2) == 0
	if x.begun && x.random.IntN(x.oneOf) == 0 {
		way = x.random.IntN(len(ways))
		x.did[ways[way].name]++
	}
	if x.begun && x.kill != nil {
		x.last--
		x.killed = x.last <= 0
	}
	killed := x.killed
	if killed && !sent {
		x.kill()
	}
	x.mu.Unlock()
	if killed {
		if sent {
			if res, err := x.next(r); err == nil {
				_ = res.Body.Close()
			}
			x.kill()
		}
		return nil, errKilled
	}
	if way < 0 {
		return x.next(r)
	}
	w := ways[way]
	switch {
	case w.name == "HTML":
		return page(r, "text/html", "<html><body>Log in</body></html>"), nil
	case w.name == "empty":
		return page(r, "", ""), nil
	case w.name == "redirect":
		res := page(r, "", "")
		res.StatusCode = http.StatusTemporaryRedirect
		res.Header.Set("Location", "http://192.0.2.1/")
		return res, nil
	case w.name == "refused", w.name == "not there":
		res := page(r, "text/html", "<html>no</html>")
		res.StatusCode = map[bool]int{true: http.StatusForbidden, false: http.StatusNotFound}[w.name == "refused"]
		return res, nil
	}
	res, err := x.next(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	if w.name == "lost" {
		return nil, errors.New("connection reset by peer")
	}
	body = w.change(res, body)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Del("Content-Length")
	return res, nil
}

// ledger is the pair of buckets that are probed.
var ledger = map[string]string{"orders-ledger": "111111111111", "backup-ledger": "333333333333"}

// existing lists what is in both buckets of the pair: s3://bucket/key.
func existing(t *testing.T, box *sandbox.Sandbox) []string {
	t.Helper()
	var all []string
	for bucket, account := range ledger {
		region := map[bool]string{true: "us-east-1", false: "eu-west-1"}[bucket == "orders-ledger"]
		c := s3.New(s3.Options{Region: region, UsePathStyle: true, HTTPClient: box.HTTPClient(), Credentials: assumed(t, box, account)})
		out, err := c.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
		if err != nil || *out.IsTruncated {
			t.Fatal(bucket, err)
		}
		for _, v := range out.Versions {
			all = append(all, "s3://"+bucket+"/"+*v.Key)
		}
		for _, m := range out.DeleteMarkers {
			all = append(all, "s3://"+bucket+"/"+*m.Key)
		}
		if bucket == "backup-ledger" {
			continue // its role may not list uploads, and there are none
		}
		uploads, err := c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range uploads.Uploads {
			all = append(all, "s3://"+bucket+"/"+*u.Key)
		}
	}
	return all
}

// unreported is what exists of some keys and no journal names.
func unreported(t *testing.T, existing []string, journals string) (lost []string) {
	t.Helper()
	known := map[string]bool{}
	paths, err := journal.List(journals)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		entries, err := journal.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			known["s3://"+e.Source.Bucket+"/"+e.Key], known["s3://"+e.Destination.Bucket+"/"+e.Key] = true, true
		}
	}
	for _, e := range existing {
		if !known[e] {
			lost = append(lost, e)
		}
	}
	return lost
}

// probeLedger is the command line of the canary that is killed.
var probeLedger = []string{
	"canary", "--source", "orders-ledger", "--source-account", "111111111111", "--role-name", "crosscheck-canary",
	"--destination", "backup-ledger", "--destination-account", "333333333333", "--yes", "--count", "100", "--parallel", "8",
	"--variant", "plain,tagged,multipart,delete-marker,overwrite,tag-change", "--timeout", "20s",
}

// killed is what a canary left that was killed behind a proxy which tampers.
type killed struct {
	seed  uint64
	p     *program // after the kill, with the journals as they were then
	left  int
	notes string
}

// sweeps checks that nothing that exists is unreported: after the kill, after a sweep behind
// the proxy, and that sweeps without it remove everything.
func (k *killed) sweeps(t *testing.T) {
	t.Helper()
	journals := filepath.Join(k.p.state, "crosscheck", "canary")
	there := existing(t, k.p.box)
	k.left = len(there)
	if lost := unreported(t, there, journals); len(lost) > 0 {
		t.Errorf("seed %d: after the kill, no journal names %q (%s)", k.seed, lost, k.notes)
	}
	behind := &tamperer{next: k.p.box.HTTPClient().Do, random: rand.New(rand.NewPCG(k.seed, 1)), oneOf: 4, begun: true, did: map[string]int{}}
	k.p.client = behind
	status, out, errs := k.p.run(t.Context(), "canary", "sweep")
	k.p.client = nil
	there = existing(t, k.p.box)
	if lost := unreported(t, there, journals); len(lost) > 0 || status == exitClean && len(there) > 0 {
		t.Errorf("seed %d: a sweep behind the proxy ends with %d, no journal names %q of %q (%v)\n%s%s", k.seed, status, lost, there, behind.did, out, errs)
	}
	for range 2 { // what S3 had not finished with needs two
		if status, out, errs = k.p.run(t.Context(), "canary", "sweep"); status == exitClean {
			break
		}
	}
	if there := existing(t, k.p.box); status != exitClean || len(there) > 0 {
		t.Errorf("seed %d: a sweep without the proxy ends with %d and leaves %q\n%s%s", k.seed, status, there, out, errs)
	}
	k.p.noJournal(t)
}

// kill runs a canary until its proxy kills it: no request goes out any more, and the journals
// are kept as they are at that moment.
func kill(t *testing.T, seed uint64) *killed {
	t.Helper()
	p := served(t, testdata.DemoWorld)
	random := rand.New(rand.NewPCG(seed, 0))
	p.box.SetLag("orders-ledger", "", time.Duration(random.Int64N(int64(5*time.Second))))
	after := &program{box: p.box, state: t.TempDir()}
	after.environ = []string{"XDG_STATE_HOME=" + after.state}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	x := &tamperer{next: p.box.HTTPClient().Do, random: random, oneOf: []int{6, 15, 40}[seed%3], last: 1 + random.IntN(400), did: map[string]int{}}
	x.kill = func() {
		from, to := filepath.Join(p.state, "crosscheck", "canary"), filepath.Join(after.state, "crosscheck", "canary")
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Error(err)
		}
		cancel()
	}
	p.client = x
	status, out, errs := p.run(ctx, probeLedger...)
	if !x.killed {
		t.Errorf("seed %d: the canary ended by itself, %d\n%s%s", seed, status, out, errs)
	}
	return &killed{seed: seed, p: after, notes: fmt.Sprint(x.did)}
}

// killAll kills canaries at random points and sweeps after each.
func killAll(t *testing.T, first, n uint64) {
	t.Helper()
	left := 0
	for seed := first; seed < first+n; seed++ {
		synctest.Test(t, func(t *testing.T) {
			k := kill(t, seed)
			k.sweeps(t)
			left += k.left
		})
	}
	if left == 0 {
		t.Error("nothing was ever left by a kill: this tests nothing")
	}
	t.Logf("%d kills left %d versions and uploads", n, left)
}

// TestKilledBehindProxy: whatever a proxy does to the answers of S3 and wherever the canary is
// killed, nothing that exists is unreported, and a sweep without the proxy removes it.
func TestKilledBehindProxy(t *testing.T) {
	t.Parallel()
	killAll(t, 0, uint64(sandboxtest.Sample(12, 4)))
}
