package securityhub

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"crosscheck/report/asff"
)

// sdkFinding is a finding as the SDK has it. What is empty is left out.
func sdkFinding(f *asff.Finding) types.AwsSecurityFinding {
	out := types.AwsSecurityFinding{
		SchemaVersion: optional(f.SchemaVersion), Id: optional(f.ID), ProductArn: optional(f.ProductArn),
		ProductName: optional(f.ProductName), CompanyName: optional(f.CompanyName),
		GeneratorId: optional(f.GeneratorID), AwsAccountId: optional(f.AwsAccountID), Types: f.Types,
		CreatedAt: optional(f.CreatedAt), UpdatedAt: optional(f.UpdatedAt), LastObservedAt: optional(f.LastObservedAt),
		Severity: &types.Severity{
			Label: types.SeverityLabel(f.Severity.Label), Original: optional(f.Severity.Original),
		},
		FindingProviderFields: &types.FindingProviderFields{
			Severity: &types.FindingProviderSeverity{
				Label:    types.SeverityLabel(f.FindingProviderFields.Severity.Label),
				Original: optional(f.FindingProviderFields.Severity.Original),
			},
			Types: f.FindingProviderFields.Types,
		},
		Title: optional(f.Title), Description: optional(f.Description), ProductFields: productFields(&f.ProductFields),
		Compliance: &types.Compliance{
			Status: types.ComplianceStatus(f.Compliance.Status), RelatedRequirements: f.Compliance.RelatedRequirements,
		},
		Workflow:    &types.Workflow{Status: types.WorkflowStatus(f.Workflow.Status)},
		RecordState: types.RecordState(f.RecordState),
	}
	if n := f.Severity.Normalized; n != nil {
		out.Severity.Normalized = aws.Int32(int32(*n))
	}
	if r := f.Remediation; r != nil {
		out.Remediation = &types.Remediation{Recommendation: &types.Recommendation{
			Text: optional(r.Recommendation.Text), Url: optional(r.Recommendation.URL),
		}}
	}
	for _, r := range f.Resources {
		to := types.Resource{
			Type: optional(r.Type), Id: optional(r.ID), Partition: types.Partition(r.Partition), Region: optional(r.Region),
		}
		if r.Details != nil {
			to.Details = &types.ResourceDetails{AwsS3Bucket: &types.AwsS3BucketDetails{
				OwnerAccountId: optional(r.Details.AwsS3Bucket.OwnerAccountID),
			}}
		}
		out.Resources = append(out.Resources, to)
	}
	for _, r := range f.Compliance.StatusReasons {
		out.Compliance.StatusReasons = append(out.Compliance.StatusReasons, types.StatusReason{ReasonCode: optional(r.ReasonCode)})
	}
	if n := f.Note; n != nil {
		out.Note = &types.Note{Text: optional(n.Text), UpdatedBy: optional(n.UpdatedBy), UpdatedAt: optional(n.UpdatedAt)}
	}
	return out
}

// productFields are the fields of our own by their names.
func productFields(f *asff.Fields) map[string]string {
	fields := map[string]string{}
	for name, value := range map[string]string{
		"AccountId": f.AccountID, "Baseline": f.Baseline, "Fingerprint": f.Fingerprint, "Link": f.Link, "Region": f.Region,
		"Resource": f.Resource, "Rule": f.Rule, "Run": f.Run, "Status": f.Status, "Version": f.Version,
	} {
		if value != "" {
			fields["crosscheck/"+name] = value
		}
	}
	return fields
}

// optional is nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
