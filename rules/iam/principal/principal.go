// Package principal says who makes a request, and which entries of Principal and
// NotPrincipal name that caller.
package principal

import (
	"fmt"
	"strings"

	"crosscheck/rules/iam/literal"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
)

// Kind is the kind of a caller.
type Kind uint8

// The kinds of caller.
const (
	Unknown Kind = iota
	Role         // a role session
	User
	Root
	ServiceKind
	AnonymousKind
	Federated
)

// Caller is the caller of a request; build it with [Parse],
// [RoleSession], [Service] or [Anonymous].
type Caller struct {
	Kind                Kind
	ARN                 string // as in aws:userid's companion: the session, user or root ARN
	Account             string // 12 digits, "" for services and anonymous callers
	Partition           string
	RoleARN             string // with path; role sessions only
	RoleName            string
	RoleID              string // AROA…, "" = unknown
	Session             string
	UserID              string      // AIDA…, "" = unknown
	Service             string      // s3.amazonaws.com
	Linked              bool        // the role is service-linked (path /aws-service-role/)
	Boundary            logic.Truth // a permissions boundary is attached (matters for NotPrincipal)
	InManagementAccount bool        // SCPs never apply
}

// Parse reads the ARN of a caller: a role session, an IAM user, an
// account root, a federated user, or a role (a session whose name is not known).
// A session ARN has no path; set RoleARN where it is known.
func Parse(arn string) (Caller, error) {
	cut := match.CutARN(arn)
	if cut < 0 || !strings.HasPrefix(arn, "arn:") {
		return Caller{}, fmt.Errorf("principal %q is not an ARN; give one such as arn:aws:sts::111111111111:assumed-role/Name/session", arn)
	}
	p := Caller{ARN: arn, Partition: match.Field(arn, 1), Account: match.Field(arn, 4)}
	service, name := match.Field(arn, 2), arn[cut:]
	if !IsAccount(p.Account) {
		return Caller{}, fmt.Errorf("principal %q has no account of 12 digits", arn)
	}
	kind, rest, _ := strings.Cut(name, "/")
	last := rest[strings.LastIndexByte(rest, '/')+1:]
	switch {
	case service == "iam" && name == "root":
		p.Kind = Root
	case service == "iam" && kind == "user" && last != "":
		p.Kind = User
	case service == "iam" && kind == "role" && last != "":
		p.Kind, p.RoleARN, p.RoleName = Role, arn, last
		p.ARN = ""
		p.Linked = strings.HasPrefix(rest, "aws-service-role/")
	case service == "sts" && kind == "assumed-role":
		role, session, ok := strings.Cut(rest, "/")
		if !ok || role == "" || session == "" || strings.Contains(session, "/") {
			return Caller{}, fmt.Errorf("principal %q: a role session is assumed-role/Name/session", arn)
		}
		p.Kind, p.RoleName, p.Session = Role, role, session
	case service == "sts" && kind == "federated-user" && rest != "":
		p.Kind = Federated
	default:
		return Caller{}, fmt.Errorf("principal %q is not a role session, user, root or federated user", arn)
	}
	return p, nil
}

// RoleSession is a session of the role with that ARN (with its path). roleID is
// the role's AROA… id, "" where it is not known. A text that is no role ARN
// gives a principal of unknown kind, for which every decision is undecided.
func RoleSession(roleARN, roleID, session string) Caller {
	p, _ := Parse(roleARN)
	if p.RoleARN == "" {
		return Caller{}
	}
	p.RoleID = roleID
	if session != "" {
		p.Session = session
		p.ARN = "arn:" + p.Partition + ":sts::" + p.Account + ":assumed-role/" + p.RoleName + "/" + session
	}
	return p
}

// Service is an AWS service calling by itself, such as s3.amazonaws.com.
func Service(name string) Caller { return Caller{Kind: ServiceKind, Service: name} }

// Anonymous is a request without credentials.
func Anonymous() Caller { return Caller{Kind: AnonymousKind} }

