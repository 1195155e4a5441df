package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"crosscheck/rules/finding"
)

// What is kept on disk comes back as what is kept in memory does, sorted, however
// little of it memory holds and whatever the order of arrival.
func TestSpoolOnDiskIsSpoolInMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"", "a", "b", "a\x00b", "é", "zz"})
		anyFinding := rapid.Custom(func(t *rapid.T) *finding.Finding {
			return &finding.Finding{AccountID: word.Draw(t, "account"), Link: word.Draw(t, "link"), Message: word.Draw(t, "message"), Status: finding.Fail,
				FailureCodes: []string{}, Controls: []string{}, Evidence: map[string]any{"n": json.Number("12345678901234567890")}}
		})
		in := rapid.SliceOfN(anyFinding, 0, 60).Draw(t, "findings")
		memory, disk := newRecords(), newRecords()
		defer disk.close()
		disk.findings.limit = rapid.IntRange(1, 3000).Draw(t, "limit")
		for i, f := range in {
			if err := errors.Join(memory.findings.add(f), disk.findings.add(in[len(in)-1-i])); err != nil {
				t.Fatal(err)
			}
		}
		walk := func(s *spool[finding.Finding]) (out []string) {
			if err := s.each(func(f *finding.Finding) error {
				b, err := json.Marshal(f)
				out = append(out, string(b))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		got, want := walk(&disk.findings), walk(&memory.findings)
		if !slices.Equal(got, want) || disk.findings.len() != len(in) || len(want) != len(in) {
			t.Fatalf("%d from disk, %d from memory, %d added:\n%q\n%q", len(got), len(want), len(in), got, want)
		}
		if again := walk(&disk.findings); !slices.Equal(again, got) {
			t.Fatal("the second walk differs")
		}
		slices.SortFunc(in, compareFindings)
		for i, f := range in {
			if b, _ := json.Marshal(f); string(b) != want[i] {
				t.Fatalf("finding %d is %s, want %s", i, want[i], b)
			}
		}
	})
}

// Every format is the same bytes whether the run fits in memory or not, and no
// file is left behind.
func TestFormatsOnDisk(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ms := many(t, 2_000)
	for i := range 300 {
		id := string(rune('a'+i*7%26)) + "-" + string(rune('a'+i*11%26))
		ms = slices.Insert(ms, 1, Message{Link: link(id, prod, "r", "backup", []finding.Verdict{finding.Works, finding.Broken, finding.UnknownVerdict}[i%3], "why")})
	}
	for format := range formats {
		var b bytes.Buffer
		w := writer(format, &b, Options{}).(*outputs)
		if w.records == nil {
			continue
		}
		w.records.findings.limit, w.records.links.limit = 20_000, 5_000
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

// A disk that cannot take the results is an error that says what to do.
func TestNoRoomOnDisk(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	r := newRecords()
	r.findings.limit = 1
	if err := r.findings.add(&finding.Finding{}); err == nil || !bytes.Contains([]byte(err.Error()), []byte("TMPDIR")) {
		t.Errorf("error %v", err)
	}
}
