package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"crosscheck/cmd/crosscheck/internal/terminal"
)

// The whole command against a server that speaks as AWS does, and throttles once.
func TestReportSendsToSecurityHub(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.jsonl")
	quiet := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		status := run(args, &terminal.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, nil)
		return status, out.String(), errs.String()
	}
	if status, _, errs := quiet("demo", "-q", "-o", "jsonl="+path); status != exitClean {
		t.Fatal(status, errs)
	}
	var calls, imported atomic.Int32
	seen := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		if bytes.Contains(body, []byte("GetCallerIdentity")) {
			w.Header().Set("Content-Type", "text/xml")
		}
		switch {
		case r.URL.Path == "/findings/import" && calls.Add(1) == 1:
			w.Header().Set("X-Amzn-ErrorType", "TooManyRequestsException")
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"Message":"slow down"}`)
		case r.URL.Path == "/findings/import":
			var in struct{ Findings []map[string]any }
			if err := json.Unmarshal(body, &in); err != nil {
				t.Error(err)
			}
			for _, f := range in.Findings {
				seen[f["Id"].(string)] = true
				if f["AwsAccountId"] != "123456789012" || f["ProductArn"] != "arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default" {
					t.Errorf("%v %v", f["AwsAccountId"], f["ProductArn"])
				}
			}
			imported.Add(int32(len(in.Findings)))
			fmt.Fprintf(w, `{"SuccessCount":%d,"FailedCount":0,"FailedFindings":[]}`, len(in.Findings))
		case r.URL.Path == "/findings":
			fmt.Fprint(w, `{"Findings":[]}`)
		case bytes.Contains(body, []byte("GetCallerIdentity")):
			fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		default:
			t.Errorf("%s %s", r.Method, r.URL)
		}
	}))
	defer server.Close()
	for k, v := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		t.Setenv(k, v)
	}
	status, out, errs := quiet("report", "--from", path, "--gate", "-o", "asff", "--send", "securityhub", "--region", "eu-central-1")
	if want := fmt.Sprintf("Security Hub: %d findings imported, 0 archived\n", imported.Load()); status != exitFindings || errs != want {
		t.Errorf("exit status %d, said %q, want %q", status, errs, want)
	}
	// All that the format holds was sent, and the SDK knows every field of it.
	n := 0
	for line := range strings.Lines(out) {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var in securityhub.BatchImportFindingsInput
		if err := d.Decode(&in); err != nil {
			t.Fatal(err)
		}
		for _, f := range in.Findings {
			n++
			if !seen[*f.Id] {
				t.Errorf("%s was not sent", *f.Id)
			}
		}
	}
	if n == 0 || n != int(imported.Load()) {
		t.Errorf("%d findings written, %d sent", n, imported.Load())
	}

	// A run that was cut is not sent, nor is anything with flags that say nothing.
	imported.Store(0)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.jsonl")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--from", cut, "--send", "securityhub"}, {"--from", path, "--send", "pigeon"}, {"--from", path, "--send-role", "r"}, {"--from", path, "--region", "eu-west-1"},
		{"--from", path, "--send", "securityhub", "--external-id", "x"},
	} {
		if status, _, errs := quiet(append([]string{"report"}, args...)...); status != exitUsage || strings.Count(errs, "\n") != 1 || imported.Load() != 0 {
			t.Errorf("%v: exit status %d, said %q, sent %d", args, status, errs, imported.Load())
		}
	}
}
