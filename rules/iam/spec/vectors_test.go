package spec_test

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/simulate"
)

// lines visits every line of the vector files that match.
func lines(t *testing.T, pattern string, visit func(t *testing.T, file string, line []byte)) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors match %s: %v", pattern, err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		sc := bufio.NewScanner(f)
		sc.Buffer(nil, 1<<24)
		for sc.Scan() {
			visit(t, strings.TrimSuffix(filepath.Base(name), ".jsonl"), sc.Bytes())
		}
		if err := sc.Err(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

// vector is what a line of testdata/spec wants.
type vector struct {
	ID       string
	Request  json.RawMessage
	Validate json.RawMessage
	Classify json.RawMessage
	Want     struct {
		Decision    string // "allowed", "denied", "unknown", or several with | between them
		Reason      string
		Sid         string // of one of the deciding statements
		Layer       string // of one of the deciding statements
		UnknownKeys []string
		Witness     string // a glob that the witness must match
		Errors      bool   // an invalid document must be reported
		Accepted    *bool
		Line        int
		Public      string
		Statement   *int
	}
	Why, Source string
	Naive       string // why the executable specification does not take this line
}

// answer is an output line of `crosscheck simulate`.
type answer struct {
	ID       string
	Error    string
	Decision string
	Reason   string
	Deciding []struct {
		Layer, Policy, Sid, Effect string
		Statement                  *int
	}
	UnknownKeys []string `json:"unknown_keys"`
	Witness     string
	Accepted    *bool
	Errors      []struct {
		Message      string
		Line, Column int
	}
	Public    string
	Statement int
}

func TestVectors(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	n := 0
	lines(t, "testdata/spec/*.jsonl", func(t *testing.T, file string, line []byte) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if other, dup := seen[v.ID]; dup {
			t.Fatalf("%s: id %s is also in %s", file, v.ID, other)
		}
		if v.Why == "" || !strings.HasPrefix(v.Source, "https://") {
			t.Fatalf("%s: %s has no reason or no source", file, v.ID)
		}
		seen[v.ID] = file
		n++
		t.Run(file+"/"+v.ID, func(t *testing.T) {
			out, _ := simulate.Line(slices.Clone(line))
			var a answer
			if err := json.Unmarshal(out, &a); err != nil {
				t.Fatalf("answer is no JSON: %v\n%s", err, out)
			}
			if a.ID != v.ID || a.Error != "" {
				t.Fatalf("%s", out)
			}
			defer func() {
				if t.Failed() {
					t.Logf("why: %s (%s)\nline: %s\nanswer: %s", v.Why, v.Source, line, out)
				}
			}()
			w := v.Want
			switch {
			case v.Validate != nil:
				if a.Accepted == nil || *a.Accepted != *w.Accepted {
					t.Errorf("accepted is wrong, want %v", *w.Accepted)
				}
				if !*w.Accepted && len(a.Errors) == 0 {
					t.Errorf("refused without an error")
				}
				for _, e := range a.Errors {
					if !*w.Accepted && (e.Message == "" || e.Line < 1 || e.Column < 1) {
						t.Errorf("an error without message or position: %+v", e)
					}
				}
				if w.Line > 0 && !slices.ContainsFunc(a.Errors, func(e struct {
					Message      string
					Line, Column int
				}) bool {
					return e.Line == w.Line
				}) {
					t.Errorf("no error on line %d", w.Line)
				}
			case v.Classify != nil:
				if a.Public != w.Public {
					t.Errorf("public is %q, want %q", a.Public, w.Public)
				}
				if w.Statement != nil && a.Statement != *w.Statement {
					t.Errorf("statement is %d, want %d", a.Statement, *w.Statement)
				}
			default:
				v.checkDecision(t, a, line)
			}
		})
	})
	if n < 250 {
		t.Errorf("only %d vectors", n)
	}
}

func (v *vector) checkDecision(t *testing.T, a answer, line []byte) {
	w := v.Want
	wanted := strings.Split(w.Decision, "|")
	if !slices.Contains(wanted, a.Decision) {
		t.Errorf("decision is %s, want %s", a.Decision, w.Decision)
	}
	if w.Reason != "" && a.Reason != w.Reason {
		t.Errorf("reason is %s, want %s", a.Reason, w.Reason)
	}
	if w.Sid != "" || w.Layer != "" {
		ok := false
		for _, d := range a.Deciding {
			ok = ok || (w.Sid == "" || d.Sid == w.Sid) && (w.Layer == "" || d.Layer == w.Layer)
		}
		// An implicit deny may have no statement to blame: then there is nothing to compare.
		if !ok && (w.Sid != "" || len(a.Deciding) > 0) {
			t.Errorf("deciding lacks sid %q layer %q", w.Sid, w.Layer)
		}
	}
	if w.UnknownKeys != nil && !slices.Equal(a.UnknownKeys, w.UnknownKeys) {
		t.Errorf("unknown keys are %q, want %q", a.UnknownKeys, w.UnknownKeys)
	}
	if w.Witness != "" && !globMatches(glob(w.Witness), units(a.Witness)) {
		t.Errorf("witness is %q, want one like %q", a.Witness, w.Witness)
	}
	if w.Errors && len(a.Errors) == 0 {
		t.Errorf("the invalid document is not reported")
	}
}

// TestVectorsBySpecification asks the executable specification for the same
// answers: a vector and the formulas must say the same.
func TestVectorsBySpecification(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	n := 0
	lines(t, "testdata/spec/*.jsonl", func(t *testing.T, file string, line []byte) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		if v.Request == nil || v.Naive != "" {
			return
		}
		n++
		l, err := readLine(line)
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
			return
		}
		c, err := l.toCase()
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
			return
		}
		results := map[string]iam.Result{"allowed": iam.Allowed, "denied": iam.Denied, "unknown": iam.Undecided}
		switch v.Want.Decision {
		case "allowed|unknown":
			if _, _, err := c.check(iam.Decision{Result: iam.Allowed}, rng, 4000); err != nil {
				t.Errorf("%s/%s: %v", file, v.ID, err)
			}
		case "denied|unknown":
			if _, _, err := c.check(iam.Decision{Result: iam.Allowed}, rng, 4000); err == nil {
				t.Errorf("%s/%s: every world allows", file, v.ID)
			}
		default:
			loose, _, err := c.check(iam.Decision{Result: results[v.Want.Decision]}, rng, 4000)
			if err != nil {
				t.Errorf("%s/%s: %v", file, v.ID, err)
			}
			if loose {
				t.Errorf("%s/%s: unknown is wanted, but all worlds agree", file, v.ID)
			}
		}
	})
	t.Logf("%d vectors", n)
}

// TestRecordingsBySpecification holds the executable specification to what AWS
// was recorded to answer: where it is wrong, it proves nothing of the package.
func TestRecordingsBySpecification(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	lines(t, "testdata/decisions.jsonl", func(t *testing.T, _ string, line []byte) {
		l, err := readLine(line)
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.toCase()
		if err != nil {
			t.Fatal(err)
		}
		results := map[string]iam.Result{"Allowed": iam.Allowed, "Denied": iam.Denied}
		if _, _, err := c.check(iam.Decision{Result: results[l.AWS]}, rng, 100); err != nil || results[l.AWS] == 0 {
			t.Errorf("%s: AWS said %q: %v", l.ID, l.AWS, err)
		}
	})
}
