package prober

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
)

func TestOnlySource(t *testing.T) {
	t.Parallel()
	for ids, want := range map[string]string{
		"":                      "",
		"src/r→dst":             "src",
		"src/r→dst src/q→other": "src",
		"src/r→dst log/r→dst":   "",
		"src/a/b→dst":           "src",
	} {
		wanted := map[string]bool{}
		for _, id := range strings.Fields(ids) {
			wanted[id] = false
		}
		if got := onlySource(wanted); got != want {
			t.Errorf("%q: %q, want %q", ids, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		id, known, want string
	}{
		{"src/x→dst", "", "'crosscheck scan' lists the links"},
		{"src/x→dst", "src/b→dst src/a→dst srcs/a→dst", "there are src/a→dst, src/b→dst"},
		{"none/x→dst", "src/b→dst log/a→dst", "there are log/a→dst, src/b→dst"},
		{"src/x→dst", "src/1→d src/2→d src/3→d src/4→d src/5→d", "there are src/1→d, src/2→d, src/3→d, src/4→d, src/5→d"},
		{"src/x→dst", "src/6→d src/1→d src/2→d src/3→d src/4→d src/5→d", "there are src/1→d, src/2→d, src/3→d, src/4→d, src/5→d, …"},
	} {
		if got := nearest(test.id, strings.Fields(test.known)); got != test.want {
			t.Errorf("%s of %q: %q, want %q", test.id, test.known, got, test.want)
		}
	}
}

// TestConfirm: probes are put with --yes or after the answer yes, and never where there
// is no terminal to ask on.
func TestConfirm(t *testing.T) {
	t.Parallel()
	const asked = "Go on? [y/N] "
	for name, test := range map[string]struct {
		typed      string
		tty        bool
		yes, quiet bool
		asks       bool
		fails      string
		hint       string
	}{
		"no terminal": {fails: "refusing to write to production buckets without confirmation (no terminal)", hint: "use --yes, or --dry-run to see what would be put"},
		"--yes":       {yes: true},
		"quiet":       {yes: true, quiet: true},
		"y":           {tty: true, typed: "y\n", asks: true},
		"YES":         {tty: true, typed: " YES \r\n", asks: true},
		"n":           {tty: true, typed: "n\n", asks: true, fails: "nothing was put", hint: "--dry-run shows what would be put, --yes confirms it"},
		"return":      {tty: true, typed: "\n", asks: true, fails: "nothing was put", hint: "--dry-run shows what would be put, --yes confirms it"},
		"end":         {tty: true, asks: true, fails: "nothing was put", hint: "--dry-run shows what would be put, --yes confirms it"},
		"yeah":        {tty: true, typed: "yeah\n", asks: true, fails: "nothing was put", hint: "--dry-run shows what would be put, --yes confirms it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var errs bytes.Buffer
			p := &prober{
				s: &terminal.Streams{In: strings.NewReader(test.typed), Err: &errs, InTTY: test.tty}, run: "r",
				o: Options{Yes: test.yes, Quiet: test.quiet, Count: 2, Folder: canary.Folder},
			}
			target := &canary.Target{Link: "src/r→dst"}
			target.Source.Name = "src"
			err := p.confirm(t.Context(), []canary.Plan{{Target: target, Variants: []measure.Variant{measure.Plain, measure.Tagged}}})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.fails || usererr.HintOf(err) != test.hint {
				t.Errorf("%q; %q", got, usererr.HintOf(err))
			}
			says := errs.String()
			if strings.HasSuffix(says, asked) != test.asks {
				t.Errorf("asks %v: %s", !test.asks, says)
			}
			if announced := strings.Contains(says, "The canary puts 4 probe objects into 1 source buckets"); announced == test.quiet {
				t.Errorf("announced %v: %s", announced, says)
			}
		})
	}
}

// TestConfirmInterrupted: a question that is not answered does not outlive its run.
func TestConfirmInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &prober{s: &terminal.Streams{In: blocked{t.Context()}, Err: new(bytes.Buffer), InTTY: true}}
	if err := p.confirm(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// blocked is where nothing is typed until its context is done.
type blocked struct{ ctx context.Context }

func (b blocked) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}
