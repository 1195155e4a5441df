//go:build integration

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"crosscheck/rules/finding"
	"crosscheck/scanner/sandbox"
)

// TestIntegrationFixRepairsTheDemo runs the script that fix prints with the real aws CLI:
// after it, every link that was broken works, and a drill proves it.
func TestIntegrationFixRepairsTheDemo(t *testing.T) {
	t.Parallel()
	program := "/usr/bin/aws" // Debian's package; .ci/run installs it
	if _, err := os.Stat(program); err != nil {
		t.Skipf("%v: install Debian's package awscli", err)
	}
	url, dir := serveDemo(t), t.TempDir()
	config := filepath.Join(repo, "testdata", "worlds", "demo.crosscheck.yaml")
	run := filepath.Join(dir, "run.jsonl")
	before := verdicts(t, crosscheck(t, sandboxEnv(url), exitFindings, "scan", "-q", "--config", config, "-o", "json", "-o", "jsonl="+run))
	repairs := filepath.Join(dir, "repairs.sh")
	if err := os.WriteFile(repairs, crosscheck(t, nil, exitClean, "fix", "--from", run, "--format", "aws-cli"), 0o644); err != nil {
		t.Fatal(err)
	}
	runScript(t, repairEnv(t, url, dir, program), "sh", repairs)

	after := verdicts(t, crosscheck(t, sandboxEnv(url), exitFindings, "scan", "-q", "--config", config, "-o", "json"))
	broken := 0
	for link, was := range before {
		want := "works"
		if strings.HasPrefix(was, "broken") {
			broken++
		} else {
			want = was // it works, or is another organization's
		}
		if after[link] != want {
			t.Errorf("%s: %s, now %s, not %s", link, was, after[link], want)
		}
	}
	if broken != 5 {
		t.Errorf("%d links were broken, not 5", broken)
	}

	var drill struct {
		Measurements []struct{ Link, Variant, Outcome string }
	}
	out := crosscheck(t, sandboxEnv(url), exitFindings, "drill", "-q", "--yes", "--config", config, "--journal", dir, "-o", "json")
	if err := json.Unmarshal(out, &drill); err != nil {
		t.Fatal(err)
	}
	proven := map[string]bool{}
	for _, m := range drill.Measurements {
		switch {
		case m.Outcome == "arrived":
			proven[m.Link] = true
		case !strings.HasPrefix(m.Link, "media-partner/"):
			t.Errorf("%s: probe %s: %s", m.Link, m.Variant, m.Outcome)
		}
	}
	if len(proven) != len(before)-1 {
		t.Errorf("%d of %d links are proven", len(proven), len(before)-1)
	}
}

// repairEnv is the environment of a script: an aws that knows the sandbox, and a profile
// of the role administrator in each account of the demo.
func repairEnv(t *testing.T, url, dir, program string) []string {
	t.Helper()
	env := cleanEnv("AWS_DEFAULT_REGION=us-east-1", "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"))
	var profiles strings.Builder
	for account, c := range administrators(t, url) {
		fmt.Fprintf(&profiles, "[admin-%s]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n", account, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
		env = append(env, "PROFILE_"+account+"=admin-"+account)
	}
	bin := filepath.Join(dir, "bin")
	wrapper := "#!/bin/sh\nexec " + program + " --endpoint-url " + url + " \"$@\"\n" // Debian 12's CLI does not know AWS_ENDPOINT_URL yet
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"credentials": profiles.String(), "bin/aws": wrapper, "bin/sleep": "#!/bin/sh\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return append(env, "PATH="+bin+":"+os.Getenv("PATH"))
}

// administrators are credentials of the role administrator, by account of the demo.
func administrators(t *testing.T, url string) map[string]*types.Credentials {
	t.Helper()
	client := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "")})
	all := map[string]*types.Credentials{}
	for _, account := range []string{"111111111111", "222222222222", "333333333333"} {
		out, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + account + ":role/administrator"), RoleSessionName: aws.String("repair")})
		if err != nil {
			t.Fatal(err)
		}
		all[account] = out.Credentials
	}
	return all
}

// TestIntegrationFixNewLink makes a link with the script of fix --new: the role too.
func TestIntegrationFixNewLink(t *testing.T) {
	program := "/usr/bin/aws"
	if _, err := os.Stat(program); err != nil {
		t.Skipf("%v: install Debian's package awscli", err)
	}
	url, dir := serveDemo(t), t.TempDir()
	env := repairEnv(t, url, dir, program)
	runScript(t, env, filepath.Join(dir, "bin", "aws"), "--profile", "admin-333333333333", "s3api", "create-bucket", "--bucket", "catalog-copy",
		"--region", "eu-west-1", "--create-bucket-configuration", "LocationConstraint=eu-west-1")
	repairs := filepath.Join(dir, "new.sh")
	out := crosscheck(t, nil, exitClean, "fix", "--new", "222222222222:media-catalog@us-east-1", "333333333333:catalog-copy@eu-west-1", "--format", "aws-cli")
	if err := os.WriteFile(repairs, out, 0o644); err != nil {
		t.Fatal(err)
	}
	runScript(t, env, "sh", repairs)
	config := filepath.Join(repo, "testdata", "worlds", "demo.crosscheck.yaml")
	after := verdicts(t, crosscheck(t, sandboxEnv(url), exitFindings, "scan", "-q", "--config", config, "-o", "json"))
	if link := "media-catalog/to-catalog-copy→catalog-copy"; after[link] != "works" {
		t.Errorf("%s: %s", link, after[link])
	}
}

