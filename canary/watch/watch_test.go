package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is one account with a link that works; replicas arrive after 2 s.
const world = `
partition: aws
lag: 2s
callers: [{access_key: AKIAWATCHTESTROOTKEY, account: "111111111111", root: true}]
accounts:
  - id: "111111111111"
    roles:
      - name: replication
        trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
        inline:
          replication: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    buckets:
      - name: src
        region: us-east-1
        versioning: Enabled
        replication:
          Role: arn:aws:iam::111111111111:role/replication
          Rules: [{ID: r, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Disabled}, Destination: {Bucket: "arn:aws:s3:::dst"}}]
      - {name: dst, region: us-east-1, versioning: Enabled}
`

// reachable is the link of [world].
func reachable(t *testing.T) (*canary.Target, *sandbox.Sandbox) {
	t.Helper()
	w, err := sandbox.Load("world.yaml", []byte(world))
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(w)
	if err != nil {
		t.Fatal(err)
	}
	link := target("src", "dst")
	link.Rule = fact.ReplicationRule{
		ID: "r", Schema: "V2", Status: "Enabled", Priority: 1, Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"},
	}
	client := s3.New(s3.Options{
		Region: "us-east-1", UsePathStyle: true, HTTPClient: box.HTTPClient(), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAWATCHTESTROOTKEY", sandbox.DefaultSecretKey, ""),
	})
	link.Source.S3, link.Destination.S3 = client, client
	return link, box
}

// unreachable is a plan of one plain probe for a link that cannot be accessed.
func unreachable(source string) []canary.Plan {
	link := target(source, "dst")
	link.Source.Err = errors.New("no way")
	return []canary.Plan{{Target: link, Variants: []measure.Variant{measure.Plain}}}
}

// newWatch is a watch without links that notes when its rounds begin.
func newWatch(begun *[]time.Duration, logged *[]string) *Watch {
	start, run := time.Now(), 0
	return &Watch{
		Every: time.Minute, Parallel: 2, Metrics: NewMetrics("1"),
		Begin: func() (canary.Options, func(), error) {
			run++
			*begun = append(*begun, time.Since(start))
			return canary.Options{Run: fmt.Sprint("r", run)}, func() {}, nil
		},
		Log: func(message string) { *logged = append(*logged, message) },
	}
}

// TestRun proves a link in each of two rounds, which begin on time.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var begun []time.Duration
		var logged []string
		w := newWatch(&begun, &logged)
		w.Rounds = 2
		link, _ := reachable(t)
		left, err := w.Run(t.Context(), []canary.Plan{{Target: link, Variants: []measure.Variant{measure.Plain, measure.Tagged}}})
		if left != 0 || err != nil {
			t.Errorf("%d left, %v", left, err)
		}
		if want := []time.Duration{0, time.Minute}; !slices.Equal(begun, want) {
			t.Errorf("rounds began at %v, want %v", begun, want)
		}
		if want := slices.Repeat([]string{"round of 2 probes: 2 prove their link, 0 prove it broken, 0 undecided"}, 2); !slices.Equal(logged, want) {
			t.Errorf("logged %q", logged)
		}
		_, text := scrape(t, w.Metrics, "text/plain")
		for _, want := range []string{
			`crosscheck_probes_total{destination_bucket="dst",link="src/r→dst",outcome="arrived",source_bucket="src"} 4`,
			`crosscheck_replication_latency_seconds_bucket{destination_bucket="dst",link="src/r→dst",source_bucket="src",le="2.5"} 4`,
			"crosscheck_rounds_total 2",
		} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	})
}

