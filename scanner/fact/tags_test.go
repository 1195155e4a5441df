package fact

import "testing"

// TestNamesTag: no spelling of a condition key for a bucket's tags is missed.
func TestNamesTag(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}`:   true,
		`{"Condition":{"StringEquals":{"S3:bucketTAG/team":"a"}}}`:      true,
		`{"Condition":{"StringEquals":{"s3:BucketTag\/team":"a"}}}`:     true,
		`{"Resource":"arn:aws:s3:::dst/${aws:resourcetag/team}/*"}`:     true,
		`{"Condition":{"Null":{"aws:\u0052esourceTag/team":"a"}}}`:      true,
		`{"Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}}`:  false,
		`{"Condition":{"StringEquals":{"s3:ExistingObjectTag/x":"a"}}}`: false,
		`{"Resource":"arn:aws:s3:::dst/*"}`:                             false,
		`/`:                                                             false, ``: false,
	} {
		if got := namesTag(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
