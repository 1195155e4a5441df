package cli

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/term"

	"crosscheck/scanner/client"
)

// streams are what the program gets from its surroundings: the three standard
// streams, what is known of the terminal, the environment, and the way to AWS.
type streams struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer // safe for several goroutines
	outTTY bool      // results go to a terminal
	errTTY bool      // progress goes to a terminal, where a line can be written anew
	inTTY  bool      // somebody can answer a question
	width  int       // columns of the terminal, 0 = no terminal
	color  bool      // colors are wanted: a terminal, no NO_COLOR

	environ []string     // NAME=value
	aws     configLoader // reads the configuration of AWS
}

// lockedWriter lets several goroutines write, one after the other.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(b)
}

// getenv is a variable of the environment, "" if it is not set.
func (s *streams) getenv(name string) string {
	value := ""
	for _, kv := range s.environ {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			value = v // of several the last one counts
		}
	}
	return value
}

// configLoader loads the AWS configuration of a profile.
type configLoader func(ctx context.Context, profile, region string) (aws.Config, error)

func newStreams() *streams {
	s := &streams{in: os.Stdin, out: os.Stdout, err: &lockedWriter{w: os.Stderr}, environ: os.Environ(), aws: client.LoadConfig}
	s.inTTY = term.IsTerminal(int(os.Stdin.Fd()))
	s.outTTY = term.IsTerminal(int(os.Stdout.Fd()))
	s.errTTY = term.IsTerminal(int(os.Stderr.Fd())) && s.getenv("TERM") != "dumb"
	if s.outTTY {
		if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			s.width = w
		}
		s.color = s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
	}
	return s
}
