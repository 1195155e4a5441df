package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

// scanned is the JSON report of a scan of the demo world through cfg.
func scanned(t *testing.T, cfg aws.Config) []byte {
	t.Helper()
	c, err := parseConfig("demo.crosscheck.yaml", testdata.DemoConfig)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := rules.New(rules.Options{Parameters: c.parameters()})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	set, err := report.Open([]report.Output{{Format: "json"}}, &out, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sum := report.Summarize(set, report.Policy{})
	source := func(ctx context.Context, emit func(fact.Message) error) error {
		return scanner.Scan(ctx, cfg, scanner.Options{RoleName: c.Scan.RoleName, Needs: engine.Needs(), RunID: "run"}, emit)
	}
	if err := judge(t.Context(), source, engine, sum, nil); err != nil {
		t.Fatal(err)
	}
	if err := sum.Close(); err != nil {
		t.Fatal(err)
	}
	times := regexp.MustCompile(`"(started_at|finished_at)": *"[^"]*"`)
	return times.ReplaceAll(out.Bytes(), []byte(`"$1": ""`))
}

// TestScanOverHTTPEqualsInProcess: the sandbox has two doors, and a scan through
// either says the same, byte for byte.
func TestScanOverHTTPEqualsInProcess(t *testing.T) {
	inProcess, _, err := demoAWS()
	if err != nil {
		t.Fatal(err)
	}
	want := scanned(t, inProcess)

	world, err := sandbox.Load("demo.yaml", testdata.DemoWorld)
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(world)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": sandbox.DefaultAccessKey, "AWS_SECRET_ACCESS_KEY": sandbox.DefaultSecretKey,
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(k, v)
	}
	cfg, err := scanner.LoadConfig(t.Context(), "", "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(scanned(t, cfg))); diff != "" {
		t.Errorf("over HTTP the report differs (-in process +HTTP):\n%s", diff)
	}
	if !bytes.Contains(want, []byte(`"verdict":"broken"`)) || len(want) < 10_000 {
		t.Errorf("the report is empty:\n%.500s", want)
	}
}

// TestSameInputSameOutput: nothing depends on the order in which goroutines end.
func TestSameInputSameOutput(t *testing.T) {
	var first []byte
	for range 5 {
		cfg, _, err := demoAWS()
		if err != nil {
			t.Fatal(err)
		}
		got := scanned(t, cfg)
		if first == nil {
			first = got
		} else if diff := cmp.Diff(string(first), string(got)); diff != "" {
			t.Fatalf("two scans differ:\n%s", diff)
		}
	}
}
