package permission

import (
	"slices"
	"strings"

	"crosscheck/rules/iam/logic"
	"crosscheck/scanner/fact"
)

// restrictPublicBuckets is the decider of a denial by Block Public Access.
const restrictPublicBuckets = "restrictPublicBuckets"

// restrictedBy says where RestrictPublicBuckets of a bucket is on, and who can change it.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3.html
func (e *evaluation) restrictedBy(b *fact.Bucket) string {
	account := e.doc.Accounts[b.AccountID]
	var where []string
	if restricts(b.PublicAccessBlock) == logic.True {
		where = append(where, "the bucket")
	}
	who := ""
	if restricts(account.PublicAccessBlock) == logic.True {
		where = append(where, "account "+account.ID)
		o, in := e.doc.Organization.Value, account.InOrganization.Value
		if o != nil && slices.Contains(o.PolicyTypes, "S3_POLICY") && (in == nil || *in) {
			who = "; the organization has S3 policies: where one covers the account, the setting is the policy's, and the account cannot change it"
		}
	}
	return "the setting is on for " + strings.Join(where, " and for ") + who
}
