package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"crosscheck/cmd/crosscheck/internal/completion"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/rules/spelling"
	"crosscheck/scanner/client"
)

func newRootCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	root := &cobra.Command{
		Use:   "crosscheck",
		Short: "Audit Amazon S3 replication across an AWS organization, and prove that it works",
		Long: `crosscheck answers, for every replication rule of every bucket: will an object
written now arrive in the other account, owned by that account, readable and
protected there? If not, with which of S3's own failure codes will it fail, and which
policy statement is to blame?

Try it without an account: crosscheck demo
` + exits{
			clean:      "clean",
			findings:   "a finding at or above --fail-on, a broken or partial link, or a failed probe",
			usage:      "usage, configuration, rule or credential error",
			incomplete: "incomplete: something is unknown and nothing failed",
		}.help() + `

Every command's help lists the statuses that it has.`,
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flag("version").Changed {
				return printVersion(s)
			}
			return cmd.Help()
		},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usererr.Hint(err, flagHint(cmd, err))
	})
	root.Flags().BoolP("version", "v", false, "print the version, as the command version does")
	root.SetUsageFunc(usage(root.UsageFunc()))
	root.SuggestionsMinimumDistance = 2
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Audit", []*cobra.Command{newScanCommand(s, load), newFactsCommand(s, load), newSimulateCommand(s)}},
		{"Prove", []*cobra.Command{newCanaryCommand(s, load), newDrillCommand(s, load)}},
		{"Report", []*cobra.Command{newReportCommand(s), newDiffCommand(s), newHistoryCommand(s), newWaiveCommand(s), newFixCommand(s)}},
		{"Configure", []*cobra.Command{newConfigCommand(s), newRulesCommand(s), newSetupCommand(s)}},
		{"Try and develop", []*cobra.Command{newDemoCommand(s), newSandboxCommand(s), newManCommand(s), newVersionCommand(s)}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, cmd := range g.commands {
			cmd.GroupID = g.title
			root.AddCommand(cmd)
		}
	}
	root.SetHelpCommandGroupID("Try and develop")
	root.SetCompletionCommandGroupID("Configure")
	completion.Add(root)
	return root
}

// flagHint is what to try where a flag is wrong.
func flagHint(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := spelling.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			return fmt.Sprintf("did you mean --%s?", near)
		}
	}
	return fmt.Sprintf("run '%s --help' for its flags", cmd.CommandPath())
}

// noArgs refuses positional arguments with a hint.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usererr.Hint(fmt.Errorf("unexpected argument %q", args[0]),
			fmt.Sprintf("run '%s --help' for its flags", cmd.CommandPath()))
	}
	return nil
}

// newGroup is a command that has others and does nothing itself.
func newGroup(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: noArgs,
		Long: short + ".\n" + exits{clean: "this help was printed", usage: "usage error"}.help(),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}

// usage prints what print prints, and a switch as --yes: the flag package writes
// --yes[=true|false], which is true, and hides the name of the flag in a long list.
func usage(print func(*cobra.Command) error) func(*cobra.Command) error {
	return func(cmd *cobra.Command) error {
		out := cmd.OutOrStderr()
		var text bytes.Buffer
		cmd.SetOut(&text)
		err := print(cmd)
		cmd.SetOut(out)
		const suffix = "[=true|false]"
		_, werr := io.WriteString(out, strings.ReplaceAll(text.String(), suffix, strings.Repeat(" ", len(suffix))))
		return errors.Join(err, werr)
	}
}
