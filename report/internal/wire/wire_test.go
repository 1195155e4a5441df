package wire_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"crosscheck/report/internal/wire"
)

func TestJSONEscapesWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	text := "a\u009bb\u202ec\u200bd\U000e0041e\x7ff<&>é→"
	var b bytes.Buffer
	if err := wire.Encode(&b, text); err != nil {
		t.Fatal(err)
	}
	if want := `"a\u009bb\u202ec\u200bd\udb40\udc41e\u007ff<&>é→"`; b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
	var back string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back != text {
		t.Errorf("%q came back as %q (%v)", text, back, err)
	}
}
