package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/progress"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/output"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// scopeFlags say who calls AWS and what is looked at; every command that reads
// AWS has them.
type scopeFlags struct {
	load            client.Loader
	profile, region string
	auditRole       string
	externalID      string
	accounts        []string
	excludeAccounts []string
	accountOnly     bool
	buckets         string
	concurrency     int
	perAccount      int
	log             terminal.Log
}

func (f *scopeFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.profile, "profile", "", "AWS `profile` (default: AWS_PROFILE)")
	fs.StringVar(&f.region, "region", "", "AWS `Region` to start from (default: AWS_REGION)")
	fs.StringVar(&f.auditRole, "audit-role", config.AuditRole, "`role` to assume in every account for reading")
	alias(cmd, "role-name", "audit-role")
	fs.StringVar(&f.externalID, "external-id", "", "external `id` for assuming the role")
	fs.StringSliceVar(&f.accounts, "accounts", nil, "scan only these `account ids`, without listing the organization")
	fs.StringSliceVar(&f.excludeAccounts, "exclude-accounts", nil, "exclude these `account ids` (listed under coverage)")
	fs.BoolVar(&f.accountOnly, "account-only", false, "scan only the caller's own account, with the caller's own credentials")
	fs.StringVar(&f.buckets, "buckets", "", "scan only source buckets that match this `glob` (* and ?)")
	fs.IntVar(&f.concurrency, "concurrency", 64, "concurrent `calls` to AWS")
	fs.IntVar(&f.perAccount, "account-concurrency", 0, "concurrent `calls` in one account; 0 is half of --concurrency, or all of it once a single account is left")
	fs.Var(&f.log.Format, "log-format", "`format` of progress and log on standard error: text or json")
	fs.BoolVar(&f.log.Debug, "debug", false, "log each call of the scan to AWS on standard error")
	addConfigFlag(cmd)
	bind(cmd, "audit-role", "scan.role_name", "external-id", "scan.external_id", "accounts", "scan.accounts", "exclude-accounts", "scan.exclude_accounts",
		"account-only", "scan.account_only", "buckets", "scan.buckets", "concurrency", "scan.concurrency", "account-concurrency", "scan.account_concurrency")
}

// config reads the configuration of AWS.
func (f *scopeFlags) config(ctx context.Context) (aws.Config, error) {
	return f.load(ctx, f.profile, f.region)
}

func (f *scopeFlags) options(s *terminal.Streams, needs []string) scanner.Options {
	o := scanner.Options{
		RoleName: f.auditRole, ExternalID: f.externalID,
		Accounts: f.accounts, ExcludeAccounts: f.excludeAccounts, AccountOnly: f.accountOnly,
		Buckets: f.buckets, Concurrency: f.concurrency, AccountConcurrency: f.perAccount, Needs: needs, Version: version,
		Meter: new(scanner.Meter),
	}
	if f.log.Debug {
		o.Log = f.log.Logger(s)
	}
	return o
}

// addRuleFlags adds the flags that say what judges and how strictly.
func addRuleFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArray("rules", nil, "`directory` of custom rules, repeatable")
	fs.StringSlice("enable", nil, "only these `rules and packs` (see crosscheck rules list)")
	fs.StringSlice("disable", nil, "suppress findings of these `rules and packs`; link verdicts are unaffected")
	fs.Bool("strict", false, "treat behavior AWS does not document as a failure, not as unknown")
	bind(cmd, "rules", "rules.dirs", "enable", "rules.enable", "disable", "rules.disable", "strict", "strict")
}

// reportFlags say what comes out and when it fails.
type reportFlags struct {
	outputs         []string
	failOn          string
	allowIncomplete bool
	noColor         bool
	quiet           bool
	baseline        string
	failOnNew       bool
	recorded        bool // what is reported may have been compared with a baseline when it was recorded
	history         string
	waivers         string
	log             *terminal.Log // nil = as text
}