// IsAccount reports whether s is an account id: 12 digits.
func IsAccount(s string) bool {
	all, rest := literal.Digits(s)
	return len(all) == 12 && rest == ""
}

// ServiceLinked reports whether the caller is a session of a service-linked role.
func (p *Caller) ServiceLinked() logic.Truth {
	switch {
	case p.Linked || strings.Contains(p.RoleARN, ":role/aws-service-role/"):
		return logic.True
	case p.Kind == Role && p.RoleARN == "" && strings.HasPrefix(p.RoleName, "AWSServiceRoleFor"):
		return logic.Unknown // a session ARN has no path
	}
	return logic.False
}

// EntryKind is the form of an entry of Principal.
type EntryKind uint8

// The forms of an entry.
const (
	Invalid        EntryKind = iota
	Star                     // "*"
	AWSStar                  // {"AWS": "*"}
	AccountEntry             // 12 digits or the account's root ARN
	RoleEntry                // role ARN
	SessionEntry             // assumed-role session ARN
	UserEntry                // user ARN
	FederatedEntry           // federated-user ARN
	IDEntry                  // AROA… or AIDA…: what AWS shows of a deleted role or user
	ServiceEntry             // service name
	ProviderEntry            // SAML or web identity provider
	CanonicalEntry           // canonical user id
)

// Entry is one entry of Principal or NotPrincipal.
type Entry struct {
	Kind      EntryKind
	Text      string
	partition string
	Account   string
	Name      string // role or user, last segment; of a session too
}

