package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
)

func printSkipped(s *streams, dir string, skipped []report.Skipped) {
	for _, f := range skipped {
		fmt.Fprintf(s.err, "crosscheck: history %s: %s is left out: %s\n", usererr.OneLine(dir), usererr.OneLine(f.File), usererr.OneLine(f.Why))
	}
}

func newHistoryCommand(s *streams) *cobra.Command {
	var (
		format  string
		last    int
		noColor bool
	)
	cmd := &cobra.Command{
		Use:   "history DIR",
		Short: "Show the trend over the recorded runs of a folder",
		Long: `history reads the run files of a folder, which scan, canary, drill and report keep
there with --history DIR, and shows how links, findings and latencies went: one run a
line, by start, each held against the run before it. Whatever else stands in the
folder is named and left out; hidden files are not looked at. Nothing is removed: how
long runs are kept is up to you.

Exit status:
  0    all runs are shown
  2    usage error, or the folder cannot be read
  3    a file is no whole run and was left out
  130  interrupted`,
		Example: `  crosscheck scan --history runs
  crosscheck history runs --last 30
  crosscheck history runs -o csv`,
		Args: oneArg("the folder that --history names"),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := map[string]func(*report.History) error{
				"json": func(h *report.History) error { return h.WriteJSON(s.out) },
				"csv":  func(h *report.History) error { return h.WriteCSV(s.out) },
				"table": func(h *report.History) error {
					return h.WriteTable(s.out, report.Options{Width: s.width, Color: s.color && !noColor})
				},
			}[format]
			if write == nil {
				return usererr.Hint(fmt.Errorf("unknown output format %q", format), "use table, json or csv")
			}
			if last < 0 || last == 0 && cmd.Flags().Changed("last") {
				return usererr.Hint(fmt.Errorf("--last %d is not a number of runs", last), "use 1 or more")
			}
			h, err := report.ReadHistory(args[0], last)
			if err != nil {
				return usererr.Hint(err, "give the folder that --history names")
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			printSkipped(s, args[0], h.Skipped)
			if err := write(h); err != nil {
				return err
			}
			if len(h.Skipped) > 0 {
				return exitError(exitIncomplete)
			}
			return nil
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&format, "output", "o", "table", "`format`: table, json or csv")
	fs.IntVar(&last, "last", 0, "the last `n` runs only (default all)")
	fs.BoolVar(&noColor, "no-color", false, "no colors (also: NO_COLOR)")
	return cmd
}
