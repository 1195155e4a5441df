package text

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

func TestInert(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "a=b": "a=b", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "'=1": "'=1",
	} {
		if got := inert(in); got != want {
			t.Errorf("inert(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEscapeMarkdown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"app-logs/r→b":            "app-logs/r→b",
		"a|b":                     `a\|b`,
		"a\\|b":                   `a\\\|b`,
		"<script>":                "&lt;script&gt;",
		"&lt;":                    "&amp;lt;",
		"[x](https://e.example)":  `\[x\](https://e.example)`,
		"![x](y)":                 `!\[x\](y)`,
		"**b** _i_ ~~s~~ `c`":     `\*\*b\*\* \_i\_ \~\~s\~\~ ` + "\\`c\\`",
		"@team fixed #12":         "@&#8203;team fixed #&#8203;12",
		"line\nbreak | \x1b[31m!": `line break \| \\u001b\[31m!`,
	} {
		if got := Markdown(in); got != want {
			t.Errorf("Markdown(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestVisible(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                          "",
		"app-logs":                  "app-logs",
		"a b":                       "a b",
		"  a \t\r\n b  ":            "a b",
		"a\u00a0\u3000b":            "a b",
		"a\u2028b":                  "a b",
		"\x1b[31mred\x1b[0m":        `\u001b[31mred\u001b[0m`,
		"\u009b31m":                 `\u009b31m`,
		"\x7f\x00":                  `\u007f\u0000`,
		"abc\u202etxt.exe":          `abc\u202etxt.exe`,
		"\u2066x\u2069":             `\u2066x\u2069`,
		"zero\u200bwidth\ufeff":     `zero\u200bwidth\ufeff`,
		"hangul\u3164filler":        `hangul\u3164filler`,
		"variation\ufe0f":           `variation\ufe0f`,
		"tag\U000e0041":             `tag\U000e0041`,
		"last\uffff\U000f0000next":  `last\uffff\U000f0000next`,
		"bad\xff\xfeutf8":           `bad\xff\xfeutf8`,
		"replacement \ufffd":        "replacement \ufffd",
		"größe 名前 → e\u0301":        "größe 名前 → e\u0301",
		"private\ue000":             `private\ue000`,
		"a  b":                      "a b",
		"::set-output name=a::b":    `\u003a:set-output name=a::b`,
		" ::error::x":               `\u003a:error::x`,
		"a ::error::x":              `a \u003a:error::x`,
		"a\n::error::x":             `a \u003a:error::x`,
		"##[error]x ##vso[a]":       `#\u0023[error]x #\u0023vso[a]`,
		"a##VSO[b ###[c":            `a#\u0023VSO[b ##\u0023[c`,
		"arn:aws:s3:::b":            "arn:aws:s3:::b",
		"a###b":                     "a###b",
		"https://x.example/?a=b&c#": "https://x.example/?a=b&c#",
	} {
		if got := Visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
}

// A text that just fits is left whole; runes are not cut in two.
func TestCutBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		max  int
		want string
	}{{"abcd", 4, "abcd"}, {"abcde", 4, "a…"}, {"äbcde", 4, "…"}, {"abäde", 5, "ab…"}} {
		if got := CutBytes(c.in, c.max); got != c.want || len(got) > c.max {
			t.Errorf("%q to %d bytes: %q, want %q", c.in, c.max, got, c.want)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                 "",
		"{\n  \"a\":\t1\n}":                "{\n  \"a\":\t1\n}",
		"{\r\n}\r\n":                       "{\n}\n",
		"\x1b[31m\x7f\u202e\u2028\x00":     `\u001b[31m\u007f\u202e\u2028\u0000`,
		"tag\U000e0041, seen: \U0001f600é": `tag\udb40\udc41, seen: ` + "\U0001f600é",
		"a\n ::set-output x::y\n":          "a\n \\u003a:set-output x::y\n",
		"##[group]##vso[x]# ##a":           `#\u0023[group]#\u0023vso[x]# ##a`,
		"bad \xff byte":                    "bad \ufffd byte",
	} {
		if got := Lines(in); got != want {
			t.Errorf("Lines(%q) = %q, want %q", in, got, want)
		}
	}
	if in := "{\"a\": \"\u202e\U000e0041##[x]\"}\r\n"; !equalJSON(t, in, Lines(in)) {
		t.Errorf("Lines(%q) = %q, which is other JSON", in, Lines(in))
	}
}

func equalJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}
