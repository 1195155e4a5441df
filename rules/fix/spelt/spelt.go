// Package spelt mends the text of policies that are not spelt as AWS reads them: dates, quotes
// and dashes of word processors, and a context key that S3 never sends.
package spelt

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
)

// newVersion is the version of policies that knows variables; the other one that there is
// does not.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
const newVersion = "2012-10-17"

var versionText = regexp.MustCompile(`"Version"\s*:\s*"([^"\\]*)"`)

var (
	dashes    = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-", "\u00A0", "", " ", "")
	aDate     = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$`)
	unprinted = strings.NewReplacer("\uFEFF", "", "\u200B", "", "\u00A0", " ", "\u2028", "\n",
		"\u201C", `"`, "\u201D", `"`, "\u201E", `"`, "\u201F", `"`, "\u2033", `"`, "\u00AB", `"`, "\u00BB", `"`)
)

// VersionOf is the Version of a policy as it is written, "" where none is found.
func VersionOf(text string) string {
	if m := versionText.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// Version is the version that a text means: one that there is, written with other dashes,
// or the usual one where it is another date.
func Version(text string) string {
	plain := dashes.Replace(text)
	switch {
	case plain == newVersion || plain == "2008-10-17":
		return plain
	case aDate.MatchString(plain):
		return newVersion
	}
	return text
}

// Plain is a policy with the quotes, spaces and dashes of JSON in place of those of
// word processors.
func Plain(text string) string {
	text = unprinted.Replace(text)
	return versionText.ReplaceAllStringFunc(text, func(m string) string {
		old := versionText.FindStringSubmatch(m)[1]
		return strings.Replace(m, `"`+old+`"`, `"`+Version(old)+`"`, 1)
	})
}

// Misspelled is the name of a context key that S3 never sends, and SentContext the one that
// was meant.
const (
	Misspelled  = "kms:EncryptionContext:arn:aws:arn"
	SentContext = "kms:EncryptionContext:aws:s3:arn"
)

var misspelledKey = regexp.MustCompile(`(?i)"` + Misspelled + `"`)

// NamesMisspelled reports whether a policy names the context key that S3 never sends.
func NamesMisspelled(text string) bool { return misspelledKey.MatchString(text) }

// Sent is a policy with the name of the context key that S3 sends, in statements that allow.
func Sent(kind policy.Kind, text string) string {
	infos := policy.Parse(kind, "", []byte(text)).Statements()
	slices.SortFunc(infos, func(a, b policy.StatementInfo) int { return cmp.Compare(a.Offset, b.Offset) })
	for i := len(infos) - 1; i >= 0; i-- {
		if infos[i].Effect != statement.Allow {
			continue
		}
		from, to := infos[i].Offset, len(text)
		if i+1 < len(infos) {
			to = infos[i+1].Offset
		}
		text = text[:from] + misspelledKey.ReplaceAllString(text[from:to], `"`+SentContext+`"`) + text[to:]
	}
	return text
}
