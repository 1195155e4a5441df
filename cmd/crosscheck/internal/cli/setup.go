package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/journal"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/setup"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/fact"
)

func newSetupCommand(s *terminal.Streams) *cobra.Command {
	return newGroup("setup", "Print the roles to deploy: policies, CloudFormation, Terraform", newAuditRoleCommand(s), newCanaryRoleCommand(s))
}

// roleFlags say which role is printed, and how.
type roleFlags struct {
	role   setup.Role
	format string
}

// add adds the flags of a role, which flag names.
func (f *roleFlags) add(cmd *cobra.Command, flag, name, caller string) {
	fs := cmd.Flags()
	fs.StringVar(&f.role.Trusted, "trust", "", "`account id` that "+caller+" and may assume the role")
	fs.StringVar(&f.role.ExternalID, "external-id", "", "external `id` that callers of the role must present")
	fs.StringVar(&f.role.Name, flag, name, "`name` of the role, with its path if it has one (team/audit)")
	alias(cmd, "role-name", flag)
	fs.StringVar(&f.format, "format", "policy", "policy, cloudformation or terraform")
}

// check refuses what the format or IAM would not take.
func (f *roleFlags) check() error {
	err := f.role.Check(f.format)
	switch {
	case !slices.Contains(setup.Formats(), f.format):
		return usererr.Hint(err, "use policy, cloudformation or terraform")
	case (f.format != "policy" || f.role.Trusted != "") && !fact.IsAccountID(f.role.Trusted):
		return usererr.Hint(fmt.Errorf("--trust %q is not an account id", f.role.Trusted),
			"give the 12 digits of the account that runs crosscheck, such as --trust 100000000001")
	}
	return err
}

func newAuditRoleCommand(s *terminal.Streams) *cobra.Command {
	var f roleFlags
	cmd := &cobra.Command{
		Use:   "audit-role",
		Short: "Print the least-privilege role that scan assumes in every account",
		Long: `audit-role prints the role that scan assumes in every account. It allows the calls
that scan makes and no others; all of them are reads.

  policy          the permissions alone, as JSON
  cloudformation  a template for a service-managed StackSet over the organization
  terraform       the same as Terraform resources
` + exits{clean: "the role was printed", usage: "usage error"}.help(),
		Example: `  crosscheck setup audit-role --trust 100000000001
  crosscheck setup audit-role --trust 100000000001 --format cloudformation > audit-role.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return setup.Audit(f.role).Print(s.Out, f.format)
		},
	}
	f.add(cmd, "audit-role", config.AuditRole, "scans")
	return cmd
}

func newCanaryRoleCommand(s *terminal.Streams) *cobra.Command {
	var (
		f                       roleFlags
		side, folder, partition string
	)
	cmd := &cobra.Command{
		Use:   "canary-role",
		Short: "Print the least-privilege role that canary and drill assume",
		Long: `canary-role prints the role that canary and drill assume in every account. It may
write and delete under the canary's own prefix and nowhere else, and read what it
compares. Deploy it separately from the audit role, which only reads.

  policy          the permissions alone, as JSON
  cloudformation  a template for a service-managed StackSet over the organization
  terraform       the same as Terraform resources
` + exits{clean: "the role was printed", usage: "usage error"}.help(),
		Example: `  crosscheck setup canary-role --side source
  crosscheck setup canary-role --trust 100000000001 --format cloudformation > canary-role.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := f.check(); err != nil {
				return err
			}
			sides := map[string][]canary.Side{
				"source": {canary.SourceSide}, "destination": {canary.DestinationSide}, "both": {canary.SourceSide, canary.DestinationSide},
			}[side]
			if sides == nil {
				return usererr.Hint(fmt.Errorf("unknown side %q", side), "use source, destination or both")
			}
			if !slices.Contains(fact.Partitions(), partition) {
				return usererr.Hint(fmt.Errorf("unknown partition %q", partition), "use one of "+strings.Join(fact.Partitions(), ", "))
			}
			if err := journal.CheckFolder(folder); err != nil {
				return usererr.Hint(err, "for example --folder crosscheck-canary")
			}
			return setup.Canary(f.role, partition, folder, sides...).Print(s.Out, f.format)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&side, "side", "both", "which end of links the account has: source, destination or both")
	fs.StringVar(&folder, "folder", canary.Folder, "`prefix` of probe objects")
	fs.StringVar(&partition, "partition", "aws", strings.Join(fact.Partitions(), ", "))
	f.add(cmd, "canary-role", config.CanaryRole, "runs the canary")
	return cmd
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
