package jsontree

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestStrings: what encoding/json reads is read alike; halves of pairs are faults.
func TestStrings(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		`""`, `"a"`, `"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u20AC"`, `"\uD834\uDD1E x"`, `"x\uaAfF"`, `"é𝄞"`, `"a\u0000b"`,
	} {
		var want string
		if err := json.Unmarshal([]byte(src), &want); err != nil {
			t.Fatal(src, err)
		}
		tree, fault := Parse(src)
		if fault != nil || tree.Nodes[0].Text != want || tree.Nodes[0].Kind != String || int(tree.Nodes[0].End) != len(src) {
			t.Errorf("%s: %+v %+v, want %q", src, tree, fault, want)
		}
	}
	for src, want := range map[string]string{
		`"`: "string without an end", `"\`: "string without an end", `"\x"`: "unknown escape", `"\u12"`: "four hexadecimal", `"\u12g4"`: "four hexadecimal",
		`"\u12G4"`: "four hexadecimal", `"\u12@4"`: "four hexadecimal", "\"\x1f\"": "control character", "\"\\n\x01\"": "control character",
		`"\ud834"`: "surrogate", `"\udd1e"`: "surrogate", `"\ud834\ud834"`: "surrogate", `"\ud834xxdd1e"`: "surrogate", `"\ud834\u"`: "surrogate",
	} {
		if tree, fault := Parse(src); fault == nil || !strings.Contains(fault.Msg, want) {
			t.Errorf("%s: %+v %+v, want %q", src, tree, fault, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"0", "-0", "10", "9.5", "1e9", "1E+10", "-1.25e-3", "01", "1.", ".5", "-", "1e", "1e+", "+1", "0x1", "1a", "NaN", "true", "false", "null", "True", "nul", "", "{}x", "[1,]", "[,1]", `{"a":1,}`, `{"a" 1}`, `{1:2}`, "[1 2]", "[", "{", `{"a"`, `{"a":`, " [ 1 , { \"a\" : [ ] } ] "} {
		tree, fault := Parse(src)
		if valid := json.Valid([]byte(src)); (fault == nil) != valid {
			t.Errorf("%q: %+v %+v, encoding/json says %v", src, tree, fault, valid)
		}
	}
}

// TestDepth: arrays and objects count alike, and so do arrays in objects.
func TestDepth(t *testing.T) {
	t.Parallel()
	for open, end := range map[string]string{"[": "]", `{"a":`: "}", `[{"a":`: "}]"} {
		each := len(strings.Trim(end, " "))
		for levels, deep := range map[int]bool{maxDepth - each: false, maxDepth + 2*each: true} {
			src := strings.Repeat(open, levels/each) + "1" + strings.Repeat(end, levels/each)
			if _, fault := Parse(src); (fault != nil) != deep || deep && !strings.Contains(fault.Msg, "levels deep") {
				t.Errorf("%d levels of %s: %+v", levels, open, fault)
			}
		}
	}
	for _, src := range []string{`{"a":`, `[`, `[1,`} {
		if _, fault := Parse(src); fault == nil || !strings.Contains(fault.Msg, "where a value is expected") || fault.Off != len(src) {
			t.Errorf("%s: %+v", src, fault)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	tree, _ := Parse(`{"a":["x",1,true,null,{}],"b":"y","c":{}}`)
	a := tree.Nodes[0].Child
	b := tree.Nodes[a].Sibling
	if got := strings.Join(tree.Texts(a), "|"); got != "x|1|true" || tree.Nodes[a].Count != 5 {
		t.Errorf("%q", got)
	}
	if got := tree.Texts(b); len(got) != 1 || got[0] != "y" {
		t.Errorf("%q", got)
	}
	if got := tree.Texts(tree.Nodes[b].Sibling); got == nil || len(got) != 0 {
		t.Errorf("%q", got)
	}
	if got := tree.Texts(0); got != nil {
		t.Errorf("%q", got)
	}
}
