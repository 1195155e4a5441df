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
// while a pipe gives nothing: the goroutine that waits for the pipe then stays until the
// process ends.
func FactsFile(path string, stdin io.Reader) Source {
	return func(ctx context.Context, emit func(fact.Message) error) error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		messages := make(chan fact.Message, 16)
		result := make(chan error, 1)
		go func() {
			defer close(messages)
			result <- readFacts(path, stdin, func(m fact.Message) error {
				select {
				case messages <- m:
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			})
		}()
		for {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case m, more := <-messages:
				if !more {
					return <-result
				}
				if err := emit(m); err != nil {
					return err
				}
			}
		}
	}
}

func readFacts(path string, stdin io.Reader, emit func(fact.Message) error) error {
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
		if err := emit(m); err != nil {
			return err
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
