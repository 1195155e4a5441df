package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
)

// version is set by the linker (see Makefile); a plain go build says "dev".
var version = "dev"

func newVersionCommand(s *terminal.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "version prints the version, the Go version it was built with, and the platform.\n" + exits{clean: "the version was printed", usage: "usage error"}.help(),
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return printVersion(s) },
	}
}

func printVersion(s *terminal.Streams) error {
	_, err := fmt.Fprintf(s.Out, "crosscheck %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
