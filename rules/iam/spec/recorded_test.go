package spec_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/rules/iam/simulate"
)

// eachVector calls test for every line of a file of what AWS did when it was recorded.
func eachVector(t *testing.T, file string, test func(t *testing.T, line []byte)) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		n++
		line := bytes.Clone(lines.Bytes())
		var head struct{ ID string }
		if err := json.Unmarshal(line, &head); err != nil {
			t.Fatal(err)
		}
		t.Run(head.ID, func(t *testing.T) { test(t, line) })
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Fatalf("%s has no lines", file)
	}
}

// ask sends a line to Simulate and reads its answer.
func ask(t *testing.T, line []byte, answer any) {
	t.Helper()
	out, ok := simulate.Line(line)
	if !ok {
		t.Fatalf("line was not read: %s", out)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestRecordedDecisions(t *testing.T) {
	t.Parallel()
	eachVector(t, "decisions.jsonl", func(t *testing.T, line []byte) {
		var want struct{ AWS, Note string }
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Decision, Reason string
			UnknownKeys      []string        `json:"unknown_keys"`
			Errors           json.RawMessage `json:"errors"`
		}
		ask(t, line, &got)
		if got.Decision != strings.ToLower(want.AWS) {
			t.Errorf("AWS said %s, we say %s (%s, unknown %v, errors %s)\n%s", want.AWS, got.Decision, got.Reason, got.UnknownKeys, got.Errors, want.Note)
		}
	})
}

// TestDocumented: what AWS documents on its pages, which each line names.
func TestDocumented(t *testing.T) {
	t.Parallel()
	eachVector(t, "documented.jsonl", func(t *testing.T, line []byte) {
		var v struct {
			Expected any
			Source   string
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		var question map[string]json.RawMessage
		if err := json.Unmarshal(line, &question); err != nil {
			t.Fatal(err)
		}
		delete(question, "expected")
		delete(question, "source")
		q, err := json.Marshal(question)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Decision, Reason string
			Accepted         *bool
			Errors           json.RawMessage
		}
		ask(t, q, &got)
		answer := any(got.Decision)
		if got.Accepted != nil {
			answer = *got.Accepted
		}
		if answer != v.Expected {
			t.Errorf("%v (%s, errors %s), want %v: %s", answer, got.Reason, got.Errors, v.Expected, v.Source)
		}
	})
}

func TestRecordedValidations(t *testing.T) {
	t.Parallel()
	eachVector(t, "validation.jsonl", func(t *testing.T, line []byte) {
		var v struct {
			ID, Kind, Note string
			Document       json.RawMessage
			Accepted       bool
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		q, err := json.Marshal(map[string]any{"id": v.ID, "validate": map[string]any{"kind": v.Kind, "bucket": "vec-pub", "document": v.Document}})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Accepted bool
			Errors   []struct {
				Message      string
				Line, Column int
			}
		}
		ask(t, q, &got)
		if got.Accepted != v.Accepted {
			t.Errorf("accepted %v, want %v: %v\n%s", got.Accepted, v.Accepted, got.Errors, v.Note)
		}
		if !got.Accepted && (len(got.Errors) == 0 || got.Errors[0].Line != 1 || got.Errors[0].Column < 1) {
			t.Errorf("no error with a position: %v", got.Errors)
		}
	})
}

func TestRecordedPublicness(t *testing.T) {
	t.Parallel()
	eachVector(t, "public.jsonl", func(t *testing.T, line []byte) {
		var v struct {
			ID, Bucket, Note string
			Policy           json.RawMessage
			Public           bool
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		q, err := json.Marshal(map[string]any{"id": v.ID, "classify": map[string]any{"bucket": v.Bucket, "policy": v.Policy}})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Public    string
			Statement int
		}
		ask(t, q, &got)
		if want := map[bool]string{true: "true", false: "false"}[v.Public]; got.Public != want {
			t.Errorf("public %s (statement %d), want %s\n%s", got.Public, got.Statement, want, v.Note)
		}
	})
}
