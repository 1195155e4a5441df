package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/scanner"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// scopeFlags say who calls AWS and what is looked at; every command that reads
// AWS has them.
type scopeFlags struct {
	profile, region  string
	roleName         string
	externalID       string
	accounts         []string
	excludeAccounts  []string
	accountOnly      bool
	buckets          string
	concurrency      int
	perAccount       int
	log              logFlags
	roleNameFallback string
}

func (f *scopeFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.profile, "profile", "", "AWS `profile` (default: AWS_PROFILE)")
	fs.StringVar(&f.region, "region", "", "AWS `Region` to start from (default: AWS_REGION)")
	fs.StringVar(&f.roleName, "role-name", f.roleNameFallback, "`role` to assume in every account")
	fs.StringVar(&f.externalID, "external-id", "", "external `id` for assuming the role")
	fs.StringSliceVar(&f.accounts, "accounts", nil, "look at these `account ids` only, without listing the organization")
	fs.StringSliceVar(&f.excludeAccounts, "exclude-accounts", nil, "leave these `account ids` out; coverage says so")
	fs.BoolVar(&f.accountOnly, "account-only", false, "look at the caller's own account only, with the caller's own credentials")
	fs.StringVar(&f.buckets, "buckets", "", "look at source buckets that match this `glob` only (* and ?)")
	fs.IntVar(&f.concurrency, "concurrency", 64, "`calls` to AWS at a time")
	fs.IntVar(&f.perAccount, "account-concurrency", 0, "`calls` at a time in one account; 0 is half of --concurrency, and all of it while no other account is left")
	f.log.add(fs)
	addConfigFlag(cmd)
	bind(cmd, "role-name", "scan.role_name", "external-id", "scan.external_id", "accounts", "scan.accounts", "exclude-accounts", "scan.exclude_accounts",
		"account-only", "scan.account_only", "buckets", "scan.buckets", "concurrency", "scan.concurrency", "account-concurrency", "scan.account_concurrency")
}

func (f *scopeFlags) options(s *streams, needs []string) scanner.Options {
	o := scanner.Options{
		RoleName: f.roleName, ExternalID: f.externalID,
		Accounts: f.accounts, ExcludeAccounts: f.excludeAccounts, AccountOnly: f.accountOnly,
		Buckets: f.buckets, Concurrency: f.concurrency, AccountConcurrency: f.perAccount, Needs: needs, Version: version,
		Meter: new(scanner.Meter),
	}
	if f.log.debug {
		o.Log = f.log.logger(s)
	}
	return o
}

// addRuleFlags adds the flags that say what judges and how strictly.
func addRuleFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArray("rules", nil, "`directory` with rules of your own, repeatable")
	fs.StringSlice("enable", nil, "these `rules and packs` only (see crosscheck rules list)")
	fs.StringSlice("disable", nil, "not these `rules and packs`; what decides links goes on deciding them")
	fs.Bool("strict", false, "what AWS leaves open fails instead of being unknown")
	bind(cmd, "rules", "rules.dirs", "enable", "rules.enable", "disable", "rules.disable", "strict", "strict")
}

// reportFlags say what comes out and when it fails.
type reportFlags struct {
	outputs         []string
	failOn          string
	allowIncomplete bool
	noColor         bool
	quiet           bool
	baseline        baselineFlags
	history         historyFlags
}

func (f *reportFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVarP(&f.outputs, "output", "o", []string{"table"}, "`FORMAT[=PATH]`, repeatable: "+strings.Join(report.Formats(), ", "))
	fs.StringVar(&f.failOn, "fail-on", "low", "lowest `severity` that gives exit status 1: critical, high, medium, low, info")
	fs.BoolVar(&f.allowIncomplete, "allow-incomplete", false, "exit 0 although something was unknown")
	bind(cmd, "output", "outputs", "fail-on", "fail_on", "allow-incomplete", "allow_incomplete")
	fs.BoolVar(&f.noColor, "no-color", false, "no colors (also: NO_COLOR)")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on standard error")
	f.baseline.add(cmd)
	f.history.add(cmd)
}

// set is what comes out of a run.
func (f *reportFlags) set(s *streams, engine *rules.Engine) (*report.Set, error) {
	severity, err := report.ParseSeverity(f.failOn)
	if err != nil {
		return nil, usererr.Hint(err, "for example --fail-on high")
	}
	var outputs []report.Output
	for _, o := range f.outputs {
		out, err := report.ParseOutput(o)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, out)
	}
	baseline, err := f.baseline.open(outputs)
	if err != nil {
		return nil, err
	}
	trend, err := f.history.trend(s, outputs)
	if err != nil {
		return nil, err
	}
	if s.outTTY && slices.Contains(f.outputs, "jsonl") {
		s.errTTY = false // results come while the scan runs: no line of the terminal stays in place
	}
	return &report.Set{
		Outputs: outputs, Stdout: s.out,
		Options:  report.Options{Width: s.width, Color: s.color && !f.noColor, Rules: ruleHelp(engine), Codes: codeHelp(engine), History: trend},
		Gate:     report.Gate{FailOn: severity, AllowIncomplete: f.allowIncomplete, FailOnNew: f.baseline.failOnNew},
		Baseline: baseline, History: f.history.dir,
	}, nil
}

