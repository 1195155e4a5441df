package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

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
	j, err := Open(dir, "r1", "crosscheck-canary")
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
	j, err := Open(dir, "r1", "crosscheck-canary")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, "r1", "crosscheck-canary"); err == nil {
		t.Error("two journals of one run")
	}
	entry := func(n int) Entry {
		return Entry{Run: "r1", Link: "l", Prefix: "p/", Key: Key("p/", "crosscheck-canary", "r1", n), At: "2026-11-24T00:00:00Z",
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
		header + "\n" + strings.Repeat("\x00", 100) + "\n":                                 "line 2 is no journal entry",
		header + "\n" + strings.Repeat("x", maxLine+1):                                     "line 2 is no journal entry",
		header + "\n" + strings.Repeat("x", 3*maxLine) + "\n" + rest:                       "line 2 is no journal entry: it is longer than",
		strings.Repeat("x\n", 1000):                                                        "990 more lines",
		string(data) + header + "\n":                                                       "line 6 is no journal entry: only the first line has a version",
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

// newlines are so many empty lines; at their end, held is what the heap has grown by.
type newlines struct {
	left  int
	start uint64
	held  uint64
}

func (r *newlines) Read(p []byte) (int, error) {
	if r.left == 0 {
		r.held = heap() - min(heap(), r.start)
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	for i := range n {
		p[i] = '\n'
	}
	r.left -= n
	return n, nil
}

// heap is the memory in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestGarbage keeps no more of a journal of garbage than of the first bad lines. It looks
// at the memory of the process, so nothing runs beside it.
func TestGarbage(t *testing.T) {
	const lines = 200_000
	r := &newlines{left: lines, start: heap()}
	c, err := readJournal(r, "r1")
	if err != nil || c.damage == nil || !strings.HasSuffix(c.damage.Error(), "199990 more lines are no journal entries") {
		t.Errorf("%v, %v", c.damage, err)
	}
	if r.held > 4<<20 {
		t.Errorf("%d bytes are held for %d bad lines", r.held, lines)
	}
}

// TestTornWrite cuts off what a full disk left of a line before the next one is written.
func TestTornWrite(t *testing.T) {
	t.Parallel()
	j, err := Open(t.TempDir(), "r1", "crosscheck-canary")
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

// TestEdited: of a journal that was edited, nothing is swept but what its run announced:
// PREFIX + folder/RUN/NUMBER with the run and the folder of the journal.
func TestEdited(t *testing.T) {
	t.Parallel()
	const (
		first = `{"crosscheck_canary_journal":2,"folder":"crosscheck-canary"}` + "\n"
		put   = `{"put":{"run":"r1","link":"l","prefix":"p/","key":"p/crosscheck-canary/r1/1","at":"","source":{"bucket":"a"},"destination":{"bucket":"b"}}}` + "\n"
	)
	old := strings.NewReplacer(`2,"folder":"crosscheck-canary"`, "1", `"prefix":"p/",`, "")
	for name, test := range map[string]struct {
		edits []string // old, new, …
		file  string   // run of the file's name, "" = r1
		old   int      // what version 1 sweeps of it
		swept int
	}{
		"as it was":                 {swept: 1, old: 1},
		"key of a user":             {edits: []string{`"p/crosscheck-canary/r1/1"`, `"prod/2026/invoice.pdf"`}},
		"number of a user":          {edits: []string{`"p/crosscheck-canary/r1/1"`, `"prod/2026/1"`}},
		"key below":                 {edits: []string{`r1/1"`, `r1/1/2"`}},
		"number":                    {edits: []string{`r1/1"`, `r1/2"`}, swept: 1, old: 1}, // its run may have it
		"leading zeros":             {edits: []string{`r1/1"`, `r1/001"`}, old: 1},
		"no number":                 {edits: []string{`r1/1"`, `r1/"`}},
		"too long a number":         {edits: []string{`r1/1"`, `r1/1234567890"`}},
		"dots":                      {edits: []string{`r1/1"`, `r1/../1"`}},
		"dots for the run":          {edits: []string{`canary/r1/1"`, `canary/../1"`}},
		"dots in front":             {edits: []string{`"p/crosscheck-canary/r1/1"`, `"p/../crosscheck-canary/r1/1"`}, old: 1},
		"run of the key":            {edits: []string{`canary/r1/1"`, `canary/r2/1"`}},
		"run of the entry":          {edits: []string{`"run":"r1"`, `"run":"r2"`}},
		"run of both":               {edits: []string{"r1", "r2"}},
		"run of the file":           {file: "r2"},
		"folder of the key":         {edits: []string{`p/crosscheck-canary`, `p/invoices`}, old: 1},
		"folder of the journal":     {edits: []string{`"folder":"crosscheck-canary"`, `"folder":"invoices"`}, old: -1},
		"no folder":                 {edits: []string{`,"folder":"crosscheck-canary"`, ``}, old: -1},
		"folder of dots":            {edits: []string{`"folder":"crosscheck-canary"`, `"folder":".."`}, old: -1},
		"folder of segments":        {edits: []string{`"folder":"crosscheck-canary"`, `"folder":"a/b"`}, old: -1},
		"prefix":                    {edits: []string{`"prefix":"p/"`, `"prefix":"q/"`}, old: -1},
		"no prefix":                 {edits: []string{`"prefix":"p/",`, ``}, old: -1},
		"half a prefix":             {edits: []string{`"prefix":"p/"`, `"prefix":"p"`}, old: -1},
		"prefix that is all":        {edits: []string{`"prefix":"p/"`, `"prefix":"p/crosscheck-canary/r1/1"`}, old: -1},
		"prefix and key":            {edits: []string{`"p/`, `"q/`}, swept: 1, old: -1}, // still a key of the run
		"two keys":                  {edits: []string{`"at":""`, `"key":"prod/2026/invoice.pdf","at":""`}},
		"a key in capitals":         {edits: []string{`"at":""`, `"KEY":"prod/2026/invoice.pdf","at":""`}},
		"no bucket":                 {edits: []string{`"bucket":"a"`, `"bucket":""`}},
		"an entry that is a remove": {edits: []string{`}}}`, `}},"removed":{"bucket":"a","key":"k"}}`}},
	} {
		file := test.file
		if file == "" {
			file = "r1"
		}
		edit := func(s string) string {
			for i := 0; i < len(test.edits); i += 2 {
				s = strings.ReplaceAll(s, test.edits[i], test.edits[i+1])
			}
			return s
		}
		c, err := readJournal(strings.NewReader(edit(first+put)), file)
		if len(c.entries) != test.swept || test.swept == 0 && err == nil && c.damage == nil {
			t.Errorf("%s: %v, %v, %v", name, c.entries, c.damage, err)
		}
		if test.old < 0 {
			continue
		}
		c, err = readJournal(strings.NewReader(edit(old.Replace(first+put))), file)
		if len(c.entries) != test.old || test.old == 0 && err == nil && c.damage == nil {
			t.Errorf("%s, version 1: %v, %v, %v", name, c.entries, c.damage, err)
		}
	}
	// A first line that is damaged hides the folder: the keys have the form of version 1.
	c, err := readJournal(strings.NewReader(`{"crosscheck_can`+"\n"+put), "r1")
	if err != nil || c.damage == nil || len(c.entries) != 1 {
		t.Errorf("a torn first line: %v, %v, %v", c.entries, c.damage, err)
	}
}

// TestOnlyOwnKeys: what a sweep would refuse is not announced, and so not put.
func TestOnlyOwnKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for run, folder := range map[string]string{"r/1": "f", "..": "f", "": "f", "r": "a/b", "q": "..", "p": ""} {
		if _, err := Open(dir, run, folder); err == nil {
			t.Errorf("run %q, folder %q", run, folder)
		}
	}
	j, err := Open(dir, "r1", "f")
	if err != nil {
		t.Fatal(err)
	}
	a, b := Location{Bucket: "a"}, Location{Bucket: "b"}
	for _, e := range []Entry{
		{Run: "r2", Key: "f/r1/1", Source: a, Destination: b},
		{Run: "r1", Key: "f/r2/1", Source: a, Destination: b},
		{Run: "r1", Key: "g/r1/1", Source: a, Destination: b},
		{Run: "r1", Key: "p/f/r1/1", Source: a, Destination: b},
		{Run: "r1", Prefix: "p/", Key: "f/r1/1", Source: a, Destination: b},
		{Run: "r1", Key: "f/r1/1", Source: a},
	} {
		if err := j.Put(e); err == nil || !strings.Contains(err.Error(), "journal cannot be written") {
			t.Errorf("%+v: %v", e, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if rest, err := os.ReadDir(dir); err != nil || len(rest) > 0 {
		t.Errorf("left: %v, %v", rest, err)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add("{\"crosscheck_canary_journal\":1}\n{\"put\":{\"run\":\"r\",\"link\":\"l\",\"key\":\"crosscheck-canary/r/1\",\"at\":\"\",\"source\":{\"bucket\":\"a\"},\"destination\":{\"bucket\":\"b\"}}}\n")
	f.Add("{\"crosscheck_canary_journal\":2,\"folder\":\"f\"}\n{\"put\":{\"run\":\"r\",\"link\":\"l\",\"prefix\":\"p/\",\"key\":\"p/f/r/1\",\"at\":\"\",\"source\":{\"bucket\":\"a\"},\"destination\":{\"bucket\":\"b\"}}}\n")
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
			if run, ok := RunOfKey(e.Key, e.Prefix, c.form.folder); c.form.folder != "" && (!ok || run != "r") {
				t.Errorf("%+v may be swept", e)
			}
		}
	})
}

// TestManyRemovals: reading takes time in proportion to the lines, whatever their order.
func TestManyRemovals(t *testing.T) {
	read := func(n int) time.Duration {
		var b bytes.Buffer
		fmt.Fprintf(&b, `{"crosscheck_canary_journal":%d,"folder":"f"}`+"\n", version)
		for i := range n {
			fmt.Fprintf(&b, `{"put":{"run":"r","link":"l","prefix":"","key":"f/r/%d","at":"2026-11-24T00:00:00Z","source":{"bucket":"s"},"destination":{"bucket":"d"}}}`+"\n", i)
		}
		for i := range n - 1 {
			fmt.Fprintf(&b, `{"removed":{"bucket":"s","key":"f/r/%d"}}`+"\n", n-1-i)
		}
		began := time.Now()
		c, err := readJournal(&b, "r")
		if err != nil || c.damage != nil || len(c.entries) != 1 || c.entries[0].Key != "f/r/0" {
			t.Fatalf("%d entries, %v, %v", len(c.entries), err, c.damage)
		}
		return time.Since(began)
	}
	// Three times as long as in proportion at most: the quadratic one took ten times.
	if few, many := read(4_000), read(40_000); many > 30*few {
		t.Errorf("%s for 4,000 entries and %s for 40,000", few, many)
	}
}
