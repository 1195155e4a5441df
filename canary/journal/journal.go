// Package journal keeps on disk what a canary is about to put, so that a sweep can
// remove it after a crash. One file per run, a JSON line per entry.
package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/gofrs/flock"

	"crosscheck/scanner/exactjson"
)

// Journal is the file in which a run announces what it will put, before it puts it.
// Each entry is on the disk before the call that it announces. The file is removed when
// all that it announces has been removed. All methods may be called at the same time.
//
// While its run lives, another file beside it is locked: a lock on the journal
// itself would keep others from reading it on Windows. The system releases the lock
// when the process ends, however it ends.
//
// A nil *Journal keeps nothing, and its methods succeed.
type Journal struct {
	file *os.File
	lock *flock.Flock
	form form

	mu      sync.Mutex
	open    map[string]int // objects announced and not yet removed, by bucket and key
	written int            // lines
	size    int64          // bytes of whole lines, and of garbage before them
	torn    bool           // something follows them
	damage  error          // lines that are no entries: the file is kept for them

	syncing sync.Mutex
	synced  int // lines that are on the disk for sure
}

// Entry is one probe object that was, or was about to be, put.
type Entry struct {
	Run    string `json:"run"`
	Link   string `json:"link"`
	Prefix string `json:"prefix"`          // of the key, before the canary's folder; of the replication rule
	Key    string `json:"key"`             // Prefix + folder/Run/number
	At     string `json:"at"`              // RFC 3339, UTC
	Parts  bool   `json:"parts,omitempty"` // it is uploaded in parts, which may be left too
	Held   bool   `json:"held,omitempty"`  // its versions have a legal hold
	// Uncovered says that no rule covers the key, so that nothing may be replicated.
	Uncovered   bool     `json:"uncovered,omitempty"`
	Source      Location `json:"source"`
	Destination Location `json:"destination"`
	// Others are the buckets to which other rules replicate the object.
	Others []Location `json:"others,omitempty"`
}

// Location is a bucket and how to access it again.
type Location struct {
	Bucket    string `json:"bucket"`
	AccountID string `json:"account_id,omitempty"`
	Region    string `json:"region,omitempty"`
	Access
}

// Access is what another process needs to access a bucket again.
type Access struct {
	Profile  string `json:"profile,omitempty"`   // of the shared configuration; "" = the environment's credentials
	RoleName string `json:"role_name,omitempty"` // assumed in the bucket's account; "" = none
	Endpoint string `json:"endpoint,omitempty"`  // URL; "" = AWS
}

// line is one line of the file: the first, an entry, or a removal.
type line struct {
	Version int      `json:"crosscheck_canary_journal,omitempty"` // first line
	Folder  string   `json:"folder,omitempty"`                    // first line: of all keys, since version 2
	Put     *Entry   `json:"put,omitempty"`
	Removed *removal `json:"removed,omitempty"`
}

// removal says that both sides of a probe are known to be empty.
type removal struct {
	Bucket string `json:"bucket"` // source
	Key    string `json:"key"`
}

const (
	version    = 2
	maxLine    = 64 << 10 // bytes; a key has at most 1 KiB, or 6 escaped
	maxDamage  = 10       // lines that are named when they are no entries
	suffix     = ".jsonl"
	lockSuffix = ".lock" // in place of suffix
)

// DefaultDirectory is the directory of the journals of this user: below XDG_STATE_HOME,
// which getenv gives, else below ~/.local/state.
func DefaultDirectory(getenv func(name string) string) (string, error) {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "crosscheck", "canary"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for the canary's journal: %w", err)
	}
	return filepath.Join(home, ".local", "state", "crosscheck", "canary"), nil
}

// Open makes the journal of a new run in a directory, which is made too. folder is the
// name of the directory of the run's keys. It fails if the run has a journal.
func Open(dir, run, folder string) (*Journal, error) {
	j, err := newJournal(dir, run, folder)
	if err != nil {
		return nil, fmt.Errorf("the canary's journal cannot be written: %w", err)
	}
	return j, nil
}

