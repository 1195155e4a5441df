//go:build integration

package audit

import (
	"os"
	"testing"
)

// TestIntegrationLostFacts loses every third of all that can be lost of the facts files;
// TestNothingLostFromAFactsFilePasses tries a smaller sample. XCTEST_LOST=all loses each.
func TestIntegrationLostFacts(t *testing.T) {
	lostFacts(t, map[bool]int{true: 1, false: 3}[os.Getenv("XCTEST_LOST") == "all"])
}
