package sandbox

import (
	"regexp"
	"strconv"
	"strings"
)

type taggingXML struct {
	TagSet tagSetXML `xml:"TagSet"`
}

type tagSetXML struct {
	Tags []tag `xml:"Tag"`
}

// checkTags refuses a tag set as S3 does.
func checkTags(tags []tag, most int) *apiError {
	invalid := func(message string, t tag) *apiError {
		return &apiError{status: 400, code: "InvalidTag", message: message, detail: map[string]string{"TagKey": t.Key, "TagValue": t.Value}}
	}
	if len(tags) > most {
		return &apiError{status: 400, code: "BadRequest", message: "Object tags cannot be greater than " + strconv.Itoa(most)}
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

type aclXML struct {
	OwnerID string     `xml:"Owner>ID"`
	Grants  []grantXML `xml:"AccessControlList>Grant"`
}

type grantXML struct {
	Grantee    grantee `xml:"Grantee"`
	Permission string  `xml:"Permission"`
}

// grantee writes the xsi:type attribute that the SDKs of some languages ask for.
type grantee struct {
	XSI  string `xml:"xmlns:xsi,attr"`
	Type string `xml:"xsi:type,attr"`
	ID   string `xml:"ID"`
}

func fullControl(ids ...string) []grantXML {
	var grants []grantXML
	for _, id := range ids {
		grants = append(grants, grantXML{grantee{"http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser", id}, "FULL_CONTROL"})
	}
	return grants
}