func newJournal(dir, run, folder string) (*Journal, error) {
	if err := CheckFolder(folder); err != nil {
		return nil, err
	}
	if !runID.MatchString(run) {
		return nil, fmt.Errorf("%q is not the id of a run", run)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, run+suffix)
	lock, err := lockJournal(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	j := &Journal{file: f, lock: lock, form: form{run, folder}, open: map[string]int{}}
	err = j.append(line{Version: version, Folder: folder})
	if err == nil {
		err = j.sync(1)
	}
	if err == nil {
		err = syncDirectory(dir) // the file's name has to survive a crash too
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// lockJournal takes a journal for this process: [ErrBusy] if another one, or this
// one, has it.
func lockJournal(path string) (*flock.Flock, error) {
	lock := flock.New(strings.TrimSuffix(path, suffix)+lockSuffix, flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.ENOLCK):
		return lock, nil // a file system without locks
	case err != nil:
		return nil, err
	case !locked:
		return nil, ErrBusy
	}
	return lock, nil
}

// syncDirectory brings the names in a directory to the disk, where the system can.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	err = d.Sync()
	for _, cannot := range []error{errors.ErrUnsupported, os.ErrInvalid, os.ErrPermission} {
		if errors.Is(err, cannot) {
			return nil
		}
	}
	return err
}

// Path is the file of the journal.
func (j *Journal) Path() string {
	if j == nil {
		return ""
	}
	return j.file.Name()
}

// Put announces an object. It returns when the entry is on the disk. An entry that a
// sweep would refuse is an error.
func (j *Journal) Put(e Entry) error {
	if j == nil {
		return nil
	}
	if err := j.form.check(&e); err != nil {
		return fmt.Errorf("the canary's journal cannot be written: %w", err)
	}
	j.mu.Lock()
	err := j.append(line{Put: &e})
	if err == nil {
		j.open[e.Source.Bucket+"\x00"+e.Key]++
	}
	mine := j.written
	j.mu.Unlock()
	if err == nil {
		err = j.sync(mine)
	}
	if err != nil {
		return fmt.Errorf("the canary's journal cannot be written: %w", err)
	}
	return nil
}

// sync returns when the first n lines are on the disk. Probes that come together
// share one sync: a disk does some hundred in a second, and a run starts more.
func (j *Journal) sync(n int) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= n {
		return nil
	}
	j.mu.Lock()
	written := j.written
	j.mu.Unlock()
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.synced = written
	return nil
}

// Removed says that nothing is left of an object, on both sides; bucket is that of the
// source. Losing this line in a crash
// does no harm: the sweep finds nothing then.
func (j *Journal) Removed(bucket, key string) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.open, bucket+"\x00"+key)
	return j.append(line{Removed: &removal{bucket, key}})
}

// append adds a line, or nothing: what a full disk left of one is cut off again, at the
// latest before the next. It runs with j.mu held.
func (j *Journal) append(l line) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if j.torn && j.cut() != nil {
		data = append([]byte("\n"), data...) // at least no line begins within another
	}
	n, err := j.file.Write(data)
	if err != nil {
		j.torn = j.torn || n > 0
		if j.torn {
			_ = j.cut()
		}
		return err
	}
	if j.torn {
		j.torn = false
		if info, err := j.file.Stat(); err == nil {
			j.size = info.Size()
		}
	} else {
		j.size += int64(n)
	}
	j.written++
	return nil
}

// cut ends the file after its last whole line.
func (j *Journal) cut() error {
	err := j.file.Truncate(j.size)
	j.torn = err != nil
	return err
}

// Close ends the journal. Its file stays if something announced in it has not
// been removed, or if it has lines that are no entries.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	err := j.file.Close()
	if len(j.open) > 0 || j.damage != nil {
		return errors.Join(err, j.lock.Unlock())
	}
	// In this order, who gets the lock after this run finds no journal any more.
	err = errors.Join(err, os.Remove(j.file.Name()), j.lock.Unlock())
	_ = os.Remove(j.lock.Path())
	return err
}

