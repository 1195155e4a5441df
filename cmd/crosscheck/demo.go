package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"crosscheck/rules"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

func newDemoCommand(s *streams) *cobra.Command {
	var out reportFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Scan and probe an organization in memory, with no account and no network",
		Long: `demo runs the main job on an organization that lives in this process: five
accounts, two Regions, ten replication links of which some work and most are broken
in the ways people break them. It exits 0 and says what a real scan would exit with.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, c, err := demoAWS()
			if err != nil {
				return err
			}
			engine, err := rules.New(rules.Options{Parameters: c.parameters()})
			if err != nil {
				return err
			}
			sum, set, err := out.open(cmd, s, c, engine)
			if err != nil {
				return err
			}
			defer set.Abort()
			options := scanner.Options{RoleName: c.Scan.RoleName, Needs: engine.Needs(), Version: version}
			source := func(ctx context.Context, emit func(fact.Message) error) error {
				return scanner.Scan(ctx, cfg, options, emit)
			}
			if err := judge(cmd.Context(), source, engine, sum, nil); err != nil {
				return err
			}
			if err := sum.Close(); err != nil {
				return err
			}
			if !out.quiet {
				fmt.Fprintf(s.err, "\nThis was the demo, so it exits 0; a real scan with this result would exit with status %d.\n", sum.Summary().ExitStatus)
			}
			return nil
		},
	}
	out.add(cmd)
	return cmd
}

// demoAWS is the demo's organization and the configuration it is scanned with.
func demoAWS() (aws.Config, *config, error) {
	world, err := sandbox.Load("demo.yaml", testdata.DemoWorld)
	if err != nil {
		return aws.Config{}, nil, err
	}
	box, err := sandbox.New(world)
	if err != nil {
		return aws.Config{}, nil, err
	}
	c, err := parseConfig("demo.crosscheck.yaml", testdata.DemoConfig)
	if err != nil {
		return aws.Config{}, nil, err
	}
	return aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
		HTTPClient:  box.HTTPClient(),
	}, c, nil
}
