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

// Verdict of a link, and of a class of its objects.
type Verdict string

const (
	Works          Verdict = "works"   // proven for every object
	Partial        Verdict = "partial" // proven that some promised objects fail: some keys, or those of a class
	Broken         Verdict = "broken"  // no object arrives; of a link: none of class default
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

// Class is a kind of the objects that a replication rule promises to replicate. Objects of
// one link may fare differently by their class.
type Class string

// The classes of objects.
const (
	Default      Class = "default" // as the settings of the source bucket make them
	SSES3        Class = "sse-s3"  // whose writer chose it against the bucket's default
	SSEKMS       Class = "sse-kms"
	DSSE         Class = "dsse"
	Tagged       Class = "tagged"
	Locked       Class = "locked" // with a retention or a legal hold
	DeleteMarker Class = "delete-marker"
	Replica      Class = "replica"   // replicas in the source bucket, whose changes are replicated
	Annotated    Class = "annotated" // advisory: annotations replicate on their own
)

// Classes are all classes, in the order of reports.
var Classes = []Class{Default, SSES3, SSEKMS, DSSE, Tagged, Locked, DeleteMarker, Replica, Annotated}

// Objects names the objects of the class.
func (c Class) Objects() string {
	switch c {
	case SSES3:
		return "objects written with SSE-S3"
	case SSEKMS:
		return "objects written with SSE-KMS"
	case DSSE:
		return "objects written with DSSE-KMS"
	case Tagged:
		return "tagged objects"
	case Locked:
		return "objects with a retention or a legal hold"
	case DeleteMarker:
		return "delete markers"
	case Replica:
		return "changes to replicas"
	case Annotated:
		return "annotations"
	}
	return "objects"
}

// ClassVerdict is the verdict on the objects of one class of a link.
type ClassVerdict struct {
	Class        Class    `json:"class"`
	Verdict      Verdict  `json:"verdict"`
	FailureCodes []string `json:"failure_codes"` // S3's codes that would be met, sorted
	Witness      string   `json:"witness"`       // the key of an object that fails, or its tags in words, where not all of the class do, "" otherwise
	Counted      bool     `json:"counted"`       // it decides the verdict of the link
	Fails        []Keys   `json:"fails"`         // of a partial class: which keys fail; empty otherwise
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
	// Why is one sentence for tables: the fault that decides, or what is not known; of a partial
	// link it begins with the objects that fail; of a link that works it is "" unless the destination
	// cannot read what arrives. The findings say it at length.
	Why      string `json:"-"`
	Baseline string `json:"baseline"` // of a broken or partial link: new or existing, "" = compared with no run
	// Was is the verdict by the facts as they are, where the link was judged with other documents (scan --with)
	// and they change it; else "".
	Was     Verdict        `json:"was,omitempty"`
	Classes []ClassVerdict `json:"classes"` // of the objects that its rule promises, default first
	Checks  []Check        `json:"checks"`
}

// LinkVerdict is the verdict on a link by those on the classes of its objects.
func LinkVerdict(classes []ClassVerdict) Verdict {
	v := Works
	for _, c := range classes {
		switch {
		case !c.Counted:
		case c.Class == Default && c.Verdict == Broken:
			return Broken
		case c.Verdict.Fails():
			v = Partial
		case c.Verdict != Works && v == Works:
			v = UnknownVerdict
		}
	}
	return v
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

// Worse says which class of objects fares worse than before, "" where none does.
func Worse(before, now *Link) string {
	for _, c := range now.Classes {
		for _, b := range before.Classes {
			if b.Class == c.Class && c.Verdict.Rank() < b.Verdict.Rank() {
				return c.Class.Objects() + " would be " + string(c.Verdict) + ", not " + string(b.Verdict)
			}
		}
	}
	return ""
}
