package iam

import (
	"fmt"
	"strings"
)

// ParsePrincipal reads the ARN of a caller: a role session, an IAM user, an
// account root, a federated user, or a role (a session whose name is not known).
// A session ARN has no path; set RoleARN where it is known.
func ParsePrincipal(arn string) (Principal, error) {
	cut := arnCut(arn)
	if cut < 0 || !strings.HasPrefix(arn, "arn:") {
		return Principal{}, fmt.Errorf("principal %q is not an ARN; give one such as arn:aws:sts::111111111111:assumed-role/Name/session", arn)
	}
	p := Principal{ARN: arn, Partition: arnField(arn, 1), Account: arnField(arn, 4)}
	service, name := arnField(arn, 2), arn[cut:]
	if !isAccount(p.Account) {
		return Principal{}, fmt.Errorf("principal %q has no account of 12 digits", arn)
	}
	kind, rest, _ := strings.Cut(name, "/")
	last := rest[strings.LastIndexByte(rest, '/')+1:]
	switch {
	case service == "iam" && name == "root":
		p.Kind = PrincipalRoot
	case service == "iam" && kind == "user" && last != "":
		p.Kind = PrincipalUser
	case service == "iam" && kind == "role" && last != "":
		p.Kind, p.RoleARN, p.RoleName = PrincipalRole, arn, last
		p.ARN = ""
		p.Linked = strings.HasPrefix(rest, "aws-service-role/")
	case service == "sts" && kind == "assumed-role":
		role, session, ok := strings.Cut(rest, "/")
		if !ok || role == "" || session == "" || strings.Contains(session, "/") {
			return Principal{}, fmt.Errorf("principal %q: a role session is assumed-role/Name/session", arn)
		}
		p.Kind, p.RoleName, p.Session = PrincipalRole, role, session
	case service == "sts" && kind == "federated-user" && rest != "":
		p.Kind = PrincipalFederated
	default:
		return Principal{}, fmt.Errorf("principal %q is not a role session, user, root or federated user", arn)
	}
	return p, nil
}

// RoleSession is a session of the role with that ARN (with its path). roleID is
// the role's AROA… id, "" where it is not known. A text that is no role ARN
// gives a principal of unknown kind, for which every decision is [Undecided].
func RoleSession(roleARN, roleID, session string) Principal {
	p, err := ParsePrincipal(roleARN)
	if err != nil || p.Kind != PrincipalRole || p.RoleARN == "" {
		return Principal{}
	}
	p.RoleID = roleID
	if session != "" {
		p.Session = session
		p.ARN = "arn:" + p.Partition + ":sts::" + p.Account + ":assumed-role/" + p.RoleName + "/" + session
	}
	return p
}

// Service is an AWS service calling by itself, such as s3.amazonaws.com.
func Service(name string) Principal { return Principal{Kind: PrincipalService, Service: name} }

// Anonymous is a request without credentials.
func Anonymous() Principal { return Principal{Kind: PrincipalAnonymous} }

func isAccount(s string) bool {
	all, rest := digits(s)
	return len(all) == 12 && rest == ""
}

// linked reports whether the caller is a session of a service-linked role.
func (p *Principal) linked() Truth {
	switch {
	case p.Linked || strings.Contains(p.RoleARN, ":role/aws-service-role/"):
		return True
	case p.Kind == PrincipalRole && p.RoleARN == "" && strings.HasPrefix(p.RoleName, "AWSServiceRoleFor"):
		return Unknown // a session ARN has no path
	}
	return False
}

type principalKind uint8

const (
	principalInvalid   principalKind = iota
	principalStar                    // "*"
	principalAWSStar                 // {"AWS": "*"}
	principalAccount                 // 12 digits or the account's root ARN
	principalRole                    // role ARN
	principalSession                 // assumed-role session ARN
	principalUser                    // user ARN
	principalFederated               // federated-user ARN
	principalID                      // AROA… or AIDA…: what AWS shows of a deleted role or user
	principalService                 // service name
	principalProvider                // SAML or web identity provider
	principalCanonical               // canonical user id
)

// principal is one entry of Principal or NotPrincipal.
type principal struct {
	kind      principalKind
	text      string
	partition string
	account   string
	name      string // role or user, last segment; of a session too
}

func newAWSPrincipal(s string) principal {
	p := principal{text: s}
	switch {
	case s == "*":
		p.kind = principalAWSStar
		return p
	case isAccount(s):
		p.kind, p.account = principalAccount, s
		return p
	case isUniqueID(s):
		p.kind = principalID
		return p
	case strings.HasPrefix(s, "arn:aws:iam::cloudfront:user/"):
		// An origin access identity: a user of an account that is CloudFront's own.
		p.kind, p.account = principalUser, "cloudfront"
		return p
	}
	caller, err := ParsePrincipal(s)
	if err != nil || strings.ContainsAny(s, "*?") {
		return p
	}
	p.partition, p.account, p.name = caller.Partition, caller.Account, caller.RoleName
	switch caller.Kind {
	case PrincipalRoot:
		p.kind = principalAccount
	case PrincipalUser:
		p.kind = principalUser
	case PrincipalFederated:
		p.kind = principalFederated
	case PrincipalRole:
		p.kind = principalRole
		if caller.RoleARN == "" {
			p.kind = principalSession
		}
	}
	return p
}

// isUniqueID reports whether s has the form of an IAM unique id.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func isUniqueID(s string) bool {
	if len(s) < 16 || len(s) > 128 || s[0] != 'A' {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			return false
		}
	}
	return true
}

