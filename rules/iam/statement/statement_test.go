package statement

import "testing"

func TestEffectString(t *testing.T) {
	t.Parallel()
	if Allow.String() != "Allow" || Deny.String() != "Deny" || Effect(0).String() != "" {
		t.Errorf("%s %s %s", Allow, Deny, Effect(0))
	}
}
