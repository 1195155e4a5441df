package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/text"
	"crosscheck/rules"
	"crosscheck/rules/finding"
)

func newRulesCommand(s *terminal.Streams) *cobra.Command {
	var dirs []string
	options := func() rules.Options { return rules.Options{Dirs: dirs} }
	cmd := newGroup("rules", "List, show and test the rules", newRulesListCommand(s, options), newRulesShowCommand(s, options), newRulesTestCommand(s), newRulesCodesCommand(s, options))
	cmd.PersistentFlags().StringArrayVar(&dirs, "rules", nil, "`directory` of custom rules, repeatable")
	return cmd
}

func newRulesListCommand(s *terminal.Streams, options func() rules.Options) *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules",
		Long: "list prints the id, severity, pack, scope and title of every rule, and whether it decides\nlinks.\n" +
			exits{clean: "the rules were printed", usage: "usage or rule error"}.help(),
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := rules.List(options())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.Out, list)
			}
			t := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "ID\tSEVERITY\tPACK\tSCOPE\tDECIDES\tTITLE")
			for _, r := range list {
				decides := ""
				if r.Decides {
					decides = "yes"
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Pack, r.Scope, decides, text.Visible(r.Title))
			}
			if all {
				for _, a := range finding.Catalog() {
					fmt.Fprintf(t, "%s\t%s\t\t\t\t%s\n", a.ID, a.Severity, a.Title)
				}
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, with all metadata of the rules")
	cmd.Flags().BoolVar(&all, "all", false, "also list the findings that no rule makes, such as XC911 (expired waiver)")
	cmd.MarkFlagsMutuallyExclusive("json", "all")
	return cmd
}

func newRulesShowCommand(s *terminal.Streams, options func() rules.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a rule: what it checks, why, the fix, and its source",
		Long: "show prints a rule, or a finding that is not made by a rule, such as XC911.\n" +
			exits{clean: "the rule was printed", usage: "usage or rule error, or no such rule"}.help(),
		Args: oneArg("the id of a rule, such as XC004"),
		RunE: func(_ *cobra.Command, args []string) error {
			if a, ok := finding.AboutOf(args[0]); ok {
				return showAbout(s.Out, a)
			}
			r, source, err := rules.Show(options(), args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "%s  %s\n\n%s\n\n", r.ID, text.Visible(r.Title), r.Description)
			t := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
			row := func(name string, values ...string) {
				if v := strings.Join(values, ", "); v != "" {
					fmt.Fprintf(t, "%s:\t%s\n", name, text.Visible(v))
				}
			}
			row("severity", string(r.Severity))
			row("pack", r.Pack)
			row("scope", r.Scope)
			row("needs", r.Needs...)
			for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
				value, err := json.Marshal(r.Parameters[name])
				if err != nil {
					return err
				}
				row("parameter", fmt.Sprintf("%s (default %s)", name, value))
			}
			row("failure codes", r.FailureCodes...)
			row("controls", r.Controls...)
			row("evidence", r.Evidence)
			row("fix", r.Remediation)
			for _, source := range r.Sources {
				row("source", source)
			}
			if err := t.Flush(); err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Out, "\n%s\n", strings.TrimRight(source, "\n"))
			return err
		},
	}
}

// showAbout explains findings that no rule makes.
func showAbout(w io.Writer, a finding.About) error {
	fmt.Fprintf(w, "%s  %s\n\n%s\n\nseverity:  %s\n", a.ID, a.Title, a.Description, a.Severity)
	if a.Remediation != "" {
		fmt.Fprintf(w, "fix:       %s\n", a.Remediation)
	}
	for _, source := range a.Sources {
		fmt.Fprintf(w, "source:    %s\n", source)
	}
	_, err := fmt.Fprint(w, "\nNo rule makes these findings, so they cannot be disabled.\n")
	return err
}

func newRulesTestCommand(s *terminal.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "test DIR",
		Short: "Run the Rego tests of a directory of rules",
		Long: `test runs the rules named test_… in the files of DIR that end in _test.rego, together
with the embedded rules.
` + exits{clean: "all tests passed", findings: "a test failed", usage: "usage or rule error"}.help(),
		Args: oneArg("a directory of rules"),
		RunE: func(cmd *cobra.Command, args []string) error {
			results, err := rules.Test(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			passed, failed, skipped := 0, 0, 0
			for _, r := range results {
				switch {
				case r.Skipped:
					skipped++
					fmt.Fprintf(s.Out, "skip  %s\n", text.Visible(r.Name))
				case r.Passed:
					passed++
				default:
					failed++
					fmt.Fprintf(s.Out, "FAIL  %s (%s:%d) %s\n", text.Visible(r.Name), text.Visible(r.File), r.Line, text.Visible(r.Message))
				}
				if r.Output != "" && !r.Passed {
					fmt.Fprintf(s.Out, "      %s\n", text.Visible(r.Output))
				}
			}
			fmt.Fprintf(s.Out, "%d passed, %d failed, %d skipped\n", passed, failed, skipped)
			if failed > 0 {
				return exitError(exitFindings)
			}
			return nil
		},
	}
}

func newRulesCodesCommand(s *terminal.Streams, options func() rules.Options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "codes",
		Short: "List S3's replication failure codes and what predicts them",
		Long: `codes lists S3's own failure codes with their predictability: Y decided by
configuration, P by policies, O depends on the objects (a warning at most), R happens at
run time, B in Batch Replication only.
` + exits{clean: "the codes were printed", usage: "usage or rule error"}.help(),
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			engine, err := rules.New(options())
			if err != nil {
				return err
			}
			codes := engine.Codes()
			if asJSON {
				return json.NewEncoder(s.Out).Encode(codes)
			}
			t := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "CODE\tP?\tRULES\tDECIDED BY")
			for _, c := range codes {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.Code, c.Predictable, strings.Join(c.Rules, " "), c.Decides)
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// oneArg wants exactly one argument and says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usererr.Hint(fmt.Errorf("%s takes %s, not %d arguments", cmd.CommandPath(), what, len(args)),
				fmt.Sprintf("run '%s --help'", cmd.CommandPath()))
		}
		return nil
	}
}
