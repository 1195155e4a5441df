package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/usererr"
)

func newRootCommand(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "crosscheck",
		Short: "Audit Amazon S3 replication across an AWS organization, and prove that it works",
		Long: `crosscheck answers, for every replication rule of every bucket: will an object
written now arrive in the other account, owned by that account, readable and
protected there; and if not, which of S3's own failure codes will it meet, and
which policy statement is to blame.

Try it without an account: crosscheck demo
` + exitStatusHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "run 'crosscheck --help' for the commands"
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = fmt.Sprintf("did you mean '%s'?", near[0])
			}
			return usererr.Hint(fmt.Errorf("unknown command %q", args[0]), hint)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usererr.Hint(err, fmt.Sprintf("run '%s --help' for its flags", cmd.CommandPath()))
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(
		newScanCommand(s),
		newCanaryCommand(s),
		newDrillCommand(s),
		newFactsCommand(s),
		newSimulateCommand(s),
		newRulesCommand(s),
		newReportCommand(s),
		newWaiveCommand(s),
		newDiffCommand(s),
		newConfigCommand(s),
		newHistoryCommand(s),
		newSetupCommand(s),
		newDemoCommand(s),
		newSandboxCommand(s),
		newVersionCommand(s),
	)
	return root
}

// noArgs refuses positional arguments with a hint.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usererr.Hint(fmt.Errorf("unexpected argument %q", args[0]),
			fmt.Sprintf("run '%s --help' for its flags", cmd.CommandPath()))
	}
	return nil
}
