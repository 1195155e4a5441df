package main

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected files of the scripts")

func TestMain(m *testing.M) {
	if os.Getenv("CROSSCHECK_TEST_MAIN") != "" {
		main() // a test runs this binary as the program
	}
	testscript.Main(m, map[string]func(){"crosscheck": main})
}

// TestScripts runs testdata/script/*.txtar: what a user types and sees.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
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