// class says how a principal matched; it decides which other layers still count.
type class uint8

const (
	classAccount class = 1 << iota // delegates to the account's IAM policies
	classRole
	classSession
	classStar
	classUser
	classService
)

// classSet is what is known of the classes in which statements match.
type classSet struct{ yes, maybe class }

func (c *classSet) add(k class, t Truth) {
	switch t {
	case True:
		c.yes |= k
	case Unknown:
		c.maybe |= k
	}
}

// of is the truth of a match in any of the classes.
func (c classSet) of(k class) Truth {
	switch {
	case c.yes&k != 0:
		return True
	case c.maybe&k != 0:
		return Unknown
	}
	return False
}

const anyClass = classAccount | classRole | classSession | classStar | classUser | classService

// names reports in which class an entry names the caller.
func (e *evaluation) names(en *principal, kind Kind) (class, Truth) {
	p := &e.req.Principal
	switch en.kind {
	case principalStar:
		return classStar, True
	case principalAWSStar:
		if kind == TrustPolicy && p.Kind == PrincipalService {
			return classStar, Unknown // not documented
		}
		return classStar, True
	case principalService:
		return classService, truth(p.Kind == PrincipalService && en.text == p.Service)
	case principalCanonical:
		// The id of an account; which one is not known here.
		if p.Account != "" {
			return classAccount, Unknown
		}
		return classAccount, False
	case principalProvider:
		if p.Kind == PrincipalFederated {
			return classSession, Unknown
		}
		return classSession, False
	case principalID:
		return e.hasID(en.text)
	case principalInvalid: // of a form that is not known here, in a document that AWS has stored
		return classAccount, Unknown
	}
	if en.account == "" || en.account != p.Account || en.partition != "" && p.Partition != "" && en.partition != p.Partition {
		return classAccount, False
	}
	switch en.kind {
	case principalAccount:
		return classAccount, True
	case principalRole:
		if p.Kind != PrincipalRole {
			return classRole, False
		}
		if p.RoleARN != "" {
			return classRole, truth(en.text == p.RoleARN)
		}
		return classRole, truth(en.name == p.RoleName) // names are unique in an account whatever the path
	case principalSession:
		switch {
		case p.Kind != PrincipalRole || en.name != p.RoleName:
			return classSession, False
		case p.Session == "":
			return classSession, Unknown
		}
		return classSession, truth(en.text == p.ARN)
	case principalUser:
		if p.Kind == PrincipalFederated {
			return classRole, Unknown // the user who federated: capped as a role is
		}
		return classUser, truth(p.Kind == PrincipalUser && en.text == p.ARN)
	case principalFederated:
		return classSession, truth(p.Kind == PrincipalFederated && en.text == p.ARN)
	}
	return classAccount, False
}

// hasID reports whether the caller's role or user has the unique id. A role that
// was made again under its old name has a new one.
func (e *evaluation) hasID(id string) (class, Truth) {
	own, k := "", classRole
	switch p := &e.req.Principal; p.Kind {
	case PrincipalRole:
		own = p.RoleID
		if !strings.HasPrefix(id, "AROA") {
			return k, False
		}
	case PrincipalUser:
		own, k = p.UserID, classUser
		if strings.HasPrefix(id, "AROA") {
			return k, False
		}
	case PrincipalFederated, PrincipalUnknown:
		return k, Unknown
	default:
		return k, False
	}
	if own == "" {
		return k, Unknown
	}
	return k, truth(own == id)
}

// principalClasses is how the statement's Principal or NotPrincipal matches the caller.
func (e *evaluation) principalClasses(s *statement, kind Kind) (set classSet) {
	if s.notPrincipal {
		set.add(classStar, e.notPrincipal(s, kind))
		return set
	}
	for i := range s.principals {
		k, t := e.names(&s.principals[i], kind)
		set.add(k, t)
	}
	return set
}

// notPrincipal: a Deny meets everyone who is not listed. To be exempt a role
// session needs its account, role and session listed, a user its account and
// ARN; a caller with a permissions boundary is never exempt.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (e *evaluation) notPrincipal(s *statement, kind Kind) Truth {
	var listed classSet
	for i := range s.principals {
		k, t := e.names(&s.principals[i], kind)
		listed.add(k, t)
	}
	exempt := listed.of(classStar)
	switch e.req.Principal.Kind {
	case PrincipalRole:
		exempt = or(exempt, and(and(listed.of(classAccount), listed.of(classRole)), listed.of(classSession)))
	case PrincipalUser:
		exempt = or(exempt, and(listed.of(classAccount), listed.of(classUser)))
	case PrincipalRoot:
		exempt = or(exempt, listed.of(classAccount))
	case PrincipalService:
		exempt = or(exempt, listed.of(classService))
	case PrincipalFederated:
		exempt = or(exempt, and(listed.of(classAccount), or(listed.of(classSession), Unknown)))
	}
	if s.effect == Allow {
		// AWS refuses it nearly everywhere; it is not shown to allow anybody.
		if listed.of(anyClass) == True {
			return False
		}
		return Unknown
	}
	return not(and(exempt, not(e.bounded())))
}

// bounded reports whether the caller has a permissions boundary.
func (e *evaluation) bounded() Truth {
	switch e.req.Principal.Kind {
	case PrincipalRole, PrincipalUser:
	default:
		return False
	}
	b := &e.in.Boundary
	switch own := e.req.Principal.Boundary; {
	case b.known && len(b.policies) > 0:
		return True
	case own != Unknown:
		return own
	case b.known:
		return False
	}
	return Unknown
}
