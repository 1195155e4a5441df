package output

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// row is what a machine reads of one finding, link, check, probe or gap. "" is what its
// format does not have.
type row struct {
	rule        string // or link, check, probe, gap
	status      string
	severity    string
	codes       []string
	fingerprint string
	about       string // the link, else the resource
	witness     string
}

func (r row) String() string {
	cells := []string{r.rule, r.status, r.severity, strings.Join(r.codes, ","), r.fingerprint, r.about, r.witness}
	for i, c := range cells {
		if c == "" {
			cells[i] = "-"
		}
	}
	return strings.Join(cells, "  ") + "\n"
}

// meanings reads the formats for machines, each as its readers do.
var meanings = map[string]func(out []byte) ([]row, error){
	"asff": asffMeaning, "csv": csvMeaning, "json": jsonMeaning, "jsonl": jsonlMeaning,
	"junit": junitMeaning, "ocsf": ocsfMeaning, "prometheus": prometheusMeaning, "sarif": sarifMeaning,
}

// What each format for machines says does not change when a sentence does.
func TestMeaning(t *testing.T) {
	t.Parallel()
	for format := range formats {
		if slices.Contains(forPeople, format) {
			continue
		}
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			read := meanings[format]
			if read == nil {
				t.Fatal("a new format for machines: add to meanings how it is read")
			}
			meaning := func(ms []report.Message) string {
				rows, err := read(render(t, format, Options{}, ms))
				if err != nil {
					t.Fatal(err)
				}
				var lines []string
				for _, r := range rows {
					lines = append(lines, r.String())
				}
				slices.Sort(lines)
				return "rule  status  severity  codes  fingerprint  link or resource  witness\n" + strings.Join(lines, "")
			}
			got := meaning(reporttest.Sample(t))
			reporttest.Golden(t, "meaning-"+format+".txt", []byte(got))
			if d := diff.Diff(got, meaning(reporttest.Wordless(reporttest.Sample(t)))); d != "" {
				t.Errorf("other sentences mean something else:\n%s", d)
			}
		})
	}
}

func linkRows(l *finding.Link) []row {
	rows := []row{{rule: "link", status: string(l.Verdict), codes: l.FailureCodes, about: l.ID}}
	for _, c := range l.Checks {
		rows = append(rows, row{rule: "check", status: string(c.Result), codes: []string{c.FailureCode},
			about: l.ID, witness: c.Witness})
	}
	return rows
}

func findingRow(f *finding.Finding) row {
	r := row{rule: f.RuleID, status: string(f.Status), severity: string(f.Severity), codes: f.FailureCodes,
		fingerprint: f.Fingerprint, about: cmp.Or(f.Link, f.Resource)}
	if f.Waiver != nil {
		r.status = "waived"
	}
	return r
}

func probeRow(m *measure.Measurement) row {
	return row{rule: "probe", status: string(m.Outcome), about: m.Link}
}

func gapRow(g *fact.Gap) row {
	return row{rule: "gap", codes: []string{g.API + ":" + g.Code}, about: g.Resource}
}

func jsonMeaning(out []byte) (rows []row, err error) {
	var doc struct {
		Links        []*finding.Link
		Findings     []*finding.Finding
		Measurements []*measure.Measurement
		Coverage     struct{ Gaps []*fact.Gap }
	}
	err = json.Unmarshal(out, &doc)
	for _, l := range doc.Links {
		rows = append(rows, linkRows(l)...)
	}
	for _, f := range doc.Findings {
		rows = append(rows, findingRow(f))
	}
	for _, m := range doc.Measurements {
		rows = append(rows, probeRow(m))
	}
	for _, g := range doc.Coverage.Gaps {
		rows = append(rows, gapRow(g))
	}
	return rows, err
}

func jsonlMeaning(out []byte) (rows []row, err error) {
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var line struct {
			Link        *finding.Link
			Finding     *finding.Finding
			Measurement *measure.Measurement
			Gap         *fact.Gap
		}
		if err := d.Decode(&line); err != nil {
			return nil, err
		}
		switch {
		case line.Link != nil:
			rows = append(rows, linkRows(line.Link)...)
		case line.Finding != nil:
			rows = append(rows, findingRow(line.Finding))
		case line.Measurement != nil:
			rows = append(rows, probeRow(line.Measurement))
		case line.Gap != nil:
			rows = append(rows, gapRow(line.Gap))
		}
	}
	return rows, nil
}

func csvMeaning(out []byte) (rows []row, err error) {
	lines, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, line := range lines[1:] {
		cell := func(name string) string { return line[slices.Index(lines[0], name)] }
		rows = append(rows, row{rule: cmp.Or(cell("rule_id"), cell("kind")), status: cell("status"),
			severity: cell("severity"), codes: []string{cell("failure_codes")}, fingerprint: cell("fingerprint"),
			about: cmp.Or(cell("link"), cell("resource"))})
	}
	return rows, nil
}

