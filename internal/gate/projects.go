package gate

import "github.com/memberward/memberward/internal/tenancy"

type createProject struct{ tenancy.CreateProject }

func (createProject) action(tenancy.Actor) tenancy.Action { return tenancy.ActionProjectCreate }

func (s createProject) about() (tenancy.TenantRef, tenancy.UserID) {
	return s.Tenant, tenancy.UserID{}
}

func (createProject) before(*matter) any { return nil }

func (s createProject) gather(_ Reader, m *matter) error {
	m.aboutRecord("project", s.ID.String())
	return nil
}

func (createProject) hold(*matter) []tenancy.Finding { return nil }

func (s createProject) perform(tx Tx, m *matter) (any, error) {
	others, err := tx.Projects(m.tenant.ID, tenancy.ProjectID{}, 1)
	if err != nil {
		return nil, err
	}
	project := tenancy.Project{
		ID: s.ID, Tenant: m.tenant.ID, Name: s.Name, Default: len(others) == 0, CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	return project, tx.PutProject(project)
}

// ofProject is what changes to a project that is there share. A project leads
// to its tenant; one that is not there is as unknown as one of a tenant that
// the actor is a stranger to.
type ofProject struct {
	id      tenancy.ProjectID
	tenant  tenancy.TenantRef // that the project has to be of; zero: any
	project tenancy.Project   // set by gather
}

func (s *ofProject) about() (tenancy.TenantRef, tenancy.UserID) { return s.tenant, tenancy.UserID{} }

func (s *ofProject) before(*matter) any {
	if s.project.ID.IsZero() {
		return nil
	}
	return s.project
}

func (s *ofProject) gather(tx Reader, m *matter) (err error) {
	if s.tenant.IsZero() {
		s.project, err = m.gatherByProject(tx, s.id)
		return err
	}
	m.aboutRecord("project", s.id.String())
	project, known, err := tx.Project(s.id)
	if !known || project.Tenant != m.tenant.ID {
		m.find(tenancy.Find(tenancy.CodeProjectUnknown))
		return err
	}
	s.project = project
	return err
}

func (*ofProject) hold(*matter) []tenancy.Finding { return nil }

// gatherByProject makes the tenant of a project the one that the matter is
// about.
func (m *matter) gatherByProject(tx Reader, id tenancy.ProjectID) (tenancy.Project, error) {
	project, known, err := tx.Project(id)
	if err != nil {
		return project, err
	}
	m.aboutRecord("project", id.String())
	if !known {
		m.find(tenancy.Find(tenancy.CodeTenantUnknown))
		m.findStranger()
		return tenancy.Project{}, nil
	}
	return project, m.gatherTenant(tx, tenancy.RefTo(project.Tenant))
}

type updateProject struct {
	ofProject
	tenancy.UpdateProject
}

func (*updateProject) action(tenancy.Actor) tenancy.Action { return tenancy.ActionProjectUpdate }

func (s *updateProject) perform(tx Tx, m *matter) (any, error) {
	after := s.project
	set(&after.Name, s.Name)
	after.UpdatedAt = m.in.Now
	return after, tx.PutProject(after)
}

type deleteProject struct{ ofProject }

func (*deleteProject) action(tenancy.Actor) tenancy.Action { return tenancy.ActionProjectDelete }

func (s *deleteProject) perform(tx Tx, m *matter) (any, error) {
	return nil, endProject(tx, s.project, m)
}

// endProject deletes a project with everybody's access to it.
func endProject(tx Tx, project tenancy.Project, m *matter) error {
	err := each(func() ([]tenancy.UserID, error) {
		return tx.Workers(project.ID, tenancy.UserID{}, cascadeChunk)
	}, func(user tenancy.UserID) error {
		member, _, err := tx.Membership(project.Tenant, user)
		if err != nil {
			return err
		}
		member.Projects.IDs, member.UpdatedAt = without(member.Projects.IDs, project.ID), m.in.Now
		return tx.PutMembership(member)
	})
	if err != nil {
		return err
	}
	return tx.DeleteProject(project.ID)
}
