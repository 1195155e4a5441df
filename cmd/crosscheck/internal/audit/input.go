package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"crosscheck/cmd/crosscheck/internal/usererr"
)

// input is a file that is read in a goroutine of its own, so that a read ends with the
// context although nothing comes: from an idle pipe, say. The goroutine
// then stays until the process ends.
type input struct {
	*io.PipeReader
	stop  func() bool
	ended chan struct{} // closed when the goroutine has closed the file; nil if it may wait for ever
}

// openInput opens a file to read it until the context ends, also while it is opened: that
// of a named pipe waits for a writer. The path - is standard input. kind is what the file
// should be, "facts file".
func openInput(ctx context.Context, path, kind string, stdin io.Reader) (io.ReadCloser, error) {
	if path == "-" {
		return pump(ctx, io.NopCloser(stdin), false), nil
	}
	type opened struct {
		f   *os.File
		err error
	}
	result := make(chan opened, 1)
	go func() {
		f, err := os.Open(path)
		result <- opened{f, err}
	}()
	var f *os.File
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-result:
		if r.err != nil {
			return nil, usererr.Path(r.err)
		}
		f = r.f
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory, not a %s", path, kind)
	}
	if err != nil {
		return nil, errors.Join(usererr.Path(err), f.Close())
	}
	return pump(ctx, f, info.Mode().IsRegular()), nil
}

func pump(ctx context.Context, from io.ReadCloser, regular bool) *input {
	r, w := io.Pipe()
	in := &input{PipeReader: r, stop: context.AfterFunc(ctx, func() { _ = w.CloseWithError(context.Cause(ctx)) })}
	ended := make(chan struct{})
	if regular {
		in.ended = ended
	}
	go func() {
		defer close(ended)
		_, err := io.Copy(w, from)
		_ = w.CloseWithError(errors.Join(err, from.Close())) // the first error counts
	}()
	return in
}

// Close closes the file.
func (in *input) Close() error {
	in.stop()
	err := in.PipeReader.Close()
	if in.ended != nil {
		<-in.ended
	}
	return err
}

// orCause is why the context ended, if it did: an error after that is a consequence.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
