package report

import (
	"cmp"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"crosscheck/rules/finding"
)

// ocsfVersion is the version of the schema that the events meet,
// https://schema.ocsf.io/1.5.0/classes/compliance_finding?profiles=cloud.
const ocsfVersion = "1.5.0"

const ocsfText = 8_000 // characters of a text, our own limit

// renderOCSF writes a JSON array of Compliance Finding events (class 2003, cloud
// profile), one a line: of every finding that applies, of links, probes and gaps
// that no finding tells. What is unknown is a warning, "the compliance check did
// not yield a result due to missing information"; what is waived is suppressed.
func renderOCSF(w io.Writer, r *records, o Options) error {
	p := jsonPrinter{w: w}
	ids := uids{}
	at := runTime(r).UnixMilli()
	separator := "[\n"
	err := r.observed(func(f *finding.Finding) error {
		p.print(separator)
		p.value(ocsfOf(f, ids.of(f), at, r.run, o.Rules[f.RuleID]))
		separator = ",\n"
		return p.err
	})
	if separator == "[\n" {
		p.print(separator)
	}
	p.print("\n]\n")
	return cmp.Or(err, p.err)
}

// runTime is when the run ended, or began where that is not known. A run that
// tells neither was in 1970.
func runTime(r *records) time.Time {
	for _, s := range []string{r.run.FinishedAt, r.run.StartedAt} {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t.UTC()
		}
	}
	return time.Unix(0, 0).UTC()
}

type ocsfEvent struct {
	ActivityID   int              `json:"activity_id"`
	ActivityName string           `json:"activity_name"`
	CategoryName string           `json:"category_name"`
	CategoryUID  int              `json:"category_uid"`
	ClassName    string           `json:"class_name"`
	ClassUID     int              `json:"class_uid"`
	TypeName     string           `json:"type_name"`
	TypeUID      int              `json:"type_uid"`
	Time         int64            `json:"time"` // ms since 1970
	Severity     string           `json:"severity"`
	SeverityID   int              `json:"severity_id"`
	Status       string           `json:"status"`
	StatusID     int              `json:"status_id"`
	StatusCode   string           `json:"status_code"` // our status
	StatusDetail string           `json:"status_detail,omitempty"`
	Message      string           `json:"message"`
	FindingInfo  ocsfInfo         `json:"finding_info"`
	Compliance   ocsfCompliance   `json:"compliance"`
	Cloud        ocsfCloud        `json:"cloud"`
	Resources    []ocsfResource   `json:"resources"`
	Remediation  *ocsfRemediation `json:"remediation,omitempty"`
	Metadata     ocsfMetadata     `json:"metadata"`
	Unmapped     ocsfUnmapped     `json:"unmapped"`
}

type ocsfInfo struct {
	UID          string   `json:"uid"` // the fingerprint
	Title        string   `json:"title"`
	Desc         string   `json:"desc"`
	Types        []string `json:"types"`
	LastSeenTime int64    `json:"last_seen_time"`
}

type ocsfCompliance struct {
	Control       string      `json:"control"` // the rule
	Requirements  []string    `json:"requirements"`
	Standards     []string    `json:"standards"`
	Status        string      `json:"status"`
	StatusID      int         `json:"status_id"`
	StatusDetails []string    `json:"status_details"` // S3's failure codes
	Checks        []ocsfCheck `json:"checks"`
}

type ocsfCheck struct {
	UID        string `json:"uid"`
	Name       string `json:"name"`
	Severity   string `json:"severity"` // of the rule, also where it passed
	SeverityID int    `json:"severity_id"`
	Status     string `json:"status"`
	StatusID   int    `json:"status_id"`
}

type ocsfCloud struct {
	Provider  string       `json:"provider"`
	Account   *ocsfAccount `json:"account,omitempty"`
	Region    string       `json:"region,omitempty"`
	Partition string       `json:"cloud_partition,omitempty"`
}