// TestIntegrationFixWithTerraform applies what fix prints for Terraform, with Terraform and
// the AWS provider 3.39.0, which has no resource for versioning: the links of the policies.
func TestIntegrationFixWithTerraform(t *testing.T) {
	t.Parallel()
	url, dir := serveDemo(t), t.TempDir()
	config := filepath.Join(repo, "testdata", "worlds", "demo.crosscheck.yaml")
	run := filepath.Join(dir, "run.jsonl")
	crosscheck(t, sandboxEnv(url), exitFindings, "scan", "-q", "--config", config, "-o", "jsonl="+run)
	crosscheck(t, nil, exitClean, "fix", "media-*", "orders-exports/*", "--from", run, "--format", "terraform", "--out", dir)
	terraform := func(args ...string) string {
		return runScript(t, cleanEnv(), venv(t, "python"), append([]string{script("terraform.py"), os.Getenv("XCTEST_CACHE"), dir}, args...)...)
	}
	terraform("fmt", "-check", "-diff")

	path := filepath.Join(dir, "repairs.tf")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for account, c := range administrators(t, url) {
		line := `  allowed_account_ids = ["` + account + "\"]\n"
		text = bytes.ReplaceAll(text, []byte(line), []byte(line+fmt.Sprintf(`
  access_key                  = %[2]q
  secret_key                  = %[3]q
  token                       = %[4]q
  skip_metadata_api_check     = true
  skip_credentials_validation = true
  skip_get_ec2_platforms      = true
  max_retries                 = 1
  s3_force_path_style         = true
  endpoints {
    iam = %[1]q
    s3  = %[1]q
    sts = %[1]q
  }
`, url, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)))
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	terraform("init", "-no-color")
	terraform("apply", "-auto-approve", "-no-color")

	after := verdicts(t, crosscheck(t, sandboxEnv(url), exitFindings, "scan", "-q", "--config", config, "-o", "json"))
	for _, link := range []string{"media-masters/to-backup→backup-masters", "media-raw/to-backup→backup-media-raw",
		"media-thumbs/to-backup→backup-thumbs", "orders-exports/to-backup→backup-exports"} {
		if after[link] != "works" {
			t.Errorf("%s: %s", link, after[link])
		}
	}
}

// TestIntegrationFixDocumentsAreAccepted gives the documents of the demo's fixes and of a
// new link to moto and to simulate, which must take each.
func TestIntegrationFixDocumentsAreAccepted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := filepath.Join(dir, "run.jsonl")
	crosscheck(t, nil, exitClean, "demo", "-q", "-o", "jsonl="+run)
	moto := startMoto(t)
	for name, args := range map[string][]string{
		"demo": {"fix", "--from", run, "--format", "json"},
		"new": {"fix", "--new", "111111111111:orders@eu-west-1", "222222222222:orders-backup@us-east-1", "--delete-markers", "--owner-override",
			"--kms", "arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555", "--format", "json"},
	} {
		out := crosscheck(t, nil, exitClean, args...)
		path := filepath.Join(dir, name+".json")
		if err := os.WriteFile(path, out, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Log(runScript(t, cleanEnv(), venv(t, "python"), script("fix_documents.py"), moto, path))
		validated(t, out)
	}
}

// validated gives the documents of repairs to simulate.
func validated(t *testing.T, repairs []byte) {
	t.Helper()
	var in finding.Repairs
	if err := json.Unmarshal(repairs, &in); err != nil {
		t.Fatal(err)
	}
	kinds := map[finding.Kind]string{finding.TrustPolicy: "trust", finding.RolePolicy: "identity", finding.BucketPolicy: "bucket-policy", finding.KeyPolicy: "key-policy"}
	var lines bytes.Buffer
	want := 0
	for _, c := range in.Changes {
		if kind := kinds[c.Kind]; kind != "" {
			want++
			_, bucket, _ := strings.Cut(c.Resource, ":::")
			if c.Kind != finding.BucketPolicy {
				bucket = ""
			}
			validate := map[string]any{"kind": kind, "document": c.After}
			if bucket != "" {
				validate["bucket"] = bucket
			}
			if err := json.NewEncoder(&lines).Encode(map[string]any{"id": c.Resource, "validate": validate}); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "requests.jsonl")
	if err := os.WriteFile(path, lines.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	out := crosscheck(t, nil, exitClean, "simulate", path)
	if got := strings.Count(string(out), `"accepted":true`); got != want || want == 0 {
		t.Errorf("%d of %d documents are accepted:\n%s", got, want, out)
	}
}
