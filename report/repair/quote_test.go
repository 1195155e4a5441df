package repair

import (
	"encoding/json"
	"errors"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"crosscheck/report/text"
)

// hostileText draws text of what shells, YAML, terminals and CI systems act on.
var hostileText = rapid.Custom(func(t *rapid.T) string {
	parts := []string{"'", `"`, `\`, "$(touch x)", "`", "\n", "\r", "\t", " ", "#", ": ", "- ", "{", "}", "[", "]", "&a", "*a", "!Ref", "%", "@", "|", ">", "<<",
		"~", "null", "yes", "0x1", "1e3", "2012-10-17", "##[x]", "::y", "\u202e", "\U000e0041", "\u0085", "\u2028", "\x7f", "\x1b[31m", "é", "a", "A b"}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 6).Draw(t, "parts"), "")
})

// TestQuote gives texts to a shell as words.
func TestQuote(t *testing.T) {
	t.Parallel()
	var script, want strings.Builder
	for i := range 500 {
		s := hostileText.Example(i)
		script.WriteString(`printf '%s\0' ` + quote(s) + "\n")
		want.WriteString(s + "\x00")
	}
	cmd := exec.CommandContext(t.Context(), "sh")
	cmd.Stdin = strings.NewReader(script.String())
	cmd.Dir = t.TempDir()
	if got, err := cmd.CombinedOutput(); err != nil || string(got) != want.String() {
		t.Errorf("%v: the words are\n%q\nnot\n%q", err, got, want.String())
	}
}

// TestYAMLIsTheDocument writes JSON as YAML and reads it.
func TestYAMLIsTheDocument(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := map[string]any{"k" + hostileText.Draw(t, "key"): []any{hostileText.Draw(t, "value"), true, nil, 12.5, map[string]any{}, []any{}}}
		document, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		n, err := fromJSON(string(document))
		if err != nil {
			t.Fatal(err)
		}
		out := yamlText(n)
		var got map[string]any
		if err := yaml.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v in %q", err, out)
		}
		var want map[string]any
		if err := json.Unmarshal(document, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, not %v", out, got, want)
		}
		if shown := text.Lines(out); shown != out {
			t.Errorf("not fit to be shown: %q", out)
		}
	})
}

func TestTemplatesResolveNothing(t *testing.T) {
	t.Parallel()
	for document, refused := range map[string]bool{
		`{"a": {"Ref": "x"}}`:                                true,
		`{"a": [{"Fn::Sub": "x"}]}`:                          true,
		`{"a": "x{{resolve:secretsmanager:a}}"}`:             true,
		`{"Condition": {"StringEquals": {"a": "${aws:x}"}}}`: false,
	} {
		if _, err := fromJSON(document); errors.Is(err, errIntrinsic) != refused {
			t.Errorf("%s: %v", document, err)
		}
	}
}

// TestHCLString reads strings as HCL does: as Go reads them, but for templates.
func TestHCLString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a":                      `"a"`,
		`"\`:                     `"\"\\"`,
		"${a}%{b}$${":            `"$${a}%%{b}$$${"`,
		"\n\x1b\u202e\U000e0041": `"\u000a\u001b\u202e\U000e0041"`,
		"##[group]##vso[a]":      `"#\u0023[group]#\u0023vso[a]"`,
	} {
		if got := hclString(in); got != want {
			t.Errorf("%q: %s, not %s", in, got, want)
		}
	}
}
