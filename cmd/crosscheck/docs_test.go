package main

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"crosscheck/report"
)

// TestCommandLinesInDocs parses every command line that the documentation and the
// help show: a command or flag that is renamed leaves none behind.
func TestCommandLinesInDocs(t *testing.T) {
	root := filepath.Join("..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{} // commands by path
	check := func(where, line string) {
		for _, args := range crosscheckCommands(line) {
			name, err := parseCommandLine(args)
			if err != nil {
				t.Errorf("%s: %s\n%v", where, line, err)
			}
			seen[name] = true
		}
	}
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range codeLines(string(text)) {
			check(filepath.Base(page), line)
		}
	}
	var examples func(*cobra.Command)
	examples = func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			check(cmd.CommandPath()+" --help", line)
		}
		for _, sub := range cmd.Commands() {
			examples(sub)
		}
	}
	examples(newRootCommand(&streams{out: io.Discard, err: io.Discard}))
	for _, name := range []string{"scan", "facts", "canary", "canary watch", "canary sweep", "drill", "setup audit-role", "sandbox"} {
		if !seen["crosscheck "+name] {
			t.Errorf("no page shows a command line of crosscheck %s; is it still found?", name)
		}
	}
}

// TestFormatsPage: docs/formats.md has a row for every format and for no other.
func TestFormatsPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
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
	if diff := cmp.Diff(report.Formats(), rows); diff != "" {
		t.Errorf("formats (-program +page):\n%s", diff)
	}
}

// TestCommandLinesAreRefused: the test above can fail.
func TestCommandLinesAreRefused(t *testing.T) {
	for line, want := range map[string]string{
		"crosscheck scna":                             "unknown command",
		"crosscheck scan --rolename x":                "unknown flag: --rolename",
		"crosscheck scan --concurrency many":          "invalid argument",
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
	cmd, rest, err := newRootCommand(&streams{out: io.Discard, err: io.Discard}).Find(args)
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