// run makes the outputs ready before anything is scanned, and calls write with the
// set and with a writer that applies the waivers and feeds the outputs, and the
// other writers if there are some. If it fails, it says which run files were kept.
func (f *reportFlags) run(s *streams, engine *rules.Engine, waived *waiverFlags, write func(*report.Set, report.Writer) error, others ...report.Writer) (report.Summary, error) {
	set, err := f.set(s, engine)
	if err != nil {
		return report.Summary{}, err
	}
	sum, err := set.Run(func(w report.Writer) error {
		if len(others) > 0 {
			w = report.Tee(append([]report.Writer{w}, others...)...)
		}
		w, err := waived.before(w)
		if err != nil {
			return err
		}
		return write(set, w)
	})
	if err != nil {
		sayPartial(s, set)
	}
	var history *report.HistoryError
	if errors.As(err, &history) {
		err = usererr.Hint(err, historyHint)
	}
	return sum, err
}

// codeHelp says what decides each of S3's failure codes.
func codeHelp(engine *rules.Engine) map[string]string {
	help := map[string]string{}
	for _, c := range engine.Codes() {
		help[c.Code] = c.Decides
	}
	return help
}

// ruleHelp explains the rules to formats that show help beside findings.
func ruleHelp(engine *rules.Engine) map[string]report.RuleHelp {
	help := map[string]report.RuleHelp{}
	for _, a := range finding.Catalog() {
		help[a.ID] = report.RuleHelp{Title: a.Title, Markdown: a.Markdown(), URI: a.URI()}
	}
	for _, r := range engine.Rules() {
		a := r.About()
		help[a.ID] = report.RuleHelp{Title: a.Title, Markdown: a.Markdown(), URI: a.URI()}
	}
	return help
}

func newScanCommand(s *streams) *cobra.Command {
	var (
		scope  = scopeFlags{roleNameFallback: "crosscheck-audit"}
		out    reportFlags
		facts  string
		dryRun bool
		waived waiverFlags

		resumed resumeFlags
	)
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Audit an organization (or --accounts, or --account-only)",
		Long: `scan lists the accounts of the organization, assumes the audit role in each,
reads what bears on S3 replication, and judges every replication link: works,
broken or unknown. It calls read APIs only. What could not be read is listed, and
whatever depends on it is unknown.

With --dry-run it lists accounts and buckets, reads nothing of them, and prints which
APIs the scan would call, as whom, how often and for how long.
` + exitStatusHelp,
		Example: `  crosscheck scan --role-name crosscheck-audit
  crosscheck scan --dry-run
  crosscheck scan --accounts 111111111111,222222222222 -o table -o sarif=crosscheck.sarif
  crosscheck facts > facts.jsonl && crosscheck scan --facts facts.jsonl
  crosscheck scan -o jsonl=run.jsonl --resume run.jsonl.partial
  crosscheck scan --baseline accepted.jsonl --fail-on-new`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configure(cmd)
			if err != nil {
				return err
			}
			if facts != "" {
				for _, name := range []string{"resume", "profile", "region", "role-name", "external-id", "accounts", "exclude-accounts", "account-only", "buckets", "concurrency", "account-concurrency"} {
					if cmd.Flags().Changed(name) {
						return usererr.Hint(fmt.Errorf("--facts and --%s exclude each other", name), "a facts file was scanned already; narrow the scope when you write it")
					}
				}
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			if dryRun {
				return plannedScan(cmd, s, scope.options(s, engine.Needs()), &scope, out.outputs)
			}
			var p *progress
			sum, err := out.run(s, engine, &waived, func(set *report.Set, w report.Writer) error {
				source := fileFacts(facts, s.in)
				judging := judging{engine: engine, w: w}
				var meter *scanner.Meter
				if facts == "" {
					judging.begun = set.Keep
					if judging.resume, err = resumed.open(engine); err != nil {
						return err
					}
					cfg, err := client.LoadConfig(cmd.Context(), scope.profile, scope.region)
					if err != nil {
						return err
					}
					options := scope.options(s, engine.Needs())
					options.Wants = engine.Wants
					meter = options.Meter
					if u := judging.resume; u != nil {
						options.RunID, options.Done = u.Run.ID, u.Judged
					}
					source = func(ctx context.Context, emit func(fact.Message) error) error {
						return scanner.Scan(ctx, cfg, options, emit)
					}
				}
				p = s.watch(out.quiet, &scope.log, meter)
				judging.calls = p.calls
				judging.each = func(doc *fact.Document, links []finding.Link) { p.judged(doc.Bucket.AccountID, len(links)) }
				err := judging.judge(cmd.Context(), source)
				p.done()
				return err
			})
			if err != nil {
				return err
			}
			p.finished()
			return exitWith(sum.ExitStatus)
		},
	}
	scope.add(cmd)
	out.add(cmd)
	cmd.Flags().StringVar(&facts, "facts", "", "judge this facts `file` (see crosscheck facts) instead of AWS; - is standard input")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the calls that the scan would make, and list accounts and buckets only")
	addRuleFlags(cmd)
	waived.add(cmd)
	resumed.add(cmd)
	return cmd
}

// exitWith turns the exit status of a run into an error for conclude.
func exitWith(status int) error {
	if status == exitClean {
		return nil
	}
	return exitError(status)
}

// fileFacts reads a facts file; the path - is standard input.
func fileFacts(path string, stdin io.Reader) factSource {
	return func(ctx context.Context, emit func(fact.Message) error) error {
		r := fact.NewReader(stdin, "standard input")
		if path != "-" {
			var err error
			if r, err = fact.Open(path); err != nil {
				return usererr.Hint(err, "write a facts file with 'crosscheck facts'")
			}
			defer func() { _ = r.Close() }() // read only
		}
		for {
			m, err := r.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return usererr.Hint(err, "write it again with 'crosscheck facts'")
			}
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if err := emit(m); err != nil {
				return err
			}
		}
	}
}
