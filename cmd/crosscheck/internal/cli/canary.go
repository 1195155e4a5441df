package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/prober"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// canaryFlags say which links are probed, how, and with whose credentials.
type canaryFlags struct {
	scope scopeFlags

	prober.Options // what the flags say
}

// add adds the flags that find and reach links.
func (f *canaryFlags) add(cmd *cobra.Command) {
	f.scope.add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.Role, "canary-role", config.CanaryRole, "the canary's own `role`, assumed in every account; never the audit role")
	alias(cmd, "role-name", "canary-role", "audit-role-name", "audit-role")
	fs.StringArrayVar(&f.Links, "link", nil, "probe only this `link` (its id as scan prints it, with -> or →); repeatable")
	fs.StringVar(&f.DestinationProfile, "destination-profile", "", "AWS `profile` for destination buckets (default: as for the source)")
	fs.StringVar(&f.Endpoint, "endpoint", "", "`URL` of the S3-compatible server of source buckets")
	fs.StringVar(&f.DestinationEndpoint, "destination-endpoint", "", "`URL` of the S3-compatible server of destination buckets (default: as for the source)")
	bind(cmd, "canary-role", "canary.role_name")
}

// addDirect adds the flags that name one bucket instead of a scan.
func (f *canaryFlags) addDirect(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.Source, "source", "", "probe the links of this `bucket`, without a scan")
	fs.StringVar(&f.Destination, "destination", "", "with --source: only the links to this `bucket`")
	fs.StringVar(&f.SourceAccount, "source-account", "", "with --source: `account id` of its owner, where the role is assumed")
	fs.StringVar(&f.DestinationAccount, "destination-account", "", "with --source: `account id` of the destination's owner")
}

// addProbes adds the flags that say what a probe is.
func (f *canaryFlags) addProbes(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringSliceVar(&f.Variants, "variant", []string{"auto"}, "`kinds` of probe: auto (those that the link's features need), all, or some of "+canary.JoinVariants(canary.Variants()))
	fs.DurationVar(&f.Timeout, "timeout", canary.DefaultTimeout, "how long to wait for a replica")
	fs.DurationVar(&f.Absence, "absence", canary.DefaultAbsence, "how long to wait before a negative control counts as passed")
	fs.Int64Var(&f.Size, "size", canary.DefaultSize, "size of the large variant in `bytes`")
	fs.IntVar(&f.Parallel, "parallel", 200, "concurrent `probes`")
	fs.StringVar(&f.Folder, "folder", canary.Folder, "`prefix` of probe objects, after the prefix of the replication rule")
	fs.BoolVar(&f.AllowRetained, "allow-retained", false, "also probe buckets with default retention or MFA delete, or where versions may not be deleted: probes stay there")
	fs.StringVar(&f.Journal, "journal", "", "`directory` of the journals (default: ~/.local/state/crosscheck/canary)")
	fs.BoolVar(&f.Yes, "yes", false, "put probes without asking for confirmation")
	fs.BoolVar(&f.DryRun, "dry-run", false, "print what would be put where, and put nothing")
	bind(cmd, "timeout", "canary.timeout", "parallel", "canary.parallel", "folder", "canary.folder")
}

// addSeries adds the flags of several probes of one link.
func (f *canaryFlags) addSeries(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.IntVar(&f.Count, "count", 1, "`probes` of each kind per link")
	fs.DurationVar(&f.Interval, "interval", 0, "time between the starts of two probes of a link")
	fs.DurationVar(&f.SLO, "slo", 0, "latency that --slo-percentile of a link's probes must meet (default: none)")
	fs.Float64Var(&f.Percentile, "slo-percentile", 99, "`percentage` of probes that must meet --slo")
	bind(cmd, "count", "canary.count", "interval", "canary.interval", "slo", "canary.slo", "slo-percentile", "canary.slo_percentile")
}

// shortest is the shortest timeout: a shorter one would end before the first
// look at the destination.
const shortest = 100 * time.Millisecond

// configure gives the configuration of a command that probes, which its flags then
// have, and refuses what contradicts itself, before anything is called.
func (f *canaryFlags) configure(s *terminal.Streams, cmd *cobra.Command) (*config.Config, error) {
	c, err := configure(s, cmd)
	if err != nil {
		return nil, err
	}
	return c, f.check(cmd, c)
}

