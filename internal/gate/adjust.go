package gate

import (
	"fmt"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// How many custom roles one member holds at most, and how many projects an
// access that is not to all names.
const (
	heldLimit    = 100
	projectLimit = 1000
)

// adjusted gives the target's membership as an adjustment leaves it, with its
// roles, and notes what is requested.
func (m *matter) adjusted(tx Reader, a tenancy.Adjustment) (tenancy.Membership, []tenancy.Role, error) {
	after := m.membership
	after.Level = leveled(m.membership, a)
	after.LevelBefore = levelBefore(m.membership, after.Level)
	if a.Level != nil || after.Level != m.membership.Level {
		after.LevelName = a.LevelName
	}
	set(&after.Developer, a.Developer)
	set(&after.Enabled, a.Enabled)
	set(&after.NotBefore, a.NotBefore)
	set(&after.ExpiresAt, a.ExpiresAt)
	begins, err := period(after.NotBefore, after.ExpiresAt, m.in.Now)
	if err != nil {
		return after, nil, err
	}
	after.NotBefore = begins
	if err := m.gatherProjects(tx, &after, a); err != nil {
		return after, nil, err
	}
	held, err := m.gatherHeld(tx, &after, a)
	if err != nil {
		return after, nil, err
	}
	if after.Level != m.membership.Level || !slices.Equal(after.Roles, m.membership.Roles) {
		after.Epoch++
	}
	return after, held, nil
}

// set takes over what a change names.
func set[T any](field *T, named *T) {
	if named != nil {
		*field = *named
	}
}

// leveled gives the level that an adjustment leads to.
func leveled(before tenancy.Membership, a tenancy.Adjustment) tenancy.Level {
	level := before.Level
	if a.Administrator != nil && *a.Administrator != level.Administers() {
		switch {
		case *a.Administrator:
			level = tenancy.LevelAdmin
		case before.LevelBefore == tenancy.LevelNone:
			level = tenancy.LevelMember
		default:
			level = before.LevelBefore
		}
	}
	set(&level, a.Level)
	return level
}

// levelBefore gives what a later demotion returns to (contracts/levels.md).
func levelBefore(before tenancy.Membership, level tenancy.Level) tenancy.Level {
	switch {
	case !level.Administers():
		return tenancy.LevelNone
	case !before.Level.Administers():
		return before.Level
	default:
		return before.LevelBefore
	}
}

// gatherHeld reads the custom roles that the membership has after the change,
// and notes the whole membership that is requested. Handed out are those that
// it did not have before.
func (m *matter) gatherHeld(tx Reader, after *tenancy.Membership, a tenancy.Adjustment) ([]tenancy.Role, error) {
	before := m.membership.Roles
	wanted := slices.Clone(before)
	if a.Roles != nil {
		wanted = slices.Clone(*a.Roles)
	}
	for _, role := range a.AddRoles {
		if slices.Contains(before, role) {
			m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the member holds this role already"})
		}
		wanted = append(wanted, role)
	}
	for _, role := range a.DropRoles {
		_, known, err := m.roleHere(tx, role)
		if err != nil {
			return nil, err
		}
		if !known {
			m.find(tenancy.Find(tenancy.CodeRoleUnknown))
		}
		wanted = without(wanted, role)
	}
	if len(wanted) > heldLimit {
		return nil, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: fmt.Sprintf("a member holds at most %d roles", heldLimit)}
	}
	var held, given []tenancy.Role
	after.Roles = nil
	for _, id := range tenancy.SortIDs(wanted) {
		role, known, err := m.roleHere(tx, id)
		if err != nil {
			return nil, err
		}
		if !known {
			m.find(tenancy.Find(tenancy.CodeRoleUnknown))
			continue
		}
		held, after.Roles = append(held, role), append(after.Roles, id)
		if !slices.Contains(before, id) {
			given = append(given, role)
		}
	}
	m.in.Requested = RequestedFacts{
		Level: after.Level, Roles: roleFacts(held), Actions: actionsOf(given), Enabled: after.Enabled, Developer: after.Developer,
		Expires: !after.NotBefore.IsZero() || !after.ExpiresAt.IsZero(),
	}
	return held, nil
}

