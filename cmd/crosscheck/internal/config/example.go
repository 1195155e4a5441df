package config

import (
	"fmt"
	"strings"
)

// commentColumn is the column of the comment behind each key.
const commentColumn = 42

// Example is a configuration file with every key as a comment: text directly after a
// # is YAML.
func Example() []byte {
	var b strings.Builder
	b.WriteString(`# yaml-language-server: $schema=crosscheck.schema.json
# (crosscheck config schema > crosscheck.schema.json: editors complete and check it)
#
# Settings of crosscheck, for --config or ` + EnvFile + `. Every key is
# optional: remove the # from those that you want. Flags override environment
# variables (` + envName("fail_on") + ` for fail_on), and both override this file.
# 'crosscheck config show' prints the settings in effect and where each comes from.
`)
	line := func(indent, text, doc, def string) {
		if def != "" {
			doc += " (default " + def + ")"
		}
		fmt.Fprintf(&b, "%-*s # %s\n", commentColumn, "#"+indent+text, doc)
	}
	section := "none"
	for _, s := range settings {
		parent, name, nested := strings.Cut(s.key, ".")
		switch {
		case !nested:
			parent, name = "", s.key
			if section != "" {
				b.WriteString("\n")
			}
		case parent != section:
			fmt.Fprintf(&b, "\n#%s:\n", parent)
		}
		section = parent
		indent := strings.Repeat("  ", strings.Count(s.key, "."))
		if s.key == "required_replication" {
			line(indent, name+":", s.doc, "")
			for _, r := range requirementKeys {
				parent, name, nested := strings.Cut(r.key, ".")
				switch {
				case !nested:
					line("  ", "- "+r.key+": "+r.example, r.doc, "")
				case name == "accounts":
					line("  ", "- name: logs-*", "and where such buckets must replicate to:", "")
					line("    ", parent+":", "one link must meet all of these", "")
					fallthrough
				default:
					line("      ", name+": "+r.example, r.doc, "")
				}
			}
			continue
		}
		line(indent, name+": "+s.example, s.doc, s.def)
	}
	return []byte(b.String())
}
