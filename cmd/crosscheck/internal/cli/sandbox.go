package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

type sandboxOptions struct {
	world  string // path of a world file; "" = the demo world
	listen string // loopback address
}

func newSandboxCommand(s *terminal.Streams) *cobra.Command {
	var opts sandboxOptions
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve an AWS organization in memory on loopback",
		Long: `sandbox serves an AWS organization in memory: Organizations, STS, IAM, KMS, S3 Control
and S3 with replication, for crosscheck, the aws CLI and every SDK. It serves the demo
world, or that of the file --world (docs/worlds.md describes the format).

The environment for its clients is printed on standard output. Ctrl-C ends the sandbox,
and everything in it is lost. It does not verify signatures, so it listens on loopback
only.
` + exits{clean: "ended with Ctrl-C", usage: "usage error, or a world that cannot be served"}.help(),
		Example: `  crosscheck sandbox > sandbox.env &
  . ./sandbox.env && aws s3 ls`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSandbox(cmd.Context(), s, opts) },
	}
	cmd.Flags().StringVar(&opts.world, "world", "", "world `FILE` (YAML) to serve instead of the demo's")
	cmd.Flags().StringVar(&opts.listen, "listen", "127.0.0.1:0", "loopback `ADDRESS` to listen on; port 0 is a free one")
	return cmd
}

// runSandbox serves until ctx ends, which is its good end.
func runSandbox(ctx context.Context, s *terminal.Streams, opts sandboxOptions) error {
	name, data := "demo world", testdata.DemoWorld
	if opts.world != "" {
		var err error
		if data, err = os.ReadFile(opts.world); err != nil {
			return usererr.Hint(err, "--world names a file that docs/worlds.md describes")
		}
		name = opts.world
	}
	world, err := sandbox.Load(name, data)
	if err != nil {
		return usererr.Hint(err, "docs/worlds.md describes every field")
	}
	aws, err := sandbox.New(world)
	if err != nil {
		return err
	}
	listener, err := listenLoopback(ctx, opts.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: aws, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	region := fact.RegionIn(world.Partition)
	if _, err := fmt.Fprintf(s.Out, sandboxEnvironment, name, listener.Addr(), sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, region); err != nil {
		_ = listener.Close()
		return err
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// sandboxEnvironment is a shell file. Clients of S3 Control put the account id in
// front of the host, which no resolver knows there: the sandbox answers them as
// an HTTP proxy.
const sandboxEnvironment = `# crosscheck sandbox: %s; ends with Ctrl-C
export AWS_ENDPOINT_URL=http://%s
export AWS_ACCESS_KEY_ID=%s
export AWS_SECRET_ACCESS_KEY=%s
export AWS_REGION=%[5]s AWS_DEFAULT_REGION=%[5]s
export AWS_EC2_METADATA_DISABLED=true
unset AWS_SESSION_TOKEN AWS_PROFILE
# S3 Control calls <account>.<host>: export http_proxy=http://%[2]s for it
`

// listenLoopback listens where only this machine can call.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usererr.Hint(fmt.Errorf("--listen %s: %w", address, err), "for example --listen 127.0.0.1:8080")
	}
	ip, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, usererr.Hint(fmt.Errorf("--listen %s is not a loopback address", address),
			"the sandbox does not verify signatures; use 127.0.0.1 or [::1]")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, usererr.Hint(err, "--listen 127.0.0.1:0 takes a free port")
	}
	if bound, ok := listener.Addr().(*net.TCPAddr); !ok || !bound.IP.IsLoopback() {
		_ = listener.Close()
		return nil, fmt.Errorf("--listen %s: %s is not a loopback address", address, listener.Addr())
	}
	return listener, nil
}
