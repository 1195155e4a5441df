package rules

import (
	"regexp"
	"slices"
	"strings"

	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// refusedRead is how AWS says in a denial which role asked for what.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
var refusedRead = regexp.MustCompile(
	`^User: arn:([\w-]+):sts::(\d{12}):assumed-role/([^/ ]+)/\S+ is not authorized to perform: (\S+) on resource: `,
)

// explicitIn is how AWS says in which kind of policy an explicit deny is.
var explicitIn = regexp.MustCompile(`with an explicit deny in an? ([a-z -]+)`)

// layersOf are the layers of policies of such a kind, without their targets. The audit role's
// own policies are not read.
var layersOf = map[string][]string{
	"resource-based policy": {"resource", "key"}, "service control policy": {"scp"}, "resource control policy": {"rcp"},
}

// refusedBy says which statement of the policies that were read refuses the audit role the
// read behind a gap, and what to do; "" where none is known to. AWS names the session of the
// role, and so not its path.
func (p *premises) refusedBy(doc *fact.Document, link *fact.Link, g *fact.Gap) string {
	said := refusedRead.FindStringSubmatch(g.Message)
	if said == nil {
		return ""
	}
	if link == nil {
		link = &fact.Link{}
	}
	ask := permission.Ask{Action: said[4]}
	switch {
	case g.Resource == "":
		return ""
	case strings.HasPrefix(ask.Action, "iam:"):
		ask.Layer, ask.Key = demand.Trust, g.Resource
	case g.Resource == doc.Bucket.ARN:
		ask.Layer = demand.Source
	case g.Resource == doc.BucketARN(link.Destination):
		ask.Layer = demand.Destination
	case g.Resource == keyARN(doc, link.SourceKey):
		ask.Layer = demand.SourceKey
	case g.Resource == keyARN(doc, link.ReplicaKey):
		ask.Layer = demand.DestinationKey
	default:
		return ""
	}
	role := "arn:" + said[1] + ":iam::" + said[2] + ":role/"
	refused := permission.Refusal(doc, link, role+said[3], ask, p.policies)
	if in := explicitIn.FindStringSubmatch(g.Message); in != nil {
		if layer, _, _ := strings.Cut(refused.Layer, ":"); !slices.Contains(layersOf[in[1]], layer) {
			return "" // a statement refuses it that was not read
		}
	}
	if refused.Layer != "" {
		// A statement that exempts a role of this name under a path may exempt this one.
		for path := range pathsOf(doc, said[3]) {
			if with := permission.Refusal(doc, link, role+path+said[3], ask, p.policies); with.Layer == "" && !strings.HasPrefix(refused.Clause, "perhaps ") {
				refused.Clause = "perhaps " + refused.Clause + ", depending on the role's path, which AWS does not name"
			}
		}
		return refused.Clause + "; exempt the ARN of this role, which audits, from the statement (with its path, if it has one)"
	}
	return refused.Clause
}

// underPath is a role in a policy, or all roles, under a path.
var underPath = regexp.MustCompile(`:role/([\w+=,.@/-]+/)([\w+=,.@-]+|\*)"`)

// pathsOf are the paths that the policies of a document name for a role of a name.
func pathsOf(doc *fact.Document, name string) map[string]bool {
	paths := map[string]bool{}
	in := func(p fact.Policy) {
		for _, m := range underPath.FindAllStringSubmatch(p.Document, -1) {
			if m[2] == name || m[2] == "*" {
				paths[m[1]] = true
			}
		}
	}
	of := func(f fact.Fact[fact.Policy]) {
		if f.Value != nil {
			in(*f.Value)
		}
	}
	of(doc.Bucket.Policy)
	for _, b := range doc.Buckets {
		if b.Value != nil {
			of(b.Value.Policy)
		}
	}
	for _, k := range doc.Keys {
		if k.Value != nil {
			of(k.Value.Policy)
		}
	}
	for _, a := range doc.Accounts {
		for _, levels := range []*[]fact.PolicyLevel{a.SCPs.Value, a.RCPs.Value} {
			if levels == nil {
				continue
			}
			for _, l := range *levels {
				for _, p := range l.Policies {
					in(p)
				}
			}
		}
	}
	return paths
}

// keyARN is the ARN of a key that was read, as gaps name it.
func keyARN(doc *fact.Document, id string) string {
	if k := doc.Keys[id].Value; k != nil {
		return k.ARN
	}
	return id
}