// ParseEntry reads a value under AWS; one of no known form is Invalid.
func ParseEntry(s string) Entry {
	p := Entry{Text: s}
	switch {
	case s == "*":
		p.Kind = AWSStar
		return p
	case IsAccount(s):
		p.Kind, p.Account = AccountEntry, s
		return p
	case isUniqueID(s):
		p.Kind = IDEntry
		return p
	case strings.HasPrefix(s, "arn:aws:iam::cloudfront:user/"):
		// An origin access identity: a user of an account that is CloudFront's own.
		p.Kind, p.Account = UserEntry, "cloudfront"
		return p
	}
	caller, err := Parse(s)
	if err != nil || strings.ContainsAny(s, "*?") {
		return p
	}
	p.partition, p.Account, p.Name = caller.Partition, caller.Account, caller.RoleName
	switch caller.Kind {
	case Root:
		p.Kind = AccountEntry
	case User:
		p.Kind = UserEntry
	case Federated:
		p.Kind = FederatedEntry
	case Role:
		p.Kind = RoleEntry
		if caller.RoleARN == "" {
			p.Kind = SessionEntry
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

// Class says how a principal matched; it decides which other layers still count.
type Class uint8

// The classes.
const (
	ClassAccount Class = 1 << iota // delegates to the account's IAM policies
	ClassRole
	ClassSession
	ClassStar
	ClassUser
	ClassService
)

// ClassSet is what is known of the classes in which statements match.
type ClassSet struct{ Yes, Maybe Class }

// Add notes that an entry matches in a class, or may.
func (c *ClassSet) Add(k Class, t logic.Truth) {
	switch t {
	case logic.True:
		c.Yes |= k
	case logic.Unknown:
		c.Maybe |= k
	}
}

// Of is the truth of a match in any of the classes.
func (c ClassSet) Of(k Class) logic.Truth {
	switch {
	case c.Yes&k != 0:
		return logic.True
	case c.Maybe&k != 0:
		return logic.Unknown
	}
	return logic.False
}

// AnyClass is every class.
const AnyClass = ClassAccount | ClassRole | ClassSession | ClassStar | ClassUser | ClassService

// names reports in which class an entry names the caller; trust says that it
// is in a trust policy.
func (p *Caller) names(en *Entry, trust bool) (Class, logic.Truth) {
	switch en.Kind {
	case Star:
		return ClassStar, logic.True
	case AWSStar:
		if trust && p.Kind == ServiceKind {
			return ClassStar, logic.Unknown // not documented
		}
		return ClassStar, logic.True
	case ServiceEntry:
		return ClassService, logic.Of(p.Kind == ServiceKind && en.Text == p.Service)
	case CanonicalEntry:
		// The id of an account; which one is not known here.
		if p.Account != "" {
			return ClassAccount, logic.Unknown
		}
		return ClassAccount, logic.False
	case ProviderEntry:
		if p.Kind == Federated {
			return ClassSession, logic.Unknown
		}
		return ClassSession, logic.False
	case IDEntry:
		return p.HasID(en.Text)
	case Invalid: // of a form that is not known here, in a document that AWS has stored
		return ClassAccount, logic.Unknown
	}
	if en.Account == "" || en.Account != p.Account || en.partition != "" && p.Partition != "" && en.partition != p.Partition {
		return ClassAccount, logic.False
	}
	switch en.Kind {
	case AccountEntry:
		return ClassAccount, logic.True
	case RoleEntry:
		if p.Kind != Role {
			return ClassRole, logic.False
		}
		if p.RoleARN != "" {
			return ClassRole, logic.Of(en.Text == p.RoleARN)
		}
		return ClassRole, logic.Of(en.Name == p.RoleName) // names are unique in an account whatever the path
	case SessionEntry:
		switch {
		case p.Kind != Role || en.Name != p.RoleName:
			return ClassSession, logic.False
		case p.Session == "":
			return ClassSession, logic.Unknown
		}
		return ClassSession, logic.Of(en.Text == p.ARN)
	case UserEntry:
		if p.Kind == Federated {
			return ClassRole, logic.Unknown // the user who federated: capped as a role is
		}
		return ClassUser, logic.Of(p.Kind == User && en.Text == p.ARN)
	case FederatedEntry:
		return ClassSession, logic.Of(p.Kind == Federated && en.Text == p.ARN)
	}
	return ClassAccount, logic.False
}

// HasID reports whether the caller's role or user has the unique id. A role that
// was made again under its old name has a new one.
func (p *Caller) HasID(id string) (Class, logic.Truth) {
	own, k := "", ClassRole
	switch p.Kind {
	case Role:
		own = p.RoleID
		if !strings.HasPrefix(id, "AROA") {
			return k, logic.False
		}
	case User:
		own, k = p.UserID, ClassUser
		if strings.HasPrefix(id, "AROA") {
			return k, logic.False
		}
	case Federated, Unknown:
		return k, logic.Unknown
	default:
		return k, logic.False
	}
	if own == "" {
		return k, logic.Unknown
	}
	return k, logic.Of(own == id)
}

// Classes is how the entries of a statement's Principal match the caller.
func (p *Caller) Classes(entries []Entry, trust bool) (set ClassSet) {
	for i := range entries {
		k, t := p.names(&entries[i], trust)
		set.Add(k, t)
	}
	return set
}

// Exempt reports whether the entries of a NotPrincipal spare the caller. A role
// session needs its account, role and session listed, a user its account and ARN.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (p *Caller) Exempt(listed ClassSet) logic.Truth {
	exempt := listed.Of(ClassStar)
	switch p.Kind {
	case Role:
		exempt = logic.Or(exempt, logic.And(logic.And(listed.Of(ClassAccount), listed.Of(ClassRole)), listed.Of(ClassSession)))
	case User:
		exempt = logic.Or(exempt, logic.And(listed.Of(ClassAccount), listed.Of(ClassUser)))
	case Root:
		exempt = logic.Or(exempt, listed.Of(ClassAccount))
	case ServiceKind:
		exempt = logic.Or(exempt, listed.Of(ClassService))
	case Federated:
		exempt = logic.Or(exempt, logic.And(listed.Of(ClassAccount), logic.Or(listed.Of(ClassSession), logic.Unknown)))
	}
	return exempt
}
