// Package terminal is what the program has around it: its streams, what is known of the
// terminal, the environment, and the log on standard error.
package terminal

import (
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// Streams are what the program gets from its surroundings: the three standard
// streams, what is known of the terminal, and the environment.
type Streams struct {
	In     io.Reader
	Out    io.Writer
	Err    io.Writer // safe for several goroutines
	OutTTY bool      // results go to a terminal
	ErrTTY bool      // progress goes to a terminal, where a line can be written anew
	InTTY  bool      // a question can be answered
	Width  int       // columns of the terminal, 0 = no terminal
	Color  bool      // colors are wanted: a terminal, no NO_COLOR

	Environ []string // NAME=value
}

// Locked lets several goroutines write to w, one after the other.
func Locked(w io.Writer) io.Writer { return &lockedWriter{w: w} }

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(b)
}

// Getenv is a variable of the environment, "" if it is not set.
func (s *Streams) Getenv(name string) string {
	value := ""
	for _, kv := range s.Environ {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			value = v // of several the last one counts
		}
	}
	return value
}

// Standard are the streams, the terminal and the environment of the process.
func Standard() *Streams {
	s := &Streams{In: os.Stdin, Out: os.Stdout, Err: Locked(os.Stderr), Environ: os.Environ()}
	s.InTTY = term.IsTerminal(int(os.Stdin.Fd()))
	s.OutTTY = term.IsTerminal(int(os.Stdout.Fd()))
	s.ErrTTY = term.IsTerminal(int(os.Stderr.Fd())) && s.Getenv("TERM") != "dumb"
	if s.OutTTY {
		if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			s.Width = w
		}
		s.Color = s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb"
	}
	return s
}
