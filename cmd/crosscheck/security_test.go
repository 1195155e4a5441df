package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"crosscheck/report"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

// TestNoCredentialIsWritten scans and probes with every output there is and looks
// for the caller's secret, and for the keys and tokens of all sessions that STS gave
// out, in all of them: reports, run file, facts, journals, standard output and error.
func TestNoCredentialIsWritten(t *testing.T) {
	box := served(t, testdata.DemoWorld)
	var mu sync.Mutex
	secrets := []string{sandbox.DefaultSecretKey}
	issued := regexp.MustCompile(`<(SecretAccessKey|SessionToken)>([^<]+)</`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		box.ServeHTTP(rec, r)
		mu.Lock()
		defer mu.Unlock()
		for _, m := range issued.FindAllStringSubmatch(rec.body.String(), -1) {
			secrets = append(secrets, m[2])
		}
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	args := []string{"drill", "--yes", "--journal", filepath.Join(dir, "journal"), "-o", "table"}
	for _, format := range report.Formats() {
		if format != "table" {
			args = append(args, "-o", format+"="+filepath.Join(dir, "out."+format))
		}
	}
	written := map[string]string{}
	for name, args := range map[string][]string{"drill": args, "facts": {"facts", "-o", filepath.Join(dir, "facts.jsonl")}} {
		status, stdout, stderr := inProcess(t.Context(), args...)
		if status == exitUsage {
			t.Fatal(stderr)
		}
		written[name+" stdout"], written[name+" stderr"] = stdout, stderr
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		written[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(secrets) < 9 || len(written) < 4+len(report.Formats())-1 {
		t.Fatalf("%d secrets, %d outputs", len(secrets), len(written))
	}
	for name, text := range written {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a credential", name)
			}
		}
	}
	t.Logf("%d secrets, %d outputs", len(secrets), len(written))
}

// recorder keeps a copy of an answer.
type recorder struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}
