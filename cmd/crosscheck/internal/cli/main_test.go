package cli

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"crosscheck/scanner/sandbox"
)

// repo is the root of the repository, from this directory.
var repo = filepath.Join("..", "..", "..", "..")

// main is the program, for tests that run this binary as one.
func main() {
	status := Main()
	if path := os.Getenv("XCTEST_STATUS"); path != "" { // how much memory it took: the kernel's own account of it
		if text, err := os.ReadFile("/proc/self/status"); err == nil {
			_ = os.WriteFile(path, text, 0o600)
		}
	}
	os.Exit(status)
}

func TestMain(m *testing.M) {
	if os.Getenv("XCTEST_MAIN") != "" {
		main() // a test runs this binary as the program
	}
	debug.SetGCPercent(400) // reports and engines are many, and each lives for a moment
	testscript.Main(m, map[string]func(){"crosscheck": main})
}

// TestScripts runs testdata/script/*.txtar: what a user types and sees. make race runs those
// of whole commands that scan, probe and clean up, in processes of their own.
func TestScripts(t *testing.T) {
	t.Parallel()
	dir, files := filepath.Join("testdata", "script"), []string(nil)
	if testing.Short() {
		for _, name := range []string{"demo", "drill", "canary"} {
			files = append(files, filepath.Join(dir, name+".txtar"))
		}
		dir = ""
	}
	testscript.Run(t, testscript.Params{
		Dir: dir, Files: files,
		UpdateScripts:       os.Getenv("UPDATE") != "", // writes the expected files
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"sandbox": serveWorld},
		Setup: func(env *testscript.Env) error {
			// No AWS setting of the machine reaches a script.
			for _, kv := range os.Environ() {
				if len(kv) > 4 && kv[:4] == "AWS_" {
					for i := range kv {
						if kv[i] == '=' {
							env.Setenv(kv[:i], "")
							break
						}
					}
				}
			}
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
	})
}

// serveWorld is the command "sandbox WORLD.yaml" of scripts: it serves the world on
// loopback until the script ends and points the script's AWS environment at it.
// A world that the script does not hold itself is one of testdata/worlds.
func serveWorld(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sandbox WORLD.yaml")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	if os.IsNotExist(err) {
		data, err = os.ReadFile(filepath.Join(repo, "testdata", "worlds", args[0]))
	}
	ts.Check(err)
	world, err := sandbox.Load(args[0], data)
	ts.Check(err)
	box, err := sandbox.New(world)
	ts.Check(err)
	server := httptest.NewServer(box)
	ts.Defer(server.Close)
	for _, kv := range [][2]string{
		{"AWS_ENDPOINT_URL", server.URL}, {"AWS_REGION", "us-east-1"},
		{"AWS_ACCESS_KEY_ID", sandbox.DefaultAccessKey}, {"AWS_SECRET_ACCESS_KEY", sandbox.DefaultSecretKey},
	} {
		ts.Setenv(kv[0], kv[1])
	}
}