type ocsfAccount struct {
	UID    string `json:"uid"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
}

type ocsfResource struct {
	UID       string `json:"uid"`
	Name      string `json:"name"`
	Type      string `json:"type"`
	Region    string `json:"region,omitempty"`
	Partition string `json:"cloud_partition,omitempty"`
}

type ocsfRemediation struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

type ocsfMetadata struct {
	Version        string      `json:"version"`
	Profiles       []string    `json:"profiles"`
	EventCode      string      `json:"event_code"`
	CorrelationUID string      `json:"correlation_uid"` // the run
	Product        ocsfProduct `json:"product"`
}

type ocsfProduct struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
	Version    string `json:"version"`
}

type ocsfUnmapped struct {
	Link     string          `json:"link,omitempty"`
	Waiver   *finding.Waiver `json:"waiver,omitempty"`
	Baseline string          `json:"baseline,omitempty"` // new or existing
}

// ocsfLabel is a value of an enumeration with its name.
type ocsfLabel struct {
	id   int
	name string
}

// ocsfSeverities stand in the order of rank.
var ocsfSeverities = []ocsfLabel{{5, "Critical"}, {4, "High"}, {3, "Medium"}, {2, "Low"}, {1, "Informational"}}

func ocsfOf(f *finding.Finding, uid string, at int64, run *Run, help RuleHelp) *ocsfEvent {
	text := func(s string) string { return cut(visible(s), ocsfText) }
	texts := func(list []string) []string {
		out := []string{}
		for _, s := range list {
			out = append(out, text(s))
		}
		return out
	}
	title := text(cmp.Or(f.Title, help.Title, f.RuleID))
	message := text(cmp.Or(f.Message, f.Title, f.RuleID))
	ofRule := ocsfSeverities[rank(f.Severity)]
	severity, compliance, standing := ofRule, ocsfLabel{2, "Warning"}, ocsfLabel{1, "New"}
	switch f.Status {
	case finding.Fail:
		compliance = ocsfLabel{3, "Fail"}
	case finding.Pass:
		severity, compliance = ocsfSeverities[rank(finding.Info)], ocsfLabel{1, "Pass"}
	}
	e := &ocsfEvent{
		ActivityID: 1, ActivityName: "Create", CategoryName: "Findings", CategoryUID: 2, ClassName: "Compliance Finding", ClassUID: 2003,
		TypeName: "Compliance Finding: Create", TypeUID: 2003*100 + 1, Time: at,
		StatusCode: statusText(f), Message: message,
		FindingInfo: ocsfInfo{UID: uid, Title: title, Desc: message, Types: []string{findingType}, LastSeenTime: at},
		Compliance: ocsfCompliance{
			Control: text(f.RuleID), Requirements: texts(f.Controls), Standards: standards(f.Controls), StatusDetails: texts(f.FailureCodes),
			Checks: []ocsfCheck{{UID: text(f.RuleID), Name: title, Severity: ofRule.name, SeverityID: ofRule.id, Status: compliance.name, StatusID: compliance.id}},
		},
		Cloud:    ocsfCloud{Provider: "AWS", Region: text(f.Region)},
		Metadata: ocsfMetadata{Version: ocsfVersion, Profiles: []string{"cloud"}, EventCode: text(f.RuleID), CorrelationUID: text(run.ID)},
		Unmapped: ocsfUnmapped{Link: text(f.Link), Baseline: text(f.Baseline)},
	}
	e.Metadata.Product = ocsfProduct{Name: text(run.Tool.Name), VendorName: text(run.Tool.Name), Version: text(run.Tool.Version)}
	if f.Status == finding.Fail && f.Waiver != nil {
		standing = ocsfLabel{3, "Suppressed"}
		e.StatusDetail = text("waived: " + waiverText(f.Waiver))
		e.Unmapped.Waiver = &finding.Waiver{Reason: text(f.Waiver.Reason), Owner: text(f.Waiver.Owner), Ticket: text(f.Waiver.Ticket), Expires: text(f.Waiver.Expires)}
	}
	e.SeverityID, e.Severity = severity.id, severity.name
	e.StatusID, e.Status = standing.id, standing.name
	e.Compliance.StatusID, e.Compliance.Status = compliance.id, compliance.name
	if f.AccountID != "" {
		e.Cloud.Account = &ocsfAccount{UID: text(f.AccountID), Type: "AWS Account", TypeID: 10}
	}
	kind, id, partition := resourceOf(f)
	e.Resources = []ocsfResource{{UID: text(id), Name: text(cmp.Or(bucketOf(id), id)), Type: kind, Region: e.Cloud.Region, Partition: partition}}
	e.Cloud.Partition = partition
	if f.Remediation != "" {
		e.Remediation = &ocsfRemediation{Desc: text(f.Remediation)}
		if u, err := url.Parse(help.URI); err == nil && u.IsAbs() {
			e.Remediation.References = []string{text(help.URI)}
		}
	}
	return e
}

// findingType classifies findings for Security Hub, whose taxonomy OCSF takes
// over: namespace, category, classifier.
// https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html
const findingType = "Software and Configuration Checks/AWS Security Best Practices"

// standards are those whose controls are named: SecurityHub of SecurityHub/S3.7.
func standards(controls []string) []string {
	out := []string{}
	for _, c := range controls {
		s, _, _ := strings.Cut(c, "/")
		if s = cut(visible(s), ocsfText); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// resourceOf names what a finding is about as Security Hub does: its type, its
// visible id, and its partition, "" where that is not known. What has no name of
// its own is the account.
func resourceOf(f *finding.Finding) (kind, id, partition string) {
	id = visible(f.Resource)
	if id == "" {
		return "AwsAccount", "AWS::::Account:" + cmp.Or(visible(f.AccountID), "unknown"), ""
	}
	kind = "Other"
	part := strings.SplitN(id, ":", 6)
	if len(part) < 6 || part[0] != "arn" || !slices.Contains(partitions, part[1]) {
		return kind, id, ""
	}
	switch {
	case part[2] == "s3" && part[3] == "" && part[4] == "":
		kind = "AwsS3Bucket"
	case part[2] == "iam" && strings.HasPrefix(part[5], "role/"):
		kind = "AwsIamRole"
	case part[2] == "kms" && strings.HasPrefix(part[5], "key/"):
		kind = "AwsKmsKey"
	}
	return kind, id, part[1]
}

// partitions that Security Hub knows.
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-us-iso", "aws-us-iso-b"}
