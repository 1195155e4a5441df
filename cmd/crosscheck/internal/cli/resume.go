package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/rules"
)

// resumeFlags name a run that is to be continued.
type resumeFlags struct{ path string }

func (f *resumeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "resume", "", "run `file` to continue (PATH.partial of a scan with -o jsonl=PATH): buckets that stand in it without a gap are not read again")
}

// open reads the run to be continued, nil where there is none. The file stays open
// as long as the process: the run that continues it may take its name.
func (f *resumeFlags) open(engine *rules.Engine) (*report.Unfinished, error) {
	const hint = "a scan with -o jsonl=PATH leaves PATH.partial when it is interrupted"
	switch f.path {
	case "":
		return nil, nil
	case "-":
		return nil, usererr.Hint(errors.New("--resume cannot read standard input"), hint)
	}
	if info, err := os.Stat(f.path); err == nil && !info.Mode().IsRegular() {
		return nil, usererr.Hint(fmt.Errorf("%s is not a run file", f.path), hint)
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, usererr.Hint(usererr.Path(err), hint)
	}
	u, err := report.Resume(file)
	switch {
	case err != nil:
		return nil, usererr.Hint(fmt.Errorf("%s: %w", f.path, err), hint)
	case u.Run.Judge != judgeOf(engine):
		return nil, usererr.Hint(fmt.Errorf("%s was judged by another version of crosscheck, or by other rules or settings of rules", f.path),
			"use the same --rules, --strict and --config as then, or begin anew without --resume")
	}
	return u, nil
}

// sayPartial tells how to go on after a run that did not end.
func sayPartial(s *streams, set *report.Set) {
	for _, path := range set.Partial() {
		fmt.Fprintf(s.err, "crosscheck: what was read so far stands in %s; --resume %[1]s continues from there\n", usererr.OneLine(path))
	}
}
