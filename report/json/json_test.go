package json_test

import (
	"bytes"
	"crosscheck/report/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
)

func TestJSONMeetsItsSchema(t *testing.T) {
	t.Parallel()
	s := reporttest.Schema(t, "report.schema.json")
	for name, ms := range map[string][]report.Message{"sample": reporttest.Sample(t), "sparse": reporttest.Sparse(t), "empty": reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}})} {
		t.Run(name, func(t *testing.T) {
			got := render(t, ms)
			reporttest.Conforms(t, s, got)
			if bytes.Contains(bytes.ReplaceAll(got, []byte(`"waiver":null`), nil), []byte("null")) {
				t.Errorf("null in\n%s", got)
			}
		})
	}
}

// The schema is only worth something if it refuses what is wrong.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := reporttest.Schema(t, "report.schema.json")
	good := string(render(t, reporttest.Sample(t)))
	for _, c := range [][2]string{
		{`"schema_version": "2"`, `"schema_version": "1"`},
		{`"verdict":"broken"`, `"verdict":"fine"`},
		{`"verdict":"partial"`, `"verdict":"some"`},
		{`"class":"sse-kms"`, `"class":"plain"`},
		{`,"counted":false`, ``},
		{`"status":"unknown"`, `"status":"ok"`},
		{`"severity":"critical"`, `"severity":"urgent"`},
		{`"checks":[]`, `"checks":null`},
		{`"role_arn":`, `"why":"x","role_arn":`},
		{`"exit_status":1`, `"exit_status":2`},
		{`"latency_ms":61`, `"latency_ms":-1`},
	} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if bad == good {
			t.Fatalf("%s is not in the sample", c[0])
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("the schema takes %s", c[1])
		}
	}
}

// render writes the messages in the format.
func render(t testing.TB, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{Passes: true, Checks: true}, json.Render, ms)
}
