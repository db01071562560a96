package storetest

import (
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// Readers and transactions that each do one thing wrong.
type (
	vague       struct{ gate.Reader }
	backwards   struct{ gate.Reader }
	mingled     struct{ gate.Reader }
	uncounted   struct{ gate.Reader }
	rooted      struct{ gate.Reader }
	unused      struct{ gate.Reader }
	endless     struct{ gate.Reader }
	lenient     struct{ gate.Tx }
	forgiving   struct{ gate.Tx }
	hospitable  struct{ gate.Tx }
	destructive struct{ gate.Tx }
	gullible    struct{ gate.Tx }
)

func (v vague) Role(id tenancy.RoleID) (tenancy.Role, bool, error) {
	role, found, err := v.Reader.Role(id)
	role.Capabilities = nil
	return role, found, err
}

func (backwards) Holders(tenancy.RoleID, tenancy.UserID, int) ([]tenancy.UserID, error) {
	return []tenancy.UserID{userID(1)}, nil
}

func (m mingled) GrantsOf(p tenancy.PrincipalID, _ tenancy.TenantID, after tenancy.DatasetID, limit int) ([]tenancy.Grant, error) {
	return m.Reader.GrantsOf(p, tenantID(1), after, limit)
}

func (u uncounted) Counters(id tenancy.TenantID) (tenancy.Counters, error) {
	c, err := u.Reader.Counters(id)
	c.Datasets = 2
	return c, err
}

func (rooted) OrganizationTenants(tenancy.OrganizationID, tenancy.TenantID, int) ([]tenancy.TenantID, error) {
	return []tenancy.TenantID{tenantID(1)}, nil
}

func (unused) Usage(tenancy.TenantID) (tenancy.Usage, error) { return tenancy.Usage{}, nil }

func (e endless) Entities(kind, _ string, limit int) ([]string, error) {
	return e.Reader.Entities(kind, "", limit)
}

func (g gullible) PutEntity(e tenancy.Entity) error {
	_ = g.Tx.PutEntity(e)
	return nil
}

func (l lenient) PutMembership(m tenancy.Membership) error {
	_ = l.Tx.PutMembership(m)
	return nil
}

func (f forgiving) PutRole(r tenancy.Role) error {
	_ = f.Tx.PutRole(r)
	return nil
}

func (h hospitable) PutInvitation(i tenancy.Invitation) error {
	_ = h.Tx.PutInvitation(i)
	return nil
}

func (d destructive) DeleteRole(id tenancy.RoleID) error {
	_ = d.Tx.DeleteRole(id)
	return nil
}

func resourceFaults() map[string]planted {
	seeing := func(replace func(gate.Reader) gate.Reader) broken { return broken{view: viewing(replace)} }
	writing := func(replace func(gate.Tx) gate.Tx) broken { return broken{update: within(replace)} }
	return map[string]planted{
		"loses the capabilities of a role": {
			"what belongs to a tenant is kept as it was written, and listed", seeing(func(r gate.Reader) gate.Reader { return vague{r} }),
		},
		"keeps the holders from before": {
			"a member's roles and projects lead back to the member", seeing(func(r gate.Reader) gate.Reader { return backwards{r} }),
		},
		"takes any role": {
			"a role or project that the tenant does not have cannot be held", writing(func(tx gate.Tx) gate.Tx { return lenient{tx} }),
		},
		"lets two roles have one name": {"a role's name is its own in its tenant", writing(func(tx gate.Tx) gate.Tx { return forgiving{tx} })},
		"shows grants of another tenant": {
			"grants are found by dataset and by principal, and go with their last permission",
			seeing(func(r gate.Reader) gate.Reader { return mingled{r} }),
		},
		"counts the datasets of the beginning": {"datasets are counted", seeing(func(r gate.Reader) gate.Reader { return uncounted{r} })},
		"deletes a role without a word":        {"what something hangs on is not deleted", writing(func(tx gate.Tx) gate.Tx { return destructive{tx} })},
		"lets two invitations to one address be pending": {
			"an invitation is found by its code, and by its address while it is pending",
			writing(func(tx gate.Tx) gate.Tx { return hospitable{tx} }),
		},
		"keeps the tenants from before": {
			"an organization is found by its name, and its tenants and members lead back to it",
			seeing(func(r gate.Reader) gate.Reader { return rooted{r} }),
		},
		"loses the usage": {"usage is kept with its tenant and goes with it", seeing(func(r gate.Reader) gate.Reader { return unused{r} })},
		"lists entities from the beginning": {
			"an entity is found by its type and its id, whatever they hold, and listed by its type",
			seeing(func(r gate.Reader) gate.Reader { return endless{r} }),
		},
		"takes anything for an entity": {"what cannot be an entity is refused", writing(func(tx gate.Tx) gate.Tx { return gullible{tx} })},
		"tells no ids": {"every kind of record is told of", telling(func(c tenancy.Commit) []tenancy.Commit {
			for i := range c.Effects {
				c.Effects[i].ID = tenancy.RecordID{}
			}
			return []tenancy.Commit{c}
		})},
	}
}
