package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/output"
)

// The demo writes every format in one run, and each is what its reader takes. What
// readers outside of Go make of them (Jenkins' schema of JUnit, the models of OCSF,
// Security Hub, a browser) is for make integration.
func TestDemoInEveryFormat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"demo", "-q"}
	for _, format := range output.Formats() {
		args = append(args, "-o", format+"="+filepath.Join(dir, format))
	}
	if status, _, stderr := inProcess(t.Context(), args...); status != exitClean || stderr != "" {
		t.Fatal(status, stderr)
	}
	readers := map[string]func(*testing.T, []byte) error{
		"json":  func(t *testing.T, b []byte) error { return meets(t, "report.schema.json", b) },
		"sarif": func(t *testing.T, b []byte) error { return meets(t, "sarif-schema-2.1.0.json", b) },
		"ocsf": func(t *testing.T, b []byte) error {
			var list []json.RawMessage
			err := json.Unmarshal(b, &list)
			events := make([][]byte, len(list))
			for i, e := range list {
				events[i] = e
			}
			return errors.Join(err, meets(t, "ocsf-1.5.0-compliance-finding.schema.json", events...))
		},
		"asff": func(t *testing.T, b []byte) error {
			for line := range bytes.Lines(b) {
				var request struct {
					Findings []struct{ ID, ProductArn string }
				}
				if err := json.Unmarshal(line, &request); err != nil {
					return err
				}
				if n := len(request.Findings); n == 0 || n > 100 {
					t.Errorf("%d findings in one request", n)
				}
			}
			return nil
		},
		"csv": func(t *testing.T, b []byte) error {
			_, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
			return err
		},
		"junit": func(t *testing.T, b []byte) error {
			d := xml.NewDecoder(bytes.NewReader(b))
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
			}
		},
		"jsonl": func(t *testing.T, b []byte) error { return report.Replay(bytes.NewReader(b), &compare.Recording{}) },
		"markdown": func(t *testing.T, b []byte) error {
			if n := utf8.RuneCount(b); n > 65_536 {
				t.Errorf("%d characters, more than a comment holds", n)
			}
			return nil
		},
		"html": func(t *testing.T, b []byte) error {
			if !bytes.Contains(b, []byte("Content-Security-Policy")) || !strings.HasSuffix(strings.TrimSpace(string(b)), "</html>") {
				t.Error("no whole page")
			}
			return nil
		},
		"prometheus": func(t *testing.T, b []byte) error {
			parser := expfmt.NewTextParser(model.LegacyValidation)
			families, err := parser.TextToMetricFamilies(bytes.NewReader(b))
			if families["crosscheck_link"] == nil {
				t.Error("no series for links")
			}
			return err
		},
		"table": func(*testing.T, []byte) error { return nil }, // for people
	}
	for _, format := range output.Formats() {
		t.Run(format, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, format))
			if err != nil {
				t.Fatal(err)
			}
			if readers[format] == nil {
				t.Fatal("say who reads this format")
			}
			if err := readers[format](t, b); err != nil {
				t.Error(err)
			}
			// The link whose role S3 may not assume is in every one of them.
			if !bytes.Contains(b, []byte("media-thumbs")) {
				t.Error("the broken link media-thumbs is not in it")
			}
		})
	}
}

// meets validates JSON documents by one of the schemas of testdata/schemas.
func meets(t *testing.T, schema string, documents ...[]byte) error {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join(repo, "testdata", "schemas", schema))
	if err != nil {
		t.Fatal(err)
	}
	var errs []error
	for _, d := range documents {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(d))
		if err == nil {
			err = s.Validate(v)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
