package output

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

// Every format is the same bytes whether the run fits in memory or not, and no
// file is left behind.
func TestFormatsOnDisk(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ms := reporttest.Many(t, 2_000)
	verdicts := []finding.Verdict{finding.Works, finding.Broken, finding.UnknownVerdict}
	for i := range 300 {
		id := string(rune('a'+i*7%26)) + "-" + string(rune('a'+i*11%26))
		l := reporttest.Link(id, reporttest.Prod, "r", "backup", verdicts[i%3], "why")
		ms = slices.Insert(ms, 1, report.Message{Link: l})
	}
	for format := range formats {
		var b bytes.Buffer
		w := writer(format, &b, Options{}).(*outputs)
		if w.records == nil {
			continue
		}
		w.records.Memory(5_000)
		send(t, w, ms)
		if err := w.Close(); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if want := render(t, format, Options{}, ms); !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s: %d bytes from disk differ from %d bytes from memory", format, b.Len(), len(want))
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
