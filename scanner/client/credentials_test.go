package client

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const profiles = `
[profile proc]
credential_process = sh -c "exit 3"
[profile junk]
credential_process = echo hello
[profile sso]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = audit
[sso-session corp]
sso_start_url = https://corp.example.com/start
sso_region = eu-west-1
[profile mfa]
role_arn = arn:aws:iam::111111111111:role/x
source_profile = base
mfa_serial = arn:aws:iam::111111111111:mfa/u
[profile base]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = x
[profile role]
role_arn = arn:aws:iam::111111111111:role/x
source_profile = base
[profile web]
role_arn = arn:aws:iam::111111111111:role/x
web_identity_token_file = nowhere/token
`

// setProfiles makes the AWS configuration of the process that of profiles.
func setProfiles(t *testing.T, sts string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	if err := os.WriteFile(path, []byte(profiles), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"AWS_CONFIG_FILE": path, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "HOME": dir,
		"AWS_ENDPOINT_URL_STS": sts, "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": "eu-west-1"} {
		t.Setenv(name, value)
	}
}

// Each provider of credentials that fails is named, with its own words and its cure.
func TestCredentialsError(t *testing.T) {
	setProfiles(t, "http://127.0.0.1:1")
	for profile, want := range map[string]struct {
		kind          ErrorKind
		problem, hint string
	}{
		"proc": {NoCredentials, `the credential_process of the profile "proc" gives no credentials (error in credential_process: exit status 3)`, "aws sts get-caller-identity --profile proc"},
		"junk": {NoCredentials, `the credential_process of the profile "junk" gives no credentials (parse failed of process output: hello`, "run the command by hand"},
		"sso":  {ExpiredCredentials, `there is no valid SSO session of the profile "sso" (`, "log in with 'aws sso login --profile sso'"},
		"mfa":  {NoCredentials, `the MFA code of the profile "mfa" cannot be asked for`, "run it on a terminal"},
		"role": {NoNetwork, `AWS STS, which gives the credentials of the profile "role", cannot be reached (connection refused)`, "check the network"},
		"web":  {NoCredentials, `the AWS credentials of the profile "web" cannot be had (failed to retrieve jwt from provide source, unable to read file at nowhere/token`, "check ~/.aws/config"},
		"":     {NoCredentials, "no AWS credentials were found", "set AWS_PROFILE"},
	} {
		cfg, err := LoadConfig(t.Context(), profile, "")
		if err == nil {
			_, err = New(cfg, Options{}).Caller(t.Context())
		}
		var problem *Error
		if !errors.As(err, &problem) || problem.Kind != want.kind || !strings.HasPrefix(problem.Problem, want.problem) || !strings.Contains(problem.Hint, want.hint) {
			t.Errorf("%s: %+v", profile, problem)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %s", profile, err)
		}
	}
}

// A profile with an MFA device asks for the code, which goes to STS.
func TestMFA(t *testing.T) {
	var code, serial string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		code, serial = r.Form.Get("TokenCode"), r.Form.Get("SerialNumber")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`))
	}))
	defer server.Close()
	setProfiles(t, server.URL)
	cfg, err := LoadWithMFA(func() (string, error) { return "123456", nil })(t.Context(), "mfa", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = cfg.Credentials.Retrieve(t.Context())
	if err == nil || code != "123456" || serial != "arn:aws:iam::111111111111:mfa/u" {
		t.Errorf("code %q, serial %q, error %v", code, serial, err)
	}
}
