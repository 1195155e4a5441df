package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	put := func(text string, end func(*File) error) {
		t.Helper()
		f, err := Create(path, 0o640)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Abort()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := end(f); err != nil {
			t.Fatal(err)
		}
	}
	read := func(path string) string {
		b, _ := os.ReadFile(path)
		return string(b)
	}
	put("dropped", func(*File) error { return nil })
	if n := names(t, dir); len(n) != 0 {
		t.Fatalf("left behind: %v", n)
	}
	put("one", (*File).Commit)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	put("two", (*File).Commit)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode did not stay: %v, %v", info, err)
	}
	put("three", func(f *File) error {
		if read(path) != "two" {
			t.Error("the file changed before it was committed")
		}
		return f.KeepAs(path + ".partial")
	})
	if n := names(t, dir); fmt.Sprint(n) != "[a a.partial]" || read(path) != "two" || read(path+".partial") != "three" {
		t.Errorf("%v, %q, %q", n, read(path), read(path+".partial"))
	}
}

// A file that everyone can read does not pass this on to what replaces it.
func TestCreateNarrowsTheMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Create(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
}

// A kept file can be named to a person until it has its own name.
func TestKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "a"), 0o640)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	if got := f.Kept(); got != "" {
		t.Errorf("kept as %q before KeepAs", got)
	}
	partial := filepath.Join(dir, "a.partial")
	if err := f.KeepAs(partial); err != nil || f.Kept() != partial {
		t.Errorf("kept as %q, %v", f.Kept(), err)
	}
	if err := f.Commit(); err != nil || f.Kept() != "" {
		t.Errorf("kept as %q after Commit, %v", f.Kept(), err)
	}
	if n := names(t, dir); fmt.Sprint(n) != "[a]" {
		t.Errorf("there are %v", n)
	}
}

// A device is written directly: there is nothing to keep or to rename.
func TestDevice(t *testing.T) {
	t.Parallel()
	f, err := Create(os.DevNull, 0o640)
	if err != nil {
		t.Skip(err)
	}
	if err := f.KeepAs(filepath.Join(t.TempDir(), "kept")); err != nil || f.Kept() != "" {
		t.Errorf("kept as %q, %v", f.Kept(), err)
	}
	if err := f.Commit(); err != nil {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	readOnly := filepath.Join(dir, "r")
	if err := os.WriteFile(readOnly, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{dir: ErrDirectory, readOnly: ErrReadOnly, filepath.Join(dir, "none", "x"): os.ErrNotExist} {
		if _, err := Create(path, 0o666); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	if n := names(t, dir); fmt.Sprint(n) != "[r]" {
		t.Errorf("left behind: %v", n)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return
	}
	defer os.RemoveAll(dir)
	f, err := Create(filepath.Join(dir, "report.json"), 0o666)
	if err != nil {
		return
	}
	defer f.Abort()
	fmt.Fprintln(f, "{}")
	fmt.Println(f.Commit())
	// Output: <nil>
}
