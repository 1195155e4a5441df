package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
)

func newReportCommand(s *terminal.Streams) *cobra.Command {
	var (
		from string
		gate bool
		out  = reportFlags{recorded: true}
		send sendFlags
	)
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Write a recorded run in any format",
		Long: `report reads a run file, which scan, canary, drill and demo write with -o jsonl=FILE,
and writes the run in other formats: the same bytes that the run itself would have
written. It does not judge again. --fail-on, --allow-incomplete and --waivers are
applied anew. Whatever the run shows, the exit status is 0, unless --gate is given: then
it is that of the run.

It calls AWS only with --send securityhub, which imports the findings into AWS Security
Hub: that of the caller's account and Region, or with --send-role that of each bucket's
account and Region. Findings of earlier runs that are resolved in this run are archived.
It needs securityhub:BatchImportFindings and securityhub:GetFindings. Rejected findings
are listed on standard error, and the exit status is 2.
` + exits{
			clean:      "the run was written; with --gate: clean",
			findings:   "with --gate: a finding at or above --fail-on, a broken or partial link, or a failed probe",
			usage:      "usage, configuration or credential error, or findings were rejected",
			incomplete: "with --gate: something is unknown and nothing failed",
		}.help(),
		Example: `  crosscheck scan -o table -o jsonl=run.jsonl
  crosscheck report run.jsonl -o markdown -o sarif=crosscheck.sarif
  crosscheck report --from run.jsonl --send securityhub --region eu-central-1`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return usererr.Hint(fmt.Errorf("report takes one run file, not %d", len(args)), "'crosscheck diff A B' compares two")
			case len(args) == 1 && cmd.Flag("from").Changed:
				return usererr.Hint(fmt.Errorf("a run file is given twice: %s and --from %s", args[0], from), "leave out one of them")
			case len(args) == 1:
				from = args[0]
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer collectSeldom(s)()
			if err := send.check(cmd); err != nil {
				return err
			}
			run, err := audit.OpenRun(cmd.Context(), "--from", from, s.In)
			if err != nil {
				return err
			}
			defer func() { _ = run.Close() }() // read only
			c, err := configure(s, cmd)
			if err != nil {
				return err
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			to := send.importer(engine, s.Err)
			defer func() { _ = to.Close() }() // nothing of the run is kept
			var others []report.Writer
			if send.to != "" {
				others = append(others, asAWSIs{}, to)
			}
			sum, err := out.report(s).Run(cmd.Context(), engine, func(w report.Writer, _ func() error) error {
				if send.to != "" {
					if err := to.Connect(cmd.Context()); err != nil {
						return err
					}
				}
				return audit.Replay(cmd.Context(), from, run, w)
			}, others...)
			if err != nil {
				return err
			}
			if send.to != "" {
				counts, err := to.Import(cmd.Context())
				if !out.quiet && cmd.Context().Err() == nil {
					fmt.Fprintln(s.Err, counts)
				}
				if err != nil {
					return err
				}
			}
			if !gate {
				return nil
			}
			return exitWith(sum.ExitStatus)
		},
	}
	out.add(cmd)
	send.add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&from, "from", "", "run `file`, written with -o jsonl=FILE, also without the flag; - is standard input")
	fs.BoolVar(&gate, "gate", false, "exit with the status of the run, as scan does")
	fs.StringArray("rules", nil, "`directory` of the custom rules that judged the run, for their help; repeatable")
	bind(cmd, "rules", "rules.dirs")
	addConfigFlag(cmd)
	return cmd
}

// asAWSIs refuses a run that was judged with other policies than those of AWS.
type asAWSIs struct{ report.Discard }

func (asAWSIs) Run(r *report.Run) error {
	if len(r.With) > 0 {
		return usererr.Hint(errors.New("the run was judged with documents of --with, so it does not say how AWS is"), "send a run without --with")
	}
	return nil
}
