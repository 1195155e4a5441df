package policy

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/statement"
)

// first is the first error of a document, or the first warning.
func first(p *Policy, warning bool) *Diagnostic {
	for i, d := range p.Diagnostics() {
		if d.Warning == warning {
			return &p.Diagnostics()[i]
		}
	}
	return nil
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const ok = `"Effect":"Allow","Action":"s3:GetObject","Resource":"*"`
	for _, c := range []struct {
		doc, want    string
		line, column int
	}{
		{"", "empty", 1, 1},
		{"  \n ", "empty", 2, 2},
		{"[]", "an array, not an object", 1, 1},
		{`"x"`, "a string, not an object", 1, 1},
		{"{", "member name", 1, 2},
		{"{}", "Statement is missing", 1, 1},
		{"\uFEFF{}", "byte order mark U+FEFF", 1, 1},
		{`{"Statement":{` + ok + `}} x`, "text after the end", 1, 73},
		{`{"Statement":{` + ok + `}}{}`, "text after the end", 1, 72},
		{`{"Statement":[]}`, "Statement is empty", 1, 14},
		{`{"Statement":"x"}`, "Statement is a string", 1, 14},
		{`{"Statement":[{` + ok + `},1]}`, "statement 1 is a number", 1, 73},
		{"{\"Version\":\"2012–10–17\",\n\"Statement\":{" + ok + "}}", "U+2013", 1, 17},
		{`{"Version":"2012-10-18","Statement":{` + ok + `}}`, `Version "2012-10-18" is neither`, 1, 12},
		{`{"Version":20121017,"Statement":{` + ok + `}}`, "Version is a number", 1, 12},
		{`{"version":"2012-10-17","Statement":{` + ok + `}}`, `unknown member "version"`, 1, 2},
		{`{"Statement":{` + ok + `},"Statement":{` + ok + `}}`, `"Statement" appears twice`, 1, 72},
		{"{\"Statement\":[\n{" + ok + "},\n{\"Effect\":\"Allow\",\n \"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}]}", `"Effect" appears twice`, 4, 2},
		{`{"Statement":{"Condition":{"Bool":{"a":"true"},"Bool":{"b":"true"}},` + ok + `}}`, `"Bool" appears twice`, 1, 48},
		{`{"Statement":{"Conditions":{},` + ok + `}}`, `unknown member "Conditions"`, 1, 15},
		{`{"Id":1,"Statement":{` + ok + `}}`, "Id is a number", 1, 7},
		{`{"Statement":{"Action":"*","Resource":"*"}}`, "no Effect", 1, 14},
		{`{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`, `Effect is "allow"`, 1, 24},
		{`{"Statement":{"Effect":["Allow"],"Action":"*","Resource":"*"}}`, "Effect is an array", 1, 24},
		{`{"Statement":{"Effect":"Allow","Resource":"*"}}`, "neither Action nor NotAction", 1, 14},
		{`{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}}`, "both Action and NotAction", 1, 45},
		{`{"Statement":{"Effect":"Allow","Action":"*","NotResource":"*","Resource":"*"}}`, "both Resource and NotResource", 1, 45},
		{`{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}`, "empty array", 1, 41},
		{`{"Statement":{"Effect":"Allow","Action":["*",1],"Resource":"*"}}`, "holds a number", 1, 46},
		{`{"Statement":{"Effect":"Allow","Action":{},"Resource":"*"}}`, "Action is an object", 1, 41},
		{`{"Statement":{"Effect":"Allow","Action":"GetObject","Resource":"*"}}`, "no service prefix", 1, 41},
		{`{"Statement":{"Effect":"Allow","Action":"s*:GetObject","Resource":"*"}}`, "wildcard in its service prefix", 1, 41},
		{`{"Statement":{"Effect":"Allow","Action":"*:*","Resource":"*"}}`, "wildcard in its service prefix", 1, 41},
		{`{"Statement":{"Effect":"Allow","Action":":Get","Resource":"*"}}`, "malformed service prefix", 1, 41},
		{`{"Statement":{"Effect":"Allow","Action":"s3:","Resource":"*"}}`, "no action name", 1, 41},
		{`{"Statement":{"Effect":"Allow","Action":"s3:Get Object","Resource":"*"}}`, "no action name", 1, 41},
		{`{"Statement":{"Effect":"Allow","Action":"*"}}`, "neither Resource nor NotResource", 1, 14},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"bucket/*"}}`, "neither an ARN nor", 1, 56},
		{`{"Statement":{"Principal":"*",` + ok + `}}`, "must not have", 1, 15},
		{`{"Statement":{"Sid":"a b",` + ok + `}}`, "other than A-Z", 1, 21},
		{`{"Statement":{"Sid":1,` + ok + `}}`, "Sid is a number", 1, 21},
		{`{"Statement":[{"Sid":"a",` + ok + `},{"Sid":"a",` + ok + `}]}`, `two statements have the Sid "a"`, 1, 90},
		{`{"Statement":{"Condition":[],` + ok + `}}`, "Condition is an array", 1, 27},
		{`{"Statement":{"Condition":{"StringEqual":{"a":"b"}},` + ok + `}}`, `unknown condition operator "StringEqual"`, 1, 28},
		{`{"Statement":{"Condition":{"NullIfExists":{"a":"true"}},` + ok + `}}`, `unknown condition operator`, 1, 28},
		{`{"Statement":{"Condition":{"ForSomeValue:StringEquals":{"a":"b"}},` + ok + `}}`, `unknown condition operator`, 1, 28},
		{`{"Statement":{"Condition":{"StringEquals":"a"},` + ok + `}}`, `holds a string, not an object`, 1, 43},
		{`{"Statement":{"Condition":{"StringEquals":{"a":{}}},` + ok + `}}`, `is an object, not a string`, 1, 48},
		{`{"Statement":{"Condition":{"StringEquals":{"a":[null]}},` + ok + `}}`, `is null, not a string`, 1, 49},
		{`{"Statement":{"Condition":{"StringEquals":{"a:B":"c","A:b":"d"}},` + ok + `}}`, `in other letter case`, 1, 54},
		{`{"Statement":{"Condition":{"NumericEquals":{"a":"x"}},` + ok + `}}`, `"x" of NumericEquals is not a number`, 1, 49},
		{`{"Statement":{"Condition":{"DateLessThan":{"a":"x"}},` + ok + `}}`, `"x" of DateLessThan is not a date`, 1, 48},
		{`{"Statement":{"Condition":{"IpAddress":{"a":"x"}},` + ok + `}}`, `"x" of IpAddress is not an IP`, 1, 45},
		{`{"Statement":{"Condition":{"ArnLike":{"a":"x"}},` + ok + `}}`, `"x" of ArnLike is not an ARN`, 1, 43},
		{`{"Statement":{"Condition":{"BinaryEquals":{"a":"x"}},` + ok + `}}`, `"x" of BinaryEquals is not base64`, 1, 48},
		{`{"Statement":{` + ok + `,}}`, "member name", 1, 71},
		{`{"Statement":{` + ok + `}`, "document ends", 1, 71},
		{`{"Statement":01}`, "JSON value", 1, 14},
		{`{"Statement":nul}`, "JSON value", 1, 14},
		{`{"Statement":"\x"}`, "unknown escape", 1, 15},
		{`{"Statement":"\ud800"}`, "surrogate", 1, 15},
		{"{\"Statement\":\"\x01\"}", "U+0001", 1, 15},
		{"{\"Statement\":\"a\nb\"}", "U+000A inside a string", 1, 16},
		{"{\"Statement\":\"\xff\"}", "0xFF is not UTF-8", 1, 15},
		{"{\"Statement\":{\"Sid\":\"é€\"," + ok + "}}", "U+20AC", 1, 24},
	} {
		p := Parse(Identity, "p", []byte(c.doc))
		d := first(p, false)
		if p.Valid() || d == nil {
			t.Errorf("%q is accepted", c.doc)
			continue
		}
		if !slices.ContainsFunc(p.Diagnostics(), func(d Diagnostic) bool {
			return !d.Warning && strings.Contains(d.Message, c.want) && d.Line == c.line && d.Column == c.column
		}) {
			t.Errorf("%q: want %q at %d:%d, got %+v", c.doc, c.want, c.line, c.column, p.Diagnostics())
		}
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		`{"Statement":[{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"}]}`,
		"\n{ \"Version\" : \"2008-10-17\" , \"Id\":\"é\", \"Statement\" : [ { \"Sid\":\"\", \"Effect\":\"Deny\",\"NotAction\":[\"s3:Get*\",\"iam:*\"],\"NotResource\":[\"arn:aws:s3:::b\"],\"Condition\":{}}]}\r\n\t",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:?et*","Resource":"arn:aws:s3:::b/${aws:username, 'x'}/*","Condition":{"NumericLessThan":{"s3:max-keys":10},"Bool":{"aws:SecureTransport":true},"StringLike":{"s3:prefix":["","a*"]}}}]}`,
		`{"Statement":{"Effect":"Allow","Action":"\u0073\u0033:GetObject","Resource":"arn:aws:s3*"}}`,
		`{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"ForAllValues:StringLikeIfExists":{"a":"b"},"ArnLike":{"a":["*","arn:aws:iam::*:role/x"]}}}}`,
	} {
		if p := Parse(Identity, "p", []byte(doc)); !p.Valid() {
			t.Errorf("%s: %+v", doc, p.Diagnostics())
		}
	}
}

func TestParseWarns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind      Kind
		doc, want string
	}{
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"stringEquals":{"a":"b"}}}}`, "is written StringEquals"},
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":[]}}}}`, "empty list"},
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"a":"yes"}}}}`, "neither true nor false"},
		{Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"${b:c}"}}}}`, "contradicts itself"},
		{Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${x"}}`, "not understood"},
		{Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::${aws:PrincipalAccount}:role/x"}}`, "before the fifth"},
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("x", 7000) + `"}}`, "quota"},
		{Bucket, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE123"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}`, "was deleted"},
		{Key, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*"}}`, "no effect"},
	} {
		p := Parse(c.kind, "p", []byte(c.doc))
		if d := first(p, true); !p.Valid() || d == nil || !strings.Contains(d.Message, c.want) {
			t.Errorf("%s: want a warning %q, got %+v", c.doc, c.want, p.Diagnostics())
		}
	}
}

func TestParseBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ doc, want string }{
		{strings.Repeat("[", 1000), "levels deep"},
		{`{"Statement":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}", "levels deep"},
		{strings.Repeat(" ", maxDocument+1), "at most 262144"},
		{`{"Statement":[` + strings.TrimSuffix(strings.Repeat("{},", 3000), ",") + `]}`, "at most 2000"},
	} {
		if p := Parse(Identity, "p", []byte(c.doc)); p.Valid() || !strings.Contains(first(p, false).Message, c.want) {
			t.Errorf("%.20s…: want %q, got %+v", c.doc, c.want, p.Diagnostics())
		}
	}
	if p := Parse(Identity, "p", bytes.Repeat([]byte(`{"x":1,`), 5000)); len(p.Diagnostics()) > maxDiagnostics {
		t.Errorf("%d diagnostics", len(p.Diagnostics()))
	}
	most := `{"Statement":[` + strings.TrimSuffix(strings.Repeat(`{"Effect":"Deny","Action":"a:b","Resource":"*"},`, maxStatements), ",") + `]}`
	if p := Parse(Session, "p", []byte(most)); len(p.Compiled()) != maxStatements {
		t.Errorf("%d statements of %d", len(p.Compiled()), maxStatements)
	}
	many := `{"Statement":{"Effect":"Allow","Action":[` + strings.TrimSuffix(strings.Repeat("1,", 200), ",") + `],"Resource":"*"}}`
	if p := Parse(Identity, "p", []byte(many)); len(p.Diagnostics()) != maxDiagnostics {
		t.Errorf("%d diagnostics of 200 faults", len(p.Diagnostics()))
	}
}

func TestParseEncoded(t *testing.T) {
	t.Parallel()
	doc := "{\"Version\":\"2012-10-17\",\n\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:Get+*\",\"Resource\":\"*\"}}"
	p := Parse(Identity, "p", []byte(url.PathEscape(doc)))
	plain := Parse(Identity, "p", []byte(doc))
	if len(p.Statements()) != 1 || p.Statements()[0].Actions[0] != "s3:Get+*" || p.Statements()[0].Line != 2 || !slices.Equal(p.Diagnostics(), plain.Diagnostics()) {
		t.Errorf("%+v %+v", p.Statements(), p.Diagnostics())
	}
	if p := Parse(Identity, "p", []byte("%7B%zz")); p.Valid() {
		t.Error("broken encoding is accepted")
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	p := Parse(Bucket, "p", []byte(`{"Version":"2012-10-17","Statement":[
  {"Sid":"One","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},
  {"Effect":"Deny","NotPrincipal":{"AWS":["111111111111"],"Service":"s3.amazonaws.com"},"NotAction":["S3:Get*","s3:\u0050ut*"],"NotResource":["arn:aws:s3:::b"],
   "Condition":{"NumericLessThan":{"s3:max-keys":10},"Bool":{"aws:SecureTransport":[false,"true"]}}}]}`))
	got := p.Statements()
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	a, b := got[0], got[1]
	if a.Sid != "One" || a.Effect != statement.Allow || a.Line != 2 || a.Column != 3 || a.Principals[0] != (PrincipalInfo{"", "*"}) || a.NotPrincipal {
		t.Errorf("%+v", a)
	}
	if b.Effect != statement.Deny || b.Index != 1 || b.Line != 3 || !b.NotAction || !b.NotResource || !b.NotPrincipal ||
		!slices.Equal(b.Actions, []string{"S3:Get*", "s3:Put*"}) || !slices.Equal(b.Principals, []PrincipalInfo{{"AWS", "111111111111"}, {"Service", "s3.amazonaws.com"}}) {
		t.Errorf("%+v", b)
	}
	if len(b.Conditions) != 2 || b.Conditions[0].Operator != "NumericLessThan" || b.Conditions[0].Key != "s3:max-keys" || !slices.Equal(b.Conditions[0].Values, []string{"10"}) ||
		!slices.Equal(b.Conditions[1].Values, []string{"false", "true"}) {
		t.Errorf("%+v", b.Conditions)
	}
}

func TestDiagnosticsAreInOrder(t *testing.T) {
	t.Parallel()
	p := Parse(Identity, "p", []byte("{\"Statement\":[\n{\"Effect\":\"x\"},\n{\"Action\":1},\n{\"b\":1}],\"c\":1,\"c\":2,\"Version\":\"–\"}"))
	if !slices.IsSortedFunc(p.Diagnostics(), func(a, b Diagnostic) int { return a.Offset - b.Offset }) || len(p.Diagnostics()) < 8 {
		t.Errorf("%+v", p.Diagnostics())
	}
}

// TestCodePoints: a message lists up to four characters that are not ASCII.
func TestCodePoints(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a–b": "U+2013 at byte 1", "––––": "U+2013 at byte 0, U+2013 at byte 3, U+2013 at byte 6, U+2013 at byte 9",
		"–––––": "U+2013 at byte 0, U+2013 at byte 3, U+2013 at byte 6, U+2013 at byte 9, …", "a\x1f~": "U+001F at byte 1", "a ~": "",
	} {
		if got := codePoints(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestIncompleteARN: in identity policies and boundaries AWS completes an ARN of fewer than
// six fields with wildcards, and it refuses such session policies. Of SCPs and RCPs AWS does
// not say it.
func TestIncompleteARN(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"arn:aws:s3", "arn:aws:s3*", "arn:aws:s3:*", "arn:aws"} {
		for kind, want := range map[Kind]logic.Truth{
			Identity: logic.True, Boundary: logic.True, SCP: logic.Unknown, RCP: logic.Unknown, Resource: logic.Unknown,
		} {
			p := Parse(kind, "p", []byte(`{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"`+pattern+`"}}`))
			for resource, want := range map[string]logic.Truth{"arn:aws:s3:::b/k": want, "arn:aws-cn:sqs:::q": logic.False} {
				if got := p.Compiled()[0].CoversResource(match.NewARN(resource), &contextkey.Known{}); got != want {
					t.Errorf("%v: %s covers %s: %v, want %v", kind, pattern, resource, got, want)
				}
			}
		}
		for kind, want := range map[Kind]bool{Identity: true, Boundary: true, SCP: true, Session: false} {
			p := Parse(kind, "p", []byte(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"`+pattern+`"}}`))
			if p.Valid() != want || !want && !strings.Contains(first(p, false).Message, "fewer than the six fields") {
				t.Errorf("%v: %s is valid: %v, want %v: %v", kind, pattern, p.Valid(), want, p.Diagnostics())
			}
			if kind == SCP && len(p.Diagnostics()) != 1 {
				t.Errorf("an SCP with %s has no warning", pattern)
			}
		}
	}
}
