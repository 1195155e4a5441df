package report_test

import (
	"fmt"
	"strings"

	"crosscheck/report"
	"crosscheck/rules/finding"
)

// failed prints the findings that failed. What it embeds takes the other messages.
type failed struct{ report.Discard }

func (failed) Finding(f *finding.Finding) error {
	if f.Status == finding.Fail {
		fmt.Println(f.RuleID, f.Severity, f.Link)
	}
	return nil
}

// A run file has one message a line. Replay sends them to a handler again.
func ExampleReplay() {
	const file = `{"schema_version":"2","tool":{"name":"crosscheck","version":"1.2.3"},"run":{"id":"monday"}}
{"finding":{"rule_id":"XC001","status":"pass","severity":"high","link":"orders/all→backup"}}
{"finding":{"rule_id":"XC002","status":"fail","severity":"critical","link":"orders/all→backup"}}
{"coverage":{"accounts":{"listed":1,"scanned":1}}}
{"summary":{"findings":{"fail":1,"pass":1},"exit_status":1},"digest":"sha256:135d48a39cc9febc6cde283d624fb029abeee0c8a97478f14cbc3c70493375d8"}
`
	if err := report.Replay(strings.NewReader(file), failed{}); err != nil {
		fmt.Println(err)
	}
	// A file of which the end is missing is refused.
	cut, _, _ := strings.Cut(file, `{"summary"`)
	fmt.Println(report.Replay(strings.NewReader(cut), report.Discard{}))
	// Output:
	// XC002 critical orders/all→backup
	// run file: it ends after line 4 without a summary: the run was interrupted or the file was cut
}
