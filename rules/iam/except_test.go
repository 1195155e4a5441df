package iam_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/match"
)

// TestExcept: the decision for a glob without others is the one for each of its resources
// that they do not match.
func TestExcept(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, a := range []string{"", "a", "b"} {
		for _, b := range []string{"", "a", "b"} {
			for _, c := range []string{"", "a", "b"} {
				keys = append(keys, a+b+c)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.StringMatching(`[ab*?]{0,3}`)
		var statements []string
		for range rapid.IntRange(1, 4).Draw(t, "statements") {
			statements = append(statements, rapid.SampledFrom([]string{"", "!", "~"}).Draw(t, "effect")+"dst/"+glob.Draw(t, "resource"))
		}
		in := iamtest.Open()
		in.Identity = iamtest.Objects(statements...)
		req := iamtest.Put("111111111111", iamtest.Role)
		all, out := glob.Draw(t, "glob"), rapid.SliceOfN(glob, 0, 3).Draw(t, "except")
		req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/"+all, true
		for _, g := range out {
			req.Except = append(req.Except, "arn:aws:s3:::dst/"+g)
		}
		d := iam.Decide(req, in)
		counts, members := map[iam.Result]int{}, 0
		for _, key := range keys {
			if !match.Match(all, key) || matchesAny(out, key) {
				continue
			}
			one := *req
			one.Resource, one.ResourceIsGlob, one.Except = "arn:aws:s3:::dst/"+key, false, nil
			counts[iam.Decide(&one, in).Result]++
			members++
		}
		key := strings.TrimPrefix(d.Witness, "arn:aws:s3:::dst/")
		switch {
		case d.Result == iam.Undecided && members > 0:
			t.Fatalf("%s without %v and %v: unknown, of %v", all, out, statements, counts)
		case d.Result == iam.Allowed && counts[iam.Denied] > 0:
			t.Fatalf("%s without %v and %v: allowed, of %v", all, out, statements, counts)
		case d.Result == iam.Denied && d.Witness != "" && (!match.Match(all, key) || matchesAny(out, key)):
			t.Fatalf("%s without %v: the witness is %s", all, out, key)
		case d.Result == iam.Denied && d.Witness == "" && counts[iam.Allowed] > 0:
			t.Fatalf("%s without %v and %v: denied, of %v", all, out, statements, counts)
		}
	})
}

func matchesAny(globs []string, key string) bool {
	for _, g := range globs {
		if match.Match(g, key) {
			return true
		}
	}
	return false
}