func (f *reportFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVarP(&f.outputs, "output", "o", []string{"table"}, "`FORMAT[=PATH]`, repeatable: "+strings.Join(output.Formats(), ", "))
	fs.StringVar(&f.failOn, "fail-on", "low", "lowest `severity` that gives exit status 1: critical, high, medium, low, info")
	fs.BoolVar(&f.allowIncomplete, "allow-incomplete", false, "exit 0 even if something is unknown")
	bind(cmd, "output", "outputs", "fail-on", "fail_on", "allow-incomplete", "allow_incomplete")
	fs.BoolVar(&f.noColor, "no-color", false, "no colors (also: NO_COLOR)")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on standard error")
	fs.StringVar(&f.baseline, "baseline", "", "run `file` (-o jsonl=FILE) of an earlier run: mark findings as new or existing relative to it, and list fixed ones")
	fs.BoolVar(&f.failOnNew, "fail-on-new", false, "exit 1 only for failures that the baseline does not have")
	fs.StringVar(&f.history, "history", "", "`directory` of run files, to which that of this run is added (see crosscheck history)")
	fs.StringVar(&f.waivers, "waivers", "", "waivers `file` (YAML): waived findings are reported but do not affect the exit status")
	bind(cmd, "baseline", "baseline", "fail-on-new", "fail_on_new", "history", "history", "waivers", "waivers")
}

// streams reports whether results go to the terminal while the run goes on.
func (f *reportFlags) streams(s *terminal.Streams) bool {
	return s.OutTTY && slices.Contains(f.outputs, "jsonl")
}

// report is the report of a run.
func (f *reportFlags) report(s *terminal.Streams) *audit.Report {
	return &audit.Report{
		Outputs: f.outputs, FailOn: f.failOn, FailOnNew: f.failOnNew, AllowIncomplete: f.allowIncomplete,
		Baseline: f.baseline, Recorded: f.recorded, History: f.history, Waivers: f.waivers,
		Stdout: s.Out, Width: s.Width, Color: s.Color && !f.noColor,
		Wrote:   func(paths []string, sum *report.Summary) { f.wrote(s, paths, sum) },
		Skipped: func(files []compare.Skipped) { printSkipped(s, f.history, files) },
		Partial: func(path string) {
			fmt.Fprintf(s.Err, "crosscheck: the run so far is in %s; continue it with --resume %[1]s\n", text.Visible(path))
		},
	}
}

// wrote says what the files that were written hold, as few people open them at once.
func (f *reportFlags) wrote(s *terminal.Streams, paths []string, sum *report.Summary) {
	if f.quiet {
		return
	}
	log := f.log
	if log == nil {
		log = new(terminal.Log)
	}
	log.Say(s, fmt.Sprintf("wrote %s: links %s; findings %d failed, %d unknown", strings.Join(paths, ", "), sum.Links, sum.Findings.Fail, sum.Findings.Unknown))
}

func newScanCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	var (
		scope  = scopeFlags{load: load}
		out    = reportFlags{log: &scope.log}
		facts  string
		with   []string
		dryRun bool
		resume string
	)
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Audit an organization (or --accounts, or --account-only)",
		Long: `scan lists the accounts of the organization, assumes the audit role in each, reads
the settings that S3 replication depends on, and decides whether each replication link
works, is partial, broken or unknown. It calls read APIs only. Facts that could not be
read are listed, and results that depend on them are unknown.

With --dry-run it lists accounts and buckets, reads nothing about them, and prints which
APIs the scan would call, as whom, how often and for how long.

With --facts FILE --with KIND:NAME=FILE it judges as if AWS had the policy document of the
file, and says which links change their verdict: bucket:NAME, key:ARN, trust:ROLE-ARN,
boundary:ROLE-ARN, role:ROLE-ARN (instead of all its permission policies),
role:ROLE-ARN/POLICY (instead of that one), scp:TARGET/POLICY, rcp:TARGET/POLICY.
` + exits{
			clean:      "clean",
			findings:   "a finding at or above --fail-on, or a broken or partial link",
			usage:      "usage, configuration, rule or credential error",
			incomplete: "incomplete: something is unknown and nothing failed",
		}.help(),
		Example: `  crosscheck scan --audit-role crosscheck-audit
  crosscheck scan --dry-run
  crosscheck scan --accounts 111111111111,222222222222 -o table -o sarif=crosscheck.sarif
  crosscheck facts > facts.jsonl && crosscheck scan --facts facts.jsonl
  crosscheck scan --facts facts.jsonl --with bucket:backup-orders=policy.json
  crosscheck scan -o jsonl=run.jsonl --resume run.jsonl.partial
  crosscheck scan --baseline accepted.jsonl --fail-on-new`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer collectSeldom(s)()
			c, err := configure(s, cmd)
			if err != nil {
				return err
			}
			if facts != "" {
				for _, name := range []string{"resume", "profile", "region", "audit-role", "external-id", "accounts", "exclude-accounts", "account-only", "buckets", "concurrency", "account-concurrency"} {
					if cmd.Flags().Changed(name) {
						return usererr.Hint(fmt.Errorf("--facts and --%s exclude each other", name), "the scope of a facts file is chosen when it is written")
					}
				}
			}
			whatIf, err := whatIfOf(with, facts, out.history)
			if err != nil {
				return err
			}
			engine, err := c.Engine()
			if err != nil {
				return err
			}
			if dryRun {
				return plannedScan(cmd, s, scope.options(s, engine.Needs()), &scope, out.outputs)
			}
			var p *progress.Progress
			sum, err := out.report(s).Run(cmd.Context(), engine, func(w report.Writer, keep func() error) error {
				source := audit.FactsFile(facts, s.In)
				a := audit.Audit{Engine: engine, Version: version, WhatIf: whatIf, Repair: true}
				var meter *scanner.Meter
				if facts == "" {
					a.Keep = keep
					if a.Resume, err = audit.Resume(cmd.Context(), resume, version, engine); err != nil {
						return err
					}
					cfg, err := scope.config(cmd.Context())
					if err != nil {
						return err
					}
					options := scope.options(s, engine.Needs())
					options.Wants = engine.Wants
					meter = options.Meter
					if u := a.Resume; u != nil {
						options.RunID, options.Done = u.Run.ID, u.Judged
					}
					source = func(ctx context.Context, emit func(fact.Message) error) error {
						return scanner.Scan(ctx, cfg, options, emit)
					}
					a.Additions = meter.Additions
				}
				p = progress.Of(s, &scope.log, out.quiet, out.streams(s), meter)
				a.Calls = p.Calls
				a.Each = func(doc *fact.Document, links []finding.Link) { p.Judged(doc.Bucket.AccountID, len(links)) }
				err := a.Run(cmd.Context(), source, w)
				p.Done()
				return err
			})
			if err != nil {
				return err
			}
			p.Finished()
			printReversals(s, whatIf)
			return exitWith(sum.ExitStatus)
		},
	}
	scope.add(cmd)
	out.add(cmd)
	cmd.Flags().StringArrayVar(&with, "with", nil, "judge the facts with this policy document, `KIND:NAME=FILE`; repeatable")
	cmd.Flags().StringVar(&facts, "facts", "", "read the facts from this `file` (see crosscheck facts) and not from AWS; - is standard input")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "list accounts and buckets only, and print the calls that the scan would make")
	addRuleFlags(cmd)
	cmd.Flags().StringVar(&resume, "resume", "", "run `file` to continue (PATH.partial of a scan with -o jsonl=PATH): buckets that it has without a gap are not read again")
	return cmd
}

// exitWith turns the exit status of a run into an error for conclude.
func exitWith(status int) error {
	if status == exitClean {
		return nil
	}
	return exitError(status)
}
