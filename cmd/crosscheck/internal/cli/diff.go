package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/compare"
	"crosscheck/rules/finding"
)

func newDiffCommand(s *terminal.Streams) *cobra.Command {
	var (
		format, failOn string
		noColor        bool
	)
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two recorded runs: what appeared, what was fixed",
		Long: `diff compares two run files, written with -o jsonl=FILE: failing findings that
appeared or were fixed, findings that became waived or unknown, and links whose
verdict changed. What the later run did not cover is unknown, never fixed.
` + exits{
			clean:      "nothing got worse",
			findings:   "a finding at or above --fail-on appeared, or a link broke or no longer works",
			usage:      "usage error, or an incomplete run file",
			incomplete: "nothing got worse, but something is no longer known",
		}.help(),
		Example: `  crosscheck diff yesterday.jsonl today.jsonl
  crosscheck diff main.jsonl branch.jsonl -o json --fail-on high`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usererr.Hint(fmt.Errorf("%s takes two run files, not %d arguments", cmd.CommandPath(), len(args)), "write run files with -o jsonl=FILE")
			}
			if args[0] == "-" && args[1] == "-" {
				return usererr.Hint(fmt.Errorf("standard input cannot be both runs"), "give one of them as a file")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			severity, err := finding.ParseSeverity(failOn)
			if err != nil {
				return usererr.Hint(err, "for example --fail-on high")
			}
			if format != "table" && format != "json" {
				return usererr.Hint(fmt.Errorf("unknown output format %q", format), "use table or json")
			}
			before, err := record(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			after, err := record(cmd.Context(), s, args[1])
			if err != nil {
				return err
			}
			d := compare.Compare(before, after, severity)
			if format == "json" {
				err = d.WriteJSON(s.Out)
			} else {
				err = d.WriteTable(s.Out, s.Width, s.Color && !noColor)
			}
			if err != nil {
				return err
			}
			return exitWith(d.ExitStatus)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&format, "output", "o", "table", "`format`: table or json")
	fs.StringVar(&failOn, "fail-on", "low", "lowest `severity` of a new finding that gives exit status 1: critical, high, medium, low, info")
	fs.BoolVar(&noColor, "no-color", false, "no colors (also: NO_COLOR)")
	return cmd
}

// record reads a run file to be compared.
func record(ctx context.Context, s *terminal.Streams, path string) (*compare.Recording, error) {
	run, err := audit.OpenRun(ctx, "an argument", path, s.In)
	if err != nil {
		return nil, err
	}
	defer func() { _ = run.Close() }() // read only
	r := &compare.Recording{}
	if err := audit.Replay(ctx, path, run, r); err != nil {
		return nil, err
	}
	return r, nil
}
