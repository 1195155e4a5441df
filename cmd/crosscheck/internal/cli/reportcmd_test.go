package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report/reporttest"
)

const runHeader = `{"schema_version":"2","tool":{"name":"crosscheck","version":"1"},"run":{"id":"r","started_at":"2026-01-01T00:00:00Z","finished_at":"","scope":{"mode":"organization","accounts":[],"exclude_accounts":[],"buckets":""}}}
`

const runEnd = `{"coverage":{"accounts":{"listed":1,"scanned":1,"unreadable":0},"buckets":{"listed":1,"scanned":1},"links":0}}
{"summary":{"links":{"works":0,"partial":0,"broken":0,"unknown":0},"findings":{"fail":0,"pass":0,"unknown":0,"waived":0},"exit_status":0}}
`

const lowFinding = `{"finding":{"rule_id":"XC046","title":"t","status":"fail","severity":"low","account_id":"111111111111","region":"us-east-1","resource":"arn:aws:s3:::a","link":"","message":"m","failure_codes":[],"evidence":{},"remediation":"","controls":[],"fingerprint":"aa","waiver":null}}
`

// TestReportStatus holds the exit status of a replayed run: that of the policy
// flags, whatever the file's own summary says, and 2 for what is no whole run.
func TestReportStatus(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	for name, test := range map[string]struct {
		run  string
		args []string
		want int
	}{
		"clean":               {runHeader + runEnd, nil, exitClean},
		"fault":               {runHeader + lowFinding + runEnd, nil, exitFindings},
		"below the gate":      {runHeader + lowFinding + runEnd, []string{"--fail-on", "high"}, exitClean},
		"incomplete":          {runHeader + strings.Replace(runEnd, `"listed":1`, `"listed":2`, 1), nil, exitIncomplete},
		"incomplete, allowed": {runHeader + strings.Replace(runEnd, `"listed":1`, `"listed":2`, 1), []string{"--allow-incomplete"}, exitClean},
		"cut":                 {runHeader + lowFinding, nil, exitUsage},
		"other version":       {strings.Replace(runHeader, `"2"`, `"1"`, 1) + runEnd, nil, exitUsage},
		"empty":               {"", nil, exitUsage},
		"no digest":           {runHeader + runEnd, nil, exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run.jsonl")
			if strings.HasSuffix(test.run, "}\n") && name != "no digest" && name != "cut" {
				test.run = reporttest.Seal(test.run)
			}
			if err := os.WriteFile(path, []byte(test.run), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			got := run(append([]string{"report", "--from", path, "--gate"}, test.args...), &terminal.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, nil)
			if got != test.want {
				t.Errorf("exit status %d, want %d\n%s%s", got, test.want, &out, &errs)
			}
			if wantLines := map[bool]int{true: 1}[test.want == exitUsage]; strings.Count(errs.String(), "\n") != wantLines {
				t.Errorf("standard error: %q", &errs)
			}
			if test.want == exitUsage && out.Len() > 0 {
				t.Errorf("a report of no whole run: %s", &out)
			}
		})
	}
}
