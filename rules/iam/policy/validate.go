package policy

import (
	"strings"
	"unicode/utf8"

	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/jsontree"
	"crosscheck/rules/iam/literal"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
)

// iamKind reports whether IAM itself stores documents of this kind.
func (p *Policy) iamKind() bool {
	return p.kind == Identity || p.kind == Boundary || p.kind == Trust
}

// hasPrincipal reports whether statements of this kind name who may call.
func (p *Policy) hasPrincipal() bool {
	switch p.kind {
	case RCP, Bucket, Key, Trust, Resource:
		return true
	}
	return false
}

// checkStatement applies the rules of the kind of policy to a whole statement.
func (c *compiler) checkStatement(s *statement.Statement) {
	who, what := c.places[s.Index][fieldPrincipal], c.places[s.Index][fieldResource]
	switch {
	case c.hasPrincipal() && who == 0:
		c.fail(s.Off, "statement %d has no Principal; AWS refuses the document", s.Index)
	case !c.hasPrincipal() && who != 0:
		c.fail(int(c.node(who).KeyOff), "statement %d has a Principal, which %s must not have; AWS refuses the document", s.Index, c.kind)
	}
	switch {
	case c.kind == Trust && what != 0:
		c.fail(int(c.node(what).KeyOff), "statement %d has a Resource; a trust policy is about its role, and IAM refuses the document", s.Index)
	case c.kind == Key && what == 0:
		c.warn(s.Off, "statement %d has no Resource and so no effect", s.Index)
	case c.kind != Trust && c.kind != Key && what == 0:
		c.fail(s.Off, "statement %d has neither Resource nor NotResource; AWS refuses the document", s.Index)
	}
	if s.NotPrincipal && s.Effect == statement.Allow {
		switch c.kind {
		case Bucket, Trust:
			c.fail(int(c.node(who).KeyOff), "statement %d allows with NotPrincipal; AWS refuses the document", s.Index)
		case Key, Resource:
			c.warn(int(c.node(who).KeyOff), "statement %d allows with NotPrincipal: whom it reaches is unknown", s.Index)
		}
	}
	switch c.kind {
	case RCP:
		c.checkRCP(s)
	case Trust:
		if who != 0 && c.node(who).Kind == jsontree.String {
			c.fail(int(c.node(who).Off), "a trust policy must not have the bare Principal \"*\"; IAM refuses the document")
		}
	case Bucket:
		c.checkFit(s)
	}
}

// checkRCP: an RCP denies, to everyone, actions of the services that it covers.
func (c *compiler) checkRCP(s *statement.Statement) {
	if c.fullAccess(s) {
		return
	}
	if s.Effect == statement.Allow {
		c.fail(int(c.node(c.places[s.Index][fieldEffect]).Off), "an RCP can only deny; AWS refuses Effect Allow")
	}
	if s.NotAction {
		c.fail(int(c.node(c.places[s.Index][fieldAction]).KeyOff), "an RCP must not have NotAction; AWS refuses the document")
	}
	who := c.places[s.Index][fieldPrincipal]
	if who == 0 {
		return
	}
	n := c.node(who)
	single := n.Kind == jsontree.String && n.Text == "*" ||
		n.Kind == jsontree.Object && n.Count == 1 && c.node(n.Child).Key == "AWS" && c.node(n.Child).Kind == jsontree.String && c.node(n.Child).Text == "*"
	if s.NotPrincipal || !single {
		c.fail(int(n.Off), "the Principal of an RCP must be \"*\" or {\"AWS\": \"*\"}; AWS refuses the document")
	}
}

// fullAccess reports whether the statement is that of RCPFullAWSAccess, AWS's own
// RCP, which is attached everywhere and which no one else can write.
func (c *compiler) fullAccess(s *statement.Statement) bool {
	return (c.stored || strings.HasSuffix(c.name, "RCPFullAWSAccess")) && c.kind == RCP &&
		s.Effect == statement.Allow && len(c.statements) == 1 && c.places[s.Index][fieldCondition] == 0 && !s.NotAction && !s.NotResource && !s.NotPrincipal
}

