package cli

import (
	"errors"
	"fmt"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/client"
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
	line := usererr.OneLine(err.Error())
	hint := usererr.HintOf(err)
	var unscanned *client.Error
	if hint == "" && errors.As(err, &unscanned) {
		hint = unscanned.Hint
	}
	if hint != "" {
		line += "; " + usererr.OneLine(hint)
	}
	fmt.Fprintf(s.err, "crosscheck: %s\n", line)
	return exitUsage
}
