package cli

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
)

// TestHelp: every command lists its own exit statuses, names no flag that it does not
// have, and is in a group.
func TestHelp(t *testing.T) {
	t.Parallel()
	flag := regexp.MustCompile(`--([a-z][a-z-]*)`)
	commands := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		commands++
		_, block, ok := strings.Cut(cmd.Long, "\nExit status:\n")
		if !ok || !strings.HasPrefix(block, "  0    ") || !strings.Contains(block, "\n  2    ") || !strings.Contains(block, "\n  130  interrupted") {
			t.Errorf("%s: its help does not list its exit statuses:\n%s", cmd.CommandPath(), cmd.Long)
		}
		if cmd.HasParent() {
			for _, m := range flag.FindAllStringSubmatch(block, -1) {
				if cmd.Flag(m[1]) == nil {
					t.Errorf("%s: its exit statuses name --%s, which it does not have", cmd.CommandPath(), m[1])
				}
			}
			if cmd.Parent() == cmd.Root() && cmd.GroupID == "" {
				t.Errorf("%s is in no group", cmd.CommandPath())
			}
		}
		for _, word := range []string{"folder", "stands", "nobody", "whoever", "tells"} {
			if regexp.MustCompile(`\b` + word + `\b`).MatchString(strings.ReplaceAll(cmd.UsageString()+cmd.Long, "--folder", "")) {
				t.Errorf("%s: its help says %q", cmd.CommandPath(), word)
			}
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRootCommand(&terminal.Streams{Out: io.Discard, Err: io.Discard}, nil))
	if commands < 25 {
		t.Errorf("only %d commands seen", commands)
	}
}