// List lists the journal files in a directory, oldest name first. No directory is
// no journal.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// ErrBusy says that the run of a journal is still alive.
var ErrBusy = errors.New("its run is still alive")

// Reopen takes over the journal of a dead run. The entries are what it put and
// is not known to have removed, in the order of the file. Lines that are no entries are
// left out: see [Journal.Damage].
func Reopen(path string) (*Journal, []Entry, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil, err // a lock would make a file for it
	}
	lock, err := lockJournal(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		err = errors.Join(err, lock.Unlock())
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(lock.Path()) // swept meanwhile
		}
		return nil, nil, err
	}
	c, err := readJournal(f, RunOf(path))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close(), lock.Unlock())
	}
	j := &Journal{file: f, lock: lock, form: c.form, open: map[string]int{}, size: c.size, torn: c.torn}
	if c.damage != nil {
		j.damage = fmt.Errorf("%s: %w", path, c.damage)
	}
	entries := c.entries
	for _, e := range entries {
		j.open[e.Source.Bucket+"\x00"+e.Key]++
	}
	return j, entries, nil
}

// Damage says which lines of a journal that was taken over are no entries of its run. Such
// a journal is not removed. Nil if there are none.
func (j *Journal) Damage() error { return j.damage }

// Read lists what the run of a journal put and is not known to have
// removed, without taking the journal over. With lines that are no entries, it returns
// the others and an error.
func Read(path string) ([]Entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	c, err := readJournal(f, RunOf(path))
	if err = errors.Join(err, c.damage); err != nil {
		return c.entries, fmt.Errorf("%s: %w", path, err)
	}
	return c.entries, nil
}

// content is what a journal says.
type content struct {
	form    form
	entries []Entry // not removed
	size    int64   // bytes up to the end of what is kept
	torn    bool    // a line follows that was not written to its end
	damage  error   // lines that are no entries
}

// readJournal reads the journal of a run. A last line without its end was being written
// when the run died: nothing was put for it yet. Another line that is no entry is
// damage, and the others count.
func readJournal(r io.Reader, run string) (content, error) {
	c := content{form: form{run: run}}
	left := unremoved{at: map[removal][]int{}}
	var damage damage
	bad := damage.add
	in := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		text, size, err := readLine(in)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return c, err
		}
		if last {
			c.torn = size > 0
			if c.torn && (size > maxLine || text[0] != '{' || bytes.IndexByte(text, 0) >= 0) {
				bad(n, errors.New("it has no end"))
				c.size += size // garbage that no run wrote is kept
				c.torn = false
			}
			c.damage = damage.err()
			c.entries = left.list()
			return c, nil
		}
		c.size += size
		if size > maxLine {
			bad(n, fmt.Errorf("it is longer than %d bytes", maxLine))
			continue
		}
		l, err := parseLine(text)
		if err != nil {
			bad(n, err)
			// A full disk may have torn it, with the next one behind it.
			if l, err = parseLine(text[max(0, bytes.LastIndex(text, []byte(`{"put":`))):]); err != nil {
				continue
			}
		} else if (n == 1) != l.isFirst() {
			if n == 1 {
				return c, errUnknown
			}
			bad(n, errors.New("only the first line has a version"))
			continue
		}
		switch {
		case l.isFirst():
			if c.form.folder, err = l.folder(); err != nil {
				return c, err
			}
		case l.Put != nil:
			if err := c.form.check(l.Put); err != nil {
				bad(n, err)
				continue
			}
			left.put(l.Put)
		case l.Removed != nil:
			left.remove(*l.Removed)
		}
	}
}

// unremoved are the entries of a journal that no later line removes.
type unremoved struct {
	entries []*Entry          // nil = removed
	at      map[removal][]int // where those of an object are
	gone    int
}

func (u *unremoved) put(e *Entry) {
	of := removal{e.Source.Bucket, e.Key}
	u.at[of] = append(u.at[of], len(u.entries))
	u.entries = append(u.entries, e)
}

