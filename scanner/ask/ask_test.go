package ask

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/smithy-go"

	"crosscheck/scanner/client"
)

func TestGapsAreshort(t *testing.T) {
	t.Parallel()
	g := Question{API: "s3:GetBucketVersioning"}.Gap(&smithy.GenericAPIError{
		Code: strings.Repeat("x", 20<<20), Message: strings.Repeat("ü", 20<<20) + "z",
	})
	for _, text := range []string{g.Code, g.Message} {
		if len(text) > client.MaxText || len(text) < client.MaxText-utf8.UTFMax || !utf8.ValidString(text) || !strings.HasSuffix(text, "…") {
			t.Errorf("%d bytes, which end in %q", len(text), text[max(0, len(text)-8):])
		}
	}
	if g := (Question{}).Gap(&smithy.GenericAPIError{Code: "Short", Message: "as it is"}); g.Code != "Short" || g.Message != "as it is" {
		t.Errorf("a short error changed: %+v", g)
	}
}
