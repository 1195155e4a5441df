package records

import (
	"bytes"
	"crosscheck/report"
	"crosscheck/report/internal/spool"
	"crosscheck/rules/finding"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Findings come back from disk as from memory, sorted, however few fit in memory and
// whatever the order of arrival.
func TestSpoolOnDiskIsSpoolInMemory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"", "a", "b", "a\x00b", "é", "zz"})
		anyFinding := rapid.Custom(func(t *rapid.T) *finding.Finding {
			return &finding.Finding{
				AccountID: word.Draw(t, "account"), Link: word.Draw(t, "link"), Message: word.Draw(t, "message"),
				Status: finding.Fail, FailureCodes: []string{}, Controls: []string{},
				Evidence: map[string]any{"n": json.Number("12345678901234567890")},
			}
		})
		in := rapid.SliceOfN(anyFinding, 0, 60).Draw(t, "findings")
		memory, disk := &NewBuilder().records, &NewBuilder().records
		defer disk.close()
		disk.Findings.Limit = rapid.IntRange(1, 3000).Draw(t, "limit")
		for i, f := range in {
			if err := errors.Join(memory.Findings.Add(f), disk.Findings.Add(in[len(in)-1-i])); err != nil {
				t.Fatal(err)
			}
		}
		walk := func(s *spool.Spool[finding.Finding]) (out []string) {
			if err := s.Each(func(f *finding.Finding) error {
				b, err := json.Marshal(f)
				out = append(out, string(b))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		got, want := walk(&disk.Findings), walk(&memory.Findings)
		if !slices.Equal(got, want) || disk.Findings.Len() != len(in) || len(want) != len(in) {
			t.Fatalf("%d from disk, %d from memory, %d added:\n%q\n%q", len(got), len(want), len(in), got, want)
		}
		if again := walk(&disk.Findings); !slices.Equal(again, got) {
			t.Fatal("the second walk differs")
		}
		slices.SortFunc(in, CompareFindings)
		for i, f := range in {
			if b, _ := json.Marshal(f); string(b) != want[i] {
				t.Fatalf("finding %d is %s, want %s", i, want[i], b)
			}
		}
	})
}

// A disk that cannot take the results is an error that says what to do.
func TestNoRoomOnDisk(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	r := &NewBuilder().records
	r.Findings.Limit = 1
	if err := r.Findings.Add(&finding.Finding{}); err == nil || !bytes.Contains([]byte(err.Error()), []byte("TMPDIR")) {
		t.Errorf("error %v", err)
	}
}

// Findings whose keys are the same are in the order of their content.
func TestOrderOfContent(t *testing.T) {
	t.Parallel()
	r := &NewBuilder().records
	for _, title := range []string{"b", "c", "a"} {
		if err := r.Findings.Add(&finding.Finding{Title: title}); err != nil {
			t.Fatal(err)
		}
	}
	got := ""
	if err := r.Findings.Each(func(f *finding.Finding) error {
		got += f.Title
		return nil
	}); err != nil || got != "abc" {
		t.Errorf("%q, %v", got, err)
	}
}

// What keys leave open is settled by content, in both directions.
func TestOrderByContent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		order, want int
		a, b        string
	}{{-1, -1, "b", "a"}, {1, 1, "a", "b"}, {0, -1, "a", "b"}, {0, 1, "b", "a"}, {0, 0, "a", "a"}} {
		if got := OrByContent(c.order, c.a, c.b); got != c.want {
			t.Errorf("%d, %q, %q: %d, want %d", c.order, c.a, c.b, got, c.want)
		}
	}
}

// The checks of links are kept for the formats that show them; the link that was given
// is left as it is.
func TestChecksAreKeptOnRequest(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		b := NewBuilder()
		b.Keep.Checks = keep
		l := &finding.Link{ID: "a", Checks: []finding.Check{{Action: "s3:ReplicateObject"}}}
		if err := b.Link(l); err != nil {
			t.Fatal(err)
		}
		if err := b.records.Links.Each(func(got *finding.Link) error {
			if (len(got.Checks) == 1) != keep || len(l.Checks) != 1 {
				t.Errorf("keep %v: %d checks, %d of the link itself", keep, len(got.Checks), len(l.Checks))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExitText(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		0: "exit status 0 (clean)", 1: "exit status 1 (faults found)", 2: "exit status 2",
		3: "exit status 3 (incomplete: something is unknown)",
	} {
		if got := ExitText(status); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}

func TestBaselineText(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]report.BaselineCounts{
		"1 new, 2 existing, 3 fixed":                  {New: 1, Existing: 2, Fixed: 3},
		"0 new, 0 existing, 0 fixed, 1 not known now": {Unknown: 1},
	} {
		if got := BaselineText(&b); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
