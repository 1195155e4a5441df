package sandbox

import (
	"time"

	"crosscheck/rules/iam"
)

// identity is a caller: who an access key belongs to.
type identity struct {
	account       string
	principal     iam.Principal
	role          *role     // of a role session
	user          *user     // of an IAM user; neither: root, a service or anonymous
	session       string    // session policy document, "" = none
	issued        time.Time // of a session; zero for long-term keys
	expires       time.Time // zero = never
	secret, token string
}

// lasting is the ARN of a caller without what changes from session to session.
func (who *identity) lasting() string {
	switch {
	case who == nil:
		return ""
	case who.role != nil:
		return who.role.arn
	}
	return who.principal.ARN
}

// entity is the role or user of a caller, nil for root, services and anonymous.
func (who *identity) entity() *entity {
	switch {
	case who.role != nil:
		return &who.role.entity
	case who.user != nil:
		return &who.user.entity
	}
	return nil
}

// userID is the unique id of a caller, aws:userid in policies.
func (who *identity) userID() string {
	switch {
	case who.role != nil:
		return who.role.id + ":" + who.principal.Session
	case who.user != nil:
		return who.user.id
	}
	return who.account
}

func (s *State) userIdentity(a *account, u *user, secret string) *identity {
	return &identity{account: a.id, user: u, secret: secret, principal: iam.Principal{
		Kind: iam.PrincipalUser, ARN: u.arn, Account: a.id, Partition: s.partition, UserID: u.id,
		Boundary: truth(u.boundary != ""), InManagementAccount: s.isManagement(a.id),
	}}
}

// sessionIdentity is a session of a role.
func (s *State) sessionIdentity(accountID string, r *role, session string) *identity {
	p := iam.RoleSession(r.arn, r.id, session)
	p.Boundary = truth(r.boundary != "")
	p.InManagementAccount = s.isManagement(accountID)
	return &identity{account: accountID, role: r, principal: p}
}

func truth(b bool) iam.Truth {
	if b {
		return iam.True
	}
	return iam.False
}
