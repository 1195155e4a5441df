package contextkey

import (
	"reflect"
	"testing"
)

func TestNamedIn(t *testing.T) {
	t.Parallel()
	got := NamedIn(`{"Statement":{"Resource":"b/${aws:UserName, 'x'}","Condition":{"StringLike":{"s3:Tag/C":["a",1]}}}}`)
	want := Named{
		Keys: []string{"aws:username", "s3:tag/c"}, Variables: []string{"aws:username"}, Names: got.Names,
		Uses: []Use{{"s3:tag/c", "stringlike", "a"}, {"s3:tag/c", "stringlike", "1"}},
	}
	if !reflect.DeepEqual(got, want) || len(got.Names) != 2 {
		t.Errorf("%+v", got)
	}
	if got := NamedIn("{"); len(got.Keys) > 0 {
		t.Errorf("%+v", got)
	}
}

// TestAlike: a condition value answers the same for all objects below a prefix, or
// the encryption context is not known.
func TestAlike(t *testing.T) {
	t.Parallel()
	const logs = "arn:aws:s3:::dst/logs/"
	for _, c := range []struct {
		operator, value string
		want            bool
	}{
		{"stringlike", "arn:aws:s3:::dst/*", true},
		{"stringlike", "arn:aws:s3:::dst/logs/*", true},
		{"stringlike", "arn:aws:s3:::dst/logs/a*", false},
		{"stringlike", "arn:aws:s3:::dst/logs/?*", false}, // not the prefix itself
		{"stringlike", "arn:aws:s3:::dst/data/*", true},
		{"stringlike", "arn:aws:s3:::dst/logs", true},
		{"stringlike", "arn:aws:s3:::d?t/*", true},
		{"stringlike", "*/logs/*/x", false},
		{"stringlike", "*", true},
		{"stringlike", "arn:aws:s3:::dst/l???/*", true},
		{"stringlike", "arn:aws:s3:::dst/m???/*", true},
		{"stringnotlike", "arn:aws:s3:::dst/logs/2026*", false},
		{"stringequals", "arn:aws:s3:::dst/logs/x", false},
		{"stringequals", "arn:aws:s3:::dst/data", true},
		{"stringnotequals", "arn:aws:s3:::dst/logs/", false},
		{"stringequalsignorecase", "arn:aws:s3:::dst/data", false}, // not looked at
		{"null", "true", true},
		{"foranyvalue:null", "true", true},
		{"forallvalues:null", "true", true},
		{"arnlike", "arn:aws:s3:::dst/*", true},
		{"arnequals", "arn:aws:s3:::dst/logs/a", false},
		{"arnlike", "arn:aws:s3:*:*:dst/logs/*", true},
		{"arnlike", "arn:aws:s3:::dst/data/*", true},
		{"arnlike", "*", true},
		{"arnlike", "arn:aws:s3", true},
		{"numericequals", "1", true},
		{"bool", "true", false}, // not looked at
		{"stringlike", "arn:aws:s3:::${aws:username}/*", false},
		{"stringlike", "arn:aws:s3:::dst/\u00e9*", false},
		{"stringlike", "arn:aws:s3:::dst/\u007f*", true},
	} {
		if got := (Use{"k", c.operator, c.value}).Alike(logs); got != c.want {
			t.Errorf("%s %s: %v", c.operator, c.value, got)
		}
	}
	if (Use{"k", "stringlike", "*"}).Alike("arn:aws:s3:::dst/\u00e9") {
		t.Error("a prefix that is not ASCII")
	}
}
