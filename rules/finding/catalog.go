package finding

import (
	"fmt"
	"regexp"
	"strings"
)

// Ids of findings that no rule makes. They cannot be disabled, and what waivers
// lead to cannot be waived.
const (
	Disagreement      = "XC901" // the audit's prediction and the canary's proof contradict each other
	Proof             = "XC902" // a probe proves that a link is broken, or could not decide
	Objective         = "XC903" // the latency objective
	LeftBehind        = "XC904" // probes that could not be removed
	WaiverExpired     = "XC911" // a waiver's last day is over
	WaiverUnused      = "XC912" // a waiver that no failing finding needs
	RequirementUnused = "XC913" // an entry of required_replication that selects no bucket
	NoBucket          = "XC914" // a run that looked at no bucket
	NoLink            = "XC915" // a run that found nothing that replicates

	// In formats that know nothing but findings, links, probes and gaps are
	// shown as findings of these ids.
	LinkWorks  = "link"
	ProbeShows = "probe"
	FactRead   = "gap"
)

// About is what all findings of one id have in common, whether a rule makes them
// or not.
type About struct {
	ID          string
	Title       string
	Severity    Severity
	Description string // Markdown
	Remediation string
	Sources     []string // each begins with an address, or names a document
}

// Markdown explains the findings: what is checked, why, the fix, the sources.
func (a About) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", a.Description)
	if a.Remediation != "" {
		fmt.Fprintf(&b, "\n**Fix:** %s\n", a.Remediation)
	}
	for _, s := range a.Sources {
		fmt.Fprintf(&b, "\n* %s", s)
	}
	return b.String()
}

// URI is the first address among the sources, "" if there is none.
func (a About) URI() string {
	for _, s := range a.Sources {
		if strings.HasPrefix(s, "https://") {
			return strings.Fields(s)[0]
		}
	}
	return ""
}

// catalog has the findings that no rule makes, sorted by id.
var catalog = []About{
	{
		ID: Disagreement, Title: "Prediction and proof contradict each other", Severity: High,
		Description: "The audit decides from policies and settings whether a link works. The canary puts a probe object " +
			"into the source bucket and looks for its replica. Here the two do not agree: one of them is wrong, or the setup changed between them.",
		Remediation: "scan again; if both still contradict each other, look for a policy that the audit cannot read, and report the case",
		Sources:     []string{"https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-failure-codes.html"},
	},
	{
		ID: Proof, Title: "What the canary proves about a link", Severity: High,
		Description: "The canary puts a probe object into the source bucket and looks for its replica. It fails where the probe " +
			"proves that the link is broken, and is unknown where the probe could not be put or the destination could not be read.",
		Remediation: "find the failure code in S3's OperationFailedReplication event and its cause with `crosscheck scan`; " +
			"if the link was not proven, give the canary's role the rights that `crosscheck setup canary-role` prints",
		Sources: []string{"https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-failure-codes.html"},
	},
	{
		ID: Objective, Title: "Replication latency objective", Severity: Medium,
		Description: "The latencies of the link's probes are compared with `--slo`. A probe that never arrived counts as one " +
			"that took longer than any objective. Too few samples for the percentile make the answer unknown.",
		Remediation: "look at the rule's ReplicationLatency metric; Replication Time Control is S3's own promise of 15 minutes",
		Sources:     []string{"https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"},
	},
	{
		ID: LeftBehind, Title: "Probes left behind", Severity: High,
		Description: "The canary removes every version and delete marker that it made, on both sides. Here it could not: " +
			"the evidence lists what is left, and why.",
		Remediation: "remove them with `crosscheck canary sweep` once the canary's role may delete",
	},
	{
		ID: WaiverExpired, Title: "Expired waiver", Severity: Low,
		Description: "The last day of a waiver has passed: it no longer waives anything, and its findings count again.",
		Remediation: "repair what it waives and remove it, or decide again and set a later day",
	},
	{
		ID: WaiverUnused, Title: "Unused waiver", Severity: Low,
		Description: "No failing finding needs the waiver: the fault is repaired, or a mistake in the waiver selects nothing. " +
			"It is unknown where not everything was read.",
		Remediation: "remove it if the fault is repaired; otherwise look for a mistake in its rule, resource, account or fingerprint",
	},
	{
		ID: RequirementUnused, Title: "Requirement for no bucket", Severity: Low,
		Description: "An entry of the parameter `required_replication` selects no bucket of the run, so it requires nothing. " +
			"It is unknown where not everything was read.",
		Remediation: "look for a mistake in its name, tags, accounts or units, or remove it",
	},
	{
		ID: NoBucket, Title: "No bucket is in scope", Severity: Low,
		Description: "No bucket that was listed matches the pattern of `--buckets` (`scan.buckets`), so nothing was judged.",
		Remediation: "look for a mistake in the pattern; * and ? are its only special characters",
	},
	{
		ID: NoLink, Title: "Something replicates", Severity: Low,
		Description: "No bucket that was read has an enabled replication rule, so nothing was judged. crosscheck cannot know whether " +
			"some bucket should replicate: `required_replication` of the configuration says which ones must, and these are judged then.",
		Remediation: "say with required_replication which buckets must replicate, or look in other accounts; where none must, --allow-incomplete exits with 0",
	},
	{
		ID: FactRead, Title: "Facts are read", Severity: Medium,
		Description: "A fact could not be read, and what depends on it is unknown.",
	},
	{
		ID: LinkWorks, Title: "The link works", Severity: Critical,
		Description: "A replication link does not work, or is not known to, and no finding says why: the rule that would " +
			"may be disabled. `-o json` has its permission matrix.",
	},
	{
		ID: ProbeShows, Title: "A probe shows what the link promises", Severity: Critical,
		Description: "A canary object did not do what the replication rule promises, or it could not be seen whether it did.",
	},
}

// Catalog lists the findings that no rule makes, sorted by id.
func Catalog() []About { return append([]About(nil), catalog...) }

// AboutOf is the catalog's entry of an id; false for ids of rules.
func AboutOf(id string) (About, bool) {
	for _, a := range catalog {
		if strings.EqualFold(a.ID, id) {
			return a, true
		}
	}
	return About{}, false
}

// New is a finding of the catalog's id, with what all of that id have in common.
// It panics on an id that the catalog does not have.
func New(id string, status Status) Finding {
	a, ok := AboutOf(id)
	if !ok {
		panic("the catalog has no finding " + id)
	}
	return Finding{
		RuleID: id, Title: a.Title, Status: status, Severity: a.Severity,
		FailureCodes: []string{}, Controls: []string{}, Evidence: map[string]any{},
	}
}

// RuleID is the form of a rule's id.
const RuleID = `[A-Z]{2,10}[0-9]{3,6}`

var ruleID = regexp.MustCompile(`^` + RuleID + `$`)

// IsRuleID reports whether a text has the form of a rule's id, such as XC046.
func IsRuleID(s string) bool { return ruleID.MatchString(s) }
