package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
)

func newManCommand(s *terminal.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages into a directory",
		Long: `man writes a manual page for every command into a directory, which must exist:
crosscheck.1, crosscheck-scan.1 and so on. Put them where man looks, such as
/usr/local/share/man/man1.
` + exits{clean: "the pages were written", usage: "usage error, or the directory cannot be written"}.help(),
		Example: `  crosscheck man .`,
		Args:    oneArg("a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
				return usererr.Hint(fmt.Errorf("%s is no directory", args[0]), "make it first, for example with mkdir -p")
			}
			epoch := time.Unix(0, 0).UTC() // the pages of one version are the same bytes
			header := &doc.GenManHeader{Section: "1", Date: &epoch, Source: "crosscheck " + version, Manual: "crosscheck"}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return usererr.Hint(usererr.Path(err), "give a directory that can be written")
			}
			pages, err := filepath.Glob(filepath.Join(args[0], "crosscheck*.1"))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Err, "crosscheck: %d pages in %s\n", len(pages), args[0])
			return err
		},
	}
}
