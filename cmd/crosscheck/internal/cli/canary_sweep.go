package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/access"
	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/prober"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/text"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

type sweepFlags struct {
	load client.Loader

	profile, region     string
	roleName            string
	externalID          string
	endpoint            string
	account             string
	destinationProfile  string
	destinationEndpoint string

	journal   string
	buckets   []string
	prefixes  []string
	folder    string
	olderThan time.Duration
	dryRun    bool
	quiet     bool

	given map[string]bool
}

func newSweepCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	f := sweepFlags{load: load}
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Remove probes that a killed canary left behind",
		Long: `sweep reads the journals of canaries that are no longer running and removes what they
left, on both sides; a second sweep finds nothing to do. It uses the same credentials
as the original run.

With --bucket it needs no journal: it removes objects under the canary's own prefix in
that bucket that are older than --older-than, and nothing else.
` + exits{
			clean:      "nothing is left",
			findings:   "something could not be removed",
			usage:      "usage, journal or credential error",
			incomplete: "S3 had not finished with some probes: sweep again in some minutes",
		}.help(),
		Example: `  crosscheck canary sweep
  crosscheck canary sweep --bucket src --prefix logs/ --older-than 24h --dry-run`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = map[string]bool{}
			for _, name := range []string{"role-name", "profile", "endpoint", "destination-profile", "destination-endpoint"} {
				f.given[name] = cmd.Flags().Changed(name)
			}
			if len(f.buckets) == 0 {
				for _, name := range []string{"prefix", "older-than", "account", "folder"} {
					if cmd.Flags().Changed(name) {
						return usererr.Hint(fmt.Errorf("--%s belongs to --bucket", name), "a journal knows exactly what was put")
					}
				}
				return sweepJournals(cmd.Context(), s, &f)
			}
			return sweepBuckets(cmd.Context(), s, &f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.profile, "profile", "", "AWS `profile` (default: that of the journal, or AWS_PROFILE)")
	fs.StringVar(&f.region, "region", "", "AWS `Region` to start from (default: AWS_REGION)")
	fs.StringVar(&f.roleName, "role-name", config.CanaryRole, "the canary's own `role`; without --bucket the default is that of the journal")
	fs.StringVar(&f.externalID, "external-id", "", "external `id` for assuming the role")
	fs.StringVar(&f.endpoint, "endpoint", "", "`URL` of the S3-compatible server (default: that of the journal)")
	fs.StringVar(&f.destinationProfile, "destination-profile", "", "AWS `profile` for destination buckets (default: that of the journal)")
	fs.StringVar(&f.destinationEndpoint, "destination-endpoint", "", "`URL` of the server of destination buckets (default: that of the journal)")
	fs.StringVar(&f.journal, "journal", "", "`directory` of the journals (default: ~/.local/state/crosscheck/canary)")
	fs.StringArrayVar(&f.buckets, "bucket", nil, "sweep this `bucket` without a journal; repeatable")
	fs.StringArrayVar(&f.prefixes, "prefix", nil, "with --bucket: `prefix` of a replication rule whose links were probed; repeatable (default: none)")
	fs.StringVar(&f.account, "account", "", "with --bucket: `account id` of its owner, where the role is assumed (default: no role)")
	fs.StringVar(&f.folder, "folder", canary.Folder, "with --bucket: `prefix` of probe objects")
	fs.DurationVar(&f.olderThan, "older-than", 24*time.Hour, "with --bucket: keep newer objects, which may belong to a running canary")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print what would be removed, and remove nothing")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print only what could not be removed")
	return cmd
}

// location is how to get to a bucket of a journal: as it says, unless a flag knows better.
func (f *sweepFlags) location(p journal.Location, destination bool) journal.Location {
	if f.given["role-name"] && p.AccountID != "" {
		p.RoleName = f.roleName
	}
	if f.given["profile"] {
		p.Profile = f.profile
	}
	if f.given["endpoint"] {
		p.Endpoint = f.endpoint
	}
	if destination && f.given["destination-profile"] {
		p.Profile = f.destinationProfile
	}
	if destination && f.given["destination-endpoint"] {
		p.Endpoint = f.destinationEndpoint
	}
	return p
}

