package output

import (
	"io"
	"runtime"
	"testing"
	"time"

	"crosscheck/report"
	"crosscheck/report/reporttest"
)

// BenchmarkFindings renders 100,000 findings in every format. peak-MB is
// the memory a writer takes beyond the messages themselves.
func BenchmarkFindings(b *testing.B) {
	ms := reporttest.Many(b, 100_000)
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
func peak(format string, ms []report.Message) float64 {
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
