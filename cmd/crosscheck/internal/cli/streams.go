package cli

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// streams are the three standard streams and what is known of the terminal.
type streams struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer // safe for several goroutines
	outTTY bool      // results go to a terminal
	errTTY bool      // progress goes to a terminal, where a line can be written anew
	inTTY  bool      // somebody can answer a question
	width  int       // columns of the terminal, 0 = no terminal
	color  bool      // colors are wanted: a terminal, no NO_COLOR
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

func newStreams() *streams {
	s := &streams{in: os.Stdin, out: os.Stdout, err: &lockedWriter{w: os.Stderr}}
	s.inTTY = term.IsTerminal(int(os.Stdin.Fd()))
	s.outTTY = term.IsTerminal(int(os.Stdout.Fd()))
	s.errTTY = term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb"
	if s.outTTY {
		if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			s.width = w
		}
		s.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return s
}