func sweepJournals(ctx context.Context, s *terminal.Streams, f *sweepFlags) error {
	dir, err := prober.Journals(s, f.journal)
	if err != nil {
		return err
	}
	journals, err := journal.List(dir)
	if err != nil {
		return usererr.Hint(fmt.Errorf("the journals cannot be read: %w", usererr.Path(err)), "give their directory with --journal")
	}
	clients := access.New(f.load.In(f.region), f.externalID)
	left, late := 0, 0
	var bad error
	for _, path := range journals {
		if f.dryRun {
			entries, err := journal.Read(path)
			bad = errors.Join(bad, err)
			for _, e := range entries {
				fmt.Fprintf(s.Out, "would remove s3://%s/%s and its replica in %s\n", text.Visible(e.Source.Bucket), text.Visible(e.Key), text.Visible(e.Destination.Bucket))
			}
			continue
		}
		swept, err := canary.Sweep(ctx, path, func(ctx context.Context, p journal.Location, destination bool) (*bucket.Bucket, error) {
			return clients.Bucket(ctx, f.location(p, destination))
		}, canary.Options{})
		switch {
		case errors.Is(err, journal.ErrBusy):
			if !f.quiet {
				fmt.Fprintf(s.Out, "run %s is still running, its probes are not touched\n", journal.RunOf(path))
			}
			continue
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			bad = errors.Join(bad, err)
		}
		if err == nil || swept.Probes > 0 {
			left += printSwept(s, f, "run "+journal.RunOf(path), swept)
		}
		late += swept.Pending
	}
	if len(journals) == 0 && !f.quiet {
		fmt.Fprintln(s.Out, "nothing to sweep: no canary left a journal")
	}
	if bad != nil {
		return usererr.Hint(bad, "the file is kept; all that the other lines and journals name was swept")
	}
	if left > 0 {
		return exitError(exitFindings)
	}
	if late > 0 {
		fmt.Fprintf(s.Err, "crosscheck: S3 had not finished with %d probes, so their replicas may still arrive: sweep again in some minutes\n", late)
		return exitError(exitIncomplete)
	}
	return nil
}

func sweepBuckets(ctx context.Context, s *terminal.Streams, f *sweepFlags) error {
	if f.account != "" && !fact.IsAccountID(f.account) {
		return usererr.Hint(fmt.Errorf("%q is not an account id", f.account), "an account id has 12 digits")
	}
	if f.olderThan < 0 {
		return usererr.Hint(fmt.Errorf("--older-than %s is negative", f.olderThan), "for example --older-than 24h")
	}
	if err := journal.CheckFolder(f.folder); err != nil {
		return usererr.Hint(err, "for example --folder crosscheck-canary")
	}
	clients := access.New(f.load.In(f.region), f.externalID)
	prefixes := f.prefixes
	if len(prefixes) == 0 {
		prefixes = []string{""}
	}
	left := 0
	for _, name := range f.buckets {
		place := journal.Location{Bucket: name, AccountID: f.account, Region: f.region, Access: journal.Access{Profile: f.profile, Endpoint: f.endpoint}}
		if f.account != "" {
			place.RoleName = f.roleName
		}
		e, err := clients.Locate(ctx, place)
		if err != nil {
			return err
		}
		for _, prefix := range prefixes {
			swept, err := canary.SweepBucket(ctx, e, prefix, f.folder, f.olderThan, f.dryRun)
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return usererr.Hint(err, "check the name and that the canary's role may list it")
			}
			if f.dryRun {
				for _, l := range swept.Leftovers {
					fmt.Fprintf(s.Out, "would remove s3://%s/%s %s\n", text.Visible(l.Bucket), text.Visible(l.Key), text.Visible(l.VersionID))
				}
				continue
			}
			left += printSwept(s, f, "bucket "+name, swept)
		}
	}
	if left > 0 {
		return exitError(exitFindings)
	}
	return nil
}

// printSwept says what was swept and returns how much is left.
func printSwept(s *terminal.Streams, f *sweepFlags, where string, swept canary.SweepResult) int {
	if !f.quiet {
		fmt.Fprintf(s.Out, "%s: %d probes, %d versions removed, %d left\n", text.Visible(where), swept.Probes, swept.Removed, len(swept.Leftovers))
	}
	for _, l := range swept.Leftovers {
		fmt.Fprintf(s.Out, "left: s3://%s/%s %s: %s\n", text.Visible(l.Bucket), text.Visible(l.Key), text.Visible(l.VersionID), text.Visible(l.Message))
	}
	return len(swept.Leftovers)
}
