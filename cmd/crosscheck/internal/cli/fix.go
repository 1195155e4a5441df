package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/mend"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/repair"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// fixFlags are the flags of fix.
type fixFlags struct {
	o       mend.Options
	format  string
	dir     string
	noColor bool
	create  bool
	link    mend.New
}

func newFixCommand(s *terminal.Streams) *cobra.Command {
	var f fixFlags
	cmd := &cobra.Command{
		Use:   "fix [LINK|FINGERPRINT…]",
		Short: "Print the changes that mend links, proven by judging again",
		Long: `fix reads a recorded run (--from) or a facts file (--facts), finds the smallest changes
to policies and settings that mend its broken and partial links, judges the links again
with all of them, and prints the changes, account by account. It changes nothing itself
and does not call AWS.

LINK is the id of a link, or a pattern of ids with * and ?; FINGERPRINT the first 8 or
more digits of a finding's fingerprint. Without any, all links that fail are mended. What
no proven change exists for is printed as a decision: who must be asked about what. Findings
on these links that keep no object from arriving are mended where they are asked for by their
fingerprint, or all of them with --all.

` + mend.NewHelp + `
` + exits{clean: "changes were printed, or there is nothing to fix", usage: "usage error, or a run or facts file that cannot be used",
			incomplete: "nothing was printed, and something that was asked for is unknown"}.help(),
		Example: `  crosscheck scan -o table -o jsonl=run.jsonl
  crosscheck fix --from run.jsonl
  crosscheck fix 'orders*' --from run.jsonl --format json
  crosscheck fix --new 111111111111:orders 222222222222:orders-backup --delete-markers`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, s, args) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.o.From, "from", "", "run `file`, written with -o jsonl=FILE; - is standard input")
	fs.StringVar(&f.o.Facts, "facts", "", "facts `file`, written with 'crosscheck facts'; - is standard input")
	fs.BoolVar(&f.o.All, "all", false, "also print the changes that mend findings which break no link")
	fs.StringVar(&f.format, "format", "diff", "`form` of the changes: "+strings.Join(repair.Forms(), ", "))
	fs.StringVar(&f.dir, "out", "", "write the changes as files into this `directory`, which is made if it is missing")
	fs.BoolVar(&f.noColor, "no-color", false, "no colors (also: NO_COLOR)")
	fs.BoolVar(&f.create, "new", false, "print the whole set for a link that does not exist yet, from SOURCE to DESTINATION")
	f.link.Register(fs)
	addRuleFlags(cmd)
	addConfigFlag(cmd)
	return cmd
}

func (f *fixFlags) run(cmd *cobra.Command, s *terminal.Streams, args []string) error {
	defer collectSeldom(s)()
	if err := f.check(); err != nil {
		return err
	}
	c, err := configure(s, cmd)
	if err != nil {
		return err
	}
	engine, err := c.Engine()
	if err != nil {
		return err
	}
	if f.create {
		f.o.Stdin = s.In
		docs, err := mend.Documents(cmd.Context(), &f.o, args)
		if err != nil {
			return err
		}
		set, err := f.link.Repairs(cmd.Context(), args, docs, audit.Judge(engine))
		if err != nil {
			return err
		}
		return f.print(s, &set)
	}
	f.o.Only, f.o.Stdin = args, s.In
	result, err := mend.Find(cmd.Context(), engine, &f.o)
	if err != nil {
		return err
	}
	return f.report(s, result)
}

// report prints the changes, and what becomes of all that was asked for.
func (f *fixFlags) report(s *terminal.Streams, result *mend.Result) error {
	for _, n := range result.Notes {
		fmt.Fprintln(s.Err, text.Visible(n))
	}
	nothing := len(result.Failing) == 0 && len(result.Changes) == 0 && len(result.Decisions) == 0
	switch {
	case !nothing:
		if err := f.print(s, &result.Repairs); err != nil {
			return err
		}
		fmt.Fprintln(s.Err, result)
	case result.Findings > 0 || len(result.Notes)+len(result.Unknown)+len(result.Undecided) == 0:
		fmt.Fprintln(s.Err, result)
	}
	switch n := result.Left; n {
	case 0:
	case 1:
		fmt.Fprintln(s.Err, "1 more finding may be mended, which does not break a link: --all prints the change.")
	default:
		fmt.Fprintf(s.Err, "%d more findings may be mended, which do not break a link: --all prints the changes.\n", n)
	}
	unknown(s, "link", result.Unknown)
	unknown(s, "finding", result.Undecided)
	if nothing && len(result.Unknown)+len(result.Undecided) > 0 {
		return exitError(exitIncomplete)
	}
	return nil
}

// unknown names what of a kind is unknown, with the reasons: on one line where it is one, and
// the first of many.
func unknown(s *terminal.Streams, kind string, list []string) {
	const most = 20
	switch n := len(list); n {
	case 0:
	case 1:
		fmt.Fprintln(s.Err, "1 "+kind+" is unknown: "+text.Visible(list[0]))
	default:
		fmt.Fprintf(s.Err, "%d %ss are unknown:\n", n, kind)
		for _, line := range list[:min(n, most)] {
			fmt.Fprintln(s.Err, "  "+text.Visible(line))
		}
		if n > most {
			fmt.Fprintf(s.Err, "  and %d more\n", n-most)
		}
	}
}

// check refuses flags that say nothing together, before anything is read.
func (f *fixFlags) check() error {
	known, given := false, f.link.Given()
	for _, name := range repair.Forms() {
		known = known || name == f.format
	}
	switch {
	case !f.create && len(given) > 0:
		return usererr.Hint(fmt.Errorf("%s can be given only with --new", strings.Join(given, ", ")),
			"links that are there have what their replication configuration says")
	case f.create && f.o.All:
		return errors.New("--all is about links that are there, and --new about one that is not")
	case !known:
		return usererr.Hint(fmt.Errorf("unknown format %q", f.format), "use one of "+strings.Join(repair.Forms(), ", "))
	case f.create && f.o.From != "":
		return usererr.Hint(errors.New("--new cannot use a run"), "it is about a link that does not exist yet: a facts file (--facts) has the documents that its buckets have")
	case f.o.From == "-" && f.o.Facts == "-":
		return errors.New("--from and --facts exclude each other")
	}
	return nil
}

// print writes the changes to standard output, or as files.
func (f *fixFlags) print(s *terminal.Streams, r *finding.Repairs) error {
	if f.dir != "" {
		if err := os.MkdirAll(f.dir, 0o700); err != nil {
			return usererr.Hint(fmt.Errorf("--out %s cannot be made: %w", f.dir, usererr.Path(err)), "choose another directory")
		}
	}
	err := repair.Write(f.format, s.Out, r, repair.Options{Color: s.Color && !f.noColor, Dir: f.dir})
	if errors.Is(err, os.ErrExist) {
		return usererr.Hint(fmt.Errorf("--out %s: %w", f.dir, usererr.Path(err)), "nothing is overwritten: choose an empty directory")
	}
	return err
}
