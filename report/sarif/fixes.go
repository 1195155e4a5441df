package sarif

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"crosscheck/report/internal/records"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// fixes are the proven changes to documents that are files: the files of scan --with
// (KIND:NAME=FILE). Each replaces the whole text of its file.
func fixes(with []string, m *records.Mended) []*sarif.Fix {
	if m == nil || !m.Proven {
		return nil
	}
	var list []*sarif.Fix
	for _, c := range m.Changes {
		file := fileOf(with, c)
		if file == "" || c.After == "" {
			continue
		}
		lines := strings.Split(c.Before, "\n")
		list = append(list, sarif.NewFix().
			WithDescription(sarif.NewMessage().WithText(text.Visible(summaries(c)))).
			WithArtifactChanges([]*sarif.ArtifactChange{sarif.NewArtifactChange().
				WithArtifactLocation(sarif.NewArtifactLocation().WithURI((&url.URL{Path: filepath.ToSlash(file)}).String())).
				WithReplacements([]*sarif.Replacement{sarif.NewReplacement().
					WithDeletedRegion(sarif.NewRegion().WithStartLine(1).WithStartColumn(1).WithEndLine(len(lines)).
						WithEndColumn(1 + len([]rune(lines[len(lines)-1])))).
					WithInsertedContent(sarif.NewArtifactContent().WithText(c.After))})}))
	}
	return list
}

// fileOf is the file that a changed document was read from, "" where it is AWS's.
func fileOf(with []string, c *finding.Change) string {
	var names []string
	short := c.Resource[strings.LastIndexAny(c.Resource, ":/")+1:]
	switch c.Kind {
	case finding.BucketPolicy:
		names = []string{"bucket:" + short}
	case finding.KeyPolicy:
		names = []string{"key:" + c.Resource, "key:" + short}
	case finding.TrustPolicy:
		names = []string{"trust:" + c.Resource}
	case finding.Boundary:
		names = []string{"boundary:" + c.Resource}
	case finding.RolePolicy:
		names = []string{"role:" + c.Resource + "/" + c.Policy, "role:" + c.Resource}
	}
	for _, w := range with {
		for _, name := range names {
			if file, ok := strings.CutPrefix(w, name+"="); ok {
				return file
			}
		}
	}
	return ""
}

// summaries are the edits of a change in words.
func summaries(c *finding.Change) string {
	list := make([]string, len(c.Edits))
	for i := range c.Edits {
		list[i] = c.Edits[i].Summary
	}
	return strings.Join(list, "; ")
}
