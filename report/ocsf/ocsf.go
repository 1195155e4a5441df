// Package ocsf writes a run as Compliance Finding events of the Open Cybersecurity
// Schema Framework.
package ocsf

import (
	"cmp"
	"io"
	"net/url"
	"slices"
	"strings"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/wire"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// ocsfVersion is the version of the schema that the events meet,
// https://schema.ocsf.io/1.5.0/classes/compliance_finding?profiles=cloud.
const ocsfVersion = "1.5.0"

const ocsfText = 8_000 // characters of a text, our own limit

// Render writes a JSON array of Compliance Finding events (class 2003, cloud
// profile), one a line: of every finding that applies, and of links, probes and gaps
// that no finding covers. What is unknown is a warning, "the compliance check did
// not yield a result due to missing information"; what is waived is suppressed.
func Render(w io.Writer, r *records.Run, rules map[string]finding.About) error {
	p := wire.Printer{W: w}
	ids := records.IDs{}
	at := records.RunTime(r).UnixMilli()
	separator := "[\n"
	err := r.AsFindings(func(f *finding.Finding) error {
		p.Print(separator)
		p.Value(ocsfOf(f, ids.Of(f), at, r.Run, records.AboutOf(rules, f.RuleID)))
		separator = ",\n"
		return p.Err
	})
	if separator == "[\n" {
		p.Print(separator)
	}
	p.Print("\n]\n")
	return cmp.Or(err, p.Err)
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

// ocsfSeverities are in the order of rank.
var ocsfSeverities = []ocsfLabel{{5, "Critical"}, {4, "High"}, {3, "Medium"}, {2, "Low"}, {1, "Informational"}}

func ocsfOf(f *finding.Finding, uid string, at int64, run *report.Run, help finding.About) *ocsfEvent {
	clip := func(s string) string { return text.Cut(text.Visible(s), ocsfText) }
	texts := func(list []string) []string {
		out := []string{}
		for _, s := range list {
			out = append(out, clip(s))
		}
		return out
	}
	title := clip(cmp.Or(f.Title, help.Title, f.RuleID))
	message := clip(cmp.Or(f.Message, f.Title, f.RuleID))
	ofRule := ocsfSeverities[f.Severity.Rank()]
	severity, compliance, standing := ofRule, ocsfLabel{2, "Warning"}, ocsfLabel{1, "New"}
	switch f.Status {
	case finding.Fail:
		compliance = ocsfLabel{3, "Fail"}
	case finding.Pass:
		severity, compliance = ocsfSeverities[finding.Info.Rank()], ocsfLabel{1, "Pass"}
	}
	e := &ocsfEvent{
		ActivityID: 1, ActivityName: "Create", CategoryName: "Findings", CategoryUID: 2, ClassName: "Compliance Finding", ClassUID: 2003,
		TypeName: "Compliance Finding: Create", TypeUID: 2003*100 + 1, Time: at,
		StatusCode: records.StatusText(f), Message: message,
		FindingInfo: ocsfInfo{UID: uid, Title: title, Desc: message, Types: []string{records.FindingType}, LastSeenTime: at},
		Compliance: ocsfCompliance{
			Control: clip(f.RuleID), Requirements: texts(f.Controls), Standards: standards(f.Controls), StatusDetails: texts(f.FailureCodes),
			Checks: []ocsfCheck{{UID: clip(f.RuleID), Name: title, Severity: ofRule.name, SeverityID: ofRule.id, Status: compliance.name, StatusID: compliance.id}},
		},
		Cloud:    ocsfCloud{Provider: "AWS", Region: clip(f.Region)},
		Metadata: ocsfMetadata{Version: ocsfVersion, Profiles: []string{"cloud"}, EventCode: clip(f.RuleID), CorrelationUID: clip(run.ID)},
		Unmapped: ocsfUnmapped{Link: clip(f.Link), Baseline: clip(f.Baseline)},
	}
	e.Metadata.Product = ocsfProduct{Name: clip(run.Tool.Name), VendorName: clip(run.Tool.Name), Version: clip(run.Tool.Version)}
	if f.Status == finding.Fail && f.Waiver != nil {
		standing = ocsfLabel{3, "Suppressed"}
		e.StatusDetail = clip("waived: " + records.WaiverText(f.Waiver))
		e.Unmapped.Waiver = &finding.Waiver{Reason: clip(f.Waiver.Reason), Owner: clip(f.Waiver.Owner), Ticket: clip(f.Waiver.Ticket), Expires: clip(f.Waiver.Expires)}
	}
	e.SeverityID, e.Severity = severity.id, severity.name
	e.StatusID, e.Status = standing.id, standing.name
	e.Compliance.StatusID, e.Compliance.Status = compliance.id, compliance.name
	if f.AccountID != "" {
		e.Cloud.Account = &ocsfAccount{UID: clip(f.AccountID), Type: "AWS Account", TypeID: 10}
	}
	kind, id, partition := records.ResourceOf(f)
	e.Resources = []ocsfResource{{UID: clip(id), Name: clip(cmp.Or(report.BucketOf(id), id)), Type: kind, Region: e.Cloud.Region, Partition: partition}}
	e.Cloud.Partition = partition
	if f.Remediation != "" {
		e.Remediation = &ocsfRemediation{Desc: clip(f.Remediation)}
		if u, err := url.Parse(help.URI()); err == nil && u.IsAbs() {
			e.Remediation.References = []string{clip(help.URI())}
		}
	}
	return e
}

// standards are those whose controls are named: SecurityHub of SecurityHub/S3.7.
func standards(controls []string) []string {
	out := []string{}
	for _, c := range controls {
		s, _, _ := strings.Cut(c, "/")
		if s = text.Cut(text.Visible(s), ocsfText); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
