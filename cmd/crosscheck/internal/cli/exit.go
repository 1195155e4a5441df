package cli

import (
	"errors"
	"fmt"
	"strings"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/text"
	"crosscheck/scanner/client"
)

// Exit statuses. No renderer decides them.
const (
	exitClean       = 0
	exitFindings    = 1
	exitUsage       = 2
	exitIncomplete  = 3
	exitInterrupted = 130
)

// exits are the exit statuses that a command has, each in its own words; "" = the
// command does not have it. Every command has 130.
type exits struct{ clean, findings, usage, incomplete string }

// help is the part of a command's help on its exit statuses.
func (e exits) help() string {
	var b strings.Builder
	b.WriteString("\nExit status:\n")
	for _, x := range []struct {
		status  int
		meaning string
	}{{exitClean, e.clean}, {exitFindings, e.findings}, {exitUsage, e.usage}, {exitIncomplete, e.incomplete}, {exitInterrupted, "interrupted"}} {
		if x.meaning != "" {
			fmt.Fprintf(&b, "  %-3d  %s\n", x.status, x.meaning)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// exitError ends the program with a status and prints nothing: the report has said
// everything.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

var errInterrupted = errors.New("interrupted")

// conclude prints the error as one line with its hint and maps it to an exit
// status. Errors are printed here and nowhere else: in lower case, without a
// full stop, without control characters.
func conclude(s *terminal.Streams, err error) int {
	var status exitError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, errInterrupted):
		fmt.Fprintln(s.Err, "crosscheck: interrupted")
		return exitInterrupted
	}
	line := text.Visible(err.Error())
	hint := usererr.HintOf(err)
	var unscanned *client.Error
	if hint == "" && errors.As(err, &unscanned) {
		hint = unscanned.Hint
	}
	if hint != "" {
		line += "; " + text.Visible(hint)
	}
	fmt.Fprintf(s.Err, "crosscheck: %s\n", line)
	return exitUsage
}
