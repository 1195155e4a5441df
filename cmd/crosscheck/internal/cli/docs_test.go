package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report/output"
	"crosscheck/report/reporttest"
	"crosscheck/testdata"
)

// docLines calls f with every line of code of the documentation and of the help,
// and where it stands.
func docLines(t *testing.T, f func(where, line string)) {
	t.Helper()
	root := repo
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range codeLines(string(text)) {
			f(filepath.Base(page), line)
		}
	}
	var examples func(*cobra.Command)
	examples = func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			f(cmd.CommandPath()+" --help", strings.TrimSpace(line))
		}
		for _, sub := range cmd.Commands() {
			examples(sub)
		}
	}
	examples(newRootCommand(&terminal.Streams{Out: io.Discard, Err: io.Discard}, nil))
}

// TestCommandLinesInDocs parses every command line that the documentation and the
// help show: a command or flag that is renamed leaves none behind.
func TestCommandLinesInDocs(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	seen := map[string]bool{} // commands by path
	docLines(t, func(where, line string) {
		for _, args := range crosscheckCommands(line) {
			name, err := parseCommandLine(args)
			if err != nil {
				t.Errorf("%s: %s\n%v", where, line, err)
			}
			seen[name] = true
		}
	})
	for _, name := range []string{"scan", "facts", "canary", "canary watch", "canary sweep", "drill", "setup audit-role", "sandbox"} {
		if !seen["crosscheck "+name] {
			t.Errorf("no page shows a command line of crosscheck %s; is it still found?", name)
		}
	}
}

// TestFormatsPage: docs/formats.md has a row for every format and for no other.
func TestFormatsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(repo, "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(line, "| `"); ok && strings.Count(line, "|") == 5 {
			rows = append(rows, name[:strings.IndexByte(name, '`')])
		}
	}
	slices.Sort(rows)
	if diff := cmp.Diff(output.Formats(), rows); diff != "" {
		t.Errorf("formats (-program +page):\n%s", diff)
	}
}

// pageFiles are files that command lines of the documentation read and that no
// line before them writes.
var pageFiles = map[string]string{
	"crosscheck.yaml": "scan: {role_name: crosscheck-audit}\n",
	"waivers.yaml":    "waivers:\n  - {rule: XC047, reason: watched by other means, expires: 2999-12-31}\n",
	"policy.json":     `{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::backup-orders"}}` + "\n",
}

// pageBlocks writes the blocks of code of a page whose fence names a file, as in
// ```rego acme/acme002.rego, into a folder.
func pageBlocks(t *testing.T, page, dir string) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?ms)^```[a-z]+ ([a-z0-9/_.-]+)\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		path := filepath.Join(dir, m[1])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(m[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// pageRuns are run files, likewise; all record one scan of the demo world.
var pageRuns = []string{"run.jsonl", "main.jsonl", "branch.jsonl", "yesterday.jsonl", "today.jsonl", "accepted.jsonl"}

// notRun are parts of command lines that TestCommandLinesOfDocsRun leaves out, and why.
var notRun = map[string]string{
	"--count 100 --interval 10s":       "takes 17 minutes",
	"--endpoint http://127.0.0.1:9000": "takes two servers: TestIntegrationMinIO",
	"--send securityhub":               "the world has no Security Hub: TestReportSendsToSecurityHub, TestIntegrationSecurityHub",
}

// docsWorld is the demo world with the names that the documentation uses, and with
// a link between two buckets of the caller's own account.
func docsWorld() []byte {
	names := strings.NewReplacer("orders-ledger", "orders", "backup-ledger", "backup-orders", "    name: acme-management\n", `    name: acme-management
    roles:
      - name: replicate-src
        path: /service-role/
        trust: |
          {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}}
        inline:
          access: |
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    buckets:
      - name: src
        region: us-east-1
        versioning: Enabled
        replication:
          Role: arn:aws:iam::100000000001:role/service-role/replicate-src
          Rules:
            - ID: to-dst
              Priority: 1
              Filter: {}
              Status: Enabled
              DeleteMarkerReplication: {Status: Enabled}
              Destination: {Bucket: "arn:aws:s3:::dst"}
      - name: dst
        region: eu-west-1
        versioning: Enabled
