package gate

import "github.com/memberward/memberward/internal/tenancy"

// The invariants hold beneath the policies, in the transaction: even a policy
// that allows everything cannot break them (contracts/README.md, rules 2 and
// 3; contracts/levels.md, "Nobody hands out more than they hold"). Each gives
// its finding, or nothing.

// ownerStays: the owner is never removed, demoted, disabled or given an end.
// after is the zero membership for a removal.
func ownerStays(m *matter, after tenancy.Membership) []tenancy.Finding {
	if m.tenant.Owner.IsZero() || m.in.Target.User != m.tenant.Owner {
		return nil
	}
	if after.Level == tenancy.LevelOwner && after.LastingAdmin() {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeOwnerPermanent)}
}

// ownerCanAct: whoever becomes an owner has an account that is enabled and has
// signed up, since an owner is never without one.
func ownerCanAct(m *matter) []tenancy.Finding {
	if !m.in.Target.Exists || (m.account.Enabled && m.account.SignedUp) {
		return nil
	}
	return []tenancy.Finding{{
		Code: tenancy.CodeOwnerPermanent, Message: ownerActs,
	}}
}

// newOwnerActs: whoever is made the owner of a tenant that is there is an
// active member of it.
func newOwnerActs(m *matter) []tenancy.Finding {
	if !m.in.Target.Member || m.in.Target.Active {
		return nil
	}
	return []tenancy.Finding{{Code: tenancy.CodeOwnerPermanent, Message: ownerActs}}
}

const ownerActs = "a tenant's owner can act: enabled, signed up and active"

// anAdministratorRemains: no change takes a tenant's last lasting
// administrator away, judged on the state after it.
func anAdministratorRemains(m *matter, after tenancy.Membership) []tenancy.Finding {
	if !m.in.Target.Lasting || after.LastingAdmin() || m.in.Tenant.LastingAdmins > 1 {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeLastAdministrator)}
}

// aSeatIsFree: every membership fills a seat, active or not.
func aSeatIsFree(m *matter) []tenancy.Finding {
	if m.in.Tenant.Members < m.in.Tenant.Limit {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeMemberLimit)}
}

// rankHolds: nobody gives a level above their own, and nobody touches a
// member above them.
func rankHolds(m *matter, given tenancy.Level) []tenancy.Finding {
	own := m.in.Actor.Level.Rank()
	if m.in.Actor.Platform {
		own = tenancy.LevelOwner.Rank()
	}
	if given.Rank() <= own && m.in.Target.Level.Rank() <= own {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeRankExceeded)}
}

// noSecondOwner: only a transfer makes an owner.
func noSecondOwner(m *matter, given tenancy.Level) []tenancy.Finding {
	isOwner := !m.tenant.Owner.IsZero() && m.in.Target.User == m.tenant.Owner
	if given != tenancy.LevelOwner || isOwner {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeOwnerByTransferOnly)}
}
