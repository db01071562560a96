package gate

import (
	"cmp"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

type createUser struct {
	tenancy.CreateUser
	chosen   bool         // the caller chose the id
	reserved tenancy.User // the account that the address is reserved for; set by gather
}

func (*createUser) action(actor tenancy.Actor) tenancy.Action {
	if actor.Registering {
		return tenancy.ActionUserRegister
	}
	return tenancy.ActionUserCreate
}

func (s *createUser) about() (tenancy.TenantRef, tenancy.UserID) { return tenancy.TenantRef{}, s.ID }

func (*createUser) before(*matter) any { return nil }

// gather looks whether the address is free, or reserved: then the account
// that is there signs up, under its id (contracts/README.md, rule 6).
func (s *createUser) gather(tx Reader, m *matter) error {
	s.reserved = tenancy.User{}
	holder, taken, err := tx.UserByEmail(tenancy.EmailKey(s.Email))
	if err != nil {
		return err
	}
	if taken {
		account, _, err := tx.User(holder)
		if err != nil {
			return err
		}
		if s.mayTake(account, m) {
			s.signUp(account, m)
			return nil
		}
		m.find(tenancy.Find(tenancy.CodeEmailTaken))
	}
	if m.in.Target.Exists {
		m.find(tenancy.Find(tenancy.CodeIDTaken))
	}
	return nil
}

// mayTake reports whether an account that is there is the one asked for: one
// that is reserved, or, for the platform, one that a code alone vouches for.
func (s *createUser) mayTake(account tenancy.User, m *matter) bool {
	open := !account.SignedUp || account.Unverified && m.actor.Platform
	return open && account.Enabled && (!s.chosen || s.ID == account.ID)
}

// signUp makes the reserved account the one that the matter is about. Who
// registers acts as that account.
func (s *createUser) signUp(account tenancy.User, m *matter) {
	s.reserved = account
	if m.actor.Registering {
		m.actor.User, m.in.Actor.User = account.ID, account.ID
	}
	m.target = account.ID.String()
	m.in.Target = TargetFacts{User: account.ID, Exists: true, Self: account.ID == m.actor.User}
}

// hold: an account is made by the platform, or makes itself.
func (s *createUser) hold(m *matter) []tenancy.Finding {
	if m.actor.Platform || m.actor.Registering {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
}

func (s *createUser) perform(tx Tx, m *matter) (any, error) {
	user := s.reserved
	if user.ID.IsZero() {
		user = tenancy.User{ID: s.ID, Kind: tenancy.KindHuman, Enabled: true, TokenEpoch: firstEpoch(m.in.Now), CreatedAt: m.in.Now}
	}
	if user.Unverified {
		if err := takeOver(tx, &user, m.in.Now); err != nil {
			return nil, err
		}
	}
	user.Email, user.SignedUp = s.Email, true
	user.PasswordHash = cmp.Or(s.PasswordHash, user.PasswordHash) // the platform may have set one before
	user.GivenName, user.Surname = cmp.Or(s.GivenName, user.GivenName), cmp.Or(s.Surname, user.Surname)
	user.Kind = cmp.Or(s.Kind, user.Kind)
	if err := tx.PutUser(user); err != nil {
		return nil, err
	}
	return tenancy.UserView{User: user}, activate(tx, user.ID, m.in.Now)
}

// takeOver ends what whoever signed up with a code signs in with: the account
// is another's, as far as the platform knows.
func takeOver(tx Tx, user *tenancy.User, now time.Time) error {
	user.Unverified, user.PasswordHash, user.TokenEpoch = false, "", nextEpoch(user.TokenEpoch, now)
	return deleteKeys(tx, user.ID, func(tenancy.Key) bool { return true })
}

// firstEpoch begins the epochs of a new account where no account before it can
// have been: the platform may choose the id of one that was deleted, whose
// tokens must not become good again. Microseconds stay exact in a token.
func firstEpoch(now time.Time) uint64 { return uint64(max(0, now.UnixMicro())) }

// nextEpoch ends an epoch. It is none that the account had before the store was
// restored from an older copy: its tokens would be good again.
func nextEpoch(epoch uint64, now time.Time) uint64 { return max(epoch+1, firstEpoch(now)) }

// activate ends the waiting of the memberships that were reserved for an
// account.
func activate(tx Tx, user tenancy.UserID, now time.Time) error {
	var after tenancy.TenantID
	for {
		tenants, err := tx.TenantsOf(user, after, cascadeChunk)
		if err != nil {
			return err
		}
		for _, after = range tenants {
			if err := activateIn(tx, after, user, now); err != nil {
				return err
			}
		}
		if len(tenants) < cascadeChunk {
			return nil
		}
	}
}

func activateIn(tx Tx, tenant tenancy.TenantID, user tenancy.UserID, now time.Time) error {
	member, _, err := tx.Membership(tenant, user)
	if err != nil || !member.Pending {
		return err
	}
	member.Pending, member.UpdatedAt = false, now
	return tx.PutMembership(member)
}
