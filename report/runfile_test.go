package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

func TestReplayKeepsNumbers(t *testing.T) {
	t.Parallel()
	f := &finding.Finding{Status: finding.Pass, Evidence: map[string]any{"big": json.Number("12345678901234567890"), "n": 3, "f": 1e21}}
	run := reporttest.RunFile(t, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Finding: f}}))
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
	reporttest.Sequential(t)
	t.Parallel()
	run := reporttest.RunFile(t, reporttest.Sample(t))
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
	t.Parallel()
	run := string(reporttest.RunFile(t, reporttest.Sample(t)))
	head, rest, _ := strings.Cut(run, "\n")
	for _, c := range []struct{ in, want string }{
		{"", "run file: it is empty"},
		{"hello\n", "line 1: this is no run file"},
		{`{"run":{"schema_version":"2","id":"x"}}` + "\n", "scan --facts"},
		{strings.Replace(run, `"schema_version":"2"`, `"schema_version":"1"`, 1), `line 1: schema version "1": this crosscheck reads version 2`},
		{`{"schema_version":"2","tool":{"name":"crosscheck","version":"1"},"run":{"id":""},"links":[]}`, `unknown field "links"`},
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
	if err := report.Replay(long, reporttest.NewRecorder()); err == nil || !strings.Contains(err.Error(), "longer than 16 MiB") {
		t.Errorf("a line without an end: %v", err)
	}
}

// A run that is continued is compared with the baseline of now.
func TestResumeDropsMarks(t *testing.T) {
	t.Parallel()
	broken := reporttest.Link("legacy-archive", reporttest.Prod, "old", "backup-legacy-archive", finding.Broken, "", "X")
	ms := []report.Message{{Run: &report.Run{Judge: "j"}}, {Link: broken},
		{Finding: &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.High, AccountID: reporttest.Prod, Resource: reporttest.ARN("legacy-archive"), Fingerprint: "x"}},
		{Judged: &report.Judged{AccountID: reporttest.Prod, Bucket: "legacy-archive", Links: 1, Whole: true}}}
	file := reporttest.RunFile(t, reporttest.Summarized(t, report.Gate{}, ms, reporttest.BaselineOf(t, reporttest.RecordedRun(t))))
	if !bytes.Contains(file, []byte(`"baseline":"new"`)) {
		t.Fatalf("no mark in %s", file)
	}
	u, err := report.Resume(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	got := reporttest.NewRecorder()
	if err := u.Replay(got); err != nil || len(got.Messages) != 3 {
		t.Errorf("%v, %d messages", err, len(got.Messages))
	}
	for _, m := range got.Messages {
		if m.Link != nil && m.Link.Baseline != "" || m.Finding != nil && m.Finding.Baseline != "" {
			t.Errorf("a mark is left: %+v", m)
		}
	}
}

// What encoding/json lets pass is refused: a field of which the last value would count.
func TestRunFileIsExact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"gap":{"fact":"a","fact":"b"}}`: `field "fact" occurs twice`,
		`{"gap":{"Fact":"a"}}`:            `unknown field "Fact"`,
		"{\"gap\":{\"fact\":\"\xff\"}}":   "this is not UTF-8",
	} {
		r := strings.NewReader(text + "\n")
		err := report.ReplayOnly(r, report.Discard{}, "gap")
		if err == nil || err.Error() != "run file, line 1: "+want {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}

// A run file of which any line was altered, lost, doubled or moved is refused before its
// summary is believed; one without a digest is too.
func TestDigest(t *testing.T) {
	t.Parallel()
	run := string(reporttest.RunFile(t, reporttest.Sample(t)))
	all := strings.SplitAfter(strings.TrimSuffix(run, "\n"), "\n")
	last := len(all) - 1
	unsealed := regexp.MustCompile(`,"digest":"[^"]*"`).ReplaceAllString(run, "")
	refused := func(what, file, want string) {
		t.Helper()
		rec := reporttest.NewRecorder()
		err := report.Replay(strings.NewReader(file), rec)
		if !errors.Is(err, report.ErrDigest) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", what, err)
		}
		if n := len(rec.Messages); n > 0 && rec.Messages[n-1].Summary != nil {
			t.Errorf("%s: its summary was believed", what)
		}
		if err := report.ReplayOnly(strings.NewReader(file), report.Discard{}, "measurement"); !errors.Is(err, report.ErrDigest) {
			t.Errorf("%s, for its measurements: %v", what, err)
		}
		if _, err := report.Resume(strings.NewReader(file)); err == nil {
			t.Errorf("%s: it can be continued", what)
		}
	}
	const differs = ": the digest does not fit: the lines up to it are not those that were written"
	for i := 1; i < last; i++ {
		refused(fmt.Sprintf("without line %d", i+1), strings.Join(slices.Delete(slices.Clone(all), i, i+1), ""), differs)
		refused(fmt.Sprintf("line %d twice", i+1), strings.Join(slices.Insert(slices.Clone(all), i, all[i]), ""), differs)
	}
	// What an interrupted run left is proven up to the last bucket that was judged.
	partial := reporttest.Seal(strings.Replace(run[:strings.LastIndex(run, `{"coverage":`)], `"tool":`, `"judge":"x","tool":`, 1))
	if _, err := report.Resume(strings.NewReader(partial)); err != nil {
		t.Errorf("an interrupted run: %v", err)
	}
	lost := strings.SplitAfter(partial, "\n")
	for i, line := range lost {
		if strings.HasPrefix(line, `{"finding":`) || strings.HasPrefix(line, `{"link":`) {
			without := strings.Join(slices.Delete(slices.Clone(lost), i, i+1), "")
			if _, err := report.Resume(strings.NewReader(without)); !errors.Is(err, report.ErrDigest) && strings.Contains(strings.Join(lost[i:], ""), `{"judged":`) {
				t.Errorf("an interrupted run without line %d can be continued: %v", i+1, err)
			}
		}
	}
	refused("with a status altered", strings.Replace(run, `"status":"fail"`, `"status":"pass"`, 1), differs)
	refused("with the summary altered", strings.Replace(run, `"exit_status":1`, `"exit_status":0`, 1), differs)
	refused("with another digest", strings.Replace(run, `"digest":"sha256:`, `"digest":"sha256:0`, 1), differs)
	refused("without a digest", unsealed, ": the digest is missing: it was written by an earlier version of crosscheck, or edited")
	if got := reporttest.Seal(unsealed); got != run {
		t.Errorf("sealed again it is another file:\n%s", got)
	}
	if err := report.Replay(strings.NewReader(strings.ReplaceAll(run, "\n", "\r\n")), reporttest.NewRecorder()); err != nil {
		t.Errorf("other ends of lines: %v", err)
	}
	digest := strings.Replace(all[1], "}\n", `,"digest":"sha256:00"}`+"\n", 1)
	if err := report.Replay(strings.NewReader(all[0]+digest), reporttest.NewRecorder()); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a digest that ends no run: %v", err)
	}
}

