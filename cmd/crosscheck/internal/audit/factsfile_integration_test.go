//go:build integration

package audit

import "testing"

// TestIntegrationLostFacts loses everything that can be lost of the facts files, which
// takes minutes; TestNothingLostFromAFactsFilePasses tries a sample.
func TestIntegrationLostFacts(t *testing.T) { lostFacts(t, 1) }