func (f *canaryFlags) check(cmd *cobra.Command, c *config.Config) error {
	f.RoleGiven = c.Given("canary.role_name")
	direct := f.Source != ""
	scoped := slices.ContainsFunc([]string{"account-only", "accounts", "exclude-accounts", "buckets"}, cmd.Flags().Changed)
	switch {
	case f.Role == f.scope.auditRole && f.Role != "":
		return usererr.Hint(fmt.Errorf("the canary's role and the audit role are both %q", f.Role), "the audit role only reads; deploy a separate role with 'crosscheck setup canary-role'")
	case direct && len(f.Links) > 0:
		return usererr.Hint(errors.New("--source and --link exclude each other"), "--link finds its link by a scan, --source reads one bucket")
	case !direct && (f.Destination != "" || f.SourceAccount != "" || f.DestinationAccount != ""):
		return usererr.Hint(errors.New("--destination, --source-account and --destination-account belong to --source"), "name a link of a scan with --link")
	case direct && scoped:
		return usererr.Hint(errors.New("--source probes without a scan, so accounts and --buckets do not apply"), "leave out one or the other")
	case f.Timeout < shortest:
		return usererr.Hint(fmt.Errorf("--timeout %s is shorter than the first check of the destination", f.Timeout), fmt.Sprintf("give at least %s; 15m is what Replication Time Control promises", shortest))
	case f.Absence < shortest:
		return usererr.Hint(fmt.Errorf("--absence %s is too short for anything to arrive", f.Absence), fmt.Sprintf("give at least %s", shortest))
	case f.Size < 0:
		return usererr.Hint(fmt.Errorf("--size %d is not a number of bytes", f.Size), "for example --size 1073741824")
	}
	for _, a := range []string{f.SourceAccount, f.DestinationAccount} {
		if a != "" && !fact.IsAccountID(a) {
			return usererr.Hint(fmt.Errorf("%q is not an account id", a), "an account id has 12 digits")
		}
	}
	_, err := canary.ParseVariants(f.Variants)
	return usererr.Hint(err, "for example --variant plain,tagged")
}

// options are the flags of a command that is configured.
func (f *canaryFlags) options(s *terminal.Streams, quiet bool) *prober.Options {
	o := f.Options
	o.Version, o.Log, o.Quiet, o.AWS = version, f.scope.log, quiet, f.scope.load
	o.Profile, o.Region = f.scope.profile, f.scope.region
	o.Scan = f.scope.options(s, nil)
	return &o
}

func newCanaryCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	var (
		f   = canaryFlags{scope: scopeFlags{load: load}}
		out = reportFlags{log: &f.scope.log}
	)
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "Prove links with probe objects, and remove them again",
		Long: `canary puts a probe object into the source bucket of every link, waits for its
replica, compares the two byte by byte and property by property, and removes every
version on both sides. It finds links by a scan; --link selects some of them. --source
probes one bucket without a scan, also on S3-compatible servers.

The canary writes to production buckets. It first prints what it will put where, asks for
confirmation on a terminal, and needs --yes elsewhere. Its role is separate from the audit
role ('crosscheck setup canary-role' prints it). Every probe is recorded in a journal
before it is put; after a crash, 'crosscheck canary sweep' removes what is left.
` + exits{
			clean:      "every probed link is proven to work",
			findings:   "a failed probe, or a finding at or above --fail-on such as a missed latency objective",
			usage:      "usage, configuration, rule or credential error",
			incomplete: "incomplete: something is unknown and nothing failed",
		}.help(),
		Example: `  crosscheck canary --dry-run
  crosscheck canary --link 'orders/to-backup->backup-orders' --count 10 --slo 15m --slo-percentile 90
  crosscheck canary --source src --destination dst --endpoint http://127.0.0.1:9000 --destination-profile backup --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.probe(cmd, s, &out, false) },
	}
	f.add(cmd)
	f.addDirect(cmd)
	f.addProbes(cmd)
	f.addSeries(cmd)
	out.add(cmd)
	cmd.AddCommand(newSweepCommand(s, load), newWatchCommand(s, load), newExperimentCommand(s, load))
	return cmd
}

// probe finds the links, proves them and reports; with whole, what the scan finds is
// reported too.
func (f *canaryFlags) probe(cmd *cobra.Command, s *terminal.Streams, out *reportFlags, whole bool) error {
	c, err := f.configure(s, cmd)
	if err != nil {
		return err
	}
	engine, err := c.Engine()
	if err != nil {
		return err
	}
	o := f.options(s, out.quiet)
	o.Results, o.Whole = out.streams(s), whole
	status, err := prober.Run(cmd.Context(), s, engine, o, out.report(s))
	return cmp.Or(err, exitWith(status))
}
