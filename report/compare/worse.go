package compare

import (
	"slices"

	"crosscheck/rules/finding"
)

// worse reports whether a link, or the objects of a class that counts, got a worse verdict
// or fails with another code. Which keys fail is not compared; nor are the classes with a
// run that did not record them.
func worse(before, now *finding.Link) bool {
	if now.Verdict.Rank() < before.Verdict.Rank() ||
		before.Verdict.Fails() && now.Verdict.Fails() && !subset(now.FailureCodes, before.FailureCodes) {
		return true
	}
	if !now.Verdict.Fails() || len(before.Classes) == 0 {
		return false
	}
	return slices.ContainsFunc(now.Classes, func(c finding.ClassVerdict) bool {
		if !c.Counted || !c.Verdict.Fails() {
			return false
		}
		i := slices.IndexFunc(before.Classes, func(old finding.ClassVerdict) bool { return old.Class == c.Class })
		return i < 0 || c.Verdict.Rank() < before.Classes[i].Verdict.Rank() || !subset(c.FailureCodes, before.Classes[i].FailureCodes)
	})
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}
