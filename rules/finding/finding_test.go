package finding_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
)

func Example() {
	f := finding.New(finding.WaiverExpired, finding.Fail)
	f.Resource = "waivers.yaml"
	f.Fingerprint = finding.Fingerprint(f.RuleID, "XC046", "arn:aws:s3:::logs")
	fmt.Println(f.Status, f.Severity, f.Title)
	fmt.Println(f.Fingerprint)
	// Output:
	// fail low Expired waiver
	// 41cb98d2439fa5fbb793f472707415b7
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	list := finding.Catalog()
	if !slices.IsSortedFunc(list, func(a, b finding.About) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("not sorted by id")
	}
	for i, a := range list {
		if i > 0 && list[i-1].ID == a.ID {
			t.Errorf("%s stands twice", a.ID)
		}
		if a.Title == "" || a.Description == "" || !a.Severity.Valid() {
			t.Errorf("%s lacks a title, a description or a severity", a.ID)
		}
		if finding.IsRuleID(a.ID) && a.Remediation == "" {
			t.Errorf("%s says no fix", a.ID)
		}
		if got, ok := finding.AboutOf(strings.ToLower(a.ID)); !ok || got.Title != a.Title {
			t.Errorf("%s is not found", a.ID)
		}
	}
	list[0].Title = "changed"
	if a, _ := finding.AboutOf(list[0].ID); a.Title == "changed" {
		t.Error("the catalog can be changed from outside")
	}
	if _, ok := finding.AboutOf("XC001"); ok {
		t.Error("XC001 is a rule")
	}
	defer func() {
		if recover() == nil {
			t.Error("New takes an id that the catalog does not have")
		}
	}()
	finding.New("XC001", finding.Fail)
}

func TestAbout(t *testing.T) {
	t.Parallel()
	a := finding.About{Description: "Checks.", Remediation: "mend", Sources: []string{"a page", "https://example.com/a (2)", "https://example.com/b"}}
	if got, want := a.Markdown(), "Checks.\n\n**Fix:** mend\n\n* a page\n* https://example.com/a (2)\n* https://example.com/b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := a.URI(); got != "https://example.com/a" {
		t.Errorf("URI %q", got)
	}
	if got := (finding.About{Description: "Checks."}).Markdown(); got != "Checks.\n" {
		t.Errorf("%q without a fix", got)
	}
	if got := (finding.About{Sources: []string{"a page"}}).URI(); got != "" {
		t.Errorf("URI %q without an address", got)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	if finding.Critical.Rank() != 0 || finding.Info.Rank() != 4 || finding.Severity("grave").Rank() != 0 {
		t.Error("severities rank from critical to info, and what is not known with the worst")
	}
	if finding.Fail.Rank() != 0 || finding.NotApplicable.Rank() != 3 || finding.Status("good").Rank() != -1 {
		t.Error("statuses rank from fail to not_applicable, and what is none below")
	}
	for _, s := range finding.Severities {
		if got, err := finding.ParseSeverity(string(s)); err != nil || got != s {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "High", "grave"} {
		if _, err := finding.ParseSeverity(s); err == nil {
			t.Errorf("%q is a severity", s)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	if finding.Fingerprint("a", "bc") == finding.Fingerprint("ab", "c") {
		t.Error("the borders of the parts do not count")
	}
	if got := finding.Fingerprint(strings.Repeat("x", 300), ""); len(got) != 32 {
		t.Errorf("%d digits", len(got))
	}
}

func TestIsRuleID(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"XC001": true, "ACME000001": true, "XC01": false, "X001": false, "xc001": false, "XC0000001": false, "XC001 ": false, "link": false} {
		if got := finding.IsRuleID(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
