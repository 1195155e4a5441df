package terminal_test

import (
	"fmt"
	"os"

	"crosscheck/cmd/crosscheck/internal/terminal"
)

func Example() {
	s := &terminal.Streams{Err: terminal.Locked(os.Stdout), Environ: []string{"AWS_REGION=eu-west-1", "AWS_REGION=eu-north-1"}}
	var log terminal.Log
	log.Say(s, "scanning for links")
	fmt.Println(s.Getenv("AWS_REGION"), log.Format.Set("yaml"))
	// Output:
	// crosscheck: scanning for links
	// eu-north-1 use text or json
}