func (c *compiler) checkAction(s *statement.Statement, n *jsontree.Node) {
	service, name, colon := strings.Cut(n.Text, ":")
	switch {
	case n.Text == "*":
		if c.kind == RCP && !c.fullAccess(s) {
			c.fail(int(n.Off), "an RCP must not have the bare Action \"*\"; AWS refuses the document")
		}
		return
	case !colon:
		c.fail(int(n.Off), "Action %q has no service prefix such as \"s3:\"; AWS refuses the document", n.Text)
		return
	case strings.ContainsAny(service, "*?"):
		c.doubt(int(n.Off), "Action %q has a wildcard in its service prefix; AWS refuses the document", n.Text)
		return
	case service == "" || !plain(service, "-"):
		c.fail(int(n.Off), "Action %q has a malformed service prefix; AWS refuses the document", n.Text)
		return
	case name == "" || !plain(name, "*?-_:"):
		c.doubt(int(n.Off), "Action %q is no action name", n.Text)
		return
	}
	service = match.LowerASCII(service)
	switch c.kind {
	case RCP:
		if !catalog.RCPCovers(service) {
			c.doubt(int(n.Off), "RCPs do not cover the service %s; AWS refuses the document", service)
		}
	case Trust:
		if service != "sts" {
			c.doubt(int(n.Off), "Action %q; a trust policy may have actions of sts only, and IAM refuses the document", n.Text)
		}
	case Key:
		if service != "kms" {
			c.warn(int(n.Off), "Action %q is not of kms and has no effect on a key", n.Text)
		}
	case Bucket:
		g := match.NewGlob(c.lowered(n.Off, n.Text))
		if service != "s3" {
			c.fail(int(n.Off), "Action %q is not of s3; S3 refuses the bucket policy", n.Text)
		} else if catalog.S3ResourceTypes(&g) == 0 {
			c.doubt(int(n.Off), "Action %q matches no action of s3; S3 refuses the bucket policy", n.Text)
		}
	}
}

// plain reports whether s has ASCII letters, digits and the other characters only.
func plain(s, others string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(others, r)) {
			return false
		}
	}
	return true
}

// abroad is the partition of an ARN, where it is certain to be another than the document's.
func (c *compiler) abroad(arn string) (partition string, is bool) {
	partition = match.Field(arn, 1)
	return partition, c.partition != "" && strings.HasPrefix(arn, "arn:") && partition != c.partition && !strings.ContainsAny(partition, "*?$")
}

// checkPartition: IAM answers 'Partition "aws-cn" is not valid for resource', S3 'Policy has
// invalid resource'. What AWS does with other kinds of policy is not documented.
func (c *compiler) checkPartition(n *jsontree.Node) {
	partition, is := c.abroad(n.Text)
	switch {
	case !is:
	case c.kind == Identity, c.kind == Boundary:
		c.fail(int(n.Off), "Resource %q is in another partition: %s, not %s; IAM refuses the document", n.Text, partition, c.partition)
	case c.kind == Bucket:
		c.fail(int(n.Off), "Resource %q is in another partition: %s, not %s; S3 refuses the bucket policy", n.Text, partition, c.partition)
	default:
		c.warn(int(n.Off), "Resource %q is in another partition: %s, not %s", n.Text, partition, c.partition)
	}
}

// checkResource applies the rules of the kind to one entry of Resource.
func (c *compiler) checkResource(s *statement.Statement, n *jsontree.Node) {
	c.checkPartition(n)
	if c.kind == Bucket {
		c.checkBucketResource(s, n)
		return
	}
	switch {
	case c.kind == Trust, n.Text == "*":
	case c.kind == Key:
		if !strings.Contains(n.Text, ":key/") {
			c.warn(int(n.Off), "Resource %q; in a key policy only \"*\" or the key itself has an effect", n.Text)
		}
	case !strings.HasPrefix(n.Text, "arn:"):
		c.fail(int(n.Off), "Resource %q is neither an ARN nor \"*\"; AWS refuses the document", n.Text)
	case match.CutARN(n.Text) >= 0:
	case c.kind == Session:
		c.fail(int(n.Off), "Resource %q has fewer than the six fields of an ARN; AWS refuses such session policies", n.Text)
	case c.kind == SCP, c.kind == RCP:
		c.warn(int(n.Off), "Resource %q has fewer than the six fields of an ARN; what it matches is documented for identity policies only, so it is unknown here", n.Text)
	}
}

// checkBucketResource: a bucket policy names its own bucket and its objects.
func (c *compiler) checkBucketResource(_ *statement.Statement, n *jsontree.Node) {
	cut := match.CutARN(n.Text)
	if n.Text == "*" || cut < 0 || match.Field(n.Text, 0) != "arn" || match.Field(n.Text, 2) != "s3" {
		c.fail(int(n.Off), "Resource %q is not the ARN of an S3 bucket or of its objects; S3 refuses the bucket policy", n.Text)
		return
	}
	if match.Field(n.Text, 3) != "" || match.Field(n.Text, 4) != "" || strings.ContainsAny(match.Field(n.Text, 1), "*?") {
		c.doubt(int(n.Off), "Resource %q: the ARN of a bucket has a partition but no Region and no account", n.Text)
	}
	if c.bucket == "" {
		return
	}
	name, _, object := strings.Cut(n.Text[cut:], "/")
	switch {
	case name == c.bucket:
	case !object && strings.HasPrefix(name, c.bucket) && strings.ContainsAny(name[len(c.bucket):len(c.bucket)+1], "*?"):
		c.warn(int(n.Off), "Resource %q reaches past the bucket %s", n.Text, c.bucket)
	case strings.ContainsAny(name, "*?$"):
		c.doubt(int(n.Off), "Resource %q does not name the bucket %s in full", n.Text, c.bucket)
	default:
		c.fail(int(n.Off), "Resource %q is not in the bucket %s; S3 refuses the bucket policy", n.Text, c.bucket)
	}
}

