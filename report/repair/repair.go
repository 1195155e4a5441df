// Package repair writes changes that mend findings in the forms in which people read and
// apply them: a diff, JSON, commands of the aws CLI, Terraform and CloudFormation. It runs
// nothing.
//
// Every form names the links and what becomes of them, marks what is not proven, and says
// what it leaves out: decisions, and changes that the form cannot express.
package repair

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crosscheck/rules/finding"
)

// Options say how repairs are written.
type Options struct {
	Color bool   // colors in a diff, for a terminal
	Dir   string // directory to write files to, which must exist; their paths are written in place of the text. "" = no files
}

// file is one file of a form.
type file struct {
	name string // without a directory
	text string
}

// form makes files of repairs. The first is the one to begin with. Where all goes to one
// stream (alone), what a form would refer to in other files must be in the text itself,
// and what is not seen is escaped.
type form struct {
	files func(p *plan, alone bool) ([]file, error)
	join  string // between files on one stream
}

var forms = map[string]form{
	"aws-cli":        {files: awsCLI},
	"cloudformation": {files: cloudFormation, join: "---\n"},
	"diff":           {files: diff},
	"json":           {files: toJSON},
	"terraform":      {files: terraform},
}

// Forms are the names of the forms, sorted.
func Forms() []string { return slices.Sorted(maps.Keys(forms)) }

// Write writes repairs in a form. An unknown form is an error, and so is a file that is
// there already: nothing is written then.
func Write(name string, w io.Writer, r *finding.Repairs, o Options) error {
	f, ok := forms[name]
	if !ok {
		return fmt.Errorf("unknown form %q: use one of %s", name, strings.Join(Forms(), ", "))
	}
	files, err := f.files(newPlan(r), o.Dir == "")
	if err != nil {
		return err
	}
	if o.Dir != "" {
		return write(w, o.Dir, files)
	}
	texts := make([]string, len(files))
	for i, one := range files {
		texts[i] = one.text
	}
	text := strings.Join(texts, f.join)
	if name == "diff" && o.Color {
		text = colored(text)
	}
	_, err = io.WriteString(w, text)
	return err
}

// write writes the files, all or none, and names them on w.
func write(w io.Writer, dir string, files []file) error {
	var parts []string
	defer func() {
		for _, part := range parts {
			_ = os.Remove(part) // of a file that is not written in the end
		}
	}()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if _, err := os.Lstat(path); err == nil {
			return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
		}
	}
	for _, f := range files {
		part := filepath.Join(dir, f.name+".part")
		out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		parts = append(parts, part)
		_, err = out.WriteString(f.text)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.Rename(parts[0], path); err != nil {
			return err
		}
		parts = parts[1:]
		if _, err := fmt.Fprintln(w, path); err != nil {
			return err
		}
	}
	return nil
}
