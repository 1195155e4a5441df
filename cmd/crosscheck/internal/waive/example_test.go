package waive_test

import (
	"fmt"
	"os"
	"path/filepath"

	"crosscheck/cmd/crosscheck/internal/waive"
	"crosscheck/rules/finding"
	"crosscheck/rules/waiver"
)

func Example() {
	dir, err := os.MkdirTemp("", "waive")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	found := waive.Finder{Selects: waive.Selector([]string{"XC047", "orders/all->backup"})}
	_ = found.Finding(&finding.Finding{
		RuleID: "XC047", Status: finding.Fail, Severity: finding.Medium, Link: "orders/all→backup", AccountID: "111111111111",
		Fingerprint: "0123456789abcdef0123456789abcdef", Message: "metrics are off",
	})
	if err := found.Check("run.jsonl", []string{"XC047", "orders/all->backup"}); err != nil {
		fmt.Println(err)
		return
	}
	entries, err := waive.Entries(found.Failing, waiver.Entry{Reason: "watched by other means", Expires: "2999-12-31"})
	if err != nil {
		fmt.Println(err)
		return
	}
	path := filepath.Join(dir, "waivers.yaml")
	if err := waive.Append(path, entries); err != nil {
		fmt.Println(err)
		return
	}
	text, _ := os.ReadFile(path) // it was just written
	fmt.Print(string(text))
	// Output:
	// waivers:
	//   # medium: metrics are off
	//   - rule: XC047
	//     resource: orders/all→backup
	//     account: "111111111111"
	//     fingerprint: 0123456789abcdef0123456789abcdef
	//     reason: watched by other means
	//     expires: "2999-12-31"
}
