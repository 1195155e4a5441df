package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/progress"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/scanner"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

func newFactsCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	var (
		scope           = scopeFlags{load: load}
		output          string
		allowIncomplete bool
		quiet           bool
	)
	cmd := &cobra.Command{
		Use:   "facts",
		Short: "Write what a scan reads as JSON lines, to judge it offline",
		Long: `facts reads from AWS what scan reads, and writes it instead of judging it: one JSON
line for the run, one for each gap and each bucket, and the coverage at the end.
scan --facts judges such a file, with the same result as a scan of AWS at that time.

The file contains policies and names of the organization, and no secrets. It has the
facts that the rules need, those of --config and --rules included. A rule that is added
later and needs other facts is unknown.
` + exits{
			clean:      "everything in scope was read",
			usage:      "usage, configuration or credential error",
			incomplete: "incomplete: something could not be read; the file lists it",
		}.help(),
		Example: `  crosscheck facts --audit-role crosscheck-audit -o facts.jsonl
  crosscheck scan --facts facts.jsonl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer collectSeldom(s)()
			c, err := configure(s, cmd)
			if err != nil {
				return err
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			options := scope.options(s, engine.Needs())
			p := progress.Of(s, &scope.log, quiet, false, options.Meter)
			gaps, err := audit.WriteFacts(cmd.Context(), func(ctx context.Context, emit func(fact.Message) error) error {
				cfg, err := scope.config(ctx)
				if err != nil {
					return err
				}
				return scanner.Scan(ctx, cfg, options, func(m fact.Message) error {
					p.Read(m)
					return emit(m)
				})
			}, output, s.Out)
			p.Done()
			if err != nil {
				return err
			}
			p.Finished()
			if gaps > 0 && !allowIncomplete {
				fmt.Fprintf(s.Err, "crosscheck: incomplete: %d facts could not be read; the file lists them as gaps\n", gaps)
				return exitError(exitIncomplete)
			}
			return nil
		},
	}
	scope.add(cmd)
	fs := cmd.Flags()
	fs.StringVarP(&output, "output", "o", "-", "`file` to write; - is standard output")
	fs.StringArray("rules", nil, "`directory` of custom rules, whose facts are read too; repeatable")
	fs.BoolVar(&allowIncomplete, "allow-incomplete", false, "exit 0 even if something could not be read")
	fs.BoolVarP(&quiet, "quiet", "q", false, "no progress on standard error")
	bind(cmd, "rules", "rules.dirs", "allow-incomplete", "allow_incomplete")
	return cmd
}
