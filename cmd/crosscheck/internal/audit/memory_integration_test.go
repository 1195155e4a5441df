//go:build integration && linux

package audit

import "testing"

// TestIntegrationLargeAnswers is TestLargeAnswers with answers of every kind.
func TestIntegrationLargeAnswers(t *testing.T) { largeAnswers(t, "all") }
