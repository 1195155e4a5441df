package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Severities are all severities, the worst first.
var Severities = []Severity{Critical, High, Medium, Low, Info}

// ParseSeverity reads the name of a severity; any other text is an error that
// lists the names.
func ParseSeverity(s string) (Severity, error) {
	if v := Severity(s); v.Valid() {
		return v, nil
	}
	return "", fmt.Errorf("unknown severity %q: use critical, high, medium, low or info", s)
}

// Valid reports whether it is one of [Severities].
func (s Severity) Valid() bool { return slices.Contains(Severities, s) }

// Rank orders severities, the worst lowest. One that is not known ranks with the
// worst, so that it is never overlooked.
func (s Severity) Rank() int { return max(0, slices.Index(Severities, s)) }

// Verdicts are all verdicts, the worst first.
var Verdicts = []Verdict{Broken, Partial, UnknownVerdict, Works}

// Rank orders verdicts as [Verdicts] does; -1 is no verdict.
func (v Verdict) Rank() int { return slices.Index(Verdicts, v) }

// Fails reports whether it is proven that promised objects fail: such a link gates.
func (v Verdict) Fails() bool { return v == Broken || v == Partial }

// Statuses are all statuses, the one that matters most first: what is said of one
// subject is the first of them that a rule gives.
var Statuses = []Status{Fail, Unknown, Pass, NotApplicable}

// Valid reports whether it is one of [Statuses].
func (s Status) Valid() bool { return slices.Contains(Statuses, s) }

// Rank orders statuses as [Statuses] does; -1 is no status.
func (s Status) Rank() int { return slices.Index(Statuses, s) }

// Fingerprint identifies a fault across runs: 32 hexadecimal digits of what it is
// about, such as rule, account, bucket and the kind of fault, never of its wording.
func Fingerprint(parts ...string) string {
	text := make([]byte, 0, 256)
	for i, p := range parts {
		if i > 0 {
			text = append(text, 0)
		}
		text = append(text, p...)
	}
	sum := sha256.Sum256(text)
	return string(hex.AppendEncode(text[:0], sum[:16]))
}
