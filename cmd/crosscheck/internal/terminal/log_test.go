package terminal_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report/reporttest"
)

type named string

func (n named) String() string { return string(n) }

// TestLogsCommandNobody: no text of AWS steers the terminal or the CI system that shows the
// log, whichever way it gets in.
func TestLogsCommandNobody(t *testing.T) {
	t.Parallel()
	for name, s := range reporttest.Hostile {
		for _, format := range []terminal.Format{"text", "json"} {
			var out bytes.Buffer
			streams := &terminal.Streams{Out: io.Discard, Err: &out}
			log := &terminal.Log{Format: format, Debug: true}
			log.Say(streams, s)
			log.Say(streams, "account "+s)
			log.Logger(streams).Debug(s, slog.String("text", s), slog.Any("error", errors.New(s)), slog.Any("name", named(s)),
				slog.Group("call", slog.String("code", s)))
			if n := strings.Count(out.String(), "\n"); n != 3 {
				t.Errorf("%s, %s: %d lines for 3:\n%s", name, format.String(), n, out.String())
			}
			for line := range strings.Lines(out.String()) {
				switch {
				case strings.HasPrefix(strings.TrimSpace(line), "::"), strings.Contains(line, "##["), strings.Contains(strings.ToLower(line), "##vso["):
					t.Errorf("%s: a CI system would take this for a command: %q", name, line)
				case strings.ContainsAny(line, "\x1b\u202e\r\x00"):
					t.Errorf("%s: a terminal would do more than show %q", name, line)
				}
			}
		}
	}
}
