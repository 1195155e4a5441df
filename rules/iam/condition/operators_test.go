package condition_test

import (
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/logic"
)

// ordered are the operators that order values, and whether a value below, at and
// above theirs meets them.
var ordered = map[string][3]bool{
	"Equals": {false, true, false}, "NotEquals": {true, false, true}, "LessThan": {true, false, false},
	"LessThanEquals": {true, true, false}, "GreaterThan": {false, false, true}, "GreaterThanEquals": {false, true, true},
}

func TestOrderedOperators(t *testing.T) {
	t.Parallel()
	for family, values := range map[string][3]string{
		"Numeric": {"1.5", "2", "2.5"}, "Date": {"2029-12-31", "2030-01-01", "2030-01-01T00:00:01Z"},
	} {
		for name, want := range ordered {
			op := family + name
			for i, value := range values {
				allow, deny := holds(t, "2012-10-17", `{"`+op+`":{"k":"`+values[1]+`"}}`, map[string]contextkey.Value{"k": contextkey.One(value)})
				if allow != logic.Of(want[i]) || deny != allow {
					t.Errorf("%s %s of %s: %v %v", op, values[1], value, allow, deny)
				}
			}
			// A text that is no number or date meets the negated operators only.
			if allow, _ := holds(t, "2012-10-17", `{"`+op+`":{"k":"`+values[1]+`"}}`, map[string]contextkey.Value{"k": contextkey.One("x")}); allow != logic.Of(name == "NotEquals") {
				t.Errorf("%s of x: %v", op, allow)
			}
		}
	}
}

// TestEveryOperatorIsRepresented: where a key is not known, each operator has values
// that allow and values that do not, and what is shown of them is true.
func TestEveryOperatorIsRepresented(t *testing.T) {
	t.Parallel()
	values := map[string]string{"Bool": "true", "Null": "true", "Binary": "YQ==", "Ip": "192.0.2.0/24", "NotIp": "192.0.2.0/24", "Arn": "arn:aws:iam::111111111111:role/x", "Numeric": "5", "Date": "2030-01-01", "String": "Ab"}
	ops := []string{"Bool", "Null", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike",
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"}
	for name := range ordered {
		ops = append(ops, "Numeric"+name, "Date"+name)
	}
	for _, op := range ops {
		value := ""
		for prefix, v := range values {
			if strings.HasPrefix(op, prefix) {
				value = v
			}
		}
		in := iamtest.Open()
		in.Identity = iamtest.Statements(`{"` + op + `":{"aws:k":"` + value + `"}}`)
		req := iamtest.Put("111111111111", iamtest.Role)
		req.Context = iamtest.UnknownKeys("aws:k")
		d := explain.Decide(req, in)
		if d.Result != iam.Undecided || d.AllowWhen == nil || d.DenyWhen == nil || len(d.UnknownKeys) != 1 {
			t.Errorf("%s: %+v", op, d)
			continue
		}
		for want, when := range map[iam.Result]map[string]string{iam.Allowed: d.AllowWhen, iam.Denied: d.DenyWhen} {
			known := *req
			known.Context = map[string]contextkey.Value{}
			if v := when["aws:k"]; v != iam.NotSent {
				known.Context["aws:k"] = contextkey.One(v)
			}
			if got := iam.Decide(&known, in); got.Result != want {
				t.Errorf("%s: %v gives %v, not %v", op, when, got.Result, want)
			}
		}
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for op, want := range map[string]string{"StringEquals": "", "StringLike": "", "StringNotEqualsIgnoreCase": "", "Bool": "", "Null": "", "IpAddress": "an IP address or CIDR block", "NotIpAddress": "an IP address or CIDR block", "ArnLike": "an ARN", "ArnNotEquals": "an ARN", "BinaryEquals": "base64"} {
		test, ok := condition.FindTest(op)
		if got := test.Literal(); !ok || got != want || test.Boolean() != (op == "Bool" || op == "Null") {
			t.Errorf("%s: %q %v", op, got, test.Boolean())
		}
	}
	for name := range ordered {
		for family, want := range map[string]string{"Numeric": "a number", "Date": "a date"} {
			if test, ok := condition.FindTest("ForAnyValue:" + family + name + "IfExists"); !ok || test.Literal() != want || test.Boolean() {
				t.Errorf("%s%s: %q", family, name, test.Literal())
			}
		}
	}
	if test, ok := condition.FindTest("stringequals"); !ok || !test.Doubt || test.Name != "StringEquals" {
		t.Errorf("%+v %v", test, ok)
	}
	if _, ok := condition.FindTest("StringEqual"); ok {
		t.Error("StringEqual is no operator")
	}
}
