package scanner

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

// TestTurns: buckets come from the account of which the fewest are being read.
func TestTurns(t *testing.T) {
	t.Parallel()
	accounts := []*account{{id: "1", buckets: []string{"a", "b", "c"}}, {id: "2"}, {id: "3", buckets: []string{"d", "e", "f", "g"}}}
	var log []string
	turns := newTurns(accounts, func(a *account) []string { return a.buckets }, func() { log = append(log, "last") }, func() { log = append(log, "ended") })
	take := func() target {
		b, ok := turns.next()
		if !ok {
			log = append(log, "none")
		} else {
			log = append(log, b.name)
		}
		return b
	}
	a, d, b := take(), take(), take()
	turns.done(d)
	e := take() // of 1 two are being read, of 3 none
	turns.done(a)
	turns.done(b)
	c := take()
	turns.done(e)
	turns.done(c) // the end of 1
	f := take()
	turns.done(f)
	turns.done(take())
	take()
	want := []string{"ended", "a", "d", "b", "e", "c", "ended", "last", "f", "g", "ended", "none"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// slowly is the client of a world in which each call takes some time, by the
// account that it is about.
func slowly(s *sandbox.Sandbox, takes func(account, operation string) time.Duration) aws.HTTPClient {
	owner := func(bucket string) string {
		var a, b int
		if _, err := fmt.Sscanf(bucket, "b-%d-%d", &a, &b); err != nil {
			return ""
		}
		return fmt.Sprintf("2%011d", a)
	}
	return doFunc(func(r *http.Request) (*http.Response, error) {
		bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		select {
		case <-time.After(takes(owner(bucket), operation(r))):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		return s.HTTPClient().Do(r)
	})
}

// timedScan scans a world and tells when the last document of each account came.
func timedScan(t *testing.T, s *sandbox.Sandbox, takes func(account, operation string) time.Duration, opts Options) (*result, map[string]time.Duration) {
	t.Helper()
	cfg := caller(s)
	cfg.HTTPClient = slowly(s, takes)
	began := time.Now()
	last := map[string]time.Duration{}
	r := &result{docs: map[string]*fact.Document{}}
	opts.RoleName = "crosscheck-audit"
	err := Scan(t.Context(), cfg, opts, func(m fact.Message) error {
		switch {
		case m.Document != nil:
			r.docs[m.Document.Bucket.Name] = m.Document
			last[m.Document.Bucket.AccountID] = time.Since(began)
		case m.Gap != nil:
			r.gaps = append(r.gaps, *m.Gap)
		case m.Coverage != nil:
			r.coverage = m.Coverage
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, last
}

// TestASlowAccountHoldsUpNoOther: of ten accounts one takes 10 s for each call about
// a bucket and the others 10 ms. The others are done as if they were alone.
func TestASlowAccountHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	const slow = "200000000003"
	synctest.Test(t, func(t *testing.T) {
		scan := func(takes time.Duration, exclude ...string) (*result, map[string]time.Duration) {
			return timedScan(t, bigWorld(t, 10, 100, 0), func(account, _ string) time.Duration {
				if account == slow {
					return takes
				}
				return 10 * time.Millisecond
			}, Options{ExcludeAccounts: exclude})
		}
		_, alone := scan(0, slow)
		r, with := scan(10 * time.Second)
		if r.coverage.Buckets.Scanned != 1000 || len(r.gaps) != 0 {
			t.Errorf("%+v, %d gaps", r.coverage, len(r.gaps))
		}
		// Without the slow one the nine share its part of the calls.
		before, after := slices.Max(slices.Collect(maps.Values(alone))), time.Duration(0)
		for account, at := range with {
			if account != slow {
				after = max(after, at)
			}
		}
		t.Logf("the last of nine accounts is done after %v, and after %v beside a slow one, which takes %v", before, after, with[slow])
		if after > before*5/4 {
			t.Errorf("the others are done after %v; without the slow account it is %v", after, before)
		}
		// And all the workers are the slow one's in the end: 64 calls at a time.
		if with[slow] > 30*time.Second {
			t.Errorf("the slow account is done after %v", with[slow])
		}
	})
}

// TestAnAccountThatHangs: its buckets are gaps, that it was not asked any longer is
// said, and the scan ends in bounded time with all of the other accounts.
func TestAnAccountThatHangs(t *testing.T) {
	t.Parallel()
	const hangs = "200000000001"
	for _, c := range []struct {
		nth  int // every so many buckets replicate, to the next account
		most time.Duration
	}{{0, 4 * time.Minute}, {5, 20 * time.Minute}} {
		t.Run(fmt.Sprint(c.nth), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				r, last := timedScan(t, bigWorld(t, 4, 100, c.nth), func(account, _ string) time.Duration {
					if account == hangs {
						return 1000 * time.Hour
					}
					return 10 * time.Millisecond
				}, Options{})
				took := time.Since(began)
				t.Logf("took %v; accounts were done after %v", took, last)
				if took > c.most {
					t.Errorf("took %v, want at most %v", took, c.most)
				}
				if r.coverage.Buckets.Scanned != 300 || r.coverage.Buckets.Listed != 400 {
					t.Errorf("%+v", r.coverage)
				}
				messages := map[string]int{}
				for name, doc := range r.docs {
					known := doc.Bucket.Replication.Known()
					if hung := doc.Bucket.AccountID == hangs; known == hung {
						t.Errorf("%s: replication %+v", name, doc.Bucket.Replication)
					} else if hung {
						messages[doc.Bucket.Replication.Gap.Code+": "+doc.Bucket.Replication.Gap.Message]++
					}
				}
				const want = "NotRead: account 200000000001 has not answered in us-east-1 for 2m0s; it was not asked again"
				if messages[want] != 100 {
					t.Errorf("%v", messages)
				}
				if gaps := len(slices.DeleteFunc(r.gaps, func(g fact.Gap) bool { return g.Fact != "bucket.replication" })); gaps != 100 {
					t.Errorf("%d buckets are gaps, want 100", gaps)
				}
			})
		})
	}
}

// TestConnectionsAreUsedAgain: no more connections are made than calls are on their
// way at a time. A POST that is answered within microseconds may cost one more: the
// SDK closes its body while net/http still looks for the end of it.
func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	const concurrency = 8
	s := bigWorld(t, 3, 60, 0)
	var mu sync.Mutex
	made, requests, posts := 0, 0, 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		requests++
		if r.Method == http.MethodPost {
			posts++
		}
		mu.Unlock()
		s.ServeHTTP(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			mu.Lock()
			made++
			mu.Unlock()
		}
	}
	server.Start()
	defer server.Close()
	cfg := caller(s)
	cfg.HTTPClient, cfg.BaseEndpoint = awshttp.NewBuildableClient(), &server.URL
	if r, err := scanAll(t.Context(), cfg, Options{RoleName: "crosscheck-audit", Concurrency: concurrency}); err != nil || r.coverage.Buckets.Scanned != 180 {
		t.Fatal(err, r.coverage)
	}
	t.Logf("%d connections for %d requests, of which %d POST", made, requests, posts)
	if most := concurrency + posts; made > most || posts > 10 {
		t.Errorf("%d connections, want at most %d", made, most)
	}
}

