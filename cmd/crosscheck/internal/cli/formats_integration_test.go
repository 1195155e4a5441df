//go:build integration

package cli

import (
	"path/filepath"
	"testing"
)

// TestIntegrationSecurityHub sends a run to Security Hub as moto serves it and has
// boto3 read it back: into one account, and into that of every bucket. The file that
// -o asff writes is imported by boto3, which checks every field.
func TestIntegrationSecurityHub(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run, asff := filepath.Join(dir, "run.jsonl"), filepath.Join(dir, "asff.jsonl")
	crosscheck(t, nil, exitClean, "demo", "-q", "-o", "jsonl="+run, "-o", "asff="+asff)
	python := venv(t, "python")
	check := func(url, what, region string) {
		t.Helper()
		t.Log(runScript(t, cleanEnv(), python, script("security_hub.py"), url, asff, what, region))
	}

	moto := startMoto(t)
	env := []string{"AWS_ENDPOINT_URL=" + moto, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=eu-west-3"}
	check(moto, "import", "eu-north-1")
	for range 2 { // again: the same findings, not twice as many
		crosscheck(t, env, exitFindings, "report", "--from", run, "--gate", "--send", "securityhub")
		check(moto, "sent", "eu-west-3")
	}
	// Not where findings lie already: the caller's account is one of several then.
	own := startMoto(t)
	env[0] = "AWS_ENDPOINT_URL=" + own
	crosscheck(t, env, exitFindings, "report", "--from", run, "--gate", "--send", "securityhub", "--send-role", "sender", "--external-id", "x")
	check(own, "own", "eu-west-3")
}
