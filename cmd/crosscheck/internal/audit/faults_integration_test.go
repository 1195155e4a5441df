//go:build integration

package audit

import "testing"

// TestIntegrationFaults runs every lasting fault in every place, which takes
// minutes; TestLastingFaults runs a sample.
func TestIntegrationFaults(t *testing.T) { lastingFaults(t, "all") }

// TestIntegrationAnswers changes answers in 5,000 ways; TestMutantsOfAnswers in a hundred.
func TestIntegrationAnswers(t *testing.T) { mutantsOfAnswers(t, "", 5_000) }
