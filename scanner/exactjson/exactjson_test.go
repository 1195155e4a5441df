package exactjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"crosscheck/scanner/exactjson"
)

type inner struct {
	Status string            `json:"status"`
	Tags   map[string]string `json:"tags"`
}

type Embedded struct {
	ID string `json:"id"`
}

type outer struct {
	Embedded
	One  *inner           `json:"one"`
	List []inner          `json:"list"`
	Map  map[string]inner `json:"map"`
	Raw  json.RawMessage  `json:"raw"`
	Any  any              `json:"any"`
}

func TestCheck(t *testing.T) {
	t.Parallel()
	many := ""
	for i := range 40 {
		many += fmt.Sprintf(`"k%d":"",`, i)
	}
	for data, want := range map[string]string{
		`{"id":"x","one":{"status":"a\"b","tags":{"Status":"1","status":"2"}},"list":[{"status":"a"},{"status":"b"}]}`: "",
		` { "map" : { "A" : { "status" : "a" } , "a" : null } , "raw" : [ 1 , -2e3 , true , {} ] } `:                   "",
		`{"raw":{"Any":1,"any":2}}`:                                "",
		`{"Id":"x"}`:                                               `unknown field "Id"`,
		`{"one":{"Status":"a"}}`:                                   `unknown field "Status"`,
		`{"list":[{"status":"a"},{"STATUS":"a"}]}`:                 `unknown field "STATUS"`,
		`{"map":{"a":{"statu\u017f":"a"}}}`:                        `unknown field "statuſ"`,
		`{"one":{"status":"Enabled","status":"Suspended"}}`:        `field "status" occurs twice`,
		`{"one":{"status":"Enabled","st\u0061tus":"Suspended"}}`:   `field "status" occurs twice`,
		`{"map":{"a":{},"a":{}}}`:                                  `field "a" occurs twice`,
		`{"raw":[{"a":{"b":1,"b":2}}]}`:                            `field "b" occurs twice`,
		`{"any":{"a":1,"a":2}}`:                                    `field "a" occurs twice`,
		`{"one":{"tags":{` + many + `"k39":""}}}`:                  `field "k39" occurs twice`,
		`{"one":{"tags":{` + strings.TrimSuffix(many, ",") + `}}}`: "",
		"{\"id\":\"\xff\"}":                                        "this is not UTF-8",
	} {
		var v outer
		d := json.NewDecoder(strings.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: encoding/json refuses it already: %v", data, err)
		}
		got := ""
		if err := exactjson.ShapeOf[outer]().Check([]byte(data)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: error %q, want %q", data, got, want)
		}
	}
}

func Example() {
	type versioning struct {
		Status string `json:"status"`
	}
	shape := exactjson.ShapeOf[versioning]()
	fmt.Println(shape.Check([]byte(`{"status":"Suspended","status":"Enabled"}`)))
	// Output: field "status" occurs twice
}

// TestWhole: a field that is always written may not be left out, on any level.
func TestWhole(t *testing.T) {
	t.Parallel()
	type below struct {
		Name string `json:"name"`
		Note string `json:"note,omitempty"`
	}
	type above struct {
		Below *below           `json:"below,omitempty"`
		List  []below          `json:"list"`
		Map   map[string]below `json:"map,omitzero"`
	}
	whole, any := exactjson.WholeShapeOf[above](), exactjson.ShapeOf[above]()
	for text, want := range map[string]string{
		`{"list":null}`: "",
		`{"list":[{"name":""}],"below":{"name":""},"map":{"a":{"name":"","note":""}}}`: "",
		`{}`:                                          `field "list" is missing`,
		`{"below":{"name":""}}`:                       `field "list" is missing`,
		`{"list":[],"below":{}}`:                      `field "name" is missing`,
		`{"list":[{"name":""},{"note":""}]}`:          `field "name" is missing`,
		`{"list":[],"map":{"name":{"note":"x"}}}`:     `field "name" is missing`,
		`{"list":[],"map":{"name":{"n\u0061me":""}}}`: "",
	} {
		if err := whole.Check([]byte(text)); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err := any.Check([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
