package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/prober"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/scanner"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

func newDemoCommand(s *terminal.Streams) *cobra.Command {
	var (
		out reportFlags
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Scan and probe an organization in memory, with no account and no network",
		Long: `demo runs a drill on an organization in memory: five accounts, two Regions, nine
replication links, some working and most broken in common ways. It scans them, probes
each with a canary object, and shows predicted and proven. It exits with 0 and prints
the status that a real run would exit with.
` + exits{clean: "the demo ran, whatever it found", usage: "usage, configuration or rule error"}.help(),
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, c, err := demoAWS()
			if err != nil {
				return err
			}
			role := c.Scan.RoleName // of the demo's organization, whatever a file for another says
			if c, err = layer(s, c, cmd); err != nil {
				return err
			}
			c.Scan.RoleName = role
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			sum, err := out.report(s).Run(cmd.Context(), engine, func(w report.Writer, _ func() error) error {
				return demoDrill(cmd.Context(), s, cfg, c, engine, w)
			})
			if err != nil {
				return err
			}
			if !out.quiet {
				fmt.Fprintf(s.Err, "\nThis was the demo, so it exits 0; a real scan with this result would exit with status %d.\n", sum.ExitStatus)
			}
			return nil
		},
	}
	out.add(cmd)
	addRuleFlags(cmd)
	addConfigFlag(cmd)
	return cmd
}

// demoAWS is the demo's organization and the configuration it is scanned with.
func demoAWS() (aws.Config, *config.Config, error) {
	world, err := sandbox.Load("demo.yaml", testdata.DemoWorld)
	if err != nil {
		return aws.Config{}, nil, err
	}
	box, err := sandbox.New(world)
	if err != nil {
		return aws.Config{}, nil, err
	}
	c, err := config.Parse("demo.crosscheck.yaml", testdata.DemoConfig)
	if err != nil {
		return aws.Config{}, nil, err
	}
	return aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
		HTTPClient:  box.HTTPClient(),
	}, c, nil
}

// demoDrill is the drill of the demo: it scans the embedded AWS, puts a plain probe
// into every link and ends the report. It does not ask and keeps no journal, since
// that AWS ends with the process.
func demoDrill(ctx context.Context, s *terminal.Streams, cfg aws.Config, c *config.Config, engine *rules.Engine, w report.Writer) error {
	return prober.Write(ctx, s, engine, &prober.Options{
		Version: version, Quiet: true, Whole: true,
		AWS:  func(context.Context, string, string) (aws.Config, error) { return cfg, nil },
		Scan: scanner.Options{RoleName: c.Scan.RoleName, Version: version}, Role: config.CanaryRole,
		Variants: []string{string(measure.Plain)}, Count: 1, Parallel: 64, Timeout: 10 * time.Second, Absence: time.Second,
		Folder: canary.Folder, Yes: true, Forgetful: true,
	}, w)
}
