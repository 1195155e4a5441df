// Package finding is what an audit says, as plain data: the [Link] with its
// [Verdict] and [Check] values, and the [Finding] of one rule on one bucket or
// link. It knows nothing of how either is decided or reported.
package finding

// Status of a finding. A rule that could not be decided is unknown, never pass.
type Status string

const (
	Fail          Status = "fail"
	Pass          Status = "pass"
	Unknown       Status = "unknown"
	NotApplicable Status = "not_applicable"
)

// Severity of a finding, from AWS-independent practice: critical, high, medium, low, info.
type Severity string

const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Verdict of a link.
type Verdict string

const (
	Works          Verdict = "works"
	Broken         Verdict = "broken"
	UnknownVerdict Verdict = "unknown"
)

// Result of a check.
type Result string

const (
	Allowed       Result = "allowed"
	Denied        Result = "denied"
	UnknownResult Result = "unknown"
)

// End is one end of a link.
type End struct {
	AccountID string `json:"account_id"`
	Region    string `json:"region"`
	Bucket    string `json:"bucket"`
}

// Link is the verdict on a replication link. The field order is the JSON order.
type Link struct {
	ID           string   `json:"id"`
	Source       End      `json:"source"`
	RuleID       string   `json:"rule_id"`
	RoleARN      string   `json:"role_arn"`
	Destination  End      `json:"destination"`
	Verdict      Verdict  `json:"verdict"`
	FailureCodes []string `json:"failure_codes"` // S3's codes that would be met, sorted
	Why          string   `json:"-"`             // one sentence for tables: the fault that decides, or what is not known; the findings say it at length
	Baseline     string   `json:"baseline"`      // of a broken link: new or existing, "" = compared with no run
	Checks       []Check  `json:"checks"`
}

// Check is one cell of the permission matrix of a link.
type Check struct {
	Layer       string      `json:"layer"` // trust, source, destination, source_key, destination_key
	Action      string      `json:"action"`
	Resource    string      `json:"resource"`
	Result      Result      `json:"result"`
	FailureCode string      `json:"failure_code"`
	Deciding    []Statement `json:"deciding"`
	UnknownKeys []string    `json:"unknown_keys"`
	Witness     string      `json:"witness"`
}

// Statement names a policy statement that decided a check.
type Statement struct {
	Layer     string `json:"layer"`
	Policy    string `json:"policy"`
	Sid       string `json:"sid"`
	Statement int    `json:"statement"`      // 0-based index in the document
	Text      string `json:"text,omitempty"` // the statement as it is written in the policy, cut after 4 KiB
}

// Finding is the answer of one rule on one bucket or link.
type Finding struct {
	RuleID       string         `json:"rule_id"`
	Title        string         `json:"title"`
	Status       Status         `json:"status"`
	Severity     Severity       `json:"severity"`
	AccountID    string         `json:"account_id"`
	Region       string         `json:"region"`
	Resource     string         `json:"resource"` // ARN of the bucket judged
	Link         string         `json:"link"`     // link id, "" where the finding is about a bucket
	Message      string         `json:"message"`
	FailureCodes []string       `json:"failure_codes"`
	Evidence     map[string]any `json:"evidence"`
	Remediation  string         `json:"remediation"`
	Controls     []string       `json:"controls"`
	Fingerprint  string         `json:"fingerprint"` // stable: rule, account, bucket, replication rule and the fault, never the wording
	Waiver       *Waiver        `json:"waiver"`
	Baseline     string         `json:"baseline"` // of a failing finding: new or existing, "" = compared with no run
}

// Waiver is the exception under which a failing finding does not gate.
type Waiver struct {
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Ticket  string `json:"ticket"`
	Expires string `json:"expires"` // YYYY-MM-DD
}

// NotNil is a list as JSON shows it: [] and never null.
func NotNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
