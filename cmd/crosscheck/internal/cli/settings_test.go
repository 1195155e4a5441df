package cli

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report/reporttest"
)

// configured are the commands that read the configuration.
func configured(t *testing.T) []func() *cobra.Command {
	s := &terminal.Streams{Out: io.Discard, Err: io.Discard}
	var paths [][]string
	var walk func(cmd *cobra.Command, path []string)
	walk = func(cmd *cobra.Command, path []string) {
		if cmd.Flags().Lookup("config") != nil {
			paths = append(paths, path)
		}
		for _, sub := range cmd.Commands() {
			walk(sub, append(slices.Clone(path), sub.Name()))
		}
	}
	walk(newRootCommand(s, nil), nil)
	if len(paths) < 9 {
		t.Fatalf("only %v read the configuration", paths)
	}
	list := make([]func() *cobra.Command, len(paths))
	for i, path := range paths {
		list[i] = func() *cobra.Command {
			cmd, _, err := newRootCommand(s, nil).Find(path)
			if err != nil {
				t.Fatal(err)
			}
			return cmd
		}
	}
	return list
}

// TestFlagsAreSettings: every flag that is bound to a setting has its default, and
// the value of a file where it was not typed.
func TestFlagsAreSettings(t *testing.T) {
	t.Parallel()
	lines := regexp.MustCompile(`(?m)^#((?:  )*(?:- )?[a-z_]+:)`)
	file := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(file, lines.ReplaceAll(config.Example(), []byte("$1")), 0o600); err != nil {
		t.Fatal(err)
	}
	bound := map[string]bool{}
	for _, path := range []string{"", file} {
		c := config.Defaults()
		if err := c.Load(path, nil, nil); err != nil {
			t.Fatal(err)
		}
		values, err := c.Values()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, v := range values {
			want[v.Key] = string(v.Value)
			if (v.From.Kind == "default") != (path == "") {
				t.Errorf("%q: %s comes from %v", path, v.Key, v.From)
			}
		}
		for _, make := range configured(t) {
			cmd := make()
			flags := settingFlags(cmd)
			if err := config.Defaults().Load(path, nil, flags); err != nil {
				t.Fatal(err)
			}
			for _, f := range flags {
				bound[f.Key] = true
				if got := flagJSON(t, f.Value); got != want[f.Key] {
					t.Errorf("%s of %s, with the file %q: %s, but %s is %s", f.Name, cmd.CommandPath(), path, got, f.Key, want[f.Key])
				}
			}
		}
		for key := range want { // what has no flag is written in files, not on command lines
			if structured := strings.HasPrefix(key, "destinations.") || slices.Contains([]string{"rules.severity", "rules.parameters", "required_replication"}, key); bound[key] == structured {
				t.Errorf("%s: has a flag: %v", key, bound[key])
			}
		}
	}
}

// flagJSON is the value of a flag as settings are shown.
func flagJSON(t *testing.T, flag config.FlagValue) string {
	t.Helper()
	var value any = flag.String()
	switch flag.(pflag.Value).Type() {
	case "stringArray", "stringSlice":
		value = append([]string{}, flag.(pflag.SliceValue).GetSlice()...)
	case "duration":
		value = strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(flag.String())
	case "bool", "int", "float64":
		return flag.String()
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEnvironmentRefuses(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	for kv, want := range map[string]string{
		"CROSSCHECK_FAILON=high":              "unknown setting CROSSCHECK_FAILON in the environment; did you mean CROSSCHECK_FAIL_ON?",
		"CROSSCHECK_VENV=x":                   "unknown setting CROSSCHECK_VENV in the environment; did you mean CROSSCHECK_CONFIG?",
		"CROSSCHECK_XYZZY=":                   "unknown setting CROSSCHECK_XYZZY in the environment; 'crosscheck config show' lists",
		"CROSSCHECK_SCAN_CONCURRENCY=many":    `CROSSCHECK_SCAN_CONCURRENCY is "many", not a whole number`,
		"CROSSCHECK_STRICT=yes":               `CROSSCHECK_STRICT is "yes", not true or false`,
		"CROSSCHECK_SCAN_ACCOUNTS=1,2":        `CROSSCHECK_SCAN_ACCOUNTS: "1" is not an account id; an account id has 12 digits`,
		"CROSSCHECK_RULES_DISABLE=encrypton":  "CROSSCHECK_RULES_DISABLE: rules.disable: there is no rule or pack \"encrypton\"; did you mean encryption?",
		"CROSSCHECK_CANARY_SLO=-1s":           `CROSSCHECK_CANARY_SLO: "-1s" is not a duration`,
		"CROSSCHECK_REQUIRED_REPLICATION=[{}": "CROSSCHECK_REQUIRED_REPLICATION is \"[{}\", not a list",
		"CROSSCHECK_CONFIG=nowhere.yaml":      "nowhere.yaml: no such file or directory; check the path given with CROSSCHECK_CONFIG",
	} {
		name, _, _ := strings.Cut(kv, "=")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &program{environ: []string{kv}}
			for _, command := range [][]string{{"scan"}, {"config", "show"}, {"demo"}} {
				if status, stdout, stderr := p.run(t.Context(), command...); status != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "crosscheck: "+want) {
					t.Errorf("%s of %v: exit status %d, %q, want %q", kv, command, status, stderr, want)
				}
			}
		})
	}
}

// settingsTable is the table of docs/configuration.md.
func settingsTable(t *testing.T) string {
	flags := map[string][]string{}
	for _, make := range configured(t) {
		for _, f := range settingFlags(make()) {
			if text := "`" + f.Name + "`"; !slices.Contains(flags[f.Key], text) {
				flags[f.Key] = append(flags[f.Key], text)
			}
		}
	}
	type schema struct {
		Properties  map[string]schema
		Description string
		Default     json.RawMessage
	}
	var root schema
	if err := json.Unmarshal(config.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	values, err := config.Defaults().Values()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| key | is | default | flag |\n|---|---|---|---|\n")
	for _, v := range values {
		s := root
		for name := range strings.SplitSeq(v.Key, ".") {
			s = s.Properties[name]
		}
		def := ""
		if s.Default != nil {
			def = "`" + strings.NewReplacer(`"`, "", "\n", "", " ", "").Replace(string(s.Default)) + "`"
		}
		slices.Sort(flags[v.Key])
		b.WriteString("| `" + v.Key + "` | " + s.Description + " | " + def + " | " + strings.Join(flags[v.Key], ", ") + " |\n")
	}
	return b.String()
}

// TestConfigPage: the table is current, and the example is read and valid.
func TestConfigPage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(repo, "docs", "configuration.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, rest, ok := strings.Cut(string(text), "ConfigPage -->\n")
	_, end, closed := strings.Cut(rest, "<!-- end -->")
	if !ok || !closed {
		t.Fatal("docs/configuration.md has no place for the table")
	}
	want := begin + "ConfigPage -->\n" + settingsTable(t) + "<!-- end -->" + end
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("run UPDATE=1 go test ./cmd/crosscheck/internal/cli -run ConfigPage: %s", diff)
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if _, err := config.Parse("example", []byte(example)); err != nil || strings.Count(example, ":") < 10 {
		t.Errorf("%v\n%s", err, example)
	}
}
