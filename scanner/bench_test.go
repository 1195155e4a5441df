package scanner

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

// bigWorld is an organization of so many accounts with so many buckets each, of
// which every nth replicates to the next account's bucket of the same number.
func bigWorld(t testing.TB, accounts, buckets, nth int) *sandbox.Sandbox {
	t.Helper()
	var b strings.Builder
	b.WriteString(`organization: {id: o-big0000001, management_account: "100000000000", root: r-bigg}
accounts:
  - {id: "100000000000", name: management}
`)
	id := func(i int) string { return fmt.Sprintf("2%011d", i%accounts) }
	for a := range accounts {
		fmt.Fprintf(&b, `  - id: %q
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
			fmt.Fprintf(&b, "      - {name: b-%d-%d, region: us-east-1, versioning: Enabled", a, n)
			if nth > 0 && n%nth == 0 {
				fmt.Fprintf(&b, `, replication: {Role: "arn:aws:iam::%s:role/replicate", Rules: [{ID: r, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Disabled}, Destination: {Bucket: "arn:aws:s3:::b-%d-%d"}}]}`, id(a), (a+1)%accounts, (n+1)%buckets)
			}
			b.WriteString("}\n")
		}
	}
	return world(t, []byte(b.String()))
}

// BenchmarkScan is the scanner over the sandbox in one process, the sandbox's
// own work included.
func BenchmarkScan(b *testing.B) {
	for _, c := range []struct {
		name                   string
		accounts, buckets, nth int
		latency                time.Duration
	}{
		{"1x1000_50ms", 1, 1000, 0, 50 * time.Millisecond},
		{"2x500_links_50ms", 2, 500, 1, 50 * time.Millisecond},
		{"100x100_5%", 100, 100, 20, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := bigWorld(b, c.accounts, c.buckets, c.nth)
			var calls atomic.Int64
			cfg := caller(s)
			cfg.HTTPClient = doFunc(func(r *http.Request) (*http.Response, error) {
				calls.Add(1)
				time.Sleep(c.latency)
				return s.HTTPClient().Do(r)
			})
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				err := Scan(b.Context(), cfg, Options{RoleName: "crosscheck-audit"}, func(m fact.Message) error {
					if m.Document != nil {
						n++
					}
					if m.Gap != nil {
						b.Errorf("%+v", m.Gap)
					}
					return nil
				})
				if err != nil || n != c.accounts*c.buckets {
					b.Fatal(n, err)
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(calls.Load())/float64(b.N), "calls/op")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*c.accounts*c.buckets), "µs/bucket")
		})
	}
}
