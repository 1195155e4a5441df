package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"crosscheck/report/reporttest"
)

// dependency is a module of which code is in the program.
type dependency struct {
	path, version, dir string
	packages           []string // folders of the linked packages
	direct             bool
}

// dependencies asks the go command what the program for Linux is made of, apart
// from the standard library and this project.
func dependencies(t *testing.T) []*dependency {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,Standard,Module", ".")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	byPath := map[string]*dependency{}
	d := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			Dir      string
			Standard bool
			Module   *struct {
				Path, Version, Dir string
				Main, Indirect     bool
				Replace            *struct{}
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Standard || p.Module.Main {
			continue
		}
		if p.Module.Replace != nil {
			t.Errorf("%s is replaced: its license is not looked at", p.Module.Path)
		}
		m := byPath[p.Module.Path]
		if m == nil {
			m = &dependency{path: p.Module.Path, version: p.Module.Version, dir: p.Module.Dir, direct: !p.Module.Indirect}
			byPath[m.path] = m
		}
		m.packages = append(m.packages, p.Dir)
	}
	return slices.SortedFunc(maps.Values(byPath), func(a, b *dependency) int { return cmp.Compare(a.path, b.path) })
}

var licenseFile = regexp.MustCompile(`(?i)^(un)?licen[cs]e|^copying|^notice`)

// texts are the license and notice files that bind the linked packages: those at
// the top of the module, and in every folder on the way to a package.
func (m *dependency) texts(t *testing.T) map[string]string {
	t.Helper()
	folders := map[string]bool{}
	for _, dir := range m.packages {
		for ; strings.HasPrefix(dir, m.dir); dir = filepath.Dir(dir) {
			folders[dir] = true
		}
	}
	texts := map[string]string{}
	for dir := range folders {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.IsDir() || !licenseFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			path := filepath.Join(dir, e.Name())
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel(m.dir, path)
			if err != nil {
				t.Fatal(err)
			}
			texts[filepath.ToSlash(rel)] = strings.TrimSpace(strings.ReplaceAll(string(data), "\r\n", "\n"))
		}
	}
	return texts
}

// licenses are the phrases by which a license is known. A text that has none, or
// one of the refused, is for a person to look at.
var licenses = []struct{ id, phrase string }{
	{"Apache-2.0", "apache license version 2.0, january 2004"},
	{"Apache-2.0", `licensed under the apache license, version 2.0`},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD", "redistribution and use in source and binary forms, with or without modification, are permitted"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"},
	{"MPL-2.0", "mozilla public license version 2.0"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
}

var refused = []string{
	"gnu general public license", "gnu affero general public license", "gnu lesser general public license", "gnu library general public license",
	"server side public license", "business source license", "elastic license", "commons clause",
}

// identify names the licenses in a text.
func identify(text string) (ids []string, refuse string) {
	text = strings.ReplaceAll(text, "\n> ", "\n") // a text that is quoted
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	for _, l := range licenses {
		if !strings.Contains(text, l.phrase) {
			continue
		}
		id := l.id
		if id == "BSD" {
			id = "BSD-2-Clause"
			if regexp.MustCompile("neither the names? (of|nor)").MatchString(text) {
				id = "BSD-3-Clause"
			}
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if !slices.Contains(ids, "MPL-2.0") { // which names the GNU licenses as secondary ones
		for _, phrase := range refused {
			if strings.Contains(text, phrase) {
				return ids, phrase
			}
		}
	}
	return ids, ""
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Apache License\n   Version 2.0, January 2004\n":                                                                                            "[Apache-2.0] ",
		"Permission is hereby granted, free of\ncharge, to any person obtaining a copy of this":                                                     "[MIT] ",
		"Redistribution and use in source and binary forms, with or without\nmodification, are permitted provided ... * Neither the name of Google": "[BSD-3-Clause] ",
		"Redistribution and use in source and binary forms, with or without modification, are permitted":                                            "[BSD-2-Clause] ",
		"GNU AFFERO GENERAL PUBLIC LICENSE Version 3":                                                                                               "[] gnu affero general public license",
		"All rights reserved.": "[] ",
	} {
		ids, refuse := identify(text)
		if got := fmt.Sprint(ids, " ", refuse); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestDependencies holds docs/dependencies.md and docs/third-party-licenses.txt to
// what the program is made of, and refuses licenses that do not go with its own.
func TestDependencies(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	var page strings.Builder
	page.WriteString("# Dependencies\n\nThis file is generated (`UPDATE=1 go test ./cmd/crosscheck/internal/cli -run TestDependencies`): the modules of which code is in the program for Linux, " +
		"and their licenses, read from the texts in [third-party-licenses.txt](third-party-licenses.txt). " +
		"The test refuses the GNU licenses and any text that it does not know. The Go standard library is in it besides (BSD-3-Clause). " +
		"`make sbom` writes the same as CycloneDX.\n\n| Module | Version | License | Wanted by |\n|---|---|---|---|\n")
	users := map[string][]string{} // by text: the files that hold it
	list := dependencies(t)
	for _, m := range list {
		texts := m.texts(t)
		var ids []string
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			found, refuse := identify(texts[name])
			if refuse != "" {
				t.Errorf("%s: %s: %s", m.path, name, refuse)
			}
			notice := strings.HasPrefix(strings.ToLower(filepath.Base(name)), "notice")
			if len(found) == 0 && !notice {
				t.Errorf("%s: %s: what license is this?\n%.300s", m.path, name, texts[name])
			}
			for _, id := range found {
				if !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
			users[texts[name]] = append(users[texts[name]], m.path+" "+name)
		}
		if len(ids) == 0 {
			t.Errorf("%s has no license", m.path)
		}
		slices.Sort(ids)
		wanted := "a dependency"
		if m.direct {
			wanted = "crosscheck"
		}
		fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", m.path, m.version, strings.Join(ids, ", "), wanted)
	}
	var texts strings.Builder
	texts.WriteString("Licenses and notices of the modules of which code is in crosscheck. Those of the\nGo standard library are those of golang.org/x/sync. Generated with dependencies.md.\n")
	for _, text := range slices.SortedFunc(maps.Keys(users), func(a, b string) int { return strings.Compare(users[a][0], users[b][0]) }) {
		fmt.Fprintf(&texts, "\n%s\n%s\n%[1]s\n\n%[3]s\n", strings.Repeat("=", 80), strings.Join(users[text], "\n"), text)
	}
	for name, want := range map[string]string{"dependencies.md": page.String(), "third-party-licenses.txt": texts.String()} {
		path := filepath.Join(repo, "docs", name)
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff.Diff(string(got), want); d != "" {
			t.Errorf("%s is not current; run UPDATE=1 go test ./cmd/crosscheck/internal/cli -run TestDependencies: %s", path, d)
		}
	}
	if len(list) < 20 {
		t.Errorf("only %d modules seen", len(list))
	}
}