func junitMeaning(out []byte) (rows []row, err error) {
	var file junit.Testsuites
	err = xml.Unmarshal(out, &file)
	for _, suite := range file.Suites {
		for _, c := range suite.Testcases {
			r := row{status: "passed", about: c.Classname}
			r.rule, _, _ = strings.Cut(c.Name, " ") // the title follows
			for status, result := range map[string]*junit.Result{"failure": c.Failure, "error": c.Error, "skipped": c.Skipped} {
				if result != nil {
					r.status, r.severity = status, result.Type
				}
			}
			rows = append(rows, r)
		}
	}
	return rows, err
}

func prometheusMeaning(out []byte) (rows []row, err error) {
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(out))
	for name, f := range families {
		for _, m := range f.Metric {
			label := map[string]string{}
			for _, l := range m.Label {
				label[l.GetName()] = l.GetValue()
			}
			count := fmt.Sprint(m.GetGauge().GetValue())
			switch name {
			case "crosscheck_findings":
				rows = append(rows, row{rule: label["rule"], status: label["status"] + "=" + count, severity: label["severity"]})
			case "crosscheck_link":
				rows = append(rows, row{rule: "link", status: label["verdict"] + "=" + count, about: label["link"]})
			case "crosscheck_canary_probes":
				rows = append(rows, row{rule: "probe", status: label["outcome"] + "=" + count, about: label["link"]})
			case "crosscheck_gaps":
				rows = append(rows, row{rule: "gap", status: count})
			}
		}
	}
	return rows, err
}

func ocsfMeaning(out []byte) (rows []row, err error) {
	var events []struct {
		Status     string
		StatusCode string `json:"status_code"`
		Severity   string
		Info       struct{ UID string } `json:"finding_info"`
		Compliance struct {
			Control string
			Details []string `json:"status_details"`
		}
		Resources []struct{ UID string }
		Unmapped  struct{ Link string }
	}
	err = json.Unmarshal(out, &events)
	for _, e := range events {
		r := row{rule: e.Compliance.Control, status: e.StatusCode + "/" + e.Status, severity: e.Severity,
			codes: e.Compliance.Details, fingerprint: e.Info.UID, about: e.Unmapped.Link}
		if r.about == "" && len(e.Resources) > 0 {
			r.about = e.Resources[0].UID
		}
		rows = append(rows, r)
	}
	return rows, err
}

func asffMeaning(out []byte) (rows []row, err error) {
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var batch struct {
			Findings []struct {
				ID         string
				Severity   struct{ Label string }
				Compliance struct {
					Status        string
					StatusReasons []struct{ ReasonCode string }
				}
				Workflow      struct{ Status string }
				ProductFields map[string]string
			}
		}
		if err := d.Decode(&batch); err != nil {
			return nil, err
		}
		for _, f := range batch.Findings {
			field := func(name string) string { return f.ProductFields["crosscheck/"+name] }
			r := row{rule: field("Rule"), status: field("Status") + "/" + f.Compliance.Status + "/" + f.Workflow.Status,
				severity: f.Severity.Label, fingerprint: f.ID, about: cmp.Or(field("Link"), field("Resource"))}
			for _, reason := range f.Compliance.StatusReasons {
				r.codes = append(r.codes, reason.ReasonCode)
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func sarifMeaning(out []byte) (rows []row, err error) {
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID       string
				Level        string
				Fingerprints map[string]string `json:"partialFingerprints"`
				Locations    []struct {
					Logical []struct{ FullyQualifiedName string } `json:"logicalLocations"`
				}
				Suppressions []struct{ Status string }
				Properties   struct {
					FailureCodes     []string
					Severity, Status string
				}
			}
			Invocations []struct {
				Notifications []struct{ Level string } `json:"toolExecutionNotifications"`
			}
		}
	}
	err = json.Unmarshal(out, &log)
	for _, run := range log.Runs {
		for _, res := range run.Results {
			r := row{rule: res.RuleID, status: res.Properties.Status + "/" + res.Level, severity: res.Properties.Severity,
				codes: res.Properties.FailureCodes, fingerprint: res.Fingerprints["crosscheck/v1"]}
			for _, s := range res.Suppressions {
				r.status += "/" + s.Status
			}
			for _, l := range res.Locations {
				r.about = l.Logical[0].FullyQualifiedName
			}
			rows = append(rows, r)
		}
		for _, i := range run.Invocations {
			for _, n := range i.Notifications { // in words only
				rows = append(rows, row{rule: "gap", status: n.Level})
			}
		}
	}
	return rows, err
}
