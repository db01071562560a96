package gate

import "github.com/memberward/memberward/internal/tenancy"

type createDataset struct {
	tenancy.CreateDataset
	owner tenancy.UserID
}

func (createDataset) action(tenancy.Actor) tenancy.Action { return tenancy.ActionDatasetCreate }

func (s createDataset) about() (tenancy.TenantRef, tenancy.UserID) {
	return s.Tenant, tenancy.UserID{}
}

func (createDataset) before(*matter) any { return nil }

func (s createDataset) gather(_ Reader, m *matter) error {
	m.aboutRecord("dataset", s.ID.String())
	m.in.Resource.Mine = !s.owner.IsZero()
	return nil
}

// hold: a dataset has an owner, who is a member of its tenant; a credential
// that is bound to a tenant makes none elsewhere.
func (s createDataset) hold(m *matter) []tenancy.Finding {
	if s.owner.IsZero() || !m.tenant.ID.IsZero() && !m.in.Actor.Member {
		return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
	}
	return withinBinding(m, m.tenant.ID)
}

func (s createDataset) perform(tx Tx, m *matter) (any, error) {
	dataset := tenancy.Dataset{
		ID: s.ID, Tenant: m.tenant.ID, Owner: s.owner, Name: s.Name, CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	if err := tx.PutDataset(dataset); err != nil {
		return nil, err
	}
	return dataset, tx.PutGrant(tenancy.Grant{
		Dataset: dataset.ID, Tenant: dataset.Tenant,
		Principal: tenancy.UserPrincipal(s.owner), Permissions: tenancy.AllPermissions,
	})
}

// share changes what a principal may do with a dataset. Whoever may not share
// it does not learn whether it is there.
type share struct {
	tenancy.GrantDataset
	takes bool // away

	dataset   tenancy.Dataset   // set by gather
	principal tenancy.Principal // set by gather
}

func (s *share) action(tenancy.Actor) tenancy.Action {
	if s.takes {
		return tenancy.ActionDatasetRevoke
	}
	return tenancy.ActionDatasetGrant
}

func (*share) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

func (*share) before(*matter) any { return nil }

func (s *share) gather(tx Reader, m *matter) error {
	if err := m.gatherDataset(tx, s.Dataset); err != nil {
		return err
	}
	dataset, known, err := tx.Dataset(s.Dataset)
	if err != nil || !known {
		m.find(tenancy.Find(tenancy.CodeNotPermitted))
		return err
	}
	s.dataset = dataset
	s.principal, known, err = principal(tx, dataset, s.Principal)
	if !known {
		m.find(tenancy.Find(tenancy.CodePrincipalUnknown))
	}
	return err
}

// gatherDataset makes a dataset what the matter is about, in its tenant, with
// what the actor may do with it. Through cognee, datasets of the actor's active
// tenant alone are within reach (contracts/cognee.md, "Rules").
func (m *matter) gatherDataset(tx Reader, id tenancy.DatasetID) error {
	m.aboutRecord("dataset", id.String())
	dataset, known, err := tx.Dataset(id)
	if err != nil || !known {
		return err
	}
	if m.in.Dialect == tenancy.DialectCognee && dataset.Tenant != m.self.ActiveTenant {
		return nil
	}
	if !dataset.Tenant.IsZero() {
		if err := m.gatherTenant(tx, tenancy.RefTo(dataset.Tenant)); err != nil {
			return err
		}
	}
	m.in.Resource.Mine = !m.actor.User.IsZero() && dataset.Owner == m.actor.User
	m.in.Resource.Permissions, err = permissionsOn(tx, dataset, m.actor.User, m.in.Actor.Roles, m.in.Actor.Member)
	return err
}

// hold: grants are Rego's alone (contracts/levels.md); a credential that is
// bound to a tenant shares none of another.
func (s *share) hold(m *matter) []tenancy.Finding { return withinBinding(m, m.tenant.ID) }

func (s *share) perform(tx Tx, _ *matter) (any, error) {
	grant, err := tx.Grant(s.dataset.ID, s.principal.ID)
	if err != nil {
		return nil, err
	}
	grant.Dataset, grant.Tenant, grant.Principal = s.dataset.ID, s.dataset.Tenant, s.principal
	before := grant.Permissions
	if s.takes {
		grant.Permissions &^= s.Permissions
	} else {
		grant.Permissions |= s.Permissions
	}
	if grant.Permissions == before {
		return nil, nil
	}
	return nil, tx.PutGrant(grant)
}
