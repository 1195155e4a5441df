//go:build integration

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
)

// The canary against two MinIO servers, which replicate with code that this
// project has not written. MinIO is under the AGPL: it is built into a cache
// folder and run as a process of its own, never linked.
const (
	minioModule = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
	mcModule    = "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9"
)

// cacheDir is where make keeps the programs that it builds for tests.
func cacheDir(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("XCTEST_CACHE")
	if cache == "" {
		cache = filepath.Join(repo, ".cache")
	}
	dir, err := filepath.Abs(cache)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// built is the binary of a module's command, from the cache or built into it.
func built(t *testing.T, module string) string {
	t.Helper()
	dir := filepath.Join(cacheDir(t), "bin")
	path, version, _ := strings.Cut(module, "@")
	name := filepath.Base(path)
	binary := filepath.Join(dir, name+"-"+version)
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// A build takes minutes. It ends before this test must; what it compiled stays
	// in Go's cache, so that the next run comes further.
	ctx := t.Context()
	if deadline, ok := t.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-3*time.Minute))
		defer cancel()
	}
	t.Logf("building %s", module)
	into := t.TempDir()
	cmd := exec.CommandContext(ctx, "go", "install", "-ldflags", "-s -w", module)
	cmd.Dir = into // outside of this module
	cmd.Env = append(os.Environ(), "GOBIN="+into, "GOFLAGS=", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("skipped: %s cannot be had: %v (run it again to go on with the build)\n%s", module, err, out)
	}
	data, err := os.ReadFile(filepath.Join(into, name))
	if err != nil {
		t.Fatal(err)
	}
	part := fmt.Sprintf("%s.%d", binary, os.Getpid())
	if err := errors.Join(os.WriteFile(part, data, 0o755), os.Rename(part, binary)); err != nil {
		t.Fatal(err)
	}
	return binary
}

// minio is one MinIO server.
type minio struct {
	t            *testing.T
	binary       string
	dir, address string
	cmd          *exec.Cmd
	log          bytes.Buffer
}

const minioUser, minioSecret = "crosscheck", "crosscheck-secret"

func startMinIO(t *testing.T) *minio {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &minio{t: t, binary: built(t, minioModule), dir: t.TempDir(), address: l.Addr().String()}
	l.Close()
	m.start()
	t.Cleanup(m.stop)
	return m
}

func (m *minio) url() string { return "http://" + m.address }

