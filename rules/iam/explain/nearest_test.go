package explain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/match"
)

// TestNearestOfGlob: the statement that is named for a glob is the one that is named for its
// members: for all that the same statements are about as about the whole glob, and for those
// that the named one is about.
func TestNearestOfGlob(t *testing.T) {
	t.Parallel()
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.SampledFrom([]string{"dst/*", "dst/a*", "dst/a/*", "dst/?", "dst/b*"}).Draw(t, "glob")
		resources := rapid.SliceOfN(rapid.SampledFrom([]string{
			"*", "arn:aws:s3:::*", "arn:aws:s3:::dst", "arn:aws:s3:::dst/*", "arn:aws:s3:::dst/a*", "arn:aws:s3:::dst/a/*", "arn:aws:s3:::dst/?*",
			"arn:aws:s3:::dst/b*", "arn:aws:s3:::d*/*", "arn:aws:s3:::src/*", "arn:aws:kms:us-east-1:1:key/k",
		}), 1, 5).Draw(t, "resources")
		var list []string
		for i, r := range resources {
			action := rapid.SampledFrom([]string{"s3:ReplicateObject", "s3:ReplicateDelete", "s3:*", "s3:List*", "kms:Decrypt", "*"}).Draw(t, "action")
			condition := rapid.SampledFrom([]string{"", `,"Condition":{"StringEquals":{"aws:k":"1"}}`, `,"Condition":{"StringEquals":{"aws:k":"2"}}`}).Draw(t, "condition")
			list = append(list, fmt.Sprintf(`{"Sid":"S%d","Effect":"Allow","Action":"%s","Resource":"%s"%s}`, i, action, r, condition))
		}
		in := iamtest.Open()
		in.Identity = iamtest.Identity(`{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`)
		named := func(resource string, isGlob bool) string {
			req := iamtest.Put("111111111111", iamtest.Role)
			req.Resource, req.ResourceIsGlob = "arn:aws:s3:::"+resource, isGlob
			req.Context = map[string]contextkey.Value{"aws:k": contextkey.One("2")}
			d := explain.Decide(req, in)
			if d.Result != iam.Denied || d.Layer != "identity" || len(d.Deciding) == 0 {
				return ""
			}
			return d.Deciding[0].Sid
		}
		of := named(glob, true)
		if of == "" {
			return
		}
		var members []string
		for _, key := range []string{"", "a", "b", "c", "ab", "a/", "a/b", "bb", "cc", "b/a"} {
			if match.Match(glob, "dst/"+key) {
				members = append(members, "dst/"+key)
			}
		}
		about := func(member string) (all []string) {
			for i, r := range resources {
				if match.Match(r, "arn:aws:s3:::"+member) {
					all = append(all, fmt.Sprintf("S%d", i))
				}
			}
			return all
		}
		others := func(m string) []string { return slices.DeleteFunc(about(m), func(s string) bool { return s == of }) }
		whole, somewhere := others(members[0]), false // what is about all members, and whether the named one is about any
		for _, m := range members {
			whole = slices.DeleteFunc(whole, func(s string) bool { return !slices.Contains(others(m), s) })
			somewhere = somewhere || slices.Contains(about(m), of)
		}
		for _, m := range members {
			if !slices.Equal(others(m), whole) || somewhere && !slices.Contains(about(m), of) {
				continue
			}
			if got := named(m, false); got != "" {
				if compared++; got != of {
					t.Fatalf("%s: %s; %s: %s\n%s", glob, of, m, got, strings.Join(list, "\n"))
				}
			}
		}
	})
	if compared == 0 {
		t.Error("nothing was compared")
	}
}
