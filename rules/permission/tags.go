package permission

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/permission/demand"
)

// tagKey begins the condition keys of the tags of an object.
const tagKey = "s3:existingobjecttag/"

// byTags decides a requirement of which policies tell objects apart by tags that the rule does
// not ask for. Objects have no such tags unless their writers give them some. Where those
// without are allowed, the answer is about class tagged: denied with the tags of one object
// that is, else unknown. Where those without are denied, writers are expected to give the tag,
// and which objects they do so for is not known.
func (e *evaluation) byTags(r *demand.Requirement) Cell {
	c := e.whole(r)
	if c.Result != iam.Undecided || !slices.ContainsFunc(c.UnknownKeys, isTag) {
		return c
	}
	defer func() { e.tags = nil }()
	e.tags = map[string]string{}
	switch plain := e.whole(r); plain.Result {
	case iam.Undecided:
		return c
	case iam.Denied:
		c.say("objects without " + e.tagsIn(c.UnknownKeys) + " are denied, and it is not known which objects get it from their writers")
		c.Contested, c.Remediation = true, plain.Remediation
		return c
	}
	for key, value := range c.denyWhen {
		if isTag(key) && value != iam.NotSent {
			e.tags[key] = value
		}
	}
	tagged := c
	if some := e.whole(r); some.Result == iam.Denied && len(e.tags) > 0 {
		tagged = some
		var names []string
		for _, key := range slices.Sorted(maps.Keys(e.tags)) {
			names = append(names, e.nameOf(key)+"="+e.tags[key])
		}
		tags := "the tag " + names[0]
		if len(names) > 1 {
			tags = "the tags " + strings.Join(names, " and ")
		}
		if tagged.Some == "" {
			tagged.Witness, tagged.Some = "an object with "+tags, tags
			tagged.Keys = finding.Keys{SuchAs: tagged.Witness}
		} else {
			tagged.Some += " and " + tags
			tagged.Keys = finding.Keys{SuchAs: tagged.WitnessKey() + " with " + tags, Patterns: slices.Concat(tagged.Keys.Under, tagged.Keys.Outside, tagged.Keys.Patterns)}
		}
	}
	tagged.ofTags = true
	if tagged.Own = true; r.Class == finding.Default {
		tagged.Class = finding.Tagged
	}
	return tagged
}

func isTag(key string) bool { return strings.HasPrefix(key, tagKey) }

// tagsIn names the tags among condition keys.
func (e *evaluation) tagsIn(keys []string) string {
	var names []string
	for _, key := range keys {
		if isTag(key) {
			names = append(names, "the tag "+e.nameOf(key))
		}
	}
	return strings.Join(names, " or ")
}

// nameOf is the name of the tag that a condition key is about.
func (e *evaluation) nameOf(key string) string {
	return cmp.Or(e.spelled(&e.at, key), strings.TrimPrefix(key, tagKey))
}

// objectTag is a tag of the objects, as the request for an action has it.
func (e *evaluation) objectTag(s *side, action, key, tag string) contextkey.Value {
	v := e.tagOf(s, key, tag)
	switch {
	case s.layer != demand.Source && v.State != contextkey.StateAbsent:
		return contextkey.Value{} // of an object that is not there yet
	case v.State != contextkey.StatePresent || slices.Contains(readsTags, action):
		return v
	case e.certain:
		return contextkey.OneOf(contextkey.Absent(), v)
	}
	e.inferredTag = true
	return v
}

// readsTags are the actions of the source whose requests have the tags of the object, by the
// list of their keys. That others have them is inferred.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
var readsTags = []string{"s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"}

// tagOf is a tag of the source objects. They carry the tags that the rule asks for and
// none that it excludes; of others nothing is known, but see byTags. Filters tell names of tags
// apart by case, and condition keys do not: of a tag that policies and rule write in several
// ways nothing is known, as an object may have it in each.
func (e *evaluation) tagOf(s *side, key, tag string) contextkey.Value {
	rule := &e.link.Rule
	name := e.spelled(s, key)
	value, asked := rule.Tags[name]
	var excluded []string
	for k := range rule.Tags {
		if k != name && strings.EqualFold(k, tag) {
			return contextkey.Value{}
		}
	}
	for _, t := range rule.Exclude.Tags {
		switch {
		case t.Key == name:
			excluded = append(excluded, t.Value)
		case strings.EqualFold(t.Key, tag):
			return contextkey.Value{}
		}
	}
	switch given, ok := e.tags[key]; {
	case asked:
		return contextkey.One(value)
	case ok && !slices.Contains(excluded, given):
		return contextkey.One(given)
	case ok:
		return contextkey.Value{}
	case e.tags != nil:
		return contextkey.Absent()
	}
	if excluded == nil {
		return contextkey.Value{}
	}
	// Where policies only compare the tag as a whole, these values stand for all: none, each
	// that is named, and another one.
	other := match.Fresh
	domain := []contextkey.Value{contextkey.Absent()}
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			if slices.Contains(p.Variables, key) {
				return contextkey.Value{}
			}
			for _, u := range p.Uses {
				switch {
				case u.Key != key || u.Operator == "null":
				case !slices.Contains(wholeTexts, u.Operator) || strings.Contains(u.Value, "${"):
					return contextkey.Value{}
				case !slices.Contains(excluded, u.Value):
					domain = append(domain, contextkey.One(u.Value))
				}
				other += strings.Repeat(match.Fresh, len(u.Value))
			}
		}
	}
	return contextkey.OneOf(append(domain, contextkey.One(other))...)
}

// spelled is the name of the tag that a condition key is about, as the policies write it; ""
// where they differ.
func (e *evaluation) spelled(s *side, key string) string {
	name := ""
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			for _, n := range p.Names {
				if !strings.EqualFold(n, key) {
					continue
				}
				_, tag, _ := strings.Cut(n, "/")
				if name != "" && tag != name {
					return ""
				}
				name = tag
			}
		}
	}
	return name
}

// wholeTexts are the operators that compare a text as a whole, in its case.
var wholeTexts = []string{"stringequals", "stringnotequals", "stringequalsifexists", "stringnotequalsifexists"}
