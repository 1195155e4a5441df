package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/atomicfile"
	"crosscheck/scanner/fact"
)

// FactsFile reads a facts file; the path - is standard input. It ends with ctx, also
// while a pipe gives nothing.
func FactsFile(path string, stdin io.Reader) Source {
	return func(ctx context.Context, emit func(fact.Message) error) error {
		in, err := openInput(ctx, path, "facts file", stdin)
		if err != nil {
			return orCause(ctx, usererr.Hint(err, "write a facts file with 'crosscheck facts'"))
		}
		defer func() { _ = in.Close() }() // read only
		name := path
		if path == "-" {
			name = "standard input"
		}
		r := fact.NewReader(in, name)
		for {
			m, err := r.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return orCause(ctx, usererr.Hint(err, "write it again with 'crosscheck facts'"))
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
	out := stdout
	commit := func() error { return nil }
	if path != "-" {
		f, err := createFacts(path)
		if err != nil {
			return 0, usererr.Hint(err, "choose another file with --output")
		}
		defer f.Abort()
		out, commit = f, f.Commit
	}
	buffered := bufio.NewWriterSize(out, 1<<16)
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
	return gaps, commit()
}

// createFacts finds out whether path can be written before AWS is read. The file is
// readable by its owner alone: it holds policies of many accounts.
func createFacts(path string) (*atomicfile.File, error) {
	f, err := atomicfile.Create(path, 0o600)
	switch {
	case errors.Is(err, atomicfile.ErrDirectory):
		return nil, fmt.Errorf("%s is a directory, not a file", path)
	case err != nil:
		return nil, fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return f, nil
}
