package output

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"testing"

	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

// writer is one output.
func writer(format string, w io.Writer, o Options) report.Writer {
	out := &outputs{}
	out.add(format, w, o)
	return out
}

// render writes the messages in one format.
func render(t testing.TB, format string, o Options, ms []report.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	w := writer(format, &b, o)
	for _, m := range ms {
		if err := m.Send(w); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

// asLines puts every JSON value of compact documents on lines of its own, for
// reading.
func asLines(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for d := json.NewDecoder(bytes.NewReader(b)); d.More(); out.WriteByte('\n') {
		var doc json.RawMessage
		if err := d.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		if err := json.Indent(&out, doc, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestGolden(t *testing.T) {
	about := map[string]finding.About{"XC002": {ID: "XC002", Title: "Destination keeps versions",
		Description: "S3 replicates only into buckets with versioning.", Remediation: "run `aws s3api put-bucket-versioning`.",
		Sources: []string{"https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html"}}}
	for _, c := range []struct {
		file, format string
		o            Options
	}{
		{"report-80.txt", "table", Options{Width: 80}},
		{"report-120.txt", "table", Options{}},
		{"report-200.txt", "table", Options{Width: 200}},
		{"report.json", "json", Options{}},
		{"report.jsonl", "jsonl", Options{}},
		{"report.csv", "csv", Options{}},
		{"report.md", "markdown", Options{}},
		{"report.html", "html", Options{Codes: map[string]string{"DstBucketUnversioned": "Versioning of the destination is not Enabled."},
			Rules: about}},
		{"report.xml", "junit", Options{}},
		{"report.prom", "prometheus", Options{}},
		{"report.ocsf.json", "ocsf", Options{}},
		{"report.asff.json", "asff", Options{}},
		{"report.sarif", "sarif", Options{Rules: about}},
	} {
		t.Run(c.file, func(t *testing.T) {
			got := render(t, c.format, c.o, reporttest.Sample(t))
			if c.format == "sarif" || c.format == "ocsf" || c.format == "asff" {
				got = asLines(t, got)
			}
			if c.format == "html" { // less what is the same in every page
				got = regexp.MustCompile(`(?s)(<style>|<script>).*?(</style>|</script>)`).ReplaceAll(got, []byte("$1…$2"))
				got = regexp.MustCompile(`sha256-.*?=&#39;`).ReplaceAll(got, []byte("sha256-…"))
			}
			reporttest.Golden(t, c.file, got)
		})
	}
}
