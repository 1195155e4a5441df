package cli

import (
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

const configUsage = "configuration `file` (crosscheck.yaml; also: " + config.EnvFile + "); flags take precedence"

func addConfigFlag(cmd *cobra.Command) { cmd.Flags().String("config", "", configUsage) }

// configure gives the configuration of a command: flags override the environment, which
// overrides the file, which overrides the defaults. The command's flags have its values
// afterwards.
func configure(s *terminal.Streams, cmd *cobra.Command) (*config.Config, error) {
	return layer(s, config.Defaults(), cmd)
}

// layer lays the file of --config, the environment and the flags of a command over c.
func layer(s *terminal.Streams, c *config.Config, cmd *cobra.Command) (*config.Config, error) {
	if err := c.Load(cmd.Flag("config").Value.String(), s.Environ, settingFlags(cmd)); err != nil {
		return nil, err
	}
	return c, nil
}
