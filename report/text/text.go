// Package text makes text from many accounts fit to be shown: on one line, visible,
// cut to a length, and inert in Markdown and spreadsheets.
package text

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Visible makes text from AWS fit to be shown on one line: white space of any
// kind is one space, and what is not a printable character (control characters,
// escape sequences, bidirectional overrides, zero-width characters, bytes that
// are not UTF-8) is shown as an escape such as \u001b. Text of many accounts
// must not steer a terminal or reorder a line, nor command the CI system whose log
// it gets into: "::" where a word begins, and "##[" and "##vso[" anywhere, are escaped
// too.
//
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
// https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
func Visible(s string) string {
	return harmless(visible(s))
}

// harmless escapes commands to CI systems.
func harmless(s string) string {
	if !strings.Contains(s, "::") && !strings.Contains(s, "##") {
		return s
	}
	if strings.HasPrefix(s, "::") {
		s = `\u003a` + s[1:]
	}
	return azure.ReplaceAllString(strings.ReplaceAll(s, " ::", ` \u003a:`), `#\u0023$1`)
}

var azure = regexp.MustCompile(`##((?i:vso)?\[)`)

func visible(s string) string {
	if Plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	space := false
	for i, r := range s {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r) && !Ignorable(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Lines makes a document of several lines fit to be shown: lines and spaces stay as they
// are; carriage returns are left out, and other characters that are not seen, and what a CI
// system would take for a command, become escapes of JSON, so that a JSON document means
// the same.
func Lines(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 16)
	for line := range strings.Lines(s) {
		indent := len(line) - len(strings.TrimLeftFunc(line, unicode.IsSpace))
		if rest := line[indent:]; strings.HasPrefix(rest, "::") {
			line = line[:indent] + `\u003a` + rest[1:]
		}
		for _, r := range azure.ReplaceAllString(line, `#\u0023$1`) {
			switch {
			case r == '\r':
			case r == '\n' || r == '\t' || r >= ' ' && !Unseen(r):
				b.WriteRune(r)
			case r > 0xFFFF:
				high, low := utf16.EncodeRune(r)
				fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
			default:
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		}
	}
	return b.String()
}

// Plain reports whether visible would leave s as it is: printable ASCII
// without spaces side by side or at the ends.
func Plain(s string) bool {
	space := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || space && s[i] == ' ' {
			return false
		}
		space = s[i] == ' '
	}
	return !space || s == ""
}

// Ignorable reports characters that Unicode calls printable although nothing
// is seen of them, and that hide differences between names.
func Ignorable(r rune) bool {
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r)
}

// Cut shortens s to at most max runes and says so.
func Cut(s string, max int) string {
	if len(s) <= max || utf8.RuneCountInString(s) <= max {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == max {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// CutBytes shortens s to at most max bytes, the mark included, at a rune.
func CutBytes(s string, max int) string {
	const mark = "…"
	if len(s) <= max {
		return s
	}
	n := max - len(mark)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + mark
}

// Count writes a number with its noun: 1 bucket, 2 buckets.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// Markdown makes text show as it is in Markdown, also inside a table.
func Markdown(s string) string {
	var b strings.Builder
	for _, r := range Visible(s) {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@' || r == '#': // no mention, no reference to an issue
			b.WriteRune(r)
			b.WriteString("&#8203;")
		case strings.ContainsRune("\\`*_[]|~", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Millis writes milliseconds with a unit that suits their size.
func Millis(ms int64) string {
	switch {
	case ms < 1000:
		return strconv.FormatInt(ms, 10) + " ms"
	case ms < 60_000:
		return strconv.FormatFloat(float64(ms)/1000, 'f', 1, 64) + " s"
	}
	return fmt.Sprintf("%d min %d s", ms/60_000, ms%60_000/1000)
}

// AnyUnseen looks for what unseen reports and steps over ASCII, which most text is.
func AnyUnseen(b []byte) bool {
	for i := 0; i < len(b); {
		if b[i] < 0x7F {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if Unseen(r) {
			return true
		}
		i += n
	}
	return false
}

// Unseen reports characters beyond printable ASCII that a terminal shows nothing for, or acts on.
func Unseen(r rune) bool {
	return r >= 0x7F && (!unicode.IsGraphic(r) || Ignorable(r))
}

// maxCell is how many characters spreadsheets keep of a cell, less some room.
const maxCell = 32_000

// Cell makes text fit to be a cell of a spreadsheet: visible, not too long, and
// nothing that is computed.
func Cell(s string) string { return inert(Cut(Visible(s), maxCell)) }

// inert keeps a spreadsheet from computing a cell. The full-width forms count in
// some of them too.
func inert(s string) string {
	for _, p := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, p) {
			return "'" + s
		}
	}
	return s
}
