package cli

import (
	"errors"
	"fmt"
	"strings"

	"crosscheck/scanner"
)

// Exit statuses. They stand in every command's help; no renderer decides them.
const (
	exitClean       = 0
	exitFindings    = 1
	exitUsage       = 2
	exitIncomplete  = 3
	exitInterrupted = 130
)

const exitStatusHelp = `
Exit status:
  0    clean
  1    findings at or above --fail-on, a broken link, or a failed probe
  2    usage, configuration, rule or credential error
  3    incomplete: something was unknown and nothing failed
  130  interrupted`

// exitError ends the program with a status and says nothing more: whatever
// there is to say stands in the report.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

var errInterrupted = errors.New("interrupted")

// hintError is an error with a hint of what to try.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// withHint adds what to try to an error; nil stays nil.
func withHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hintError{err: err, hint: hint}
}

// conclude prints the error as one line with its hint and maps it to an exit
// status. What is printed here is the only place where errors reach a person:
// lower case, no full stop, control characters made visible.
func conclude(s *streams, err error) int {
	var status exitError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, errInterrupted):
		fmt.Fprintln(s.err, "crosscheck: interrupted")
		return exitInterrupted
	}
	line := oneLine(err.Error())
	var hinted *hintError
	var unscanned *scanner.Error
	switch {
	case errors.As(err, &hinted):
		line += "; " + oneLine(hinted.hint)
	case errors.As(err, &unscanned) && unscanned.Hint != "":
		line += "; " + oneLine(unscanned.Hint)
	}
	fmt.Fprintf(s.err, "crosscheck: %s\n", line)
	return exitUsage
}

// oneLine makes text from outside safe for one line of a terminal.
func oneLine(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == ' ':
			space = b.Len() > 0
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f:
			continue
		default:
			if space {
				b.WriteByte(' ')
				space = false
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}
