package principal

import (
	"strings"
	"testing"
)

func TestParseEntry(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]EntryKind{
		"*":                                  AWSStar,
		"111111111111":                       AccountEntry,
		"arn:aws:iam::111111111111:root":     AccountEntry,
		"arn:aws:iam::111111111111:role/p/R": RoleEntry,
		"arn:aws:sts::111111111111:assumed-role/R/s":    SessionEntry,
		"arn:aws:iam::111111111111:user/U":              UserEntry,
		"arn:aws:sts::111111111111:federated-user/f":    FederatedEntry,
		"arn:aws:iam::cloudfront:user/CloudFront OAI E": UserEntry,
		"AROA099999999ZZZ":                              IDEntry,
		"AROA099999999ZZ":                               Invalid, // one character short
		"AROA099999999ZZz":                              Invalid,
		"AROA099999999ZZ/":                              Invalid,
		"AROA099999999ZZ:":                              Invalid,
		"AROA099999999ZZ@":                              Invalid,
		"AROA099999999ZZ[":                              Invalid,
		"BROA099999999ZZZ":                              Invalid,
		"11111111111":                                   Invalid,
		"arn:aws:iam::111111111111:role/*":              Invalid,
	} {
		if got := ParseEntry(text); got.Kind != want || got.Text != text {
			t.Errorf("%q is %+v, want kind %d", text, got, want)
		}
	}
	for length, want := range map[int]EntryKind{15: Invalid, 16: IDEntry, 128: IDEntry, 129: Invalid} {
		if got := ParseEntry("A" + strings.Repeat("Z", length-1)); got.Kind != want {
			t.Errorf("an id of %d characters is of kind %d, want %d", length, got.Kind, want)
		}
	}
	e := ParseEntry("arn:aws-cn:iam::111111111111:role/p/R")
	if e.Account != "111111111111" || e.Name != "R" || e.partition != "aws-cn" {
		t.Errorf("%+v", e)
	}
}
