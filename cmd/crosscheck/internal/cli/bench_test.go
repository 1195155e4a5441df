package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/scanner"
	"crosscheck/scanner/fact"
)

// demoFacts are the facts of the demo world as a file has them.
func demoFacts(tb testing.TB) string {
	tb.Helper()
	cfg, c, err := demoAWS()
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	w := fact.NewWriter(&out)
	if err := scanner.Scan(tb.Context(), cfg, scanner.Options{RoleName: c.Scan.RoleName, Version: version}, w.Write); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

// factsOf is a facts file of n buckets that each replicate as the correct links
// of the demo do, every one with policies of its own.
func factsOf(tb testing.TB, n int, recorded string) string {
	tb.Helper()
	var good []string
	var run, coverage string
	for line := range strings.Lines(recorded) {
		switch {
		case strings.HasPrefix(line, `{"run"`):
			run = line
		case strings.HasPrefix(line, `{"coverage"`):
			coverage = line
		case strings.Contains(line, `"bucket":{"name":"orders-ledger"`), strings.Contains(line, `"bucket":{"name":"orders-invoices"`):
			good = append(good, line)
		}
	}
	if len(good) != 2 || run == "" || coverage == "" {
		tb.Fatalf("%d documents, run %q, coverage %q", len(good), run, coverage)
	}
	var b bytes.Buffer
	b.WriteString(run)
	for i := range n {
		line := good[i%2]
		for _, name := range []string{"orders-ledger", "orders-invoices"} {
			line = strings.ReplaceAll(line, name, fmt.Sprintf("%s-%06d", name, i))
		}
		b.WriteString(line)
	}
	b.WriteString(coverage)
	path := filepath.Join(tb.TempDir(), "facts.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// BenchmarkScanFacts is scan --facts over 1,000 buckets that replicate under
// KMS or plainly, rules and matrix and run file included.
func BenchmarkScanFacts(b *testing.B) {
	const n = 1000
	path := factsOf(b, n, demoFacts(b))
	out := filepath.Join(b.TempDir(), "run.jsonl")
	for b.Loop() {
		status, _, stderr := inProcess(b.Context(), "scan", "-q", "--facts", path, "-o", "jsonl="+out)
		if status != exitFindings && status != exitClean && status != exitIncomplete {
			b.Fatal(status, stderr)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "buckets/s")
}
