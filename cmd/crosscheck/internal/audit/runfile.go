package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/output"
	"crosscheck/rules"
)

// OpenRun opens the run file that a flag or an argument names, to be read until the
// context ends; the path - is standard input.
func OpenRun(ctx context.Context, what, path string, stdin io.Reader) (io.ReadCloser, error) {
	const hint = "write one with -o jsonl=FILE"
	if path == "" {
		return nil, usererr.Hint(fmt.Errorf("%s is missing", what), hint)
	}
	in, err := openInput(ctx, path, "run file", stdin)
	if err != nil {
		return nil, orCause(ctx, usererr.Hint(err, hint))
	}
	return in, nil
}

// Replay gives the messages of a run file of [OpenRun] to h until the context ends.
func Replay(ctx context.Context, name string, run io.Reader, h report.Handler) error {
	if err := report.Replay(run, h); err != nil {
		return orCause(ctx, runError(name, err))
	}
	return nil
}

// runError names the run file in an error, and says what to do about a file that is not
// as it was written.
func runError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, report.ErrDigest):
		return usererr.Hint(fmt.Errorf("%s: %w", name, err), "copy it again from where it was written, or record the run again with -o jsonl=FILE")
	}
	return fmt.Errorf("%s: %w", name, err)
}

// Resume reads the run that --resume names, to be continued by the same version of
// crosscheck with the same rules; nil without a path. The file stays open as long as
// the process: the run that continues it may take its name.
func Resume(ctx context.Context, path, version string, engine *rules.Engine) (*report.Unfinished, error) {
	const hint = "a scan with -o jsonl=PATH leaves PATH.partial when it is interrupted"
	switch path {
	case "":
		return nil, nil
	case "-":
		return nil, usererr.Hint(errors.New("--resume cannot read standard input"), hint)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, usererr.Hint(fmt.Errorf("%s is not a run file", path), hint)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, usererr.Hint(usererr.Path(err), hint)
	}
	u, err := report.Resume(fileUntil{ctx, file})
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, report.ErrDigest):
		return nil, runError(path, err)
	case err != nil:
		return nil, usererr.Hint(fmt.Errorf("%s: %w", path, err), hint)
	case u.Run.Judge != judge(version, engine):
		return nil, usererr.Hint(fmt.Errorf("%s was judged by another version of crosscheck, or by other rules or settings of rules", path),
			"use the same --rules, --strict and --config as then, or begin anew without --resume")
	}
	return u, nil
}

// fileUntil is a file that is read until the context ends.
type fileUntil struct {
	ctx  context.Context
	file io.ReadSeeker
}

func (f fileUntil) Read(p []byte) (int, error) {
	if err := context.Cause(f.ctx); err != nil {
		return 0, err
	}
	return f.file.Read(p)
}

func (f fileUntil) Seek(offset int64, whence int) (int64, error) { return f.file.Seek(offset, whence) }

// baseline reads the baseline, nil where there is none.
func (r *Report) baseline(ctx context.Context, outputs []output.Output) (*compare.Baseline, error) {
	const hint = "--baseline takes a run file, written with -o jsonl=FILE"
	switch r.Baseline {
	case "":
		if r.FailOnNew && !r.Recorded {
			return nil, usererr.Hint(errors.New("--fail-on-new has no baseline to go by"), hint)
		}
		return nil, nil
	case "-":
		return nil, usererr.Hint(errors.New("--baseline cannot read standard input"), "give it as a file")
	}
	run, err := OpenRun(ctx, "--baseline", r.Baseline, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = run.Close() }() // read only
	for _, out := range outputs {
		if sameFile(r.Baseline, out.Path) {
			return nil, usererr.Hint(fmt.Errorf("output %s is also the baseline, which it would replace", out.Path), "give the output another file")
		}
	}
	b := compare.NewBaseline()
	switch err := report.Replay(run, b); {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, report.ErrDigest):
		return nil, runError(r.Baseline, err)
	case err != nil:
		return nil, usererr.Hint(fmt.Errorf("%s: %w", r.Baseline, err), hint)
	}
	return b, b.Close()
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}
