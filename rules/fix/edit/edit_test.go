package edit_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"pgregory.net/rapid"

	"crosscheck/rules/fix/edit"
)

var added = edit.Statement{
	Sid: "Replicas", Principals: []edit.Principal{{Type: "AWS", Value: "arn:aws:iam::111111111111:role/r"}},
	Actions: []string{"s3:ReplicateObject", "s3:ReplicateDelete"}, Resources: []string{"arn:aws:s3:::dst/*"},
	Conditions: []edit.Condition{{Operator: "StringLike", Key: "kms:ViaService", Values: []string{"s3.eu-west-1.amazonaws.com"}}},
}

const lines = `{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "One",  "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:role/old"},
            "Action": "s3:ReplicateObject",
            "Resource": ["arn:aws:s3:::dst/*"]
        },
        {
            "Effect": "Deny", "Principal": "*",
            "Action": [
                "s3:DeleteObject",
                "s3:PutObject"
            ],
            "Resource": "arn:aws:s3:::dst/*",
            "Condition": {"StringEquals": {"aws:RequestTag/a/b": "x"}}
        }
    ]
}
`

// Each change writes what is new as the author writes, and nothing else changes.
func TestEdit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, before string
		change       func(*edit.Document) error
		old, now     string // what is written instead of what
	}{
		{"a string becomes an array", lines, func(d *edit.Document) error { return d.AddValues(0, "Action", "s3:ReplicateDelete") },
			`"Action": "s3:ReplicateObject",`, "\"Action\": [\n                \"s3:ReplicateObject\",\n                \"s3:ReplicateDelete\"\n            ],"},
		{"an array on one line", lines, func(d *edit.Document) error {
			return d.AddValues(0, "Resource", "arn:aws:s3:::dst", "arn:aws:s3:::dst/*")
		},
			`["arn:aws:s3:::dst/*"]`, `["arn:aws:s3:::dst/*", "arn:aws:s3:::dst"]`},
		{"an array over lines", lines, func(d *edit.Document) error { return d.AddValues(1, "Action", "s3:Get*") },
			"\"s3:PutObject\"\n", "\"s3:PutObject\",\n                \"s3:Get*\"\n"},
		{"another type of principal", lines, func(d *edit.Document) error { return d.AddValues(0, "Principal/Service", "s3.amazonaws.com") },
			`role/old"}`, `role/old", "Service": "s3.amazonaws.com"}`},
		{"a principal instead of another", lines, func(d *edit.Document) error {
			return d.Replace(0, "Principal/AWS", "arn:aws:iam::111111111111:role/old", "arn:aws:iam::111111111111:role/new")
		}, "role/old", "role/new"},
		{"everybody", lines, func(d *edit.Document) error {
			return d.Replace(1, "Principal", "*", "arn:aws:iam::111111111111:role/r")
		},
			`"Principal": "*"`, "\"Principal\": {\n                \"AWS\": \"arn:aws:iam::111111111111:role/r\"\n            }"},
		{"a key with slashes", lines, func(d *edit.Document) error {
			return d.Replace(1, "Condition/StringEquals/aws:RequestTag/a/b", "x", "<y>")
		},
			`"x"`, `"<y>"`},
		{"the version", lines, func(d *edit.Document) error { return d.Replace(edit.Top, "Version", "2012-10-17", "2008-10-17") },
			"2012", "2008"},
		{"one of two actions", lines, func(d *edit.Document) error { return d.Remove(1, "Action", "s3:DeleteObject") },
			"\"s3:DeleteObject\",\n                ", ""},
		{"a whole statement", lines, func(d *edit.Document) error { return d.Remove(0, "Action", "s3:ReplicateObject") },
			lines[strings.Index(lines, `{
            "Sid"`):strings.Index(lines, `{
            "Effect": "Deny"`)], ""},
		{"a new statement", lines, func(d *edit.Document) error { d.AddStatement(added); return nil },
			"}\n        }\n    ]", `}
        },
        {
            "Sid": "Replicas",
            "Effect": "Allow",
            "Principal": {
                "AWS": "arn:aws:iam::111111111111:role/r"
            },
            "Action": [
                "s3:ReplicateObject",
                "s3:ReplicateDelete"
            ],
            "Resource": "arn:aws:s3:::dst/*",
            "Condition": {
                "StringLike": {
                    "kms:ViaService": "s3.eu-west-1.amazonaws.com"
                }
            }
        }
    ]`},
		{"beside a single statement", `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"},"Version":"2012-10-17"}`,
			func(d *edit.Document) error {
				d.AddStatement(edit.Statement{Actions: []string{"a:b"}, Resources: []string{"*"}})
				return d.AddValues(0, "Action", "kms:*")
			},
			`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
			`[{"Effect":"Allow","Action":["s3:*","kms:*"],"Resource":"*"},{"Effect":"Allow","Action":"a:b","Resource":"*"}]`},
		{"in an empty list", `{"Version": "2012-10-17", "Statement": []}`,
			func(d *edit.Document) error {
				d.AddStatement(edit.Statement{Actions: []string{"a:b"}, Resources: []string{"*"}})
				return nil
			},
			`[]`, `[{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]`},
		{"nothing that it has", lines, func(d *edit.Document) error { return d.AddValues(0, "Action", "s3:ReplicateObject") }, "x", "x"},
	} {
		d, err := edit.Read(tt.before)
		if err != nil {
			t.Fatal(tt.name, err)
		}
		if err := tt.change(d); err != nil {
			t.Error(tt.name, err)
			continue
		}
		if want := strings.Replace(tt.before, tt.old, tt.now, 1); d.Text() != want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, d.Text(), want)
		}
		patched(t, tt.name, tt.before, d)
	}
}

// patched checks that the patch gives what the text says.
func patched(t interface {
	Helper()
	Fatalf(string, ...any)
}, name, before string, d *edit.Document) {
	t.Helper()
	ops, err := json.Marshal(d.Patch())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	patch, err := jsonpatch.DecodePatch(ops)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got, err := patch.Apply([]byte(before))
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, ops)
	}
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := json.Unmarshal([]byte(d.Text()), &b); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, d.Text())
	}
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("%s: the patch gives\n%s\nthe text\n%s", name, got, d.Text())
	}
}

// What is not there, or could widen a policy, is an error that says so.
func TestErrors(t *testing.T) {
	t.Parallel()
	d, err := edit.Read(lines)
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		"statement One has no NotAction":      d.AddValues(0, "NotAction", "x"),
		"there is no statement 7":             d.AddValues(7, "Action", "x"),
		"statement 1 has no Principal/AWS":    d.AddValues(1, "Principal/AWS", "x"),
		"has no value \"s3:Get\"":             d.Remove(0, "Action", "s3:Get"),
		"which could widen what it allows":    d.Remove(1, "Condition/StringEquals/aws:RequestTag/a/b", "x"),
		"the document has no Id":              d.Replace(edit.Top, "Id", "a", "b"),
		"Action of statement One has no valu": d.Replace(0, "Action", "a", "b"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if d.Text() != lines {
		t.Error("a refused change was made")
	}
	for text, want := range map[string]string{
		"":                                "line 1: the document is empty",
		"{\n“Statement”: []}":             "line 2: ",
		`[]`:                              "no object",
		`{"Version":"2012-10-17"}`:        "it has no Statement",
		`{"Statement":[1]}`:               "a statement is a number",
		`{"Statement":"x"}`:               "its Statement is a string",
		`{"Statement":[],"Statement":[]}`: `it has "Statement" twice`,
		`{"Statement":[{"Effect":"Allow","Effect":"Deny"}]}`: `it has "Effect" twice`,
	} {
		if _, err := edit.Read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// A document that loses its last statement is none.
func TestNothingLeft(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"Statement":{"Action":"a:b"}}`, `{"Statement":[{"Action":["a:b"]}]}`} {
		d, err := edit.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Remove(0, "Action", "a:b"); err != nil || d.Text() != "" {
			t.Error(text, err, d.Text())
		}
		if err := d.AddValues(0, "Action", "c:d"); err != nil || !strings.Contains(d.Text(), "c:d") || strings.Contains(d.Text(), "a:b") {
			t.Error(text, err, d.Text())
		}
	}
}

// Whatever is changed in a document of any layout: the text is JSON, and the patch gives
// the same.
func TestPatchAgrees(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom([]string{"s3:a", "s3:b", "s3:c", "k<&>é", "a\"b"})
	list := rapid.SliceOfNDistinct(word, 1, 4, rapid.ID[string])
	rapid.Check(t, func(t *rapid.T) {
		var statements []any
		for range rapid.IntRange(1, 3).Draw(t, "statements") {
			s := map[string]any{"Effect": "Allow"}
			for _, element := range []string{"Action", "Resource"} {
				v := list.Draw(t, element)
				s[element] = any(v)
				if len(v) == 1 && rapid.Bool().Draw(t, "one") {
					s[element] = v[0]
				}
			}
			s["Principal"] = rapid.SampledFrom([]any{"*", map[string]any{"AWS": list.Draw(t, "AWS")}, map[string]any{"AWS": "a", "Service": "b"}}).Draw(t, "Principal")
			statements = append(statements, s)
		}
		doc := map[string]any{"Version": "2012-10-17", "Statement": statements}
		if len(statements) == 1 && rapid.Bool().Draw(t, "single") {
			doc["Statement"] = statements[0]
		}
		text, err := json.Marshal(doc)
		if indent := rapid.SampledFrom([]string{"", "  ", "\t"}).Draw(t, "indent"); indent != "" {
			text, err = json.MarshalIndent(doc, "", indent)
		}
		if err != nil {
			t.Fatal(err)
		}
		d, err := edit.Read(string(text))
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 6).Draw(t, "changes") {
			i, element := rapid.IntRange(0, d.Len()-1).Draw(t, "i"), rapid.SampledFrom([]string{"Action", "Resource", "Principal/AWS", "Principal/Service", "Principal"}).Draw(t, "element")
			switch rapid.IntRange(0, 3).Draw(t, "change") { // refused ones change nothing
			case 0:
				_ = d.AddValues(i, element, list.Draw(t, "values")...)
			case 1:
				_ = d.Remove(i, element, word.Draw(t, "value"))
			case 2:
				_ = d.Replace(i, element, rapid.SampledFrom([]string{"*", "s3:a", "a"}).Draw(t, "old"), word.Draw(t, "now"))
			case 3:
				d.AddStatement(edit.Statement{Actions: list.Draw(t, "actions"), Resources: []string{"*"}})
			}
		}
		if d.Text() == "" {
			return
		}
		patched(t, string(text), string(text), d)
	})
}

// FuzzRead: no text makes it panic, and a document that nothing was changed in stays as it is.
func FuzzRead(f *testing.F) {
	for _, s := range []string{lines, "{}", `{"Statement":[]}`, `{"Statement":{"Action":["a"],"Principal":{}}}`, "{\"Statement\":\n[\n]}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := edit.Read(text)
		if err != nil {
			return
		}
		if d.Text() != text && (d.Len() > 0 || d.Text() != "") {
			t.Fatalf("%q became %q", text, d.Text())
		}
		for i := range d.Len() {
			_ = d.AddValues(i, "Action", "s3:x")
			_ = d.AddValues(i, "Principal/AWS", "s3:x")
			_ = d.AddValues(i, "Resource", "s3:x")
		}
		d.AddStatement(added)
		if !json.Valid([]byte(d.Text())) {
			t.Fatalf("%q became %q", text, d.Text())
		}
		if _, err := edit.Read(d.Text()); err != nil {
			t.Fatalf("%q became %q: %v", text, d.Text(), err)
		}
		d.Patch()
	})
}
