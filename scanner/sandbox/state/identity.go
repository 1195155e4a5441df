package state

import (
	"time"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/principal"
)

// Identity is a caller: who an access key belongs to.
type Identity struct {
	Account       string
	Principal     principal.Caller
	Role          *Role     // of a role session
	User          *User     // of an IAM user; neither: root, a service or anonymous
	Session       string    // session policy document, "" = none
	Issued        time.Time // of a session; zero for long-term keys
	Expires       time.Time // zero = never
	Secret, Token string
}

// PrincipalARN is the ARN of a caller without what changes from session to session.
func (who *Identity) PrincipalARN() string {
	switch {
	case who == nil:
		return ""
	case who.Role != nil:
		return who.Role.ARN
	}
	return who.Principal.ARN
}

// entity is the role or user of a caller, nil for root, services and anonymous.
func (who *Identity) entity() *Entity {
	switch {
	case who.Role != nil:
		return &who.Role.Entity
	case who.User != nil:
		return &who.User.Entity
	}
	return nil
}

// UserID is the unique id of a caller, aws:userid in policies.
func (who *Identity) UserID() string {
	switch {
	case who.Role != nil:
		return who.Role.ID + ":" + who.Principal.Session
	case who.User != nil:
		return who.User.ID
	}
	return who.Account
}

// UserIdentity is an IAM user as a caller.
func (s *State) UserIdentity(a *Account, u *User, secret string) *Identity {
	return &Identity{Account: a.ID, User: u, Secret: secret, Principal: principal.Caller{
		Kind: principal.User, ARN: u.ARN, Account: a.ID, Partition: s.Partition, UserID: u.ID,
		Boundary: Truth(u.Boundary != ""), InManagementAccount: s.IsManagement(a.ID),
	}}
}

// SessionIdentity is a session of a role.
func (s *State) SessionIdentity(accountID string, r *Role, session string) *Identity {
	p := principal.RoleSession(r.ARN, r.ID, session)
	p.Boundary = Truth(r.Boundary != "")
	p.InManagementAccount = s.IsManagement(accountID)
	return &Identity{Account: accountID, Role: r, Principal: p}
}

// Truth is a bool among the three values of package logic.
func Truth(b bool) logic.Truth {
	if b {
		return logic.True
	}
	return logic.False
}
