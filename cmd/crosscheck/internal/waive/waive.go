// Package waive makes entries of a waivers file for findings of a recorded run.
package waive

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/atomicfile"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/rules/waiver"
)

// Entries are the entries for findings as a waivers file has them, each under a comment that
// says what was found. why has the reason and the last day.
func Entries(findings []*finding.Finding, why waiver.Entry) ([]byte, error) {
	var out bytes.Buffer
	for _, x := range findings {
		e := waiver.Exact(x)
		e.Reason, e.Owner, e.Ticket, e.Expires = why.Reason, why.Owner, why.Ticket, why.Expires
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

// Append adds entries at the end of a waivers file, or makes it. The file is read
// again as scan reads it before anything is written.
func Append(path string, entries []byte) error {
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
	err = atomicfile.WriteNew(path, now, !missing)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s appeared meanwhile", path)
	}
	return usererr.Hint(usererr.Path(err), "give a path that can be written")
}

// Shortest is the fewest digits of a fingerprint that name a finding.
const Shortest = 8

// Selector says which findings the arguments of a command name: the fingerprint, or its first
// digits; or the rule and the link or bucket.
func Selector(args []string) func(*finding.Finding) bool {
	if len(args) == 1 {
		return func(f *finding.Finding) bool {
			return f.Fingerprint == args[0] || len(args[0]) >= Shortest && strings.HasPrefix(f.Fingerprint, args[0])
		}
	}
	where := strings.ReplaceAll(args[1], "->", "→")
	return func(f *finding.Finding) bool {
		return f.RuleID == args[0] && (f.Link == where || f.Link == "" && report.BucketOf(f.Resource) == where)
	}
}

// Finder keeps the findings that are selected.
type Finder struct {
	report.Discard
	Selects func(*finding.Finding) bool
	Failing []*finding.Finding
	other   *finding.Finding // that does not fail
}

// Finding keeps a finding.
func (w *Finder) Finding(f *finding.Finding) error {
	switch {
	case !w.Selects(f):
	case f.Status == finding.Fail:
		w.Failing = append(w.Failing, f)
	default:
		w.other = f
	}
	return nil
}

// Check refuses what cannot be waived.
func (w *Finder) Check(from string, args []string) error {
	what := fmt.Sprintf("finding %q", args[0])
	if len(args) == 2 {
		what = fmt.Sprintf("finding of %s on %q", args[0], args[1])
	}
	var prints []string
	for _, f := range w.Failing {
		if f.RuleID == finding.WaiverExpired || f.RuleID == finding.WaiverUnused {
			return usererr.Hint(fmt.Errorf("%s is a finding about a waiver", f.RuleID), "repair the waiver instead")
		}
		prints = append(prints, f.Fingerprint)
	}
	slices.Sort(prints)
	switch prints = slices.Compact(prints); {
	case len(w.Failing) == 0 && w.other != nil:
		return usererr.Hint(fmt.Errorf("the finding %s of %s is %s", w.other.RuleID, from, w.other.Status), "only a failing finding can be waived")
	case len(w.Failing) == 0:
		return usererr.Hint(fmt.Errorf("%s has no %s", from, what), "the table of crosscheck report --from shows rules and links, the JSON report fingerprints")
	case len(args) == 1 && len(prints) > 1:
		return usererr.Hint(fmt.Errorf("%s has %d findings whose fingerprint begins with %s", from, len(prints), args[0]), "give more digits")
	}
	return nil
}
