package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crosscheck/canary/journal"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/scanner/client"
	"crosscheck/scanner/sandbox"
)

// program is the program in surroundings of its own: an environment, and AWS in memory
// or none. Several run at the same time.
type program struct {
	box       *sandbox.Sandbox // nil = there is no AWS
	client    aws.HTTPClient   // nil = that of box
	accessKey string           // "" = the one that box knows
	environ   []string
	state     string // directory of the user's state
	real      bool   // the AWS of this process's environment
}

// served is the program with a world as its AWS.
func served(t *testing.T, world []byte) *program {
	t.Helper()
	w, err := sandbox.Load("world.yaml", world)
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(w)
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	return &program{box: box, state: state, environ: []string{"XDG_STATE_HOME=" + state}}
}

// config is what the program finds in its environment about AWS.
func (p *program) config(ctx context.Context, profile, region string) (aws.Config, error) {
	if p.real {
		return client.LoadConfig(ctx, profile, region)
	}
	if p.box == nil {
		return aws.Config{}, errors.New("there is no AWS here")
	}
	do := p.client
	if do == nil {
		do = p.box.HTTPClient()
	}
	return aws.Config{
		Region: cmp.Or(region, "us-east-1"), HTTPClient: do,
		Credentials: credentials.NewStaticCredentialsProvider(cmp.Or(p.accessKey, sandbox.DefaultAccessKey), sandbox.DefaultSecretKey, ""),
	}, nil
}

// streams are what the program is run with; in is what is typed.
func (p *program) streams(in string) (s *terminal.Streams, out, errs *bytes.Buffer) {
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	return &terminal.Streams{In: strings.NewReader(in), Out: out, Err: terminal.Locked(errs), Environ: p.environ}, out, errs
}

// run runs a command line without a terminal.
func (p *program) run(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	return p.answering(ctx, "", false, args...)
}

// answering runs a command line; what is typed answers its questions.
func (p *program) answering(ctx context.Context, typed string, tty bool, args ...string) (status int, stdout, stderr string) {
	s, out, errs := p.streams(typed)
	s.InTTY = tty
	root := newRootCommand(s, p.config)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted // as run does
	}
	return conclude(s, err), out.String(), errs.String()
}

// reported runs a command line with -o json.
func (p *program) reported(t *testing.T, args ...string) (int, canaryReport, string) {
	t.Helper()
	status, out, errs := p.run(t.Context(), append(args, "-o", "json")...)
	var r canaryReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %d\n%s\n%s", args, status, out, errs)
	}
	if r.Summary.ExitStatus != status {
		t.Errorf("the report says exit status %d, the program %d", r.Summary.ExitStatus, status)
	}
	return status, r, errs
}

// noJournal checks that no canary left a journal.
func (p *program) noJournal(t *testing.T) {
	t.Helper()
	if left, _ := journal.List(filepath.Join(p.state, "crosscheck", "canary")); len(left) > 0 {
		t.Errorf("journals left: %v", left)
	}
}

// inProcess runs a command line that needs no AWS.
func inProcess(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	return new(program).run(ctx, args...)
}

// exported is the program with a world as its AWS that is served on loopback too:
// its environment leads processes there.
func exported(t *testing.T, world []byte) *program {
	t.Helper()
	p := served(t, world)
	server := httptest.NewServer(p.box)
	t.Cleanup(server.Close)
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			p.environ = append(p.environ, name+"=")
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	p.environ = append(p.environ,
		"AWS_ENDPOINT_URL="+server.URL, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID="+sandbox.DefaultAccessKey, "AWS_SECRET_ACCESS_KEY="+sandbox.DefaultSecretKey,
		"AWS_CONFIG_FILE="+none, "AWS_SHARED_CREDENTIALS_FILE="+none)
	return p
}
