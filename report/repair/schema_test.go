package repair_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"crosscheck/report/repair"
	"crosscheck/rules/finding"
)

// TestJSONIsInItsSchema compares the form json with its published schema.
func TestJSONIsInItsSchema(t *testing.T) {
	t.Parallel()
	c := jsonschema.NewCompiler()
	for _, name := range []string{"repairs", "report"} { // it refers to the schema of reports
		b, err := os.ReadFile("../../testdata/schemas/" + name + ".schema.json")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("https://crosscheck.invalid/schemas/"+name+"/1", doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("https://crosscheck.invalid/schemas/repairs/1")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(v)
	}
	text := written(t, "json", sample(), repair.Options{})
	for _, good := range []string{text, written(t, "json", &finding.Repairs{}, repair.Options{}),
		written(t, "json", &finding.Repairs{Fixes: []finding.Fix{{Link: "new", After: finding.Works}}}, repair.Options{})} {
		if err := validate(good); err != nil {
			t.Error(err)
		}
	}
	for _, broken := range [][2]string{{`"proven"`, `"prooven"`}, {`"op": "add"`, `"op": "move"`}, {`"decisions": [`, `"more": [`}, {`"kind": "replication"`, `"kind": "bucket"`}} {
		if !strings.Contains(text, broken[0]) || validate(strings.Replace(text, broken[0], broken[1], 1)) == nil {
			t.Errorf("%s in place of %s is not refused", broken[1], broken[0])
		}
	}
}
