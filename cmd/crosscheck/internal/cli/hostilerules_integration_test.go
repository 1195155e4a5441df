//go:build integration && linux

package cli

import "testing"

// TestIntegrationHostileRules runs all hostile rules.
func TestIntegrationHostileRules(t *testing.T) {
	t.Parallel()
	hostileRules(t)
}
