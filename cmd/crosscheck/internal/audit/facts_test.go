package audit

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"crosscheck/scanner/fact"
)

// A pipe that gives nothing does not keep a scan from ending at a signal.
func TestFactsFileEndsWithTheContext(t *testing.T) {
	t.Parallel()
	idle, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	interrupted := errors.New("interrupted")
	ctx, stop := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- FactsFile("-", idle)(ctx, func(fact.Message) error { return nil })
	}()
	stop(interrupted)
	select {
	case err := <-ended:
		if !errors.Is(err, interrupted) {
			t.Errorf("error: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the read did not end")
	}
}
