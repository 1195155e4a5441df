package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/atomicfile"
	"crosscheck/report/text"
	"crosscheck/testdata"
)

func newConfigCommand(s *terminal.Streams) *cobra.Command {
	return newGroup("config", "Create a configuration file, show the settings in effect, print the schemas", newConfigInitCommand(s), newConfigShowCommand(s), newConfigSchemaCommand(s))
}

func newConfigInitCommand(s *terminal.Streams) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init [PATH]",
		Short: "Print a commented configuration file, or write it to PATH",
		Long: `init prints a configuration file with every key as a comment, its purpose and an
example. With a path it writes the file there; an existing file is not changed unless
--force is given.
` + exits{clean: "the file was printed or written", usage: "usage error, or the file exists"}.help(),
		Example: `  crosscheck config init crosscheck.yaml
  crosscheck scan --config crosscheck.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usererr.Hint(fmt.Errorf("%s takes one path at most, not %d", cmd.CommandPath(), len(args)), "for example crosscheck.yaml")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := s.Out.Write(config.Example())
				return err
			}
			err := atomicfile.WriteNew(args[0], config.Example(), force)
			if errors.Is(err, os.ErrExist) {
				return usererr.Hint(fmt.Errorf("%s exists", args[0]), "give --force to overwrite it, or another path")
			}
			return usererr.Hint(usererr.Path(err), "give a path that can be written")
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the file")
	return cmd
}

func newConfigShowCommand(s *terminal.Streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the settings in effect, and where each comes from",
		Long: `show prints the value of every setting and where it comes from: a flag, an environment
variable, a line of the configuration file, or the default. It takes the flags of scan
and canary that are settings, and refuses what these would refuse.
` + exits{clean: "the settings were printed", usage: "usage or configuration error"}.help(),
		Example: `  crosscheck config show --config crosscheck.yaml
  crosscheck config show --config crosscheck.yaml --fail-on high -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "table" && format != "json" {
				return usererr.Hint(fmt.Errorf("unknown output format %q", format), "use table or json")
			}
			c, err := configure(s, cmd)
			if err != nil {
				return err
			}
			if _, err := c.Engine(); err != nil {
				return err
			}
			return showConfig(s, c, format)
		},
	}
	fs := cmd.Flags()
	bound := map[string]bool{"outputs": true} // -o is this command's own
	for _, of := range []*cobra.Command{newScanCommand(s, nil), newCanaryCommand(s, nil)} {
		of.Flags().VisitAll(func(f *pflag.Flag) {
			if key := f.Annotations[flagSetting]; len(key) > 0 && !bound[key[0]] && fs.Lookup(f.Name) == nil {
				bound[key[0]] = true
				fs.AddFlag(f)
			}
		})
	}
	addConfigFlag(cmd)
	fs.StringVarP(&format, "output", "o", "table", "`format`: table or json")
	return cmd
}

// showConfig prints all settings in the order of the table.
func showConfig(s *terminal.Streams, c *config.Config, format string) error {
	all, err := c.Values()
	if err != nil {
		return err
	}
	if format == "json" {
		return printJSON(s.Out, map[string]any{"schema_version": "1", "settings": all})
	}
	t := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SETTING\tVALUE\tFROM")
	for _, x := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\n", x.Key, text.Visible(string(x.Value)), text.Visible(x.From.String()))
	}
	return t.Flush()
}

func newConfigSchemaCommand(s *terminal.Streams) *cobra.Command {
	schemas := map[string][]byte{"config": config.Schema(), "waivers": testdata.WaiversSchema}
	return &cobra.Command{
		Use:   "schema [config|waivers]",
		Short: "Print the JSON schema of configuration files, or of waivers files",
		Long: `schema prints a JSON schema with which editors complete and check the file.
` + exits{clean: "the schema was printed", usage: "usage error"}.help(),
		Example: `  crosscheck config schema > crosscheck.schema.json
  crosscheck config schema waivers > waivers.schema.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && schemas[args[0]] == nil {
				return usererr.Hint(fmt.Errorf("there is no schema %q", strings.Join(args, " ")), "use config or waivers")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			name := "config"
			if len(args) == 1 {
				name = args[0]
			}
			_, err := s.Out.Write(schemas[name])
			return err
		},
	}
}
