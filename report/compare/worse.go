package compare

import (
	"slices"

	"crosscheck/rules/finding"
)

// worse reports whether a link, or the objects of a class that counts, got a worse verdict,
// fails with another code, or fails for keys of which it is not certain that they failed
// before. Neither classes nor keys are compared with a run that did not record them.
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
		if i < 0 {
			return true
		}
		old := &before.Classes[i]
		return c.Verdict.Rank() < old.Verdict.Rank() || !subset(c.FailureCodes, old.FailureCodes) || moreKeys(old, &c)
	})
}

// moreKeys reports whether keys of a partial class may fail that did not.
func moreKeys(before, now *finding.ClassVerdict) bool {
	return before.Verdict == finding.Partial && now.Verdict == finding.Partial && len(before.Fails) > 0 && !finding.AmongKeys(now.Fails, before.Fails)
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}
