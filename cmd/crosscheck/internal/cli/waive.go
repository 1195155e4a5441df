package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/rules/finding"
	"crosscheck/rules/waiver"
	"crosscheck/scanner/fact"
)

// waiverFlags say which failing findings may stand.
type waiverFlags struct{ path string }

func (f *waiverFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "waivers", "", "`file` (YAML) of failing findings that may stand for a while; they are reported and do not gate")
	bind(cmd, "waivers", "waivers")
}

// before puts the waivers before w; without a file it is w itself.
func (f *waiverFlags) before(w report.Writer) (report.Writer, error) {
	if f.path == "" {
		return w, nil
	}
	const hint = "docs/waivers.md shows what a waivers file holds"
	data, err := usererr.ReadFile(f.path)
	if err != nil {
		return nil, usererr.Hint(err, hint)
	}
	waivers, err := waiver.Parse(f.path, data, time.Now())
	if err != nil {
		return nil, usererr.Hint(err, hint)
	}
	return &waiving{Writer: w, waivers: waivers}, nil
}

// waiving gives failing findings their waivers on the way to the next writer, and
// adds the findings about the waivers themselves before the coverage, which is
// what ends a run. Waivers that a recorded run has are dropped, and the findings
// about them.
type waiving struct {
	report.Writer
	waivers  *waiver.Set
	run      waiver.Run
	measured bool
	linked   bool
}

func (w *waiving) Run(r *report.Run) error {
	w.run.Scope = r.Scope
	return w.Writer.Run(r)
}

func (w *waiving) Gap(g *fact.Gap) error {
	w.run.Incomplete = true
	return w.Writer.Gap(g)
}

func (w *waiving) Measurement(m *measure.Measurement) error {
	w.measured = true
	return w.Writer.Measurement(m)
}

func (w *waiving) Link(l *finding.Link) error {
	w.linked = true
	return w.Writer.Link(l)
}

func (w *waiving) Finding(f *finding.Finding) error {
	if f.RuleID == finding.WaiverExpired || f.RuleID == finding.WaiverUnused {
		return nil
	}
	if waiver := w.waivers.Apply(f); waiver != nil || f.Waiver != nil {
		own := *f
		own.Waiver = waiver
		f = &own
	}
	return w.Writer.Finding(f)
}

func (w *waiving) Coverage(c *fact.Coverage) error {
	w.run.Incomplete = w.run.Incomplete || !report.Complete(*c)
	w.run.Unjudged = c.Links > 0 && !w.linked
	if !w.measured {
		w.run.NotJudged = []string{finding.Disagreement, finding.Proof, finding.Objective, finding.LeftBehind}
	}
	for _, f := range w.waivers.Findings(w.run) {
		if err := w.Writer.Finding(&f); err != nil {
			return err
		}
	}
	return w.Writer.Coverage(c)
}

func newWaiveCommand(s *streams) *cobra.Command {
	var from, reason, owner, ticket, expires string
	cmd := &cobra.Command{
		Use:   "waive FINGERPRINT",
		Short: "Print a waiver for a finding of a recorded run",
		Long: `waive looks a failing finding up in a run file and prints the entry that waives it
and no other finding, to be pasted under waivers: in the file that scan --waivers
reads. The JSON report and the run file show the fingerprints.

Exit status:
  0    the entry was printed
  2    usage error, or the run has no such failing finding
  130  interrupted`,
		Example: `  crosscheck scan -o table -o jsonl=run.jsonl
  crosscheck waive 0123456789abcdef0123456789abcdef --from run.jsonl --reason "migrates in autumn" --owner storage --expires 2026-12-31`,
		Args: oneArg("the fingerprint of a finding"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usererr.Hint(errors.New("--reason is empty"), "say why the finding may stand, for those who read the report")
			}
			switch day, err := time.Parse(time.DateOnly, expires); {
			case err != nil:
				return usererr.Hint(fmt.Errorf("--expires %q is not a date", expires), "write the last day of the waiver as YYYY-MM-DD")
			case day.Format(time.DateOnly) < time.Now().UTC().Format(time.DateOnly):
				return usererr.Hint(fmt.Errorf("--expires %s is over", expires), "give a day to come")
			}
			run, err := openRun("--from", from, s.in)
			if err != nil {
				return err
			}
			defer func() { _ = run.Close() }() // read only
			found := finder{fingerprint: args[0]}
			if err := replay(cmd.Context(), from, run, &found); err != nil {
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
			_, err = s.out.Write(text)
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&from, "from", "", "run `file`, written with -o jsonl=FILE; - is standard input")
	fs.StringVar(&reason, "reason", "", "`why` the finding may stand (required)")
	fs.StringVar(&owner, "owner", "", "`who` answers for it")
	fs.StringVar(&ticket, "ticket", "", "`where` it is followed up")
	fs.StringVar(&expires, "expires", "", "last `day` of the waiver, YYYY-MM-DD in UTC (required)")
	return cmd
}

// waiverText is an entry as it stands in a waivers file, under a comment that says
// what was found.
func waiverText(f *finding.Finding, e *waiver.Entry) ([]byte, error) {
	var entry bytes.Buffer
	enc := yaml.NewEncoder(&entry)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode([]*waiver.Entry{e}), enc.Close()); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "  # %s: %s\n", f.Severity, usererr.OneLine(f.Message))
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
