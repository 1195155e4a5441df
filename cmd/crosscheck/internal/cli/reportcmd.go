package cli

import (
	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/report"
)

func newReportCommand(s *streams) *cobra.Command {
	var (
		from string
		out  = reportFlags{recorded: true}
		send sendFlags
	)
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write a recorded run in any format",
		Long: `report reads a run file, which scan, canary, drill and demo write with
-o jsonl=FILE, and writes the run in other formats: the same bytes that the run
itself would have written. Nothing is judged again; the exit status is decided anew
from --fail-on and --allow-incomplete, and with --waivers also what is waived.

AWS is called only with --send securityhub, which imports the findings into AWS
Security Hub: into that of the caller's account and Region, or with --send-role into
that of each bucket's. Findings of earlier runs that this run judged again and does
not have are archived. It needs securityhub:BatchImportFindings and
securityhub:GetFindings. What was not taken is listed on standard error, and the exit
status is 2.
` + exitStatusHelp,
		Example: `  crosscheck scan -o table -o jsonl=run.jsonl
  crosscheck report --from run.jsonl -o markdown -o sarif=crosscheck.sarif
  crosscheck report --from run.jsonl --send securityhub --region eu-central-1`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := send.check(cmd); err != nil {
				return err
			}
			run, err := audit.OpenRun("--from", from, s.in)
			if err != nil {
				return err
			}
			defer func() { _ = run.Close() }() // read only
			c, err := s.configure(cmd)
			if err != nil {
				return err
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			to := newHubs(engine, s.err)
			var others []report.Writer
			if send.to != "" {
				others = append(others, to)
			}
			sum, err := out.report(s).Run(engine, func(w report.Writer, _ func() error) error {
				if send.to != "" {
					if err := to.connect(cmd.Context(), &send); err != nil {
						return err
					}
				}
				return audit.Replay(cmd.Context(), from, run, w)
			}, others...)
			if err != nil {
				return err
			}
			if send.to != "" {
				if err := to.send(out.quiet); err != nil {
					return err
				}
			}
			return exitWith(sum.ExitStatus)
		},
	}
	out.add(cmd)
	send.add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&from, "from", "", "run `file`, written with -o jsonl=FILE; - is standard input")
	fs.StringArray("rules", nil, "`directory` with the rules of your own that judged the run, for their help; repeatable")
	bind(cmd, "rules", "rules.dirs")
	addConfigFlag(cmd)
	return cmd
}
