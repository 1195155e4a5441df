package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// letGo ends a journal as the end of its process does: the file stays as it is.
func letGo(t *testing.T, j *Journal) {
	t.Helper()
	if err := errors.Join(j.file.Close(), j.lock.Unlock()); err != nil {
		t.Fatal(err)
	}
}

// TestLock keeps others from the journal of a run that is alive, and leaves nothing
// behind when all is done.
func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := Open(dir, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Reopen(j.Path()); !errors.Is(err, ErrBusy) {
		t.Errorf("the journal of a live run: %v", err)
	}
	if entries, err := Read(j.Path()); err != nil || len(entries) > 0 {
		t.Errorf("a live journal can be read: %v, %v", entries, err)
	}
	entry := Entry{Run: "r1", Key: "crosscheck-canary/r1/1", Source: Location{Bucket: "src"}, Destination: Location{Bucket: "dst"}}
	if err := j.Put(entry); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, entries, err := Reopen(j.Path())
	if err != nil || len(entries) != 1 {
		t.Fatalf("the journal of a run that ended: %v, %v", entries, err)
	}
	if _, _, err := Reopen(j.Path()); !errors.Is(err, ErrBusy) {
		t.Errorf("two sweeps at a time: %v", err)
	}
	if err := again.Removed("src", entry.Key); err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if err := again.Removed("src", entry.Key); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a journal that is closed: %v", err)
	}
	if _, _, err := Reopen(j.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a journal that is gone: %v", err)
	}
	if rest, err := os.ReadDir(dir); err != nil || len(rest) > 0 {
		t.Errorf("left: %v, %v", rest, err)
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	j, err := Open(dir, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, "r1"); err == nil {
		t.Error("two journals of one run")
	}
	entry := func(n int) Entry {
		return Entry{Run: "r1", Link: "l", Key: fmt.Sprintf("p/crosscheck-canary/r1/%d", n), At: "2026-11-24T00:00:00Z",
			Source:      Location{Bucket: "src", AccountID: "111111111111", Region: "us-east-1", Access: Access{RoleName: "crosscheck-canary"}},
			Destination: Location{Bucket: "dst", Access: Access{Profile: "backup", Endpoint: "https://s3.example"}}}
	}
	for n := range 3 {
		if err := j.Put(entry(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Removed("src", entry(1).Key); err != nil {
		t.Fatal(err)
	}
	path := j.Path()
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal("the journal of a run that left something is gone")
	}
	want := []Entry{entry(0), entry(2)}
	for _, torn := range []string{"", `{"put":{"run":"r1","ke`} {
		if err := os.WriteFile(path, append(data, torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		j, got, err := Reopen(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		letGo(t, j)
	}
	header, rest, _ := strings.Cut(string(data), "\n")
	invoice := strings.ReplaceAll(`{"put":{"run":"r1","key":"prod/r1/invoice.pdf","source":{"bucket":"a"},"destination":{"bucket":"b"}}}`, "\n", "")
	for text, complaint := range map[string]string{
		"": "",
		header + "\n" + strings.Repeat("\x00", 100):                                        "line 2 is no journal entry",
		strings.Repeat("\x00", 100):                                                        "line 1 is no journal entry",
		"{\"crosscheck_canary_journal\":2}\n" + rest:                                       "not a canary journal",
		"hello\n" + rest:                                                                   "line 1 is no journal entry",
		string(data) + "{\"put\":{}}\n":                                                    "an entry without its buckets",
		string(data) + invoice + "\n":                                                      `the key "prod/r1/invoice.pdf" is not one of the run "r1"`,
		string(data) + strings.ReplaceAll(invoice, "r1", "2026") + "\n":                    `the key "prod/2026/invoice.pdf" is not one`,
		string(data) + strings.Replace(invoice, "prod/r1/invoice.pdf", "r1/1", 1) + "\n":   `the key "r1/1" is not one`,
		string(data) + strings.Replace(invoice, "prod/r1/invoice.pdf", "p/r2/1", 1) + "\n": `the key "p/r2/1" is not one`,
		string(data) + "{\"drop\":1}\n":                                                    "line 6 is no journal entry",
		string(data) + "{}\n":                                                              "line 6 is no journal entry",
		header + "\n{\"put\":{\"ru" + rest:                                                 "line 2 is no journal entry",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		j, got, err := Reopen(path)
		if j != nil {
			err = j.Damage()
		}
		if (complaint == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), complaint) {
			t.Errorf("%q: %v, want %q", text, err, complaint)
		}
		if j == nil {
			continue
		}
		if strings.Contains(text, rest) {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%q: the other lines: %s", text, d)
			}
		}
		for _, e := range got {
			if err := j.Removed(e.Source.Bucket, e.Key); err != nil {
				t.Error(err)
			}
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); (complaint == "") != errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q: after all is removed: %v", text, err)
		}
	}
}

// TestTornWrite cuts off what a full disk left of a line before the next one is written.
func TestTornWrite(t *testing.T) {
	t.Parallel()
	j, err := Open(t.TempDir(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.file.WriteString(`{"put":{"run":"r1","ke`); err != nil {
		t.Fatal(err)
	}
	j.torn = true
	entry := Entry{Run: "r1", Key: "crosscheck-canary/r1/1", Source: Location{Bucket: "a"}, Destination: Location{Bucket: "b"}}
	if err := j.Put(entry); err != nil {
		t.Fatal(err)
	}
	letGo(t, j)
	again, got, err := Reopen(j.Path())
	if err != nil || again.Damage() != nil || len(got) != 1 {
		t.Fatalf("%v, %v, %v", got, err, again.Damage())
	}
	letGo(t, again)
}

func FuzzJournal(f *testing.F) {
	f.Add("{\"crosscheck_canary_journal\":1}\n{\"put\":{\"run\":\"r\",\"link\":\"l\",\"key\":\"crosscheck-canary/r/1\",\"at\":\"\",\"source\":{\"bucket\":\"a\"},\"destination\":{\"bucket\":\"b\"}}}\n")
	f.Add("{\"crosscheck_canary_journal\":1}\n{\"removed\":{\"bucket\":\"a\",\"key\":\"k\"}}\n{")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readJournal(strings.NewReader(text), "r")
		if err != nil {
			return
		}
		for _, e := range c.entries {
			if e.Source.Bucket == "" || e.Destination.Bucket == "" || e.Run == "" || !strings.Contains(e.Key, "/"+e.Run+"/") {
				t.Errorf("%+v may be swept", e)
			}
		}
	})
}
