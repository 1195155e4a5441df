package audit

import (
	"os"
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // engines are many, and each lives for a moment
	os.Exit(m.Run())
}
