package spec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/principal"
)

// specLine is one line of `crosscheck simulate`.
type specLine struct {
	ID      string
	Request struct {
		Principal       json.RawMessage
		Action          string
		Resource        string
		ResourceAccount string
		Context         map[string]any
		UnknownContext  []string
	}
	IdentityPolicies, Boundaries []specNamed
	SessionPolicy                json.RawMessage
	SCPs, RCPs                   []specTarget
	ResourcePolicy               json.RawMessage
	RestrictPublicBuckets        bool
	UnknownLayers                []string

	AWS string // of a recording: "Allowed" or "Denied"
}

type specNamed struct {
	Name   string
	Policy json.RawMessage
}

type specTarget struct {
	Target   string
	Policies []specNamed
}

func readLine(b []byte) (*specLine, error) {
	l := &specLine{}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return l, dec.Decode(l)
}

// toCase reads a line without the package's own reader.
func (l *specLine) toCase() (*specCase, error) {
	c := &specCase{
		Action: l.Request.Action, Resource: l.Request.Resource, ResourceAccount: l.Request.ResourceAccount,
		Context: map[string]specValue{}, Grants: logic.False, RestrictPublic: logic.False,
	}
	c.Glob = strings.ContainsAny(c.Resource, "*?")
	for k, v := range l.Request.Context {
		if list, ok := v.([]any); ok {
			c.Context[strings.ToLower(k)] = specValue{"many", scalars(list)}
		} else {
			c.Context[strings.ToLower(k)] = specValue{"one", scalars(v)}
		}
	}
	for _, k := range l.Request.UnknownContext {
		c.Context[strings.ToLower(k)] = specValue{State: "unknown"}
	}
	first := func(key string) string {
		if v := c.Context[key]; v.State == "one" {
			return v.Values[0]
		}
		return ""
	}
	var text string
	var object map[string]string
	switch {
	case json.Unmarshal(l.Request.Principal, &text) == nil:
	case json.Unmarshal(l.Request.Principal, &object) == nil && object["service"] != "":
		text = object["service"]
	default:
		return nil, fmt.Errorf("%s: principal %s", l.ID, l.Request.Principal)
	}
	switch {
	case text == "*" || text == "anonymous":
		c.Principal = principal.Anonymous()
	case !strings.HasPrefix(text, "arn:"):
		c.Principal = principal.Service(text)
	case strings.Contains(text, ":assumed-role/"):
		part := strings.Split(text, "/")
		f := strings.Split(text, ":")
		role := first("aws:principalarn")
		if role == "" {
			role = "arn:" + f[1] + ":iam::" + f[4] + ":role/" + part[1]
		}
		id, _, _ := strings.Cut(first("aws:userid"), ":")
		c.Principal = principal.RoleSession(role, id, part[2])
	default:
		c.Principal = parsePrincipal(text)
	}
	unread := func(name string) bool { return slices.Contains(l.UnknownLayers, name) }
	c.Identity = named(l.IdentityPolicies, unread("identityPolicies"))
	c.Boundary = named(l.Boundaries, unread("boundaries"))
	c.Session = one("session", l.SessionPolicy, unread("sessionPolicy"))
	c.Policy = one("resource", l.ResourcePolicy, unread("resourcePolicy"))
	c.SCPs = targets(l.SCPs, unread("scps"))
	c.RCPs = targets(l.RCPs, unread("rcps"))
	if l.RestrictPublicBuckets {
		c.RestrictPublic = logic.True
	}
	if unread("restrictPublicBuckets") {
		c.RestrictPublic = logic.Unknown
	}
	if unread("grants") {
		c.Grants = logic.Unknown
	}
	if c.Boundary.Read {
		c.Principal.Boundary = logic.False
		if len(c.Boundary.Docs) > 0 {
			c.Principal.Boundary = logic.True
		}
	}
	return c, nil
}

func named(list []specNamed, unread bool) specLayer {
	l := specLayer{Read: !unread}
	for _, n := range list {
		l.Docs = append(l.Docs, specDoc{n.Name, string(n.Policy)})
	}
	return l
}

func one(name string, doc json.RawMessage, unread bool) specLayer {
	l := specLayer{Read: !unread}
	if len(doc) > 0 && string(doc) != "null" {
		l.Docs = []specDoc{{name, string(doc)}}
	}
	return l
}

func targets(list []specTarget, unread bool) specLevels {
	switch {
	case unread:
		return specLevels{State: "unread"}
	case list == nil:
		return specLevels{State: "not applicable"}
	}
	l := specLevels{State: "path"}
	for _, t := range list {
		l.Levels = append(l.Levels, specLevel{t.Target, named(t.Policies, false)})
	}
	return l
}
