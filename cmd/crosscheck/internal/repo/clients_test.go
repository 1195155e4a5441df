package repo_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOneHTTPClient: everything that leaves the program goes through the client of
// scanner/client, which follows no redirect to another host. No other one is made, and each
// client of a service has the configuration of a session.
func TestOneHTTPClient(t *testing.T) {
	t.Parallel()
	const home = "scanner/client/"
	made := regexp.MustCompile(`\bhttp\.(?:Client|Transport|DefaultClient|DefaultTransport|Get|Head|Post|PostForm)\b|\bNewBuildableClient\b|LoadDefaultConfig\b`)
	clientOf := regexp.MustCompile(`\b(?:NewFromConfig|NewS3)\((.*)`)
	others, seen := []string{"testdata/", "scanner/sandbox/sandboxtest/"}, 0
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.path, home) || strings.HasPrefix(s.path, others[0]) || strings.HasPrefix(s.path, others[1]) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(s.path)))
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "//") {
				continue
			}
			if m := made.FindString(line); m != "" {
				t.Errorf("%s:%d: %s outside of %s", s.path, i+1, m, home)
			}
			m := clientOf.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			if seen++; !regexp.MustCompile(`^\w+(?:\.\w+)*\.Config\(`).MatchString(m[1]) {
				t.Errorf("%s:%d: the configuration of this client is not that of a session: %s", s.path, i+1, m[1])
			}
		}
	}
	if seen < 5 {
		t.Errorf("only %d clients of services seen", seen)
	}
}
