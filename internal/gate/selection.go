package gate

import "github.com/memberward/memberward/internal/tenancy"

type selectTenant struct {
	tenancy.SelectTenant
	user tenancy.UserID
}

func (selectTenant) action(tenancy.Actor) tenancy.Action { return tenancy.ActionTenantSelect }

func (s selectTenant) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.user }

func (selectTenant) before(*matter) any { return nil }

func (s selectTenant) gather(Reader, *matter) error { return nil }

// hold: only members select a tenant, nobody selects for the platform, and a
// credential that is bound to a tenant touches no other selection.
func (s selectTenant) hold(m *matter) []tenancy.Finding {
	if !m.in.Target.Exists || (!s.Tenant.IsZero() && !m.in.Actor.Member) {
		return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
	}
	return withinBinding(m, m.tenant.ID)
}

func (s selectTenant) perform(tx Tx, m *matter) (any, error) {
	m.account.ActiveTenant = m.tenant.ID
	return m.tenant, tx.PutUser(m.account)
}
