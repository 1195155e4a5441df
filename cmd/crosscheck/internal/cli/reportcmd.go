package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
)

func newReportCommand(s *streams) *cobra.Command {
	var (
		from   string
		out    = reportFlags{baseline: baselineFlags{recorded: true}}
		waived waiverFlags
		send   sendFlags
	)
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write a recorded run in any format",
		Long: `report reads a run file, which scan, canary, drill and demo write with
-o jsonl=FILE, and writes the run in other formats: the same bytes that the run
itself would have written. Nothing is judged again; the exit status is decided anew
from --fail-on and --allow-incomplete, and with --waivers also what is waived.

AWS is called only with --send securityhub, which imports the findings into AWS
Security Hub: into that of the caller's account and Region, or with --send-role into
that of each bucket's. Findings of earlier runs that this run judged again and does
not have are archived. It needs securityhub:BatchImportFindings and
securityhub:GetFindings. What was not taken is listed on standard error, and the exit
status is 2.
` + exitStatusHelp,
		Example: `  crosscheck scan -o table -o jsonl=run.jsonl
  crosscheck report --from run.jsonl -o markdown -o sarif=crosscheck.sarif
  crosscheck report --from run.jsonl --send securityhub --region eu-central-1`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := send.check(cmd); err != nil {
				return err
			}
			run, err := openRun("--from", from, s.in)
			if err != nil {
				return err
			}
			defer func() { _ = run.Close() }() // read only
			c, err := configure(cmd)
			if err != nil {
				return err
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			to := newHubs(engine, s.err)
			var others []report.Writer
			if send.to != "" {
				others = append(others, to)
			}
			sum, err := out.run(s, engine, &waived, func(_ *report.Set, w report.Writer) error {
				if send.to != "" {
					if err := to.connect(cmd.Context(), &send); err != nil {
						return err
					}
				}
				return replay(cmd.Context(), from, run, w)
			}, others...)
			if err != nil {
				return err
			}
			if send.to != "" {
				if err := to.send(out.quiet); err != nil {
					return err
				}
			}
			return exitWith(sum.ExitStatus)
		},
	}
	out.add(cmd)
	send.add(cmd)
	waived.add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&from, "from", "", "run `file`, written with -o jsonl=FILE; - is standard input")
	fs.StringArray("rules", nil, "`directory` with the rules of your own that judged the run, for their help; repeatable")
	bind(cmd, "rules", "rules.dirs")
	addConfigFlag(cmd)
	return cmd
}

// openRun opens the run file that a flag or an argument names; the path - is
// standard input.
func openRun(what, path string, stdin io.Reader) (io.ReadCloser, error) {
	const hint = "write one with -o jsonl=FILE"
	switch path {
	case "":
		return nil, usererr.Hint(fmt.Errorf("%s names no run file", what), hint)
	case "-":
		return io.NopCloser(stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, usererr.Hint(usererr.Path(err), hint)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory, not a run file", path)
	}
	if err != nil {
		return nil, usererr.Hint(errors.Join(usererr.Path(err), f.Close()), hint)
	}
	return f, nil
}

// replay gives the messages of a run file to h until the context ends.
func replay(ctx context.Context, name string, run io.Reader, h report.Handler) error {
	untilEnd := readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return run.Read(p)
	})
	if err := report.Replay(untilEnd, h); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
