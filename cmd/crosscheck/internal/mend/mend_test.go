package mend_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/cmd/crosscheck/internal/mend"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/reporttest"
	"crosscheck/rules"
)

const (
	head   = `{"schema_version":"2","tool":{"name":"crosscheck","version":"1"},"run":{"id":"r"}}` + "\n"
	broken = `{"link":{"id":"a/r→b","source":{"account_id":"111111111111","region":"us-east-1","bucket":"a"},"rule_id":"r","verdict":"broken","why":""}}` + "\n"
	failed = `{"finding":{"rule_id":"XC043","status":"fail","severity":"high","resource":"arn:aws:s3:::c","link":"c/r→d","fingerprint":"0123456789abcdef0123456789abcdef"}}` + "\n" +
		`{"finding":{"rule_id":"XC044","status":"pass","severity":"high","resource":"arn:aws:s3:::c","link":"c/r→d","fingerprint":"fedcba98765432100123456789abcdef"}}` + "\n"
	end = `{"summary":{}}` + "\n"
)

// A run without the facts that are needed says how to get them.
func TestRunsWithoutFacts(t *testing.T) {
	t.Parallel()
	engine, err := rules.New(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.jsonl")
	if err := os.WriteFile(path, []byte(reporttest.Seal(head+broken+failed+end)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ only, err, hint string }{
		{"", "has no facts of the link a/r→b: it was recorded by an earlier version of crosscheck", "crosscheck scan -o jsonl=RUN"},
		{"a/r->b", "has no facts of the link a/r→b", "crosscheck facts -o FILE"},
		{"01234567", "has no facts for the finding XC043 of c/r→d", "crosscheck facts -o FILE"},
		{"a/r->c", `has no link "a/r->c"`, "it has a/r→b"},
		{"x/r->b", `has no link "x/r->b"`, "did you mean a/r→b?"},
		{"01234568", "has no finding whose fingerprint begins with 01234568", "fingerprints"},
	} {
		o := mend.Options{From: path}
		if c.only != "" {
			o.Only = []string{c.only}
		}
		_, err := mend.Find(t.Context(), engine, &o)
		if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(usererr.HintOf(err), c.hint) {
			t.Errorf("%q: got %v; %s, want %q; %q", c.only, err, usererr.HintOf(err), c.err, c.hint)
		}
	}
	got, err := mend.Find(t.Context(), engine, &mend.Options{From: path, Only: []string{"fedcba98"}})
	if err != nil || len(got.Notes) != 1 || got.Notes[0] != "fedcba98: the finding XC044 of c/r→d is pass: there is nothing to fix" {
		t.Errorf("%v, %+v", err, got)
	}
}
