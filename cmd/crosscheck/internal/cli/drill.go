package cli

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/rules/finding"
)

func newDrillCommand(s *terminal.Streams) *cobra.Command {
	var (
		f   canaryFlags
		out reportFlags
	)
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Scan and canary in one report: predicted beside proven",
		Long: `drill audits the organization as scan does, then probes every link as canary does,
and reports both: predicted and proven. A contradiction between them is a finding of
high severity, because then either the setup or crosscheck is wrong.

It writes to production buckets and removes what it wrote. It prints first what it will
put where, asks for confirmation on a terminal, and needs --yes elsewhere.
` + exits{
			clean:      "clean",
			findings:   "a finding at or above --fail-on, a broken link, or a failed probe",
			usage:      "usage, configuration, rule or credential error",
			incomplete: "incomplete: something is unknown and nothing failed",
		}.help(),
		Example: `  crosscheck drill --dry-run
  crosscheck drill --yes -o table -o markdown=drill.md -o sarif=drill.sarif`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.configure(s, cmd)
			if err != nil {
				return err
			}
			return runDrill(cmd.Context(), s, c, &f, &out, s.AWS)
		},
	}
	f.add(cmd)
	f.addProbes(cmd)
	f.addSeries(cmd)
	out.add(cmd)
	addRuleFlags(cmd)
	return cmd
}

func runDrill(ctx context.Context, s *terminal.Streams, c *config.Config, f *canaryFlags, out *reportFlags, load terminal.ConfigLoader) error {
	engine, err := c.Engine()
	if err != nil {
		return err
	}
	return probeAll(ctx, s, engine, f, out, load, true)
}

// demoDrill is the drill of the demo: it scans the embedded AWS, puts a plain probe
// into every link and ends the report. It asks nobody and keeps no journal, since
// that AWS ends with the process.
func demoDrill(ctx context.Context, s *terminal.Streams, cfg aws.Config, c *config.Config, engine *rules.Engine, w report.Writer) error {
	load := func(context.Context, string, string) (aws.Config, error) { return cfg, nil }
	f := &canaryFlags{
		auditRole: c.Scan.RoleName, variants: []string{string(measure.Plain)}, count: 1, parallel: 64,
		timeout: 10 * time.Second, quietTime: time.Second, folder: canary.Folder, yes: true,
	}
	f.scope.roleName = config.CanaryRole
	p := &prober{s: s, f: f, quiet: true, forgetful: true, run: newRunID(), clients: f.clients(load), w: &audit.Trailer{Writer: w}}
	if err := p.discover(ctx, engine, load, true); err != nil {
		return err
	}
	if err := p.probe(ctx); err != nil {
		return err
	}
	return p.closeReport()
}

// predictions are the probed links with what the audit predicts of them.
func (p *prober) predictions() []finding.Link {
	links := make([]finding.Link, len(p.targets))
	for i, t := range p.targets {
		links[i] = finding.Link{
			ID: t.Link, RuleID: t.Rule.ID,
			Source:      finding.End{AccountID: t.Source.AccountID, Region: t.Source.Region, Bucket: t.Source.Name},
			Destination: finding.End{AccountID: t.Destination.AccountID, Region: t.Destination.Region, Bucket: t.Destination.Name},
			Verdict:     finding.Verdict(t.Predicted), FailureCodes: t.FailureCodes,
		}
	}
	return links
}
