package cli

import (
	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/scanner/client"
)

func newDrillCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	var (
		f   = canaryFlags{scope: scopeFlags{load: load}}
		out = reportFlags{log: &f.scope.log}
	)
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Scan and canary in one report: predicted beside proven",
		Long: `drill audits the organization as scan does, then probes every link as canary does,
and reports both: predicted and proven. A contradiction between them is a finding of
high severity, because then either the setup or crosscheck is wrong.

It writes to production buckets and removes what it wrote. It first prints what it will
put where, asks for confirmation on a terminal, and needs --yes elsewhere.
` + exits{
			clean:      "clean",
			findings:   "a finding at or above --fail-on, a broken or partial link, or a failed probe",
			usage:      "usage, configuration, rule or credential error",
			incomplete: "incomplete: something is unknown and nothing failed",
		}.help(),
		Example: `  crosscheck drill --dry-run
  crosscheck drill --yes -o table -o markdown=drill.md -o sarif=drill.sarif`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer collectSeldom(s)()
			return f.probe(cmd, s, &out, true)
		},
	}
	f.add(cmd)
	f.addProbes(cmd)
	f.addSeries(cmd)
	out.add(cmd)
	addRuleFlags(cmd)
	return cmd
}
