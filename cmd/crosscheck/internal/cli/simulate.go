package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/rules/iam/simulate"
)

func newSimulateCommand(s *terminal.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "simulate [FILE]",
		Short: "Decide policy requests given as JSON lines",
		Long: `simulate reads one request per line, from FILE or standard input, and writes one answer
per line: allowed, denied or unknown, and which statement decided.

A request and its policies:
  {"id":"a","request":{"principal":"arn:aws:sts::111111111111:assumed-role/R/s3-replication",
    "action":"s3:ReplicateObject","resource":"arn:aws:s3:::dst/logs/*","resourceAccount":"222222222222",
    "context":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/R"},"unknownContext":["aws:SourceVpce"]},
   "identityPolicies":[{"name":"p","policy":{…}}],"boundaries":[…],"sessionPolicy":{…},
   "scps":[{"target":"r-root","policies":[…]}],"rcps":[…],"resourcePolicy":{…},
   "restrictPublicBuckets":false,"unknownLayers":[]}
A layer that is left out does not exist; a context key that is left out is absent. A
resource with * or ? means every resource that it matches.

Would AWS store this document?
  {"id":"b","validate":{"kind":"bucket-policy","bucket":"dst","partition":"aws","document":{…}}}
The partition may be left out: where it is given, ARNs of another one are refused.
Does Block Public Access call this bucket policy public?
  {"id":"c","classify":{"bucket":"dst","policy":{…}}}

A line that cannot be read gets its error as its answer; the other lines get theirs,
and the exit status is 2.
` + exits{clean: "every line was answered", usage: "usage error, or a line that cannot be read"}.help(),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usererr.Hint(fmt.Errorf("unexpected argument %q", args[1]), "give one file, or none to read standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			in := s.In
			if len(args) == 1 && args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return usererr.Hint(err, "give a file of JSON lines, or none to read standard input")
				}
				defer func() { _ = f.Close() }()
				in = f
			}
			return answerLines(cmd.Context(), in, s.Out)
		},
	}
}

// maxSimulateLine is what is kept of a line: one byte more than is answered,
// so that the answer to a longer line says that it is too long.
const maxSimulateLine = 8<<20 + 1

// answerLines answers each line as it comes; blank lines have no answer.
func answerLines(ctx context.Context, in io.Reader, out io.Writer) error {
	type read struct {
		line []byte
		more bool // another line is there already
		err  error
	}
	lines := make(chan read)
	go func() {
		// Reading may wait for input at a terminal: an interrupt must not.
		defer close(lines)
		r := bufio.NewReaderSize(in, 64<<10)
		for {
			line, err := readLine(r)
			select {
			case lines <- read{line, r.Buffered() > 0, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	w := bufio.NewWriter(out)
	total, unread := 0, 0
	for {
		var l read
		select {
		case l = <-lines:
		case <-ctx.Done():
			return errors.Join(w.Flush(), context.Cause(ctx))
		}
		if line := bytes.TrimSpace(l.line); len(line) > 0 {
			total++
			answer, ok := simulate.Line(line)
			if !ok {
				unread++
			}
			_, _ = w.Write(append(answer, '\n')) // w keeps an error, and Flush returns it
		}
		if l.err == nil && l.more {
			continue
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("cannot write the answers: %w", err)
		}
		switch {
		case errors.Is(l.err, io.EOF) && unread > 0:
			return usererr.Hint(fmt.Errorf("%d of %d lines could not be read", unread, total), "their answers say why")
		case errors.Is(l.err, io.EOF):
			return nil
		case l.err != nil:
			return fmt.Errorf("cannot read the requests: %w", l.err)
		}
	}
}

// readLine reads a line of any length and keeps at most maxSimulateLine of it.
// The error may come with the last line.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part[:min(len(part), maxSimulateLine-len(line))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