// TestRediscover looks for links again, keeps the known ones when that fails, and
// does not try again at once.
func TestRediscover(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var begun []time.Duration
		var logged []string
		w := newWatch(&begun, &logged)
		w.Rounds, w.Rediscover = 8, 2*time.Minute
		start, searched := time.Now(), []time.Duration{}
		w.Discover = func(context.Context) ([]canary.Plan, error) {
			searched = append(searched, time.Since(start))
			if len(searched) == 1 {
				return nil, errors.New("throttled")
			}
			return unreachable("second"), nil
		}
		if _, err := w.Run(t.Context(), unreachable("first")); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{2 * time.Minute, 4 * time.Minute, 6 * time.Minute}; !slices.Equal(searched, want) {
			t.Errorf("searched at %v, want %v", searched, want)
		}
		probed := ""
		for _, message := range logged {
			switch {
			case strings.HasPrefix(message, "first/r→dst inconclusive: the source cannot be reached"):
				probed += "1"
			case strings.HasPrefix(message, "second/r→dst inconclusive"):
				probed += "2"
			case message == "the links could not be looked for again, the known ones are watched: throttled":
				probed += "!"
			}
		}
		if probed != "11!112222" {
			t.Errorf("probed %s: %q", probed, logged)
		}
	})
}

// TestInterrupted cleans up, counts nothing of a round that was broken off, and is no error.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{time.Second, 10 * time.Second} { // in a round, between two
		synctest.Test(t, func(t *testing.T) {
			var begun []time.Duration
			var logged []string
			ended := 0
			w := newWatch(&begun, &logged)
			begin := w.Begin
			w.Begin = func() (canary.Options, func(), error) {
				o, _, err := begin()
				return o, func() { ended++ }, err
			}
			link, _ := reachable(t)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			left, err := w.Run(ctx, []canary.Plan{{Target: link, Variants: []measure.Variant{measure.Plain}}})
			if left != 0 || err != nil || len(begun) != 1 || ended != 1 {
				t.Errorf("%d left, %v, %d begun, %d ended", left, err, len(begun), ended)
			}
			_, text := scrape(t, w.Metrics, "text/plain")
			if !strings.Contains(text, `outcome="inconclusive",source_bucket="src"} 0`) {
				t.Error("the link is not expected, or the interruption counts as a probe that was not decided")
			}
		})
	}
}

// TestLeftBehind counts what could not be removed.
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var begun []time.Duration
		var logged []string
		w := newWatch(&begun, &logged)
		w.Rounds = 2
		begin := w.Begin
		w.Begin = func() (canary.Options, func(), error) {
			o, end, err := begin()
			o.AllowRetained = true // otherwise nothing is put where nothing may be deleted
			return o, end, err
		}
		link, box := reachable(t)
		if err := box.AddFault(sandbox.Fault{Operation: "s3:DeleteObject", Bucket: "dst", Kind: sandbox.AccessDenied}); err != nil {
			t.Fatal(err)
		}
		left, err := w.Run(t.Context(), []canary.Plan{{Target: link, Variants: []measure.Variant{measure.Plain}}})
		if left != 2 || err != nil {
			t.Errorf("%d left, %v", left, err)
		}
		if _, text := scrape(t, w.Metrics, "text/plain"); !strings.Contains(text, "crosscheck_left_behind_total 2\n") {
			t.Error(text)
		}
	})
}

func TestCannotBegin(t *testing.T) {
	t.Parallel()
	w := newWatch(new([]time.Duration), new([]string))
	full := errors.New("disk full")
	w.Begin = func() (canary.Options, func(), error) { return canary.Options{}, nil, full }
	if _, err := w.Run(t.Context(), unreachable("a")); !errors.Is(err, full) {
		t.Error(err)
	}
}

// TestServe serves until it is stopped.
func TestServe(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := Serve(l, NewMetrics("1"))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, want := range map[string]string{
		"/metrics": "crosscheck_rounds_total 0\n", "/": "see /metrics\n", "/other": "404 page not found\n",
	} {
		res, err := client.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v\n%s", path, err, text)
		}
	}
	stop()
	if _, err := client.Get("http://" + l.Addr().String() + "/"); err == nil {
		t.Error("it serves on")
	}
}
