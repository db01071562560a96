package llamacloud

import (
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// systemRole is a role that every organization has.
type systemRole struct {
	name  string
	level tenancy.Level
}

// systemRoles: contracts/levels.md. Of two names for a level, the first is the
// one that it goes by.
var systemRoles = []systemRole{
	{"Admin", tenancy.LevelAdmin},
	{"Member", tenancy.LevelMember},
	{"ViewerV2", tenancy.LevelViewer},
	{"Viewer", tenancy.LevelViewer},
}

// systemRoleOf gives the system role that a membership's level goes by.
func systemRoleOf(m tenancy.Membership) systemRole {
	level := m.Level
	if level == tenancy.LevelOwner {
		level = tenancy.LevelAdmin
	}
	if named := (systemRole{m.LevelName, level}); slices.Contains(systemRoles, named) {
		return named
	}
	return systemRoles[slices.IndexFunc(systemRoles, func(r systemRole) bool { return r.level == level })]
}

// systemRoleID names a system role of an organization. It is made of both and
// stored nowhere, so it never changes.
func systemRoleID(org tenancy.TenantID, name string) tenancy.RoleID {
	return tenancy.RoleID(uuid.NewSHA1(uuid.UUID(org), []byte("llamacloud/role/"+name)))
}

// role is a role as it is shown.
type role struct {
	ID             string       `json:"id"`
	CreatedAt      *time.Time   `json:"created_at"`
	UpdatedAt      *time.Time   `json:"updated_at"`
	Name           string       `json:"name"`
	OrganizationID string       `json:"organization_id"`
	Permissions    []permission `json:"permissions"`
}

// permission is an action that a role gives.
type permission struct {
	ID          string     `json:"id"`
	CreatedAt   *time.Time `json:"created_at"`
	UpdatedAt   *time.Time `json:"updated_at"`
	Name        string     `json:"name"`
	Description *string    `json:"description"`
	Access      bool       `json:"access"`
}

// shownRole shows a role of which an organization's actions are known.
func shownRole(r tenancy.Role) role {
	shown := role{
		ID: r.ID.String(), CreatedAt: instant(r.CreatedAt), UpdatedAt: instant(r.UpdatedAt), Name: r.Name, OrganizationID: r.Tenant.String(),
		Permissions: []permission{},
	}
	for _, action := range r.Actions {
		id := uuid.NewSHA1(uuid.UUID(r.ID), []byte(action)).String()
		shown.Permissions = append(shown.Permissions, permission{
			ID: id, CreatedAt: shown.CreatedAt, UpdatedAt: shown.UpdatedAt, Name: string(action), Access: true,
		})
	}
	return shown
}

// roleBook knows the roles of one organization while one request lasts.
type roleBook struct {
	organization tenancy.TenantID
	levelActions func(tenancy.Level) []tenancy.Action
	shown        map[string]shownSystemRole // by name
}

// shownSystemRole is a system role with its JSON.
type shownSystemRole struct {
	id   tenancy.RoleID
	text jsontext.Value
}

func (d *dialect) rolesOf(org tenancy.TenantID) *roleBook {
	return &roleBook{organization: org, levelActions: d.levelActions, shown: map[string]shownSystemRole{}}
}

// system gives a system role.
func (b *roleBook) system(r systemRole) tenancy.Role {
	return tenancy.Role{ID: systemRoleID(b.organization, r.name), Tenant: b.organization, Name: r.name, Actions: b.levelActions(r.level)}
}

// held gives the one role that is shown of a member: a custom role, where
// there is one, or else that of the level.
func (b *roleBook) held(m tenancy.Member) (tenancy.RoleID, jsontext.Value) {
	if len(m.Held) > 0 {
		return m.Held[0].ID, encoded(m.Held[0])
	}
	system := systemRoleOf(m.Membership)
	shown, known := b.shown[system.name]
	if !known {
		role := b.system(system)
		shown = shownSystemRole{role.ID, encoded(role)}
		b.shown[system.name] = shown
	}
	return shown.id, shown.text
}

// encoded gives the JSON of a role. A role that cannot be encoded is a mistake
// of ours, as in [api.WriteJSON].
func encoded(r tenancy.Role) jsontext.Value {
	text, err := json.Marshal(shownRole(r), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("llamacloud: encode a role: " + err.Error())
	}
	return text
}

// systemRole finds the system role with an id.
func (b *roleBook) systemRole(id tenancy.RoleID) (systemRole, bool) {
	i := slices.IndexFunc(systemRoles, func(r systemRole) bool { return systemRoleID(b.organization, r.name) == id })
	if i < 0 {
		return systemRole{}, false
	}
	return systemRoles[i], true
}

// setting says what giving somebody a role means: it takes the place of the
// role that was shown of them. A system role sets the level; a custom one is
// held beside the level. The owner goes by Admin, and stays the owner with it.
func (b *roleBook) setting(id tenancy.RoleID) tenancy.Adjustment {
	system, is := b.systemRole(id)
	switch {
	case !is:
		return tenancy.Adjustment{Roles: &[]tenancy.RoleID{id}}
	case system.level == tenancy.LevelAdmin:
		administers := true
		return tenancy.Adjustment{Administrator: &administers, LevelName: system.name, Roles: &[]tenancy.RoleID{}}
	default:
		return tenancy.Adjustment{Level: &system.level, LevelName: system.name, Roles: &[]tenancy.RoleID{}}
	}
}

// roles serves GET /api/v1/organizations/{organization_id}/roles.
func (d *dialect) roles(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := input.organization()
	if err := input.check(); err != nil {
		return err
	}
	book := d.rolesOf(org)
	var system []any
	for _, r := range systemRoles {
		system = append(system, shownRole(book.system(r)))
	}
	return api.List[tenancy.RoleView]{
		Gate: d.gate, Options: options, Before: system,
		Page: func(last tenancy.RoleView) tenancy.Query {
			return tenancy.ListRoles{Tenant: tenancy.RefTo(org), After: last.ID, Limit: api.PageSize}
		},
		Show: func(r tenancy.RoleView) any { return shownRole(r.Role) },
	}.Write(c, actor)
}

// assignment is the body that assigns a role.
type assignment struct {
	UserID         *string `json:"user_id"`
	OrganizationID *string `json:"organization_id"`
	RoleID         *string `json:"role_id"`
}

// assignRole serves PUT /api/v1/organizations/{organization_id}/users/roles.
func (d *dialect) assignRole(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := input.organization()
	who, role := input.assignment(org)
	if err := input.check(); err != nil {
		return err
	}
	book := d.rolesOf(org)
	var after tenancy.Member
	err := concerning(actor, org, who, func(who person) (err error) {
		change := tenancy.UpdateMember{Tenant: tenancy.RefTo(org), User: who.user, Email: who.email, Adjustment: book.setting(role)}
		after, err = apply[tenancy.Member](d, c, actor, change)
		return err
	})
	if err != nil {
		return err
	}
	return ok(c, userOrganizationRoleOf(after, book))
}

// assignment reads who is given which role in the organization of the path.
func (f *form) assignment(org tenancy.TenantID) (person, tenancy.RoleID) {
	var given assignment
	var who person
	var role tenancy.RoleID
	if !f.json(&given, false) {
		return who, role
	}
	if given.UserID == nil {
		f.missing("body", "user_id")
	} else {
		who.user = idOf(f, tenancy.ParseUserID, *given.UserID, "body", "user_id")
	}
	if given.OrganizationID == nil {
		f.missing("body", "organization_id")
	} else if id := idOf(f, tenancy.ParseTenantID, *given.OrganizationID, "body", "organization_id"); !id.IsZero() && id != org {
		f.value(errors.New("the path names another organization"), "body", "organization_id")
	}
	if given.RoleID == nil {
		f.missing("body", "role_id")
	} else {
		role = idOf(f, tenancy.ParseRoleID, *given.RoleID, "body", "role_id")
	}
	return who, role
}

// ownRole serves GET /api/v1/organizations/{organization_id}/users/roles: the
// caller's own role, or null where they are no member or do not work in the
// project that is asked about.
func (d *dialect) ownRole(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := input.organization()
	project := inQuery(&input, tenancy.ParseProjectID, input.query("project_id"), "project_id")
	if err := input.check(); err != nil {
		return err
	}
	if !project.IsZero() {
		if err := d.projectIn(c, actor, org, project); err != nil {
			return err
		}
	}
	member, err := d.ownMembership(c, actor, org)
	switch {
	case err != nil:
		return err
	case member.User.IsZero() || !worksIn(member.Projects, project):
		return ok(c, nil)
	}
	return ok(c, userOrganizationRoleOf(member, d.rolesOf(org)))
}

// ownMembership reads the caller's membership; the zero one for who may see
// the organization without being a member.
func (d *dialect) ownMembership(c *gin.Context, actor tenancy.Actor, org tenancy.TenantID) (tenancy.Member, error) {
	if actor.User.IsZero() {
		_, err := read[tenancy.Tenant](d, c, actor, tenancy.GetTenant{Tenant: tenancy.RefTo(org)})
		return tenancy.Member{}, err
	}
	member, err := read[tenancy.Member](d, c, actor, tenancy.GetMember{Tenant: tenancy.RefTo(org), User: actor.User})
	if isAbout(err, tenancy.CodeTargetNotMember) {
		return tenancy.Member{}, nil
	}
	return member, err
}

// worksIn reports whether somebody works in a project; everybody does in none.
func worksIn(access tenancy.ProjectAccess, project tenancy.ProjectID) bool {
	return project.IsZero() || !access.Only || slices.Contains(access.IDs, project)
}
