// Package completion is the values of flags and arguments that shells complete.
package completion

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"crosscheck/canary"
	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/report"
	"crosscheck/report/output"
	"crosscheck/rules"
	"crosscheck/rules/finding"
)

// Add teaches shells the values of flags, by their names: a name means the same in
// every command.
func Add(root *cobra.Command) {
	values := map[string]func() []string{
		"fail-on":             severities,
		"enable":              ruleNames,
		"disable":             ruleNames,
		"variant":             variantNames,
		"profile":             profiles,
		"destination-profile": profiles,
		"link":                linksOfLastRun,
		"log-format":          func() []string { return []string{"text", "json"} },
	}
	for _, cmd := range allCommands(root) {
		if cmd.Name() == "fix" {
			cmd.ValidArgsFunction = func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return completions(linksOfLastRun(), toComplete), cobra.ShellCompDirectiveNoFileComp
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			of := values[f.Name]
			if f.Name == "output" && f.Value.Type() == "stringArray" {
				of = output.Formats
			}
			if of == nil {
				return
			}
			err := cmd.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return completions(of(), toComplete), cobra.ShellCompDirectiveNoFileComp
			})
			if err != nil {
				panic(err) // twice, or no such flag
			}
		})
	}
}

// completions are the values that continue what was typed; of a list, its last entry.
func completions(values []string, typed string) []cobra.Completion {
	before := ""
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		before = typed[:i+1]
	}
	var out []cobra.Completion
	for _, v := range values {
		if strings.HasPrefix(before+v, typed) {
			out = append(out, before+v)
		}
	}
	return out
}

func allCommands(cmd *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		out = append(out, allCommands(c)...)
	}
	return out
}

func severities() []string {
	var out []string
	for _, s := range finding.Severities {
		out = append(out, string(s))
	}
	return out
}

func ruleNames() []string {
	list, err := rules.List(rules.Options{})
	if err != nil {
		return nil
	}
	out := rules.Packs(list)
	for _, r := range list {
		out = append(out, r.ID)
	}
	return out
}

func variantNames() []string {
	out := []string{"auto", "all"}
	for _, v := range canary.Variants() {
		out = append(out, string(v))
	}
	return out
}

// profiles are those of the AWS configuration.
func profiles() []string {
	path := os.Getenv("AWS_CONFIG_FILE")
	if home, err := os.UserHomeDir(); path == "" && err == nil {
		path = filepath.Join(home, ".aws", "config")
	}
	f, err := os.Open(path) // #nosec G304 -- the file that AWS's own programs read
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // read only
	var out []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		section, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "[")
		section = strings.TrimSpace(strings.TrimSuffix(section, "]"))
		switch name, isProfile := strings.CutPrefix(section, "profile "); {
		case ok && isProfile:
			out = append(out, strings.TrimSpace(name))
		case ok && section == "default":
			out = append(out, section)
		}
	}
	return out
}

// linksOfLastRun are the links of the newest run file in this directory.
func linksOfLastRun() []string {
	files, err := filepath.Glob("*.jsonl")
	if err != nil {
		return nil
	}
	age := func(path string) int64 {
		info, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return info.ModTime().UnixNano()
	}
	slices.SortFunc(files, func(a, b string) int { return int(min(max(age(b)-age(a), -1), 1)) })
	for _, path := range files {
		var links linkIDs
		run, err := audit.OpenRun(context.Background(), "", path, nil)
		if err != nil {
			continue
		}
		err = report.ReplayOnly(run, &links, "link")
		_ = run.Close() // read only
		if err == nil {
			return links.ids
		}
	}
	return nil
}

// linkIDs collects the ids of links.
type linkIDs struct {
	report.Discard
	ids []string
}

func (l *linkIDs) Link(link *finding.Link) error {
	l.ids = append(l.ids, link.ID)
	return nil
}
