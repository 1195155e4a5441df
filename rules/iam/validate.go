package iam

import (
	"strings"
	"unicode/utf8"
)

// iamKind reports whether IAM itself stores documents of this kind.
func (p *Policy) iamKind() bool {
	return p.kind == IdentityPolicy || p.kind == BoundaryPolicy || p.kind == TrustPolicy
}

// hasPrincipal reports whether statements of this kind name who may call.
func (p *Policy) hasPrincipal() bool {
	switch p.kind {
	case RCP, BucketPolicy, KeyPolicy, TrustPolicy, ResourcePolicy:
		return true
	}
	return false
}

// checkStatement applies the rules of the kind of policy to a whole statement.
func (c *compiler) checkStatement(s *statement) {
	who, what := s.at[fieldPrincipal], s.at[fieldResource]
	switch {
	case c.hasPrincipal() && who == 0:
		c.fail(s.off, "statement %d has no Principal; AWS refuses the document", s.index)
	case !c.hasPrincipal() && who != 0:
		c.fail(int(c.node(who).keyOff), "statement %d has a Principal, which %s must not have; AWS refuses the document", s.index, c.kind)
	}
	switch {
	case c.kind == TrustPolicy && what != 0:
		c.fail(int(c.node(what).keyOff), "statement %d has a Resource; a trust policy is about its role, and IAM refuses the document", s.index)
	case c.kind == KeyPolicy && what == 0:
		c.warn(s.off, "statement %d has no Resource and so no effect", s.index)
	case c.kind != TrustPolicy && c.kind != KeyPolicy && what == 0:
		c.fail(s.off, "statement %d has neither Resource nor NotResource; AWS refuses the document", s.index)
	}
	if s.notPrincipal && s.effect == Allow {
		switch c.kind {
		case BucketPolicy, TrustPolicy:
			c.fail(int(c.node(who).keyOff), "statement %d allows with NotPrincipal; AWS refuses the document", s.index)
		case KeyPolicy, ResourcePolicy:
			c.warn(int(c.node(who).keyOff), "statement %d allows with NotPrincipal: whom it reaches is unknown", s.index)
		}
	}
	switch c.kind {
	case RCP:
		c.checkRCP(s)
	case TrustPolicy:
		if who != 0 && c.node(who).kind == nodeString {
			c.fail(int(c.node(who).off), "a trust policy must not have the bare Principal \"*\"; IAM refuses the document")
		}
	case BucketPolicy:
		c.checkFit(s)
	}
}

// checkRCP: an RCP denies, to everyone, actions of the services that it covers.
func (c *compiler) checkRCP(s *statement) {
	if c.fullAccess(s) {
		return
	}
	if s.effect == Allow {
		c.fail(int(c.node(s.at[fieldEffect]).off), "an RCP can only deny; AWS refuses Effect Allow")
	}
	if s.notAction {
		c.fail(int(c.node(s.at[fieldAction]).keyOff), "an RCP must not have NotAction; AWS refuses the document")
	}
	who := s.at[fieldPrincipal]
	if who == 0 {
		return
	}
	n := c.node(who)
	single := n.kind == nodeString && n.text == "*" ||
		n.kind == nodeObject && n.count == 1 && c.node(n.child).key == "AWS" && c.node(n.child).kind == nodeString && c.node(n.child).text == "*"
	if s.notPrincipal || !single {
		c.fail(int(n.off), "the Principal of an RCP must be \"*\" or {\"AWS\": \"*\"}; AWS refuses the document")
	}
}

// fullAccess reports whether the statement is that of RCPFullAWSAccess, AWS's own
// RCP, which is attached everywhere and which nobody else can write.
func (c *compiler) fullAccess(s *statement) bool {
	return (c.stored || strings.HasSuffix(c.name, "RCPFullAWSAccess")) && c.kind == RCP &&
		s.effect == Allow && len(c.statements) == 1 && s.at[fieldCondition] == 0 && !s.notAction && !s.notResource && !s.notPrincipal
}

// rcpServices are the services that RCPs cover; the list grows.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services
var rcpServices = map[string]bool{
	"s3": true, "sts": true, "kms": true, "sqs": true, "secretsmanager": true, "cognito-identity": true, "cognito-idp": true,
	"logs": true, "dynamodb": true, "ecr": true, "aoss": true,
}

