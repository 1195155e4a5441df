package sandbox

import (
	"regexp"
	"strings"
)

// arn is an ARN in its six fields.
type arn struct{ partition, service, region, account, resource string }

func parseARN(text string) (arn, bool) {
	f := strings.SplitN(text, ":", 6)
	if len(f) != 6 || f[0] != "arn" {
		return arn{}, false
	}
	return arn{f[1], f[2], f[3], f[4], f[5]}, true
}

var (
	accountIDForm  = regexp.MustCompile(`^\d{12}$`)
	regionNameForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	bucketNameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// isAccountID reports whether a text has the form of an account id.
func isAccountID(text string) bool { return accountIDForm.MatchString(text) }

// isRegion reports whether a text has the form of a Region's name.
func isRegion(text string) bool { return regionNameForm.MatchString(text) }

// isBucketName reports whether a text has the form of a general purpose bucket's name.
func isBucketName(text string) bool { return bucketNameForm.MatchString(text) }
