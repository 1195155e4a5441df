package report_test

import (
	"bytes"
	"testing"

	"crosscheck/report"
	"crosscheck/report/reporttest"
)

func BenchmarkReplay(b *testing.B) {
	run := reporttest.RunFile(b, reporttest.Many(b, 20_000))
	b.SetBytes(int64(len(run)))
	for b.Loop() {
		if err := report.Replay(bytes.NewReader(run), report.Discard{}); err != nil {
			b.Fatal(err)
		}
	}
}
