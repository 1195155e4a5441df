package cli

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/journal"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/prober"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

type sweepFlags struct {
	prober.Sweep // what the flags say

	profile             string
	roleName            string
	endpoint            string
	account             string
	destinationProfile  string
	destinationEndpoint string
	buckets             []string

	given map[string]bool
}

func newSweepCommand(s *terminal.Streams, load client.Loader) *cobra.Command {
	f := sweepFlags{Sweep: prober.Sweep{AWS: load}}
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
			usage:      "usage or credential error, or a bad journal, also where something is left",
			incomplete: "S3 had not finished with some probes: sweep again in some minutes",
		}.help(),
		Example: `  crosscheck canary sweep
  crosscheck canary sweep --bucket src --prefix logs/ --older-than 24h --dry-run`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = map[string]bool{}
			for _, name := range []string{"canary-role", "profile", "endpoint", "destination-profile", "destination-endpoint"} {
				f.given[name] = cmd.Flags().Changed(name)
			}
			if len(f.buckets) == 0 {
				for _, name := range []string{"prefix", "older-than", "account", "folder"} {
					if cmd.Flags().Changed(name) {
						return usererr.Hint(fmt.Errorf("--%s belongs to --bucket", name), "a journal knows exactly what was put")
					}
				}
				f.Place = f.location
				status, err := f.RunJournals(cmd.Context(), s)
				return cmp.Or(err, exitWith(status))
			}
			if err := f.locate(); err != nil {
				return err
			}
			status, err := f.RunBuckets(cmd.Context(), s)
			return cmp.Or(err, exitWith(status))
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.profile, "profile", "", "AWS `profile` (default: that of the journal, or AWS_PROFILE)")
	fs.StringVar(&f.Region, "region", "", "AWS `Region` to start from (default: AWS_REGION)")
	fs.StringVar(&f.roleName, "canary-role", config.CanaryRole, "the canary's own `role`; without --bucket the default is that of the journal")
	alias(cmd, "role-name", "canary-role")
	fs.StringVar(&f.ExternalID, "external-id", "", "external `id` for assuming the role")
	fs.StringVar(&f.endpoint, "endpoint", "", "`URL` of the S3-compatible server (default: that of the journal)")
	fs.StringVar(&f.destinationProfile, "destination-profile", "", "AWS `profile` for destination buckets (default: that of the journal)")
	fs.StringVar(&f.destinationEndpoint, "destination-endpoint", "", "`URL` of the server of destination buckets (default: that of the journal)")
	fs.StringVar(&f.Journals, "journal", "", "`directory` of the journals (default: ~/.local/state/crosscheck/canary)")
	fs.StringArrayVar(&f.buckets, "bucket", nil, "sweep this `bucket` without a journal; repeatable")
	fs.StringArrayVar(&f.Prefixes, "prefix", nil, "with --bucket: `prefix` of a replication rule whose links were probed; repeatable (default: none)")
	fs.StringVar(&f.account, "account", "", "with --bucket: `account id` of its owner, where the role is assumed (default: no role)")
	fs.StringVar(&f.Folder, "folder", canary.Folder, "with --bucket: `prefix` of probe objects")
	fs.DurationVar(&f.OlderThan, "older-than", 24*time.Hour, "with --bucket: keep newer objects, which may belong to a running canary")
	fs.BoolVar(&f.DryRun, "dry-run", false, "print what would be removed, and remove nothing")
	fs.BoolVarP(&f.Quiet, "quiet", "q", false, "print only what could not be removed")
	return cmd
}

// location is how to get to a bucket of a journal: as it says, unless a flag knows better.
func (f *sweepFlags) location(p journal.Location, destination bool) journal.Location {
	if f.given["canary-role"] && p.AccountID != "" {
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

// locate says where the buckets of --bucket are, and refuses flags that do not fit.
func (f *sweepFlags) locate() error {
	if f.account != "" && !fact.IsAccountID(f.account) {
		return usererr.Hint(fmt.Errorf("%q is not an account id", f.account), "an account id has 12 digits")
	}
	if f.OlderThan < 0 {
		return usererr.Hint(fmt.Errorf("--older-than %s is negative", f.OlderThan), "for example --older-than 24h")
	}
	if err := journal.CheckFolder(f.Folder); err != nil {
		return usererr.Hint(err, "for example --folder crosscheck-canary")
	}
	if len(f.Prefixes) == 0 {
		f.Prefixes = []string{""}
	}
	for _, name := range f.buckets {
		at := journal.Location{Bucket: name, AccountID: f.account, Region: f.Region, Access: journal.Access{Profile: f.profile, Endpoint: f.endpoint}}
		if f.account != "" {
			at.RoleName = f.roleName
		}
		f.Buckets = append(f.Buckets, at)
	}
	return nil
}
