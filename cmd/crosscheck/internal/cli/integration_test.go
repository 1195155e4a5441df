//go:build integration

package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

// The tests of this file use servers and clients that this project did not
// write. `make integration` makes the Python environment they run in.

// venv is the path of a program of that environment.
func venv(t *testing.T, program string) string {
	t.Helper()
	dir := os.Getenv("XCTEST_VENV")
	if dir == "" {
		t.Skip("XCTEST_VENV is not set: run make integration")
	}
	path := filepath.Join(dir, "bin", program)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make integration", err)
	}
	return path
}

// script is the path of a script of testdata/integration.
func script(name string) string { return filepath.Join(repo, "testdata", "integration", name) }

// serveDemo serves the demo world on loopback and returns its address.
func serveDemo(t *testing.T) string {
	t.Helper()
	world, err := sandbox.Load("demo.yaml", testdata.DemoWorld)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(world)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

// startMoto starts moto on a free loopback port and stops it with the test.
func startMoto(t *testing.T) string {
	t.Helper()
	var logged bytes.Buffer
	cmd := exec.Command(venv(t, "python"), script("moto_server.py"))
	cmd.Stderr = &logged
	cmd.Env = cleanEnv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS=false")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	if !late.Stop() || err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("moto did not start within a minute: %v\n%s", err, logged.String())
	}
	return strings.TrimSpace(url)
}

// cleanEnv is the environment without any AWS setting of this machine.
func cleanEnv(extra ...string) []string {
	env := []string{"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null"}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") {
			env = append(env, kv)
		}
	}
	return append(env, extra...)
}

// sandboxEnv is what `crosscheck sandbox` prints for its clients.
func sandboxEnv(url string) []string {
	return cleanEnv("AWS_ENDPOINT_URL="+url, "AWS_ACCESS_KEY_ID="+sandbox.DefaultAccessKey,
		"AWS_SECRET_ACCESS_KEY="+sandbox.DefaultSecretKey, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1")
}

func runScript(t *testing.T, env []string, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestIntegrationBoto3(t *testing.T) {
	t.Parallel()
	url := serveDemo(t)
	t.Log(runScript(t, sandboxEnv(url), venv(t, "python"), script("boto3_client.py"), url))
}

func TestIntegrationShapesAgreeWithMoto(t *testing.T) {
	t.Parallel()
	url, moto := serveDemo(t), startMoto(t)
	t.Log(runScript(t, sandboxEnv(url), venv(t, "python"), script("shapes.py"), url, moto))
}

// TestIntegrationMotoOrganization scans the demo world as moto serves it: the
// verdicts must be those of the sandbox. moto chooses the account ids, enters
// every account with any role, and has no Block Public Access of an account.
func TestIntegrationMotoOrganization(t *testing.T) {
	t.Parallel()
	moto := startMoto(t)
	out := runScript(t, cleanEnv(), venv(t, "python"), script("moto_world.py"), moto, filepath.Join(repo, "testdata", "worlds", "demo.yaml"))
	var ids map[string]string
	if err := json.Unmarshal([]byte(out), &ids); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	want := verdicts(t, crosscheck(t, nil, exitClean, "demo", "-q", "-o", "json"))
	if len(want) != 9 {
		t.Fatalf("the demo has %d links", len(want))
	}
	config := filepath.Join(repo, "testdata", "worlds", "demo.crosscheck.yaml")
	got := verdicts(t, crosscheck(t, []string{"AWS_ENDPOINT_URL=" + moto, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1"},
		exitFindings, "scan", "-q", "--config", config, "-o", "json"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts on moto differ (-sandbox +moto):\n%s", diff)
	}
}

// verdicts of the links of a JSON report, with their failure codes.
func verdicts(t *testing.T, report []byte) map[string]string {
	t.Helper()
	var r struct {
		Links []struct {
			ID, Verdict string
			Codes       []string `json:"failure_codes"`
		}
	}
	if err := json.Unmarshal(report, &r); err != nil {
		t.Fatalf("%v in %.200q", err, report)
	}
	v := map[string]string{}
	for _, l := range r.Links {
		v[l.ID] = strings.TrimSpace(l.Verdict + " " + strings.Join(l.Codes, " "))
	}
	return v
}

// crosscheck runs this program in a process of its own and wants an exit status.
func crosscheck(t *testing.T, env []string, status int, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = cleanEnv(append(env, "XCTEST_MAIN=1")...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
		t.Fatalf("crosscheck %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.Bytes()
}

func TestIntegrationAWSCLI(t *testing.T) {
	t.Parallel()
	program := "/usr/bin/aws" // Debian's package; .ci/run installs it
	if _, err := os.Stat(program); err != nil {
		t.Skipf("%v: install Debian's package awscli", err)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	t.Log(runScript(t, sandboxEnv(serveDemo(t)), bash, script("aws_cli.sh"), program))
}
