package state

import (
	"regexp"
	"strings"
)

// ARN is an ARN in its six fields.
type ARN struct{ Partition, Service, Region, Account, Resource string }

// ParseARN splits an ARN; ok is false where it does not begin with arn: or has fewer fields.
func ParseARN(text string) (ARN, bool) {
	f := strings.SplitN(text, ":", 6)
	if len(f) != 6 || f[0] != "arn" {
		return ARN{}, false
	}
	return ARN{f[1], f[2], f[3], f[4], f[5]}, true
}

var (
	accountIDForm  = regexp.MustCompile(`^\d{12}$`)
	regionNameForm = regexp.MustCompile(`^([a-z]{2}|eusc)(-[a-z]+)+-\d$`)
	bucketNameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// IsAccountID reports whether a text has the form of an account id.
func IsAccountID(text string) bool { return accountIDForm.MatchString(text) }

// IsRegion reports whether a text has the form of a Region's name.
func IsRegion(text string) bool { return regionNameForm.MatchString(text) }

// IsBucketName reports whether a text has the form of a general purpose bucket's name.
func IsBucketName(text string) bool { return bucketNameForm.MatchString(text) }