// TestMeter: the counts are those of the other side.
func TestMeter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := organizationWorld(t, ask.Permissions())
		for _, f := range []sandbox.Fault{{Kind: sandbox.Throttling, Probability: 0.2, Seed: 1}, {Kind: sandbox.ServerError, Probability: 0.1, Seed: 2}} {
			if err := s.AddFault(f); err != nil {
				t.Fatal(err)
			}
		}
		opts := wholeOrganization
		opts.Meter = new(Meter)
		r, err := scanAll(t.Context(), caller(s), opts)
		if err != nil {
			t.Fatal(err)
		}
		attempts, throttles := map[string]int{}, map[string]int{}
		for c, n := range s.Calls() {
			attempts[c.Operation] += n
			if slices.Contains([]string{"SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"}, c.Code) {
				throttles[c.Operation] += n
			}
		}
		got, refused, all, errors := map[string]int{}, map[string]int{}, 0, 0
		for _, c := range opts.Meter.Calls() {
			got[c.API] = c.Calls + c.Retries
			if c.Throttles > 0 {
				refused[c.API] = c.Throttles
			}
			all += c.Calls + c.Retries
			errors += c.Errors
			if c.Duration < 0 || c.Retries > 0 && c.API != "s3:HeadBucket" && c.Duration == 0 {
				t.Errorf("%+v", c)
			}
		}
		if diff := cmp.Diff(attempts, got); diff != "" {
			t.Errorf("attempts (-sandbox +meter):\n%s", diff)
		}
		delete(throttles, "s3:HeadBucket") // their code is not in the answer
		delete(refused, "s3:HeadBucket")
		if diff := cmp.Diff(throttles, refused); diff != "" || len(refused) == 0 {
			t.Errorf("throttles (-sandbox +meter):\n%s", diff)
		}
		if errors == 0 {
			t.Error("calls were denied, and none counts as an error")
		}
		p := opts.Meter.Progress()
		if p.Calls != all || p.Accounts != r.coverage.Accounts.Listed || p.AccountsDone != p.Accounts || p.Buckets != r.coverage.Buckets.Listed || p.BucketsDone != p.Buckets || p.Throttles == 0 {
			t.Errorf("%+v, coverage %+v, %d attempts", p, r.coverage, all)
		}
	})
}
