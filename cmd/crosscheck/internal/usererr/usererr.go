// Package usererr is how errors reach a person: with a hint of what to try, and with the
// path that is at fault.
package usererr

import (
	"errors"
	"fmt"
	"os"
)

// hintError is an error with a hint of what to try.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// Hint adds what to try to an error; nil stays nil.
func Hint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hintError{err: err, hint: hint}
}

// HintOf is what to try, "" where an error does not say.
func HintOf(err error) string {
	var e *hintError
	if errors.As(err, &e) {
		return e.hint
	}
	return ""
}

// ReadFile reads a regular file; a directory is said to be one.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Path(err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory, not a file", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, Path(err)
	}
	return data, nil
}

// Path turns "open x: no such file or directory" into "x: no such file or directory".
func Path(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}
