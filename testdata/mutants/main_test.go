package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const code = `package code

import "errors"

type level int

const low level = 1

// Grade has something of everything that can be changed.
func Grade(points, most int, name string, late bool) (string, error) {
	if points < 0 || points > most {
		return "", errors.New("out of range")
	}
	var marks []string
	if late && points > 0 {
		points = points - 1
	}
	switch name {
	case "ana":
		marks = append(marks, "friend")
	}
	if points == most {
		marks = append(marks, "full")
	}
	record(points)
	return join(marks), nil
}

var last int

func record(n int) { last = n }

func join(marks []string) string {
	text := ""
	for i := 0; i < len(marks); i++ {
		text += marks[i] + ";"
	}
	return text
}

// Unused is reached by no test.
func Unused(l level) bool { return l == low }
`

const tests = `package code

import "testing"

func TestGrade(t *testing.T) {
	for _, c := range []struct {
		points int
		name   string
		late   bool
		want   string
		bad    bool
	}{{0, "", false, "", false}, {5, "", false, "full;", false}, {5, "ana", true, "friend;", false}, {6, "", false, "", true}, {-1, "", false, "", true}} {
		got, err := Grade(c.points, 5, c.name, c.late)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%+v: %q %v", c, got, err)
		}
	}
}
`

// TestRun judges a module of which it is known what its test notices.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	known := filepath.Join(dir, "equivalent.txt")
	for name, text := range map[string]string{
		"go.mod": "module code\n\ngo 1.26\n", "code.go": code, "code_test.go": tests,
		"equivalent.txt": "# none of these matters\ncode.go | > to >= (2) | x | y\ncode.go | > to >= | if late && points > 0 { | taken as harmless\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := run(options{packages: []string{"."}, known: known, workers: 2, dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]outcome{}
	for i, m := range r.mutants {
		got[m.change+" in "+m.source] = r.outcomes[i]
	}
	for mutant, want := range map[string]outcome{
		"< to <= in if points < 0 || points > most {":                killed,
		"negate < in if points < 0 || points > most {":               killed,
		"> to >= in if points < 0 || points > most {":                killed,
		"|| to && in if points < 0 || points > most {":               killed,
		"&& to || in if late && points > 0 {":                        killed,
		"> to >= in if late && points > 0 {":                         equivalent,
		"without the statement in points = points - 1":               killed,
		"- to + in points = points - 1":                              survived, // 6 of 5 is not full either
		`without the case in case "ana":`:                            killed,
		"negate == in if points == most {":                           killed,
		`without the statement in marks = append(marks, "full")`:     killed,
		"without the statement in record(points)":                    survived,
		"without the statement in func record(n int) { last = n }":   survived,
		"zero value returned in return join(marks), nil":             killed,
		"negate < in for i := 0; i < len(marks); i++ {":              killed,
		"negate == in func Unused(l level) bool { return l == low }": uncovered,
	} {
		if is, there := got[mutant]; !there || is != want {
			t.Errorf("%s: %v (there: %v), want %v", mutant, is, there, want)
		}
	}
	var out strings.Builder
	r.print(&out)
	if text := out.String(); !strings.Contains(text, "code.go:25: without the statement") || !strings.Contains(text, "1 equivalent") || !strings.Contains(text, "score ") {
		t.Errorf("%s", text)
	}
	if len(r.notes) > 0 {
		t.Errorf("%q", r.notes)
	}
}

func TestReadKnown(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "equivalent.txt")
	if err := os.WriteFile(file, []byte("a.go | x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if m, err := readKnown(filepath.Join(t.TempDir(), "none")); m != nil || err != nil {
		t.Errorf("%v %v", m, err)
	}
	if m, err := readKnown(file); len(m) != 1 || m["a.go"] != "x" || err != nil {
		t.Errorf("%v %v", m, err)
	}
	if err := os.WriteFile(file, []byte("a.go\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readKnown(file); err == nil {
		t.Error("a line without a reason is taken")
	}
}
