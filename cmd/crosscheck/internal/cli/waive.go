package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/cmd/crosscheck/internal/waive"
	"crosscheck/report/text"
	"crosscheck/rules/waiver"
)

// waiveFlags say what is waived, why, and in which file.
type waiveFlags struct {
	from, to                       string
	reason, owner, ticket, expires string
}

func newWaiveCommand(s *terminal.Streams) *cobra.Command {
	var f waiveFlags
	cmd := &cobra.Command{
		Use:   "waive FINGERPRINT | RULE LINK",
		Short: "Accept a finding of a recorded run until a date",
		Long: `waive looks up a failing finding in a run file and makes the entry that waives it and
no other finding. A finding is named by its fingerprint, of which the first 8 digits do,
or by its rule and its link (or bucket). With --waivers the entry is added to that file,
which need not exist; otherwise a whole file with it is printed.
` + exits{clean: "the entry was made", usage: "usage error, or the run has no such failing finding"}.help(),
		Example: `  crosscheck scan -o table -o jsonl=run.jsonl
  crosscheck waive XC012 'media-raw/to-backup->backup-media-raw' --from run.jsonl --reason "migrates in autumn" --until 2099-12-31 --waivers waivers.yaml
  crosscheck waive d3e632ea --from run.jsonl --reason "migrates in autumn" --owner storage --until 2099-12-31`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usererr.Hint(fmt.Errorf("%s takes the fingerprint of a finding, or a rule and a link, not %d arguments", cmd.CommandPath(), len(args)),
					fmt.Sprintf("run '%s --help'", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			run, err := audit.OpenRun(cmd.Context(), "--from", f.from, s.In)
			if err != nil {
				return err
			}
			defer func() { _ = run.Close() }() // read only
			found := waive.Finder{Selects: waive.Selector(args)}
			if err := audit.Replay(cmd.Context(), f.from, run, &found); err != nil {
				return err
			}
			if err := found.Check(f.from, args); err != nil {
				return err
			}
			entries, err := waive.Entries(found.Failing, waiver.Entry{Reason: f.reason, Owner: f.owner, Ticket: f.ticket, Expires: f.expires})
			if err != nil {
				return err
			}
			if f.to == "" {
				_, err = s.Out.Write(append([]byte("waivers:\n"), entries...))
				return err
			}
			if err := waive.Append(f.to, entries); err != nil {
				return err
			}
			fmt.Fprintf(s.Err, "crosscheck: %s waives %s until %s\n", text.Visible(f.to), text.Count(len(found.Failing), "finding"), f.expires)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "run `file`, written with -o jsonl=FILE; - is standard input")
	flags.StringVar(&f.reason, "reason", "", "`justification` (required)")
	flags.StringVar(&f.owner, "owner", "", "`owner` of the waiver")
	flags.StringVar(&f.ticket, "ticket", "", "`ticket` that tracks it")
	flags.StringVar(&f.expires, "until", "", "last `day` of the waiver, YYYY-MM-DD in UTC (required)")
	flags.StringVar(&f.to, "waivers", "", "add the entry to this `file`")
	alias(cmd, "expires", "until")
	return cmd
}

func (f *waiveFlags) check() error {
	if strings.TrimSpace(f.reason) == "" {
		return usererr.Hint(errors.New("--reason is empty"), "give a justification for the readers of the report")
	}
	switch day, err := time.Parse(time.DateOnly, f.expires); {
	case err != nil:
		return usererr.Hint(fmt.Errorf("--until %q is not a date", f.expires), "write the last day of the waiver as YYYY-MM-DD")
	case day.Format(time.DateOnly) < time.Now().UTC().Format(time.DateOnly):
		return usererr.Hint(fmt.Errorf("--until %s is in the past", f.expires), "give a future date")
	}
	return nil
}
