package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/terminal"
)

// flagSetting is the annotation of a flag that says which setting it is.
const flagSetting = "crosscheck_setting"

// bind says which settings flags of a command are: flag, key, flag, key.
func bind(cmd *cobra.Command, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if err := cmd.Flags().SetAnnotation(pairs[i], flagSetting, []string{pairs[i+1]}); err != nil {
			panic(err) // no such flag
		}
	}
}

// alias gives flags of a command names that they had, which still work and are not shown: old
// name, flag, old name, flag.
func alias(cmd *cobra.Command, pairs ...string) {
	before := cmd.Flags().GetNormalizeFunc()
	cmd.Flags().SetNormalizeFunc(func(fs *pflag.FlagSet, name string) pflag.NormalizedName {
		for i := 0; i < len(pairs); i += 2 {
			if name == pairs[i] {
				return pflag.NormalizedName(pairs[i+1])
			}
		}
		return before(fs, name)
	})
}

// settingFlags are the flags of a command that are settings.
func settingFlags(cmd *cobra.Command) []config.Flag {
	var flags []config.Flag
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		for _, key := range f.Annotations[flagSetting] {
			flags = append(flags, config.Flag{Key: key, Name: "--" + f.Name, Typed: f.Changed, Value: f.Value})
		}
	})
	return flags
}

const configUsage = "configuration `file` (also: " + config.EnvFile + "; else " + config.FileName + " of this directory, if there is one); flags take precedence"

func addConfigFlag(cmd *cobra.Command) { cmd.Flags().String("config", "", configUsage) }

// configure gives the configuration of a command: flags override the environment, which
// overrides the file, which overrides the defaults. The command's flags have its values
// afterwards.
func configure(s *terminal.Streams, cmd *cobra.Command) (*config.Config, error) {
	if found(s, cmd) {
		if err := cmd.Flags().Set("config", config.FileName); err != nil {
			return nil, err
		}
		if quiet := cmd.Flag("quiet"); quiet == nil || !quiet.Changed {
			fmt.Fprintf(s.Err, "crosscheck: using %s of this directory; --config= uses none\n", config.FileName)
		}
	}
	return layer(s, config.Defaults(), cmd)
}

// found reports whether this directory has a configuration file, and no other is named.
func found(s *terminal.Streams, cmd *cobra.Command) bool {
	if cmd.Flag("config").Changed || slices.ContainsFunc(s.Environ, func(kv string) bool {
		return strings.HasPrefix(kv, config.EnvFile+"=") && kv != config.EnvFile+"="
	}) {
		return false
	}
	info, err := os.Stat(config.FileName)
	return err == nil && info.Mode().IsRegular()
}

// layer lays the file of --config, the environment and the flags of a command over c.
func layer(s *terminal.Streams, c *config.Config, cmd *cobra.Command) (*config.Config, error) {
	if err := c.Load(cmd.Flag("config").Value.String(), s.Environ, settingFlags(cmd)); err != nil {
		return nil, err
	}
	return c, nil
}
