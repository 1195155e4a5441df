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
	switch g.Resource {
	case "":
		return ""
	case doc.Bucket.ARN:
		ask.Layer = demand.Source
	case doc.BucketARN(link.Destination):
		ask.Layer = demand.Destination
	case keyARN(doc, link.SourceKey):
		ask.Layer = demand.SourceKey
	case keyARN(doc, link.ReplicaKey):
		ask.Layer = demand.DestinationKey
	default:
		return ""
	}
	refused := permission.Refusal(doc, link, "arn:"+said[1]+":iam::"+said[2]+":role/"+said[3], ask, p.policies)
	if in := explicitIn.FindStringSubmatch(g.Message); in != nil {
		if layer, _, _ := strings.Cut(refused.Layer, ":"); !slices.Contains(layersOf[in[1]], layer) {
			return "" // a statement refuses it that was not read
		}
	}
	if refused.Layer != "" {
		return refused.Clause + "; exempt the ARN of this role, which audits, from the statement (with its path, if it has one)"
	}
	return refused.Clause
}

// keyARN is the ARN of a key that was read, as gaps name it.
func keyARN(doc *fact.Document, id string) string {
	if k := doc.Keys[id].Value; k != nil {
		return k.ARN
	}
	return id
}
