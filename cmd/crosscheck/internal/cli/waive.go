package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/rules/waiver"
)

func newWaiveCommand(s *terminal.Streams) *cobra.Command {
	var from, reason, owner, ticket, expires string
	cmd := &cobra.Command{
		Use:   "waive FINGERPRINT",
		Short: "Print a waiver for a finding of a recorded run",
		Long: `waive looks up a failing finding in a run file and prints the entry that waives it and
no other finding. Paste it under waivers: in the file that scan --waivers reads. The
JSON report and the run file have the fingerprints.
` + exits{clean: "the entry was printed", usage: "usage error, or the run has no such failing finding"}.help(),
		Example: `  crosscheck scan -o table -o jsonl=run.jsonl
  crosscheck waive 0123456789abcdef0123456789abcdef --from run.jsonl --reason "migrates in autumn" --owner storage --expires 2026-12-31`,
		Args: oneArg("the fingerprint of a finding"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usererr.Hint(errors.New("--reason is empty"), "give a justification for the readers of the report")
			}
			switch day, err := time.Parse(time.DateOnly, expires); {
			case err != nil:
				return usererr.Hint(fmt.Errorf("--expires %q is not a date", expires), "write the last day of the waiver as YYYY-MM-DD")
			case day.Format(time.DateOnly) < time.Now().UTC().Format(time.DateOnly):
				return usererr.Hint(fmt.Errorf("--expires %s is in the past", expires), "give a future date")
			}
			run, err := audit.OpenRun(cmd.Context(), "--from", from, s.In)
			if err != nil {
				return err
			}
			defer func() { _ = run.Close() }() // read only
			found := finder{fingerprint: args[0]}
			if err := audit.Replay(cmd.Context(), from, run, &found); err != nil {
				return err
			}
			f := found.finding
			switch {
			case f == nil:
				return usererr.Hint(fmt.Errorf("%s has no finding %q", from, args[0]), "the JSON report shows the fingerprints of its findings")
			case f.Status != finding.Fail:
				return usererr.Hint(fmt.Errorf("the finding %s of %s is %s", f.RuleID, from, f.Status), "only a failing finding can be waived")
			case f.RuleID == finding.WaiverExpired || f.RuleID == finding.WaiverUnused:
				return usererr.Hint(fmt.Errorf("%s is a finding about a waiver", f.RuleID), "repair the waiver instead")
			}
			e := waiver.Exact(f)
			e.Reason, e.Owner, e.Ticket, e.Expires = reason, owner, ticket, expires
			text, err := waiverText(f, &e)
			if err != nil {
				return err
			}
			_, err = s.Out.Write(text)
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&from, "from", "", "run `file`, written with -o jsonl=FILE; - is standard input")
	fs.StringVar(&reason, "reason", "", "`justification` (required)")
	fs.StringVar(&owner, "owner", "", "`owner` of the waiver")
	fs.StringVar(&ticket, "ticket", "", "`ticket` that tracks it")
	fs.StringVar(&expires, "expires", "", "last `day` of the waiver, YYYY-MM-DD in UTC (required)")
	return cmd
}

// waiverText is an entry as a waivers file has it, under a comment that says
// what was found.
func waiverText(f *finding.Finding, e *waiver.Entry) ([]byte, error) {
	var entry bytes.Buffer
	enc := yaml.NewEncoder(&entry)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode([]*waiver.Entry{e}), enc.Close()); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "  # %s: %s\n", f.Severity, text.Visible(f.Message))
	for line := range strings.Lines(entry.String()) {
		out.WriteString("  " + line)
	}
	return out.Bytes(), nil
}

// finder keeps the finding with a fingerprint, a failing one before others.
type finder struct {
	report.Discard
	fingerprint string
	finding     *finding.Finding
}

func (w *finder) Finding(f *finding.Finding) error {
	if f.Fingerprint == w.fingerprint && (w.finding == nil || w.finding.Status != finding.Fail) {
		w.finding = f
	}
	return nil
}
