package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/smithy-go"

	"crosscheck/cmd/crosscheck/internal/terminal"
)

// The printed environment is all that a client needs; the end of the context is
// a good end.
func TestSandboxServesUntilInterrupted(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"127.0.0.1:0", "localhost:0"} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		out, in := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- runSandbox(ctx, &terminal.Streams{Out: in, Err: io.Discard}, sandboxOptions{listen: listen})
			in.Close()
		}()
		env := map[string]string{}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			_, proxy, last := strings.Cut(lines.Text(), "export http_proxy=")
			if last {
				env["http_proxy"], _, _ = strings.Cut(proxy, " ")
				break
			}
			for _, assignment := range strings.Fields(strings.TrimPrefix(lines.Text(), "export ")) {
				if name, value, ok := strings.Cut(assignment, "="); ok {
					env[name] = value
				}
			}
		}
		if env["AWS_REGION"] != "us-east-1" || env["AWS_DEFAULT_REGION"] != "us-east-1" {
			t.Errorf("environment %v", env)
		}
		client := organizations.New(organizations.Options{
			BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]), Region: env["AWS_REGION"],
			Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
		})
		accounts, err := client.ListAccounts(ctx, &organizations.ListAccountsInput{})
		if err != nil || len(accounts.Accounts) != 5 {
			t.Errorf("%+v %v", accounts, err)
		}
		proxy, err := url.Parse(env["http_proxy"])
		if err != nil {
			t.Fatal(err)
		}
		control := s3control.New(s3control.Options{
			BaseEndpoint: client.Options().BaseEndpoint, Region: env["AWS_REGION"], Credentials: client.Options().Credentials,
			HTTPClient: &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}},
		})
		_, err = control.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: aws.String("100000000001")})
		var absent smithy.APIError
		if !errors.As(err, &absent) || absent.ErrorCode() != "NoSuchPublicAccessBlockConfiguration" {
			t.Errorf("S3 Control by way of the proxy: %v", err)
		}
		interrupt()
		if err := <-ended; err != nil {
			t.Errorf("the end is %v", err)
		}
		address := strings.TrimPrefix(env["AWS_ENDPOINT_URL"], "http://")
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Errorf("%s still listens", address)
		}
	}
}

// What is wrong is one line with a hint, before anything is printed.
func TestSandboxRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte("accounts:\n  - id: \"111111111111\"\n    buckts: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen", "0.0.0.0:0"}, "--listen 0.0.0.0:0 is not a loopback address; the sandbox does not verify signatures; use 127.0.0.1 or [::1]"},
		{[]string{"--listen", ":8080"}, "--listen :8080 is not a loopback address; the sandbox does not verify signatures; use 127.0.0.1 or [::1]"},
		{[]string{"--listen", "example.com:80"}, "--listen example.com:80 is not a loopback address; the sandbox does not verify signatures; use 127.0.0.1 or [::1]"},
		{[]string{"--listen", "127.0.0.1"}, "--listen 127.0.0.1: address 127.0.0.1: missing port in address; for example --listen 127.0.0.1:8080"},
		{[]string{"--world", filepath.Join(dir, "missing.yaml")}, "open " + dir + "/missing.yaml: no such file or directory; --world names a file that docs/worlds.md describes"},
		{[]string{"--world", dir}, "read " + dir + ": is a directory; --world names a file that docs/worlds.md describes"},
		{[]string{"--world", broken}, broken + `:3: unknown field "buckts"; docs/worlds.md describes every field`},
		{[]string{"extra"}, `unexpected argument "extra"; run 'sandbox --help' for its flags`},
	} {
		var out, errs strings.Builder
		s := &terminal.Streams{Out: &out, Err: &errs}
		cmd := newSandboxCommand(s)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(test.args)
		if status := conclude(s, cmd.ExecuteContext(t.Context())); status != exitUsage {
			t.Errorf("%v: exit status %d", test.args, status)
		}
		if got := errs.String(); got != "crosscheck: "+test.want+"\n" || out.Len() > 0 {
			t.Errorf("%v: %s%s, want %s", test.args, out.String(), got, test.want)
		}
	}
}
