package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/securityhub"
	"crosscheck/rules"
)

// sendFlags say where a recorded run is sent.
type sendFlags struct {
	to, role, externalID string
	profile, region      string
}

func (f *sendFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.to, "send", "", "import the findings into a `service` of AWS: securityhub")
	fs.StringVar(&f.role, "send-role", "", "send each finding to the account and Region of its bucket, assuming the role `name` there")
	fs.StringVar(&f.externalID, "external-id", "", "external `id` for --send-role")
	fs.StringVar(&f.profile, "profile", "", "AWS `profile` for --send (default: AWS_PROFILE)")
	fs.StringVar(&f.region, "region", "", "AWS `Region` for --send (default: AWS_REGION)")
}

// check refuses flags that say nothing together.
func (f *sendFlags) check(cmd *cobra.Command) error {
	switch {
	case f.to != "" && f.to != "securityhub":
		return usererr.Hint(fmt.Errorf("--send %q is no service that findings can be sent to", f.to), "use --send securityhub")
	case f.externalID != "" && f.role == "":
		return usererr.Hint(errors.New("--external-id is for --send-role"), "name the role, as in --send-role crosscheck-securityhub")
	case f.to == "":
		for _, name := range []string{"send-role", "profile", "region"} {
			if cmd.Flags().Changed(name) {
				return usererr.Hint(fmt.Errorf("--%s is for sending", name), "add --send securityhub")
			}
		}
	}
	return nil
}

// importer is what imports a run; rejected findings are logged to log.
func (f *sendFlags) importer(engine *rules.Engine, log io.Writer) *securityhub.Importer {
	return securityhub.New(securityhub.Options{
		Profile: f.profile, Region: f.region, Role: f.role, ExternalID: f.externalID,
		Rules: audit.RuleHelp(engine), Log: log,
	})
}
