package yamldoc_test

import (
	"errors"
	"fmt"
	"testing"

	"go.yaml.in/yaml/v3"

	"crosscheck/rules/yamldoc"
)

// keys reads a file as a mapping of words.
func keys(data string) (names []string, err error) {
	root, err := yamldoc.Root([]byte(data))
	if err != nil || root == nil {
		return nil, err
	}
	return names, yamldoc.EachKey(root, func(name string, _, v *yaml.Node) error {
		names = append(names, name+"="+yamldoc.Kind(yamldoc.Resolve(v)))
		return nil
	})
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ file, want string }{
		{"", "[] <nil>"},
		{"# a comment\n", "[] <nil>"},
		{"null\n", "[] <nil>"},
		{"a: 1\nb: [x]\nc: {d: e}\nf:\ng: true\nh: i\n", "[a=a number b=a list c=a mapping f=empty g=true or false h=text] <nil>"},
		{"a: &x [1]\nb: *x\n", "[a=a list b=a list] <nil>"},
		{"a: 1\nb: 2\na: 3\n", `[a=a number b=a number] f:3: the key "a" is also in line 1`},
		{"? [a]\n: b\n", "[] f:1: a key is a list, not a word"},
		{"a: [\n", "[] f:1: did not find expected node content"},
		{"a: 1\n---\nb: 2\n", "[] f: more than one YAML document"},
	} {
		names, err := keys(test.file)
		var fault *yamldoc.Error
		if errors.As(err, &fault) {
			err = fault.In("f")
		}
		if got := fmt.Sprint(names, " ", err); got != test.want {
			t.Errorf("%q: %s, want %s", test.file, got, test.want)
		}
	}
}

func ExampleRoot() {
	_, err := yamldoc.Root([]byte("a: ["))
	var fault *yamldoc.Error
	if errors.As(err, &fault) {
		fmt.Println(fault.In("crosscheck.yaml"))
	}
	// Output: crosscheck.yaml:1: did not find expected node content
}