`)
	return []byte(names.Replace(string(testdata.DemoWorld)))
}

var (
	fingerprint  = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	systemFolder = regexp.MustCompile(`=/var/lib/\S*/`) // the page's own folder stands for it
)

// runLine runs a command line of the documentation in a shell. What serves or
// watches until it is stopped is interrupted when it first says something.
func runLine(t *testing.T, env []string, dir, line, fault string) (status int, output string) {
	t.Helper()
	args := crosscheckCommands(line)[0]
	switch name, _ := parseCommandLine(args); name {
	case "crosscheck sandbox", "crosscheck canary watch":
		cmd := exec.CommandContext(t.Context(), filepath.Join(programs(t), "crosscheck"), append(args, "--listen", "127.0.0.1:0")...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = out.Read(make([]byte, 100))
		_ = cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // the exit status says it
		return cmd.ProcessState.ExitCode(), errs.String()
	case "crosscheck config init":
		_ = os.Remove(filepath.Join(dir, "crosscheck.yaml")) // what it writes is not there yet
	case "crosscheck canary", "crosscheck drill", "crosscheck canary experiment run":
		if !strings.Contains(line, "--yes") && !strings.Contains(line, "--dry-run") {
			line += " --yes" // nobody is here to agree
		}
	}
	line = fingerprint.ReplaceAllString(line, fault)
	return shell(t, dir, env, "sh", "-c", systemFolder.ReplaceAllString(line, "="))
}

// TestCommandLinesOfDocsRun runs every command line of the documentation and of the
// help in a shell, against the demo world, those of a page after another in one
// folder: none is refused (exit status 2) or breaks.
func TestCommandLinesOfDocsRun(t *testing.T) {
	reporttest.Sequential(t)
	p := exported(t, docsWorld())
	record := filepath.Join(t.TempDir(), "run.jsonl")
	if status, _, stderr := p.run(t.Context(), "scan", "-q", "-o", "jsonl="+record); status != exitFindings {
		t.Fatal(stderr)
	}
	run, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	fault := regexp.MustCompile(`"status":"fail".*?"fingerprint":"([0-9a-f]{32})"`).FindStringSubmatch(string(run))[1]
	files := maps.Clone(pageFiles)
	for _, name := range pageRuns {
		files[name] = string(run)
	}
	files["run.jsonl.partial"] = string(run[:len(run)/2]) // an interrupted run
	pages := map[string][]string{}                        // their lines
	count := 0
	stale := maps.Clone(notRun)
	docLines(t, func(where, line string) {
		line = strings.TrimSpace(line)
		if len(crosscheckCommands(line)) == 0 {
			return
		}
		for part := range notRun {
			if strings.Contains(line, part) {
				delete(stale, part)
				return
			}
		}
		pages[where] = append(pages[where], line)
		count++
	})
	for where, lines := range pages {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if page, err := os.ReadFile(filepath.Join(repo, "docs", where)); err == nil {
				pageBlocks(t, string(page), dir)
			}
			for _, line := range lines {
				for name, text := range files {
					if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
						continue // a line before wrote it
					}
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				status, out := runLine(t, p.environ, dir, line, fault)
				if status != exitClean && status != exitFindings && status != exitIncomplete {
					t.Errorf("%s: %s\nexit status %d (files that it reads come from pageFiles and pageRuns; see notRun)\n%s", where, line, status, out)
				}
			}
		})
	}
	for part, why := range stale {
		t.Errorf("no page shows %q any more, which is not run: %s", part, why)
	}
	t.Logf("%d command lines run", count)
}

// TestCommandLinesAreRefused: the test above can fail.
func TestCommandLinesAreRefused(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"crosscheck scna":                             "unknown command",
		"crosscheck scan --rolename x":                "unknown flag: --rolename",
		"crosscheck scan --concurrency many":          "invalid argument",
		"crosscheck scan --log-format xml":            "use text or json",
		"crosscheck canary swep":                      "unexpected argument",
		"$ crosscheck facts > f && crosscheck scan f": "unexpected argument",
		"  bin/crosscheck canary --count":             "flag needs an argument",
	} {
		var errs []string
		for _, args := range crosscheckCommands(line) {
			if _, err := parseCommandLine(args); err != nil {
				errs = append(errs, err.Error())
			}
		}
		if len(errs) != 1 || !strings.Contains(errs[0], want) {
			t.Errorf("%s: %q, want %s", line, errs, want)
		}
	}
}

func TestCrosscheckCommands(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][][]string{
		"crosscheck scan -o table   # a comment":                   {{"scan", "-o", "table"}},
		"crosscheck canary --link 'a/b->c' --folder \"x y\"":       {{"canary", "--link", "a/b->c", "--folder", "x y"}},
		"$ crosscheck facts > f; crosscheck scan --facts f | less": {{"facts"}, {"scan", "--facts", "f"}},
		"AWS_PROFILE=audit crosscheck scan 2>log":                  {{"scan"}},
		"crosscheck sandbox > sandbox.env &":                       {{"sandbox"}},
		`{"Sid": "x"}`:                                             nil,
		"aws s3 ls # crosscheck scan":                              nil,
	} {
		if diff := cmp.Diff(want, crosscheckCommands(line)); diff != "" {
			t.Errorf("%s:\n%s", line, diff)
		}
	}
}

// parseCommandLine finds the command that args name and parses its flags, without
// running it.
func parseCommandLine(args []string) (name string, err error) {
	cmd, rest, err := newRootCommand(&terminal.Streams{Out: io.Discard, Err: io.Discard}, nil).Find(args)
	if err != nil {
		return "", err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return cmd.CommandPath(), err
	}
	return cmd.CommandPath(), cmd.ValidateArgs(cmd.Flags().Args())
}

// codeLines are the lines in the fenced and indented code of a page, those that
// end with a backslash joined with the next.
func codeLines(page string) []string {
	var lines []string
	fenced, joined := false, ""
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if !fenced && !strings.HasPrefix(line, "    ") {
			continue
		}
		if start, more := strings.CutSuffix(line, `\`); more {
			joined += start
			continue
		}
		lines, joined = append(lines, joined+line), ""
	}
	return lines
}

// crosscheckCommands are the arguments of each call of crosscheck in a line of
// shell. Expansions are not known; what follows a redirection is left out.
func crosscheckCommands(line string) (calls [][]string) {
	var words []string
	word, inWord, quote := "", false, rune(0)
	redirected := false
	endWord := func() {
		if inWord && !redirected {
			words = append(words, word)
		}
		redirected = redirected && !inWord
		word, inWord = "", false
	}
	endCall := func() {
		endWord()
		for len(words) > 0 && (words[0] == "$" || strings.Contains(words[0], "=")) {
			words = words[1:]
		}
		if len(words) > 0 && path.Base(words[0]) == "crosscheck" {
			calls = append(calls, words[1:])
		}
		words, redirected = nil, false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			endWord()
		case r == '#' && !inWord:
			endCall()
			return calls
		case r == '>' || r == '<':
			if word == "2" || word == "1" {
				word, inWord = "", false
			}
			endWord()
			redirected = true
		case r == '|' || r == '&' || r == ';':
			endCall()
		default:
			word, inWord = word+string(r), true
		}
	}
	endCall()
	return calls
}

// TestWritingRulesPage: the rule of docs/writing-rules.md passes its tests, is
// formatted, and judges the demo as the page says: a tag that is not there fails, a
// destination that was not read is unknown.
func TestWritingRulesPage(t *testing.T) {
	reporttest.Sequential(t)
	page, err := os.ReadFile(filepath.Join(repo, "docs", "writing-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pageBlocks(t, string(page), dir)
	env := exported(t, docsWorld()).environ
	status, out := shell(t, dir, env, "crosscheck", "rules", "test", "acme")
	if status != exitClean || !strings.Contains(out, "3 passed, 0 failed") {
		t.Fatalf("exit status %d\n%s", status, out)
	}
	status, out = shell(t, dir, env, "crosscheck", "scan", "-q", "--config", "acme.yaml", "-o", "json")
	if status != exitFindings {
		t.Fatalf("exit status %d\n%s", status, out)
	}
	var report struct {
		Findings []struct {
			RuleID                          string `json:"rule_id"`
			Status, Severity, Link, Message string
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, f := range report.Findings {
		if f.RuleID == "ACME002" {
			got[f.Status+" "+f.Severity]++
			if f.Status == "fail" && !strings.Contains(f.Message, "role=dr") {
				t.Errorf("%s: %s", f.Link, f.Message)
			}
		}
	}
	if want := map[string]int{"fail high": 9, "unknown high": 1}; !maps.Equal(got, want) {
		t.Errorf("ACME002 is %v, want %v", got, want)
	}
}

// TestPagesAreLinked: docs/README.md lists every page, and no link between files of
// this repository leads nowhere.
func TestPagesAreLinked(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	root := repo
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]map[string]bool{}
	texts := map[string]string{}
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		text := regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(string(data), "")
		texts[page], anchors[page] = text, map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
			name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
			anchors[page][strings.ReplaceAll(name, " ", "-")] = true
		}
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(string(index), "]("+name+")") {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
	count := 0
	for page, text := range texts {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			count++
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			} else if anchor != "" && anchors[path] != nil && !anchors[path][anchor] {
				t.Errorf("%s links to %s: no such heading", page, m[1])
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d links found", count)
	}
}

// TestReadmeShowsTheDemo: what README.md shows of `make demo` is what it prints. A
// row is compared as a bag of letters without its latencies: these differ from run to
// run, and with them where cells are broken into lines.
func TestReadmeShowsTheDemo(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(repo, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shows := regexp.MustCompile("(?ms)^```\n(Links: .*?)^```$")
	m := shows.FindSubmatch(page)
	if m == nil {
		t.Fatal("README.md shows no output of the demo")
	}
	status, stdout, stderr := inProcess(t.Context(), "demo", "-q")
	if status != exitClean {
		t.Fatal(stderr)
	}
	if os.Getenv("UPDATE") != "" { // which findings are shown is chosen by hand
		for _, counts := range []string{`Findings: [0-9]+ failed, .*`, `findings [0-9]+ failed, [0-9]+ unknown, [0-9]+ waived, [0-9]+ passed`} {
			c := regexp.MustCompile(counts)
			page = c.ReplaceAll(page, []byte(c.FindString(stdout)))
		}
		if err := os.WriteFile(filepath.Join(repo, "README.md"), page, 0o644); err != nil {
			t.Fatal(err)
		}
		m = shows.FindSubmatch(page)
	}
	duration := regexp.MustCompile(`[0-9.]+ ?(ms|s)\b`)
	blocks := func(text string) (all [][2]string) {
		for _, block := range regexp.MustCompile(`\n\s*\n|…\n`).Split(text, -1) {
			letters := []rune(strings.Join(strings.Fields(duration.ReplaceAllString(block, "")), ""))
			slices.Sort(letters)
			if len(letters) > 0 {
				all = append(all, [2]string{string(letters), block})
			}
		}
		return all
	}
	printed := blocks(stdout)
	shown := blocks(string(m[1]))
	for _, block := range shown {
		i := slices.IndexFunc(printed, func(p [2]string) bool { return p[0] == block[0] })
		if i < 0 {
			t.Fatalf("the demo does not print, in this order:\n%s\nit prints\n%s", block[1], stdout)
		}
		printed = printed[i+1:]
	}
	if len(shown) < 8 {
		t.Errorf("only %d blocks shown", len(shown))
	}
}
