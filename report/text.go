package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// visible makes text from AWS fit to be shown on one line: white space of any
// kind is one space, and what is not a printable character (control characters,
// escape sequences, bidirectional overrides, zero-width characters, bytes that
// are not UTF-8) is shown as an escape such as \u001b. Text of many accounts
// must not steer a terminal or reorder a line.
func visible(s string) string {
	if plain(s) {
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
		case unicode.IsPrint(r) && !ignorable(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// plain reports whether visible would leave s as it is: printable ASCII
// without spaces side by side or at the ends.
func plain(s string) bool {
	space := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || space && s[i] == ' ' {
			return false
		}
		space = s[i] == ' '
	}
	return !space || s == ""
}

// ignorable reports characters that Unicode calls printable although nothing
// is seen of them, and that hide differences between names.
func ignorable(r rune) bool {
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r)
}

// cut shortens s to at most max runes and says so.
func cut(s string, max int) string {
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

// cutBytes shortens s to at most max bytes, the mark included, at a rune.
func cutBytes(s string, max int) string {
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

// wrap breaks s into lines of at most width columns: at spaces, and where one
// word is longer, after a character that separates the parts of a name. The
// arrow of a link stays with the bucket behind it.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range words(s) {
		n := twwidth.Width(word)
		if used > 0 && used+1+n <= width {
			line, used = line+" "+word, used+1+n
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for n > width {
			head, tail := split(word, width)
			lines = append(lines, head)
			word, n = tail, twwidth.Width(tail)
		}
		line, used = word, n
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

func words(s string) []string {
	ws := strings.Fields(s)
	out := ws[:0]
	for i := 0; i < len(ws); i++ {
		if ws[i] == "→" && i+1 < len(ws) {
			i++
			out = append(out, "→ "+ws[i])
			continue
		}
		out = append(out, ws[i])
	}
	return out
}

// split cuts a word after at most width columns, in its second half behind a
// separator if there is one, and always takes at least one character.
func split(word string, width int) (head, tail string) {
	used, end, part, piece := 0, 0, 0, 0
	for i, r := range word {
		n := twwidth.Width(string(r))
		if used+n > width && i > 0 {
			break
		}
		used += n
		end = i + utf8.RuneLen(r)
		switch {
		case used <= width/2:
		case strings.ContainsRune("/:→ ", r): // between the parts of an ARN or a link
			part = end
		case strings.ContainsRune("-_.,", r):
			piece = end
		}
	}
	end = cmp.Or(part, piece, end)
	return strings.TrimRight(word[:end], " "), word[end:]
}

// trimmer drops the blanks at the end of each line, and the reset of a color
// that the table library puts behind them.
type trimmer struct {
	w    io.Writer
	line []byte
}

func (t *trimmer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			t.line = append(t.line, rest...)
			break
		}
		t.line = append(t.line, rest[:i]...)
		rest = rest[i+1:]
		if err := t.flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (t *trimmer) flush() error {
	const reset = "\x1b[0m"
	line := bytes.TrimRight(t.line, " ")
	for bytes.HasSuffix(line, []byte(" "+reset)) {
		line = bytes.TrimRight(line[:len(line)-len(reset)], " ")
	}
	line = append(line, '\n')
	t.line = t.line[:0]
	_, err := t.w.Write(line)
	return err
}

// count writes a number with its noun: 1 bucket, 2 buckets.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// escapeMarkdown makes text show as it is in Markdown, also inside a table.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range visible(s) {
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
