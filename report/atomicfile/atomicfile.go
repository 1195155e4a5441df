// Package atomicfile writes files that appear under their name whole or not at all.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Reasons why a path is refused.
var (
	ErrDirectory = errors.New("it is a directory")
	ErrReadOnly  = errors.New("it is read-only")
)

// File is a file on its way to its name: a temporary file beside it until [File.Commit].
// A device or a pipe is written directly.
type File struct {
	*os.File
	Path string // absolute, with links resolved

	temp      string // "" = written directly
	kept      bool
	committed bool
}

// Create makes the temporary file with perm, less what the file that is there already
// does not have and less the umask. It refuses a directory and a read-only file, and its
// errors do not repeat the path.
func Create(path string, perm fs.FileMode) (*File, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Stat(path); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, bare(err)
	case err != nil:
	case info.IsDir():
		return nil, ErrDirectory
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, bare(err)
		}
		return &File{File: f, Path: path}, nil
	case info.Mode().Perm()&0o200 == 0:
		return nil, ErrReadOnly
	default:
		perm &= info.Mode().Perm()
	}
	f, err := CreateIn(filepath.Dir(path), filepath.Base(path), perm)
	if err != nil {
		return nil, err
	}
	f.Path = path
	return f, nil
}

// CreateIn makes a hidden temporary file in a directory. Its Path has to be set before
// Commit; name only helps a person who finds the file.
func CreateIn(dir, name string, perm fs.FileMode) (*File, error) {
	for i := range 1000 {
		temp := filepath.Join(dir, fmt.Sprintf(".%s.%d-%d", name, os.Getpid(), i))
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if err == nil {
			return &File{File: f, temp: temp}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, bare(err)
		}
	}
	return nil, errors.New("too many temporary files beside it")
}

// resolve is the absolute path with links resolved, also where there is no file yet.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target, nil
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path)), nil
	}
	return path, nil
}

// KeepAs gives the temporary file another name, under which Abort leaves it.
func (f *File) KeepAs(path string) error {
	if f.temp == "" {
		return nil
	}
	if err := os.Rename(f.temp, path); err != nil {
		return bare(err)
	}
	f.temp, f.kept = path, true
	return nil
}

// Kept is the name that KeepAs gave, "" without one and after Commit.
func (f *File) Kept() string {
	if !f.kept || f.committed {
		return ""
	}
	return f.temp
}

// Finish brings what was written to the disk and closes the file. Commit does so too:
// it is for who commits several files and wants none if one cannot be written.
func (f *File) Finish() error {
	if f.temp != "" {
		if err := f.Sync(); err != nil && !errors.Is(err, fs.ErrClosed) {
			return bare(err)
		}
	}
	if err := f.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return bare(err)
	}
	return nil
}

// Commit puts the file under its name, for good also if the system stops.
func (f *File) Commit() error {
	if err := f.Finish(); err != nil {
		return err
	}
	f.committed = true
	if f.temp == "" {
		return nil
	}
	if err := os.Rename(f.temp, f.Path); err != nil {
		_ = os.Remove(f.temp) // the error worth reporting is the rename's
		return bare(err)
	}
	dir, err := os.Open(filepath.Dir(f.Path))
	if err != nil {
		return nil //nolint:nilerr // a directory that can be written but not read: the file is there
	}
	_ = dir.Sync() // not every system can
	return dir.Close()
}

// Abort drops the file unless it was committed or kept. After Commit it does nothing.
func (f *File) Abort() {
	if f.committed {
		return
	}
	_ = f.Close() // it may be closed already
	if f.temp != "" && !f.kept {
		_ = os.Remove(f.temp)
	}
}

// bare is the error of a path without the path.
func bare(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return at.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// WriteNew writes a file, whole or not at all: beside its place first, then there.
// One that is there already is [fs.ErrExist], unless it is to be replaced.
func WriteNew(path string, data []byte, replace bool) error {
	switch info, err := os.Stat(path); {
	case err == nil && !replace:
		return fs.ErrExist
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := Create(path, 0o666)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}
