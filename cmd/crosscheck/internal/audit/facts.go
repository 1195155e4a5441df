package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/fact"
)

// FactsFile reads a facts file; the path - is standard input.
func FactsFile(path string, stdin io.Reader) Source {
	return func(ctx context.Context, emit func(fact.Message) error) error {
		r := fact.NewReader(stdin, "standard input")
		if path != "-" {
			var err error
			if r, err = fact.Open(path); err != nil {
				return usererr.Hint(err, "write a facts file with 'crosscheck facts'")
			}
			defer func() { _ = r.Close() }() // read only
		}
		for {
			m, err := r.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return usererr.Hint(err, "write it again with 'crosscheck facts'")
			}
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if err := emit(m); err != nil {
				return err
			}
		}
	}
}

// WriteFacts writes a stream to path, or to stdout where path is -, and counts
// its gaps. A file appears under its name only when it is whole.
func WriteFacts(ctx context.Context, source Source, path string, stdout io.Writer) (gaps int, err error) {
	out, err := createFacts(path, stdout)
	if err != nil {
		return 0, usererr.Hint(err, "choose another file with --output")
	}
	defer out.abort()
	buffered := bufio.NewWriterSize(out.w, 1<<16)
	w := fact.NewWriter(buffered)
	err = source(ctx, func(m fact.Message) error {
		if m.Gap != nil {
			gaps++
		}
		return w.Write(m)
	})
	if err != nil {
		return gaps, err
	}
	if err := buffered.Flush(); err != nil {
		return gaps, err
	}
	return gaps, out.publish()
}

// factsFile is where facts go: standard output, a device, or a temporary file
// beside the one that is asked for.
type factsFile struct {
	w    io.Writer
	file *os.File // to close; nil = standard output
	temp bool     // file is to be renamed to path
	path string
}

// createFacts finds out whether path can be written before AWS is read.
func createFacts(path string, stdout io.Writer) (*factsFile, error) {
	if path == "-" {
		return &factsFile{w: stdout}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory, not a file", path)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, usererr.Path(err)
		}
		return &factsFile{w: f, file: f}, nil
	case err == nil:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, usererr.Path(err)
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, usererr.Path(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".crosscheck-facts-*") // readable by its owner alone
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", path, errors.Unwrap(err))
	}
	return &factsFile{w: f, file: f, temp: true, path: path}, nil
}

func (o *factsFile) publish() error {
	if o.file == nil {
		return nil
	}
	f := o.file
	o.file = nil
	err := f.Close()
	if err == nil && o.temp {
		err = os.Rename(f.Name(), o.path)
	}
	if err != nil && o.temp {
		_ = os.Remove(f.Name())
	}
	return err
}

// abort drops what was not published.
func (o *factsFile) abort() {
	if o.file == nil {
		return
	}
	_ = o.file.Close()
	if o.temp {
		_ = os.Remove(o.file.Name())
	}
}
