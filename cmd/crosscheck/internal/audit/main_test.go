package audit

import (
	"os"
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // as the program does: many engines, each for a moment
	os.Exit(m.Run())
}