func (u *unremoved) remove(of removal) {
	for _, i := range u.at[of] {
		u.entries[i] = nil
		u.gone++
	}
	delete(u.at, of)
	if u.gone > 1000 && u.gone > len(u.entries)/2 { // so that those of a long run need no memory
		left := u.list()
		*u = unremoved{at: map[removal][]int{}}
		for i := range left {
			u.put(&left[i])
		}
	}
}

// list are the entries in the order of the file.
func (u *unremoved) list() (list []Entry) {
	for _, e := range u.entries {
		if e != nil {
			list = append(list, *e)
		}
	}
	return list
}

// readLine reads a line with its end, or what is left at [io.EOF]. Of a line that is longer
// than [maxLine], only the size is known then.
func readLine(in *bufio.Reader) (text []byte, size int64, err error) {
	text, err = in.ReadSlice('\n')
	size = int64(len(text))
	for errors.Is(err, bufio.ErrBufferFull) {
		text, err = in.ReadSlice('\n')
		size += int64(len(text))
		if !errors.Is(err, bufio.ErrBufferFull) {
			size = max(size, maxLine+1)
		}
	}
	return text, size, err
}

// damage is the lines that are no entries. Garbage may have millions, of which only the
// first [maxDamage] are named and the others are counted.
type damage struct {
	named []error
	more  int
}

func (d *damage) add(n int, err error) {
	if len(d.named) == maxDamage {
		d.more++
		return
	}
	d.named = append(d.named, fmt.Errorf("line %d is no journal entry: %w", n, err))
}

// err is one error of all, nil without damage.
func (d *damage) err() error {
	err := errors.Join(d.named...)
	if d.more > 0 {
		err = errors.Join(err, fmt.Errorf("%d more lines are no journal entries", d.more))
	}
	return err
}

// shape is the names of fields of a line.
var shape = exactjson.ShapeOf[line]()

// parseLine reads a whole line.
func parseLine(text []byte) (line, error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return l, err
	}
	if len(bytes.TrimSpace(text[d.InputOffset():])) > 0 {
		return l, errors.New("something follows it")
	}
	if err := shape.Check(text); err != nil {
		return l, err
	}
	says := 0
	for _, there := range []bool{l.isFirst(), l.Put != nil, l.Removed != nil} {
		if there {
			says++
		}
	}
	switch says {
	case 0:
		return l, errors.New("it is empty")
	case 1:
		return l, nil
	}
	return l, errors.New("it says more than one thing")
}

var errUnknown = errors.New("not a canary journal of a version known here")

func (l *line) isFirst() bool { return l.Version != 0 || l.Folder != "" }

// folder is that of a first line, "" in version 1, which does not say it.
func (l *line) folder() (string, error) {
	switch {
	case l.Version == 1 && l.Folder == "":
		return "", nil
	case l.Version == version && CheckFolder(l.Folder) == nil:
		return l.Folder, nil
	}
	return "", errUnknown
}

// form is what all keys of a run have in common.
type form struct {
	run    string
	folder string // "" = not known: the journal is of version 1, or its first line is damaged
}

// check refuses an entry that its run cannot have written: a sweep deletes what its key
// names.
func (f form) check(e *Entry) error {
	if e.Source.Bucket == "" || e.Destination.Bucket == "" ||
		slices.ContainsFunc(e.Others, func(l Location) bool { return l.Bucket == "" }) {
		return errors.New("an entry without its buckets")
	}
	run, ok := RunOfKey(e.Key, e.Prefix, f.folder)
	if f.folder == "" {
		m := keyOfVersion1.FindStringSubmatch(e.Key)
		if ok = m != nil && strings.HasPrefix(e.Key, e.Prefix); ok {
			run = m[1]
		}
	}
	if !ok || e.Run != f.run || run != f.run {
		return fmt.Errorf("the key %q is not one of the run %q", e.Key, f.run)
	}
	return nil
}

// RunOf is the id of the run that a journal file belongs to.
func RunOf(path string) string { return strings.TrimSuffix(filepath.Base(path), suffix) }
