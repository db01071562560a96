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

// aSeatIsFree: every membership fills a seat, active or not; whoever is a member
// has one.
func aSeatIsFree(m *matter) []tenancy.Finding {
	if m.in.Target.Member || m.in.Tenant.Members < m.in.Tenant.Limit {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeMemberLimit)}
}

// rankHolds: nobody gives a level above their own, and nobody touches a
// member above them.
func rankHolds(m *matter, given tenancy.Level) []tenancy.Finding {
	return rankSuffices(m, given, m.authority())
}

// rankGives: nobody gives a level above their own. Nobody is touched by being
// added or invited, whatever they are already.
func rankGives(m *matter, given tenancy.Level) []tenancy.Finding {
	if given.Rank() <= m.authority().Rank() {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeRankExceeded)}
}

// ownerRankHolds is rankHolds of what an organization's administrators cannot
// do: transfer and deletion of a tenant (contracts/levels.md).
func ownerRankHolds(m *matter) []tenancy.Finding {
	own := m.in.Actor.Level
	if m.in.Actor.Platform {
		own = tenancy.LevelOwner
	}
	return rankSuffices(m, tenancy.LevelOwner, own)
}

func rankSuffices(m *matter, given, own tenancy.Level) []tenancy.Finding {
	if given.Rank() <= own.Rank() && m.in.Target.Level.Rank() <= own.Rank() {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeRankExceeded)}
}

// authority is the level that the actor hands out by: of platform and
// organization administrators an owner's.
func (m *matter) authority() tenancy.Level {
	if m.in.Actor.Platform || m.in.Actor.OrganizationAdmin {
		return tenancy.LevelOwner
	}
	return m.in.Actor.Level
}

// actionsHold: nobody hands out actions, in a role, that their own level could
// not hold.
func actionsHold(m *matter) []tenancy.Finding {
	own := m.authority()
	for _, action := range m.in.Requested.Actions {
		if !own.MayHold(action) {
			return []tenancy.Finding{tenancy.Find(tenancy.CodeActionsExceeded)}
		}
	}
	return nil
}

// noSecondOwner: only a transfer makes an owner.
func noSecondOwner(m *matter, given tenancy.Level) []tenancy.Finding {
	isOwner := !m.tenant.Owner.IsZero() && m.in.Target.User == m.tenant.Owner
	if given != tenancy.LevelOwner || isOwner {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeOwnerByTransferOnly)}
}
