package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/compare"
	"crosscheck/report/text"
)

func printSkipped(s *terminal.Streams, dir string, skipped []compare.Skipped) {
	for _, f := range skipped {
		fmt.Fprintf(s.Err, "crosscheck: history %s: %s is skipped: %s\n", text.Visible(dir), text.Visible(f.File), text.Visible(f.Why))
	}
}

func newHistoryCommand(s *terminal.Streams) *cobra.Command {
	var (
		format  string
		last    int
		noColor bool
	)
	cmd := &cobra.Command{
		Use:   "history DIR",
		Short: "Show the trend over the recorded runs in a directory",
		Long: `history shows the trend of links, findings and latencies over the run files in DIR,
one run a line, ordered by start, each compared with the previous one. scan, canary,
drill and report write run files there with --history DIR. Other files are skipped with
a warning; hidden files are ignored. Nothing is removed: how long to keep runs is up to
you.
` + exits{
			clean:      "all runs are shown",
			usage:      "usage error, or the directory cannot be read",
			incomplete: "an incomplete or foreign file was skipped",
		}.help(),
		Example: `  crosscheck scan --history runs
  crosscheck history runs --last 30
  crosscheck history runs -o csv`,
		Args: oneArg("the directory given with --history"),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := map[string]func(*compare.History) error{
				"json": func(h *compare.History) error { return h.WriteJSON(s.Out) },
				"csv":  func(h *compare.History) error { return h.WriteCSV(s.Out) },
				"table": func(h *compare.History) error {
					return h.WriteTable(s.Out, s.Width, s.Color && !noColor)
				},
			}[format]
			if write == nil {
				return usererr.Hint(fmt.Errorf("unknown output format %q", format), "use table, json or csv")
			}
			if last < 0 || last == 0 && cmd.Flags().Changed("last") {
				return usererr.Hint(fmt.Errorf("--last %d is not a number of runs", last), "use 1 or more")
			}
			h, err := compare.ReadHistory(cmd.Context(), args[0], last)
			if err != nil {
				return usererr.Hint(err, "give the directory that --history names")
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
