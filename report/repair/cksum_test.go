package repair

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCksum(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{}", "{}\n\n", "é", strings.Repeat("long ", 100_000)} {
		cmd := exec.CommandContext(t.Context(), "cksum")
		cmd.Stdin = strings.NewReader(strings.TrimRight(text, "\n") + "\n")
		want, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := cksum(text); got != strings.TrimSpace(string(want)) {
			t.Errorf("%.9q: %s, not %s", text, got, want)
		}
	}
}

func TestDecoded(t *testing.T) {
	t.Parallel()
	in := `{"b": [],"a":{},"c":[1, "\u003c\/é\u00e9\n"]}`
	want := "{\n    \"b\": [],\n    \"a\": {},\n    \"c\": [\n        1,\n        \"</éé\\n\"\n    ]\n}"
	if got := decoded(in); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