func factsOf(bucket string) *fact.Document {
	return &fact.Document{
		SchemaVersion: fact.SchemaVersion, Partition: "aws", Organization: fact.None[fact.Organization](),
		Bucket: fact.Bucket{Name: bucket, ARN: "arn:aws:s3:::" + bucket, AccountID: "111111111111", Region: "us-east-1", Replication: fact.None[fact.Replication](),
			Policy: fact.Of(fact.Policy{Name: bucket, Document: "{\n\t\"Version\": \"2012-10-17\" \u2013 <\u200b>}"})},
	}
}

// The facts of a bucket come back as they were written, and a run goes on with those of the
// buckets that it takes over.
func TestRunFileKeepsFacts(t *testing.T) {
	t.Parallel()
	ms := []report.Message{{Run: &report.Run{Judge: "j"}}}
	for i, name := range []string{"whole", "again"} {
		ms = append(ms, reporttest.LinkOf(name+"/r→d", finding.Broken), report.Message{Facts: factsOf(name)},
			report.Message{Judged: &report.Judged{AccountID: "1", Bucket: name, Links: 1, Whole: i == 0}})
	}
	file := reporttest.RunFile(t, reporttest.Summarized(t, report.Gate{}, ms))
	got := reporttest.NewRecorder()
	if err := report.Replay(bytes.NewReader(file), got); err != nil {
		t.Fatal(err)
	}
	var docs []*fact.Document
	for _, m := range got.Messages {
		if m.Facts != nil {
			docs = append(docs, m.Facts)
		}
	}
	if diff := cmp.Diff([]*fact.Document{factsOf("whole"), factsOf("again")}, docs); diff != "" {
		t.Error(diff)
	}
	u, err := report.Resume(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	again := reporttest.NewRecorder()
	if err := u.Replay(again); err != nil {
		t.Fatal(err)
	}
	if len(again.Messages) != 3 || again.Messages[1].Facts == nil || again.Messages[1].Facts.Bucket.Name != "whole" {
		t.Errorf("%d messages are taken over, want the link, the facts and the end of one bucket: %+v", len(again.Messages), again.Messages)
	}
}

// What is not understood of facts is refused: it would pass for knowledge.
func TestRunFileFactsAreExact(t *testing.T) {
	t.Parallel()
	for facts, want := range map[string]string{
		`{"schema_version":"1","partition":"aws","bucket":{"name":"b","arn":"arn:aws:s3:::b","shade":"red"}}`:                               `unknown field "shade"`,
		`{"schema_version":"0","partition":"aws","bucket":{"name":"b","arn":"arn:aws:s3:::b"}}`:                                             `schema version "0"`,
		`{"schema_version":"1","partition":"aws","bucket":{"name":"b","arn":"arn:aws:s3:::b","versioning":{"value":null}}}`:                 "null",
		`{"schema_version":"1","partition":"aws","bucket":{"name":"b","arn":"arn:aws:s3:::b","ownership":{"value":"x","absent":true}}}`:     "not two of them",
		`{"schema_version":"1","partition":"aws","partition":"aws-cn","bucket":{"name":"b","arn":"arn:aws:s3:::b"}}`:                        "occurs twice",
		`{"schema_version":"1","partition":"aws","bucket":{"name":"b","arn":"arn:aws:s3:::b","versioning":{"value":{"Status":"Enabled"}}}}`: "Status",
	} {
		err := report.Replay(strings.NewReader(reporttest.Seal(head+`{"facts":`+facts+"}\n"+summary)), report.Discard{})
		if err == nil || !strings.Contains(err.Error(), "line 2: facts: ") && !strings.Contains(err.Error(), "occurs twice") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", facts, err, want)
		}
	}
}

// Facts that are too long for a line are left out, and the run can be read.
func TestRunFileLeavesOutLongFacts(t *testing.T) {
	t.Parallel()
	long := factsOf("b")
	long.Bucket.Policy = fact.Of(fact.Policy{Document: strings.Repeat("x", 16<<20)})
	file := reporttest.RunFile(t, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Facts: long}}))
	got := reporttest.NewRecorder()
	if err := report.Replay(bytes.NewReader(file), got); err != nil || len(got.Messages) != 2 {
		t.Errorf("%v, %d messages", err, len(got.Messages))
	}
}
