package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
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
			found := finder{selects: selector(args)}
			if err := audit.Replay(cmd.Context(), f.from, run, &found); err != nil {
				return err
			}
			if err := found.check(f.from, args); err != nil {
				return err
			}
			entries, err := f.entries(found.failing)
			if err != nil {
				return err
			}
			if f.to == "" {
				_, err = s.Out.Write(append([]byte("waivers:\n"), entries...))
				return err
			}
			if err := appendWaivers(f.to, entries); err != nil {
				return err
			}
			fmt.Fprintf(s.Err, "crosscheck: %s waives %s until %s\n", text.Visible(f.to), text.Count(len(found.failing), "finding"), f.expires)
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

// entries are the entries for findings as a waivers file has them, each under a comment that
// says what was found.
func (f *waiveFlags) entries(findings []*finding.Finding) ([]byte, error) {
	var out bytes.Buffer
	for _, x := range findings {
		e := waiver.Exact(x)
		e.Reason, e.Owner, e.Ticket, e.Expires = f.reason, f.owner, f.ticket, f.expires
		var entry bytes.Buffer
		enc := yaml.NewEncoder(&entry)
		enc.SetIndent(2)
		if err := errors.Join(enc.Encode([]*waiver.Entry{&e}), enc.Close()); err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "  # %s: %s\n", x.Severity, text.Visible(x.Message))
		for line := range strings.Lines(entry.String()) {
			out.WriteString("  " + line)
		}
	}
	return out.Bytes(), nil
}

// appendWaivers adds entries at the end of a waivers file, or makes it. The file is read
// again as scan reads it before anything is written.
func appendWaivers(path string, entries []byte) error {
	old, err := usererr.ReadFile(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return usererr.Hint(err, "--waivers names a waivers file, which may not exist yet")
	}
	if _, err := waiver.Parse(path, old, time.Now()); err != nil && !missing {
		return err
	}
	now := slices.Clone(old)
	if len(bytes.TrimSpace(now)) == 0 {
		now = []byte("waivers:\n")
	} else if !bytes.HasSuffix(now, []byte("\n")) {
		now = append(now, '\n')
	}
	now = append(now, entries...)
	if _, err := waiver.Parse(path, now, time.Now()); err != nil {
		if strings.Contains(err.Error(), "same") {
			return usererr.Hint(err, "it is waived already: change that entry")
		}
		return usererr.Hint(fmt.Errorf("%s is written in a way that nothing can be added at its end (%w)", path, err), "leave out --waivers and paste the entry under waivers:")
	}
	err = writeNew(path, now, !missing)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s appeared meanwhile", path)
	}
	return usererr.Hint(usererr.Path(err), "give a path that can be written")
}

// shortestFingerprint is the fewest digits of a fingerprint that name a finding.
const shortestFingerprint = 8

// selector says which findings the arguments of a command name: the fingerprint, or its first
// digits; or the rule and the link or bucket.
func selector(args []string) func(*finding.Finding) bool {
	if len(args) == 1 {
		return func(f *finding.Finding) bool {
			return f.Fingerprint == args[0] || len(args[0]) >= shortestFingerprint && strings.HasPrefix(f.Fingerprint, args[0])
		}
	}
	where := strings.ReplaceAll(args[1], "->", "→")
	return func(f *finding.Finding) bool {
		return f.RuleID == args[0] && (f.Link == where || f.Link == "" && report.BucketOf(f.Resource) == where)
	}
}

// finder keeps the findings that are selected.
type finder struct {
	report.Discard
	selects func(*finding.Finding) bool
	failing []*finding.Finding
	other   *finding.Finding // that does not fail
}

func (w *finder) Finding(f *finding.Finding) error {
	switch {
	case !w.selects(f):
	case f.Status == finding.Fail:
		w.failing = append(w.failing, f)
	default:
		w.other = f
	}
	return nil
}

// check refuses what cannot be waived.
func (w *finder) check(from string, args []string) error {
	what := fmt.Sprintf("finding %q", args[0])
	if len(args) == 2 {
		what = fmt.Sprintf("finding of %s on %q", args[0], args[1])
	}
	var prints []string
	for _, f := range w.failing {
		if f.RuleID == finding.WaiverExpired || f.RuleID == finding.WaiverUnused {
			return usererr.Hint(fmt.Errorf("%s is a finding about a waiver", f.RuleID), "repair the waiver instead")
		}
		prints = append(prints, f.Fingerprint)
	}
	slices.Sort(prints)
	switch prints = slices.Compact(prints); {
	case len(w.failing) == 0 && w.other != nil:
		return usererr.Hint(fmt.Errorf("the finding %s of %s is %s", w.other.RuleID, from, w.other.Status), "only a failing finding can be waived")
	case len(w.failing) == 0:
		return usererr.Hint(fmt.Errorf("%s has no %s", from, what), "the table of crosscheck report --from shows rules and links, the JSON report fingerprints")
	case len(args) == 1 && len(prints) > 1:
		return usererr.Hint(fmt.Errorf("%s has %d findings whose fingerprint begins with %s", from, len(prints), args[0]), "give more digits")
	}
	return nil
}
