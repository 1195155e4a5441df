package rests_test

import (
	"fmt"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/rests"
)

func Example() {
	const gap = "bucket.policy is not known: s3:GetBucketPolicy answered AccessDenied"
	write := finding.Finding{Evidence: map[string]any{"check": map[string]any{"not_read": []any{gap}}}}
	other := finding.Finding{Message: "whether anybody may delete replicas is not known: " + gap}
	fmt.Println(rests.Once(append(rests.OfFinding(&write), rests.OfFinding(&other)...)))
	// Output: [bucket.policy is not known: s3:GetBucketPolicy answered AccessDenied]
}
