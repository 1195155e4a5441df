package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/usererr"
)

// newCanaryRoleCommand is the command of setup that prints the canary's role.
func newCanaryRoleCommand(s *streams) *cobra.Command {
	var trusted, externalID, name, format, side, folder, partition string
	cmd := &cobra.Command{
		Use:   "canary-role",
		Short: "Print the least-privilege role that canary and drill assume",
		Long: `canary-role prints the role that canary and drill assume in every account: it may
write and delete under the canary's own folder and nowhere else, and read what it
compares. A test of the program holds it against what probes call. Give it to test
and production accounts apart from the audit role, which only reads.

  policy          the permissions alone, as JSON
  cloudformation  a template for a service-managed StackSet over the organization
  terraform       the same as Terraform resources`,
		Example: `  crosscheck setup canary-role --side source
  crosscheck setup canary-role --trust 100000000001 --format cloudformation > canary-role.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			print, ok := roleFormats[format]
			if !ok {
				return usererr.Hint(fmt.Errorf("unknown format %q", format), "use policy, cloudformation or terraform")
			}
			sides := map[string][]canary.Side{
				"source": {canary.SourceSide}, "destination": {canary.DestinationSide}, "both": {canary.SourceSide, canary.DestinationSide},
			}[side]
			if sides == nil {
				return usererr.Hint(fmt.Errorf("unknown side %q", side), "use source, destination or both")
			}
			if format != "policy" && !accountIDPattern.MatchString(trusted) {
				return usererr.Hint(fmt.Errorf("--trust %q is not an account id", trusted), "give the 12 digits of the account that runs the canary, such as --trust 100000000001")
			}
			if err := canary.CheckFolder(folder); err != nil {
				return usererr.Hint(err, "for example --folder crosscheck-canary")
			}
			role := &roleTemplate{
				name: name, trusted: trusted, externalID: externalID, policyName: "CrosscheckCanary",
				description: "Lets crosscheck put probe objects under " + folder + "/ and remove them again",
			}
			for _, st := range canary.Policy(partition, folder, sides...) {
				p := policyStatement{Sid: st.Sid, Effect: "Allow", Action: st.Action, Resource: st.Resource}
				for operator, keys := range st.Condition {
					p.Condition = map[string]any{operator: keys}
				}
				role.statements = append(role.statements, p)
			}
			return print(s.out, role)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&side, "side", "both", "of links in the account: source, destination or both")
	fs.StringVar(&folder, "folder", canary.Folder, "`name` under which probes lie")
	fs.StringVar(&partition, "partition", "aws", "aws, aws-cn or aws-us-gov")
	fs.StringVar(&trusted, "trust", "", "`account id` that runs the canary and may assume the role")
	fs.StringVar(&externalID, "external-id", "", "external `id` that must be presented")
	fs.StringVar(&name, "role-name", config.CanaryRole, "`name` of the role")
	fs.StringVar(&format, "format", "policy", "policy, cloudformation or terraform")
	return cmd
}
