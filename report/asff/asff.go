// Package asff writes a run in the AWS Security Finding Format: every line is one
// request of BatchImportFindings.
package asff

import (
	"bytes"
	"cmp"
	"io"
	"net/url"
	"regexp"
	"time"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/wire"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Limits of AWS Security Hub: of one BatchImportFindings and of the fields of a
// finding. Texts are cut to bytes, since the documents do not say which
// characters count as one.
// https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-batchimportfindings.html
// https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
const (
	asffBatch        = 100       // findings in a request
	asffBatchBytes   = 6_000_000 // of a request
	asffID           = 512
	asffTitle        = 256
	asffDescription  = 1024
	asffNote         = 512
	asffFix          = 512
	asffField        = 1024 // of a value of ProductFields; AWS takes 2,048 characters
	asffOriginal     = 64
	asffRequirements = 32
	asffRequirement  = 64 // our own limit, also of a failure code
)

// Where a finding goes that does not say its account or Region.
const (
	asffNoAccount = "000000000000"
	asffNoRegion  = "us-east-1"
)

// Render writes findings in the AWS Security Finding Format: every line is one
// request of BatchImportFindings, with findings of one account and Region, those of
// the bucket. What is unknown is a WARNING, what was not read NOT_AVAILABLE, what is
// waived SUPPRESSED.
//
// A finding under a waiver has an Id of its own: BatchImportFindings cannot take back
// SUPPRESSED, so the fault would stay out of sight when the waiver has ended.
func Render(w io.Writer, r *records.Run, rules map[string]finding.About) error {
	b := asffBatches{w: w}
	err := Each(r, rules, b.add)
	return cmp.Or(err, b.flush())
}

// Each calls yield with the findings that [Render] writes, in that order, until it
// fails. Their accounts and Regions are those of the buckets.
func Each(r *records.Run, rules map[string]finding.About, yield func(*Finding) error) error {
	ids := records.IDs{}
	at := records.RunTime(r).Format(time.RFC3339)
	return r.AsFindings(func(f *finding.Finding) error {
		return yield(asffOf(f, ids.Of(f), at, r.Run, records.AboutOf(rules, f.RuleID)))
	})
}

// asffBatches writes findings that belong together as requests of BatchImportFindings.
type asffBatches struct {
	w       io.Writer
	product string // ARN that the findings of batch share
	n       int
	batch   bytes.Buffer
	one     bytes.Buffer
}

func (b *asffBatches) add(f *Finding) error {
	if err := wire.Encode(&b.one, f); err != nil {
		return err
	}
	if b.n == asffBatch || b.n > 0 && (f.ProductArn != b.product || b.batch.Len()+b.one.Len() > asffBatchBytes) {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.product = f.ProductArn
	b.batch.WriteString([]string{`{"Findings":[`, ","}[min(b.n, 1)])
	b.batch.Write(b.one.Bytes())
	b.n++
	return nil
}

func (b *asffBatches) flush() error {
	if b.n == 0 {
		return nil
	}
	b.batch.WriteString("]}\n")
	_, err := b.w.Write(b.batch.Bytes())
	b.batch.Reset()
	b.n = 0
	return err
}

// Finding is a finding in the AWS Security Finding Format. No text is longer than
// Security Hub takes it.
type Finding struct {
	SchemaVersion         string
	ID                    string `json:"Id"`
	ProductArn            string
	ProductName           string
	CompanyName           string
	GeneratorID           string `json:"GeneratorId"` // crosscheck/, and the rule
	AwsAccountID          string `json:"AwsAccountId"`
	Types                 []string
	CreatedAt             string
	UpdatedAt             string
	LastObservedAt        string
	Severity              Severity
	FindingProviderFields ProviderFields // what later imports may change of Severity and Types
	Title                 string
	Description           string
	Remediation           *Remediation `json:",omitempty"`
	ProductFields         Fields
	Resources             []Resource
	Compliance            Compliance
	Workflow              Workflow
	RecordState           string
	Note                  *Note `json:",omitempty"`
}

// Fields are the fields of our own. Those that are empty are left out.
type Fields struct {
	AccountID   string `json:"crosscheck/AccountId,omitempty"`
	Baseline    string `json:"crosscheck/Baseline,omitempty"` // new or existing
	Fingerprint string `json:"crosscheck/Fingerprint,omitempty"`
	Link        string `json:"crosscheck/Link,omitempty"`
	Region      string `json:"crosscheck/Region,omitempty"`
	Resource    string `json:"crosscheck/Resource,omitempty"`
	Rule        string `json:"crosscheck/Rule,omitempty"`
	Run         string `json:"crosscheck/Run,omitempty"`
	Status      string `json:"crosscheck/Status,omitempty"`
	Version     string `json:"crosscheck/Version,omitempty"`
}

// Severity is how grave a finding is, for Security Hub and for the rule.
type Severity struct {
	Label      string
	Normalized *int   `json:",omitempty"`
	Original   string // of the rule
}

// ProviderFields are what later imports may change.
type ProviderFields struct {
	Severity Severity
	Types    []string
}

// Remediation says what to do.
type Remediation struct {
	Recommendation struct {
		Text string
		URL  string `json:"Url,omitempty"`
	}
}

// Resource is what a finding is about.
type Resource struct {
	Type      string
	ID        string   `json:"Id"`
	Partition string   `json:",omitempty"`
	Region    string   `json:",omitempty"`
	Details   *Details `json:",omitempty"`
}

// Details say whose a bucket is.
type Details struct {
	AwsS3Bucket struct {
		OwnerAccountID string `json:"OwnerAccountId"`
	}
}

// Compliance is the standing of a finding, with its controls.
type Compliance struct {
	Status              string
	RelatedRequirements []string `json:",omitempty"`
	StatusReasons       []Reason `json:",omitempty"` // S3's failure codes
}

// Reason is why a control is not met.
type Reason struct{ ReasonCode string }

// Workflow says whether a finding is new, resolved or suppressed.
type Workflow struct{ Status string }

// Note is a remark, of a time in RFC 3339.
type Note struct{ Text, UpdatedBy, UpdatedAt string }

// asffSeverities are in the order of rank, with the numbers that Security Hub
// gives them.
var asffSeverities = []struct {
	label      string
	normalized int
}{{"CRITICAL", 90}, {"HIGH", 70}, {"MEDIUM", 40}, {"LOW", 1}, {"INFORMATIONAL", 0}}

var regionName = regexp.MustCompile(`^[a-z0-9-]{1,16}$`) // as long as Security Hub takes one

func asffOf(f *finding.Finding, uid, at string, run *report.Run, help finding.About) *Finding {
	firstOf := func(max int, among ...string) string {
		for _, s := range among {
			if s = text.CutBytes(text.Visible(s), max); s != "" {
				return s
			}
		}
		return "crosscheck"
	}
	field := func(s string) string { return text.CutBytes(text.Visible(s), asffField) }
	account, region := f.AccountID, f.Region
	if !fact.IsAccountID(account) {
		account = asffNoAccount
	}
	kind, id, partition := records.ResourceOf(f)
	if !regionName.MatchString(region) {
		region = fact.RegionIn(partition)
	}
	region = cmp.Or(region, asffNoRegion)
	severity := asffSeverities[f.Severity.Rank()]
	status, workflow := "WARNING", "NEW"
	switch {
	case f.Status == finding.Fail:
		status = "FAILED"
	case f.Status == finding.Pass:
		status, workflow = "PASSED", "RESOLVED"
		severity = asffSeverities[finding.Info.Rank()]
	case f.RuleID == finding.FactRead:
		status = "NOT_AVAILABLE"
	}
	original := firstOf(asffOriginal, string(f.Severity), "unknown")
	out := &Finding{
		SchemaVersion: "2018-10-08", ID: firstOf(asffID, "crosscheck/"+uid), GeneratorID: firstOf(asffID, "crosscheck/"+f.RuleID),
		ProductArn:  "arn:" + cmp.Or(partition, fact.PartitionOf(region)) + ":securityhub:" + region + ":" + account + ":product/" + account + "/default",
		ProductName: "crosscheck", CompanyName: "crosscheck", AwsAccountID: account, Types: []string{records.FindingType},
		CreatedAt: at, UpdatedAt: at, LastObservedAt: at,
		Severity:              Severity{severity.label, &severity.normalized, original},
		FindingProviderFields: ProviderFields{Severity{Label: severity.label, Original: original}, []string{records.FindingType}},
		Title:                 firstOf(asffTitle, f.Title, help.Title, f.RuleID), Description: firstOf(asffDescription, f.Message, f.Title, f.RuleID),
		ProductFields: Fields{
			AccountID: field(f.AccountID), Baseline: field(f.Baseline), Fingerprint: field(f.Fingerprint), Link: field(f.Link), Region: field(f.Region), Resource: field(f.Resource),
			Rule: field(f.RuleID), Run: field(run.ID), Status: field(records.StatusText(f)), Version: field(run.Tool.Version),
		},
		Resources:  []Resource{{Type: kind, ID: firstOf(asffID, id), Partition: partition}},
		Compliance: Compliance{Status: status}, Workflow: Workflow{workflow}, RecordState: "ACTIVE",
	}
	if regionName.MatchString(f.Region) {
		out.Resources[0].Region = f.Region
	}
	if kind == "AwsS3Bucket" && account != asffNoAccount && f.RuleID != finding.FactRead { // a gap names the account that asked, not the owner
		out.Resources[0].Details = &Details{}
		out.Resources[0].Details.AwsS3Bucket.OwnerAccountID = account
	}
	if f.Remediation != "" {
		out.Remediation = &Remediation{}
		out.Remediation.Recommendation.Text = firstOf(asffFix, f.Remediation)
		if u, err := url.Parse(help.URI()); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
			out.Remediation.Recommendation.URL = help.URI()
		}
	}
	for _, c := range f.Controls[:min(len(f.Controls), asffRequirements)] {
		out.Compliance.RelatedRequirements = append(out.Compliance.RelatedRequirements, firstOf(asffRequirement, c))
	}
	for _, c := range f.FailureCodes[:min(len(f.FailureCodes), asffRequirements)] {
		out.Compliance.StatusReasons = append(out.Compliance.StatusReasons, Reason{firstOf(asffRequirement, c)})
	}
	if f.Status == finding.Fail && f.Waiver != nil {
		out.ID = firstOf(asffID, "crosscheck/"+uid+"/waived")
		out.Workflow.Status = "SUPPRESSED"
		out.Note = &Note{Text: firstOf(asffNote, "waived: "+records.WaiverText(f.Waiver)), UpdatedBy: "crosscheck", UpdatedAt: at}
	}
	return out
}
