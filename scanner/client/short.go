package client

import "unicode/utf8"

// MaxText is the size to which the code and the text of an error are cut, in bytes.
const MaxText = 1 << 10

// Short cuts a text between two characters where it is too long.
func Short(text string) string {
	if len(text) <= MaxText {
		return text
	}
	const dots = "…"
	end := MaxText - len(dots)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + dots
}
