package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
)

// baselineFlags name a recorded run that this one is held against.
type baselineFlags struct {
	path      string
	failOnNew bool
	recorded  bool // what is reported may have been held against a baseline when it was recorded
}

func (f *baselineFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.path, "baseline", "", "run `file` (-o jsonl=FILE) of an earlier run: what fails is new or existing, what is fixed is listed")
	fs.BoolVar(&f.failOnNew, "fail-on-new", false, "exit 1 only for what fails and did not in the baseline")
	bind(cmd, "baseline", "baseline", "fail-on-new", "fail_on_new")
}

// open reads the baseline, nil where there is none.
func (f *baselineFlags) open(outputs []report.Output) (*report.Baseline, error) {
	const hint = "--baseline takes a run file, written with -o jsonl=FILE"
	switch f.path {
	case "":
		if f.failOnNew && !f.recorded {
			return nil, usererr.Hint(errors.New("--fail-on-new has no baseline to go by"), hint)
		}
		return nil, nil
	case "-":
		return nil, usererr.Hint(errors.New("--baseline cannot read standard input"), "give it as a file")
	}
	run, err := openRun("--baseline", f.path, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = run.Close() }() // read only
	for _, out := range outputs {
		if sameFile(f.path, out.Path) {
			return nil, usererr.Hint(fmt.Errorf("output %s is also the baseline, which it would replace", out.Path), "give the output another file")
		}
	}
	b := report.NewBaseline()
	if err := report.Replay(run, b); err != nil {
		return nil, usererr.Hint(fmt.Errorf("%s: %w", f.path, err), hint)
	}
	return b, b.Close()
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}
