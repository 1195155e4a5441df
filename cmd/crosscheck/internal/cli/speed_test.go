package cli

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"crosscheck/scanner/sandbox"
)

// organization is a world of so many accounts with so many buckets each, of which
// every nth replicates to another account. There, a bucket takes the replicas of as
// many buckets as share says.
func organization(b *testing.B, accounts, buckets, nth, share int, more string) *sandbox.Sandbox {
	b.Helper()
	var w strings.Builder
	w.WriteString(`organization: {id: o-big0000001, management_account: "100000000000", root: r-bigg}
` + more + `
accounts:
  - {id: "100000000000", name: management}
`)
	id := func(i int) string { return fmt.Sprintf("2%011d", i%accounts) }
	for a := range accounts {
		fmt.Fprintf(&w, `  - id: %q
    name: account-%d
    roles:
      - name: crosscheck-audit
        trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::100000000000:root"},"Action":"sts:AssumeRole"}]}'
        inline: {audit: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","iam:*","kms:*"],"Resource":"*"}]}'}
      - name: replicate
        trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
        inline: {copy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'}
    buckets:
`, id(a), a)
		for n := range buckets {
			fmt.Fprintf(&w, "      - {name: b-%d-%d, region: us-east-1, versioning: Enabled", a, n)
			if nth > 0 && n%nth == 0 {
				fmt.Fprintf(&w, `, replication: {Role: "arn:aws:iam::%s:role/replicate", Rules: [{ID: r, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Disabled}, Destination: {Bucket: "arn:aws:s3:::b-%d-%d"}}]}`,
					id(a), (a+1)%accounts, (n/share*share+1)%buckets)
			}
			w.WriteString("}\n")
		}
	}
	world, err := sandbox.Load("organization.yaml", []byte(w.String()))
	if err != nil {
		b.Fatal(err)
	}
	box, err := sandbox.New(world)
	if err != nil {
		b.Fatal(err)
	}
	return box
}

// BenchmarkOrganization is the program, in a process of its own, scanning AWS in
// memory over loopback: the table of speed in docs/benchmarks.md. Its figures are
// those of the scanning process.
func BenchmarkOrganization(b *testing.B) {
	const throttled = `faults: [{operation: "*", kind: throttling, probability: 0.3, seed: 20261124}]`
	for _, c := range []struct {
		name                          string
		accounts, buckets, nth, share int
		latency                       time.Duration
		more                          string
	}{
		{name: "1x1000_50ms", accounts: 1, buckets: 1000, latency: 50 * time.Millisecond},
		{name: "2x500_links_50ms", accounts: 2, buckets: 500, nth: 1, share: 500, latency: 50 * time.Millisecond},
		{name: "10x100_5pct", accounts: 10, buckets: 100, nth: 20, share: 1},
		{name: "100x100_5pct", accounts: 100, buckets: 100, nth: 20, share: 1},
		{name: "1000x100_5pct", accounts: 1000, buckets: 100, nth: 20, share: 1},
		{name: "100x100_5pct_throttled", accounts: 100, buckets: 100, nth: 20, share: 1, more: throttled},
	} {
		b.Run(c.name, func(b *testing.B) {
			box := organization(b, c.accounts, c.buckets, c.nth, c.share, c.more)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(c.latency)
				box.ServeHTTP(w, r)
			}))
			defer server.Close()
			out := filepath.Join(b.TempDir(), "run.jsonl")
			n := float64(c.accounts * c.buckets)
			for b.Loop() {
				scan := exec.CommandContext(b.Context(), os.Args[0], "scan", "-q", "-o", "jsonl="+out)
				scan.Env = []string{
					"XCTEST_MAIN=1", "PATH=" + os.Getenv("PATH"), "HOME=" + b.TempDir(),
					"AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
					"AWS_ACCESS_KEY_ID=" + sandbox.DefaultAccessKey, "AWS_SECRET_ACCESS_KEY=" + sandbox.DefaultSecretKey,
				}
				var stderr strings.Builder
				scan.Stderr = &stderr
				if err := scan.Start(); err != nil {
					b.Fatal(err)
				}
				rss := residentOf(scan.Process.Pid)
				err := scan.Wait()
				var exit *exec.ExitError
				if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == exitUsage) {
					b.Fatal(err, stderr.String())
				}
				cpu := scan.ProcessState.UserTime() + scan.ProcessState.SystemTime()
				b.ReportMetric(cpu.Seconds(), "cpu-s")
				b.ReportMetric(float64(cpu.Microseconds())/n, "cpu-µs/bucket")
				b.ReportMetric(float64(<-rss)/1024, "rss-MB")
			}
			calls := 0
			for _, times := range box.Calls() {
				calls += times
			}
			b.ReportMetric(float64(calls)/float64(b.N), "calls")
		})
	}
}

// residentOf gives the most memory that a process had resident, in KB, once it has
// ended. (What wait tells includes the memory of the process that started it.)
func residentOf(pid int) <-chan int {
	most := make(chan int, 1)
	go func() {
		peak := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, after, ok := strings.Cut(string(status), "VmHWM:")
			if err != nil || !ok {
				most <- peak
				return
			}
			if n, err := strconv.Atoi(strings.Fields(after)[0]); err == nil {
				peak = max(peak, n)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return most
}