// checkFit: each action of a bucket policy needs a resource of its type.
func (c *compiler) checkFit(s *statement.Statement) {
	if s.NotAction || s.NotResource || c.places[s.Index][fieldAction] == 0 || c.places[s.Index][fieldResource] == 0 {
		return
	}
	var types catalog.S3Resource
	for _, r := range c.tree.Texts(c.places[s.Index][fieldResource]) {
		cut := match.CutARN(r)
		if cut < 0 {
			return // reported already
		}
		switch name, _, object := strings.Cut(r[cut:], "/"); {
		case object:
			types |= catalog.Object
		case strings.ContainsAny(name, "*?$"):
			types |= catalog.Bucket | catalog.Object
		default:
			types |= catalog.Bucket
		}
	}
	for i := range s.Actions {
		g := &s.Actions[i]
		if g.Kind == match.Anything {
			continue
		}
		if is := catalog.S3ResourceTypes(g); is != 0 && is&types == 0 {
			c.doubt(int(c.node(c.places[s.Index][fieldAction]).Off), "Action %s acts on %s, and statement %d names none; S3 refuses the bucket policy", g.Text, is, s.Index)
		}
	}
}

// checkOperand: IAM, S3 and Organizations refuse a value that is no literal of
// the operator's type; session policies were recorded to be accepted.
func (c *compiler) checkOperand(cond *condition.Condition, n *jsontree.Node, o *condition.Operand) {
	if c.kind == Session {
		return
	}
	if cond.Boolean() {
		if !literal.IsBool(n.Text) {
			c.warn(int(n.Off), "the value %q of %s is neither true nor false", n.Text, cond.Name)
		}
		return
	}
	what := cond.Literal()
	switch o.Form {
	case literal.Bad:
		c.fail(int(n.Off), "the value %q of %s is not %s; AWS refuses the document", n.Text, cond.Name, what)
	case literal.Doubt:
		c.warn(int(n.Off), "whether AWS reads the value %q of %s as %s is not documented; this condition is unknown", n.Text, cond.Name, what)
	}
}

func (c *compiler) compilePrincipal(kind string, n *jsontree.Node) principal.Entry {
	switch kind {
	case "Service":
		if strings.ContainsAny(n.Text, "*?") || !plain(n.Text, ".-") || !strings.Contains(n.Text, ".") {
			c.fail(int(n.Off), "Principal Service %q is no service name; AWS refuses the document", n.Text)
			return principal.Entry{Text: n.Text}
		}
		return principal.Entry{Kind: principal.ServiceEntry, Text: n.Text}
	case "Federated":
		return principal.Entry{Kind: principal.ProviderEntry, Text: n.Text}
	case "CanonicalUser":
		return principal.Entry{Kind: principal.CanonicalEntry, Text: n.Text}
	}
	p := principal.ParseEntry(n.Text)
	if partition, is := c.abroad(n.Text); is {
		c.fail(int(n.Off), "Principal %q is in another partition: %s, not %s; AWS refuses the document", n.Text, partition, c.partition)
	}
	switch {
	case p.Kind == principal.Invalid && !strings.ContainsAny(n.Text, "*?"):
		c.doubt(int(n.Off), "Principal AWS %q is no account, role, user or session; AWS refuses the document", n.Text)
	case p.Kind == principal.Invalid:
		c.fail(int(n.Off), "Principal AWS %q is no account, role, user or session; AWS refuses the document", n.Text)
	case p.Kind == principal.IDEntry:
		c.warn(int(n.Off), "Principal AWS %q is a unique id, which AWS shows only where the role or user was deleted; a new one of the same name does not match", n.Text)
	}
	return p
}

// sizes compares the document with AWS's quotas. They change, so it only warns.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func (c *compiler) sizes() {
	limit, count := 0, len(c.src)
	switch c.kind {
	case Identity, Boundary:
		limit = 6144
	case Session, Trust:
		limit = 2048
	case SCP, RCP:
		limit = 5120
	case Bucket:
		limit = 20 << 10
	case Key:
		limit = 32 << 10
	default:
		return
	}
	if count <= limit {
		return
	}
	unit := "bytes"
	if c.iamKind() || c.kind == Session {
		unit = "characters without white space"
		count = utf8.RuneCountInString(c.src)
		for _, blank := range [...]string{" ", "\t", "\n", "\r"} {
			count -= strings.Count(c.src, blank)
		}
	}
	if count > limit {
		c.warn(0, "the document has %d %s; AWS's default quota for %s is %d", count, unit, c.kind, limit)
	}
}