// roleHere finds a custom role of the tenant that the matter is about.
func (m *matter) roleHere(tx Reader, id tenancy.RoleID) (tenancy.Role, bool, error) {
	role, known, err := tx.Role(id)
	return role, known && role.Tenant == m.tenant.ID, err
}

// gatherByRole makes the tenant of a role the one that the matter is about: the
// caller names no other. A role that is not there leads to none.
func (m *matter) gatherByRole(tx Reader, roles []tenancy.RoleID, target tenancy.UserID) error {
	if len(roles) == 0 {
		return &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "a tenant, or a role of it, has to be named"}
	}
	role, known, err := tx.Role(roles[0])
	if err != nil {
		return err
	}
	if !known {
		m.find(tenancy.Find(tenancy.CodeRoleUnknown))
		return nil
	}
	if err := m.gatherTenant(tx, tenancy.RefTo(role.Tenant)); err != nil {
		return err
	}
	return m.gatherTarget(tx, target)
}

// gatherProjects sets which projects the membership gives access to after the
// change. Each that is named has to be one of the tenant's.
func (m *matter) gatherProjects(tx Reader, after *tenancy.Membership, a tenancy.Adjustment) error {
	before := m.membership.Projects
	access := tenancy.ProjectAccess{Only: before.Only, IDs: slices.Clone(before.IDs)}
	if a.Projects != nil {
		access = tenancy.ProjectAccess{Only: a.Projects.Only, IDs: slices.Clone(a.Projects.IDs)}
	}
	if len(a.DropProjects) > 0 && !access.Only {
		all, err := m.projectsHere(tx)
		if err != nil {
			return err
		}
		access = tenancy.ProjectAccess{Only: true, IDs: all}
	}
	if access.Only {
		access.IDs = append(access.IDs, a.AddProjects...)
	}
	for _, id := range slices.Concat(access.IDs, a.AddProjects, a.DropProjects) {
		project, known, err := tx.Project(id)
		if err != nil {
			return err
		}
		if !known || project.Tenant != m.tenant.ID {
			m.find(tenancy.Find(tenancy.CodeProjectUnknown))
			return nil
		}
	}
	for _, id := range a.DropProjects {
		access.IDs = without(access.IDs, id)
	}
	access.IDs = tenancy.SortIDs(access.IDs)
	if len(access.IDs) > projectLimit {
		return &tenancy.Error{Code: tenancy.CodeInvalid, Msg: fmt.Sprintf("an access that is not to all projects names at most %d", projectLimit)}
	}
	after.Projects = access
	return nil
}

// projectsHere lists the projects of the tenant, up to one more than an access
// can name.
func (m *matter) projectsHere(tx Reader) ([]tenancy.ProjectID, error) {
	projects, err := tx.Projects(m.tenant.ID, tenancy.ProjectID{}, projectLimit+1)
	ids := make([]tenancy.ProjectID, len(projects))
	for i, project := range projects {
		ids[i] = project.ID
	}
	return ids, err
}

// viewOf shows a membership of the target's account.
func (m *matter) viewOf(tx Reader, member tenancy.Membership, held []tenancy.Role) (tenancy.Member, error) {
	view := tenancy.Member{
		Membership: member, Email: m.account.Email, GivenName: m.account.GivenName, Surname: m.account.Surname,
		Kind: m.account.Kind, Held: held, Organization: m.tenant.Organization,
	}
	var err error
	switch {
	case member.InvitedBy.IsZero():
	case member.InvitedBy == m.self.ID:
		view.Inviter = m.self.Email
	default:
		view.Inviter, err = emailOf(tx, member.InvitedBy)
	}
	return view, err
}

// emailOf gives an account's address; none when it is gone.
func emailOf(tx Reader, id tenancy.UserID) (string, error) {
	user, _, err := tx.User(id)
	return user.Email, err
}
