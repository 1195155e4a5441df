package repair

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// cksum is what the program cksum of a POSIX shell prints for a text on lines.
//
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/cksum.html
func cksum(text string) string {
	text = strings.TrimRight(text, "\n") + "\n"
	var crc uint32
	add := func(b byte) {
		crc ^= uint32(b) << 24
		for range 8 {
			top := crc >> 31
			crc <<= 1
			if top == 1 {
				crc ^= 0x04C11DB7
			}
		}
	}
	for i := range len(text) {
		add(text[i])
	}
	for n := len(text); n > 0; n >>= 8 {
		add(byte(n))
	}
	return fmt.Sprint(^crc, " ", len(text))
}

// compact is JSON as S3 keeps a bucket policy.
func compact(document string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(document)) != nil {
		return document
	}
	return b.String()
}

var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// decoded is JSON as the aws CLI prints a document that it has decoded: with four spaces for
// each level, and no character escaped that need not be.
func decoded(document string) string {
	s := jsonString.ReplaceAllStringFunc(compact(document), func(quoted string) string {
		var text string
		if json.Unmarshal([]byte(quoted), &text) != nil {
			return quoted
		}
		return strings.TrimSpace(marshal(text))
	})
	var b bytes.Buffer
	if json.Indent(&b, []byte(s), "", "    ") != nil {
		return document
	}
	return b.String()
}

// verbatim is a text as it is.
func verbatim(s string) string { return s }
