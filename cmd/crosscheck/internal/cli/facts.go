package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

func newFactsCommand(s *streams) *cobra.Command {
	var (
		scope           = scopeFlags{roleNameFallback: "crosscheck-audit"}
		output          string
		allowIncomplete bool
		quiet           bool
	)
	cmd := &cobra.Command{
		Use:   "facts",
		Short: "Write what was read as JSON lines, to judge it offline",
		Long: `facts reads AWS as scan does and writes what it read instead of judging it: one
JSON line for the run, one for each gap and each bucket, the coverage at the end.
scan --facts judges such a file, with the same result as if it had read AWS.

The file holds policies and names of the organization, and no secret. It is
written with the facts that the rules of --config and --rules need; rules that
come later may need more, and say so.
` + `
Exit status:
  0    everything in scope was read
  2    usage, configuration or credential error
  3    incomplete: something could not be read; it stands in the file
  130  interrupted`,
		Example: `  crosscheck facts --role-name crosscheck-audit -o facts.jsonl
  crosscheck scan --facts facts.jsonl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configure(cmd)
			if err != nil {
				return err
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			options := scope.options(s, engine.Needs())
			source := func(ctx context.Context, emit func(fact.Message) error) error {
				cfg, err := client.LoadConfig(ctx, scope.profile, scope.region)
				if err != nil {
					return err
				}
				return scanner.Scan(ctx, cfg, options, emit)
			}
			p := s.watch(quiet, &scope.log, options.Meter)
			gaps, err := writeFacts(cmd.Context(), p.seeing(source), output, s.out)
			p.done()
			if err != nil {
				return err
			}
			p.finished()
			if gaps > 0 && !allowIncomplete {
				fmt.Fprintf(s.err, "crosscheck: incomplete: %d facts could not be read; they stand in the file as gaps\n", gaps)
				return exitError(exitIncomplete)
			}
			return nil
		},
	}
	scope.add(cmd)
	fs := cmd.Flags()
	fs.StringVarP(&output, "output", "o", "-", "`file` to write; - is standard output")
	fs.StringArray("rules", nil, "`directory` with rules of your own, whose facts are read too; repeatable")
	fs.BoolVar(&allowIncomplete, "allow-incomplete", false, "exit 0 although something could not be read")
	fs.BoolVarP(&quiet, "quiet", "q", false, "no progress on standard error")
	bind(cmd, "rules", "rules.dirs", "allow-incomplete", "allow_incomplete")
	return cmd
}

// writeFacts writes a stream to path, or to stdout where path is -, and counts
// its gaps. A file appears under its name only when it is whole.
func writeFacts(ctx context.Context, source factSource, path string, stdout io.Writer) (gaps int, err error) {
	out, err := createFacts(path, stdout)
	if err != nil {
		return 0, usererr.Hint(err, "choose another file with --output")
	}
	defer out.abort()
	buffered := bufio.NewWriterSize(out.w, 1<<16)
	w := fact.NewWriter(buffered)
	err = source(ctx, func(m fact.Message) error {
		if m.Gap != nil {
			gaps++
		}
		return w.Write(m)
	})
	if err != nil {
		return gaps, err
	}
	if err := buffered.Flush(); err != nil {
		return gaps, err
	}
	return gaps, out.publish()
}

// factsFile is where facts go: standard output, a device, or a temporary file
// beside the one that is asked for.
type factsFile struct {
	w    io.Writer
	file *os.File // to close; nil = standard output
	temp bool     // file is to be renamed to path
	path string
}

// createFacts finds out whether path can be written before AWS is read.
func createFacts(path string, stdout io.Writer) (*factsFile, error) {
	if path == "-" {
		return &factsFile{w: stdout}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory, not a file", path)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, usererr.Path(err)
		}
		return &factsFile{w: f, file: f}, nil
	case err == nil:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, usererr.Path(err)
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, usererr.Path(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".crosscheck-facts-*") // readable by its owner alone
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", path, errors.Unwrap(err))
	}
	return &factsFile{w: f, file: f, temp: true, path: path}, nil
}

func (o *factsFile) publish() error {
	if o.file == nil {
		return nil
	}
	f := o.file
	o.file = nil
	err := f.Close()
	if err == nil && o.temp {
		err = os.Rename(f.Name(), o.path)
	}
	if err != nil && o.temp {
		_ = os.Remove(f.Name())
	}
	return err
}

// abort drops what was not published.
func (o *factsFile) abort() {
	if o.file == nil {
		return
	}
	_ = o.file.Close()
	if o.temp {
		_ = os.Remove(o.file.Name())
	}
}
