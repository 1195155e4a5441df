package journal

import (
	"fmt"
	"regexp"
	"strings"
)

// Parts of the key of a probe: prefix + folder/run/number.
var (
	folderName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	runID      = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	number     = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)
)

// CheckFolder refuses a name of the directory of probes that is not one plain path segment.
func CheckFolder(folder string) error {
	if !folderName.MatchString(folder) || strings.Trim(folder, ".") == "" {
		return fmt.Errorf("the prefix %q is not a name of at most 64 letters, digits and . _ -", folder)
	}
	return nil
}

// Key is the key of probe n of a run, in the canary's directory (folder) under the prefix of
// a replication rule.
func Key(prefix, folder, run string, n int) string {
	return fmt.Sprintf("%s%s/%s/%d", prefix, folder, run, n)
}

// RunOfKey is the run in a key as [Key] makes it of a prefix and a folder. It is false for
// every other key.
func RunOfKey(key, prefix, folder string) (run string, ok bool) {
	rest, ok := strings.CutPrefix(key, prefix+folder+"/")
	if !ok {
		return "", false
	}
	run, n, ok := strings.Cut(rest, "/")
	return run, ok && runID.MatchString(run) && number.MatchString(n)
}

// keyOfVersion1 is the end of a key in a journal that does not say its folder.
var keyOfVersion1 = regexp.MustCompile(`(?:^|/)[A-Za-z0-9._-]{1,64}/([A-Za-z0-9-]{1,64})/[0-9]{1,9}$`)
