package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner"
)

// plannedScan prints what a scan would call, and calls nothing but what lists
// accounts and buckets.
func plannedScan(cmd *cobra.Command, s *terminal.Streams, options scanner.Options, f *scopeFlags, outputs []string) error {
	for _, name := range []string{"facts", "resume"} {
		if cmd.Flags().Changed(name) {
			return usererr.Hint(fmt.Errorf("--dry-run and --%s exclude each other", name), "a plan is for a whole scan")
		}
	}
	asJSON := cmd.Flags().Changed("output") && slices.Equal(outputs, []string{"json"})
	if cmd.Flags().Changed("output") && !asJSON {
		return usererr.Hint(errors.New("a plan is plain text or, with -o json, JSON, on standard output"), "leave --output out, or use -o json")
	}
	cfg, err := f.config(cmd.Context())
	if err != nil {
		return err
	}
	p, err := scanner.MakePlan(cmd.Context(), cfg, options)
	if err != nil {
		return err
	}
	if asJSON {
		return audit.WritePlanJSON(s.Out, p, options.Concurrency)
	}
	return audit.WritePlan(s.Out, p, options.Concurrency)
}
