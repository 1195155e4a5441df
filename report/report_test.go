package report_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// oneOfEach is a message of every kind.
func oneOfEach() []report.Message {
	return []report.Message{
		{Run: &report.Run{}}, {Link: &finding.Link{}}, {Finding: &finding.Finding{}}, {Measurement: &measure.Measurement{}}, {Gap: &fact.Gap{}},
		{Facts: &fact.Document{}}, {Judged: &report.Judged{}}, {Repairs: &finding.Repairs{}}, {Coverage: &fact.Coverage{}}, {Past: &report.Past{}}, {Summary: &report.Summary{}},
	}
}

// The sender gets every error of the next writer, whatever the message, so
// that a full disk ends the run.
func TestErrorsArePassedOn(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left")
	broken := struct{ reporttest.Each }{func(report.Message) error { return full }}
	for i, m := range oneOfEach() {
		if err := m.Send(report.Tee(report.Discard{}, broken)); !errors.Is(err, full) {
			t.Errorf("message %d through Tee: %v", i, err)
		}
		if m.Summary != nil {
			continue // the summarizer writes its own
		}
		if err := m.Send(report.Summarize(broken, report.Gate{})); !errors.Is(err, full) {
			t.Errorf("message %d through Summarize: %v", i, err)
		}
	}
}

const (
	head    = `{"schema_version":"2","tool":{"name":"crosscheck","version":"1"},"run":{"id":"r"}}` + "\n"
	summary = `{"summary":{}}` + "\n"
)

// ReplayOnly reads a large run for a few of its messages: what it does not want may be
// of a later version.
func TestReplayOnly(t *testing.T) {
	t.Parallel()
	kinds := func(text string, kinds ...string) (string, error) {
		r := reporttest.NewRecorder()
		err := report.ReplayOnly(strings.NewReader(text), r, kinds...)
		got := ""
		for _, m := range r.Messages {
			switch {
			case m.Gap != nil:
				got += "gap "
			case m.Coverage != nil:
				got += "coverage "
			case m.Summary != nil:
				got += "summary "
			default:
				got += "another "
			}
		}
		return got, err
	}
	run := reporttest.Seal(head + `{"gap":{}}` + "\n" + `{"link":{"color":1}}` + "\n" + `{"coverage":{}}` + "\n" + summary)
	if got, err := kinds(run, "gap", "coverage"); err != nil || got != "gap coverage summary " {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := kinds(run, "coverage"); err != nil || got != "coverage summary " {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := kinds(run, "link"); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("a malformed line: %v", err)
	}
	for _, cut := range []string{run[:strings.LastIndex(run, `{"summary"`)], run + `{"gap":{}}` + "\n"} {
		if _, err := kinds(cut, "gap"); err == nil || !strings.Contains(err.Error(), "summary") {
			t.Errorf("a run that does not end with its summary: %v", err)
		}
	}
	full := errors.New("no space left")
	broken := struct{ reporttest.Each }{func(report.Message) error { return full }}
	if err := report.ReplayOnly(strings.NewReader(run), broken, "gap"); !errors.Is(err, full) {
		t.Errorf("an error of the handler: %v", err)
	}
}

// A run file names the line that is wrong.
func TestReplayNamesTheLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{reporttest.Seal(head+summary) + `{"gap":{}}` + "\n", "run file, line 3: something follows the summary: is this two files in one?"},
		{head + `{"schema_version":"7","tool":{"name":"crosscheck","version":"1"},"run":{"id":"r"}}` + "\n", "run file, line 2: the run lacks its schema version or its tool"},
		{head + `{"schema_version":"2","run":{"id":"r"}}` + "\n", "run file, line 2: the run lacks its schema version or its tool"},
	} {
		if err := report.Replay(strings.NewReader(c.in), reporttest.NewRecorder()); err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.in, err, c.want)
		}
	}
}

func TestReadRun(t *testing.T) {
	t.Parallel()
	r, err := report.ReadRun(strings.NewReader(head + "what follows is not read"))
	if err != nil || r.ID != "r" || r.Tool.Version != "1" {
		t.Errorf("%+v, %v", r, err)
	}
	for in, want := range map[string]string{
		"":                          "it is empty",
		"hello\n":                   "this is no run file",
		`{"run":{"id":"r"}}` + "\n": "this is no run file",
	} {
		if _, err := report.ReadRun(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// What an interrupted run wrote is said again bucket by bucket: what belongs to one is
// not said of the next, and a bucket that was not finished is left out.
func TestUnfinishedBucketByBucket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.jsonl.partial")
	text := strings.Replace(head, `"tool"`, `"judge":"j","tool"`, 1)
	for i, whole := range []bool{true, false, true} {
		name := fmt.Sprint("b", i)
		text += `{"finding":{"rule_id":"XC001","status":"fail","severity":"high","message":"` + name + `"}}` + "\n" +
			`{"judged":{"account_id":"1","bucket":"` + name + `","links":1,"whole":` + fmt.Sprint(whole) + `}}` + "\n"
	}
	if err := os.WriteFile(path, []byte(reporttest.Seal(text)+`{"finding":{"message":"cut`), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	u, err := report.Resume(f)
	if err != nil {
		t.Fatal(err)
	}
	r := reporttest.NewRecorder()
	if err := u.Replay(r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range r.Messages {
		switch {
		case m.Finding != nil:
			got = append(got, "finding "+m.Finding.Message)
		case m.Judged != nil:
			got = append(got, "judged "+m.Judged.Bucket)
		}
	}
	if diff := cmp.Diff([]string{"finding b0", "judged b0", "finding b2", "judged b2"}, got); diff != "" {
		t.Error(diff)
	}
	for bucket, want := range map[string]bool{"b0": true, "b1": false, "b2": true, "b3": false} {
		if links, yes := u.Judged("1", bucket); yes != want || want && links != 1 {
			t.Errorf("%s: %v, %d links", bucket, yes, links)
		}
	}
	if err := u.Replay(struct{ reporttest.Each }{func(report.Message) error { return io.ErrShortWrite }}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("an error of the handler: %v", err)
	}
}
