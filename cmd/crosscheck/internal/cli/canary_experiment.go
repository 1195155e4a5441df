package cli

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"crosscheck/canary/experiment"
	"crosscheck/cmd/crosscheck/internal/prober"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/client"
)

func newExperimentCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	return newGroup("experiment", "Ask S3 what its documentation does not say: list | run NAME", newExperimentListCommand(s), newExperimentRunCommand(s, load))
}

func newExperimentListCommand(s *terminal.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the experiments: what each puts, observes and settles",
		Long: "list prints every experiment: its question, how to prepare a link for it, what it puts\nand observes, and what the answer settles.\n" +
			exits{clean: "the experiments were printed", usage: "usage error"}.help(),
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			for i, x := range experiment.All() {
				if i > 0 {
					fmt.Fprintln(s.Out)
				}
				prober.PrintExperiment(s, x)
			}
			return nil
		},
	}
}

func newExperimentRunCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	f := canaryFlags{scope: scopeFlags{load: load}}
	var quiet bool
	cmd := &cobra.Command{
		Use:   "run NAME",
		Short: "Run an experiment on a link that is prepared for it",
		Long: `run puts the probes of an experiment into a link that is prepared for it, and prints
the conclusion. Without --link it takes every prepared link that a scan finds. It
changes no configuration, and removes what it puts.
` + exits{
			clean:      "the question is answered",
			findings:   "probes could not be removed",
			usage:      "usage, configuration or credential error, or no link is prepared",
			incomplete: "the question is not answered",
		}.help(),
		Example: `  crosscheck canary experiment run multipart --link 'orders/to-backup->backup-orders' --yes`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usererr.Hint(errors.New("one experiment is run at a time"), "'crosscheck canary experiment list' shows their names")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			x, err := experiment.Find(args[0])
			if err != nil {
				return usererr.Hint(err, "'crosscheck canary experiment list' explains them")
			}
			f.Count, f.Percentile = 1, 99
			c, err := f.configure(s, cmd)
			if err != nil {
				return err
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			status, err := prober.Experiment(cmd.Context(), s, engine, f.options(s, quiet), x)
			return cmp.Or(err, exitWith(status))
		},
	}
	f.add(cmd)
	f.addProbes(cmd)
	for _, name := range []string{"variant", "absence", "size", "parallel"} {
		_ = cmd.Flags().MarkHidden(name) // the experiment decides what it puts
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress on standard error")
	return cmd
}
