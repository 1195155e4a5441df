package output

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"crosscheck/report"
	"crosscheck/report/internal/wire"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

func TestJSONMeetsItsSchema(t *testing.T) {
	s := reporttest.Schema(t, "report.schema.json")
	for name, ms := range map[string][]report.Message{"sample": reporttest.Sample(t), "sparse": reporttest.Sparse(t), "empty": reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}})} {
		t.Run(name, func(t *testing.T) {
			got := render(t, "json", Options{}, ms)
			reporttest.Conforms(t, s, got)
			if bytes.Contains(bytes.ReplaceAll(got, []byte(`"waiver":null`), nil), []byte("null")) {
				t.Errorf("null in\n%s", got)
			}
		})
	}
}

// The schema is only worth something if it refuses what is wrong.
func TestSchemaRefuses(t *testing.T) {
	s := reporttest.Schema(t, "report.schema.json")
	good := string(render(t, "json", Options{}, reporttest.Sample(t)))
	for _, c := range [][2]string{
		{`"schema_version": "1"`, `"schema_version": "2"`},
		{`"verdict":"broken"`, `"verdict":"fine"`},
		{`"status":"unknown"`, `"status":"ok"`},
		{`"severity":"critical"`, `"severity":"urgent"`},
		{`"checks":[]`, `"checks":null`},
		{`"role_arn":`, `"why":"x","role_arn":`},
		{`"exit_status":1`, `"exit_status":2`},
		{`"latency_ms":61`, `"latency_ms":-1`},
	} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if bad == good {
			t.Fatalf("%s is not in the sample", c[0])
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("the schema takes %s", c[1])
		}
	}
}

// The order in which accounts answer must not show in any format but the
// stream itself.
func TestOrderOfArrivalDoesNotShow(t *testing.T) {
	ms := reporttest.Sample(t)
	for format := range formats {
		if format == "jsonl" {
			continue
		}
		want := render(t, format, Options{}, ms)
		for seed := range uint64(20) {
			mixed := append([]report.Message{}, ms...)
			middle := mixed[1 : len(mixed)-1]
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(middle), func(i, j int) { middle[i], middle[j] = middle[j], middle[i] })
			if got := render(t, format, Options{}, mixed); !bytes.Equal(got, want) {
				t.Errorf("%s depends on the order of messages (seed %d)", format, seed)
				break
			}
		}
	}
}

func TestJSONEscapesWhatIsNotSeen(t *testing.T) {
	text := "a\u009bb\u202ec\u200bd\U000e0041e\x7ff<&>é→"
	var b bytes.Buffer
	if err := wire.Encode(&b, text); err != nil {
		t.Fatal(err)
	}
	if want := `"a\u009bb\u202ec\u200bd\udb40\udc41e\u007ff<&>é→"`; b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
	var back string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back != text {
		t.Errorf("%q came back as %q (%v)", text, back, err)
	}
}

// A recorded run that is gated again, as crosscheck report does, gives the same bytes.
func TestReplay(t *testing.T) {
	for name, ms := range map[string][]report.Message{"sample": reporttest.Sample(t), "sparse": reporttest.Sparse(t)} {
		run := render(t, "jsonl", Options{}, ms)
		for format := range formats {
			want := render(t, format, Options{}, ms)
			var got bytes.Buffer
			w := report.Summarize(writer(format, &got, Options{}), report.Gate{}) // that of the samples
			if err := report.Replay(bytes.NewReader(run), w); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s, %s: the replayed run differs from the run", name, format)
			}
		}
	}
}

func TestReplayKeepsNumbers(t *testing.T) {
	f := &finding.Finding{Status: finding.Pass, Evidence: map[string]any{"big": json.Number("12345678901234567890"), "n": 3, "f": 1e21}}
	run := render(t, "jsonl", Options{}, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Finding: f}}))
	if !strings.Contains(string(run), `"evidence":{"big":12345678901234567890,"f":1e+21,"n":3}`) {
		t.Fatalf("unexpected run file:\n%s", run)
	}
	var again bytes.Buffer
	w := report.NewRunFile(&again)
	if err := report.Replay(bytes.NewReader(run), w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if again.String() != string(run) {
		t.Errorf("got\n%s\nwant\n%s", again.String(), run)
	}
}

// Wherever a run file is cut, it is refused, or all of it was there.
func TestReplayRefusesACutFile(t *testing.T) {
	run := render(t, "jsonl", Options{}, reporttest.Sample(t))
	want := bytes.TrimRight(run, "\n")
	for n := range len(run) {
		got := reporttest.NewRecorder()
		err := report.Replay(bytes.NewReader(run[:n]), got)
		if (err == nil) != (n >= len(want)) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(run), err)
		}
		if got.Closed {
			t.Fatal("Replay closed the writer")
		}
	}
}

func TestReplayErrors(t *testing.T) {
	run := string(render(t, "jsonl", Options{}, reporttest.Sample(t)))
	head, rest, _ := strings.Cut(run, "\n")
	for _, c := range []struct{ in, want string }{
		{"", "run file: it is empty"},
		{"hello\n", "line 1: this is no run file"},
		{`{"run":{"schema_version":"1","id":"x"}}` + "\n", "scan --facts"},
		{strings.Replace(run, `"schema_version":"1"`, `"schema_version":"7"`, 1), `line 1: schema version "7": this crosscheck reads version 1`},
		{`{"schema_version":"1","tool":{"name":"crosscheck","version":"1"},"run":{"id":""},"links":[]}`, `unknown field "links"`},
		{head + "\n{}\n" + rest, "line 2: not exactly one message"},
		{head + "\n" + `{"gap":{},"coverage":{}}` + "\n", "line 2: not exactly one message"},
		{head + "\n" + `{"link":{"why":"x"}}` + "\n", "line 2: a link without fields"},
		{head + "\n" + `{"gap":{"color":1}}` + "\n", `line 2: json: unknown field "color"`},
		{head + "\n" + `{"gap":{}} {"gap":{}}` + "\n", "line 2: more than one message"},
		{run + head + "\n", "something follows the summary"},
		{head + "\n", "ends after line 1 without a summary"},
		{head + "\n" + `{"run":{}}` + "\n", "line 2: the run lacks its schema version"},
	} {
		if err := report.Replay(strings.NewReader(c.in), reporttest.NewRecorder()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: got %v, want an error with %q", c.in, err, c.want)
		}
	}
	long := strings.NewReader(head + "\n" + strings.Repeat("x", 64<<20+1))
	if err := report.Replay(long, reporttest.NewRecorder()); err == nil || !strings.Contains(err.Error(), "longer than 64 MiB") {
		t.Errorf("a line without an end: %v", err)
	}
}

func TestNoReportOfACutStream(t *testing.T) {
	ms := reporttest.Sample(t)
	for format := range formats {
		if format == "jsonl" {
			continue // it is the stream; Replay refuses it
		}
		for _, part := range [][]report.Message{ms[1:], ms[:len(ms)-1]} {
			var b bytes.Buffer
			w := writer(format, &b, Options{})
			for _, m := range part {
				if err := m.Send(w); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err == nil || b.Len() > 0 {
				t.Errorf("%s made a report of a run that was cut", format)
			}
		}
	}
}
