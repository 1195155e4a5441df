package request

import (
	"regexp"
	"strconv"
	"strings"

	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Tagging is a tag set in the body of a request or an answer.
type Tagging struct {
	TagSet TagSet `xml:"TagSet"`
}

// TagSet is the list in a [Tagging].
type TagSet struct {
	Tags []state.Tag `xml:"Tag"`
}

// CheckTags refuses a tag set as S3 does.
func CheckTags(tags []state.Tag, most int) *wire.Error {
	invalid := func(message string, t state.Tag) *wire.Error {
		return &wire.Error{
			Status: 400, Code: "InvalidTag", Message: message,
			Detail: map[string]string{"TagKey": t.Key, "TagValue": t.Value},
		}
	}
	if len(tags) > most {
		return &wire.Error{
			Status: 400, Code: "BadRequest",
			Message: "Object tags cannot be greater than " + strconv.Itoa(most),
		}
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || len([]rune(t.Key)) > 128 || !tagText.MatchString(t.Key):
			return invalid("The TagKey you have provided is invalid", t)
		case len([]rune(t.Value)) > 256 || !tagText.MatchString(t.Value):
			return invalid("The TagValue you have provided is invalid", t)
		case strings.HasPrefix(t.Key, "aws:"):
			return invalid("System tags cannot be added/updated by requester", t)
		case seen[t.Key]:
			return invalid("Cannot provide multiple Tags with the same key", t)
		}
		seen[t.Key] = true
	}
	return nil
}

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// ACL is an access control list in an answer.
type ACL struct {
	OwnerID string  `xml:"Owner>ID"`
	Grants  []Grant `xml:"AccessControlList>Grant"`
}

// Grant is one permission of an [ACL].
type Grant struct {
	Grantee    grantee `xml:"Grantee"`
	Permission string  `xml:"Permission"`
}

// grantee writes the xsi:type attribute that the SDKs of some languages ask for.
type grantee struct {
	XSI  string `xml:"xmlns:xsi,attr"`
	Type string `xml:"xsi:type,attr"`
	ID   string `xml:"ID"`
}

// FullControl grants everything to each of the canonical user ids.
func FullControl(ids ...string) []Grant {
	var grants []Grant
	for _, id := range ids {
		grants = append(grants, Grant{grantee{"http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser", id}, "FULL_CONTROL"})
	}
	return grants
}