func (c *compiler) checkAction(s *statement, n *node) {
	service, name, colon := strings.Cut(n.text, ":")
	switch {
	case n.text == "*":
		if c.kind == RCP && !c.fullAccess(s) {
			c.fail(int(n.off), "an RCP must not have the bare Action \"*\"; AWS refuses the document")
		}
		return
	case !colon:
		c.fail(int(n.off), "Action %q has no service prefix such as \"s3:\"; AWS refuses the document", n.text)
		return
	case strings.ContainsAny(service, "*?"):
		c.doubt(int(n.off), "Action %q has a wildcard in its service prefix; AWS refuses the document", n.text)
		return
	case service == "" || !plain(service, "-"):
		c.fail(int(n.off), "Action %q has a malformed service prefix; AWS refuses the document", n.text)
		return
	case name == "" || !plain(name, "*?-_:"):
		c.doubt(int(n.off), "Action %q is no action name", n.text)
		return
	}
	service = lowerASCII(service)
	switch c.kind {
	case RCP:
		if !rcpServices[service] {
			c.doubt(int(n.off), "RCPs do not cover the service %s; AWS refuses the document", service)
		}
	case TrustPolicy:
		if service != "sts" {
			c.doubt(int(n.off), "Action %q; a trust policy may have actions of sts only, and IAM refuses the document", n.text)
		}
	case KeyPolicy:
		if service != "kms" {
			c.warn(int(n.off), "Action %q is not of kms and has no effect on a key", n.text)
		}
	case BucketPolicy:
		g := newGlob(c.lowered(n.off, n.text))
		if service != "s3" {
			c.fail(int(n.off), "Action %q is not of s3; S3 refuses the bucket policy", n.text)
		} else if s3ActionType(&g) == 0 {
			c.doubt(int(n.off), "Action %q matches no action of s3; S3 refuses the bucket policy", n.text)
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

// checkResource applies the rules of the kind to one entry of Resource.
func (c *compiler) checkResource(s *statement, n *node) {
	if c.kind == BucketPolicy {
		c.checkBucketResource(s, n)
		return
	}
	switch {
	case c.kind == TrustPolicy, n.text == "*":
	case c.kind == KeyPolicy:
		if !strings.Contains(n.text, ":key/") {
			c.warn(int(n.off), "Resource %q; in a key policy only \"*\" or the key itself has an effect", n.text)
		}
	case !strings.HasPrefix(n.text, "arn:"):
		c.fail(int(n.off), "Resource %q is neither an ARN nor \"*\"; AWS refuses the document", n.text)
	case arnCut(n.text) < 0 && !strings.ContainsAny(n.text, "*?$"):
		c.doubt(int(n.off), "Resource %q has fewer than six fields and no wildcard: it matches nothing", n.text)
	}
}

// checkBucketResource: a bucket policy names its own bucket and its objects.
func (c *compiler) checkBucketResource(_ *statement, n *node) {
	cut := arnCut(n.text)
	if n.text == "*" || cut < 0 || arnField(n.text, 0) != "arn" || arnField(n.text, 2) != "s3" {
		c.fail(int(n.off), "Resource %q is not the ARN of an S3 bucket or of its objects; S3 refuses the bucket policy", n.text)
		return
	}
	if arnField(n.text, 3) != "" || arnField(n.text, 4) != "" || strings.ContainsAny(arnField(n.text, 1), "*?") {
		c.doubt(int(n.off), "Resource %q: the ARN of a bucket has a partition but no Region and no account", n.text)
	}
	if c.bucket == "" {
		return
	}
	name, _, object := strings.Cut(n.text[cut:], "/")
	switch {
	case name == c.bucket:
	case !object && strings.HasPrefix(name, c.bucket) && strings.ContainsAny(name[len(c.bucket):len(c.bucket)+1], "*?"):
		c.warn(int(n.off), "Resource %q reaches past the bucket %s", n.text, c.bucket)
	case strings.ContainsAny(name, "*?$"):
		c.doubt(int(n.off), "Resource %q does not name the bucket %s in full", n.text, c.bucket)
	default:
		c.fail(int(n.off), "Resource %q is not in the bucket %s; S3 refuses the bucket policy", n.text, c.bucket)
	}
}

// checkFit: each action of a bucket policy needs a resource of its type.
func (c *compiler) checkFit(s *statement) {
	if s.notAction || s.notResource || s.at[fieldAction] == 0 || s.at[fieldResource] == 0 {
		return
	}
	var types s3Type
	for _, r := range c.tree.texts(s.at[fieldResource]) {
		cut := arnCut(r)
		if cut < 0 {
			return // reported already
		}
		switch name, _, object := strings.Cut(r[cut:], "/"); {
		case object:
			types |= s3Object
		case strings.ContainsAny(name, "*?$"):
			types |= s3Bucket | s3Object
		default:
			types |= s3Bucket
		}
	}
	for i := range s.actions {
		g := &s.actions[i]
		if g.kind == globAny {
			continue
		}
		if is := s3ActionType(g); is != 0 && is&types == 0 {
			c.doubt(int(c.node(s.at[fieldAction]).off), "Action %s acts on %s, and statement %d names none; S3 refuses the bucket policy", g.text, is, s.index)
		}
	}
}

func (t s3Type) String() string {
	switch t {
	case s3Bucket:
		return "the bucket"
	case s3Object:
		return "objects"
	}
	return "other resources"
}

// checkOperand: IAM, S3 and Organizations refuse a value that is no literal of
// the operator's type; session policies were recorded to be accepted.
func (c *compiler) checkOperand(cond *condition, n *node, o *operand) {
	if c.kind == SessionPolicy {
		return
	}
	what := ""
	switch cond.op {
	case opNull, opBool:
		if !isTrue(n.text) && !(len(n.text) == 5 && hasPrefixFold(n.text, "false")) {
			c.warn(int(n.off), "the value %q of %s is neither true nor false", n.text, cond.name)
		}
		return
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		what = "a number"
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		what = "a date"
	case opIP:
		what = "an IP address or CIDR block"
	case opArn:
		what = "an ARN"
	case opBinary:
		what = "base64"
	default:
		return
	}
	switch o.form {
	case formBad:
		c.fail(int(n.off), "the value %q of %s is not %s; AWS refuses the document", n.text, cond.name, what)
	case formDoubt:
		c.warn(int(n.off), "whether AWS reads the value %q of %s as %s is not documented; this condition is unknown", n.text, cond.name, what)
	}
}

func (c *compiler) compilePrincipal(kind string, n *node) principal {
	switch kind {
	case "Service":
		if strings.ContainsAny(n.text, "*?") || !plain(n.text, ".-") || !strings.Contains(n.text, ".") {
			c.fail(int(n.off), "Principal Service %q is no service name; AWS refuses the document", n.text)
			return principal{text: n.text}
		}
		return principal{kind: principalService, text: n.text}
	case "Federated":
		return principal{kind: principalProvider, text: n.text}
	case "CanonicalUser":
		return principal{kind: principalCanonical, text: n.text}
	}
	p := newAWSPrincipal(n.text)
	switch {
	case p.kind == principalInvalid && !strings.ContainsAny(n.text, "*?"):
		c.doubt(int(n.off), "Principal AWS %q is no account, role, user or session; AWS refuses the document", n.text)
	case p.kind == principalInvalid:
		c.fail(int(n.off), "Principal AWS %q is no account, role, user or session; AWS refuses the document", n.text)
	case p.kind == principalID:
		c.warn(int(n.off), "Principal AWS %q is a unique id, which AWS shows only where the role or user was deleted; a new one of the same name does not match", n.text)
	}
	return p
}

// sizes compares the document with AWS's quotas. They change, so it only warns.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func (c *compiler) sizes() {
	limit, count := 0, len(c.src)
	switch c.kind {
	case IdentityPolicy, BoundaryPolicy:
		limit = 6144
	case SessionPolicy, TrustPolicy:
		limit = 2048
	case SCP, RCP:
		limit = 5120
	case BucketPolicy:
		limit = 20 << 10
	case KeyPolicy:
		limit = 32 << 10
	default:
		return
	}
	if count <= limit {
		return
	}
	unit := "bytes"
	if c.iamKind() || c.kind == SessionPolicy {
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

// String is the name of the kind as people use it.
func (k Kind) String() string {
	switch k {
	case IdentityPolicy:
		return "an identity policy"
	case BoundaryPolicy:
		return "a permissions boundary"
	case SessionPolicy:
		return "a session policy"
	case SCP:
		return "an SCP"
	case RCP:
		return "an RCP"
	case BucketPolicy:
		return "a bucket policy"
	case KeyPolicy:
		return "a key policy"
	case TrustPolicy:
		return "a trust policy"
	case ResourcePolicy:
		return "a resource policy"
	}
	return "a policy of unknown kind"
}
