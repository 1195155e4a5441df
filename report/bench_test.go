package report

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// many is a run with n findings of which half failed, one in ten is unknown,
// and the others passed.
func many(t testing.TB, n int) []Message {
	ms := []Message{sample(t)[0]}
	for i := range n {
		status := finding.Fail
		switch {
		case i%10 == 9:
			status = finding.Unknown
		case i%2 == 0:
			status = finding.Pass
		}
		account := fmt.Sprintf("%012d", 100000000000+i*7919%1000)
		bucket := fmt.Sprintf("team-%04d-bucket-%06d", i%997, i)
		id := fact.LinkID(bucket, "replicate-everything", "backup-"+bucket)
		ms = append(ms, Message{Finding: &finding.Finding{RuleID: fmt.Sprintf("XC%03d", i%30), Title: "Destination keeps versions", Status: status,
			Severity: severities[i%len(severities)], AccountID: account, Region: "eu-central-1", Resource: arn(bucket), Link: id,
			Message:      "the policy of backup-" + bucket + " has no statement for arn:aws:iam::" + account + ":role/service-role/s3-replication",
			FailureCodes: []string{"DstPutObjectNotPermitted"}, Evidence: map[string]any{"principal": account, "statement": i % 5},
			Remediation: "in Sid Replica of the policy of backup-" + bucket + ", name the role", Controls: []string{"SecurityHub/S3.7"},
			Fingerprint: fmt.Sprintf("%016x", i*2654435761)}})
	}
	return summarized(t, Gate{}, ms)
}

// BenchmarkFindings renders 100,000 findings in every format. peak-MB is
// the memory a writer takes beyond the messages themselves.
func BenchmarkFindings(b *testing.B) {
	ms := many(b, 100_000)
	for _, format := range Formats() {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := writer(format, io.Discard, Options{})
				for _, m := range ms {
					if err := m.Send(w); err != nil {
						b.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(peak(format, ms), "peak-MB")
		})
	}
}

// peak is the largest heap seen while one report is made, garbage included, less
// what was there before, in MB.
func peak(format string, ms []Message) float64 {
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	runtime.GC()
	before := heap()
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		top := before
		for {
			select {
			case <-done:
				most <- top
				return
			case <-time.After(5 * time.Millisecond):
				top = max(top, heap())
			}
		}
	}()
	w := writer(format, io.Discard, Options{})
	for _, m := range ms {
		_ = m.Send(w) // the benchmark itself has seen it succeed
	}
	_ = w.Close()
	close(done)
	return float64(<-most-before) / (1 << 20)
}
