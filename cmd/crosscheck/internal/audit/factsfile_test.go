package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crosscheck/scanner"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

// factsFile is what `crosscheck facts` writes of a world.
func (w *faultWorld) factsFile(t *testing.T) []byte {
	t.Helper()
	opts := w.options
	opts.RunID, opts.Needs, opts.Wants = "run", w.needs, w.wants
	var file bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		box, err := sandbox.New(w.world(t))
		if err != nil {
			t.Fatal(err)
		}
		_, err = WriteFacts(t.Context(), func(ctx context.Context, emit func(fact.Message) error) error {
			return scanner.Scan(ctx, aws.Config{
				Region: "us-east-1", HTTPClient: box.HTTPClient(),
				Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
			}, opts, emit)
		}, "-", &file)
		if err != nil {
			t.Fatal(err)
		}
	})
	return file.Bytes()
}

// judgeFile judges a facts file; the error is that of a file that is refused.
func (w *faultWorld) judgeFile(t *testing.T, file []byte) (*judgedScan, error) {
	t.Helper()
	var messages []fact.Message
	if err := FactsFile("-", bytes.NewReader(file))(t.Context(), func(m fact.Message) error {
		messages = append(messages, m)
		return nil
	}); err != nil {
		return nil, err
	}
	return w.judge(t, messages), nil
}

// TestNothingLostFromAFactsFilePasses loses every line of facts files, and every fact and
// every thing that a document refers to: the file is refused, or the run is incomplete and
// nothing looks better.
func TestNothingLostFromAFactsFilePasses(t *testing.T) {
	if testing.Short() {
		t.Skip("make race: TestLastingFaults judges in the same way")
	}
	t.Parallel()
	lostFacts(t, 29)
}

// lostFacts tries one loss of every so many.
func lostFacts(t *testing.T, step int) {
	t.Helper()
	total, refused := 0, 0
	for _, w := range faultWorlds(t) {
		file := w.factsFile(t)
		whole, err := w.judgeFile(t, file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(bytes.TrimSuffix(file, []byte("\n")), []byte("\n"))
		check := func(what string, mutant []byte, gaps bool) {
			total++
			got, err := w.judgeFile(t, mutant)
			if err != nil {
				refused++
				return
			}
			for _, better := range got.improvements(whole) {
				t.Errorf("%s without %s: %s", w.name, what, better)
			}
			told := slices.ContainsFunc(got.gaps, func(g fact.Gap) bool { return !slices.Contains(whole.gaps, g) })
			if gaps && (got.status == clean || !told) {
				t.Errorf("%s without %s: exit status %d, no gap says so", w.name, what, got.status)
			}
		}
		n := 0
		for i := range lines {
			if i == 0 {
				continue // without the run it is no facts file
			}
			if n++; n%step != 0 && len(lines) > 2*step {
				continue
			}
			check(fmt.Sprintf("line %d", i+1), bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil), true)
		}
		for i, line := range lines {
			var m map[string]any
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			lose(m, "", func(path string, entry bool) {
				if n++; n%step != 0 {
					return
				}
				mutant, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				if d, _ := m["document"].(map[string]any); strings.Contains(path, ".accounts") && d["links"] == nil {
					entry = false // nothing refers to it: only a rule may ask
				}
				all := slices.Clone(lines)
				all[i] = append(mutant, '\n')
				check(fmt.Sprintf("%s on line %d", path, i+1), bytes.Join(all, nil), entry)
			})
		}
	}
	t.Logf("%d files, %d of them refused", total, refused)
}

// lose calls f with the tree m less one thing at a time: a fact, or (entry) something that
// a document refers to.
func lose(m map[string]any, path string, f func(path string, entry bool)) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		v := m[key]
		at := strings.TrimPrefix(path+"."+key, ".")
		switch below := v.(type) {
		case map[string]any:
			_, has := below["value"]
			_, absent := below["absent"]
			_, gap := below["gap"]
			parent := path[strings.LastIndexByte(path, '.')+1:]
			entry := slices.Contains([]string{"buckets", "roles", "keys", "accounts"}, parent)
			if has || absent || gap || entry || slices.Contains([]string{"buckets", "roles", "keys", "accounts", "lines", "run", "organization"}, key) && path != "" {
				delete(m, key)
				f(at, entry || key == "organization" || at == "document.bucket.replication")
				m[key] = v
			}
			if key != "value" || entryValue(below) {
				lose(below, at, f)
			}
		case []any:
			if key != "links" {
				continue
			}
			for i := range below {
				m[key] = slices.Delete(slices.Clone(below), i, i+1)
				f(fmt.Sprintf("%s.%d", at, i), true)
			}
			m[key] = v
		}
	}
}

// entryValue reports whether a value is that of a bucket, role or key, which has facts.
func entryValue(v map[string]any) bool { return v["arn"] != nil }