func (m *minio) start() {
	m.t.Helper()
	m.cmd = exec.Command(m.binary, "server", m.dir, "--address", m.address, "--quiet")
	m.cmd.Env = append(cleanEnv(), "MINIO_ROOT_USER="+minioUser, "MINIO_ROOT_PASSWORD="+minioSecret, "MINIO_BROWSER=off", "MINIO_UPDATE=off", "HOME="+m.dir)
	m.cmd.Stdout, m.cmd.Stderr = &m.log, &m.log
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	for range 300 {
		if res, err := http.Get(m.url() + "/minio/health/ready"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	m.stop()
	m.t.Fatalf("MinIO does not come up:\n%s", m.log.String())
}

func (m *minio) stop() {
	if m.cmd == nil {
		return
	}
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
	m.cmd = nil
}

func (m *minio) client() *s3.Client {
	return s3.New(s3.Options{
		Region: "us-east-1", UsePathStyle: true, BaseEndpoint: aws.String(m.url()),
		Credentials: credentials.NewStaticCredentialsProvider(minioUser, minioSecret, ""),
	})
}

// versions lists everything in a bucket.
func (m *minio) versions(bucket string) []string {
	m.t.Helper()
	out, err := m.client().ListObjectVersions(m.t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		m.t.Fatal(err)
	}
	var all []string
	for _, v := range out.Versions {
		all = append(all, *v.Key+" "+*v.VersionId)
	}
	for _, v := range out.DeleteMarkers {
		all = append(all, *v.Key+" "+*v.VersionId+" (marker)")
	}
	return all
}

// delayed stands between the servers. It holds writes back, and notes when the
// destination has answered each: that is the true end of a replication.
type delayed struct {
	*httptest.Server
	mu      sync.Mutex
	hold    time.Duration
	arrived map[string]time.Time // by key
}

func delayTo(t *testing.T, m *minio) *delayed {
	target, err := url.Parse(m.url())
	if err != nil {
		t.Fatal(err)
	}
	d := &delayed{arrived: map[string]time.Time{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(res *http.Response) error {
			if r := res.Request; r.Method == http.MethodPut && res.StatusCode == http.StatusOK {
				d.mu.Lock()
				defer d.mu.Unlock()
				_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
				d.arrived[key] = time.Now()
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		hold := d.hold
		d.mu.Unlock()
		if _, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); hold > 0 && key != "" && r.Method != http.MethodGet && r.Method != http.MethodHead {
			select {
			case <-time.After(hold):
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *delayed) set(hold time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hold = hold
}

func (d *delayed) when(key string) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.arrived[key]
}

// probed is the JSON report of a run, as far as it matters here.
type probed struct {
	Measurements []measure.Measurement `json:"measurements"`
	Findings     []struct {
		RuleID  string `json:"rule_id"`
		Status  string `json:"status"`
		Message string `json:"message"`
	} `json:"findings"`
}

// TestIntegrationCanary proves links between two MinIO servers, and sees through
// their faults.
func TestIntegrationCanary(t *testing.T) {
	mc := built(t, mcModule)
	source, destination := startMinIO(t), startMinIO(t)
	between := delayTo(t, destination)
	home := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(mc, append([]string{"--config-dir", filepath.Join(home, "mc"), "--quiet", "--no-color"}, args...)...)
		cmd.Env = append(cleanEnv(), "HOME="+home)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("mc %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("alias", "set", "a", source.url(), minioUser, minioSecret)
	run("alias", "set", "b", destination.url(), minioUser, minioSecret)
	for _, bucket := range []string{"a/src", "a/logs", "b/dst", "b/logs-copy"} {
		run("mb", bucket)
		run("version", "enable", bucket)
	}
	run("admin", "user", "add", "b", "replicator", "replicator-secret")
	run("admin", "policy", "attach", "b", "readwrite", "--user", "replicator")
	remote := strings.Replace(between.URL, "http://", "http://replicator:replicator-secret@", 1)
	// Without "delete", which would replicate deletes of versions, as AWS never does.
	run("replicate", "add", "a/src", "--remote-bucket", remote+"/dst", "--replicate", "delete-marker", "--priority", "1")
	run("replicate", "add", "a/logs/app/", "--remote-bucket", remote+"/logs-copy", "--replicate", "delete-marker", "--priority", "1")

	// Each side has credentials of its own; there is no STS.
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	shared := filepath.Join(home, "credentials")
	text := fmt.Sprintf("[source]\naws_access_key_id=%[1]s\naws_secret_access_key=%[2]s\n[destination]\naws_access_key_id=%[1]s\naws_secret_access_key=%[2]s\n", minioUser, minioSecret)
	if err := os.WriteFile(shared, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", shared)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("XDG_STATE_HOME", filepath.Join(home, "state"))

	probe := func(t *testing.T, bucket, copy string, more ...string) (int, probed) {
		t.Helper()
		args := append([]string{"canary", "--source", bucket, "--destination", copy, "--profile", "source", "--destination-profile", "destination",
			"--endpoint", source.url(), "--destination-endpoint", destination.url(), "--yes", "-o", "json"}, more...)
		status, out, errs := realProgram().run(t.Context(), args...)
		var p probed
		if err := json.Unmarshal([]byte(out), &p); err != nil && status != exitUsage {
			t.Fatalf("%v: %s\n%s", err, out, errs)
		}
		t.Logf("exit %d\n%s", status, errs)
		for _, m := range p.Measurements {
			t.Logf("%s %s: latency %d ms, slack %d ms, source %s, %d polls, %d requests, %s", m.Variant, m.Outcome, m.LatencyMS, m.SlackMS, m.SourceStatus, m.Polls, m.Requests, m.Message)
			for _, c := range m.Checks {
				if c.Result != measure.Equal {
					t.Logf("  %+v", c)
				}
			}
		}
		return status, p
	}
	clean := func(t *testing.T) {
		t.Helper()
		for _, m := range []struct {
			server *minio
			bucket string
		}{{source, "src"}, {source, "logs"}, {destination, "dst"}, {destination, "logs-copy"}} {
			if left := m.server.versions(m.bucket); len(left) > 0 {
				t.Errorf("left behind in %s: %v", m.bucket, left)
			}
		}
	}

	for _, lag := range []time.Duration{0, 2 * time.Second, 8 * time.Second} {
		t.Run("lag "+lag.String(), func(t *testing.T) {
			between.set(lag)
			defer between.set(0)
			status, p := probe(t, "src", "dst", "--variant", "plain")
			if status != exitClean || len(p.Measurements) != 1 || p.Measurements[0].Outcome != measure.Arrived {
				t.Fatalf("exit %d, %+v", status, p)
			}
			m := p.Measurements[0]
			put, err := time.Parse(time.RFC3339, m.PutAt)
			if err != nil {
				t.Fatal(err)
			}
			truth := between.when(m.Key).Sub(put)
			latency, slack := time.Duration(m.LatencyMS)*time.Millisecond, time.Duration(m.SlackMS)*time.Millisecond
			t.Logf("true %s, measured %s (slack %s)", truth, latency, slack)
			if truth < lag {
				t.Errorf("the proxy held for %s only", truth)
			}
			if off := (latency - truth).Abs(); off > slack+50*time.Millisecond {
				t.Errorf("off by %s, slack is %s", off, slack)
			}
			clean(t)
		})
	}

	t.Run("variants", func(t *testing.T) {
		status, p := probe(t, "src", "dst", "--variant", "plain,tagged,metadata,multipart,delete-marker,overwrite,tag-change,empty,large", "--size", "20000000")
		if status != exitClean || len(p.Measurements) != 9 {
			t.Errorf("exit %d, %d measurements", status, len(p.Measurements))
		}
		clean(t)
	})

	t.Run("negative control", func(t *testing.T) {
		status, p := probe(t, "logs", "logs-copy", "--absence", "3s")
		if status != exitClean {
			t.Errorf("exit %d", status)
		}
		outcomes := map[string]measure.Outcome{}
		for _, m := range p.Measurements {
			outcomes[m.Variant] = m.Outcome
			if inside := strings.HasPrefix(m.Key, "app/crosscheck-canary/"); inside == (m.Variant == "negative-control") {
				t.Errorf("%s at %s", m.Variant, m.Key)
			}
		}
		if outcomes["negative-control"] != measure.Absent || outcomes["delete-marker"] != measure.Arrived || outcomes["plain"] != measure.Arrived {
			t.Errorf("%v", outcomes)
		}
		clean(t)
	})

	t.Run("permission removed", func(t *testing.T) {
		run("admin", "policy", "detach", "b", "readwrite", "--user", "replicator")
		defer run("admin", "policy", "attach", "b", "readwrite", "--user", "replicator")
		status, p := probe(t, "src", "dst", "--variant", "plain")
		if status != exitFindings || len(p.Measurements) != 1 || p.Measurements[0].Outcome != measure.Failed {
			t.Fatalf("exit %d, %+v", status, p)
		}
		if m := p.Measurements[0]; m.Transitions[len(m.Transitions)-1].AfterMS > 2000 {
			t.Errorf("FAILED was seen after %d ms", m.Transitions[len(m.Transitions)-1].AfterMS)
		}
		if len(p.Findings) != 1 || p.Findings[0].RuleID != finding.Proof {
			t.Errorf("%+v", p.Findings)
		}
		clean(t)
	})

	t.Run("destination down", func(t *testing.T) {
		destination.stop()
		status, p := probe(t, "src", "dst", "--variant", "plain")
		if status != exitIncomplete || len(p.Measurements) != 1 || p.Measurements[0].Outcome != measure.Inconclusive {
			t.Errorf("exit %d, %+v", status, p)
		}
		if left := source.versions("src"); len(left) > 0 {
			t.Errorf("something was put: %v", left)
		}
		destination.start()
		// MinIO calls its target offline until it has looked again: every few seconds.
		for attempt := 1; ; attempt++ {
			status, p := probe(t, "src", "dst", "--variant", "plain")
			if status == exitClean {
				break
			}
			if attempt == 20 {
				t.Errorf("after the restart: exit %d, %+v", status, p)
				break
			}
			clean(t)
			time.Sleep(time.Second)
		}
		clean(t)
	})

	t.Run("destination goes down", func(t *testing.T) {
		between.set(3 * time.Second)
		defer between.set(0)
		went := make(chan struct{})
		go func() {
			defer close(went)
			for len(source.versions("src")) == 0 {
				time.Sleep(20 * time.Millisecond)
			}
			destination.stop()
		}()
		status, p := probe(t, "src", "dst", "--variant", "plain", "--timeout", "20s")
		<-went
		if status != exitFindings || len(p.Measurements) != 1 || len(p.Measurements[0].Leftovers) == 0 {
			t.Errorf("exit %d, %+v", status, p)
		}
		destination.start()
		status, out, errs := realProgram().run(t.Context(), "canary", "sweep")
		if status != exitClean {
			t.Errorf("sweep: exit %d\n%s\n%s", status, out, errs)
		}
		t.Logf("sweep: %s%s", out, errs)
		if _, out, _ := realProgram().run(t.Context(), "canary", "sweep"); !strings.Contains(out, "nothing to sweep") {
			t.Errorf("second sweep: %s", out)
		}
		clean(t)
	})

	t.Run("interrupted", func(t *testing.T) {
		between.set(4 * time.Second)
		defer between.set(0)
		ctx, cancel := context.WithCancel(t.Context())
		key := ""
		go func() {
			defer cancel()
			for {
				if v := source.versions("src"); len(v) > 0 {
					key, _, _ = strings.Cut(v[0], " ")
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
		status, _, errs := realProgram().run(ctx, "canary", "--source", "src", "--profile", "source", "--destination-profile", "destination",
			"--endpoint", source.url(), "--destination-endpoint", destination.url(), "--yes", "--variant", "plain")
		if status != exitInterrupted || !strings.Contains(errs, "this run may have left probes") {
			t.Errorf("exit %d\n%s", status, errs)
		}
		clean(t)
		// The write that the proxy held may arrive after the canary is gone.
		for range 50 {
			if !between.when(key).IsZero() {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Logf("came late: %v", destination.versions("dst"))
		if status, out, errs := realProgram().run(t.Context(), "canary", "sweep"); status != exitClean {
			t.Errorf("sweep: exit %d\n%s\n%s", status, out, errs)
		}
		clean(t)
	})
}

// realProgram is the program in the surroundings of this process.
func realProgram() *program { return &program{real: true, environ: os.Environ()} }
