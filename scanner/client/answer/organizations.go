package answer

import "strings"

// object is an answer of a service of the JSON protocols.
func (t table) object(api string, parts ...part) {
	n := newNode("", 1, 1, append([]part{element}, parts...))
	n.json = true
	t[api] = &shape{kind: jsonDocument, root: n, errors: jsonError}
}

// jsonError is an answer that is an error. Its code may be in a header instead.
var jsonError = func() *node {
	n := newNode("", 1, 1, []part{quiet, maybe("__type"), maybe("code"), maybe("message"), maybe("Message")})
	n.json = true
	return n
}()

var policyTypes = values("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "BACKUP_POLICY", "AISERVICES_OPT_OUT_POLICY",
	"CHATBOT_POLICY", "DECLARATIVE_POLICY_EC2", "SECURITYHUB_POLICY", "SECURITYHUB_CSPM_POLICY", "INSPECTOR_POLICY", "UPGRADE_ROLLOUT_POLICY", "BEDROCK_POLICY",
	"S3_POLICY", "NETWORK_SECURITY_DIRECTOR_POLICY", "GUARDDUTY_POLICY")

// organizations adds the APIs of Organizations.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
func (t table) organizations() {
	types := group(array, one("Type", policyTypes), one("Status", values("ENABLED", "PENDING_ENABLE", "PENDING_DISABLE")))
	t.object("organizations:DescribeOrganization",
		one("Organization", open, one("Id", nonEmpty), maybe("Arn"), one("FeatureSet", values("ALL", "CONSOLIDATED_BILLING")), maybe("MasterAccountArn"),
			one("MasterAccountId", accountID), maybe("MasterAccountEmail"), maybe("AvailablePolicyTypes", array, quiet),
			endsARN("Id", "Arn"), inARN("MasterAccountId", "Arn"), inARN("Id", "MasterAccountArn"), endsARN("MasterAccountId", "MasterAccountArn")))
	t.object("organizations:ListRoots", maybe("NextToken"),
		one("Roots", array, one("Id", nonEmpty), maybe("Arn"), maybe("Name"), one("PolicyTypes", types), endsARN("Id", "Arn")))
	t.object("organizations:ListAccounts", maybe("NextToken"),
		one("Accounts", array, open, one("Id", accountID), maybe("Arn"), maybe("Email"), maybe("Name"), maybe("Status"), maybe("State"), anyOf("Status", "State"), endsARN("Id", "Arn"),
			maybe("JoinedMethod"), maybe("JoinedTimestamp", number), maybe("Paths", array)))
	t.object("organizations:ListParents", maybe("NextToken"),
		one("Parents", array, one("Id", nonEmpty), one("Type", values("ROOT", "ORGANIZATIONAL_UNIT")), related(rootOrUnit)))
	summary := group(open, one("Arn", anARN), one("Name", nonEmpty), maybe("Description"), maybe("AwsManaged", boolean), endsARN("Id", "Arn"))
	t.object("organizations:ListPoliciesForTarget", maybe("NextToken"),
		one("Policies", array, summary, one("Id", nonEmpty), one("Type", policyTypes, same("Filter"))))
	t.object("organizations:DescribePolicy",
		one("Policy", one("PolicySummary", summary, one("Id", same("PolicyId")), one("Type", policyTypes)), one("Content", nonEmpty)))
}

// rootOrUnit says that the id of a parent is one of its type.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Parent.html
func rootOrUnit(text func(string) (string, bool)) string {
	id, _ := text("Id")
	kind, _ := text("Type")
	if prefix := map[string]string{"ROOT": "r-", "ORGANIZATIONAL_UNIT": "ou-"}[kind]; prefix == "" || !strings.HasPrefix(id, prefix) {
		return "has " + quote(id) + " as Id, and the type " + quote(kind)
	}
	return ""
}
