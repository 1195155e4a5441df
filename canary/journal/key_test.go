package journal

import "testing"

func TestCheckFolder(t *testing.T) {
	t.Parallel()
	for folder, ok := range map[string]bool{"crosscheck-canary": true, "a": true, "": false, "a/b": false, "..": false, "x y": false, "*": false} {
		if err := CheckFolder(folder); (err == nil) != ok {
			t.Errorf("%q: %v", folder, err)
		}
	}
}

// TestRunOfKey takes no key for that of a probe which is none.
func TestRunOfKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"p/crosscheck-canary/20261124T061200Z-abcdefgh/1": "20261124T061200Z-abcdefgh",
		"p/crosscheck-canary/r/123456789":                 "r",
		"p/crosscheck-canary/r/0":                         "r",
		"p/crosscheck-canary/r/1234567890":                "",
		"p/crosscheck-canary/r/01":                        "",
		"p/crosscheck-canary/r/00":                        "",
		"p/crosscheck-canary/r/+1":                        "",
		"p/crosscheck-canary/r/1/2":                       "",
		"p/crosscheck-canary/r/":                          "",
		"p/crosscheck-canary//1":                          "",
		"p/crosscheck-canary/r/1.txt":                     "",
		"p/crosscheck-canary/r/1\n":                       "",
		"p/crosscheck-canary/r s/1":                       "",
		"p/crosscheck-canary/../1":                        "",
		"p/../crosscheck-canary/r/1":                      "",
		"q/crosscheck-canary/r/1":                         "",
		"p/crosscheck-canary-2/r/1":                       "",
		"p/crosscheck-canary/r/-1":                        "",
		"":                                                "",
	} {
		if run, ok := RunOfKey(key, "p/", "crosscheck-canary"); run != want && ok || ok != (want != "") {
			t.Errorf("%q: %q, %v", key, run, ok)
		}
	}
	if run, ok := RunOfKey(Key("a/../", "f", "r-1", 12), "a/../", "f"); !ok || run != "r-1" {
		t.Errorf("%q, %v", run, ok)
	}
}
